"""Who saw what of the family's, by day, and the same as a file."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from audit import record
from insurance.desk.exports import cell
from scope import permission
from web.query import whole_number

from . import access
from .pages import handed_in


@permission("patient")
@never_cache
@require_safe
def access_log(request: Any, pk: int) -> HttpResponse:
    """Who saw what, by day; ?all=1: also what the family and the platform did; ?org=: one organisation's; ?print=1:
    all pages as one."""
    application = handed_in(request, pk)
    chosen, page = request.GET.get("org", ""), request.GET.get("page", "")
    printing = request.GET.get("print") == "1"
    everything = request.GET.get("all") == "1"
    found = access.overview(
        application,
        everything=everything,
        organisation=whole_number(chosen),
        page=None if printing else whole_number(page, digits=8) or 1,
    )

    def url(**changed: str | None) -> str:
        query = request.GET.copy()
        for name, value in changed.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        return "?" + query.urlencode()

    context = {
        "application": application,
        "found": found,
        "everything": everything,
        "printing": printing,
        "filtered": any(current for _id, _name, current in found.organisations),
        "toggle": url(all=None if everything else "1", page=None),
        "print_url": url(print="1", page=None),
        "screen_url": url(print=None),
        "newer": url(page=str(found.page - 1)) if found.page > 1 else "",
        "older": url(page=str(found.page + 1)) if found.page < found.pages else "",
        "back_url": reverse("applications:status", args=[pk]),
    }
    return render(request, "applications/access.html", context)


@permission("patient")
@never_cache
@require_safe
def access_file(request: Any, pk: int) -> HttpResponse:
    """Every single entry as CSV: who, when, what, why, and the number by which the organisation finds it."""
    application = handed_in(request, pk)
    record("application.access_downloaded", f"application:{application.pk}")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("时间"), _("谁"), _("做了什么"), _("看了哪些、为什么"), _("记录编号")])
    for entry in access.entries(application):
        at = timezone.localtime(entry.at).strftime("%Y-%m-%d %H:%M:%S")
        writer.writerow([at, cell(entry.who), cell(entry.what), cell(entry.why), entry.number])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="jieli-access.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response

"""The queue's pages: list, search, bulk steps (assign, remind, print; never a decision), export of the page."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from audit import record
from charity.applications.models import ReviewRequest
from charity.awards import casework, recoveries
from charity.awards.rules import AwardError
from insurance.desk.exports import cell
from scope import permission
from web.query import whole_number

from . import queue

CASE_ROLES = ("case_worker", "approver", "payer", "fund_manager")


def _seen(request: Any, rows: list[queue.Row], action: str = "queue.viewed") -> None:
    """In the trail of every case whose patient stands on the page; a withdrawn one is a number here."""
    record(
        action,
        f"organisation:{request.actor.org_id}",
        also=[f"case:{row.case.pk}" for row in rows if row.person is not None],
        payload={"cases": len(rows)},
    )


def _page(request: Any, wanted: queue.Wanted) -> Any:
    rows = queue.select(request.actor, wanted).select_related("fund", "assignee")
    return Paginator(rows, wanted.size).get_page(request.GET.get("page"))


def _title(wanted: queue.Wanted, count: int) -> str:
    label = str(dict(queue.TABS)[wanted.tab])
    if wanted.number:
        label = _("找到")
    return _("%(label)s %(count)d 件") % {"label": label, "count": count}


def _queue(request: Any, wanted: queue.Wanted, page: Any, rows: list[queue.Row], **more: Any) -> HttpResponse:
    """The queue's page, of a list or of what a search found; more: what only one of them shows."""
    context = {
        "tabs": queue.tabs(request.actor, wanted, reverse("portal:queue")),
        "filters": queue.filters(request.actor, wanted),
        "wanted": wanted,
        "query": wanted.query(),
        "page": page,
        "rows": rows,
        "colleagues": queue.colleagues_of(request.actor),
    }
    return render(request, "portal/queue.html", context | more)


@permission(staff=CASE_ROLES, org=["charity"])
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return redirect("portal:queue")


@permission(staff=CASE_ROLES, org=["charity"])
@require_GET
def show(request: Any) -> HttpResponse:
    actor = request.actor
    wanted = queue.read(request.GET, actor)
    page = _page(request, wanted)
    rows = queue.rows_of(list(page.object_list))
    _seen(request, rows)
    amount, late = queue.totals(queue.select(actor, wanted))
    return _queue(
        request,
        wanted,
        page,
        rows,
        title=_title(wanted, page.paginator.count),
        searched=False,
        amount=amount,
        late=late,
        to_get_back=recoveries.concerning(actor).filter(state="open").count(),
        to_delete=queue.ended_consents(actor).filter(deletion_acknowledged_at=None).count(),
        reviews=list(
            ReviewRequest.objects.filter(organisation_id=actor.org_id, answered_at=None)
            .order_by("id")
            .values_list("case_id", flat=True)[:100]
        ),
    )


@permission(staff=CASE_ROLES, org=["charity"])
@require_POST
def search(request: Any) -> HttpResponse:
    """By number (then the address may carry it), exact name or phone tail (then it may not)."""
    text = request.POST.get("q", "")[:60]
    if queue.looks_like_number(text):
        return redirect(
            f"{reverse('portal:queue')}?{queue.Wanted(tab='all', number=text.strip().upper()[:24]).query()}"
        )
    actor = request.actor
    wanted = queue.Wanted(tab="all", size=100)
    cases = list(queue.search(actor, text).select_related("fund", "assignee")[:100])
    rows = queue.rows_of(cases)
    _seen(request, rows, "queue.searched")
    page = Paginator(cases, 100).get_page(1)
    title = _("找到 %(count)d 件") % {"count": len(rows)}
    return _queue(request, wanted, page, rows, title=title, searched=True)


@permission(staff=CASE_ROLES, org=["charity"])
@require_POST
def bulk(request: Any) -> HttpResponse:
    """Assign, remind or print what was ticked. Approving and refusing happen case by case."""
    found = map(whole_number, request.POST.getlist("case"))
    ids = [number for number in found if number is not None][:100]
    back = HttpResponseRedirect(
        f"{reverse('portal:queue')}?{queue.read(request.POST, request.actor).query()}"
    )
    if not ids:
        messages.warning(request, _("还没有勾选案件。"))
        return back
    step = request.POST.get("do", "")
    if step == "print":
        return _print(request, ids)
    try:
        if step == "assign":
            done = casework.assign(request.actor, ids, whole_number(request.POST.get("to", "")))
            text = ngettext("转给同事 %(n)d 件。", "转给同事 %(n)d 件。", done.done) % {"n": done.done}
        elif step == "remind":
            done = casework.remind(request.actor, ids)
            text = _("已催 %(n)d 家补材料。") % {"n": done.done}
        else:
            messages.warning(request, _("请选要做什么。"))
            return back
    except AwardError as error:
        messages.error(request, str(error))
        return back
    if done.skipped:
        text += _("另有 %(n)d 件不用动（没有缺的材料、刚催过，或已办结）。") % {"n": done.skipped}
    messages.success(request, text)
    return back


def _print(request: Any, ids: list[int]) -> HttpResponse:
    cases = list(
        queue.cases_of(request.actor).filter(pk__in=ids).select_related("fund", "assignee").order_by("number")
    )
    rows = queue.rows_of(cases)
    _seen(request, rows, "queue.printed")
    return render(
        request, "portal/print.html", {"rows": rows, "sum": sum((row.case.shown_amount for row in rows), 0)}
    )


@permission(staff=CASE_ROLES, org=["charity"])
@require_GET
def export(request: Any) -> HttpResponse:
    """The page as CSV, without any name: numbers, amounts, states."""
    wanted = queue.read(request.GET, request.actor)
    page = _page(request, wanted)
    rows = queue.rows_of(list(page.object_list))
    _seen(request, rows, "queue.exported")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("案号"),
            _("基金"),
            _("状态"),
            _("建议资助（元）"),
            _("还没着落（元）"),
            _("符合"),
            _("不符"),
            _("待核实"),
            _("答复期限"),
        ]
    )
    for row in rows:
        case = row.case
        writer.writerow(
            [
                case.number,
                cell(case.fund.name),
                case.get_state_display(),
                case.shown_amount,
                "" if row.open is None else row.open,
                case.met,
                case.failed,
                case.unknown,
                case.due_on or "",
            ]
        )
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="jieli-queue.csv"'
    return response

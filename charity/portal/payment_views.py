"""The payer's list and the list of withdrawn consents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit import record
from charity.applications.models import DocumentRequest
from charity.awards.models import Award, Case
from consent import services as consents
from scope import permission

from . import queue
from .people import people_of
from .queue_views import CASE_ROLES
from .recovery_views import money_tabs


@permission(staff=["payer", "approver", "fund_manager"], org=["charity"])
@require_GET
def payments(request: Any) -> HttpResponse:
    """Approved and unpaid, oldest first; then what was paid."""
    actor = request.actor
    done = request.GET.get("tab") == "paid"
    states = ["paid", "returned"] if done else ["approved"]
    rows = (
        Award.objects.filter(organisation_id=actor.org_id, state__in=states)
        .select_related("case", "fund", "proposed_by", "approved_by", "paid_by")
        .order_by("-paid_at" if done else "approved_at", "id")
    )
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    people = people_of({award.case.application_id for award in shown})
    ends = queue.ended([award.case for award in shown])
    asked = set(
        DocumentRequest.objects.filter(
            case_id__in=[award.case_id for award in shown], closed_at=None
        ).values_list("case_id", flat=True)
    )
    record(
        "payments.viewed",
        f"organisation:{actor.org_id}",
        also=[f"case:{award.case_id}" for award in shown if award.case.application_id in people],
        payload={"awards": len(shown)},
    )
    waiting = Award.objects.filter(organisation_id=actor.org_id, state="approved")
    return render(
        request,
        "portal/payments.html",
        {
            "page": page,
            "done": done,
            "rows": [
                {
                    "award": award,
                    "person": None if award.case_id in ends else people.get(award.case.application_id),
                    "ended": ends.get(award.case_id, ""),
                    "missing": award.case_id in asked,
                    "own": actor.user_id in {award.proposed_by_id, award.approved_by_id},
                }
                for award in shown
            ],
            "count": waiting.count(),
            "sum": waiting.aggregate(sum=Sum("amount"))["sum"] or Decimal("0.00"),
            "payer": "payer" in actor.roles,
            "tabs": money_tabs(actor, "paid" if done else "due"),
        },
    )


@permission(staff=CASE_ROLES, org=["charity"])
@require_GET
def withdrawn(request: Any) -> HttpResponse:
    """Consents that patients took back or that ran out: what has to be deleted and who confirmed it. Numbers only."""
    rows = queue.ended_consents(request.actor)
    newest = Coalesce("withdrawn_at", "valid_until").desc()
    page = Paginator(
        rows.order_by(F("deletion_acknowledged_at").desc(nulls_first=True), newest), 50
    ).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    cases = {
        case.consent_id: case
        for case in Case.objects.filter(consent_id__in=[row.pk for row in shown]).select_related("fund")
    }
    return render(
        request,
        "portal/withdrawn.html",
        {
            "page": page,
            "rows": [{"consent": row, "case": cases.get(row.pk)} for row in shown],
            "open": rows.filter(deletion_acknowledged_at=None).count(),
        },
    )


@permission(staff=CASE_ROLES, org=["charity"])
@require_POST
def acknowledge(request: Any, consent_id: int) -> HttpResponse:
    row = queue.ended_consents(request.actor).filter(pk=consent_id).first()
    if row is None:
        raise Http404
    try:
        consents.acknowledge_deletion(request.actor, row)
    except consents.ConsentError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("已确认删除，患者能看到。"))
    return redirect("portal:withdrawn")

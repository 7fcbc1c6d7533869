"""Money to be got back: the list, and the list as a file. What is done about it stands on the case page."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from audit import record
from charity.awards import recoveries
from insurance.desk.exports import cell
from insurance.ledger.models import RecoveryCase
from scope import permission

from . import queue
from .people import people_of
from .queue_views import CASE_ROLES

TABS = (
    ("open", lazy("待追回")),
    ("waits", lazy("等人确认")),
    ("closed", lazy("已了结")),
    ("all", lazy("全部")),
)
FILTERS = {
    "open": Q(state="open"),
    "waits": Q(recoveries.waits_for_an_answer()),
    "closed": Q(state__in=["resolved", "written_off"]),
    "all": Q(),
}
STATES = {
    "open": ("wait", lazy("待追回")),
    "resolved": ("ok", lazy("已了结")),
    "written_off": ("plain", lazy("不再追回")),
}
CAUSES = {
    "correct": lazy("医保更正了结算单"),
    "external": lazy("别处后来也给了钱"),
    "merge": lazy("两个人的记录合并"),
    "unmerge": lazy("两个人的记录拆开"),
}


def _rows(actor: Any, tab: str) -> QuerySet[RecoveryCase]:
    return recoveries.concerning(actor).filter(FILTERS[tab])


def _badge(claim: recoveries.Claim) -> tuple[str, Any]:
    if claim.pending is not None:
        return "info", claim.pending.get_state_display()
    return STATES.get(claim.state, ("plain", claim.state))


def _cause(claim: recoveries.Claim) -> str:
    return str(_("付给了认错的人") if claim.wrong_person else CAUSES.get(claim.cause, claim.cause))


def open_count(actor: Any) -> int:
    """How many amounts are asked back now where the house has given."""
    return _rows(actor, "open").count()


def money_tabs(actor: Any, current: str) -> list[dict[str, Any]]:
    """The tabs that the payer's two lists share."""
    waiting = recoveries.own_awards(actor).filter(state="approved").count()
    return [
        {
            "label": _("待付款"),
            "url": reverse("portal:payments"),
            "count": waiting,
            "current": current == "due",
        },
        {
            "label": _("已付款"),
            "url": reverse("portal:payments") + "?tab=paid",
            "count": None,
            "current": current == "paid",
        },
        {
            "label": _("待追回"),
            "url": reverse("portal:recoveries"),
            "count": open_count(actor),
            "current": current == "back",
        },
    ]


@permission(staff=CASE_ROLES, org=["charity"])
@require_GET
def index(request: Any) -> HttpResponse:
    """What is to be got back, the oldest first, with what this house has paid of it."""
    actor = request.actor
    tab = request.GET.get("tab", "open")
    tab = tab if tab in FILTERS else "open"
    counts = recoveries.concerning(actor).aggregate(
        **{name: Count("pk", filter=FILTERS[name]) for name, _label in TABS},
        sum=Sum("amount", filter=FILTERS["open"]),
    )
    page = Paginator(_rows(actor, tab), 50).get_page(request.GET.get("page"))
    claims = recoveries.claims(actor, page.object_list)
    cases = [claim.award.case for claim in claims]
    people, ends = people_of({case.application_id for case in cases}), queue.ended(cases)
    record(
        "recoveries.viewed",
        f"organisation:{actor.org_id}",
        also=[f"case:{case.pk}" for case in cases if case.application_id in people and case.pk not in ends],
        payload={"recoveries": len(page.object_list)},
    )
    return render(
        request,
        "portal/recoveries.html",
        {
            "page": page,
            "tab": tab,
            "open": counts["open"],
            "sum": counts["sum"] or Decimal("0.00"),
            "waits": counts["waits"],
            "money_tabs": money_tabs(actor, "back"),
            "states": [
                {"label": label, "url": f"?tab={name}", "count": counts[name], "current": name == tab}
                for name, label in TABS
            ],
            "rows": [
                {
                    "claim": claim,
                    "case": claim.award.case,
                    "person": None
                    if claim.award.case_id in ends
                    else people.get(claim.award.case.application_id),
                    "ended": ends.get(claim.award.case_id, ""),
                    "cause": _cause(claim),
                    "badge": _badge(claim),
                }
                for claim in claims
            ],
        },
    )


@permission(staff=CASE_ROLES, org=["charity"])
@require_GET
def export(request: Any) -> HttpResponse:
    """The tab as CSV: numbers, amounts, days; no name, no words."""
    tab = request.GET.get("tab", "open")
    claims = recoveries.claims(request.actor, _rows(request.actor, tab if tab in FILTERS else "open")[:5000])
    cases = [claim.award.case for claim in claims]
    ends = queue.ended(cases)
    record(
        "recoveries.exported",
        f"organisation:{request.actor.org_id}",
        also=[f"case:{case.pk}" for case in cases if case.pk not in ends],
        payload={"recoveries": len(claims)},
    )
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("案号"),
            _("基金"),
            _("为什么"),
            _("要追回（元）"),
            _("本案已付（元）"),
            _("已退回（元）"),
            _("不再追回（元）"),
            _("开始"),
            _("天数"),
            _("进度"),
            _("结束"),
        ]
    )
    for claim in claims:
        writer.writerow(
            [
                claim.award.case.number,
                cell(claim.award.fund.name),
                _cause(claim),
                claim.asked,
                claim.award.amount if claim.award.paid_at else Decimal("0.00"),
                claim.award.returned,
                claim.written_off,
                timezone.localdate(claim.since),
                claim.days,
                str(_badge(claim)[1]),
                timezone.localdate(claim.until) if claim.until else "",
            ]
        )
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="jieli-recoveries.csv"'
    return response

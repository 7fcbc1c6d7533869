"""Funds: how much is left, until when, who qualifies; for the fund manager also pause, budget and a new rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from charity.awards.models import Award, Case, CaseEvent
from charity.funds import services
from charity.funds.models import Fund, RuleVersion
from insurance.ledger import services as ledger
from insurance.ledger.models import FundAccount
from scope import permission
from web import charts

from . import forms
from .queue import working_days
from .queue_views import CASE_ROLES

FUND_ROLES = ("case_worker", "approver", "payer", "fund_manager", "auditor", "administrator")
WEEKS = 8
ZERO = Decimal("0.00")


def fund_of(request: Any, fund_id: int) -> Fund:
    fund = (
        Fund.objects.select_related("manager")
        .filter(pk=fund_id, organisation_id=request.actor.org_id)
        .first()
    )
    if fund is None:
        raise Http404
    return fund


@permission(staff=FUND_ROLES, org=["charity"])
@require_GET
def index(request: Any) -> HttpResponse:
    funds = list(Fund.objects.filter(organisation_id=request.actor.org_id).order_by("name"))
    accounts = {
        row.fund_id: row for row in FundAccount.objects.filter(fund_id__in=[fund.pk for fund in funds])
    }
    queues = dict(
        Case.objects.filter(
            organisation_id=request.actor.org_id, state__in=["new", "waiting_family", "proposed"]
        )
        .values_list("fund_id")
        .annotate(count=Count("pk"))
    )
    rows = []
    for fund in funds:
        account = accounts.get(fund.pk)
        position = (
            ledger.Position(
                account.residual, account.reserved, account.committed, account.paid, account.excess
            )
            if account
            else ledger.NOTHING
        )
        rows.append(
            {
                "fund": fund,
                "position": position,
                "bar": charts.budget_bar(position.paid, position.committed, position.reserved, position.open),
                "queue": queues.get(fund.pk, 0),
            }
        )
    total = sum((row["position"].open for row in rows), ZERO)
    return render(request, "portal/funds.html", {"rows": rows, "total": total})


@permission(staff=FUND_ROLES, org=["charity"])
@require_GET
def show(request: Any, fund_id: int) -> HttpResponse:
    return page(request, fund_of(request, fund_id))


def page(request: Any, fund: Fund, *, bound: Any = None, faults: Any = (), status: int = 200) -> HttpResponse:
    position = ledger.fund_position(fund.pk)
    rules = list(RuleVersion.objects.filter(fund=fund).order_by("-version")[:20])
    today = timezone.localdate()
    current = next((row for row in rules if row.effective_from <= today), None)
    people = Award.objects.filter(fund=fund).aggregate(
        paid=Count("pk", filter=Q(state__in=["paid", "returned"])),
        committed=Count("pk", filter=Q(state="approved")),
        reserved=Count("pk", filter=Q(state="proposed")),
    )
    notes = [_("%(count)d 人") % {"count": people[key]} for key in ("paid", "committed", "reserved")]
    manager = "fund_manager" in request.actor.roles
    found = {
        "budget": forms.BudgetForm(auto_id="budget-%s", initial={"budget": position.residual}),
        "trial": forms.TrialForm(auto_id="trial-%s"),
    }
    if bound is not None:
        found[bound.step] = bound
    queue = Case.objects.filter(fund=fund).aggregate(
        proposed=Count("pk", filter=Q(state="proposed")),
        family=Count("pk", filter=Q(state="waiting_family")),
        new=Count("pk", filter=Q(state="new")),
        every=Count("pk"),
    )
    return render(
        request,
        "portal/fund.html",
        {
            "fund": fund,
            "position": position,
            "bar": charts.budget_bar(
                position.paid,
                position.committed,
                position.reserved,
                position.open,
                [*notes, _forecast(fund, position)],
            ),
            "now": timezone.now(),
            "current": current,
            "versions": rules,
            "sentences": (current.rule.get("fund", {}).get("summary") or []) if current else [],
            "brackets": _brackets(current.rule, fund) if current else [],
            "grant_clause": (current.rule.get("grant") or {}).get("clause", "") if current else "",
            "weeks": _weeks(fund),
            "queue": queue,
            "speed": _speed(fund),
            "manager": manager,
            "sees_cases": bool({*CASE_ROLES} & {*request.actor.roles}),
            "forms": found if manager else {},
            "faults": faults,
        },
        status=status,
    )


def _forecast(fund: Fund, position: ledger.Position) -> str:
    """Until when the rest lasts at the pace of the last eight weeks."""
    since = timezone.now() - timedelta(weeks=WEEKS)
    spent = (
        Award.objects.filter(fund=fund, approved_at__gte=since)
        .exclude(state="cancelled")
        .aggregate(sum=Sum("amount"))["sum"]
    )
    if not spent or position.open <= 0:
        return ""
    days = int(position.open / spent * WEEKS * 7)
    end = timezone.localdate() + timedelta(days=min(days, 3650))
    if end >= fund.period_end:
        return _("按近 8 周速度，够用到预算期末")
    return _("按近 8 周速度，约用到 %(year)d年%(month)d月%(day)d日") % {
        "year": end.year,
        "month": end.month,
        "day": end.day,
    }


def _share(row: dict[str, Any]) -> str:
    if row.get("amount"):
        return f"¥{Decimal(row['amount']):,.2f}"
    text = f"{(Decimal(row['percent']) * 100).normalize():f}%" if row.get("percent") else "—"
    return text + (_("，最多 ¥%(max)s") % {"max": f"{Decimal(row['max']):,.2f}"} if row.get("max") else "")


def _brackets(rule: dict[str, Any], fund: Fund) -> list[dict[str, Any]]:
    """The grant as a table: base, what it gives, and how many got that amount this year."""
    grant = rule.get("grant") or {}
    year = timezone.localdate().year
    counts = dict(
        Award.objects.filter(fund=fund, state__in=["approved", "paid"], approved_at__year=year)
        .values_list("amount")
        .annotate(count=Count("pk"))
    )
    rows = []
    if grant.get("kind") == "brackets":
        for one in grant.get("brackets", []):
            low, high = one.get("gt") or one.get("gte"), one.get("lte") or one.get("lt")
            words = []
            if low:
                words.append(
                    (_("高于 ¥%(amount)s") if one.get("gt") else _("¥%(amount)s 起"))
                    % {"amount": f"{Decimal(low):,.2f}"}
                )
            if high:
                words.append(
                    (_("到 ¥%(amount)s") if one.get("lte") else _("不到 ¥%(amount)s"))
                    % {"amount": f"{Decimal(high):,.2f}"}
                )
            rows.append({"base": "，".join(words), "gives": _share(one), "amount": one.get("amount")})
    elif grant.get("kind") == "cases":
        rows = [
            {"base": one.get("label", ""), "gives": _share(one), "amount": one.get("amount")}
            for one in grant.get("cases", [])
        ]
    else:
        rows = [{"base": grant.get("text", ""), "gives": _share(grant), "amount": grant.get("amount")}]
    for row in rows:
        row["count"] = counts.get(Decimal(row["amount"]), 0) if row["amount"] else None
    return rows


def _weeks(fund: Fund) -> list[charts.Week]:
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    starts = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    first = timezone.make_aware(datetime.combine(starts[0], datetime.min.time()))
    opened = Case.objects.filter(fund=fund, opened_at__gte=first).values_list("opened_at", flat=True)
    closed = CaseEvent.objects.filter(
        case__fund=fund, kind__in=["approved", "refused"], created_at__gte=first
    ).values_list("created_at", flat=True)

    def week(moment: datetime) -> int:
        return (timezone.localdate(moment) - starts[0]).days // 7

    received, done = [0] * WEEKS, [0] * WEEKS
    for moment in opened:
        received[min(week(moment), WEEKS - 1)] += 1
    for moment in closed:
        done[min(week(moment), WEEKS - 1)] += 1
    return [
        charts.Week(start.strftime("%m-%d"), received[index], done[index])
        for index, start in enumerate(starts)
    ]


def _speed(fund: Fund) -> str:
    since = timezone.now() - timedelta(weeks=WEEKS)
    rows = CaseEvent.objects.filter(
        case__fund=fund, kind__in=["approved", "refused"], created_at__gte=since
    ).values_list("case__opened_at", "created_at")[:2000]
    days = [working_days(timezone.localdate(opened), timezone.localdate(closed)) for opened, closed in rows]
    if not days:
        return _("近 8 周没有办结的")
    return _("中位 %(median)d 个工作日，最长 %(most)d 个（承诺 %(promise)d 个）") % {
        "median": int(median(days)),
        "most": max(days),
        "promise": fund.decision_days,
    }


@permission(staff=["fund_manager"], org=["charity"])
@require_POST
def step(request: Any, fund_id: int, name: str) -> HttpResponse:
    """pause, resume or budget."""
    fund = fund_of(request, fund_id)
    actor = request.actor
    bound: Any = None
    try:
        if name == "pause":
            services.pause(actor, fund.pk)
            text = _("已暂停受理；在办的案件照常办。")
        elif name == "resume":
            services.resume(actor, fund.pk)
            text = _("已恢复受理。")
        elif name == "budget":
            bound = forms.BudgetForm(request.POST, auto_id="budget-%s")
            if not bound.is_valid():
                return page(request, fund, bound=bound, status=422)
            services.change_budget(actor, fund.pk, **bound.cleaned_data)
            text = _("预算已改。")
        else:
            raise Http404
    except services.FundError as error:
        return page(request, fund, bound=bound, faults=error.faults, status=422)
    messages.success(request, text)
    return redirect("portal:fund", fund.pk)


def rule_text(form: forms.TrialForm) -> str:
    upload = form.cleaned_data.get("file")
    if upload is None:
        return form.cleaned_data["text"]
    if upload.size > services.MAX_RULE_BYTES:
        raise services.FundError(_("规则文件太大，最多 200 KB。"))
    try:
        return upload.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise services.FundError(_("文件要用 UTF-8 编码。")) from error

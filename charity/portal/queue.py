"""The queue: tabs with counts, filters, order. Works on case rows alone; only the rows shown are decrypted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import Membership
from charity.applications.models import DocumentRequest
from charity.awards.models import Award, Case, CaseEvent
from charity.awards.rules import OPEN_CASES
from charity.funds.models import Fund
from consent.models import Consent
from insurance.ledger.models import NeedAccount
from scope import Actor
from vault.index import blind
from web.query import whole_number

from .people import Person, people_of

SIZES = (20, 50, 100)
SORTS = {
    "waiting": (lazy("最早到期在前"), ("due_on", "id")),
    "amount": (lazy("金额大的在前"), ("-shown_amount", "id")),
    "number": (lazy("案号"), ("number",)),
}
VERDICTS = {"eligible": lazy("都符合"), "undetermined": lazy("有待核实"), "ineligible": lazy("有不符合")}
AMOUNTS = {
    "0-10000": lazy("1 万元以下"),
    "10000-50000": lazy("1 万至 5 万元"),
    "50000-": lazy("5 万元以上"),
}
FLAGS = {
    "missing": lazy("等补材料"),
    "identity": lazy("身份待核对"),
    "bounded": lazy("受余额限制"),
    "unassigned": lazy("还没人经办"),
}
# still to be decided: once approved, the answer has been given and its date no longer runs
WAITING = ("new", "waiting_family", "proposed")
TABS = (
    ("worker", lazy("待经办")),
    ("approval", lazy("待我审批")),
    ("payment", lazy("待付款")),
    ("late", lazy("已超期")),
    ("family", lazy("等家属补材料")),
    ("identity", lazy("等身份核对")),
    ("mine", lazy("我经办的")),
    ("sent_back", lazy("我退回的")),
    ("all", lazy("本机构全部")),
)


def late_filter() -> Q:
    """Cases not decided by their date, wherever the word late stands."""
    return Q(state__in=WAITING, due_on__lt=timezone.localdate())


def tab_filter(tab: str, actor: Actor) -> Q:
    sent_back = Exists(CaseEvent.objects.filter(case=OuterRef("pk"), kind="sent_back", user_id=actor.user_id))
    mine = Exists(Award.objects.filter(case=OuterRef("pk"), state="proposed", proposed_by_id=actor.user_id))
    filters: dict[str, Q] = {
        "worker": Q(state="new"),
        "approval": Q(state="proposed") & ~Q(mine),
        "payment": Q(state="approved"),
        "late": late_filter(),
        "family": Q(state="waiting_family"),
        "identity": OPEN_CASES & Q(person_id=None),
        "mine": OPEN_CASES & Q(assignee_id=actor.user_id),
        "sent_back": Q(state__in=["new", "waiting_family"]) & Q(sent_back),
        "all": Q(),
    }
    return filters.get(tab, Q())


def default_tab(actor: Actor) -> str:
    if "approver" in actor.roles:
        return "approval"
    if "case_worker" in actor.roles:
        return "worker"
    return "payment" if "payer" in actor.roles else "all"


def cases_of(actor: Actor) -> QuerySet[Any]:
    """The organisation's cases with what tabs and order need."""
    award = Award.objects.filter(case=OuterRef("pk"), state__in=["proposed", "approved", "paid", "returned"])
    return (
        Case.objects.filter(organisation_id=actor.org_id or 0)
        .alias(
            mine=Exists(
                Award.objects.filter(case=OuterRef("pk"), state="proposed", proposed_by_id=actor.user_id)
            ),
            sent_back=Exists(
                CaseEvent.objects.filter(case=OuterRef("pk"), kind="sent_back", user_id=actor.user_id)
            ),
        )
        .annotate(shown_amount=Coalesce(Subquery(award.order_by("-pk").values("amount")[:1]), F("offer")))
    )


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; anything unknown is left out, so an old link never breaks."""

    tab: str
    fund: int | None = None
    verdict: str = ""
    amount: str = ""
    assignee: int | None = None
    flag: str = ""
    sort: str = "waiting"
    size: int = 20
    number: str = ""

    @property
    def narrowed(self) -> int:
        """How many filters are in force."""
        return sum(map(bool, (self.fund, self.verdict, self.amount, self.assignee, self.flag)))

    def query(self, **changes: Any) -> str:
        values = {name: value for name, value in {**vars(self), **changes}.items() if value not in (None, "")}
        if values.get("sort") == "waiting":
            values.pop("sort")
        if values.get("size") == 20:
            values.pop("size")
        return urlencode(values)


def read(params: Mapping[str, str], actor: Actor) -> Wanted:
    def number(name: str) -> int | None:
        return whole_number(params.get(name, ""))

    def one_of(name: str, allowed: Any, default: str = "") -> str:
        return params.get(name, "") if params.get(name, "") in allowed else default

    size = number("size")
    return Wanted(
        tab=one_of("tab", dict(TABS), default_tab(actor)),
        fund=number("fund"),
        verdict=one_of("verdict", VERDICTS),
        amount=one_of("amount", AMOUNTS),
        assignee=number("assignee"),
        flag=one_of("flag", FLAGS),
        sort=one_of("sort", SORTS, "waiting"),
        size=size if size in SIZES else 20,
        number=params.get("number", "")[:24].replace("\x00", "").strip().upper(),
    )


def select(actor: Actor, wanted: Wanted) -> QuerySet[Any]:
    """The cases of a tab with its filters, in order: what is overdue stands first by its date."""
    rows = cases_of(actor)
    if wanted.number:
        return rows.filter(number__contains=wanted.number).order_by("number")
    rows = rows.filter(tab_filter(wanted.tab, actor))
    if wanted.fund:
        rows = rows.filter(fund_id=wanted.fund)
    if wanted.verdict:
        rows = rows.filter(verdict=wanted.verdict)
    if wanted.assignee:
        rows = rows.filter(assignee_id=wanted.assignee)
    if wanted.amount:
        low, _dash, high = wanted.amount.partition("-")
        rows = rows.filter(shown_amount__gte=Decimal(low))
        if high:
            rows = rows.filter(shown_amount__lt=Decimal(high))
    if wanted.flag == "missing":
        rows = rows.filter(state="waiting_family")
    elif wanted.flag == "identity":
        rows = rows.filter(OPEN_CASES, person_id=None)
    elif wanted.flag == "bounded":
        rows = rows.filter(state__in=WAITING, binding="open")
    elif wanted.flag == "unassigned":
        rows = rows.filter(OPEN_CASES, assignee=None)
    return rows.order_by(*SORTS[wanted.sort][1])


def search(actor: Actor, text: str) -> QuerySet[Any]:
    """By exact name or the phone's last four, through blind indexes: nothing personal is compared in clear, and a
    case whose consent ended is not found: its evaluation is hidden by the database, and asked for here as well."""
    text = text.strip()
    rows = cases_of(actor).filter(Exists(live_consent()))
    if len(text) == 4 and text.isascii() and text.isdigit():
        return rows.filter(evaluation__tail_blind=blind("awards.phone_tail", text)).order_by("-id")
    if len(text) < 2:
        return rows.none()
    return rows.filter(evaluation__name_blind=blind("awards.name", text)).order_by("-id")


def live_consent() -> QuerySet[Consent]:
    """The live consent of the outer query's case."""
    return Consent.objects.filter(
        application_id=OuterRef("application_id"),
        fund_id=OuterRef("fund_id"),
        organisation_id=OuterRef("organisation_id"),
        decision=True,
        withdrawn_at=None,
        valid_until__gt=timezone.now(),
    )


def ended_consents(actor: Actor) -> QuerySet[Consent]:
    """Consents that were taken back or ran out, of which something may be kept: they had a case, and no yes anew
    took their place."""
    return Consent.objects.filter(
        Q(withdrawn_at__isnull=False) | Q(valid_until__lte=timezone.now()),
        Exists(Case.objects.filter(consent_id=OuterRef("pk"), organisation_id=actor.org_id or 0)),
        ~Exists(live_consent()),
        organisation_id=actor.org_id or 0,
        decision=True,
    )


def ended(cases: Iterable[Case]) -> dict[int, str]:
    """Those of the cases that the actor's organisation may no longer look into, and why. A yes to another of its
    funds does not open them."""
    rows = {case.pk: case for case in cases}
    live = Case.objects.filter(Exists(live_consent()), pk__in=rows).values_list("pk", flat=True)
    closed = rows.keys() - set(live)
    consents = Consent.objects.in_bulk({rows[pk].consent_id for pk in closed})
    found = {}
    for pk in closed:
        consent = consents.get(rows[pk].consent_id)
        ran_out = consent is not None and consent.withdrawn_at is None
        found[pk] = _("同意已到期") if ran_out else _("患者已收回同意")
    return found


def looks_like_number(text: str) -> bool:
    """The number, or the end of it as people read it out: 000001-2, 000001. Four digits are a phone's."""
    return bool(
        re.fullmatch(r"JL-.*|[0-9]{6}|[0-9]{1,6}-[0-9]{1,3}", text.strip().upper(), re.ASCII | re.DOTALL)
    )


def tabs(actor: Actor, wanted: Wanted, url: str) -> list[dict[str, Any]]:
    """Counts of every tab in one query over the case rows."""
    counts = cases_of(actor).aggregate(
        **{name: Count("pk", filter=tab_filter(name, actor)) for name, _label in TABS}
    )
    roles = {"worker": "case_worker", "approval": "approver", "payment": "payer", "sent_back": "approver"}
    return [
        {
            "name": name,
            "label": label,
            "count": counts[name],
            "url": f"{url}?tab={name}",
            "current": name == wanted.tab and not wanted.number,
            "late": name == "late" and counts[name] > 0,
        }
        for name, label in TABS
        if roles.get(name) is None or roles[name] in actor.roles or name == wanted.tab
    ]


def totals(rows: QuerySet[Any]) -> tuple[Decimal, int]:
    """Sum of the amounts shown, and how many are late."""
    found = rows.aggregate(amount=Sum("shown_amount"), late=Count("pk", filter=late_filter()))
    return found["amount"] or Decimal("0.00"), found["late"]


def working_days(start: date, end: date) -> int:
    """Monday to Friday after `start`, up to `end`."""
    days = max(0, (end - start).days)
    weeks, rest = divmod(days, 7)
    return weeks * 5 + sum(
        1 for offset in range(1, rest + 1) if (start + timedelta(days=weeks * 7 + offset)).weekday() < 5
    )


def day_of(case: Case, limit: int) -> int:
    """Which day of the promised `limit` (working days) this is, counted back from the case's own date, so that it
    is past the limit exactly when the case is late: then by the calendar days since that date."""
    today = timezone.localdate()
    if case.due_on is None:
        return min(limit, max(1, working_days(timezone.localdate(case.opened_at), today)))
    if case.due_on < today:
        return limit + (today - case.due_on).days
    return min(limit, max(1, limit - working_days(today, case.due_on)))


@dataclass(frozen=True)
class Row:
    case: Any  # a Case with shown_amount
    person: Person | None
    open: Decimal | None
    day: int
    limit: int
    flags: tuple[tuple[str, str], ...]
    assignee: str

    @property
    def waits(self) -> bool:
        return self.case.state in WAITING


def flags_of(case: Case, person: Person | None, asked: int, end: str) -> tuple[tuple[str, str], ...]:
    """Kind of badge and word."""
    found = []
    if person is None:
        return (("plain", end or _("患者没有同意看身份")),)
    if case.person_id is None:
        found.append(("unknown", _("身份待核对")))
    if asked:
        found.append(("unknown", _("缺 %(count)d 项材料") % {"count": asked}))
    waits = case.state in WAITING  # once it is decided, nothing limits the amount any more
    if waits and case.binding == "open" and case.offer > 0:
        found.append(("info", _("受余额限制")))
    if waits and case.binding == "fund_available":
        found.append(("wait", _("受基金余额限制")))
    if person.age is not None and person.age == 13:
        found.append(("info", _("满14岁前须重新授权")))
    return tuple(found)


def rows_of(cases: list[Case]) -> list[Row]:
    """Everything that the rows shown need, in a handful of queries however many rows there are."""
    people = people_of({case.application_id for case in cases})
    needs = {
        need.pk: max(Decimal("0.00"), need.residual - need.reserved - need.committed - need.paid)
        for need in NeedAccount.objects.filter(pk__in={case.need_id for case in cases if case.need_id})
    }
    asked = dict(
        DocumentRequest.objects.filter(case_id__in=[case.pk for case in cases], closed_at=None)
        .values_list("case_id")
        .annotate(count=Count("pk"))
    )
    pending = dict(
        Award.objects.filter(case_id__in=[case.pk for case in cases], state="proposed").values_list(
            "case_id", "amount"
        )
    )
    ends = ended(cases)
    rows = []
    for case in cases:
        person = None if case.pk in ends else people.get(case.application_id)
        still = needs.get(case.need_id or 0)
        rows.append(
            Row(
                case,
                person,
                None if still is None else still + pending.get(case.pk, Decimal("0.00")),
                day_of(case, case.fund.decision_days),
                case.fund.decision_days,
                flags_of(case, person, asked.get(case.pk, 0), ends.get(case.pk, "")),
                case.assignee.display_name if case.assignee else "",
            )
        )
    return rows


def filters(actor: Actor, wanted: Wanted) -> list[dict[str, Any]]:
    """The select fields above the table."""
    colleagues = colleagues_of(actor)
    funds = Fund.objects.filter(organisation_id=actor.org_id or 0).order_by("name").values_list("pk", "name")

    def field(name: str, label: str, empty: str, choices: Any) -> dict[str, Any]:
        value = getattr(wanted, name)
        options = [
            {"value": key, "label": text, "selected": key == value or str(key) == str(value)}
            for key, text in choices
        ]
        return {"name": name, "label": label, "empty": empty, "options": options}

    return [
        field("fund", _("基金"), _("全部 %(count)d 个基金") % {"count": len(funds)}, funds),
        field("verdict", _("资格"), _("不限"), VERDICTS.items()),
        field("amount", _("建议金额"), _("不限"), AMOUNTS.items()),
        field("flag", _("提醒"), _("不限"), FLAGS.items()),
        field("assignee", _("经办"), _("不限"), colleagues),
        field("sort", _("排序"), "", [(key, label) for key, (label, _order) in SORTS.items()]),
        field("size", _("每页"), "", [(size, _("%(size)d 件") % {"size": size}) for size in SIZES]),
    ]


def colleagues_of(actor: Actor) -> list[tuple[int, str]]:
    rows = Membership.objects.filter(
        organisation_id=actor.org_id or 0,
        is_active=True,
        user__is_active=True,
        roles__contains=["case_worker"],
    ).select_related("user")
    return [(row.user_id, row.user.display_name) for row in rows.order_by("user__display_name")[:100]]


def neighbours(actor: Actor, wanted: Wanted, case_id: int) -> tuple[int | None, int | None, int | None, int]:
    """Case before, case after, position (1…) and how many, in the list that the address describes."""
    ids = list(select(actor, wanted).values_list("pk", flat=True)[:5000])
    if case_id not in ids:
        return None, ids[0] if ids else None, None, len(ids)
    at = ids.index(case_id)
    return (
        ids[at - 1] if at else None,
        ids[at + 1] if at + 1 < len(ids) else None,
        at + 1,
        len(ids),
    )

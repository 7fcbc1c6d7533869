"""Who paid what of this illness, in order: bills of the insurer, then commercial, charity and crowdfunding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from charity.awards.models import Award, Case
from charity.funds.models import Fund
from consent.models import Category, Consent
from insurance.formats.codes import LAYER
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry
from web.charts import WaterfallRow
from web.formats import money

ZERO = Decimal("0.00")
COLOURS = {
    "basic": "basic",
    "supplement": "basic",
    "catastrophic": "major",
    "assistance": "assistance",
    "other": "basic",
}


@dataclass(frozen=True)
class Payers:
    """Chart rows, the totals of the need, the bills, what others promised by kind of payer, what this fund
    promised, and what is open when its own pending proposal is left out (yuan)."""

    rows: tuple[WaterfallRow, ...]
    position: ledger.Position
    bills: tuple[Settlement, ...]
    others: Decimal
    kinds: dict[str, int]
    own: Decimal
    open: Decimal
    from_day: date | None
    to_day: date | None


def payers_of(case: Case, consent: Consent | None) -> Payers | None:
    """None when the actor may not see the bills or there are none yet. Who else paid is named only with the
    consent's category other_aid; without it the sum stands in one row."""
    if consent is None or case.need_id is None:
        return None
    position = ledger.need_position(case.need_id)
    bills = tuple(
        Settlement.objects.filter(need_id=case.need_id, status="active").order_by("admitted_on", "settled_at")
    )
    if not bills:
        return None
    rows = _statutory(bills, position.residual)
    others, own = ZERO, ZERO
    kinds: dict[str, int] = defaultdict(int)
    shown = ZERO
    # what this fund has only proposed is what the page decides about: it still counts as open
    pending = sum(Award.objects.filter(case=case, state="proposed").values_list("amount", flat=True), ZERO)
    named = _aid(case, pending)
    if Category.OTHER_AID not in consent.categories:
        named = [one for one in named if one[0] == "own"]
    seen: set[tuple[str, str]] = set()
    for kind, payer, row in named:
        rows.append(row)
        amount = row.amount or ZERO
        shown += amount
        if kind == "own":
            own += amount
        else:
            others += amount
            seen.add((kind, payer))
    for kind, _payer in seen:
        kinds[kind] += 1
    hidden = position.promised - pending - shown
    if hidden > 0:
        rows.append(WaterfallRow(_("别处"), hidden, "paid", "charity", _("患者没有同意看是谁")))
        others += hidden
    held = _("其中 %(amount)s 本基金已预留，等审批") % {"amount": money(pending)} if pending else ""
    rows.append(WaterfallRow(_("还没着落"), position.open + pending, "open", sub=held))
    days = [bill.admitted_on or (bill.settled_at and bill.settled_at.date()) for bill in bills]
    ends = [bill.discharged_on or (bill.settled_at and bill.settled_at.date()) for bill in bills]
    return Payers(
        tuple(rows),
        position,
        bills,
        others,
        dict(kinds),
        own,
        position.open + pending,
        min((day for day in days if day), default=None),
        max((day for day in ends if day), default=None),
    )


def _statutory(bills: Sequence[Settlement], residual: Decimal) -> list[WaterfallRow]:
    names = {
        "basic": _("基本医保"),
        "supplement": _("补充医保"),
        "catastrophic": _("大病保险"),
        "assistance": _("医疗救助"),
        "other": _("其他基金"),
    }
    total = sum((bill.total_fee for bill in bills), ZERO)
    pays: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for bill in bills:
        for key, text in (bill.pays or {}).items():
            pays[LAYER.get(key, "other")] += Decimal(str(text))
    rows = [WaterfallRow(_("医疗总费用"), total, "total")]
    left = total
    for layer, name in names.items():
        amount = pays.get(layer, ZERO)
        if amount > 0:
            rows.append(WaterfallRow(name, amount, "paid", COLOURS[layer], _("已结算")))
            left -= amount
    borne = sum((bill.hospital_borne for bill in bills), ZERO)
    if borne > 0:
        rows.append(WaterfallRow(_("医院承担"), borne, "paid", "basic"))
        left -= borne
    if left != residual and left > residual:
        rows.append(WaterfallRow(_("其他"), left - residual, "paid", "basic", _("结算单里没有分开写")))
    rows.append(WaterfallRow(_("个人负担（法定各层之后）"), residual, "total"))
    return rows


def _aid(case: Case, pending: Decimal) -> list[tuple[str, str, WaterfallRow]]:
    """Kind, payer and row of everybody in layers 2 and 3; without this fund's pending proposal."""
    sums: dict[tuple[str, int | None, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for entry in Entry.objects.filter(need_id=case.need_id).exclude(layer="statutory"):
        # a campaign is one row however often it was pushed, or moved with its person
        group = ":".join(entry.reference.split(":")[:2]) if entry.fund_id is None else ""
        promised, paid = sums[(entry.layer, entry.fund_id, group)], entry.d_paid
        promised[0] += paid
        promised[1] += entry.d_reserved + entry.d_committed
    funds = {fund.pk: fund for fund in Fund.objects.filter(pk__in=[key[1] for key in sums if key[1]])}
    order = {"commercial": 0, "charity": 1, "crowdfunding": 2}
    words = {"commercial": _("商业保险"), "charity": _("其他慈善"), "crowdfunding": _("个人求助")}
    found = []
    for (layer, fund_id, group), (paid, waiting) in sorted(
        sums.items(), key=lambda item: (order.get(item[0][0], 9), item[0][1] or 0, item[0][2])
    ):
        own = fund_id == case.fund_id
        waiting -= pending if own else ZERO
        name = funds[fund_id].name if fund_id in funds else ""
        kind = "own" if own else layer
        label = _("本基金") if own else words.get(layer, layer)
        if layer == "crowdfunding":
            after = (_("已提现"), _("已筹未提"))
        else:
            after = (_("已付"), _("已预留或已批准"))
        for amount, state, word in ((paid, "paid", after[0]), (waiting, "reserved", after[1])):
            if amount > 0:
                sub = " · ".join(part for part in (name, word) if part)
                found.append((kind, f"{fund_id}{group}", WaterfallRow(label, amount, state, layer, sub)))  # type: ignore[arg-type]
    return found

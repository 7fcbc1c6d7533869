"""Geometry of the charts: dataclasses in, dataclasses out, drawn by `templates/web/charts/*.html` as SVG.

Widths and positions are strings of per cent of the drawing's width ("31.25%"), so that a chart fits any
column, hatching is not distorted and no number is localised on its way into an attribute. Amounts are Decimal
yuan.
Every chart is accompanied by the same figures as text: a table, a list or a title.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _

from .formats import money, weight

Layer = Literal["total", "basic", "major", "assistance", "commercial", "charity", "crowdfunding", "open"]
LAYERS: tuple[str, ...] = (
    "total",
    "basic",
    "major",
    "assistance",
    "commercial",
    "charity",
    "crowdfunding",
    "open",
    "brand",
)
State = Literal["total", "paid", "reserved", "open"]
ZERO = Decimal(0)


def _share(part: Decimal | float, whole: Decimal | float) -> float:
    return 0.0 if not whole else max(0.0, min(100.0, float(part) / float(whole) * 100))


def _pc(value: float) -> str:
    return f"{value:.2f}%"


# ---- waterfall -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WaterfallRow:
    """One payer or subtotal, in the order of payment.

    state: `total` draws what remains from zero, `paid` and `reserved` take `amount` off, `open` is the end.
    amount: Decimal yuan, not negative; None for a total or the open end means "what remains".
    layer: which colour; ignored for `total` and `open`.
    """

    label: str
    amount: Decimal | None = None
    state: State = "paid"
    layer: str = "basic"
    sub: str = ""


@dataclass(frozen=True)
class WaterfallBar:
    label: str
    sub: str
    state: str
    layer: str
    paid: str
    """`−¥198,420.10`, empty for totals."""
    remains: str
    x: str
    width: str
    link_from: str
    """Where the dashed line from the row above arrives, empty on the first row."""
    link_to: str
    """Where the dashed line to the row below leaves, empty on the last row."""
    hatched: bool


def waterfall(rows: Sequence[WaterfallRow]) -> tuple[WaterfallBar, ...]:
    """Bars for a table of payers. The first row is the whole bill.

    Raises ValueError when there is no row, the first has no amount, or an amount is negative.
    """
    if not rows or rows[0].amount is None:
        raise ValueError("a waterfall starts with the total amount")
    whole = rows[0].amount
    remains = whole
    bars = []
    edge: float | None = None
    for index, row in enumerate(rows):
        if row.amount is not None and row.amount < 0:
            raise ValueError("amounts in a waterfall are not negative")
        if row.state in ("total", "open"):
            remains = row.amount if row.amount is not None else remains
            left, right = 0.0, _share(remains, whole)
            leave = right
            layer: str = row.state
            paid = ""
        else:
            amount = row.amount or ZERO
            right = _share(remains, whole)
            remains -= amount
            left = _share(remains, whole)
            leave = left
            layer = row.layer
            paid = money(-amount) if amount else money(amount)
        last = index == len(rows) - 1
        bars.append(
            WaterfallBar(
                label=row.label,
                sub=row.sub,
                state=row.state,
                layer=layer if layer in LAYERS else "basic",
                paid=paid,
                remains=money(remains),
                x=_pc(left),
                width=_pc(max(right - left, 0.4 if (row.amount or remains) else 0.0)),
                link_from="" if edge is None else _pc(edge),
                link_to="" if last else _pc(leave),
                hatched=row.state in ("reserved", "open"),
            )
        )
        edge = leave
    return tuple(bars)


# ---- one bar in parts: what a bill or a budget is made of -------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A part of a whole. state `reserved` and `open` are hatched, `free` is an empty frame."""

    label: str
    amount: Decimal
    layer: str = "basic"
    state: str = "paid"
    sub: str = ""


@dataclass(frozen=True)
class Segment:
    label: str
    sub: str
    amount: str
    share: str
    x: str
    width: str
    text_x: str
    layer: str
    state: str
    hatched: bool
    wide: bool
    """Wide enough to carry its label inside on the desktop."""


@dataclass(frozen=True)
class StackedBar:
    segments: tuple[Segment, ...]
    total: str
    title: str
    """The whole bar in one sentence, for a screen reader."""


def whole_percents(amounts: Sequence[Decimal], whole: Decimal) -> list[int]:
    """Shares of `whole` in whole per cent by the largest remainder: parts that make up the whole add to 100.

    amounts: not negative, together at most `whole`. A part that is less than all is never shown as 100.
    """
    if whole <= 0:
        return [0] * len(amounts)
    rest = whole - sum(amounts, ZERO)
    exact = [amount / whole * 100 for amount in (*amounts, rest)]
    floors = [int(share) for share in exact]
    left = 100 - sum(floors)
    order = sorted(range(len(exact)), key=lambda at: (floors[at] - exact[at], -exact[at], at))
    for at in order:
        if left and exact[at] > 0 and (floors[at] < 99 or exact[at] == 100):
            floors[at] += 1
            left -= 1
    return floors[: len(amounts)]


def stacked_bar(parts: Iterable[Part], total: Decimal | None = None) -> StackedBar:
    """Parts side by side. total: what the bar's width means; by default the sum, and never less than it.

    Raises ValueError on a negative amount.
    """
    parts = list(parts)
    if any(part.amount < 0 for part in parts):
        raise ValueError("a part of a whole is not negative")
    whole = max(sum((part.amount for part in parts), ZERO), total or ZERO)
    gap = 0.25
    start = 0.0
    segments = []
    percents = whole_percents([part.amount for part in parts], whole)
    for part, rounded in zip(parts, percents, strict=True):
        share = _share(part.amount, whole)
        segments.append(
            Segment(
                label=part.label,
                sub=part.sub,
                amount=money(part.amount),
                share=f"{rounded}%",
                x=_pc(start),
                width=_pc(max(share - gap, min(share, 0.3))),
                text_x=_pc(start + 1),
                layer=part.layer if part.layer in LAYERS else "basic",
                state=part.state,
                hatched=part.state in ("reserved", "open"),
                wide=share >= 1.65 * len(part.label) and share >= 9,
            )
        )
        start += share
    described = _("，").join(f"{segment.label} {segment.amount}" for segment in segments)
    return StackedBar(tuple(segments), money(whole), described)


def budget_bar(
    paid: Decimal, committed: Decimal, reserved: Decimal, available: Decimal, notes: Sequence[str] = ()
) -> StackedBar:
    """A fund's budget in its four states (yuan); notes: one line under each, e.g. how many people."""
    four = [*notes, "", "", "", ""][:4]
    return stacked_bar(
        [
            Part(_("已付"), paid, "brand", "paid", four[0]),
            Part(_("已承诺，待付"), committed, "brand", "committed", four[1]),
            Part(_("已预留，待审批"), reserved, "brand", "reserved", four[2]),
            Part(_("可用"), available, "brand", "free", four[3]),
        ]
    )


# ---- weekly bars -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Week:
    """A week's label and the two counts: received and finished."""

    label: str
    received: int
    done: int


@dataclass(frozen=True)
class WeekBar:
    label: str
    received: int
    done: int
    x_received: str
    x_done: str
    x_text_received: str
    x_text_done: str
    x_label: str
    y_received: int
    h_received: int
    t_received: int
    y_done: int
    h_done: int
    t_done: int


@dataclass(frozen=True)
class WeekChart:
    bars: tuple[WeekBar, ...]
    bar_width: str
    title: str
    received: str
    done: str


def weekly_bars(weeks: Sequence[Week], height: int = 90, words: tuple[str, str] | None = None) -> WeekChart:
    """Pairs of bars on a base line; heights in px of a drawing `height + 40` px high. words: what the two bars count.

    Raises ValueError on a negative count.
    """
    if any(week.received < 0 or week.done < 0 for week in weeks):
        raise ValueError("counts are not negative")
    top = max((max(week.received, week.done) for week in weeks), default=0) or 1
    slot = 100 / max(len(weeks), 1)
    base = height + 18
    bars = []
    for index, week in enumerate(weeks):
        left = index * slot + slot * 0.12
        high, low = round(week.received / top * height), round(week.done / top * height)
        bars.append(
            WeekBar(
                label=week.label,
                received=week.received,
                done=week.done,
                x_received=_pc(left),
                x_done=_pc(left + slot * 0.37),
                x_text_received=_pc(left + slot * 0.17),
                x_text_done=_pc(left + slot * 0.54),
                x_label=_pc(left + slot * 0.36),
                y_received=base - high,
                h_received=high,
                t_received=base - high - 5,
                y_done=base - low,
                h_done=low,
                t_done=base - low - 5,
            )
        )
    first, second = words or (_("收到"), _("办结"))
    title = _("，").join(f"{week.label} {first} {week.received} {second} {week.done}" for week in weeks)
    return WeekChart(tuple(bars), _pc(slot * 0.34), title, first, second)


# ---- evidence --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EvidenceBar:
    x: str
    width: str
    side: str
    """`for`, `against` or `none`."""
    text: str
    title: str


def evidence_bar(value: float | Decimal | None, scale: float = 21.0) -> EvidenceBar:
    """A bar from the centre line, left against, right for. value: log2 weight; scale: weight at the edge."""
    if value is None:
        return EvidenceBar("50.00%", "0.00%", "none", weight(None), _("不计"))
    number = float(value)
    width = min(abs(number) / scale, 1.0) * 50
    width = max(width, 0.8) if number else 0.0
    if number < 0:
        return EvidenceBar(
            _pc(50 - width), _pc(width), "against", weight(value), _("反对") + f" {weight(value)}"
        )
    return EvidenceBar("50.00%", _pc(width), "for", weight(value), _("支持") + f" {weight(value)}")


# ---- the limit under the amount field ---------------------------------------------------------------------


@dataclass(frozen=True)
class Limit:
    """One of the limits of an award: what remains open, the rule's bracket, the fund's budget (yuan)."""

    label: str
    amount: Decimal


@dataclass(frozen=True)
class LimitLine:
    label: str
    amount: str
    binds: bool


@dataclass(frozen=True)
class LimitBar:
    lines: tuple[LimitLine, ...]
    limit: Decimal
    scale: Decimal
    filled: str
    at: str
    beyond: str
    label_x: str
    anchor: str
    title: str


def limit_bar(limits: Sequence[Limit], amount: Decimal | None = None) -> LimitBar:
    """Which limit binds, first in the list, and how far the amount goes; a tie binds twice.

    The bar's end is the next limit, at most half again the binding one. Raises ValueError without a limit.
    """
    if not limits:
        raise ValueError("an amount needs at least one limit")
    ordered = sorted(limits, key=lambda limit: limit.amount)
    lowest = max(ordered[0].amount, ZERO)
    following = next((limit.amount for limit in ordered if limit.amount > lowest), lowest)
    scale = min(max(following, lowest * Decimal("1.08")), lowest * Decimal("1.5")) or Decimal(1)
    chosen = lowest if amount is None else min(max(amount, ZERO), lowest)
    at = _share(lowest, scale)
    return LimitBar(
        lines=tuple(LimitLine(line.label, money(line.amount), line.amount <= lowest) for line in ordered),
        limit=lowest,
        scale=scale,
        filled=_pc(_share(chosen, scale)),
        at=_pc(at),
        beyond=_pc(100 - at),
        label_x=_pc(at),
        anchor="end" if at > 50 else "start",
        title=_("最多 %(limit)s，由“%(label)s”限制") % {"limit": money(lowest), "label": ordered[0].label},
    )


# ---- Merkle path -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MerkleStep:
    node_x: int
    node_y: int
    sibling_x: int
    sibling_y: int
    square_x: int
    square_y: int
    hash: str


@dataclass(frozen=True)
class MerklePath:
    steps: tuple[MerkleStep, ...]
    width: int
    height: int
    leaf_x: int
    leaf_y: int
    root_x: int
    root_y: int
    square_x: int
    square_y: int
    leaf_label: str
    leaf_label_y: int
    root_label: str
    root_label_x: int
    title: str


def merkle_path(leaf: str, siblings: Sequence[str], verified: bool) -> MerklePath:
    """The way from one entry up to the tree's root. siblings: the proof's hashes as text, leaf upwards."""
    width, height = 520, 200
    left, right, low, high = 20, width - 24, height - 52, 20
    count = max(len(siblings), 1)
    steps = []
    for index, text in enumerate(siblings, start=1):
        x = round(left + (right - left) * index / count)
        y = round(low + (high - low) * index / count)
        steps.append(MerkleStep(x, y, x, y + 28, x - 5, y + 23, text))
    ending = _("树根，与检查点一致 ✓") if verified else _("树根，与检查点不一致 ✕")
    return MerklePath(
        steps=tuple(steps),
        width=width,
        height=height,
        leaf_x=left,
        leaf_y=low,
        root_x=right,
        root_y=high,
        square_x=left - 11,
        square_y=low - 11,
        leaf_label=_("本条 %(leaf)s") % {"leaf": leaf},
        leaf_label_y=low + 44,
        root_label=ending,
        root_label_x=right - 14,
        title=_("第 %(leaf)s 条经 %(count)d 步算到树根。") % {"leaf": leaf, "count": len(siblings)} + ending,
    )


# ---- waiting ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    text: str
    width: str
    late: bool


def waiting(day: int, limit: int) -> Waiting:
    """How long a case has waited (days) against the promised time: `第 6 天 / 10`, or `已超 2 天`."""
    if day > limit:
        return Waiting(_("! 已超 %(days)d 天") % {"days": day - limit}, "100.00%", True)
    return Waiting(
        _("第 %(day)d 天 / %(limit)d") % {"day": day, "limit": limit}, _pc(_share(day, limit)), False
    )

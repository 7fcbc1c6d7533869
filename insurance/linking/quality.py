"""Measured precision of the engine's own decisions, from what reviewers answered to the samples."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.health import Panel
from people.models import Source
from web.formats import percent

from .models import Quality, Review

Z95 = 1.959964
FEW = 73  # wilson(73, 73) begins at 0.95


def wilson(right: int, judged: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a proportion (Wilson 1927): (low, high) at 95 %; (0, 1) when nothing was judged."""
    if judged == 0:
        return 0.0, 1.0
    share, square = right / judged, z * z
    centre = (share + square / (2 * judged)) / (1 + square / judged)
    half = (
        z / (1 + square / judged) * math.sqrt(share * (1 - share) / judged + square / (4 * judged * judged))
    )
    return (max(0.0, centre - half) if right else 0.0), (min(1.0, centre + half) if right < judged else 1.0)


@dataclass(frozen=True)
class Stratum:
    """Decisions of one kind: how many a random sample of all came upon, how many were judged, and right."""

    seen: int
    judged: int
    right: int


def weighed(strata: Iterable[Stratum]) -> tuple[float | None, float, float]:
    """(share that is right, low, high) of all decisions, each kind counting as much as there are of it.

    Kinds are sampled alike however rare they are, so their answers cannot simply be added up. The interval (95 %) joins
    the Wilson intervals of the kinds by the variance that each stands for (MOVER, Zou and Donner 2008); a kind that
    nobody judged may be anything from 0 to 1. The share is None, from 0 to 1, while nothing is judged.
    """
    kinds = [one for one in strata if one.seen or one.judged]
    judged = sum(one.judged for one in kinds)
    if not judged:
        return None, 0.0, 1.0
    counted = any(one.seen for one in kinds)  # drawings before kinds were counted
    sizes = [max(one.seen, one.judged and 1) if counted else one.judged for one in kinds]
    total = sum(sizes)
    known = [size for size, one in zip(sizes, kinds, strict=True) if one.judged]
    typical = sum(
        size * one.right / one.judged for size, one in zip(sizes, kinds, strict=True) if one.judged
    ) / sum(known)
    share = below = above = 0.0
    for size, one in zip(sizes, kinds, strict=True):
        mean = one.right / one.judged if one.judged else typical
        low, high = wilson(one.right, one.judged)
        part = size / total
        share += part * mean
        below += (part * (mean - low)) ** 2
        above += (part * (high - mean)) ** 2
    return share, max(0.0, share - math.sqrt(below)), min(1.0, share + math.sqrt(above))


@dataclass(frozen=True)
class Measured:
    """Sampled decisions of one pair of sources and month. share, low, high: of 1, estimated for all such decisions
    (`weighed`); share is None while none is judged."""

    month: str
    sources: str
    accepted: bool
    drawn: int
    judged: int
    right: int
    share: float | None
    low: float
    high: float

    @property
    def wrong(self) -> int:
        return self.judged - self.right

    @property
    def few(self) -> bool:
        """Whether the figure in the middle says little: with less, even all right leaves more than 5 % open."""
        return 0 < self.judged < FEW


def measured() -> list[Measured]:
    """Newest month first; all bands of the weight together."""
    groups: dict[tuple[str, str, str], list[Quality]] = defaultdict(list)
    for row in Quality.objects.all():
        groups[row.month, row.pair, row.outcome].append(row)
    found = []
    for (month, sources, outcome), rows in groups.items():
        if any(row.drawn for row in rows):
            found.append(_measured(month, _named(sources), outcome == "accept", rows))
    return sorted(found, key=lambda one: (one.month, one.sources), reverse=True)


def overall(accepted: bool = True) -> Measured:
    """All months and pairs together."""
    return _measured("", "", accepted, list(_counts(accepted)))


def _counts(accepted: bool) -> Any:
    return Quality.objects.filter(outcome="accept" if accepted else "reject")


def by_sources() -> list[Measured]:
    """Each pair of sources over all months, accepted before rejected."""
    found = []
    for accepted in (True, False):
        groups: dict[str, list[Quality]] = defaultdict(list)
        for row in _counts(accepted).order_by("pair"):
            groups[row.pair].append(row)
        found += [
            _measured("", _named(pair), accepted, rows)
            for pair, rows in groups.items()
            if any(row.drawn for row in rows)
        ]
    return found


def _named(pair: str) -> str:
    return _("与").join(str(Source(one).label) for one in pair.split("–"))


@dataclass(frozen=True)
class Basis:
    """What the figures rest on. since: the first month of drawing ('' before any); waiting: drawn, not judged yet."""

    since: str
    drawn: int
    judged: int
    waiting: int
    seen: int


def basis() -> Basis:
    rows = list(Quality.objects.all())
    drawn = sum(row.drawn for row in rows)
    judged = sum(row.right + row.wrong for row in rows)
    return Basis(
        min((row.month for row in rows if row.drawn), default=""),
        drawn,
        judged,
        max(drawn - judged, 0),
        sum(row.seen for row in rows),
    )


@dataclass(frozen=True)
class InWeek:
    """Samples judged in the week that begins on `monday`: of accepted links and of rejected pairs. share, low, high as
    in Measured."""

    monday: date
    accepted: Measured
    rejected: Measured

    @property
    def judged(self) -> int:
        return self.accepted.judged + self.rejected.judged


def weekly(weeks: int = 8) -> list[InWeek]:
    """The last weeks, oldest first, those without a judgement too. Each kind counts by how many there are of it at all."""
    today = timezone.localdate()
    this = today - timedelta(days=today.weekday())
    mondays = [this - timedelta(weeks=ago) for ago in range(weeks - 1, -1, -1)]
    judged: dict[date, list[Review]] = defaultdict(list)
    rows = Review.objects.filter(
        kind=Review.Kind.SAMPLE, state__in=[Review.State.SAME, Review.State.DIFFERENT]
    ).only("state", "sampled", "decided_at")
    for row in rows.filter(decided_at__gte=_midnight(mondays[0])):
        day = timezone.localtime(row.decided_at).date()
        judged[day - timedelta(days=day.weekday())].append(row)
    seen = {(row["outcome"], row["pair"], row["band"]): row["seen"] for row in _seen()}
    return [
        InWeek(monday, _of_week(judged[monday], True, seen), _of_week(judged[monday], False, seen))
        for monday in mondays
    ]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _seen() -> Any:
    return Quality.objects.values("outcome", "pair", "band").annotate(seen=Sum("seen")).order_by()


def _of_week(rows: list[Review], accepted: bool, seen: dict[tuple[str, str, str], int]) -> Measured:
    kinds: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        told: Any = row.sampled
        if (told.get("outcome") == "accept") == accepted:
            count = kinds[told["pair"], told["band"]]
            count[0] += 1
            count[1] += accepted == (row.state == Review.State.SAME)
    outcome = "accept" if accepted else "reject"
    strata = [Stratum(max(seen.get((outcome, *kind), 0), 1), *count) for kind, count in kinds.items()]
    share, low, high = weighed(strata)
    judged, right = (sum(count[at] for count in kinds.values()) for at in (0, 1))
    return Measured("", "", accepted, judged, judged, right, share, low, high)


def as_csv() -> bytes:
    """Everything that the page tells and the counts that it rests on, for whoever wants to reckon it again; UTF-8 with a
    mark for spreadsheets. Counts, no person."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            _("范围"), _("月份"), _("两边来自"), _("权重分段"), _("系统的决定"), _("随机看到"), _("抽出"), _("已判断"),
            _("判对"), _("判错"), _("估计对的"), _("95% 区间低"), _("95% 区间高"),
        ]
    )  # fmt: skip

    def line(scope: str, one: Measured) -> None:
        estimate = [percent(value, 2) for value in (one.share, one.low, one.high)]
        writer.writerow(
            [
                scope, one.month, one.sources, "", _decision(one.accepted), "", one.drawn, one.judged, one.right,
                one.wrong, *(estimate if one.judged else ["", "", ""]),
            ]
        )  # fmt: skip

    for accepted in (True, False):
        line(_("全部"), overall(accepted))
    for one in by_sources():
        line(_("按来源"), one)
    for one in measured():
        line(_("按月和来源"), one)
    for row in Quality.objects.order_by("month", "pair", "outcome", "band"):
        writer.writerow(
            [
                _("原始计数"), row.month, _named(row.pair), row.band, _decision(row.outcome == "accept"),
                row.seen, row.drawn, row.right + row.wrong, row.right, row.wrong, "", "", "",
            ]
        )  # fmt: skip
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _decision(accepted: bool) -> str:
    return _("认定") if accepted else _("没有认")


def _measured(month: str, sources: str, accepted: bool, rows: list[Quality]) -> Measured:
    kinds: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:  # a kind is one over the months
        for place, value in enumerate((row.seen, row.right + row.wrong, row.right)):
            kinds[row.pair, row.band][place] += value
    share, low, high = weighed(Stratum(*counts) for counts in kinds.values())
    drawn, right = sum(row.drawn for row in rows), sum(row.right for row in rows)
    judged = right + sum(row.wrong for row in rows)
    return Measured(month, sources, accepted, drawn, judged, right, share, low, high)


def panel() -> Panel:
    """The two figures on the operator's health page."""
    words = (
        (overall(), _("自动认定：")),
        (overall(accepted=False), _("接近复核线、没有认的：")),
    )
    lines = []
    for found, label in words:
        if found.judged:
            told = _("抽查 %(n)d 件，对的 %(share)s（95%% 区间 %(low)s 至 %(high)s）。") % {
                "n": found.judged,
                "share": percent(found.share, 1),
                "low": percent(found.low, 1),
                "high": percent(found.high, 1),
            }
        else:
            told = _("还没有抽查过。")
        lines.append(label + told)
    return Panel(_("身份认定的准确率"), tuple(lines))

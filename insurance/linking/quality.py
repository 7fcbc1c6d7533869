"""Measured precision of the engine's own decisions, from what reviewers answered to the samples."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.health import Panel
from people.models import Source
from web.formats import percent

from .models import Quality

Z95 = 1.959964


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


def measured() -> list[Measured]:
    """Newest month first; all bands of the weight together."""
    groups: dict[tuple[str, str, str], list[Quality]] = defaultdict(list)
    for row in Quality.objects.all():
        groups[row.month, row.pair, row.outcome].append(row)
    found = []
    for (month, sources, outcome), rows in groups.items():
        if any(row.drawn for row in rows):
            named = _("与").join(str(Source(one).label) for one in sources.split("–"))
            found.append(_measured(month, named, outcome == "accept", rows))
    return sorted(found, key=lambda one: (one.month, one.sources), reverse=True)


def overall(accepted: bool = True) -> Measured:
    """All months and pairs together."""
    return _measured(
        "", "", accepted, list(Quality.objects.filter(outcome="accept" if accepted else "reject"))
    )


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

"""Measured precision of the engine's own decisions, from what reviewers answered to the samples."""

from __future__ import annotations

import math
from collections import defaultdict
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
class Measured:
    """Sampled decisions of one pair of sources and month. share, low, high: of 1, None while none is judged."""

    month: str
    sources: str
    accepted: bool
    drawn: int
    judged: int
    right: int
    low: float
    high: float

    @property
    def share(self) -> float | None:
        return self.right / self.judged if self.judged else None

    @property
    def wrong(self) -> int:
        return self.judged - self.right


def measured() -> list[Measured]:
    """Newest month first; all bands of the weight together."""
    sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in Quality.objects.all():
        total = sums[row.month, row.pair, row.outcome]
        for place, value in enumerate((row.drawn, row.right, row.wrong)):
            total[place] += value
    found = []
    for (month, sources, outcome), (drawn, right, wrong) in sums.items():
        low, high = wilson(right, right + wrong)
        named = _("与").join(str(Source(one).label) for one in sources.split("–"))
        found.append(Measured(month, named, outcome == "accept", drawn, right + wrong, right, low, high))
    return sorted(found, key=lambda one: (one.month, one.sources), reverse=True)


def overall(accepted: bool = True) -> Measured:
    """All months and pairs together."""
    rows = [row for row in measured() if row.accepted == accepted]
    right, judged = sum(row.right for row in rows), sum(row.judged for row in rows)
    low, high = wilson(right, judged)
    return Measured("", "", accepted, sum(row.drawn for row in rows), judged, right, low, high)


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

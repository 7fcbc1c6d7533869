"""Scores again from what was kept of them: levels, rarity and the pair of sources, no values of anybody."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from matching.linkage import online
from people.models import Identity

from .models import Review

#: A weight that differs by more (log2) is another one; floats that went through JSON are the same.
EQUAL = 1e-6


def again(version: str, prior_weight: float | None, score: Mapping[str, Any]) -> float:
    """The match weight (log2) by the table of that version. Raises ValueError where the version, a level or the
    prior is unknown."""
    if prior_weight is None:
        raise ValueError("no prior was kept")
    return online.replay(version, str(score.get("pair", "")), prior_weight, score)


def check() -> tuple[Counter[str], list[str]]:
    """Replay every link and every question that keeps a score (engine scope). Counts of 'same', 'other', 'unknown' and
    'without', and a line for each that is not the same; ids only."""
    counts: Counter[str] = Counter()
    odd: list[str] = []
    links = Identity.objects.filter(weight__isnull=False).values_list(
        "pk", "weight", "params", "prior_weight", "score"
    )
    asked = Review.objects.values_list("pk", "weight", "params", "prior_weight", "score")
    for kind, rows in (("identity", links), ("review", asked)):
        for pk, weight, version, prior, score in rows.iterator(chunk_size=2000):
            if not score or weight is None:
                counts["without"] += 1
                continue
            try:
                found = again(version, prior, score)
            except ValueError as error:
                counts["unknown"] += 1
                odd.append(f"{kind} {pk}: {error}")
                continue
            same = math.isclose(found, weight, rel_tol=0, abs_tol=EQUAL)
            counts["same" if same else "other"] += 1
            if not same:
                odd.append(f"{kind} {pk}: {weight:.4f} was kept, {found:.4f} comes again ({version})")
    return counts, odd

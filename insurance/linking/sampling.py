"""How good the engine's own decisions are, measured: a random sample of them is judged again by a person who does not
see what the engine decided.

Accepted links, and rejected pairs that came near the review threshold, are drawn by pair of sources and band of the
weight, so that rare kinds are measured too. How many of each kind a simple random sample of the registry holds is counted
(`Quality.seen`): by that the kinds are weighed when the precision of all is estimated (quality.py).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max, Min
from django.utils import timezone

from audit import record
from matching.linkage.online import Tables
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import PairScore, pair_of
from people.models import Identity

from . import finding, lookup, suggesting
from .models import Quality, Review
from .pair import threshold
from .stays import compared, stays
from .suggesting import best_pair, evidence_of, open_of

#: So many of each stratum at one drawing.
PER_STRATUM = 2
#: So many descriptions, drawn each by itself, are looked at; numbers nobody has are drawn anew, so many times.
PROBES, ROUNDS = 200, 5
#: A rejected pair this near the review threshold (log2) is worth a second look.
NEAR = 8.0
BAND = 4


@dataclass(frozen=True)
class Drawn:
    """How many decisions were drawn: links that were accepted, pairs that were rejected."""

    accepted: int
    rejected: int


@dataclass(frozen=True)
class _Found:
    identity: Identity
    other: Identity
    pair: PairScore
    outcome: str

    @property
    def stratum(self) -> tuple[str, str, str]:
        return self.outcome, "–".join(sorted((self.identity.source, self.other.source))), band_of(self.pair)


def band_of(pair: PairScore) -> str:
    """The band of a weight (log2): '12–16'; '<0' and '≥40' at the ends."""
    low = int(pair.weight // BAND) * BAND
    return "<0" if low < 0 else "≥40" if low >= 40 else f"{low}–{low + BAND}"


def draw(rng: random.Random, per_stratum: int = PER_STRATUM) -> Drawn:
    """Queue a random sample for the reviewers (engine only). Each decision is drawn at most once."""
    taken: Counter[tuple[str, str, str]] = Counter()
    seen: Counter[tuple[str, str, str]] = Counter()
    for found in _decisions(rng):
        seen[found.stratum] += 1
        if taken[found.stratum] < per_stratum and _queue(found):
            taken[found.stratum] += 1
    month = timezone.localdate().isoformat()[:7]
    for (outcome, sources, band), count in sorted(seen.items()):
        row, _created = Quality.objects.get_or_create(month=month, pair=sources, band=band, outcome=outcome)
        Quality.objects.filter(pk=row.pk).update(seen=F("seen") + count)
    drawn = Counter(stratum[0] for stratum in taken.elements())
    return Drawn(drawn["accept"], drawn["reject"])


def _decisions(rng: random.Random) -> Iterator[_Found]:
    ends = Identity.objects.aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return
    everyone = range(ends["low"], ends["high"] + 1)
    seen: set[int] = set()
    for _round in range(ROUNDS):
        numbers = rng.sample(everyone, min(PROBES, len(everyone)))
        linked = list(Identity.objects.filter(pk__in=numbers, person__isnull=False).exclude(pk__in=seen))
        rng.shuffle(linked)
        for identity in linked[: PROBES - len(seen)]:
            seen.add(identity.pk)
            if identity.method in finding.AUTOMATIC:
                others = Identity.objects.filter(person=identity.person).exclude(pk=identity.pk)
                best = best_pair([identity], others.order_by("pk"))
                if best is not None:
                    yield _Found(identity, best[1], best[2], "accept")
            yield from _near(identity)
        if len(seen) >= PROBES or len(everyone) <= PROBES:
            return


def _near(identity: Identity) -> Iterator[_Found]:
    """The nearest other person who was rejected for this description."""
    mine = lookup.as_record(identity, stays([identity.pk]).get(identity.pk, ()))
    tables = lookup.tables()
    near = [
        one
        for one in lookup.look_up(identity.pk, mine, lookup.keys_of(identity, mine))
        if one.person_id != identity.person_id
        and one.pair.outcome == "reject"
        and one.pair.weight >= threshold(_review_line(tables, mine, one.record)) - NEAR
    ]
    if near:
        best = max(near, key=lambda one: one.pair.weight)
        yield _Found(identity, Identity.objects.get(pk=best.identity_id), best.pair, "reject")


def _review_line(tables: Tables, mine: PersonRecord, other: PersonRecord) -> float:
    pair = pair_of(mine.source, other.source)
    return tables.of(pair).limit(pair).review


def _queue(found: _Found) -> bool:
    """The decision as a question that does not say what was decided. False when it was drawn before."""
    person_id = found.other.person_id
    if person_id is None:
        return False
    outcome, sources, band = found.stratum
    month = timezone.localdate().isoformat()[:7]
    review, created = Review.objects.get_or_create(
        identity=found.identity,
        candidate_id=person_id,
        kind=Review.Kind.SAMPLE,
        defaults={
            **evidence_of(found.pair),
            "candidate_identity": found.other,
            "stays": compared(found.pair, found.identity.source, found.other.source),
            "at_stake": open_of(person_id),
            "sampled": {"month": month, "pair": sources, "band": band, "outcome": outcome},
        },
    )
    if created:
        _count(review, "drawn")
        record("link.sampled", f"review:{review.pk}", payload={"pair": sources, "band": band})
    return created


def _count(review: Review, column: str) -> None:
    told: dict[str, Any] = review.sampled
    key = {name: told[name] for name in ("month", "pair", "band", "outcome")}
    row, _created = Quality.objects.get_or_create(**key)
    Quality.objects.filter(pk=row.pk).update(**{column: F(column) + 1})


def answered(review: Review) -> None:
    """A reviewer judged a sampled decision. A wrong one is put right by the ordinary ways: an undo, or a question."""
    if review.sampled.get("counted"):
        return
    accepted = review.sampled["outcome"] == "accept"
    right = accepted == (review.state == Review.State.SAME)
    _count(review, "right" if right else "wrong")
    review.sampled["counted"] = True
    review.save(update_fields=["sampled"])
    if right:
        return
    identity = review.identity
    if not accepted and identity.person_id is not None:
        suggesting.ask(identity.person_id, review.candidate_id)
    elif accepted and identity.person_id == review.candidate_id:
        link = finding.shown(identity)
        if link is not None and "sampled_wrong" not in link.flags:
            link.flags = [*link.flags, "sampled_wrong"]
            # among the decided ones, newest first: to be taken back there
            link.again_at = link.decided_at = timezone.now()
            link.save(update_fields=["flags", "decided_at", "again_at"])

"""Questions about two persons of the registry: might these two be one? Asked by the engine, or by hand."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum
from django.utils import timezone

from audit import record
from insurance.ledger.models import NeedAccount
from matching.linkage.scoring import PairScore, score
from people import registry
from people.models import Identity, Representation

from . import moves
from .lookup import Scored, as_record, tables
from .models import NotSame, Review
from .stays import compared, stays

ZERO = Decimal("0.00")
#: So many descriptions of a person are compared with the other's: the best pair is shown.
DESCRIPTIONS = 20
#: Answers that stand: such a pair is not asked about again by itself.
STANDING = (Review.State.DIFFERENT, Review.State.UNDONE, Review.State.REFUSED)


def evidence_of(pair: PairScore) -> dict[str, Any]:
    """A score as a review keeps it: no values of the person."""
    return {
        "weight": pair.weight,
        "probability": pair.probability,
        "prior_weight": pair.prior_weight,
        "params": pair.version,
        "score": pair.kept,
        "evidence": [
            {"field": e.field, "level": e.level, "weight": round(e.weight, 3), "note": e.note}
            for e in pair.evidence
        ],
        "flags": list(pair.flags),
    }


def open_of(person_id: int) -> Decimal:
    """What is still open of a person's needs, yuan."""
    needs = NeedAccount.objects.filter(
        person_id=person_id, residual__gt=F("reserved") + F("committed") + F("paid")
    )
    still = needs.aggregate(sum=Sum(F("residual") - F("reserved") - F("committed") - F("paid")))["sum"]
    return still or ZERO


def best_pair(
    left: Iterable[Identity], right: Iterable[Identity]
) -> tuple[Identity, Identity, PairScore] | None:
    """Of the descriptions of two persons, the two that tell most for their being one."""
    ours, theirs = list(left)[:DESCRIPTIONS], list(right)[:DESCRIPTIONS]
    known = stays([one.pk for one in [*ours, *theirs] if one.source == "insurer"])
    records = {one.pk: as_record(one, known.get(one.pk, ())) for one in [*ours, *theirs]}
    table = tables()
    pairs = [(a, b, score(records[a.pk], records[b.pk], table)) for a in ours for b in theirs]
    return max(pairs, key=lambda found: found[2].weight, default=None)


def ask(one_id: int, two_id: int, *, by_hand: bool = False) -> Review | None:
    """Ask whether two persons are one. None when they are already, or one has no description, or the answer stands.

    The one for whom somebody speaks survives, else the older one. by_hand: an answer that was taken back is asked
    anew; a no stays.
    """
    one, two = registry.root(min(one_id, two_id)), registry.root(max(one_id, two_id))
    if one.pk == two.pk:
        return None
    spoken = set(
        Representation.objects.filter(person__in=[one, two], revoked_at=None).values_list(
            "person_id", flat=True
        )
    )
    survivor, absorbed = sorted((one, two), key=lambda person: (person.pk not in spoken, person.pk))
    both = Q(candidate=survivor, other=absorbed) | Q(candidate=absorbed, other=survivor)
    before = (
        Review.objects.select_for_update(no_key=True)
        .filter(both, kind=Review.Kind.MERGE)
        .order_by("-pk")
        .first()
    )
    if before is not None and before.state in {Review.State.OPEN, Review.State.SECOND, Review.State.SAME}:
        return before
    stands = before is not None and before.state in STANDING
    if stands and not (by_hand and before is not None and before.state != Review.State.DIFFERENT):
        return before if by_hand else None
    found = best_pair(
        Identity.objects.filter(person=absorbed).order_by("pk"),
        Identity.objects.filter(person=survivor).order_by("pk"),
    )
    if found is None:
        return None
    mine, theirs, pair = found
    held = open_of(absorbed.pk)
    values = {
        **evidence_of(pair),
        "candidate_identity": theirs,
        "other": absorbed,
        "stays": compared(pair, mine.source, theirs.source),
        "held": held,
        "at_stake": held + open_of(survivor.pk),
        "moves": moves.of_merge(absorbed.pk, survivor.pk),
        "state": Review.State.OPEN,
        **dict.fromkeys(
            ("decided_at", "decided_by", "seconded_at", "seconded_by", "seconded_yes", "postponed_at")
        ),
        **dict.fromkeys(("second_note", "declined_at", "declined_by", "declined_first")),
        **dict.fromkeys(("undo_asked_at", "undo_asked_by", "undo_seconded_at", "undo_seconded_by")),
        "undo_seconded_yes": None,
        "undo_second": False,
        "undo_refused": [],
        "declined_what": "",
        "why_second": [],
        "refused": [],
    }
    review, _created = Review.objects.update_or_create(
        identity=mine, candidate=survivor, kind=Review.Kind.MERGE, defaults=values
    )
    record(
        "linking.merge_asked",
        f"review:{review.pk}",
        also=[f"person:{survivor.pk}", f"person:{absorbed.pk}"],
        payload={"survivor": survivor.pk, "absorbed": absorbed.pk, "by_hand": by_hand},
    )
    return review


def suggest(identity: Identity, scored: Iterable[Scored]) -> None:
    """A description was linked; whoever else it fits as surely is perhaps the same person under another number."""
    others = {
        one.person_id
        for one in scored
        if one.person_id != identity.person_id
        and one.names_agree
        and "different_ids" not in one.pair.flags
        and "masked_name" not in one.pair.flags
        and (one.by_number or one.pair.outcome == "accept")
    }
    for person_id in sorted(others):
        if identity.person_id is not None:
            ask(identity.person_id, person_id)


def need_changed(person_id: int) -> None:
    """What hangs on open questions about this person is brought up to date."""
    asked = Review.objects.filter(Q(candidate_id=person_id) | Q(other_id=person_id), kind=Review.Kind.MERGE)
    for review in asked.filter(state__in=[Review.State.OPEN, Review.State.SECOND]):
        held = open_of(review.other_id or 0)
        Review.objects.filter(pk=review.pk, state=review.state).update(
            held=held,
            at_stake=held + open_of(review.candidate_id),
            moves=moves.of_merge(review.other_id or 0, review.candidate_id),
        )


def decided_no(review: Review) -> None:
    """The reviewer says that two persons are two: it sticks, and is noted."""
    NotSame.objects.get_or_create(
        identity_id=review.identity_id,
        person_id=review.candidate_id,
        defaults={"decided_by": review.decided_by or 0},
    )


def reopen(review: Review) -> None:
    """An answer to a merge is taken back: the question is open again, and nobody has agreed to anything."""
    review.state, review.decided_at, review.decided_by = Review.State.OPEN, None, None
    review.seconded_at = review.seconded_by = review.seconded_yes = None
    review.why_second = []
    review.undo_asked_at = review.undo_asked_by = None
    review.postponed_at = timezone.now()
    review.save()

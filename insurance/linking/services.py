"""Which person does a description belong to? Exact identifiers first, then scored candidates.

The scoring is matching.linkage.scoring.score, a pure function; this service decides with it, keeps what was
decided (a no is sticky) and asks the reviewer where the score cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from django.utils import timezone

from audit import record
from matching.linkage.blocking import blocking_values
from matching.linkage.normalise import is_masked_name
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import PairScore, score
from outbox import emit
from people import registry
from people.models import Identity, LinkState, Person

from .models import NotSame, Review

Outcome = Literal["linked", "review", "new", "waiting"]


@dataclass(frozen=True)
class LinkResult:
    """What became of a description: linked to person_id, or waiting for the reviewer, with the reason."""

    outcome: Outcome
    person_id: int | None
    method: str
    weight: float | None = None


def as_record(identity: Identity) -> PersonRecord:
    """The engine's view of an identity (clear values, in memory only)."""
    extra: dict[str, Any] = identity.extra or {}
    age = extra.get("age")
    year = extra.get("birth_year")
    if year is None and age is not None and identity.birth_date is None:
        year = (identity.created_at or timezone.now()).year - int(age)
    return PersonRecord(
        name=identity.name,
        id_number=identity.id_number,
        birth_date=identity.birth_date,
        birth_year=year,
        age=age,
        sex={"1": "M", "2": "F"}.get(identity.sex),  # type: ignore[arg-type]
        phone=identity.phone,
        area=identity.area or None,
        address=identity.address,
        hospital=extra.get("hospital"),
        disease=extra.get("disease"),
        source=identity.source,  # type: ignore[arg-type]
    )


def compare(left: Identity, right: Identity) -> PairScore:
    return score(as_record(left), as_record(right))


def _names_agree(left: Identity, right: Identity) -> bool:
    evidence = {item.field: item for item in compare(left, right).evidence}
    name = evidence.get("name")
    return name is None or name.weight >= 0


def link(identity_id: int) -> LinkResult:
    """Link one description (engine only). Idempotent: a linked one stays as it is.

    accept: one person only, by ID number with a name that does not contradict, or by score; masked names never.
    clerical review: everything between, including one ID number with two names. Otherwise a new person —
    except for applications and campaigns, whose description alone makes nobody a person of the registry
    until it is proven or reviewed.
    """
    registry.lock_linking()
    identity = Identity.objects.select_for_update().get(pk=identity_id)
    if identity.person_id:
        return LinkResult("linked", identity.person_id, identity.method, identity.weight)
    values = blocking_values(as_record(identity))
    registry.store_keys(identity, values)
    refused = set(NotSame.objects.filter(identity=identity).values_list("person_id", flat=True))

    same_number = [other for other in registry.same_id_number(identity) if other.person_id not in refused]
    agreeing = [other for other in same_number if _names_agree(identity, other)]
    people = {other.person_id for other in agreeing}
    if len(people) == 1 and len(agreeing) == len(same_number):
        other = agreeing[0]
        registry.assign(identity, _root(other.person), "exact_id", compare(identity, other).weight)
        return _linked(identity)

    scored: dict[int, tuple[Identity, PairScore]] = {}
    for other in [*same_number, *registry.candidates(identity, values)]:
        if other.person_id in refused or other.person_id is None:
            continue
        pair = compare(identity, other)
        best = scored.get(other.person_id)
        if best is None or pair.weight > best[1].weight:
            scored[other.person_id] = (other, pair)
    accepted = [item for item in scored.values() if item[1].outcome == "accept"]
    doubtful = [item for item in scored.values() if item[1].outcome == "review"]
    contradicted = {other.person_id for other in same_number} - people
    masked = bool(identity.name and is_masked_name(identity.name))
    if len(accepted) == 1 and not contradicted and not masked:
        other, pair = accepted[0]
        registry.assign(identity, _root(other.person), "score", pair.weight)
        return _linked(identity)

    doubts = [*accepted, *doubtful, *(scored[p] for p in contradicted if p in scored)]
    if doubts:
        for other, pair in doubts:
            _ask(identity, other, pair)
        identity.state = LinkState.REVIEW
        identity.save(update_fields=["state"])
        return LinkResult("review", None, "review")
    if identity.source == "insurer":
        registry.assign(identity, Person.objects.create(), "new")
        return _linked(identity, outcome="new")
    identity.state = LinkState.WAITING
    identity.save(update_fields=["state"])
    return LinkResult("waiting", None, "")


def _root(person: Person | None) -> Person:
    if person is None:
        raise ValueError("an identity without a person is no candidate")
    while person.merged_into_id:
        person = person.merged_into  # type: ignore[assignment]
    return person


def _linked(identity: Identity, outcome: Outcome = "linked") -> LinkResult:
    emit("linking.linked", identity_id=identity.pk, person_id=identity.person_id)
    return LinkResult(outcome, identity.person_id, identity.method, identity.weight)


def _ask(identity: Identity, other: Identity, pair: PairScore) -> Review:
    review, created = Review.objects.get_or_create(
        identity=identity,
        candidate=_root(other.person),
        defaults={
            "candidate_identity": other,
            "weight": pair.weight,
            "probability": pair.probability,
            "prior_weight": pair.prior_weight,
            "evidence": [
                {"field": e.field, "level": e.level, "weight": round(e.weight, 3), "note": e.note}
                for e in pair.evidence
            ],
            "flags": list(pair.flags),
        },
    )
    if created:
        record(
            "linking.review_asked",
            f"review:{review.pk}",
            payload={"identity": identity.pk, "candidate": review.candidate_id, "flags": list(pair.flags)},
        )
    return review


def apply_decision(review_id: int) -> LinkResult:
    """Carry out what the reviewer decided (engine; handler of `linking.decided`). Idempotent."""
    review = Review.objects.select_related("identity", "candidate").get(pk=review_id)
    identity = review.identity
    if review.state == Review.State.SAME:
        if identity.person_id is None:
            registry.assign(identity, _root(review.candidate), "review", review.weight)
            Review.objects.filter(identity=identity, state=Review.State.OPEN).update(
                state=Review.State.OVERTAKEN, decided_at=timezone.now()
            )
            return _linked(identity)
        return LinkResult("linked", identity.person_id, identity.method)
    if review.state == Review.State.DIFFERENT:
        NotSame.objects.get_or_create(
            identity=identity, person=review.candidate, defaults={"decided_by": review.decided_by or 0}
        )
        if (
            identity.person_id is None
            and not Review.objects.filter(identity=identity, state=Review.State.OPEN).exists()
        ):
            return link(identity.pk)
    return LinkResult("waiting", identity.person_id, "")

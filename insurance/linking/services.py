"""Which person does a description belong to? Exact identifiers first, then scored candidates.

The look-up (lookup.py) finds and scores; this service decides with it, keeps what was decided
(a no is sticky) and asks the reviewer where the score cannot tell. Everything here is the engine's work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db.models import F, Q, Sum
from django.utils import timezone

from audit import record
from insurance.intake.models import Settlement
from insurance.ledger.models import NeedAccount
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import PairScore, score
from matching.linkage.values import idnumber
from matching.linkage.values.normalise import is_masked_name
from outbox import emit
from people import index, registry
from people.models import Identity, LinkState, Person
from vault.index import blind

from . import finding, lookup, suggesting
from .lookup import Scored, as_record
from .models import NotSame, Review
from .stays import compared, stays

Outcome = Literal["linked", "review", "new", "waiting"]
ZERO = Decimal("0.00")
#: More doubtful people than this are not asked about at once: the best are.
REVIEWS_PER_IDENTITY = 5


@dataclass(frozen=True)
class LinkResult:
    """What became of a description: linked to person_id, or waiting for the reviewer, with the reason."""

    outcome: Outcome
    person_id: int | None
    method: str
    weight: float | None = None


def compare(left: Identity, right: Identity) -> PairScore:
    """Score two descriptions as they stand, without their bills. Who is meant is proven otherwise: the prior does not
    matter here, and the table that was believed before any training is asked."""
    return score(as_record(left), as_record(right))


def link(identity_id: int, *, amount: Decimal | None = None) -> LinkResult:
    """Link one description (engine only). Idempotent: a linked one stays as it is.

    accept: one person only, by ID number with a name that does not contradict, or by score; masked names never.
    clerical review: everything between, including one ID number with two names. Otherwise a new person —
    except for applications and campaigns, whose description alone makes nobody a person of the registry
    until it is proven or reviewed.
    amount: yuan that the caller knows to hang on the answer (a campaign's sum); bills are found here.
    """
    identity = Identity.objects.select_for_update(no_key=True).get(pk=identity_id)
    mine = record_of(identity)
    keys = lookup.keys_of(identity, mine)
    if identity.person_id:
        # A bill may tell of another hospital.
        _wake_waiting(identity, lookup.enter(identity, mine, keys))
        return LinkResult("linked", identity.person_id, identity.method, identity.weight)
    index.lock_keys(keys.all)
    lookup.enter(identity, mine, keys)
    asked_before = identity.state == LinkState.REVIEW

    scored = lookup.look_up(identity.pk, mine, keys)
    known = _told_apart(identity, {item.person_id for item in scored})
    scored = [item for item in scored if item.person_id not in known]
    found = lookup.judge(scored, is_masked_name(mine.name))
    if found.same is not None:
        pair = found.same.pair
        registry.assign(
            identity, registry.root(found.same.person_id), found.method, pair.weight,
            params=pair.version, prior_weight=pair.prior_weight, score=pair.kept,
        )  # fmt: skip
        suggesting.suggest(identity, scored)
        return _linked(identity, keys.kept, asked_before)
    if found.doubts:
        asked = [_ask(identity, item, amount).pk for item in found.doubts[:REVIEWS_PER_IDENTITY]]
        _overtake(identity, keep=asked)
        identity.state = LinkState.REVIEW
        identity.save(update_fields=["state"])
        return LinkResult("review", None, "review")
    if identity.source == "insurer":
        registry.assign(identity, Person.objects.create(), "new")
        return _linked(identity, keys.kept, asked_before, outcome="new")
    _overtake(identity)
    identity.state = LinkState.WAITING
    identity.save(update_fields=["state"])
    return LinkResult("waiting", None, "")


def _told_apart(identity: Identity, persons: set[int]) -> set[int]:
    """Of these persons those of whom a reviewer said that the very same description is not they: the same name, with the
    same ID number or telephone number, given by anybody."""
    if not persons or identity.name_blind is None:
        return set()
    same = Q(identity__id_blind=identity.id_blind) if identity.id_blind is not None else Q(pk__in=[])
    if identity.phone_blind is not None:
        same |= Q(identity__phone_blind=identity.phone_blind, identity__id_blind=identity.id_blind)
    told = NotSame.objects.filter(same, person_id__in=persons, identity__name_blind=identity.name_blind)
    return set(told.exclude(identity__person_id=F("person_id")).values_list("person_id", flat=True))


def record_of(identity: Identity) -> PersonRecord:
    """The engine's record of an identity; its ID number is read here, 15 digits as the 18 they stand for."""
    number = idnumber.parse(identity.id_number) if identity.id_number else None
    if number is not None:
        index = blind("people.id_number", number.id18)
        if not identity.id_valid or bytes(identity.id_blind or b"") != index:
            identity.id_valid, identity.id_blind = True, index
            identity.save(update_fields=["id_valid", "id_blind"])
    treated = stays([identity.pk]).get(identity.pk, ()) if identity.source == "insurer" else ()
    return as_record(identity, treated)


def _overtake(identity: Identity, keep: Iterable[int] = ()) -> None:
    asked = Review.objects.filter(identity=identity, kind=Review.Kind.LINK, state=Review.State.OPEN)
    asked.exclude(pk__in=list(keep)).update(state=Review.State.OVERTAKEN, decided_at=timezone.now())


def _linked(identity: Identity, keys: Sequence[int], asked: bool, outcome: Outcome = "linked") -> LinkResult:
    """Tell the other rooms; descriptions that waited for such a person are looked at again."""
    if asked:
        _overtake(identity)
    emit("linking.linked", identity_id=identity.pk, person_id=identity.person_id or 0)
    _wake_waiting(identity, keys)
    return LinkResult(outcome, identity.person_id, identity.method, identity.weight)


def _wake_waiting(identity: Identity, keys: Sequence[int]) -> None:
    if identity.source == "insurer":
        for waiting in index.waiting_ids(identity, keys):
            emit("linking.again", identity_id=waiting)


def stakes(identity: Identity, person_id: int) -> tuple[Decimal, Decimal]:
    """Yuan that hang on "is this identity that person?": (the identity's held bills, the person's open needs)."""
    held = (
        Settlement.objects.filter(identity_id=identity.pk, need_id=None)
        .exclude(status__in=[Settlement.Status.REVERSED, Settlement.Status.TWIN])
        .aggregate(sum=Sum("person_paid"))["sum"]
    )
    needs = NeedAccount.objects.filter(
        person_id=person_id, residual__gt=F("reserved") + F("committed") + F("paid")
    )
    still_open = needs.aggregate(sum=Sum(F("residual") - F("reserved") - F("committed") - F("paid")))["sum"]
    return held or ZERO, still_open or ZERO


def _ask(identity: Identity, item: Scored, amount: Decimal | None) -> Review:
    """Put the question to the reviewer, or bring an open one up to date. One that was decided stays decided,
    one that other evidence had settled opens again."""
    candidate = registry.root(item.person_id)
    held, still_open = stakes(identity, candidate.pk)
    held += amount or ZERO
    values: dict[str, Any] = {
        "candidate_identity_id": item.identity_id,
        **suggesting.evidence_of(item.pair),
        "stays": compared(item.pair, identity.source, item.record.source or ""),
        "held": held,
        "at_stake": held + still_open,
    }
    review, created = Review.objects.select_for_update(no_key=True).get_or_create(
        identity=identity, candidate=candidate, kind=Review.Kind.LINK, defaults=values
    )
    if created or review.state == Review.State.OVERTAKEN:
        record(
            "linking.review_asked",
            f"review:{review.pk}",
            payload={"identity": identity.pk, "candidate": candidate.pk, "flags": list(item.pair.flags)},
        )
    elif review.state != Review.State.OPEN:
        return review
    if not created:
        if amount is None and identity.source == "campaign":
            values["held"] = review.held
            values["at_stake"] = review.held + still_open
        for name, value in {**values, "state": Review.State.OPEN, "decided_at": None}.items():
            setattr(review, name, value)
        review.save()
    return review


def apply_decision(review_id: int) -> LinkResult:
    """Carry out what the reviewer decided (engine; handler of `linking.decided`). Idempotent."""
    review = Review.objects.select_related("candidate").get(pk=review_id)
    identity = Identity.objects.select_for_update(no_key=True).get(pk=review.identity_id)
    if review.state == Review.State.SAME:
        if identity.person_id is None:
            registry.assign(
                identity, registry.root(review.candidate_id), "review", review.weight,
                params=review.params, prior_weight=review.prior_weight, score=review.score,
            )  # fmt: skip
            mine = record_of(identity)
            keys = lookup.keys_of(identity, mine)
            suggesting.suggest(identity, lookup.look_up(identity.pk, mine, keys))
            return _linked(identity, keys.kept, asked=True)
        return LinkResult("linked", identity.person_id, identity.method)
    if review.state == Review.State.DIFFERENT:
        NotSame.objects.get_or_create(
            identity=identity, person=review.candidate, defaults={"decided_by": review.decided_by or 0}
        )
        if (
            identity.person_id is None
            and not Review.objects.filter(
                identity=identity, kind=Review.Kind.LINK, state=Review.State.OPEN
            ).exists()
        ):
            return link(identity.pk)
    return LinkResult("waiting", identity.person_id, "")


def need_changed(need_id: int) -> None:
    """Handler of `need.changed`: what hangs on open questions about this person is brought up to date."""
    person_id = NeedAccount.objects.values_list("person_id", flat=True).filter(pk=need_id).first()
    asked = Review.objects.filter(candidate_id=person_id, kind=Review.Kind.LINK, state=Review.State.OPEN)
    for review in asked.select_related("identity"):
        held, still_open = stakes(review.identity, review.candidate_id)
        if review.identity.source == "campaign":
            held = review.held
        Review.objects.filter(pk=review.pk, state=Review.State.OPEN).update(
            held=held, at_stake=held + still_open
        )


def described_anew(identity_id: int) -> None:
    """A source changed its description: a yes to the old one no longer answers for it. A no stays."""
    Review.objects.filter(
        identity_id=identity_id,
        kind__in=[Review.Kind.LINK, Review.Kind.AUTO],
        state__in=[Review.State.OPEN, Review.State.SAME],
    ).update(state=Review.State.OVERTAKEN, decided_at=timezone.now())


def read_anew(identity: Identity, *, contradicts: bool) -> None:
    """The words of a linked description were read by other rules (engine only): it is found by what it says now, its
    link stays. contradicts: its own words now contradict what was stated. Then, and where it does not fit its person
    any more, the answer that linked it is to be looked at once more."""
    mine = record_of(identity)
    keys = lookup.keys_of(identity, mine)
    index.leave(identity)
    lookup.enter(identity, mine, keys)
    others = Identity.objects.filter(person=identity.person).exclude(pk=identity.pk).order_by("pk")
    best = suggesting.best_pair([identity], others)
    if not contradicts and (best is None or best[2].outcome != "reject"):
        return
    review = finding.decided(identity) or finding.shown(identity)
    if review is None:
        return
    if finding.REREAD not in review.flags:
        review.flags = [*review.flags, finding.REREAD]
    review.again_at = timezone.now()
    if review.kind == Review.Kind.AUTO:
        review.decided_at = review.again_at  # among the decided ones, to be taken back there
    review.save(update_fields=["flags", "again_at", "decided_at"])
    record(
        "linking.contradicted",
        f"review:{review.pk}",
        also=[f"identity:{identity.pk}"],
        payload={"identity": identity.pk, "words": contradicts},
    )


def look_again(identity_id: int) -> LinkResult | None:
    """Handler of `linking.again`: somebody who could be this description's person has come."""
    identity = Identity.objects.filter(pk=identity_id, person=None).first()
    return link(identity_id) if identity is not None else None

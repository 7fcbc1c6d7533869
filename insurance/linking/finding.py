"""A reviewer asks for a link by a bill's or a person's number, or says that two persons are one: the engine's answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from audit import record
from insurance.intake.models import Settlement
from people import registry
from people.models import Identity, Person
from web.query import whole_number

from . import suggesting
from .models import LookUp, Review
from .stays import compared
from .suggesting import best_pair, evidence_of, open_of
from .words import OWN_FLAGS

#: Made by the engine without asking anybody. A description with the method "new" is its person's own first.
AUTOMATIC = ("exact_id", "score")
#: A linked appeal's words were read anew and say something else (words.OWN_FLAGS).
REREAD = "reread_contradicts"
AT_MOST = 20
#: So many look-ups a reviewer may ask for in an hour: for a complaint, not for walking through the registry.
AN_HOUR = 40


def answer(lookup_id: int) -> None:
    """Handler of `linking.asked`. Idempotent."""
    asked = LookUp.objects.select_for_update().get(pk=lookup_id)
    if asked.state != LookUp.State.WAITING:
        return
    found = [] if too_many(asked) else _find(asked)
    asked.reviews = [review.pk for review in found]
    asked.state = LookUp.State.FOUND if found else LookUp.State.NONE
    asked.save(update_fields=["reviews", "state"])
    record(
        "link.looked_up",
        f"lookup:{asked.pk}",
        payload={"kind": asked.kind, "reviews": asked.reviews, "asked_by": asked.asked_by},
    )


def too_many(asked: LookUp) -> bool:
    """Whether its reviewer has asked for more than an hour's look-ups by now. The desk says so before; here it holds."""
    since = asked.asked_at - timedelta(hours=1)
    return (
        LookUp.objects.filter(asked_by=asked.asked_by, asked_at__gt=since, pk__lt=asked.pk).count() >= AN_HOUR
    )


def _find(asked: LookUp) -> list[Review]:
    if asked.kind == LookUp.Kind.TWO:
        persons = [_person(asked.first), _person(asked.second)]
        if None in persons:
            return []
        review = suggesting.ask(persons[0] or 0, persons[1] or 0, by_hand=True)
        return [review] if review else []
    if asked.kind == LookUp.Kind.BILL:
        bills = Settlement.objects.filter(setl_id=asked.first, identity_id__isnull=False)
        wanted = Identity.objects.filter(pk__in=bills.values("identity_id"))
    else:
        person_id = _person(asked.first)
        wanted = Identity.objects.filter(person_id=person_id) if person_id else Identity.objects.none()
    return list(_reviews(wanted.filter(person__isnull=False).order_by("pk")[:AT_MOST]))


def _person(number: str) -> int | None:
    """The person of this number as the registry knows him now."""
    named = whole_number(number.strip())
    if named is None:
        return None
    try:
        return registry.root(named).pk
    except Person.DoesNotExist:
        return None


def _reviews(identities: Iterable[Identity]) -> Iterable[Review]:
    for identity in identities:
        review = shown(identity) if identity.method in AUTOMATIC else decided(identity)
        if review is not None:
            yield review


def decided(identity: Identity) -> Review | None:
    """The question whose answer made this link, if a reviewer made it."""
    asked = Review.objects.filter(identity=identity, kind=Review.Kind.LINK, state=Review.State.SAME)
    return asked.order_by("-decided_at").first()


def shown(identity: Identity) -> Review | None:
    """An automatic link as a review that can be undone: why it was made, by the best pair as it stands now.

    None when its person has no other description: there is nothing from which it could be taken away.
    """
    person = identity.person
    assert person is not None
    found = best_pair(
        [identity], Identity.objects.filter(person=person).exclude(pk=identity.pk).order_by("pk")
    )
    if found is None:
        return None
    _mine, other, pair = found
    values = {
        **evidence_of(pair),
        "candidate_identity": other,
        "stays": compared(pair, identity.source, other.source),
        "at_stake": open_of(person.pk),
    }
    review, created = Review.objects.get_or_create(
        identity=identity,
        candidate=person,
        kind=Review.Kind.AUTO,
        defaults={**values, "state": Review.State.SAME},
    )
    if not created and not review.undo_second:
        values["flags"] = [*values["flags"], *(flag for flag in review.flags if flag in OWN_FLAGS)]
        for name, value in values.items():
            setattr(review, name, value)
        if review.state != Review.State.SAME:  # linked to him anew since
            review.state, review.undo_asked_at, review.undo_asked_by = Review.State.SAME, None, None
            review.undo_seconded_at = review.undo_seconded_by = review.undo_seconded_yes = None
        review.save()
    return review

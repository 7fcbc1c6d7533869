"""The reviewer's desk: the queue, one pair, the answer, and asking for an undo. Runs in the reviewer's own scope;
what follows from an answer is the engine's work (outbox)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import record
from outbox import emit
from people.models import Source
from scope import Actor

from . import passages, words
from .finding import AN_HOUR
from .models import LookUp, Review
from .pair import Pair, labels, pair
from .undo import REFUSALS, SECONDS

DECIDED = (Review.State.SAME, Review.State.DIFFERENT, Review.State.UNDONE, Review.State.REFUSED)
ASKED = (Review.Kind.LINK, Review.Kind.MERGE)
ANSWERS = {"same": Review.State.SAME, "different": Review.State.DIFFERENT}


class AlreadyDecidedError(Exception):
    """A colleague was faster, or other evidence settled the question."""


class OwnDecisionError(Exception):
    """The second answer is another person's than the first."""


class TooManyError(Exception):
    """An hour's look-ups are used up."""


class UndoError(Exception):
    """Nothing to undo here: not decided, or asked for already."""


@dataclass(frozen=True)
class QueueRow:
    """A question without anything personal: sources, what is odd, how likely, what hangs on it (yuan)."""

    id: int
    sources: tuple[str, str]
    flags: tuple[str, ...]
    probability: float
    held: Decimal
    at_stake: Decimal
    asked_at: datetime
    postponed: bool
    state: str
    state_label: str
    decided_at: datetime | None
    undo_asked: bool
    undo_refused: tuple[str, ...]
    may_undo: bool
    kind: str
    kind_label: str
    refused: tuple[str, ...]
    waits: str  # "" | decision | undo: what a second person has to agree to
    why_second: tuple[str, ...]
    first_by: int | None


@dataclass(frozen=True)
class Told:
    """A field that a source told in free text, with the words around it. state: used | stated | contradicts."""

    label: str
    where: str
    passage: passages.Passage
    state: str


@dataclass(frozen=True)
class Page:
    """One question: its pair, its place in the queue and the next one's id. blind: without any score.

    open_now, open_if_same: what is still open of the candidate's needs, now and after a yes (yuan): a bill adds to
    it, a campaign takes from it.
    """

    row: QueueRow
    pair: Pair
    note: str
    open_now: Decimal
    open_if_same: Decimal
    position: int
    count: int
    next_id: int | None
    previous_id: int | None
    persons: tuple[tuple[str, int], ...]
    reason: str
    blind: bool
    told: tuple[Told, ...]

    @property
    def contradicts(self) -> tuple[str, ...]:
        """The fields of which a source's words say something else than it states."""
        return tuple(one.label for one in self.told if one.state == "contradicts")


@dataclass(frozen=True)
class Waiting:
    count: int
    at_stake: Decimal


def _row(review: Review) -> QueueRow:
    return QueueRow(
        id=review.pk,
        sources=(
            str(Source(review.candidate_identity.source).label),
            str(Source(review.identity.source).label),
        ),
        flags=tuple(words.flag(flag) for flag in review.flags),
        probability=review.probability,
        held=review.held,
        at_stake=review.at_stake,
        asked_at=review.created_at,
        postponed=review.postponed_at is not None,
        state=review.state,
        state_label=str(Review.State(review.state).label),
        decided_at=review.decided_at,
        undo_asked=review.undo_asked_at is not None,
        undo_refused=tuple(str(REFUSALS.get(reason, reason)) for reason in review.undo_refused),
        may_undo=review.state in {Review.State.SAME, Review.State.DIFFERENT}
        and review.undo_asked_at is None
        and review.kind != Review.Kind.SAMPLE,
        kind=review.kind,
        kind_label=str(Review.Kind(review.kind).label),
        refused=tuple(str(REFUSALS.get(reason, reason)) for reason in review.refused),
        waits=_waits(review),
        why_second=tuple(str(SECONDS.get(reason, reason)) for reason in review.why_second),
        first_by=review.decided_by if review.state == Review.State.SECOND else review.undo_asked_by,
    )


def _waits(review: Review) -> str:
    if review.state == Review.State.SECOND and review.seconded_by is None:
        return "decision"
    return "undo" if review.undo_second and review.undo_seconded_by is None else ""


def open_reviews() -> QuerySet[Review]:
    """Value at stake first; what was put aside comes last."""
    return (
        Review.objects.filter(state=Review.State.OPEN, kind__in=ASKED)
        .select_related("identity", "candidate_identity")
        .order_by(F("postponed_at").asc(nulls_first=True), "-at_stake", "pk")
    )


def open_samples() -> QuerySet[Review]:
    """Decisions of the engine that are to be judged blind, in the order in which they were drawn."""
    return (
        Review.objects.filter(state=Review.State.OPEN, kind=Review.Kind.SAMPLE)
        .select_related("identity", "candidate_identity")
        .order_by(F("postponed_at").asc(nulls_first=True), "pk")
    )


def for_a_second() -> QuerySet[Review]:
    """What waits for a second person, most money first."""
    return (
        Review.objects.filter(
            Q(state=Review.State.SECOND, seconded_by=None) | Q(undo_second=True, undo_seconded_by=None)
        )
        .select_related("identity", "candidate_identity")
        .order_by("-at_stake", "pk")
    )


def next_after(review_id: int) -> int | None:
    """The question that follows this one in its queue, the first one after the last; None when it was alone."""
    for queue in (open_reviews(), open_samples()):
        order = list(queue.values_list("pk", flat=True))
        if review_id in order:
            place = order.index(review_id)
            return next(iter([*order[place + 1 :], *order[:place]]), None)
    return open_reviews().values_list("pk", flat=True).first()


def decided_reviews() -> QuerySet[Review]:
    return (
        Review.objects.filter(state__in=DECIDED)
        .exclude(kind=Review.Kind.SAMPLE)
        .exclude(kind=Review.Kind.AUTO, state=Review.State.SAME, decided_at=None)
        .select_related("identity", "candidate_identity")
        .order_by(F("decided_at").desc(nulls_last=True), "-pk")
    )


def rows(reviews: Sequence[Review]) -> list[QueueRow]:
    return [_row(review) for review in reviews]


def waiting() -> Waiting:
    found = Review.objects.filter(state=Review.State.OPEN, kind__in=ASKED)
    return Waiting(found.count(), found.aggregate(sum=Sum("at_stake"))["sum"] or Decimal("0.00"))


def done_today(actor: Actor) -> int:
    """How many questions and samples the reviewer has answered today."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Review.objects.filter(decided_by=actor.user_id, decided_at__gte=midnight).count()


def page(actor: Actor, review_id: int) -> Page:
    """Both sides of a question, masked. The view is recorded first. Raises Review.DoesNotExist."""
    review = Review.objects.select_related("identity__organisation", "candidate_identity__organisation").get(
        pk=review_id
    )
    told = _told(review)
    record(
        "link.viewed",
        f"review:{review.pk}",
        also=[
            f"identity:{review.identity_id}",
            f"identity:{review.candidate_identity_id}",
            f"person:{review.candidate_id}",
            *([f"person:{review.other_id}"] if review.other_id else []),
        ],
        payload={"fields": "masked", "passages": len(told)},
        actor=actor,
    )
    blind = review.kind == Review.Kind.SAMPLE and review.state == Review.State.OPEN
    queue = open_samples() if review.kind == Review.Kind.SAMPLE else open_reviews()
    order = list(queue.values_list("pk", flat=True))
    place = order.index(review.pk) if review.pk in order else -1
    still_open = review.at_stake - review.held
    change = -review.held if review.identity.source == Source.CAMPAIGN else review.held
    if review.kind != Review.Kind.LINK:
        still_open, change = review.at_stake, Decimal("0.00")
    others = [pk for pk in order[place + 1 :] + order[: max(place, 0)] if pk != review.pk]
    return Page(
        row=_row(review),
        pair=pair(review),
        note=review.note or "",
        open_now=still_open,
        open_if_same=max(Decimal("0.00"), still_open + change),
        position=place + 1,
        count=len(order),
        next_id=others[0] if others and place >= 0 else None,
        previous_id=order[place - 1] if place > 0 else None,
        persons=_persons(review),
        reason=review.undo_reason or "",
        blind=blind,
        told=told,
    )


def _told(review: Review) -> tuple[Told, ...]:
    """What was read in a source's free text, in the order of the pair's rows."""
    named = labels()
    fields = {**named, "age": _("年龄"), "birth_year": _("出生年份")}
    wheres = {"title": _("标题"), "story": _("求助正文")}
    order = ("name", "age", "birth_date", "birth_year", "sex", "area", "hospital", "disease")
    found = [
        one
        for identity in (review.candidate_identity, review.identity)
        for one in passages.of(identity.source, identity.pk)
    ]
    return tuple(
        Told(
            fields.get(one.field, one.field),
            wheres.get(one.where, one.where),
            one,
            "contradicts" if one.contradicts else "used" if one.used else "stated",
        )
        for one in sorted(found, key=lambda one: order.index(one.field) if one.field in order else len(order))
    )


def _persons(review: Review) -> tuple[tuple[str, int], ...]:
    """The numbers of the persons concerned, by which a link is found or two are said to be one."""
    absorbed = review.other_id or review.identity.person_id
    first = ((_("甲"), review.candidate_id),)
    return first if absorbed in (None, review.candidate_id) else (*first, (_("乙"), int(absorbed or 0)))


def decide(actor: Actor, review_id: int, answer: str, note: str = "") -> None:
    """answer: same | different. Once only: raises AlreadyDecidedError when the question is not open any more.

    Records the decision and emits `linking.decided`; the engine links or remembers the no.
    """
    now = timezone.now()
    changed = Review.objects.filter(pk=review_id, state=Review.State.OPEN).update(
        state=ANSWERS[answer], decided_at=now, decided_by=actor.user_id, note=note[:200] or None
    )
    if not changed:
        raise AlreadyDecidedError
    record(
        "link.decided", f"review:{review_id}", payload={"answer": answer, "noted": bool(note)}, actor=actor
    )
    emit("linking.decided", review_id=review_id)


def postpone(actor: Actor, review_id: int, note: str = "") -> None:
    """It cannot be told yet: the question stays open, behind all others. Raises AlreadyDecidedError."""
    changed = Review.objects.filter(pk=review_id, state=Review.State.OPEN).update(
        postponed_at=timezone.now(), note=note[:200] or None
    )
    if not changed:
        raise AlreadyDecidedError
    record("link.postponed", f"review:{review_id}", payload={"noted": bool(note)}, actor=actor)


def ask_undo(actor: Actor, review_id: int, reason: str) -> None:
    """Ask the engine to take a decision back; emits `linking.undo_requested`. Raises UndoError.

    The answer to a sample decides nothing: the link that it is about is taken back where it was made.
    """
    decided = Review.objects.filter(state__in=[Review.State.SAME, Review.State.DIFFERENT], undo_asked_at=None)
    changed = (
        decided.filter(pk=review_id)
        .exclude(kind=Review.Kind.SAMPLE)
        .update(
            undo_asked_at=timezone.now(),
            undo_asked_by=actor.user_id,
            undo_reason=reason[:200] or None,
            undo_refused=[],
        )
    )
    if not changed:
        raise UndoError
    record("link.undo_asked", f"review:{review_id}", payload={"reason_given": bool(reason)}, actor=actor)
    emit("linking.undo_requested", review_id=review_id)


def second(actor: Actor, review_id: int, yes: bool) -> None:
    """The second person's answer to what a colleague decided; the engine carries it out, or opens it again.

    Raises OwnDecisionError for the colleague himself, AlreadyDecidedError when nothing waits for a second answer.
    """
    _second(actor, review_id, yes, "decided_by", {"state": Review.State.SECOND}, "seconded")
    emit("linking.seconded", review_id=review_id)


def second_undo(actor: Actor, review_id: int, yes: bool) -> None:
    """second(), of an undo that a colleague asked for."""
    _second(actor, review_id, yes, "undo_asked_by", {"undo_second": True}, "undo_seconded")
    emit("linking.undo_seconded", review_id=review_id)


def _second(
    actor: Actor, review_id: int, yes: bool, first: str, waiting_for: dict[str, object], prefix: str
) -> None:
    found = Review.objects.filter(pk=review_id, **waiting_for, **{f"{prefix}_by": None}).first()
    if found is None:
        raise AlreadyDecidedError
    if getattr(found, first) == actor.user_id:
        raise OwnDecisionError
    changed = Review.objects.filter(pk=review_id, **waiting_for, **{f"{prefix}_by": None}).update(
        **{f"{prefix}_by": actor.user_id, f"{prefix}_at": timezone.now(), f"{prefix}_yes": yes}
    )
    if not changed:
        raise AlreadyDecidedError
    record(f"link.{prefix}", f"review:{review_id}", payload={"yes": yes}, actor=actor)


def look_up(actor: Actor, kind: str, first: str, second: str = "") -> LookUp:
    """Ask the engine for a link by number, or say that two persons are one; `linking.asked` wakes it.

    Raises TooManyError after AN_HOUR look-ups of an hour.
    """
    since = timezone.now() - timedelta(hours=1)
    if LookUp.objects.filter(asked_by=actor.user_id or 0, asked_at__gt=since).count() >= AN_HOUR:
        raise TooManyError
    asked = LookUp.objects.create(
        kind=kind, first=first.strip()[:64], second=second.strip()[:64], asked_by=actor.user_id or 0
    )
    record("link.asked_for", f"lookup:{asked.pk}", payload={"kind": kind}, actor=actor)
    emit("linking.asked", lookup_id=asked.pk)
    return asked

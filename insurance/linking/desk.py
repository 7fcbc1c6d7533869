"""The reviewer's desk: the queue, one pair, the answer, and asking for an undo. Runs in the reviewer's own scope;
what follows from an answer is the engine's work (outbox)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from audit import record
from outbox import emit
from people.models import Source
from scope import Actor

from . import passages, queues, waiting, words
from .finding import AN_HOUR
from .models import LookUp, Review
from .pair import Pair, labels, pair
from .undo import REFUSALS, SECONDS, SLIP

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
    mine: bool  # the reader decided it, or asked for the undo
    declined: str  # "" | decision | undo: what a second person did not agree to, last
    declined_mine: bool  # and it was the reader's
    again: bool  # should be looked at once more


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
    moves: tuple[waiting.Line, ...] = ()
    money_moved: str = ""
    will_wait: tuple[str, ...] = ()  # why a yes would take a second person, as it stands now
    steps: tuple[waiting.Step, ...] = ()
    slip: bool = False  # decided by the reader within the minute: taken back without a reason

    @property
    def contradicts(self) -> tuple[str, ...]:
        """The fields of which a source's words say something else than it states."""
        return tuple(one.label for one in self.told if one.state == "contradicts")


def _row(actor: Actor, review: Review) -> QueueRow:
    first_by = review.decided_by if review.state == Review.State.SECOND else review.undo_asked_by
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
        why_second=_seconds(review.why_second),
        mine=first_by is not None and first_by == actor.user_id,
        declined=review.declined_what if review.declined_at else "",
        declined_mine=review.declined_first is not None and review.declined_first == actor.user_id,
        again=_again(review),
    )


def _again(review: Review) -> bool:
    """queues.AGAIN, of one."""
    if review.again_at is None or review.state != Review.State.SAME:
        return False
    return review.again_seen_at is None or review.again_seen_at < review.again_at


def _waits(review: Review) -> str:
    if review.state == Review.State.SECOND and review.seconded_by is None:
        return "decision"
    return "undo" if review.undo_second and review.undo_seconded_by is None else ""


def done_today(actor: Actor) -> int:
    """How many questions and samples the reviewer has answered today."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Review.objects.filter(decided_by=actor.user_id, decided_at__gte=midnight).count()


def rows(actor: Actor, reviews: Sequence[Review]) -> list[QueueRow]:
    return [_row(actor, review) for review in reviews]


def page(actor: Actor, review_id: int, wanted: queues.Wanted = queues.ALL) -> Page:
    """Both sides of a question, masked. The view is recorded first. Raises Review.DoesNotExist.

    wanted: of which narrowed queue the neighbours are told.
    """
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
    order = queues.order_of(review, wanted)
    place = order.index(review.pk) if review.pk in order else -1
    still_open = review.at_stake - review.held
    change = -review.held if review.identity.source == Source.CAMPAIGN else review.held
    if review.kind != Review.Kind.LINK:
        still_open, change = review.at_stake, Decimal("0.00")
    others = [pk for pk in order[place + 1 :] + order[: max(place, 0)] if pk != review.pk]
    row = _row(actor, review)
    merge = review.kind == Review.Kind.MERGE
    asks = merge and review.state in {Review.State.OPEN, Review.State.SECOND}
    return Page(
        row=row,
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
        moves=waiting.lines(review.moves, merge=merge) if asks or row.waits else (),
        money_moved=waiting.money_moved(review.moves) if asks else "",
        will_wait=_seconds(review.moves.get("why", [])) if review.state == Review.State.OPEN else (),
        steps=() if blind else waiting.steps(actor, review),
        slip=row.may_undo and slipped(actor, review),
    )


def _seconds(why: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(SECONDS.get(reason, reason)) for reason in why)


def slipped(actor: Actor, review: Review) -> bool:
    """Whether the reader decided this within the last minute."""
    own = review.decided_by is not None and review.decided_by == actor.user_id
    return own and review.decided_at is not None and timezone.now() - review.decided_at <= SLIP


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


@dataclass(frozen=True)
class Answered:
    """A decision as it was written down. waits: why it is carried out only after a second person agreed."""

    waits: tuple[str, ...] = field(default=())
    money_moved: str = ""


def decide(actor: Actor, review_id: int, answer: str, note: str = "") -> Answered:
    """answer: same | different. Once only: raises AlreadyDecidedError when the question is not open any more.

    Records the decision and emits `linking.decided`; the engine links or remembers the no, or waits for a second
    person: what is told of that here is what the engine last wrote on the review; what holds is what it finds then.
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
    review = Review.objects.only("kind", "moves").get(pk=review_id)
    if answer != "same" or review.kind != Review.Kind.MERGE:
        return Answered()
    why = review.moves.get("why", [])
    return Answered(_seconds(why), waiting.money_moved(review.moves) if "money" in why else "")


def take_back(actor: Actor, review_id: int) -> None:
    """What waits for a second person, or the wish to undo it, is taken back by who said it; nobody has answered yet.

    A decision's question is open again; an undo is as if it had not been asked for. Raises AlreadyDecidedError.
    """
    mine = Review.objects.filter(pk=review_id, decided_by=actor.user_id or 0)
    waits = mine.filter(state=Review.State.SECOND, seconded_by=None)
    what = "decision"
    if not waits.update(state=Review.State.OPEN, decided_at=None, decided_by=None):
        what = "undo"
        asked = Review.objects.filter(pk=review_id, undo_asked_by=actor.user_id or 0)
        asked = asked.filter(undo_second=True, undo_seconded_by=None)
        if not asked.update(undo_asked_at=None, undo_asked_by=None, undo_reason=None):
            raise AlreadyDecidedError
    record("link.taken_back", f"review:{review_id}", payload={"what": what}, actor=actor)


def look_again(actor: Actor, review_id: int) -> None:
    """What came up against a yes was looked at, and the yes stays. Raises AlreadyDecidedError when nothing is to see."""
    found = Review.objects.filter(queues.AGAIN, pk=review_id)
    if not found.update(again_seen_at=timezone.now(), again_seen_by=actor.user_id):
        raise AlreadyDecidedError
    record("link.looked_again", f"review:{review_id}", actor=actor)


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


def second(actor: Actor, review_id: int, yes: bool, note: str = "") -> None:
    """The second person's answer to what a colleague decided; the engine carries it out, or opens it again.

    note: why; who does not agree says it. Raises OwnDecisionError for the colleague himself, AlreadyDecidedError when
    nothing waits for a second answer.
    """
    _second(actor, review_id, yes, note, "decided_by", {"state": Review.State.SECOND}, "seconded")
    emit("linking.seconded", review_id=review_id)


def second_undo(actor: Actor, review_id: int, yes: bool, note: str = "") -> None:
    """second(), of an undo that a colleague asked for."""
    _second(actor, review_id, yes, note, "undo_asked_by", {"undo_second": True}, "undo_seconded")
    emit("linking.undo_seconded", review_id=review_id)


def _second(
    actor: Actor,
    review_id: int,
    yes: bool,
    note: str,
    first: str,
    waiting_for: dict[str, object],
    prefix: str,
) -> None:
    found = Review.objects.filter(pk=review_id, **waiting_for, **{f"{prefix}_by": None}).first()
    if found is None:
        raise AlreadyDecidedError
    if getattr(found, first) == actor.user_id:
        raise OwnDecisionError
    changed = Review.objects.filter(pk=review_id, **waiting_for, **{f"{prefix}_by": None}).update(
        **{f"{prefix}_by": actor.user_id, f"{prefix}_at": timezone.now(), f"{prefix}_yes": yes},
        second_note=note[:200] or None,
    )
    if not changed:
        raise AlreadyDecidedError
    record(f"link.{prefix}", f"review:{review_id}", payload={"yes": yes, "noted": bool(note)}, actor=actor)


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

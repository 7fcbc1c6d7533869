"""A wrong link is taken back while no money moved: the description's bills go with it to a person of their own.

What cannot be undone here is refused with reasons: aid that is reserved, committed or paid against a need of these
bills has to be released first. The engine's work; the reviewer asks for it on the desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import record
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, EntryKind, Layer, NeedAccount
from outbox import emit
from people import registry
from people.models import Identity, Person
from scope import Actor

from .models import NotSame, Review
from .services import link

ZERO = Decimal("0.00")

#: Why a link is not undone, as the reviewer reads it.
REFUSALS = {
    "not_linked": _("这条记录现在没有认定给任何人。"),
    "no_wrong_link": _("这条记录是自己建的人，没有认错。"),
    "aid_reserved": _("这笔费用上已经预留了救助款，要先释放预留。"),
    "aid_committed": _("这笔费用上已经批准了救助款，要先取消。"),
    "aid_paid": _("这笔费用上已经付过救助款，要第二人确认后处理。"),
    "linked_elsewhere": _("这条记录已经认定给别人，不能直接重开。"),
    "not_decided": _("这一件还没有决定，不用撤回。"),
}


@dataclass(frozen=True)
class UndoResult:
    """person_id: whom the description belongs to now (None: it waits). reasons: keys of REFUSALS, empty if done."""

    done: bool
    person_id: int | None
    reasons: tuple[str, ...] = ()


class _RefusedError(Exception):
    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


def undo(actor: Actor, identity_id: int, reason: str) -> UndoResult:
    """Take an identity away from its person (engine only).

    Bills of an insurer's description go to a new person and needs of the same episodes, with their residuals, by
    ledger entries; an application or campaign waits again. The no is sticky. What its sender's tokens proved is void
    (`people.representation_revoked` (account_id, person_id)). Emits `linking.unlinked`
    (identity_id, person_id) and `need.changed`. Refused, with nothing changed, once aid stands against the needs.
    """
    identity = Identity.objects.select_for_update(no_key=True).get(pk=identity_id)
    if identity.person_id is None:
        return UndoResult(False, None, ("not_linked",))
    wrong_id = identity.person_id
    if identity.method == "new":
        return UndoResult(False, identity.person_id, ("no_wrong_link",))
    try:
        with transaction.atomic():
            return _undo(actor, identity, reason)
    except _RefusedError as refused:
        record(
            "linking.undo_refused",
            f"identity:{identity.pk}",
            payload={"reasons": list(refused.reasons), "asked_by": actor.label},
        )
        return UndoResult(False, wrong_id, refused.reasons)


def _undo(actor: Actor, identity: Identity, reason: str) -> UndoResult:
    wrong = identity.person
    assert wrong is not None
    entry = record(
        "linking.undone",
        f"person:{wrong.pk}",
        payload={"identity": identity.pk, "asked_by": actor.label, "reason_length": len(reason)},
    )
    bills = list(
        Settlement.objects.select_for_update(no_key=True)
        .filter(identity_id=identity.pk, person_id=wrong.pk)
        .order_by("pk")
    )
    changed: set[int] = set()
    registry.release(identity)
    NotSame.objects.get_or_create(
        identity=identity, person=wrong, defaults={"decided_by": actor.user_id or 0}
    )
    if identity.source == "insurer":
        right = Person.objects.create()
        changed = _move_bills(bills, right, entry)
        registry.assign(identity, right, "new")
        _void_invitations(identity, wrong)
    elif identity.source == "application":
        _refuse_charity_aid(wrong, entry)
    emit("linking.unlinked", identity_id=identity.pk, person_id=wrong.pk)
    for need_id in sorted(changed):
        emit("need.changed", need_id=need_id)
    _ask_again(identity, wrong)
    if identity.person_id is None:
        emit("linking.again", identity_id=identity.pk)
    return UndoResult(True, identity.person_id)


def _move_bills(bills: list[Settlement], right: Person, entry: int) -> set[int]:
    """Each bill's residual from its need to the right person's need of the same episode, in one posting.

    The postings lock the needs; only then is it certain that no aid stands against them.
    """
    needs = {
        need.pk: need for need in NeedAccount.objects.filter(pk__in={b.need_id for b in bills if b.need_id})
    }
    target = {pk: ledger.need_for(right.pk, need.episode).pk for pk, need in needs.items()}
    for old in sorted(needs):
        mine = [bill.pk for bill in bills if bill.need_id == old]
        ledger.move_need(
            old,
            target[old],
            f"undo:{entry}",
            EntryKind.UNMERGE,
            causes={f"settlement:{pk}" for pk in mine},
            bills=mine,
        )
    _refuse_aid(needs)
    for bill in bills:
        bill.person_id = right.pk
        if bill.need_id is not None:
            bill.need_id = target[bill.need_id]
        bill.save(update_fields=["person_id", "need_id", "updated_at"])
    return set(target) | set(target.values())


def _refuse_aid(needs: dict[int, NeedAccount]) -> None:
    reasons = []
    positions = [ledger.need_position(pk) for pk in needs]
    for name in ("reserved", "committed", "paid"):
        if any(getattr(position, name) for position in positions):
            reasons.append(f"aid_{name}")
    if reasons:
        raise _RefusedError(tuple(reasons))


def _void_invitations(identity: Identity, wrong: Person) -> None:
    """Whom this sender invited, it invited for the wrong person, unless another description of its own is his."""
    sender = identity.organisation_id
    if sender is None or Identity.objects.filter(person=wrong, organisation_id=sender).exists():
        return
    for account_id in registry.revoke_proofs(wrong.pk, sender):
        emit("people.representation_revoked", account_id=account_id, person_id=wrong.pk)


def _refuse_charity_aid(person: Person, entry: int) -> None:
    """An application opened the person's needs to charities: what they promised there has to be released first.

    Postings of nothing lock the needs, so that no promise is made between the look and the commit.
    """
    needs = list(NeedAccount.objects.filter(person_id=person.pk).order_by("pk").values_list("pk", flat=True))
    Entry.objects.bulk_create(
        [
            Entry(
                need_id=pk,
                kind=EntryKind.UNMERGE,
                layer=Layer.STATUTORY,
                reference=f"undo:{entry}:need:{pk}",
            )
            for pk in needs
        ]
    )
    given = Entry.objects.filter(need_id__in=needs, fund__isnull=False).aggregate(
        reserved=Sum("d_reserved"), committed=Sum("d_committed"), paid=Sum("d_paid")
    )
    reasons = tuple(f"aid_{name}" for name, yuan in given.items() if yuan)
    if reasons:
        raise _RefusedError(reasons)


def _ask_again(identity: Identity, wrong: Person) -> None:
    """Questions that were asked because of the wrong link are void; their descriptions are looked at again."""
    for review in Review.objects.filter(
        candidate=wrong, candidate_identity=identity, state=Review.State.OPEN
    ).select_for_update(no_key=True):
        review.state = Review.State.OVERTAKEN
        review.decided_at = timezone.now()
        review.save(update_fields=["state", "decided_at"])
        emit("linking.again", identity_id=review.identity_id)


def _reopen(actor: Actor, review: Review) -> UndoResult:
    """Take a no back: the question is open again, as long as the description belongs to nobody."""
    if review.identity.person_id is not None:
        return UndoResult(False, review.identity.person_id, ("linked_elsewhere",))
    NotSame.objects.filter(identity=review.identity, person=review.candidate).delete()
    review.state = Review.State.OVERTAKEN
    record("linking.reopened", f"review:{review.pk}", payload={"asked_by": actor.label})
    return UndoResult(True, None)


def carry_out(review_id: int) -> UndoResult:
    """Handler of `linking.undo_requested`: undo what this review decided. Idempotent."""
    review = Review.objects.select_for_update(no_key=True).select_related("identity").get(pk=review_id)
    actor = Actor("staff", user_id=review.undo_asked_by)
    if review.undo_asked_at is None or review.state not in {Review.State.SAME, Review.State.DIFFERENT}:
        return UndoResult(False, review.identity.person_id, ("not_decided",))
    was_no = review.state == Review.State.DIFFERENT
    if was_no:
        result = _reopen(actor, review)
    elif review.identity.person_id != review.candidate_id:
        result = UndoResult(False, review.identity.person_id, ("not_linked",))
    else:
        result = undo(actor, review.identity_id, review.undo_reason or "")
        if result.done:
            review.state = Review.State.UNDONE
    review.undo_refused = list(result.reasons)
    if not result.done:
        review.undo_asked_at = None
    review.save(update_fields=["state", "undo_refused", "undo_asked_at"])
    if was_no and result.done:
        link(review.identity_id)
    return result

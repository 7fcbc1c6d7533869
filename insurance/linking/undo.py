"""A wrong link is taken back: the description's bills go with it to a person of their own.

Once aid is reserved, committed or paid against a need of these bills a second person has to agree; the aid stays where
it was given, and what is then above the residual opens a recovery case. What cannot be undone is refused with reasons.
The engine's work; the reviewer asks for it on the desk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import record
from insurance.intake.models import Settlement
from insurance.ledger import recovery
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, EntryKind, NeedAccount, RecoveryCase
from outbox import emit
from people import registry
from people.models import Identity, Person
from scope import Actor

from . import merging, moves, suggesting
from .merging import RefusedError, SecondError
from .models import NotSame, Review
from .services import link

#: Why a link is not undone, as the reviewer reads it.
REFUSALS = {
    "not_linked": _("这条记录现在没有认定给任何人。"),
    "no_wrong_link": _("这条记录是自己建的人，没有认错。"),
    "aid_reserved": _("慈善组织已经为这个人预留了救助款，要先释放预留。"),
    "aid_committed": _("慈善组织已经为这个人批准了救助款，要先取消。"),
    "aid_paid": _("慈善组织已经付过救助款，款项追不回原处；已另开追款。"),
    "aid_across": _("有一笔救助款只为其中一张结算单批的，两边分不开；要先取消那笔救助。"),
    "linked_elsewhere": _("这条记录已经认定给别人，不能直接重开。"),
    "not_decided": _("这一件还没有决定，不用撤回。"),
    "merged_already": _("其中一个人已经并入别人，请按现在的编号再提。"),
    "merged_on": _("合并后的人又并入了别人，要先拆开后一次合并。"),
    "not_merged": _("这两个人现在没有合并在一起。"),
    "said_different": _("以前核对过这两个人不是同一人；要合并，先撤回那个决定。"),
    "second_said_no": _("第二人不同意。"),
}
#: Taken back so soon and without a reason by who decided, it was a slip: the question is open again, no answer stands.
SLIP = timedelta(seconds=60)
#: Why a second person has to agree.
SECONDS = {
    "money": _("已经动过救助款"),
    "numbers": _("两边的有效证件号不同"),
    "accounts": _("两边由不同的家属证明过"),
}


@dataclass(frozen=True)
class UndoResult:
    """person_id: whom the description belongs to now (None: it waits). reasons: keys of REFUSALS, empty if done."""

    done: bool
    person_id: int | None
    reasons: tuple[str, ...] = ()


def undo(actor: Actor, identity_id: int, reason: str, *, seconded_by: int | None = None) -> UndoResult:
    """Take an identity away from its person (engine only).

    Bills of an insurer's description go to a new person and needs of the same episodes, with their residuals, by
    ledger entries; an application or campaign waits again. The no is sticky. What its sender's tokens proved is void
    (`people.representation_revoked` (account_id, person_id)). Emits `linking.unlinked`
    (identity_id, person_id) and `need.changed`. Raises SecondError, with nothing changed, once aid stands against
    the needs and nobody but the actor has agreed.
    """
    identity = Identity.objects.select_for_update(no_key=True).get(pk=identity_id)
    if identity.person_id is None:
        return UndoResult(False, None, ("not_linked",))
    wrong_id = identity.person_id
    if identity.method == "new":
        return UndoResult(False, identity.person_id, ("no_wrong_link",))
    try:
        with transaction.atomic():
            return _undo(actor, identity, reason, seconded_by)
    except RefusedError as refused:
        entry = record(
            "linking.undo_refused",
            f"identity:{identity.pk}",
            payload={"reasons": list(refused.reasons), "asked_by": actor.label},
        )
        if "aid_paid" in refused.reasons:
            _recover(wrong_id, entry)
        return UndoResult(False, wrong_id, refused.reasons)


def _undo(actor: Actor, identity: Identity, reason: str, seconded_by: int | None) -> UndoResult:
    wrong = identity.person
    assert wrong is not None
    entry = record(
        "linking.undone",
        f"person:{wrong.pk}",
        payload={"identity": identity.pk, "asked_by": actor.label, "reason_length": len(reason)}
        | ({"seconded_by": seconded_by} if seconded_by else {}),
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
        changed = _move_bills(bills, right, entry, seconded_by)
        registry.assign(identity, right, "new")
        _void_invitations(identity, wrong)
    else:
        _mind_charity_aid(identity, wrong, seconded_by)
    emit("linking.unlinked", identity_id=identity.pk, person_id=wrong.pk)
    for need_id in sorted(changed):
        emit("need.changed", need_id=need_id)
    _ask_again(identity, wrong)
    if identity.person_id is None:
        emit("linking.again", identity_id=identity.pk)
    return UndoResult(True, identity.person_id)


def _move_bills(bills: list[Settlement], right: Person, entry: int, seconded_by: int | None) -> set[int]:
    """Each bill's residual from its need to the right person's need of the same episode."""
    needs = {
        need.pk: need for need in NeedAccount.objects.filter(pk__in={b.need_id for b in bills if b.need_id})
    }
    target = {pk: ledger.need_for(right.pk, need.episode).pk for pk, need in needs.items()}
    ledger.lock_needs([*needs, *target.values()])
    standing = [ledger.need_position(pk) for pk in needs]
    if seconded_by is None and any(position.promised for position in standing):
        raise SecondError(["money"])
    for old in sorted(needs):
        mine = [bill.pk for bill in bills if bill.need_id == old]
        if any(one.award_id is not None and one.settlement_id in mine for one in ledger.holdings(old)):
            raise RefusedError("aid_across")
        ledger.move_need(
            old,
            target[old],
            f"undo:{entry}",
            EntryKind.UNMERGE,
            causes={f"settlement:{pk}" for pk in mine},
            bills=mine,
        )
    for bill in bills:
        bill.person_id = right.pk
        if bill.need_id is not None:
            bill.need_id = target[bill.need_id]
        bill.save(update_fields=["person_id", "need_id", "updated_at"])
    return set(target) | set(target.values())


def _void_invitations(identity: Identity, wrong: Person) -> None:
    """Whom this sender invited, it invited for the wrong person, unless another description of its own is his."""
    sender = identity.organisation_id
    if sender is None or Identity.objects.filter(person=wrong, organisation_id=sender).exists():
        return
    for account_id in registry.revoke_proofs(wrong.pk, sender):
        emit("people.representation_revoked", account_id=account_id, person_id=wrong.pk)


def _charity_aid(person_id: int) -> dict[str, Decimal]:
    """What charities hold against the person's needs (yuan), their needs locked until commit."""
    needs = list(NeedAccount.objects.filter(person_id=person_id).values_list("pk", flat=True))
    ledger.lock_needs(needs)
    given = Entry.objects.filter(need_id__in=needs, fund__isnull=False).aggregate(
        reserved=Sum("d_reserved"), committed=Sum("d_committed"), paid=Sum("d_paid")
    )
    return {name: yuan for name, yuan in given.items() if yuan}


def _mind_charity_aid(identity: Identity, person: Person, seconded_by: int | None) -> None:
    """A campaign's link with aid about it takes a second person. An application opened the person's needs to
    charities: what they promised has to be released first; what they paid cannot be undone, it is asked back."""
    given = _charity_aid(person.pk)
    if given and seconded_by is None:
        raise SecondError(["money"])
    if given and identity.source == "application":
        raise RefusedError(*(f"aid_{name}" for name in given))


def _recover(person_id: int, entry: int) -> None:
    """What charities paid to a person who was taken for another: one case for each need, once."""
    for need_id in (
        NeedAccount.objects.filter(person_id=person_id).order_by("pk").values_list("pk", flat=True)
    ):
        paid = Entry.objects.filter(need_id=need_id, fund__isnull=False).aggregate(sum=Sum("d_paid"))["sum"]
        asked = RecoveryCase.objects.filter(need_id=need_id, reference__startswith="undo:", state="open")
        if paid and not asked.exists():
            recovery.ask_back(need_id, paid, f"undo:{entry}:need:{need_id}")


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
    """Take a no back: the question is open again, as long as the description belongs to nobody else.

    An insurer's description became a person of its own by the no: then it is asked whether the two are one.
    """
    merging = review.kind == Review.Kind.MERGE
    identity = review.identity
    if not merging and identity.person_id is not None and identity.method != "new":
        return UndoResult(False, identity.person_id, ("linked_elsewhere",))
    NotSame.objects.filter(identity=identity, person=review.candidate).delete()
    record("linking.reopened", f"review:{review.pk}", payload={"asked_by": actor.label})
    if merging:
        suggesting.reopen(review)
    else:
        review.state = Review.State.OVERTAKEN
        _ask_whether_one(identity, review.candidate_id)
    return UndoResult(True, identity.person_id)


def _ask_whether_one(identity: Identity, candidate_id: int) -> None:
    """A description that is a person of its own by now: are the two one?"""
    if identity.person_id is not None:
        suggesting.ask(identity.person_id, candidate_id, by_hand=True)


def _slipped(review: Review) -> bool:
    """Whether who decided takes it back at once, without giving a reason."""
    decided, asked = review.decided_at, review.undo_asked_at
    return (
        review.decided_by is not None
        and not review.undo_reason
        and review.decided_by == review.undo_asked_by
        and decided is not None
        and asked is not None
        and asked - decided <= SLIP
    )


def _ask_anew(review: Review) -> None:
    """The yes that was taken back was a slip: it is no "no". The question is asked again."""
    record(
        "linking.reopened", f"review:{review.pk}", payload={"asked_by": review.undo_asked_by, "slip": True}
    )
    if review.kind == Review.Kind.MERGE:
        suggesting.reopen(review)
        review.postponed_at = None
        return
    identity = review.identity
    identity.refresh_from_db()
    NotSame.objects.filter(identity=identity, person=registry.root(review.candidate_id)).delete()
    review.state = Review.State.OVERTAKEN
    _ask_whether_one(identity, review.candidate_id)


def carry_out(review_id: int) -> UndoResult:
    """Handler of `linking.undo_requested`: undo what this review decided. Idempotent.

    Where a second person has to agree the review says so and waits (`linking.undo_seconded`).
    """
    review = Review.objects.select_for_update(no_key=True).select_related("identity").get(pk=review_id)
    actor = Actor("staff", user_id=review.undo_asked_by)
    decided = (
        review.state in {Review.State.SAME, Review.State.DIFFERENT} and review.kind != Review.Kind.SAMPLE
    )
    if review.undo_asked_at is None or not decided:
        return UndoResult(False, review.identity.person_id, ("not_decided",))
    if review.undo_second and review.undo_seconded_by is None:
        return UndoResult(False, review.identity.person_id)
    was_no = review.state == Review.State.DIFFERENT
    slip = not was_no and _slipped(review)
    try:
        if review.undo_seconded_yes is False:
            result = UndoResult(False, review.identity.person_id, ("second_said_no",))
            review.declined_at, review.declined_by = review.undo_seconded_at, review.undo_seconded_by
            review.declined_first, review.declined_what = review.undo_asked_by, "undo"
        elif was_no:
            result = _reopen(actor, review)
        elif review.kind == Review.Kind.MERGE:
            result = _unmerge(review)
        else:
            result = _undo_link(actor, review)
    except SecondError as wait:
        review.undo_second, review.why_second = True, list(wait.why)
        review.moves = _moves(review)
        record("link.second_wanted", f"review:{review.pk}", payload={"why": list(wait.why), "undo": True})
        review.save(update_fields=["undo_second", "why_second", "moves"])
        return UndoResult(False, review.identity.person_id)
    if result.done and slip:
        _ask_anew(review)
    elif result.done and not was_no:
        review.state = Review.State.UNDONE
    review.undo_refused = list(result.reasons)
    review.undo_second = False
    if was_no or slip or not result.done:
        review.undo_asked_at = review.undo_asked_by = None
        review.undo_seconded_at = review.undo_seconded_by = review.undo_seconded_yes = None
    review.save()
    if (was_no or slip) and result.done and review.kind == Review.Kind.LINK:
        link(review.identity_id)
    return result


def _moves(review: Review) -> dict[str, Any]:
    """What this undo would move (moves.py)."""
    if review.kind != Review.Kind.MERGE:
        return moves.of_undo(review.identity)
    done = review.merges.filter(unmerged_at=None).first()
    return moves.of_unmerge(done.moved, done.survivor_id) if done else {}


def _undo_link(actor: Actor, review: Review) -> UndoResult:
    if review.identity.person_id != registry.root(review.candidate_id).pk:
        return UndoResult(False, review.identity.person_id, ("not_linked",))
    return undo(actor, review.identity_id, review.undo_reason or "", seconded_by=review.undo_seconded_by)


def _unmerge(review: Review) -> UndoResult:
    done = review.merges.filter(unmerged_at=None).first()
    if done is None:
        return UndoResult(False, review.candidate_id, ("not_merged",))
    try:
        merging.unmerge(done, review)
    except RefusedError as refused:
        record("linking.undo_refused", f"review:{review.pk}", payload={"reasons": list(refused.reasons)})
        return UndoResult(False, review.candidate_id, refused.reasons)
    return UndoResult(True, review.candidate_id)

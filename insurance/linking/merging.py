"""Two persons of the registry are one: merge, and its exact inverse. The engine's work, in one transaction each.

Order of locks: persons, descriptions, what follows (applications, consents, cases, campaigns), bills, needs, balances,
funds, each by id. Awards lock their case before the need, so a merge never waits in a circle with one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit import record
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.ledger.models import EntryKind, NeedAccount
from outbox import emit
from people import merging as registry
from people.models import Identity, Person

from . import moves
from .followers import IDENTITY, followers
from .models import Merge, NotSame, Review


class RefusedError(Exception):
    """It cannot be done; nothing was changed. reasons: keys of undo.REFUSALS."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


class SecondError(Exception):
    """It may be done once a second person has agreed. why: keys of undo.SECONDS; nothing was changed."""

    def __init__(self, why: Collection[str]) -> None:
        super().__init__(", ".join(why))
        self.why = tuple(why)


@dataclass
class _Scene:
    """Everything of two persons, locked."""

    absorbed: Person
    survivor: Person
    identities: list[Identity]
    rows: dict[str, list[Any]] = field(default_factory=dict)
    bills: list[Settlement] = field(default_factory=list)
    needs: dict[int, NeedAccount] = field(default_factory=dict)


def _scene(absorbed_id: int, survivor_id: int, whose: int) -> _Scene:
    """Lock the two persons and what hangs on `whose` of them; then all needs of both."""
    people = registry.lock(absorbed_id, survivor_id)
    absorbed, survivor = people[absorbed_id], people[survivor_id]
    mine = Identity.objects.select_for_update(no_key=True).filter(person_id=whose).order_by("pk")
    scene = _Scene(absorbed, survivor, list(mine))
    need_ids = list(NeedAccount.objects.filter(person_id=whose).values_list("pk", flat=True))
    for follower in followers():
        scene.rows[follower.name] = follower.lock(whose, need_ids)
    scene.bills = list(
        Settlement.objects.select_for_update(no_key=True)
        .filter(Q(person_id=whose) | Q(need_id__in=need_ids))
        .order_by("pk")
    )
    return scene


def _lock_needs(scene: _Scene) -> None:
    both = [scene.absorbed.pk, scene.survivor.pk]
    ledger.lock_needs(NeedAccount.objects.filter(person_id__in=both).values_list("pk", flat=True))
    scene.needs = {row.pk: row for row in NeedAccount.objects.filter(person_id__in=both).order_by("pk")}


def _money_moved(needs: Iterable[NeedAccount]) -> bool:
    return any(need.reserved or need.committed or need.paid for need in needs)


def merge(review: Review) -> Merge:
    """`review.other` becomes part of `review.candidate` (engine only).

    Needs of the same illness become one; aid of both above the joint residual raises the need's excess and opens a
    recovery case. Raises SecondError where money moved, valid numbers differ or two families are proven, until
    review.seconded_by agreed; RefusedError where a reviewer had said that they are two, or one is gone already.
    """
    assert review.other_id is not None
    with transaction.atomic():
        return _merge(review, review.other_id, review.candidate_id)


def _merge(review: Review, absorbed_id: int, survivor_id: int) -> Merge:
    scene = _scene(absorbed_id, survivor_id, absorbed_id)
    absorbed, survivor = scene.absorbed, scene.survivor
    if absorbed.merged_into_id is not None or survivor.merged_into_id is not None:
        raise RefusedError("merged_already")
    theirs = list(Identity.objects.filter(person=survivor).values_list("pk", flat=True))
    mine = [identity.pk for identity in scene.identities]
    if NotSame.objects.filter(
        Q(identity_id__in=mine, person=survivor) | Q(identity_id__in=theirs, person=absorbed)
    ).exists():
        raise RefusedError("said_different")
    taken = NeedAccount.objects.filter(person_id=absorbed_id).order_by("pk")
    pairs = {need.pk: ledger.need_for(survivor_id, need.episode).pk for need in taken}
    _lock_needs(scene)

    why = moves.why_second(absorbed_id, survivor_id)
    if why and review.seconded_by is None:
        raise SecondError(why)

    done = Merge.objects.create(
        review=review,
        survivor=survivor,
        absorbed=absorbed,
        asked_by=review.decided_by or 0,
        why_second=why,
        seconded_by=review.seconded_by,
        merged_at=timezone.now(),
    )
    causes: set[str] = set()
    for source, target in pairs.items():
        moved = ledger.move_need(source, target, f"merge:{done.pk}:n{source}")
        causes |= {one.cause for one in moved}
    for bill in scene.bills:
        bill.person_id = survivor_id if bill.person_id is not None else None
        bill.need_id = pairs.get(bill.need_id or 0, bill.need_id)
        bill.save(update_fields=["person_id", "need_id", "updated_at"])
    for follower in followers():
        follower.turn(scene.rows[follower.name], survivor_id, pairs)
    done.moved = {
        "registry": registry.absorb(absorbed, survivor),
        "needs": sorted(pairs.items()),
        "causes": sorted(causes),
        "bills": [bill.pk for bill in scene.bills],
        "not_same": _copy_noes(absorbed, survivor),
        "reviews": _questions_follow(absorbed, survivor),
        **{follower.name: [row.pk for row in scene.rows[follower.name]] for follower in followers()},
    }
    done.save(update_fields=["moved"])
    record(
        "person.merged",
        f"person:{survivor_id}",
        also=[f"person:{absorbed_id}"],
        payload={
            "merge": done.pk,
            "absorbed": absorbed_id,
            "review": review.pk,
            "needs": [list(pair) for pair in sorted(pairs.items())],
            "asked_by": done.asked_by,
            "seconded_by": done.seconded_by,
            "why_second": why,
        },
    )
    for need_id in sorted({*pairs, *pairs.values()}):
        emit("need.changed", need_id=need_id)
    return done


def _copy_noes(absorbed: Person, survivor: Person) -> list[int]:
    """Who was said not to be the one is not the joint person either. Ids of the rows that were made."""
    known = set(NotSame.objects.filter(person=survivor).values_list("identity_id", flat=True))
    return [
        NotSame.objects.create(identity_id=row.identity_id, person=survivor, decided_by=row.decided_by).pk
        for row in NotSame.objects.filter(person=absorbed).exclude(identity_id__in=known).order_by("pk")
    ]


def _questions_follow(absorbed: Person, survivor: Person) -> list[int]:
    """Open questions about the absorbed are about the survivor now; asked of both, one is enough."""
    turned = []
    asked = Review.objects.select_for_update(no_key=True).filter(state=Review.State.OPEN).order_by("pk")
    for review in asked.filter(Q(candidate=absorbed) | Q(other=absorbed)):
        twice = Review.objects.filter(identity=review.identity, candidate=survivor, kind=review.kind).exists()
        if twice or review.kind != Review.Kind.LINK:
            review.state, review.decided_at = Review.State.OVERTAKEN, timezone.now()
        else:
            review.candidate = survivor
            turned.append(review.pk)
        review.save(update_fields=["state", "decided_at", "candidate"])
    return turned


def unmerge(done: Merge, review: Review) -> None:
    """The exact inverse (engine only): what was moved goes back, and what came since goes where it hangs.

    A bill goes with its description, an award with its application, a campaign with its description; a description
    that was linked after the merge stays with the survivor. Refused (RefusedError) where the survivor was himself
    merged on, and where aid of one side is bound to a bill of the other. Raises SecondError once money moved.
    """
    with transaction.atomic():
        _unmerge(done, review)


def _unmerge(done: Merge, review: Review) -> None:
    scene = _scene(done.absorbed_id, done.survivor_id, done.survivor_id)
    absorbed, survivor = scene.absorbed, scene.survivor
    done.refresh_from_db()
    if done.unmerged_at is not None or absorbed.merged_into_id != survivor.pk:
        raise RefusedError("not_merged")
    if survivor.merged_into_id is not None:
        raise RefusedError("merged_on")
    moved: dict[str, Any] = done.moved
    back = {one.pk for one in scene.identities if one.pk in moved["registry"]["identities"]}
    rows, staying = _belonging(scene, moved, back)
    bills = [
        bill
        for bill in scene.bills
        if bill.identity_id in back or (bill.pk in moved["bills"] and bill.identity_id is None)
    ]
    own = {f"settlement:{bill.pk}" for bill in bills}
    for follower in followers():
        own |= set(follower.causes([row.pk for row in rows[follower.name]]))
    stay = {f"settlement:{bill.pk}" for bill in scene.bills} - own
    for follower in followers():
        stay |= set(follower.causes([row.pk for row in staying[follower.name]]))
    own |= set(moved["causes"]) - stay

    home = {target: source for source, target in moved["needs"]}
    concerned = {bill.need_id for bill in bills} | {row.need_id for f in rows.values() for row in f}
    concerned |= set(home) | {
        need.pk
        for need in NeedAccount.objects.filter(person_id=survivor.pk)
        if any(one.cause in own for one in ledger.holdings(need.pk))
    }
    for need in NeedAccount.objects.filter(pk__in={pk for pk in concerned if pk} - set(home)).order_by("pk"):
        home[need.pk] = ledger.need_for(absorbed.pk, need.episode).pk
    _lock_needs(scene)
    _refuse_across(home, own, {bill.pk for bill in bills})
    why = ["money"] if _money_moved(scene.needs.values()) else []
    if why and review.undo_seconded_by is None:
        raise SecondError(why)

    for source, target in sorted(home.items()):
        ledger.move_need(
            source,
            target,
            f"merge:{done.pk}:n{source}",
            EntryKind.UNMERGE,
            causes=own,
            bills=[bill.pk for bill in bills if bill.need_id == source],
        )
    for bill in bills:
        bill.person_id = absorbed.pk if bill.person_id is not None else None
        bill.need_id = home.get(bill.need_id or 0, bill.need_id)
        bill.save(update_fields=["person_id", "need_id", "updated_at"])
    for follower in followers():
        follower.turn(rows[follower.name], absorbed.pk, home)
    registry.divide(absorbed, survivor, moved["registry"], done.merged_at)
    NotSame.objects.filter(pk__in=moved["not_same"]).delete()
    _questions_return(moved["reviews"], absorbed)
    done.unmerged_at = timezone.now()
    done.unmerge_asked_by = review.undo_asked_by
    done.unmerge_why_second = why
    done.unmerge_seconded_by = review.undo_seconded_by
    done.save(update_fields=["unmerged_at", "unmerge_asked_by", "unmerge_why_second", "unmerge_seconded_by"])
    record(
        "person.unmerged",
        f"person:{survivor.pk}",
        also=[f"person:{absorbed.pk}"],
        payload={
            "merge": done.pk,
            "absorbed": absorbed.pk,
            "needs": [list(pair) for pair in sorted(home.items())],
            "asked_by": done.unmerge_asked_by,
            "seconded_by": done.unmerge_seconded_by,
            "why_second": why,
        },
    )
    for need_id in sorted({*home, *home.values()}):
        emit("need.changed", need_id=need_id)


def _belonging(
    scene: _Scene, moved: dict[str, Any], back: set[int]
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Per follower: the rows that go back and those that stay."""
    anchors: dict[str, set[int]] = {IDENTITY: back}
    going: dict[str, list[Any]] = {}
    staying: dict[str, list[Any]] = {}
    for follower in followers():
        rows = scene.rows[follower.name]
        going[follower.name] = follower.belonging(rows, moved.get(follower.name, ()), anchors[follower.of])
        anchors[follower.name] = {row.pk for row in going[follower.name]}
        staying[follower.name] = [row for row in rows if row.pk not in anchors[follower.name]]
    return going, staying


def _refuse_across(home: dict[int, int], own: set[str], bills: set[int]) -> None:
    """An award may be bound to one bill: the two never part."""
    for need_id in home:
        for one in ledger.holdings(need_id):
            bound = one.award_id is not None and one.settlement_id is not None
            if bound and (one.cause in own) != (one.settlement_id in bills):
                raise RefusedError("aid_across")


def _questions_return(turned: list[int], absorbed: Person) -> None:
    for review in Review.objects.filter(pk__in=turned, state=Review.State.OPEN):
        if not Review.objects.filter(identity=review.identity, candidate=absorbed, kind=review.kind).exists():
            review.candidate = absorbed
            review.save(update_fields=["candidate"])


def carry_out(review: Review) -> None:
    """Carry out a yes to "are these two one?", or say what is missing on the review. Idempotent."""
    if review.state != Review.State.SAME or review.merges.filter(unmerged_at=None).exists():
        return
    try:
        merge(review)
    except SecondError as wait:
        review.state, review.why_second = Review.State.SECOND, list(wait.why)
        review.moves = moves.of_merge(review.other_id or 0, review.candidate_id)
        record("link.second_wanted", f"review:{review.pk}", payload={"why": list(wait.why)})
    except RefusedError as refused:
        review.state, review.refused = Review.State.REFUSED, list(refused.reasons)
        record("link.merge_refused", f"review:{review.pk}", payload={"reasons": list(refused.reasons)})
    else:
        review.refused = []
    review.save(update_fields=["state", "why_second", "refused", "moves"])


def seconded(review_id: int) -> None:
    """Handler of `linking.seconded`: a second person agreed, or not; then the question is open again, with his words."""
    review = Review.objects.select_for_update(no_key=True).get(pk=review_id)
    if review.state != Review.State.SECOND or review.seconded_by is None:
        return
    record(
        "link.second_answered",
        f"review:{review.pk}",
        payload={"yes": bool(review.seconded_yes), "by": review.seconded_by, "first": review.decided_by},
    )
    if review.seconded_yes:
        review.state = Review.State.SAME
        review.save(update_fields=["state"])
        carry_out(review)
        return
    review.declined_at, review.declined_by = review.seconded_at, review.seconded_by
    review.declined_first, review.declined_what = review.decided_by, "decision"
    review.state, review.why_second = Review.State.OPEN, []
    review.decided_at = review.decided_by = None
    review.seconded_at = review.seconded_by = review.seconded_yes = None
    review.postponed_at = timezone.now()
    review.save()

"""What an answer moves: told to the reviewers before they decide, and to the second person before he agrees.

Counts and yuan, nothing of the person and no organisation's name; the engine writes them on the review and keeps them
up to date while it is open or waits. What really moves is what stands when it is carried out (merging.py, undo.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from insurance.intake.models import Settlement
from insurance.ledger.models import Entry, Layer, NeedAccount
from people import merging as registry
from people.models import Identity

from .followers import IDENTITY, followers

ZERO = Decimal("0.00")


def why_second(absorbed_id: int, survivor_id: int) -> list[str]:
    """Why a merge of these two takes a second person (keys of undo.SECONDS); none: one is enough."""
    needs = NeedAccount.objects.filter(person_id__in=[absorbed_id, survivor_id])
    why = ["money"] if any(need.reserved or need.committed or need.paid for need in needs) else []
    left, right = _numbers(absorbed_id), _numbers(survivor_id)
    if left and right and not left & right:
        why.append("numbers")
    if registry.proven_by_others(absorbed_id, survivor_id):
        why.append("accounts")
    return why


def _numbers(person_id: int) -> set[bytes]:
    valid = Identity.objects.filter(person_id=person_id, id_blind__isnull=False, id_valid=True)
    return {bytes(value) for value in valid.values_list("id_blind", flat=True) if value is not None}


def of_merge(absorbed_id: int, survivor_id: int) -> dict[str, Any]:
    """{why, bills, residual, aid: [{side, layer, reserved, committed, paid}], over, rows: {follower: count}}.

    side: left the survivor, right who is absorbed; bills, residual and rows are of the one who is absorbed; over: by
    how much all aid together is above the joint bills, and was not before.
    """
    theirs = list(NeedAccount.objects.filter(person_id=absorbed_id))
    ours = list(NeedAccount.objects.filter(person_id=survivor_id))
    return {
        "why": why_second(absorbed_id, survivor_id),
        "bills": Settlement.objects.filter(person_id=absorbed_id).count(),
        "residual": _yuan(need.residual for need in theirs),
        "aid": [*_aid("left", ours), *_aid("right", theirs)],
        "over": str(_over(ours, theirs)),
        "rows": _rows(absorbed_id, theirs),
    }


def of_undo(identity: Identity) -> dict[str, Any]:
    """of_merge(), of a link that is taken back: the bills of this description go, aid stays where it was given."""
    person_id = identity.person_id or 0
    bills = Settlement.objects.filter(identity_id=identity.pk, person_id=person_id)
    needs = list(NeedAccount.objects.filter(person_id=person_id))
    gone: dict[int | None, Decimal] = {}
    for need_id, paid in bills.filter(need_id__isnull=False).values_list("need_id", "person_paid"):
        gone[need_id] = gone.get(need_id, ZERO) + paid
    over = sum(
        (
            max(_promised(need) - max(need.residual - gone.get(need.pk, ZERO), ZERO) - need.excess, ZERO)
            for need in needs
        ),
        ZERO,
    )
    rows: dict[str, int] = {}
    for follower in followers():
        if follower.of == IDENTITY:
            found = follower.model._default_manager.filter(**{follower.anchor: identity.pk}).count()
            rows |= {follower.name: found} if found else {}
    return {
        "bills": bills.count(),
        "residual": _yuan(gone.values()),
        "aid": _aid("left", needs),
        "over": str(over),
        "rows": rows,
    }


def of_unmerge(moved: dict[str, Any], person_id: int) -> dict[str, Any]:
    """of_merge(), of two who are parted again: what was moved goes back."""
    needs = list(NeedAccount.objects.filter(person_id=person_id))
    counts = {follower.name: len(moved.get(follower.name, ())) for follower in followers()}
    return {
        "bills": len(moved.get("bills", ())),
        "aid": _aid("left", needs),
        "rows": {name: count for name, count in counts.items() if count},
    }


def _yuan(amounts: Iterable[Decimal]) -> str:
    return str(sum(amounts, ZERO))


def _promised(need: NeedAccount) -> Decimal:
    return need.reserved + need.committed + need.paid


def _aid(side: str, needs: Collection[NeedAccount]) -> list[dict[str, str]]:
    """Aid of one side by layer, yuan."""
    given: Any = (
        Entry.objects.filter(need_id__in=[need.pk for need in needs])
        .exclude(layer=Layer.STATUTORY)
        .values("layer")
        .annotate(reserved=Sum("d_reserved"), committed=Sum("d_committed"), paid=Sum("d_paid"))
        .order_by("layer")
    )
    names = ("reserved", "committed", "paid")
    return [
        {"side": side, "layer": row["layer"], **{name: str(row[name]) for name in names}}
        for row in given
        if any(row[name] for name in names)
    ]


def _over(ours: Iterable[NeedAccount], theirs: Iterable[NeedAccount]) -> Decimal:
    """Needs of one illness become one: by how much their aid together is more than their bills, and was not before."""
    by_episode: dict[str, list[NeedAccount]] = {}
    for need in (*ours, *theirs):
        by_episode.setdefault(need.episode, []).append(need)
    over = ZERO
    for needs in by_episode.values():
        promised = sum((_promised(need) for need in needs), ZERO)
        residual = sum((need.residual for need in needs), ZERO)
        over += max(promised - residual - sum((need.excess for need in needs), ZERO), ZERO)
    return over


def _rows(person_id: int, needs: Collection[NeedAccount]) -> dict[str, int]:
    counts = {}
    for follower in followers():
        found = follower.rows_of(person_id, [need.pk for need in needs]).count()
        if found:
            counts[follower.name] = found
    return counts

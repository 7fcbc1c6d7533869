"""Two persons of the registry turn out to be one, or not after all: what of the registry goes where.

The engine's work, called by the link service inside its transaction. What was moved is returned as ids, so that it
can go back exactly.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from audit import record

from .models import Hardship, Identity, Person, ProofToken, Representation


def lock(*person_ids: int) -> dict[int, Person]:
    """The persons, locked by id: nobody attaches anything to them until the transaction ends."""
    return {
        row.pk: row for row in Person.objects.select_for_update().filter(pk__in=person_ids).order_by("pk")
    }


def proven_by_others(one: int, other: int) -> bool:
    """Whether both persons are spoken for, by accounts of which not each has proven both."""
    left, right = _accounts(one), _accounts(other)
    return bool(left and right and left != right)


def _accounts(person_id: int) -> set[int]:
    live = Representation.objects.filter(person_id=person_id, revoked_at=None)
    return set(live.values_list("account_id", flat=True))


def absorb(absorbed: Person, survivor: Person) -> dict[str, Any]:
    """Descriptions, hardship, tokens and who speaks for him go to the survivor. Returns the ids of what was moved.

    Where accounts had proven both sides, only those that proved both go on: whoever proved one of two records has
    not proven to be the other's family. They prove anew, with a letter or papers of the joint person.
    """
    moved: dict[str, Any] = {
        "identities": _move(Identity, absorbed, survivor),
        "hardships": _move(Hardship, absorbed, survivor),
        "tokens": _move(ProofToken, absorbed, survivor),
    }
    ours, theirs = _accounts(survivor.pk), _accounts(absorbed.pk)
    live = Representation.objects.filter(revoked_at=None)
    suspended: list[int] = []
    if ours and theirs:
        both = ours & theirs
        suspended = sorted(
            {
                *live.filter(person=survivor).exclude(account_id__in=both).values_list("pk", flat=True),
                *live.filter(person=absorbed).values_list("pk", flat=True),
            }
        )
        Representation.objects.filter(pk__in=suspended).update(revoked_at=timezone.now())
    moved["suspended"] = suspended
    moved["represented"] = _move(live, absorbed, survivor)
    absorbed.merged_into = survivor
    absorbed.save(update_fields=["merged_into"])
    if suspended:
        record("person.proofs_suspended", f"person:{survivor.pk}", payload={"representations": suspended})
    return moved


def _move(rows: Any, source: Person, target: Person, only: list[int] | None = None) -> list[int]:
    found = getattr(rows, "objects", rows).filter(person=source)
    if only is not None:
        found = found.filter(pk__in=only)
    ids = sorted(found.values_list("pk", flat=True))
    getattr(rows, "model", rows).objects.filter(pk__in=ids).update(person=target)
    return ids


def divide(absorbed: Person, survivor: Person, moved: dict[str, Any], merged_at: datetime) -> list[int]:
    """The inverse of absorb(): what was moved and is still here goes back. Returns the identities that did.

    Proofs of the time in between speak for the joint person: they end, and those families prove anew.
    """
    back = _move(Identity, survivor, absorbed, moved["identities"])
    _move(Hardship, survivor, absorbed, moved["hardships"])
    _move(ProofToken, survivor, absorbed, moved["tokens"])
    absorbed.merged_into = None
    absorbed.save(update_fields=["merged_into"])
    between = Representation.objects.filter(person=survivor, revoked_at=None, proven_at__gt=merged_at)
    ended = list(between.values_list("pk", flat=True))
    between.update(revoked_at=timezone.now())
    _move(Representation, survivor, absorbed, moved["represented"])
    for row in Representation.objects.filter(pk__in=moved["suspended"]).order_by("pk"):
        if not Representation.objects.filter(
            account_id=row.account_id, person_id=row.person_id, revoked_at=None
        ).exists():
            row.revoked_at = None
            row.save(update_fields=["revoked_at"])
    if ended:
        record("person.proofs_suspended", f"person:{survivor.pk}", payload={"representations": ended})
    return back

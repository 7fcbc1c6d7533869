"""The tamper-evident audit log: record() here, everything else in the modules of this package.

Importing this package needs neither Django nor a database, so that every room can import record() early and
`python -m audit.verify` runs anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scope import Actor

__all__ = ["record"]


def record(
    action: str,
    subject: str,
    *,
    also: Iterable[str] = (),
    payload: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> int:
    """Write one audit entry in the running transaction; gives the entry's number.

    action like 'award.approved', subject like 'award:5' (ASCII). also: whom else the same act is about, so that
    it stands in their trails too: a page of 50 cases is one entry about the list, also=['case:7', …]. They go
    into the payload's "subjects" (covered by the commitment, erased with it) and an index; above 1,000 the entry
    is continued by further ones. payload: field names, ids, amounts as strings; strings, whole numbers,
    booleans, lists and dicts only, never a personal value. actor: the scope's when left out; the database
    refuses another than the signed one.

    Raises leaf.InvalidEntry (ValueError) for a wrong shape, TransactionManagementError outside a transaction,
    scope.NoActorError outside a scope.
    """
    from .recording import write

    return write(action, subject, also=also, payload=payload, actor=actor)

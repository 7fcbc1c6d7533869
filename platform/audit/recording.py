"""Writing an entry: one statement each, inside the caller's transaction, with no lock."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError

from scope import Actor, current_actor

from . import leaf

# A function of migration 0003, the only way in: entry, payload, index and the row in audit_pending.
INSERT = "SELECT audit_write(%s, %s, %s, %s, %s)"
NAMED = 1_000  # how many more subjects one entry names; what is above goes into further entries


def write(
    action: str,
    subject: str,
    *,
    also: Iterable[str] = (),
    payload: Mapping[str, Any] | None = None,
    actor: Actor | None = None,
) -> int:
    """See audit.record()."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("audit.record() belongs inside the transaction that it records")
    leaf.check_words(action, subject)
    if payload is not None and leaf.SUBJECTS in payload:
        raise leaf.InvalidEntry(f"payload: {leaf.SUBJECTS!r} is what `also` gives")
    others = [other for other in dict.fromkeys(also) if other != subject]
    for other in others:
        leaf.check_words(action, other)
    label = (actor or current_actor()).label
    first = 0
    for start in range(0, len(others) or 1, NAMED):
        named = others[start : start + NAMED]
        content = dict(payload or {})
        if named:
            content[leaf.SUBJECTS] = named
        if first:
            content["continues"] = first
        number = _insert(label, action, subject, leaf.canonical_payload(content))
        first = first or number
    return first


def _insert(label: str, action: str, subject: str, content: bytes) -> int:
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [label, action, subject, os.urandom(leaf.SALT_BYTES), content.decode()])
        return cursor.fetchone()[0]

"""Writing an entry: one statement, inside the caller's transaction, with no lock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError

from scope import Actor, current_actor

from . import leaf

# A function of migration 0002: entry and payload; the trigger on audit_entry adds the row in audit_pending.
INSERT = "SELECT audit_write(%s, %s, %s, %s, %s, %s::jsonb)"


def write(
    action: str, subject: str, *, payload: Mapping[str, Any] | None = None, actor: Actor | None = None
) -> int:
    """See audit.record()."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("audit.record() belongs inside the transaction that it records")
    leaf.check_words(action, subject)
    content = leaf.canonical_payload(payload)
    label = (actor or current_actor()).label
    salt = os.urandom(leaf.SALT_BYTES)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT, [label, action, subject, leaf.commitment(salt, content), salt, content.decode()]
        )
        return cursor.fetchone()[0]

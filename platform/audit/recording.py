"""Writing an entry: one statement, inside the caller's transaction, with no lock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.transaction import TransactionManagementError
from scope import Actor, current_actor

from . import leaf

# The trigger on audit_entry adds the row in audit_pending.
INSERT = """
WITH entry AS (
  INSERT INTO audit_entry (actor, action, subject, commitment) VALUES (%s, %s, %s, %s) RETURNING id
), content AS (
  INSERT INTO audit_entry_payload (entry_id, salt, payload) SELECT id, %s, %s::jsonb FROM entry
)
SELECT id FROM entry
"""


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

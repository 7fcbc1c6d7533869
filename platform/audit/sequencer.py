"""The one sequencer: gives waiting entries their places in the tree and signs a checkpoint.

A batch is one transaction under an advisory lock: leaves, tree, checkpoint and the emptied queue become visible
together or not at all, so a crash at any point loses nothing and repeats nothing. It drains `pending`, never
"id greater than the last seen": an entry that commits late is found whenever it comes.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from django.db import connection, transaction

from . import keys, leaf, note, store, tree

BATCH = 5_000
LOCK = 0x6A69656C69_01  # "jieli", 1

_TAKE = """
SELECT e.id, (extract(epoch FROM e.at) * 1000000)::bigint, e.actor, e.action, e.subject, e.commitment
FROM audit_pending p JOIN audit_entry e ON e.id = p.entry_id
ORDER BY p.entry_id LIMIT %s
"""


@dataclass(frozen=True)
class Sequenced:
    """leaves: how many were added; size: the tree's size now; locked: another sequencer is at work."""

    leaves: int
    size: int
    locked: bool = False


def run(limit: int | None = None) -> Sequenced:
    """Drain the queue, batch by batch; at most `limit` leaves. Runs as jieli_engine, outside a transaction
    of the caller (inside one, everything lands with the caller's commit)."""
    added, size = 0, 0
    while limit is None or added < limit:
        wanted = BATCH if limit is None else min(BATCH, limit - added)
        one = run_batch(wanted)
        if one.locked:
            return Sequenced(added, size, locked=True)
        added, size = added + one.leaves, one.size
        if one.leaves < wanted:
            break
    return Sequenced(added, size)


def run_batch(limit: int = BATCH) -> Sequenced:
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A statement of its own: what follows must see all that the last holder committed.
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return Sequenced(0, 0, locked=True)
            cursor.execute(_TAKE, [limit])
            waiting = cursor.fetchall()
        size = store.tree_size()
        if not waiting:
            return Sequenced(0, size)
        growing = tree.compact_range(size, store.read_hashes)
        leaves, nodes = [], []
        for entry_id, time, actor, action, subject, commitment in waiting:
            hashed = tree.leaf_hash(
                leaf.leaf_bytes(
                    entry_id=entry_id,
                    time=time,
                    actor=actor,
                    action=action,
                    subject=subject,
                    payload_commitment=bytes(commitment),
                )
            )
            leaves.append((growing.size, entry_id, hashed))
            nodes += growing.append(hashed)
        store.append_leaves(leaves)
        store.append_nodes(nodes)
        _sign(growing)
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM audit_pending WHERE entry_id = ANY(%s)", [[row[0] for row in waiting]]
            )
        return Sequenced(len(waiting), growing.size)


def _sign(grown: tree.CompactRange) -> None:
    root = grown.root()
    signed = note.sign_checkpoint(keys.signer(), grown.size, root)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_checkpoint (size, root, note) VALUES (%s, decode(%s, 'base64'), %s)",
            [grown.size, base64.b64encode(root).decode(), signed],
        )

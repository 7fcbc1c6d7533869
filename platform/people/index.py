"""The index of descriptions: the keyed hashes under which one is found, and what is compared of it, in one sealed value.

Read by the engine alone. The keys come from the room that compares (matching.linkage.blocking); here they are only
numbers, and so is the record only bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from vault.cipher import seal, unseal
from vault.index import blocking_key

from .models import BlockingKey, Identity, LinkageRecord

#: As many descriptions under one key are looked at; a key with more tells nobody apart.
CANDIDATES_PER_KEY = 100
CANDIDATES = 400
PURPOSE = LinkageRecord.PURPOSE


def hashed(values: Iterable[tuple[str, str]]) -> list[int]:
    """(key name, value) pairs as keyed 64-bit hashes, in the order given."""
    return [blocking_key(name, value) for name, value in values]


def number_key(id_blind: bytes) -> int:
    """The blind index of an ID number as one more key."""
    return int.from_bytes(id_blind[:8], "big", signed=True)


def appeal_key(key: int) -> int:
    """Under which an appeal with this key is kept: to be woken by it, never to be found by it. Appeals come in any
    number from outside and prove nobody; so they take no place in the blocks that are looked into. Its own inverse."""
    return ~key


def lock_keys(keys: Sequence[int]) -> None:
    """Wait until no other transaction decides about an identity that shares one of these keys.

    Two descriptions can only be found as candidates of each other through a common key, so the second copy of
    a new person waits for the first one's commit and then finds it. Always in sorted order: no deadlock.
    """
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS k(key)", [sorted(set(keys))]
            )


def enter(identity: Identity, keys: Iterable[int], record: bytes, version: int = 1) -> list[int]:
    """Index an identity: its hashed keys, and the bytes to compare it by. Returns the keys that are new, sorted.

    Keys that it had before stay: what was once true of a description still finds it. version: of the rules that
    made the keys, by which `outdated` knows them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ARRAY(SELECT key FROM blocking_key WHERE identity_id = %s),"
            " r.body, r.keys_version FROM (SELECT) one LEFT JOIN linkage_record r ON r.identity_id = %s",
            [identity.pk, identity.pk],
        )
        known, body, made_by = cursor.fetchone()
        new = sorted(set(keys) - set(known))
        if new:
            cursor.execute(
                "INSERT INTO blocking_key (identity_id, key) SELECT %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
                [identity.pk, new],
            )
        if body is None or made_by != version or unseal(PURPOSE, bytes(body)) != record:
            cursor.execute(
                "INSERT INTO linkage_record (identity_id, body, keys_version) VALUES (%s, %s, %s)"
                " ON CONFLICT (identity_id) DO UPDATE"
                " SET body = EXCLUDED.body, keys_version = EXCLUDED.keys_version",
                [identity.pk, seal(PURPOSE, record), version],
            )
    return new


def outdated(version: int, limit: int, *, waiting: bool) -> list[int]:
    """Ids of descriptions, of nobody (waiting) or of persons, that are indexed by an older version of the keys, in a
    fixed order; at most so many."""
    rows = LinkageRecord.objects.filter(keys_version__lt=version, identity__person__isnull=waiting)
    rows = rows.order_by("keys_version", "identity_id")
    return list(rows.values_list("identity_id", flat=True)[:limit])


def leave(identity: Identity) -> None:
    """Take a description out of the index: it is found no more until it is entered again."""
    BlockingKey.objects.filter(identity=identity).delete()
    LinkageRecord.objects.filter(identity=identity).delete()


def waiting_ids(identity: Identity, keys: Sequence[int]) -> list[int]:
    """Ids of descriptions, appeals among them, that wait for a person and share a key that no crowd shares; at most
    CANDIDATES.

    A key of a crowd (a volunteer's telephone number in thousands of records) wakes nobody: each newcomer would
    wake all the others.
    """
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.id FROM unnest(%s::bigint[]) AS k(key) CROSS JOIN LATERAL"
            " (SELECT array_agg(f.identity_id) AS ids FROM (SELECT b.identity_id FROM blocking_key b"
            "   WHERE b.key = k.key ORDER BY b.identity_id LIMIT %s) f) block"
            " JOIN identity i ON i.id = ANY(block.ids)"
            " WHERE cardinality(block.ids) < %s AND i.id <> %s AND i.person_id IS NULL AND i.state = 'waiting'"
            " ORDER BY i.id LIMIT %s",
            [
                [*keys, *map(appeal_key, keys)], CANDIDATES_PER_KEY, CANDIDATES_PER_KEY, identity.pk, CANDIDATES,
            ],
        )  # fmt: skip
        return [row[0] for row in cursor.fetchall()]

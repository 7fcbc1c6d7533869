"""Rows of a push, many in a statement: COPY is not possible under row-level security, arrays are.

Two requests that carry the same records at the same time meet in the unique constraints: whoever comes second
waits for the first to commit and becomes its duplicate. All insert in the order of the constraint's key, so that
nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import psycopg
from django.db import connection

from vault.cipher import seal

from .evaluation import Judged

CHUNK = 2_000

_INSERT = """
INSERT INTO intake_record (id, batch_id, position, sender_id, state, progress, dialect, kind, centre, setl_id,
  msgid, original_ref, content_hash, version, reasons, warnings, unknown_fields, raw, canonical, duplicate_of_id,
  created_at, updated_at)
SELECT r.id, %s, r.position, %s, r.state, CASE r.state WHEN 'accepted' THEN 'waiting' ELSE 'none' END,
  r.dialect, r.kind, r.centre, r.setl_id, r.msgid, r.original_ref, r.content_hash, r.version, r.reasons::jsonb,
  r.warnings::jsonb, r.unknown_fields::jsonb, r.raw, r.canonical, r.duplicate_of, now(), now()
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
  %s::text[], %b::bytea[], %s::int[], %s::text[], %s::text[], %s::text[], %b::bytea[], %b::bytea[], %s::bigint[])
  WITH ORDINALITY AS r(id, position, state, dialect, kind, centre, setl_id, msgid, original_ref, content_hash,
    version, reasons, warnings, unknown_fields, raw, canonical, duplicate_of, n)
ORDER BY r.n
ON CONFLICT DO NOTHING RETURNING id
"""

Row = tuple[int, Judged, int, int | None]
"""(id, what was judged, version, id of the record that this one repeats)."""


def _cursor() -> psycopg.Cursor[Any]:
    """psycopg's own cursor: parameters travel apart from the statement, sealed bytes in binary."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)


def claim_batch(
    sender_id: int, client_id: int | None, body_sha256: bytes, key: str, records: int
) -> int | None:
    """A new batch; None when this sender has one with that idempotency key (waits for it to commit)."""
    with _cursor() as cursor:
        found = cursor.execute(
            "INSERT INTO intake_batch (sender_id, client_id, received_at, body_sha256, idempotency_key, records,"
            " accepted, duplicates, refused, quarantined) VALUES (%s, %s, now(), %b, %s, %s, 0, 0, 0, 0)"
            " ON CONFLICT DO NOTHING RETURNING id",
            [sender_id, client_id, body_sha256, key, records],
        ).fetchone()
    return None if found is None else found[0]


def draw_ids(count: int) -> list[int]:
    with _cursor() as cursor:
        rows = cursor.execute(
            "SELECT nextval('intake_record_id_seq') FROM generate_series(1, %s)", [count]
        ).fetchall()
    return sorted(row[0] for row in rows)


def known(sender_id: int, rows: Sequence[Judged]) -> tuple[dict[tuple[Any, ...], int], dict[Any, int]]:
    """What this sender pushed before: key → id of the first record, and (centre, setl_id, kind) → versions."""
    first: dict[tuple[Any, ...], int] = {}
    versions: dict[Any, int] = {}
    bills = sorted({(r.centre, r.setl_id, r.kind) for r in rows if r.state == "accepted"})
    held = sorted({r.content_hash for r in rows if r.state != "accepted"})
    with _cursor() as cursor:
        if bills:
            cursor.execute(
                "SELECT r.id, r.centre, r.setl_id, r.kind, r.content_hash FROM"
                " unnest(%s::text[], %s::text[], %s::text[]) AS k(centre, setl_id, kind)"
                " JOIN intake_record r ON r.sender_id = %s AND r.centre = k.centre AND r.setl_id = k.setl_id"
                " AND r.kind = k.kind AND r.state = 'accepted'",
                [*(list(column) for column in zip(*bills, strict=True)), sender_id],
            )
            for pk, centre, setl_id, kind, digest in cursor:
                first[("accepted", centre, setl_id, kind, bytes(digest))] = pk
                versions[(centre, setl_id, kind)] = versions.get((centre, setl_id, kind), 0) + 1
        if held:
            cursor.execute(
                "SELECT id, content_hash FROM intake_record WHERE sender_id = %s"
                " AND state IN ('refused', 'quarantined') AND content_hash = ANY(%b)",
                [sender_id, held],
            )
            for pk, digest in cursor:
                first[("held", bytes(digest))] = pk
    return first, versions


def insert(batch_id: int, sender_id: int, rows: Sequence[Row]) -> set[int]:
    """Insert, in the order of the constraint's key; the ids that are in. A missing id lost a race."""
    inserted: set[int] = set()
    ordered = sorted(rows, key=lambda row: (row[3] is not None, row[1].key))
    with _cursor() as cursor:
        for chunk in _chunks(ordered):
            cursor.execute(_INSERT, [batch_id, sender_id, *_columns(chunk)])
            inserted.update(row[0] for row in cursor)
    return inserted


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    """A duplicate keeps no copy of what the first record holds already."""
    return [
        [pk for pk, *_ in rows],
        [row.position for _, row, *_ in rows],
        ["duplicate" if first else row.state for _, row, _, first in rows],
        [row.dialect for _, row, *_ in rows],
        [row.kind for _, row, *_ in rows],
        [row.centre for _, row, *_ in rows],
        [row.setl_id for _, row, *_ in rows],
        [row.msgid for _, row, *_ in rows],
        [row.original_ref for _, row, *_ in rows],
        [row.content_hash for _, row, *_ in rows],
        [version for _, _, version, _ in rows],
        [_json(row.reasons) for _, row, *_ in rows],
        [_json(row.warnings) for _, row, *_ in rows],
        [_json(row.unknown_fields) for _, row, *_ in rows],
        [None if first else seal("intake.raw", row.raw) for _, row, _, first in rows],
        [
            None if first or row.canonical is None else seal("intake.canonical", row.canonical)
            for _, row, _, first in rows
        ],
        [first for *_, first in rows],
    ]


def _json(value: list[Any]) -> str:
    return msgspec.json.encode(value).decode() if value else "[]"


def close_batch(batch_id: int, counts: dict[str, int]) -> None:
    with _cursor() as cursor:
        cursor.execute(
            "UPDATE intake_batch SET accepted = %s, duplicates = %s, refused = %s, quarantined = %s WHERE id = %s",
            [counts["accepted"], counts["duplicate"], counts["refused"], counts["quarantined"], batch_id],
        )

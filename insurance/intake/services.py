"""Receiving what senders push. One transaction: batch, records, audit entry, events — all of it or nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone

from accounts.models import Organisation
from audit import record as audit
from insurance.formats import Body, RawRecord, Refused, RequestFault, decode_body
from insurance.formats.decode import decode_record
from outbox import emit_many
from scope import Actor

from . import storing
from .evaluation import Centres, Judged, judge
from .models import Batch, Progress, Record, RecordState
from .words import explain

STATES = ("accepted", "duplicate", "refused", "quarantined")


class IdempotencyError(Exception):
    """The same Idempotency-Key came with another body."""


class NotResendableError(Exception):
    """Only a refused or quarantined record that has not been corrected yet can be sent again."""


class OneRecordError(Exception):
    """A correction is exactly one record."""


@dataclass(frozen=True)
class Result:
    """The answer to one pushed record. Reasons and warnings carry their sentence; no personal values."""

    position: int
    state: str
    record: int
    setl_id: str
    kind: str
    version: int
    duplicate_of: int | None
    reasons: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    unknown_fields: list[str]


@dataclass(frozen=True)
class Receipt:
    """The answer to a push: counts by state and one result per record, in the sender's order."""

    batch: int
    counts: dict[str, int]
    results: list[Result]
    replayed: bool = False


def receive(
    actor: Actor, organisation: Organisation, body: bytes, *, key: str = "", max_bytes: int, max_records: int
) -> Receipt:
    """Take in a pushed body for `organisation`, the actor's own.

    The same key with the same body gives the stored answer again. Raises RequestFault (nothing readable, too
    much), IdempotencyError (same key, other body). Each record has its result; nothing else is raised.
    """
    decoded = decode_body(body, max_bytes=max_bytes, max_records=max_records)
    digest = hashlib.sha256(body).digest()
    batch_id = storing.claim_batch(organisation.pk, actor.client_id, digest, key, len(decoded.records))
    if batch_id is None:
        earlier = Batch.objects.get(sender_id=organisation.pk, idempotency_key=key)
        if bytes(earlier.body_sha256) != digest:
            raise IdempotencyError
        return stored(earlier)
    return _take_in(organisation, batch_id, _judge_all(decoded, organisation))


def _judge_all(decoded: Body, organisation: Organisation) -> list[Judged]:
    centres = Centres(organisation)
    return [judge(i, record, decoded.dialect, centres) for i, record in enumerate(decoded.records)]


def _take_in(organisation: Organisation, batch_id: int, judged: list[Judged]) -> Receipt:
    first, versions = storing.known(organisation.pk, judged)
    rows: list[storing.Row] = []
    for pk, row in zip(storing.draw_ids(len(judged)), judged, strict=True):
        earlier = first.get(row.key)
        version = 1
        if earlier is None:
            first[row.key] = pk
            if row.state == "accepted":
                bill = (row.centre, row.setl_id, row.kind)
                version = versions[bill] = versions.get(bill, 0) + 1
        rows.append((pk, row, version, earlier))
    rows = _write(batch_id, organisation.pk, rows)
    counts = Counter("duplicate" if earlier else row.state for _, row, _, earlier in rows)
    totals = {state: counts[state] for state in STATES}
    storing.close_batch(batch_id, totals)
    audit("settlements.received", f"batch:{batch_id}", payload={"records": len(rows), **totals})
    emit_many(
        "intake.received",
        [{"record_id": pk} for pk, row, _, earlier in rows if row.state == "accepted" and not earlier],
    )
    return Receipt(batch_id, totals, [_result(*row) for row in rows])


def _write(batch_id: int, sender_id: int, rows: list[storing.Row]) -> list[storing.Row]:
    """Insert all rows: new ones, those that lost a race as duplicates of the winner, then duplicates."""
    fresh = [row for row in rows if row[3] is None]
    inserted = storing.insert(batch_id, sender_id, fresh)
    lost = {pk for pk, *_ in fresh} - inserted
    if lost:
        winners, _ = storing.known(sender_id, [row for pk, row, *_ in fresh if pk in lost])
        rows = [
            (pk, row, 1, winners[row.key]) if pk in lost or earlier in lost else (pk, row, version, earlier)
            for pk, row, version, earlier in rows
        ]
    storing.insert(batch_id, sender_id, [row for row in rows if row[3] is not None])
    return rows


def _result(pk: int, row: Judged, version: int, earlier: int | None) -> Result:
    return Result(
        position=row.position,
        state="duplicate" if earlier else row.state,
        record=pk,
        setl_id=row.setl_id,
        kind=row.kind,
        version=version,
        duplicate_of=earlier,
        reasons=explain(row.reasons),
        warnings=explain(row.warnings),
        unknown_fields=row.unknown_fields,
    )


def result_of(record: Record) -> Result:
    return Result(
        position=record.position,
        state=record.state,
        record=record.pk,
        setl_id=record.setl_id,
        kind=record.kind,
        version=record.version,
        duplicate_of=record.duplicate_of_id,
        reasons=explain(record.reasons),
        warnings=explain(record.warnings),
        unknown_fields=record.unknown_fields,
    )


def stored(batch: Batch) -> Receipt:
    """The answer to an earlier push, from what was stored."""
    records = batch.items.order_by("position").defer("raw", "canonical")
    counts = {
        "accepted": batch.accepted,
        "duplicate": batch.duplicates,
        "refused": batch.refused,
        "quarantined": batch.quarantined,
    }
    return Receipt(batch.pk, counts, [result_of(record) for record in records], replayed=True)


def resend(
    actor: Actor,
    organisation: Organisation,
    record_id: int,
    body: bytes | None = None,
    *,
    max_bytes: int,
) -> Result:
    """Judge a refused or quarantined record again, or the corrected record in `body` in its place.

    A new judgment is stored as a record of its own and the old one points to it; where nothing changed, the old
    record's result comes back. Raises Record.DoesNotExist, NotResendableError, OneRecordError, RequestFault.
    """
    old = Record.objects.select_for_update().get(pk=record_id, sender_id=organisation.pk)
    if old.state not in {RecordState.REFUSED, RecordState.QUARANTINED} or old.resent_as_id:
        raise NotResendableError
    if body is None:
        raw = bytes(old.raw or b"")
        value = decode_record(raw)
        fault = value if isinstance(value, Refused) else None
        decoded = Body((RawRecord(raw, None if fault else value, fault),), old.dialect or None)
    else:
        decoded = decode_body(body, max_bytes=max_bytes, max_records=2)
        if len(decoded.records) != 1:
            raise OneRecordError
    judged = _judge_all(decoded, organisation)
    if judged[0].key == ("held", bytes(old.content_hash or b"")):
        return result_of(old)
    batch_id = storing.claim_batch(
        organisation.pk, actor.client_id, hashlib.sha256(judged[0].raw).digest(), "", 1
    )
    assert batch_id is not None
    (result,) = _take_in(organisation, batch_id, judged).results
    Record.objects.filter(pk=old.pk).update(
        progress=Progress.SUPERSEDED, resent_as_id=result.record, updated_at=timezone.now()
    )
    audit("settlement.resent", f"record:{old.pk}", payload={"record": result.record, "state": result.state})
    return replace(result, position=0)


__all__ = [
    "IdempotencyError",
    "NotResendableError",
    "OneRecordError",
    "Receipt",
    "RequestFault",
    "Result",
    "receive",
    "resend",
    "result_of",
    "stored",
]

"""What pages ask of the log: its health, one entry with its proof, the trail of a subject. Metadata only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.utils import timezone

from . import store, tree
from .models import Checkpoint, Cosignature, Entry, EntryPayload, EntrySubject, Leaf, Pending


class NotInLog(LookupError):
    """No such leaf, or no checkpoint covers it yet."""


@dataclass(frozen=True)
class LogStatus:
    """entries: all that were recorded; today: since midnight, Shanghai; waiting: without a leaf yet, the oldest
    of them for waiting_for; size: leaves that the last checkpoint signs; checkpoint_age: None before the first one; witnesses: (name, leaves, when) that
    each saw last."""

    entries: int
    today: int
    waiting: int
    waiting_for: timedelta
    size: int
    checkpoint_at: datetime | None
    checkpoint_age: timedelta | None
    witnesses: tuple[tuple[str, int, datetime], ...] = ()


@dataclass(frozen=True)
class EntryWithProof:
    """An entry and what proves it: hash, siblings from the leaf upwards (32 bytes each) and the signed
    checkpoint that they lead to. payload is None after erasure."""

    leaf_index: int
    entry_id: int
    at: datetime
    actor: str
    action: str
    subject: str
    commitment: bytes
    payload: dict | None
    leaf_hash: bytes
    proof: tuple[bytes, ...]
    size: int
    root: bytes
    checkpoint: str

    @property
    def holds(self) -> bool:
        return tree.verify_inclusion(self.leaf_hash, self.leaf_index, self.size, self.proof, self.root)


@dataclass(frozen=True)
class TrailEntry:
    """leaf_index is None while the entry waits for the sequencer (about a second)."""

    entry_id: int
    at: datetime
    actor: str
    action: str
    subject: str
    payload: dict | None
    leaf_index: int | None


def status() -> LogStatus:
    last = Checkpoint.objects.order_by("-size").first()
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    waiting = Pending.objects.count()
    oldest = Entry.objects.filter(pk__in=Pending.objects.order_by("pk").values("pk")[:1]).first()
    return LogStatus(
        entries=store.tree_size() + waiting,
        today=_recorded_since(midnight),
        waiting=waiting,
        waiting_for=timezone.now() - oldest.at if oldest else timedelta(0),
        size=last.size if last else 0,
        checkpoint_at=last.at if last else None,
        checkpoint_age=timezone.now() - last.at if last else None,
        witnesses=tuple(
            Cosignature.objects.order_by("witness", "-checkpoint__size")
            .distinct("witness")
            .values_list("witness", "checkpoint__size", "at")
        ),
    )


def _recorded_since(moment: datetime) -> int:
    return Entry.objects.filter(at__gte=moment).count()


def entry_with_proof(leaf_index: int) -> EntryWithProof:
    """Proven against the newest checkpoint. Raises NotInLog."""
    found = Leaf.objects.select_related("entry__content").filter(leaf_index=leaf_index).first()
    last = Checkpoint.objects.order_by("-size").first()
    if found is None or last is None or leaf_index >= last.size:
        raise NotInLog(f"leaf {leaf_index} is not in the signed log")
    entry = found.entry
    return EntryWithProof(
        leaf_index=leaf_index,
        entry_id=entry.pk,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        commitment=bytes(entry.commitment),
        payload=_payload(entry),
        leaf_hash=bytes(found.leaf_hash),
        proof=tuple(tree.inclusion_proof(leaf_index, last.size, store.read_hashes)),
        size=last.size,
        root=bytes(last.root),
        checkpoint=last.note,
    )


def trail(subject: str, limit: int = 200) -> list[TrailEntry]:
    """The newest entries that name a subject ('settlement:12'), newest first."""
    entries = (
        Entry.objects.select_related("content", "leaf")
        .filter(pk__in=_naming([subject]).order_by("-number")[:limit])
        .order_by("-id")
    )
    return [
        TrailEntry(
            entry_id=entry.pk,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            payload=_payload(entry),
            leaf_index=entry.leaf.leaf_index if hasattr(entry, "leaf") else None,
        )
        for entry in entries
    ]


@dataclass(frozen=True)
class Digest:
    """How often one actor did one thing to these subjects on one day (Shanghai), and when first and last."""

    day: date
    actor: str
    action: str
    times: int
    first_at: datetime
    last_at: datetime
    last_id: int


_DIGEST = """
SELECT (at AT TIME ZONE %(zone)s)::date, actor, action, count(*), min(at), max(at), max(id)
FROM audit_entry
WHERE id IN (SELECT id FROM audit_entry WHERE subject = ANY(%(subjects)s)
             UNION SELECT entry_id FROM audit_subject WHERE subject = ANY(%(subjects)s))
GROUP BY 1, 2, 3 ORDER BY 1 DESC, 7 DESC
"""


def digest(subjects: Sequence[str]) -> list[Digest]:
    """All that the log holds about the subjects, counted by day, actor and action; newest day first."""
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST, {"subjects": list(subjects), "zone": timezone.get_default_timezone_name()})
        return [Digest(*row) for row in cursor.fetchall()]


def entries(
    subjects: Sequence[str], *, actions: Sequence[str] | None = None, days: Sequence[date] | None = None
) -> Iterator[TrailEntry]:
    """Every entry that names one of the subjects, newest first; only of these actions, on these days (Shanghai)."""
    found = Entry.objects.select_related("content").filter(pk__in=_naming(subjects)).order_by("-id")
    if actions is not None:
        found = found.filter(action__in=actions)
    if days is not None:
        found = found.filter(at__date__in=days)
    for entry in found.iterator():
        yield TrailEntry(entry.pk, entry.at, entry.actor, entry.action, entry.subject, _payload(entry), None)


def _naming(subjects: Sequence[str]) -> QuerySet[Any, Any]:
    """Numbers (column `number`) of the entries about one of the subjects, or naming it among others."""
    first = Entry.objects.filter(subject__in=subjects).values(number=F("id"))
    return first.union(EntrySubject.objects.filter(subject__in=subjects).values(number=F("entry_id")))


def index_drift() -> list[tuple[int, str, str]]:
    """(entry, subject, missing | extra) where the index of further subjects is not what the payloads say."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_subject_drift() ORDER BY entry_id, subject LIMIT 1000")
        return cursor.fetchall()


def _payload(entry: Entry) -> dict | None:
    try:
        return entry.content.payload
    except EntryPayload.DoesNotExist:
        return None

"""A sender's view of its own pushes (row-level security lets nobody see another's)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from audit import record
from web.query import whole_number

from .models import Batch, Progress, Record, RecordState

COLUMNS_LEFT_OUT = ("raw", "canonical")


class FilterError(ValueError):
    """A filter that cannot be read; args[0] is its name."""


@dataclass(frozen=True)
class Filter:
    """Filters of a list of pushes; empty means any. since: aware datetime, of receiving."""

    state: str = ""
    progress: str = ""
    setl_id: str = ""
    since: datetime | None = None
    batch: int | None = None

    @classmethod
    def read(cls, query: dict[str, str]) -> Filter:
        """From query parameters. Raises FilterError naming the one that is wrong."""
        state, progress = query.get("state", "").strip(), query.get("progress", "").strip()
        if state and state not in RecordState.values:
            raise FilterError("state")
        if progress and progress not in Progress.values:
            raise FilterError("progress")
        setl_id = query.get("setl_id", "").strip()
        if "\x00" in setl_id or len(setl_id) > 64:
            raise FilterError("setl_id")
        return cls(state, progress, setl_id, _since(query.get("since", "").strip()), _id(query, "batch"))


def _id(query: dict[str, str], name: str) -> int | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    number = whole_number(text, digits=18)
    if number is None:
        raise FilterError(name)
    return number


def _since(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        day: date | None = None if moment else parse_date(text)
    except ValueError:
        raise FilterError("since") from None
    if moment is None:
        if day is None:
            raise FilterError("since")
        moment = datetime.combine(day, time.min)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def records(sender_id: int, wanted: Filter) -> QuerySet[Record]:
    """Newest first, without the sealed columns."""
    found = Record.objects.filter(sender_id=sender_id).defer(*COLUMNS_LEFT_OUT).order_by("-id")
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.progress:
        found = found.filter(progress=wanted.progress)
    if wanted.setl_id:
        found = found.filter(setl_id=wanted.setl_id)
    if wanted.since:
        found = found.filter(created_at__gte=wanted.since)
    if wanted.batch:
        found = found.filter(batch_id=wanted.batch)
    return found


def seen(sender_id: int, rows: Sequence[Record], action: str = "records.viewed") -> None:
    """Record, before they are shown to their sender, that these records were looked at. action: records.viewed (a
    list), record.viewed (one), records.exported (a file)."""
    if rows:
        named = [f"record:{row.pk}" for row in rows]
        record(action, f"organisation:{sender_id}", also=named, payload={"records": len(rows)})


def counts(sender_id: int) -> dict[str, int]:
    """Records of this sender by state, from its batches' totals (a state never changes); every state is there."""
    totals = Batch.objects.filter(sender_id=sender_id).aggregate(
        accepted=Sum("accepted"),
        duplicate=Sum("duplicates"),
        refused=Sum("refused"),
        quarantined=Sum("quarantined"),
    )
    return {str(state): totals[state] or 0 for state in RecordState.values}


def attention(sender_id: int) -> int:
    """How many refused or quarantined records have not been corrected yet."""
    return Record.objects.filter(
        sender_id=sender_id,
        state__in=[RecordState.REFUSED, RecordState.QUARANTINED],
        resent_as__isnull=True,
    ).count()


def page(sender_id: int, wanted: Filter, query: dict[str, str]) -> tuple[list[Record], int | None]:
    """One page by cursor (`cursor`: the id after which to go on; `limit`: 1 to 200) and the next cursor."""
    before, limit = _id(query, "cursor"), _id(query, "limit") or 50
    if not 1 <= limit <= 200:
        raise FilterError("limit")
    found = records(sender_id, wanted)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found[: limit + 1])
    return rows[:limit], rows[limit - 1].pk if len(rows) > limit else None

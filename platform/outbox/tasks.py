"""Delivery. A message is only a wake-up: the rows are the queue, taken with SKIP LOCKED.

A worker that dies in mid-work loses nothing: its row lock ends with its connection and the next sweep takes the row.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from scope import engine_scope

from . import authority, registry
from .models import Event

logger = logging.getLogger(__name__)
MAX_TRIES = 20
SLICE_SECONDS = 1.0
SWEEP_SECONDS = 4.5  # beat asks every five: one worker slot at most is taken by a long queue
_last_wake = 0.0


def wake_up_wanted() -> bool:
    """At most one wake-up message per process every 50 ms; none in tests (they deliver themselves)."""
    global _last_wake
    if settings.JIELI_ENV == "test":
        return False
    now = time.monotonic()
    if now - _last_wake < 0.05:
        return False
    _last_wake = now
    return True


def deliver_one() -> bool:
    """Deliver the next due event in one transaction with its handlers, first what a person waits for.

    False when nothing is due.
    """
    with engine_scope("outbox"):
        event = (
            Event.objects.defer(None)
            .select_for_update(skip_locked=True)
            .filter(state=Event.State.PENDING, due_at__lte=timezone.now())
            .order_by("-for_person", "due_at", "id")
            .first()
        )
        if event is None:
            return False
        if not authority.allowed(event):
            event.state, event.error = Event.State.DEAD, "NotAuthorised"
            event.save(update_fields=["state", "error"])
            logger.error(
                "event %s %s was not asked for by one who may (%s)",
                event.id,
                event.topic,
                authority.asker(event).label,
            )
            return True
        try:
            with transaction.atomic(), authority.delivering(event):
                for handler in registry.handlers(event.topic):
                    handler(**event.ids)
        except Exception as error:
            # Only the kind of the error is kept: its text may quote a personal value.
            event.tries += 1
            event.error = type(error).__name__[:200]
            event.due_at = timezone.now() + timedelta(seconds=min(2**event.tries, 3600))
            if event.tries >= MAX_TRIES:
                event.state = Event.State.DEAD
            logger.error("event %s %s failed (try %s): %s", event.id, event.topic, event.tries, event.error)
            if settings.JIELI_ENV == "test":
                raise
        else:
            event.state = Event.State.DONE
            event.done_at = timezone.now()
        event.save(update_fields=["state", "tries", "error", "due_at", "done_at"])
    return True


def drain(limit: int = 1000, seconds: float = 600.0) -> int:
    """Deliver until nothing is due, `limit` events are done or `seconds` are over. Returns how many."""
    count, end = 0, time.monotonic() + seconds
    while count < limit and time.monotonic() < end and deliver_one():
        count += 1
    return count


@shared_task(name="outbox.deliver", ignore_result=True)
def deliver() -> int:
    """One slice of the queue, then the worker is free for the sequencer. The sweeper takes what is left."""
    return drain(seconds=SLICE_SECONDS)


@shared_task(name="outbox.sweep", ignore_result=True)
def sweep() -> int:
    """What lost messages and full slices left behind; nearly until beat asks again."""
    count = drain(limit=100_000, seconds=SWEEP_SECONDS)
    with engine_scope("outbox sweep"):
        Event.objects.filter(state=Event.State.DONE, done_at__lt=timezone.now() - timedelta(days=7)).delete()
    return count

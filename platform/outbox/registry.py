from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from django.db import connection, transaction

from . import authority

Handler = Callable[..., None]
_handlers: dict[str, list[Handler]] = defaultdict(list)
logger = logging.getLogger(__name__)


def on(topic: str) -> Callable[[Handler], Handler]:
    """Register a handler: called in a worker, inside engine_scope, with the event's ids as keywords.

    At least once: a handler must be idempotent. Register in AppConfig.ready().
    """

    def register(handler: Handler) -> Handler:
        if handler not in _handlers[topic]:
            _handlers[topic].append(handler)
        return handler

    return register


def handlers(topic: str) -> list[Handler]:
    return list(_handlers.get(topic, ()))


def emit(topic: str, **ids: int | str) -> None:
    """Insert an event in the open transaction; after commit a worker is woken.

    Nothing is lost if the broker is down: beat's sweeper finds the row.
    Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.emit() belongs in the transaction of the change it tells of")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at, for_person)"
            " VALUES (%s, %s::jsonb, 'pending', 0, '', now(), now(), %s)",
            [topic, json.dumps(ids), authority.for_person()],
        )
    transaction.on_commit(_wake)


def emit_many(topic: str, ids: Sequence[Mapping[str, int | str]]) -> None:
    """emit() for many events of one topic, in one statement and in their order.

    Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.emit_many() belongs in the transaction of the changes it tells of")
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at, for_person)"
            " SELECT %s, e.ids, 'pending', 0, '', now(), now(), %s"
            " FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e(ids, n) ORDER BY e.n",
            [topic, authority.for_person(), json.dumps([dict(item) for item in ids])],
        )
    transaction.on_commit(_wake)


def _wake() -> None:
    from .tasks import deliver, wake_up_wanted

    if not wake_up_wanted():
        return
    try:
        deliver.apply_async(expires=30, retry=False)
    except Exception as error:
        logger.warning("broker not reached (%s); the sweeper will deliver", type(error).__name__)

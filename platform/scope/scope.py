"""actor_scope(): transaction, signed context, commit, previous context restored.

The context is one setting, `app.actor`: kind|org|user|account|client|backend pid|time|HMAC-SHA256 over the rest
with the scope key. The database checks the signature (function app_context), so an injected set_config() cannot
change the organisation; a value seen in one connection is worth nothing in another, and one that was kept is worth
nothing in a transaction that begins ten minutes later.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import connection, transaction

from .actor import ENGINE, Actor, NoActorError

_current: ContextVar[Actor | None] = ContextVar("jieli_actor", default=None)


def current_actor() -> Actor:
    """The actor of the scope that is open. Raises NoActorError outside one."""
    actor = _current.get()
    if actor is None:
        raise NoActorError("no actor_scope() is open")
    return actor


def context_value(actor: Actor, pid: int, issued: int | None = None) -> str:
    """The signed text that `app.actor` carries. issued: seconds since 1970, now by default."""

    def part(number: int | None) -> str:
        return "" if number is None else str(number)

    plain = "|".join(
        (
            actor.kind,
            part(actor.org_id),
            part(actor.user_id),
            part(actor.account_id),
            part(actor.client_id),
            str(pid),
            str(int(time.time()) if issued is None else issued),
        )
    )
    return plain + "|" + hmac.new(settings.KEYS.scope, plain.encode(), "sha256").hexdigest()


def _backend_pid() -> int:
    connection.ensure_connection()
    return connection.connection.info.backend_pid


def _set(value: str, outermost: bool = False) -> None:
    with connection.cursor() as cursor:
        # a value that an earlier request left in the session does not come back after the outermost scope
        clear = "set_config('app.actor', '', false), " if outermost else ""
        cursor.execute(f"SELECT {clear}set_config('app.actor', %s, true)", [value])


@contextmanager
def actor_scope(actor: Actor) -> Iterator[Actor]:
    """Run the body as `actor`, in one transaction.

    Nested scopes become savepoints with a context of their own; the outer context returns afterwards.
    An exception rolls the body back, context included.
    """
    previous = _current.get()
    with transaction.atomic():
        _set(context_value(actor, _backend_pid()), outermost=previous is None)
        token = _current.set(actor)
        try:
            yield actor
        finally:
            _current.reset(token)
        # Only after success: a rollback reverts the setting by itself, and nothing runs in a failed transaction.
        if not connection.needs_rollback:
            _set(context_value(previous, _backend_pid()) if previous else "")


@contextmanager
def engine_scope(purpose: str = "") -> Iterator[Actor]:
    """Run the body as the engine (linking, matching, sweeping), in one transaction.

    Only a worker's database role, or a session that is a member of jieli_engine (tests, demo loader), may:
    anywhere else PostgreSQL refuses with "permission denied to set role".
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            previous_role = cursor.fetchone()[0]
            if previous_role != "jieli_engine":
                cursor.execute("SET LOCAL ROLE jieli_engine")
        with actor_scope(ENGINE) as actor:
            yield actor
        # After success only: a rollback reverts it by itself.
        if previous_role != "jieli_engine" and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute(f'SET LOCAL ROLE "{previous_role}"')

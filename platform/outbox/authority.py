"""Who may wake what. The database writes on each event who asked (outbox migration 0003, from the signed
context), so that an event which a broken-into web process inserts cannot speak for the engine or for a colleague.

A topic that is not listed may be woken by anybody: its handler then has to hold that by itself (asked_by()).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from scope import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .models import Event

#: topic → kinds of actors that may wake its handlers, beside the engine and the owner's commands.
MAY_WAKE: dict[str, frozenset[str]] = {
    topic: frozenset(kinds)
    for topic, kinds in {
        "intake.received": ("client", "staff"),
        "campaign.received": ("client", "staff"),
        "people.proof_redeemed": ("patient",),
        "people.representation_revoked": (),
        "invitation.requested": ("staff", "client"),
        "linking.decided": ("staff",),
        "linking.seconded": ("staff",),
        "linking.undo_requested": ("staff",),
        "linking.undo_seconded": ("staff",),
        "linking.asked": ("staff",),
        "linking.bill_decided": ("staff",),
        "linking.linked": (),
        "linking.unlinked": (),
        "linking.again": (),
        "application.submitted": ("patient",),
        "application.identity_checked": ("staff",),
        "application.proven": (),
        "consent.given": ("patient",),
        "consent.withdrawn": ("patient",),
        "need.changed": ("staff",),
        "award.changed": ("staff",),
        "case.decided": ("staff",),
        "recovery.confirmed": ("staff",),
        "document.changed": ("patient", "staff"),
        "document.requested": ("staff",),
        "finding.recorded": ("staff",),
        "rule.trial_requested": ("staff",),
    }.items()
}
#: topic → {id in the event: what it must equal of the one who asked}
MUST_BE_HIS_OWN = {"application.identity_checked": {"user_id": "user_id", "org_id": "org_id"}}
TRUSTED = frozenset({"engine", "system"})
_asked_by: ContextVar[Actor | None] = ContextVar("jieli_asked_by", default=None)
_for_person: ContextVar[bool] = ContextVar("jieli_for_person", default=False)


def asker(event: Event) -> Actor:
    """The actor of the signed context in which the event was inserted. 'public' when there was none."""
    told: Mapping[str, Any] = event.asked_by or {}
    return Actor(
        told.get("kind") or "public",
        org_id=told.get("org"),
        user_id=told.get("user"),
        account_id=told.get("account"),
        client_id=told.get("client"),
    )


def allowed(event: Event) -> bool:
    """Whether this actor may wake this topic with these ids."""
    actor = asker(event)
    if actor.kind in TRUSTED or event.topic not in MAY_WAKE:
        return True
    own = MUST_BE_HIS_OWN.get(event.topic, {})
    return actor.kind in MAY_WAKE[event.topic] and all(
        event.ids.get(name) == getattr(actor, attribute) for name, attribute in own.items()
    )


def asked_by() -> Actor:
    """In a handler: who asked for the event that is being delivered. 'public' outside a delivery."""
    return _asked_by.get() or Actor("public")


def for_person() -> bool:
    """In a handler: whether a person waits for the event that is being delivered, and so for those that follow from it."""
    return _for_person.get()


@contextmanager
def delivering(event: Event) -> Iterator[None]:
    token, waits = _asked_by.set(asker(event)), _for_person.set(event.for_person)
    try:
        yield
    finally:
        _asked_by.reset(token)
        _for_person.reset(waits)

"""Index every description anew: after an upgrade that makes other keys or compares other fields.

Descriptions that nobody is known for are looked at again, since other keys may find somebody. In small transactions,
so that incoming records never wait long; to be started again where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audit import record
from outbox import emit
from people import index
from people.models import Identity, LinkState
from scope import engine_scope

from . import lookup
from .services import record_of

CHUNK = 200


@dataclass(frozen=True)
class Progress:
    """How far it is: the last identity's id, how many were indexed, how many of them will be looked at again."""

    after: int
    done: int
    again: int


def reindex(after: int = 0, chunk: int = CHUNK) -> Iterator[Progress]:
    """Walk the identities in the order of their ids, one transaction a chunk; yields after each commit.

    Running it twice changes nothing the second time but asks the waiting ones again.
    """
    done = again = 0
    while True:
        with engine_scope("reindex"):
            rows = list(
                Identity.objects.select_for_update(no_key=True).filter(pk__gt=after).order_by("pk")[:chunk]
            )
            if not rows:
                return
            for identity in rows:
                mine = record_of(identity)
                index.enter(identity, lookup.keys_of(identity, mine).kept, lookup.encode(mine))
                if identity.person_id is None and identity.state == LinkState.WAITING:
                    emit("linking.again", identity_id=identity.pk)
                    again += 1
            after, done = rows[-1].pk, done + len(rows)
            record("linking.reindexed", f"identity:{after}", payload={"descriptions": len(rows)})
        yield Progress(after, done, again)

"""Index descriptions anew: after an upgrade that makes other keys or compares other fields.

Descriptions that nobody is known for are looked at again, since other keys may find somebody. In small transactions,
so that incoming records never wait long. `renew` finds by itself what an older version of the keys has indexed, and
beat asks for it every minute; `reindex` walks all, to be started again where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit import record
from matching.linkage import blocking
from outbox import emit
from people import index
from people.models import Identity, LinkState, Source
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
            again += _index(rows)
            after, done = rows[-1].pk, done + len(rows)
        yield Progress(after, done, again)


def renew(seconds: float, chunk: int = CHUNK) -> int:
    """Index anew what an older version of the keys has indexed, for so long at most. Returns how many were.

    Whom another transaction holds is left for the next time. Nothing older left: two looks at an index. Who waits comes
    when all persons are up to date: looked at earlier, nobody's new keys or stays would be found.
    """
    done, until = 0, time.monotonic() + seconds
    for waiting in (False, True):
        while time.monotonic() < until:
            with engine_scope("reindex"):
                old = index.outdated(blocking.VERSION, chunk, waiting=waiting)
                rows = list(
                    Identity.objects.select_for_update(no_key=True, skip_locked=True)
                    .filter(pk__in=old)
                    .order_by("pk")
                )
                if old and not rows:
                    return done
                if not rows:
                    break
                _index(rows)
                done += len(rows)
    return done


def _index(rows: Sequence[Identity]) -> int:
    """Index these; those that wait are looked at again. Returns how many of them wait."""
    again = 0
    for identity in rows:
        mine = record_of(identity)
        if identity.source == Source.CAMPAIGN:
            index.leave(identity)  # its older keys are in the way of others
        lookup.enter(identity, mine, lookup.keys_of(identity, mine))
        if identity.person_id is None and identity.state == LinkState.WAITING:
            emit("linking.again", identity_id=identity.pk)
            again += 1
    record("linking.reindexed", f"identity:{rows[-1].pk}", payload={"descriptions": len(rows)})
    return again

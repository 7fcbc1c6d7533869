"""Where in a source's own words the fields of a description were read, for the reviewer; told by the room that read them.

Linking knows descriptions only. A room above that reads free text registers here once (AppConfig.ready).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A field and the masked words around it. said: what it was read from, between before and after.

    where: title | story. used: it stands in the description, because the source did not state the field.
    contradicts: the source states something else.
    """

    field: str
    where: str
    before: str
    said: str
    after: str
    used: bool
    contradicts: bool


Reader = Callable[[Sequence[int]], dict[int, tuple[Passage, ...]]]
_readers: dict[str, Reader] = {}


def read_by(source: str, reader: Reader) -> None:
    """reader: passages by identity id, of the identities of this source; in the reviewer's own scope."""
    _readers[source] = reader


def of(source: str, identity_id: int) -> tuple[Passage, ...]:
    reader = _readers.get(source)
    return reader([identity_id]).get(identity_id, ()) if reader else ()

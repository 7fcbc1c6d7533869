"""What a dialect is: which of a sender's field names means which canonical field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

IGNORED = "ignored"
"""Marks a field that the dialect knows but that has no place in the canonical form; it is kept in `extra`."""


@dataclass(frozen=True)
class Dialect:
    """`aliases`: canonical target → the sender's names, the preferred one first. A target is a field of
    `Settlement`, or "person.<field>", "pays.<key>", "hardship.<field>". `known`: names without a place."""

    name: str
    aliases: Mapping[str, tuple[str, ...]]
    known: Iterable[str] = ()
    targets: dict[str, tuple[str, int]] = field(init=False)
    """Sender's name → (target or IGNORED, rank among the names of that target)."""

    def __post_init__(self) -> None:
        targets = dict.fromkeys(self.known, (IGNORED, 0))
        for target, names in self.aliases.items():
            for rank, name in enumerate(names):
                targets[name] = (target, rank)
        object.__setattr__(self, "targets", targets)

    def source_name(self, target: str) -> str:
        """The name under which a sender of this dialect would have sent `target`."""
        return self.aliases.get(target, (target,))[0]

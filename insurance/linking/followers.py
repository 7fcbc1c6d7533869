"""What of the rooms above hangs on a person and a need, and so goes along when two persons become one or part again.

A room registers its table once (AppConfig.ready, lowest first); the merge moves all of them in its own transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q

IDENTITY = "identity"


def _none(_ids: Collection[int]) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Follower:
    """A table with `person_id` and `need_id`.

    anchor: its column that names the row on which it hangs, of: that row's follower (or IDENTITY), so that what came
    after a merge is known to belong to one of the two again. causes: the ledger's names of what these rows hold.
    """

    name: str
    model: type[models.Model]
    anchor: str
    of: str = IDENTITY
    causes: Callable[[Collection[int]], Iterable[str]] = field(default=_none)

    def _rows(self) -> Any:
        return self.model._default_manager

    def rows_of(self, person_id: int, need_ids: Collection[int]) -> Any:
        """Its rows of the person and his needs."""
        return self._rows().filter(Q(person_id=person_id) | Q(need_id__in=need_ids))

    def lock(self, person_id: int, need_ids: Collection[int]) -> list[Any]:
        """rows_of(), locked by id. Before any need: whoever awards locks in this order too."""
        wanted = self.rows_of(person_id, need_ids)
        return list(wanted.select_for_update(no_key=True, of=("self",)).order_by("pk"))

    def belonging(
        self, rows: Collection[Any], recorded: Collection[int], anchors: Collection[int]
    ) -> list[Any]:
        """Of these rows, those that were recorded by the merge or hang on one of the anchors."""
        return [row for row in rows if row.pk in recorded or getattr(row, self.anchor) in anchors]

    def turn(self, rows: Collection[Any], person_id: int, needs: dict[int, int]) -> None:
        """The rows are this person's now, and of the need that took the place of theirs."""
        for row in rows:
            self._rows().filter(pk=row.pk).update(
                person_id=person_id if row.person_id is not None else None,
                need_id=needs.get(row.need_id, row.need_id),
            )


_followers: list[Follower] = []


def follow(follower: Follower) -> None:
    if all(known.name != follower.name for known in _followers):
        _followers.append(follower)


def followers() -> tuple[Follower, ...]:
    return tuple(_followers)

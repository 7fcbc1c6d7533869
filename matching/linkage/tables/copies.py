"""One description told very many times: a few copies stand for all of them.

A person whose row was pasted a thousand times is in a thousand rows of every block: compared in full they would cost the
square of that, and above the cap of a block they would not be compared at all.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..compare.columns import Bools, Ints, Levels
from ..compare.text import PreparedParts
from ..model import Table
from .candidates import MAX_BLOCK, Split

#: So many equal rows are compared; the others follow the first of them. More would teach that nobody ever slips.
COPIES = 20
#: Of so many equal rows every pair is listed; of more, each with the first alone.
LISTED = MAX_BLOCK
#: Rows are copies of one description where what is believed holds them for one person (log2): not namesakes in a list
#: of names, of whom everyone counts.
ONE = 5.0


def those_of(values: Any, rows: Ints) -> list[Any]:
    """The values of some rows, which stand in order."""
    kept = np.zeros(len(values), dtype=bool)
    kept[rows] = True
    return [value for value, one in zip(values, kept.tolist(), strict=True) if one]


@dataclass(frozen=True)
class Copies:
    """Which rows are compared, and whom the others follow.

    ``rows`` are compared, in order; ``leader`` and ``second`` are the places in ``rows`` of the first two rows that are
    equal to each of the ``followers`` (sorted by leader). ``later`` places have an equal row before them.
    ``ahead`` are the compared rows of each leader's kind.
    """

    rows: Ints
    followers: Ints
    leader: Ints
    second: Ints
    later: Bools
    ahead: dict[int, Ints]

    def split(self, split: Split) -> Split:
        """How the compared rows belong together."""
        return replace(split, rows=len(self.rows), left=int(np.searchsorted(self.rows, split.left)))

    def of(self, values: Any) -> list[Any]:
        """The compared rows' values of a column."""
        return those_of(values, self.rows)

    def labels(self, label: Ints) -> Ints:
        """Clusters of all rows: followers are where the first two of their kind are, if these are together."""
        out = np.arange(len(self.rows) + len(self.followers), dtype=label.dtype)
        out[self.rows] = self.rows[label]
        together = label[self.leader] == label[self.second]
        out[self.followers[together]] = out[self.rows[self.leader[together]]]
        return out

    def pairs(self, i: Ints, j: Ints, split: Split) -> tuple[Ints, Ints, Ints]:
        """The pairs of all rows: left, right, and the number of the compared pair that says what they are.

        A follower meets its kind, and whom its leader meets of others; of other copies, and of more than `LISTED` of its
        kind, the first alone, so that the pairs grow with the rows and not with their square.
        """
        first: list[np.ndarray] = [self.rows[i]]
        second: list[np.ndarray] = [self.rows[j]]
        number: list[np.ndarray] = [np.arange(len(i))]
        counts = np.bincount(self.leader, minlength=len(self.rows))
        starts = np.cumsum(counts) - counts
        for mine, yours in ((i, j), (j, i)):
            some = np.flatnonzero((counts[mine] > 0) & ~self.later[yours])
            times = counts[mine[some]]
            each = np.repeat(some, times)
            place = np.arange(len(each)) - np.repeat(np.cumsum(times) - times, times)
            first.append(self.followers[starts[mine[each]] + place])
            second.append(self.rows[yours[each]])
            number.append(each)
        if not split.link:
            seconds = np.full(len(self.rows), -1, dtype=np.int32)
            seconds[self.leader] = self.second
            some = np.flatnonzero((counts[i] > 0) & (seconds[i] == j))
            for place, pair in zip(i[some].tolist(), some.tolist(), strict=True):
                behind = self.followers[starts[place] : starts[place] + counts[place]]
                ahead = self.ahead[place]
                size = len(behind) + COPIES
                if size <= LISTED:
                    every = np.concatenate([ahead, behind])
                    x, y = np.triu_indices(size, 1)
                    x, y = x[y >= COPIES], y[y >= COPIES]
                    first.append(every[x])
                    second.append(every[y])
                else:
                    first.append(np.repeat(ahead[:1], len(behind)))
                    second.append(behind)
                number.append(np.full(len(first[-1]), pair))
        x, y, n = (np.concatenate(parts) for parts in (first, second, number))
        return np.minimum(x, y).astype(np.int32), np.maximum(x, y).astype(np.int32), n.astype(np.intp)


def one_person(table: Table, levels: Levels, i: Ints, j: Ints, split: Split) -> Bools:
    """Which pairs of equal rows what is believed holds for one person."""
    believed = table.model.default_params(prior=min(0.2 * split.people / max(split.total, 1), 0.1))
    return (table.weigh(levels, i, j, believed) >= ONE) & ((levels > 0).sum(axis=1) > 1)


def copies(table: Table, split: Split) -> Copies | None:
    """Who follows whom; None where no description is told more than `COPIES` times on a side."""
    rows = np.arange(split.rows, dtype=np.int32)
    joint = (rows >= split.left if split.link else np.zeros(split.rows)).astype(np.int64)
    for prepared in table.prepared:
        columns = prepared.parts if isinstance(prepared, PreparedParts) else [prepared.coded.codes]
        for codes in columns:
            here = codes[rows].astype(np.int64) + 1
            joint = joint * (int(here.max(initial=0)) + 1) + here
            if int(joint.max(initial=0)) > 4 * split.rows:
                joint = np.unique(joint, return_inverse=True)[1]
            many = np.bincount(joint)[joint] > COPIES
            rows, joint = rows[many], joint[many]
            if not len(rows):
                return None
    order = np.argsort(joint, kind="stable")
    rows, joint = rows[order], joint[order]
    sizes = np.bincount(joint)
    sizes = sizes[sizes > 0]
    starts = np.cumsum(sizes) - sizes
    lead, next_ = rows[starts], rows[starts + 1]
    levels = table.levels(lead, next_)
    one = one_person(table, levels, lead, next_, split)
    if not one.any():
        return None
    rank = np.arange(len(rows)) - np.repeat(starts, sizes)
    mine = np.repeat(one, sizes)
    beyond = mine & (rank >= COPIES)
    kept = np.ones(split.rows, dtype=bool)
    kept[rows[beyond]] = False
    places = (np.cumsum(kept) - 1).astype(np.int32)
    later = np.zeros(int(kept.sum()), dtype=bool)
    later[places[rows[mine & (rank > 0) & (rank < COPIES)]]] = True
    leader, second = places[np.repeat(lead, sizes)[beyond]], places[np.repeat(next_, sizes)[beyond]]
    order = np.argsort(leader, kind="stable")
    ahead = {int(places[rows[start]]): rows[start : start + COPIES] for start in starts[one].tolist()}
    kept_rows = np.flatnonzero(kept).astype(np.int32)
    return Copies(kept_rows, rows[beyond][order], leader[order], second[order], later, ahead)

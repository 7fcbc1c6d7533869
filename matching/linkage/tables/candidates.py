"""Pairs worth comparing, for tables: what keys make of rows.

No block is ever larger than a cap, so that ten thousand records with one phone number cost no more than ten thousand
others.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..compare.columns import Bools, Ints

#: Up to this many pairs in all, everything is compared with everything.
ALL_PAIRS = 1_500_000
MAX_BLOCK = 400
#: The pairs of a block of that size between two tables.
MOST_BETWEEN = MAX_BLOCK**2 // 4
#: Pairs compared at a time: what they need fits the cache.
CHUNK = 20_000


@dataclass(frozen=True)
class Key:
    """A blocking key: its name, the comparisons it rests on, the pairs it makes, how to find a code per row."""

    name: str
    comparisons: tuple[int, ...]
    pairs: int
    make: Callable[[], np.ndarray]
    #: Rows that meet others by this key; None: all.
    only: Ints | None = None
    #: Somebody may have very many rows: blocks were cut into pieces, or are larger than `MAX_BLOCK` between two tables.
    many: bool = False
    #: Its pairs, where they were found elsewhere.
    told: "tuple[Ints, Ints] | None" = None
    #: What gives its pairs in pieces, the lower row first, where rows share no code: one value beside another.
    across: "Callable[[], Iterator[tuple[Ints, Ints]]] | None" = None

    @property
    def codes(self) -> np.ndarray:
        """A code per row, -1 for none; made anew, for a large table has many keys."""
        return self.make()


@dataclass(frozen=True)
class Split:
    """How rows belong together: ``left`` rows come first; without ``link`` all pairs count.

    ``share`` of the pairs are looked at in training.
    """

    rows: int
    left: int
    link: bool
    share: float = 1.0

    @property
    def whole(self) -> "Split":
        """The table that training stands for."""
        return self

    @property
    def seen(self) -> float:
        """Number of pairs that training stands for."""
        return self.total * self.share

    @property
    def people(self) -> int:
        """Rows of the smaller table: so many persons at most can be in both."""
        return min(self.left, self.rows - self.left) if self.link else self.rows

    @property
    def total(self) -> int:
        """Number of pairs that there are at all."""
        if self.link:
            return self.left * (self.rows - self.left)
        return self.rows * (self.rows - 1) // 2


@dataclass(frozen=True)
class Sample(Split):
    """Some rows of a table: those of a ``share`` of its candidates, and others for random pairs.

    Every pair that its keys make is here with the same chance, ``share``; so counts of candidates, divided by it, are
    those of the table ``of``, however the rows came here. ``random``: pairs drawn evenly from all pairs of the table,
    in the numbers of these rows; ``met``: which of them some key of the table makes; ``even``: the rows drawn for them.
    """

    of: Split | None = None
    random: tuple[Ints, Ints] | None = None
    met: Bools | None = None
    even: Bools | None = None

    @property
    def whole(self) -> Split:
        assert self.of is not None
        return self.of

    @property
    def total(self) -> int:
        return self.whole.total


@dataclass(frozen=True)
class Blocks:
    """Rows side by side that share a code: row ``rows[p]`` meets ``rows[first[p]:last[p]]``."""

    rows: Ints
    first: np.ndarray
    last: np.ndarray
    #: Rows of larger blocks, side by side with those of their block.
    crowded: Ints
    #: Whether some blocks have more than `MAX_BLOCK` rows, most of them of one table.
    many: bool = False

    @property
    def pairs(self) -> int:
        """Number of pairs in all blocks."""
        return int((self.last - self.first).sum())

    @classmethod
    def of(cls, codes: np.ndarray, split: Split) -> "Blocks":
        """Blocks of two and more, none above `MAX_BLOCK`, or between two tables none with more pairs than such a block can
        have: one row of a register may meet a thousand visits."""
        known = np.flatnonzero(codes >= 0)
        values = codes[known]
        if len(known) and int(values.max()) >= 2**62 // split.rows:
            values = np.unique(values, return_inverse=True)[1]
        packed = values.astype(np.int64) * split.rows + known
        del values
        packed.sort()
        values = packed // split.rows
        starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(known) else known
        del values, known
        rows = (packed % split.rows).astype(np.int32)
        del packed
        sizes = np.diff(np.append(starts, len(rows)))
        good = (sizes > 1) & (sizes <= MAX_BLOCK)
        large, many = sizes > MAX_BLOCK, False
        if split.link and large.any():
            ours = np.add.reduceat(rows < split.left, starts, dtype=np.int64)
            meet = ours * (sizes - ours)
            few = large & (meet > 0) & (meet <= MOST_BETWEEN)
            good, many = good | few, bool(few.any())
            large &= meet > MOST_BETWEEN
        keep = np.repeat(good, sizes)
        crowded = rows[np.repeat(large, sizes)]
        rows, sizes = rows[keep], sizes[good]
        starts = np.cumsum(sizes) - sizes
        last = np.repeat(starts + sizes, sizes).astype(np.int32)
        first = np.arange(1, len(rows) + 1, dtype=np.int32)
        if split.link:
            left = rows < split.left
            before = np.concatenate([[0], np.cumsum(left)])
            across = starts + before[starts + sizes] - before[starts]
            first = np.where(left, np.repeat(across, sizes), last).astype(np.int32)
        return cls(rows, first, last, crowded, many)

    def around(self, few: np.ndarray) -> tuple[Ints, Ints]:
        """The pairs of the rows that are marked in ``few`` with those behind them."""
        place = np.flatnonzero(few[self.rows])
        first = self.first[place]
        count = self.last[place] - first
        shift = np.repeat(first - np.cumsum(count) + count, count)
        return np.repeat(self.rows[place], count), self.rows[shift + np.arange(int(count.sum()))]

    def pieces(self, size: int = 60_000) -> Iterator[tuple[Ints, Ints]]:
        """The pairs, the lower row first, about ``size`` at a time."""
        counts = self.last - self.first
        total = np.cumsum(counts, dtype=np.int64)
        start = 0
        while start < len(counts):
            done = int(total[start - 1]) if start else 0
            end = max(int(np.searchsorted(total, done + size, side="right")), start + 1)
            count = counts[start:end]
            number = int(count.sum())
            if number:
                i = np.repeat(self.rows[start:end], count)
                shift = np.repeat(self.first[start:end] - np.cumsum(count) + count, count)
                yield i, self.rows[shift + np.arange(number)]
            start = end


def toward(codes: np.ndarray, rows: Ints, split: Split, size: int = 60_000) -> Iterator[tuple[Ints, Ints]]:
    """The pairs of ``rows`` with all rows of their code, the lower row first, each once."""
    known = np.flatnonzero(codes >= 0)
    order = known[np.argsort(codes[known], kind="stable")].astype(np.int32)
    values = codes[order]
    mine = codes[rows]
    start, end = np.searchsorted(values, mine, side="left"), np.searchsorted(values, mine, side="right")
    counts = np.where((mine >= 0) & (end - start <= MAX_BLOCK), end - start, 0)
    total = np.cumsum(counts)
    chosen = np.zeros(split.rows, dtype=bool)
    chosen[rows] = True
    first = 0
    while first < len(rows):
        done = int(total[first - 1]) if first else 0
        last = max(int(np.searchsorted(total, done + size, side="right")), first + 1)
        count = counts[first:last]
        i = np.repeat(rows[first:last], count)
        shift = np.repeat(start[first:last] - np.cumsum(count) + count, count)
        j = order[shift + np.arange(int(count.sum()))]
        keep = ~chosen[j] | (j > i)
        if split.link:
            keep &= (i < split.left) != (j < split.left)
        i, j = i[keep], j[keep]
        if len(i):
            yield np.minimum(i, j), np.maximum(i, j)
        first = last


def pairs_of(key: Key, split: Split) -> Iterator[tuple[Ints, Ints]]:
    """All pairs of rows that share a value of the key, the lower row first, in pieces."""
    if key.told is not None:
        return chunks(*key.told)
    if key.across is not None:
        return key.across()
    if key.only is not None:
        return toward(key.codes, key.only, split)
    return Blocks.of(key.codes, split).pieces()


#: More rows with one value are a crowd: it was copied down the column, or filled in for want of one's own.
CROWD = 20


def side_by_side(codes: np.ndarray, split: Split) -> tuple[Ints, Ints]:
    """All pairs of rows that share a code, the lower row first; none of a crowd."""
    known = np.flatnonzero(codes >= 0)
    _, inverse, sizes = np.unique(codes[known], return_inverse=True, return_counts=True)
    few = np.full(len(codes), -1, dtype=np.int64)
    few[known] = np.where(sizes[inverse] <= CROWD, codes[known], -1)
    parts = [(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)), *Blocks.of(few, split).pieces()]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


@dataclass(frozen=True)
class Pairs:
    """Distinct pairs of rows in order, a number each (`pair_numbers`)."""

    numbers: np.ndarray
    split: Split

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, piece: slice) -> tuple[Ints, Ints]:
        """The rows of some of the pairs."""
        return rows_of(self.numbers[piece], self.split)

    def chunks(self, size: int = CHUNK) -> Iterator[tuple[slice, Ints, Ints]]:
        """Where pieces that fit the cache stand, and their rows."""
        for start in range(0, len(self.numbers), size):
            piece = slice(start, min(start + size, len(self.numbers)))
            yield piece, *self.part(piece)

    def find(self, i: Ints, j: Ints) -> tuple[np.ndarray, np.ndarray]:
        """Where pairs stand here, and whether they do."""
        wanted = pair_numbers(i, j, self.split)
        if not len(self.numbers):
            return np.zeros(len(i), dtype=np.intp), np.zeros(len(i), dtype=bool)
        place = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
        return place, self.numbers[place] == wanted


def proposed(found: list[Key], i: Ints, j: Ints, split: Split) -> np.ndarray:
    """Whether some key makes these pairs: they share its code, and not with a crowd above `MAX_BLOCK`."""
    out = np.zeros(len(i), dtype=bool)
    for key in found:
        codes = key.codes
        same = (codes[i] == codes[j]) & (codes[i] >= 0)
        if key.only is not None:
            chosen = np.zeros(split.rows, dtype=bool)
            chosen[key.only] = True
            same &= chosen[i] | chosen[j]
        some = np.flatnonzero(same)
        shared = codes[i[some]]
        ours, theirs = (_count(part, shared) for part in np.split(codes, [split.left]))
        meet = ours + theirs <= MAX_BLOCK
        if split.link and key.only is None:
            meet |= ours * theirs <= MOST_BETWEEN
        out[some[meet]] = True
    return out


def _count(codes: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """How many rows have each of the ``wanted`` codes."""
    ordered = np.sort(codes)
    return np.searchsorted(ordered, wanted, side="right") - np.searchsorted(ordered, wanted, side="left")


def everything(split: Split) -> Pairs:
    """Every pair of a small table."""
    kind = pair_kind(split)
    rows = np.arange(split.rows, dtype=kind)
    if split.link:
        every = rows[: split.left, None] * kind(split.rows) + rows[None, split.left :]
        return Pairs(every.ravel(), split)
    every = np.empty(split.total, dtype=kind)
    done = 0
    for row in range(split.rows - 1):
        more = split.rows - 1 - row
        every[done : done + more] = rows[row + 1 :] + kind(row * split.rows)
        done += more
    return Pairs(every, split)


def pair_kind(split: Split) -> Any:
    """The type of `pair_numbers`."""
    return np.uint32 if split.rows <= 2**16 else np.int64


def pair_numbers(i: Ints, j: Ints, split: Split) -> np.ndarray:
    """One number per pair, in order of the rows; four bytes each where that is enough."""
    kind = pair_kind(split)
    return i.astype(kind) * kind(split.rows) + j.astype(kind)


def rows_of(numbers: np.ndarray, split: Split) -> tuple[Ints, Ints]:
    """The inverse of `pair_numbers`."""
    i = numbers // split.rows
    return i.astype(np.int32), (numbers - i * numbers.dtype.type(split.rows)).astype(np.int32)


def union(found: list[Key], split: Split) -> Pairs:
    """The distinct pairs of all keys."""
    seen = np.zeros(0, dtype=pair_kind(split))
    waiting: list[np.ndarray] = []
    size = 0
    for key in found:
        for i, j in pairs_of(key, split):
            waiting.append(pair_numbers(i, j, split))
            size += len(i)
            if size > max(200_000, len(seen) // 2):
                seen = distinct(np.concatenate([seen, *waiting]))
                waiting, size = [], 0
    seen = distinct(np.concatenate([seen, *waiting])) if waiting else seen
    return Pairs(seen, split)


def distinct(values: np.ndarray) -> np.ndarray:
    """Each value once, in order; sorts ``values`` in place."""
    values.sort()
    return values[np.concatenate([[True], values[1:] != values[:-1]])] if len(values) else values


def chunks(i: Ints, j: Ints, size: int = CHUNK) -> Iterator[tuple[Ints, Ints]]:
    """Pairs in pieces that fit the cache and bound the memory."""
    for start in range(0, len(i), size):
        yield i[start : start + size], j[start : start + size]


def _random(start: int, count: int, seed: int, below: int) -> Ints:
    """Numbers from 0 to ``below`` - 1 by splitmix64, those at places ``start`` to ``start + count``."""
    with np.errstate(over="ignore"):
        z = np.arange(start, start + count, dtype=np.uint64) + np.uint64(seed << 32)
        z *= np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z % np.uint64(below)).astype(np.int32)


def random_pairs(split: Split, count: int, seed: int) -> Iterator[tuple[Ints, Ints]]:
    """Pairs drawn evenly from all pairs, or all of them if there are no more than ``count``, in pieces."""
    if split.total <= count:
        for _, i, j in everything(split).chunks():
            yield i, j
        return
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        if split.link:
            i = _random(start, size, seed, split.left)
            yield i, _random(start, size, seed + 1, split.rows - split.left) + np.int32(split.left)
        else:
            i = _random(start, size, seed, split.rows)
            j = _random(start, size, seed + 1, split.rows - 1)
            j += j >= i
            yield np.minimum(i, j), np.maximum(i, j)

"""Pairs worth comparing, for tables: blocking on single keys and on pairs of keys.

Keys come from the comparisons themselves. No block is ever larger than a cap, so that ten thousand records
with one phone number cost no more than ten thousand others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .columns import Ints
from .model import Table

#: Up to this many pairs in all, everything is compared with everything.
ALL_PAIRS = 1_500_000
MAX_BLOCK = 400


@dataclass(frozen=True)
class Key:
    """A blocking key: its name, the comparisons it rests on, a code per row (-1: none), pairs it makes."""

    name: str
    comparisons: tuple[int, ...]
    codes: Ints
    pairs: int


@dataclass(frozen=True)
class Split:
    """How rows belong together: ``left`` rows come first; without ``link`` all pairs count."""

    rows: int
    left: int
    link: bool

    @property
    def total(self) -> int:
        """Number of pairs that there are at all."""
        if self.link:
            return self.left * (self.rows - self.left)
        return self.rows * (self.rows - 1) // 2


def _compact(codes: np.ndarray) -> tuple[Ints, np.ndarray]:
    """Codes renumbered from 0 in order of value (-1 stays), and the count of each."""
    known = codes >= 0
    out = np.full(len(codes), -1, dtype=np.int32)
    if known.any():
        _, inverse, counts = np.unique(codes[known], return_inverse=True, return_counts=True)
        out[known] = inverse
        return out, counts
    return out, np.zeros(0, dtype=np.int64)


def _count(codes: Ints, counts: np.ndarray, split: Split) -> int:
    if not len(counts):
        return 0
    counts = np.where(counts > MAX_BLOCK, 0, counts)
    if split.link:
        left = np.bincount(codes[: split.left][codes[: split.left] >= 0], minlength=len(counts))
        return int((left * (counts - left))[counts > 0].sum())
    return int((counts.astype(np.int64) * (counts - 1) // 2).sum())


def _key(name: str, comparisons: tuple[int, ...], codes: np.ndarray, split: Split) -> Key:
    compact, counts = _compact(codes)
    total = _count(compact, counts, split)
    if len(counts) and counts.max() > MAX_BLOCK:
        compact = np.where((compact >= 0) & (counts[compact] > MAX_BLOCK), -1, compact).astype(np.int32)
    return Key(name, comparisons, compact, total)


def keys(table: Table, split: Split, per_row: float = 40.0) -> list[Key]:
    """Keys that together make about ``per_row`` pairs a row, on as many different fields as possible.

    For every comparison, and for every two of them, the widest key that stays within its share: whatever two
    fields of a record are intact, some key rests on them.
    """
    single: list[tuple[str, int, np.ndarray]] = []
    for position, prepared in enumerate(table.prepared):
        for name, make in prepared.keys.items():
            single.append((f"{prepared.comparison.name}:{name}", position, make().codes))
    groups: dict[tuple[int, ...], list[Key]] = {}
    for name, position, codes in single:
        groups.setdefault((position,), []).append(_key(name, (position,), codes, split))
    alone = per_row / 4 * split.rows
    twice = per_row / 8 * split.rows
    for (name_a, pos_a, a), (name_b, pos_b, b) in combinations(single, 2):
        if pos_a == pos_b:
            continue
        joint = np.where((a >= 0) & (b >= 0), a.astype(np.int64) * (int(b.max(initial=0)) + 1) + b, -1)
        groups.setdefault((pos_a, pos_b), []).append(_key(f"{name_a}+{name_b}", (pos_a, pos_b), joint, split))
    found: list[Key] = []
    for group, members in groups.items():
        limit = alone if len(group) == 1 else twice
        fitting = sorted((k for k in members if 0 < k.pairs <= limit), key=lambda k: (k.pairs, k.name))
        found.extend(fitting[-2:])
    found.sort(key=lambda k: (k.pairs, k.name))
    return found


def pairs_of(key: Key, split: Split) -> tuple[Ints, Ints]:
    """All pairs of rows that share a value of the key, the lower row first."""
    rows = np.flatnonzero(key.codes >= 0).astype(np.int32)
    order = rows[np.argsort(key.codes[rows], kind="stable")]
    codes = key.codes[order]
    left: list[np.ndarray] = []
    right: list[np.ndarray] = []
    here = np.arange(len(order))
    for step in range(1, MAX_BLOCK):
        here = here[here + step < len(order)]
        here = here[codes[here] == codes[here + step]]
        if not len(here):
            break
        i, j = order[here], order[here + step]
        if split.link:
            across = (i < split.left) & (j >= split.left)
            i, j = i[across], j[across]
        left.append(i)
        right.append(j)
    if not left:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
    return np.concatenate(left), np.concatenate(right)


def everything(split: Split) -> tuple[Ints, Ints]:
    """Every pair of a small table."""
    if split.link:
        i = np.repeat(np.arange(split.left, dtype=np.int32), split.rows - split.left)
        j = np.tile(np.arange(split.left, split.rows, dtype=np.int32), split.left)
        return i, j
    low, high = np.triu_indices(split.rows, 1)
    return low.astype(np.int32), high.astype(np.int32)


def union(found: list[Key], split: Split) -> tuple[Ints, Ints]:
    """The distinct pairs of all keys, in order of their rows."""
    seen: np.ndarray = np.zeros(0, dtype=np.int64)
    waiting: list[np.ndarray] = []
    size = 0
    for key in found:
        i, j = pairs_of(key, split)
        waiting.append(i.astype(np.int64) * split.rows + j)
        size += len(i)
        if size > 8_000_000:
            seen = _distinct(np.concatenate([seen, *waiting]))
            waiting, size = [], 0
    seen = _distinct(np.concatenate([seen, *waiting])) if waiting else seen
    return (seen // split.rows).astype(np.int32), (seen % split.rows).astype(np.int32)


def _distinct(values: np.ndarray) -> np.ndarray:
    values.sort()
    return values[np.concatenate([[True], values[1:] != values[:-1]])] if len(values) else values


def chunks(i: Ints, j: Ints, size: int = 250_000) -> Iterator[tuple[Ints, Ints]]:
    """Pairs in pieces that fit the cache and bound the memory."""
    for start in range(0, len(i), size):
        yield i[start : start + size], j[start : start + size]


def random_pairs(split: Split, count: int, seed: int) -> tuple[Ints, Ints]:
    """Pairs drawn evenly from all pairs, or all of them if there are no more than ``count``."""
    if split.total <= count:
        return everything(split)
    rng = np.random.default_rng(seed)
    if split.link:
        i = rng.integers(0, split.left, count)
        j = rng.integers(split.left, split.rows, count)
    else:
        i = rng.integers(0, split.rows, count)
        j = rng.integers(0, split.rows - 1, count)
        j = j + (j >= i)
        return np.minimum(i, j).astype(np.int32), np.maximum(i, j).astype(np.int32)
    return i.astype(np.int32), j.astype(np.int32)

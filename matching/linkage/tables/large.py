"""Average linkage of groups too large for all their pairs: clusters ask some pairs between them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..compare.columns import Ints
from .candidates import CHUNK
from .evidence import CLIP, Evidence, Said

#: So many pairs between two clusters say what they are to one another.
ASKED = 32


@dataclass(frozen=True)
class Tree:
    """How a large group grew: ``label`` is the smallest position of each one's cluster; ``steps`` hold the labels after every
    round and what was said when each cluster became what it was; ``said`` is said of the given pairs."""

    label: np.ndarray
    steps: list[tuple[np.ndarray, np.ndarray]]
    said: np.ndarray

    def met(self, p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """What was said when two of a cluster came together."""
        out = np.full(len(p), np.nan)
        for label, height in self.steps:
            new = np.flatnonzero(np.isnan(out) & (label[p] == label[q]))
            out[new] = height[label[p[new]]]
        return out

    def inside(self, rows: Ints, p: np.ndarray, q: np.ndarray, takes: Callable[[int], bool]) -> Said:
        """The pairs inside clusters of a size that is taken, those given left out."""
        order = np.argsort(self.label, kind="stable")
        sizes = np.unique(self.label, return_counts=True)[1]
        ends = np.cumsum(sizes)
        parts = [
            np.sort(order[end - n : end]) for n, end in zip(sizes.tolist(), ends, strict=True) if takes(n)
        ]
        x, y = (
            np.concatenate(
                [np.zeros(0, dtype=np.intp), *(one[np.triu_indices(len(one), 1)[k]] for one in parts)]
            )
            for k in (0, 1)
        )
        size = len(rows)
        new = ~np.isin(x * size + y, np.minimum(p, q) * size + np.maximum(p, q))
        x, y = x[new], y[new]
        return rows[x], rows[y], self.met(x, y)


def grown(
    rows: Ints,
    p: np.ndarray,
    q: np.ndarray,
    weight: np.ndarray,
    heard: np.ndarray,
    cut: float,
    weigh: Callable[[Ints, Ints], Evidence],
    prior: float,
) -> Tree:
    """Average linkage of a group too large for all its pairs.

    Those two clusters meet which are nearest to one another by the pairs that are known (in rounds: of clusters that are
    mutually the nearest no other order would join anything else), and become one where up to `ASKED` pairs between them,
    known or not, say so: what keys propose agrees more than what they leave out.
    """
    size = len(rows)
    label: np.ndarray = np.arange(size)
    said = np.full(len(weight), np.nan)
    steps: list[tuple[np.ndarray, np.ndarray]] = []
    a, b = np.minimum(p, q)[heard], np.maximum(p, q)[heard]
    total: np.ndarray = np.clip(weight[heard], -CLIP, CLIP).astype(np.float64)
    number: np.ndarray = np.ones(len(a))
    value: np.ndarray = np.full(len(a), np.nan)  # what was asked of two clusters that stay apart
    while True:
        mean = total / number
        open_ = np.flatnonzero(np.isnan(value) & (mean > cut))
        if not len(open_):
            break
        # Of equally near ones any, but not in a row, or every round would join but two.
        chance = (a[open_] * 0x9E3779B1 ^ b[open_] * 0x85EBCA6B ^ len(steps) * 0xC2B2AE35) & 0xFFFF
        rank = np.empty(len(open_), dtype=np.intp)
        rank[np.lexsort((chance, mean[open_]))] = np.arange(len(open_))
        best = np.full(size, -1)
        np.maximum.at(best, a[open_], rank)
        np.maximum.at(best, b[open_], rank)
        pick = open_[(best[a[open_]] == rank) & (best[b[open_]] == rank)]
        value[pick] = _between(rows, label, a[pick], b[pick], weigh, prior)
        join = pick[value[pick] > cut]
        if not len(join):
            continue
        into = np.arange(size)
        into[b[join]] = a[join]
        height = np.full(size, np.nan)
        height[a[join]] = value[join]
        label = into[label]
        steps.append((label, height))
        larger = np.zeros(size, dtype=bool)
        larger[a[join]] = True
        x, y = into[a], into[b]
        keep = x != y
        x, y = np.minimum(x, y)[keep], np.maximum(x, y)[keep]
        edge, where = np.unique(x * size + y, return_inverse=True)
        total, number = np.bincount(where, total[keep]), np.bincount(where, number[keep])
        a, b = edge // size, edge % size
        before = np.full(len(edge), np.nan)
        before[where] = value[keep]
        value = np.where(larger[a] | larger[b], np.nan, before)
    tree = Tree(label, steps, said)
    said[:] = tree.met(p, q)
    apart = np.flatnonzero(np.isnan(said))
    x, y = label[p[apart]], label[q[apart]]
    edge = np.minimum(x, y) * size + np.maximum(x, y)
    place = np.minimum(np.searchsorted(a * size + b, edge), max(len(a) - 1, 0))
    found = np.where(np.isnan(value), total / number, value) if len(a) else np.full(1, cut)
    known = (a * size + b)[place] == edge if len(a) else np.zeros(len(apart), dtype=bool)
    said[apart] = np.where(known, np.minimum(found[place], cut), np.minimum(weight[apart], cut))
    return tree


def _between(
    rows: Ints,
    label: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    weigh: Callable[[Ints, Ints], Evidence],
    prior: float,
) -> np.ndarray:
    """What clusters ``a`` say of clusters ``b`` (log2), by all pairs between them or `ASKED` of them, field by field."""
    order = np.argsort(label, kind="stable")
    start, end = (
        np.searchsorted(label[order], np.arange(len(label)), side=side) for side in ("left", "right")
    )
    m, n = (end - start)[a], (end - start)[b]
    count = np.minimum(m * n, ASKED)
    of = np.repeat(np.arange(len(a)), count)
    k = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    # All pairs in turn, or some spread over both: the steps have nothing in common with most sizes.
    all_ = (m * n <= ASKED)[of]
    x = np.where(all_, k // n[of], (k * 0x9E3779B1 >> 7) % m[of])
    y = np.where(all_, k % n[of], (k * 0x85EBCA6B >> 7) % n[of])
    out = np.empty(len(a))
    ends = np.cumsum(count)
    first = 0
    while first < len(a):
        done = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, done + CHUNK, side="right")), first + 1)
        piece = slice(done, int(ends[last - 1]))
        found = weigh(
            rows[order[start[a[of[piece]]] + x[piece]]], rows[order[start[b[of[piece]]] + y[piece]]]
        )
        at = (ends - count)[first:last] - done
        counts = np.add.reduceat(found.counts.astype(np.float64), at, axis=0)
        have = np.minimum(m, n)[first:last, None] * counts / count[first:last, None]
        counts = np.maximum(counts, 1)
        mean = found.against(np.add.reduceat(found.said.astype(np.float64), at, axis=0) / counts, have)
        kin = (np.add.reduceat(found.kin.astype(np.float64), at, axis=0) / counts[:, None, :]).sum(axis=-1)
        out[first:last] = prior + mean.sum(axis=-1) + found.household(kin.T)
        first = last
    return out

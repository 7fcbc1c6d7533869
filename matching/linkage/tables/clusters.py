"""Clusters of one person's records by average linkage: never by bare connected components."""

import heapq
from collections.abc import Callable

import numpy as np

from ..compare.columns import Ints

#: Weights are cut to this many bits either way, so that one absurd agreement cannot carry a cluster.
CLIP = 12.0
#: Groups larger than this are linked through their scored pairs only (unscored pairs count as -CLIP/2).
MAX_DENSE = 250


def components(rows: int, i: Ints, j: Ints) -> Ints:
    """The smallest row of each row's connected component."""
    label = np.arange(rows, dtype=np.int32)
    while True:
        a, b = label[i], label[j]
        apart = a != b
        if not apart.any():
            return label
        np.minimum.at(label, np.maximum(a, b)[apart], np.minimum(a, b)[apart])
        while True:
            nearer = label[label]
            if np.array_equal(nearer, label):
                break
            label = nearer


def cluster(
    rows: int,
    i: Ints,
    j: Ints,
    weight: np.ndarray,
    cut: float = 0.0,
    weigh: Callable[[Ints, Ints], np.ndarray] | None = None,
) -> np.ndarray:
    """A cluster label (its smallest row) per row.

    Pairs above ``cut`` (log2) tie rows together; inside each group, clusters grow while the mean weight of all
    pairs between two of them stays above ``cut``. ``weigh`` gives the weight of pairs that were no candidates.
    """
    strong = weight > cut
    label = components(rows, i[strong], j[strong])
    sizes = np.bincount(label, minlength=rows)
    out = label.copy()
    busy = np.flatnonzero(sizes > 2)
    if not len(busy):
        return out
    members: dict[int, list[int]] = {int(k): [] for k in busy}
    for row in np.flatnonzero(sizes[label] > 2):
        members[int(label[row])].append(int(row))
    inside = (label[i] == label[j]) & (sizes[label[i]] > 2)
    order = np.argsort(label[i[inside]], kind="stable")
    ii, jj, ww = i[inside][order], j[inside][order], weight[inside][order]
    starts = np.searchsorted(label[ii], busy, side="left")
    ends = np.searchsorted(label[ii], busy, side="right")
    for group, start, end in zip(busy.tolist(), starts.tolist(), ends.tolist(), strict=True):
        rows_here = members[group]
        parts = _agglomerate(rows_here, ii[start:end], jj[start:end], ww[start:end], cut, weigh)
        for part in parts:
            out[part] = min(part)
    return out


def _agglomerate(
    rows: list[int],
    i: Ints,
    j: Ints,
    weight: np.ndarray,
    cut: float,
    weigh: Callable[[Ints, Ints], np.ndarray] | None,
) -> list[list[int]]:
    position = {row: k for k, row in enumerate(rows)}
    size = len(rows)
    sums: list[dict[int, float]] = [{} for _ in rows]
    for a, b, w in zip(i.tolist(), j.tolist(), np.clip(weight, -CLIP, CLIP).tolist(), strict=True):
        p, q = position[a], position[b]
        sums[p][q] = sums[q][p] = w
    if weigh is not None and size <= MAX_DENSE:
        blank = [(p, q) for p in range(size) for q in range(p + 1, size) if q not in sums[p]]
        if blank:
            x = np.array([rows[p] for p, _ in blank], dtype=np.int32)
            y = np.array([rows[q] for _, q in blank], dtype=np.int32)
            for (p, q), w in zip(blank, np.clip(weigh(x, y), -CLIP, CLIP).tolist(), strict=True):
                sums[p][q] = sums[q][p] = w
    unknown = -CLIP / 2
    groups: list[list[int] | None] = [[k] for k in range(size)]
    # Sums of known weights and their number, between living groups.
    known: list[dict[int, tuple[float, int]]] = [{q: (w, 1) for q, w in row.items()} for row in sums]

    def mean(p: int, q: int) -> float:
        total, number = known[p][q]
        gp, gq = groups[p], groups[q]
        assert gp is not None
        assert gq is not None
        pairs = len(gp) * len(gq)
        return (total + unknown * (pairs - number)) / pairs

    heap = [(-mean(p, q), p, q) for p in range(size) for q in known[p] if p < q and mean(p, q) > cut]
    heapq.heapify(heap)
    while heap:
        value, p, q = heapq.heappop(heap)
        gp, gq = groups[p], groups[q]
        if gp is None or gq is None:
            continue
        groups[p] = groups[q] = None
        new = len(groups)
        groups.append(gp + gq)
        merged: dict[int, tuple[float, int]] = {}
        for source in (known[p], known[q]):
            for r, (total, number) in source.items():
                if r not in (p, q) and groups[r] is not None:
                    t, c = merged.get(r, (0.0, 0))
                    merged[r] = (t + total, c + number)
        known.append(merged)
        for r, entry in merged.items():
            known[r][new] = entry
            value = mean(new, r)
            if value > cut:
                heapq.heappush(heap, (-value, r, new))
    return [[rows[k] for k in group] for group in groups if group]

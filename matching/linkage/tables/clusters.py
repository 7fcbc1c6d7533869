"""Clusters of one person's records by average linkage: never by bare connected components."""

import heapq
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..compare.columns import Ints
from .candidates import CHUNK
from .evidence import CLIP, Evidence, Others
from .large import grown

#: In groups larger than this not every pair is looked at.
MAX_DENSE = 250
#: Pairs that weigh less (log2) decide nothing: whether they are asked for must not change what others get.
FLOOR = -12.0


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
    weigh: Callable[[Ints, Ints], Evidence] | None = None,
    prior: float = 0.0,
    heard: np.ndarray | None = None,
    others: Others | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """A cluster label (its smallest row) per row, and what all records together say of every pair (log2).

    Pairs above ``cut`` (log2) tie rows together; inside each group, clusters grow while what their records say of one
    another stays above ``cut``: ``prior`` and, for every field, the mean over the pairs that have it (``weigh``), so
    that a record with a name alone and one with a phone alone do not speak against the third that has both.
    In groups above `MAX_DENSE` it is asked of some pairs (`large.grown`). Without ``weigh`` it is the mean weight of the pairs.
    Two rows are one person if their clusters are: a pair takes what was said when the two came together, or what
    is said between their clusters where they did not. A pair alone keeps its own.
    Pairs that are not ``heard`` (default: all are) take what their clusters say and have no say themselves.
    ``others`` takes the pairs inside clusters that are not among the given.
    """
    heard = np.ones(len(weight), dtype=bool) if heard is None else heard
    strong = heard & (weight > cut)
    label = components(rows, i[strong], j[strong])
    sizes = np.bincount(label, minlength=rows)
    out = label.copy()
    joint = weight.astype(np.float64)
    # Where every pair is above the cut there is nothing to decide.
    ties = np.bincount(label[i[strong]], minlength=rows)
    busy = np.flatnonzero((sizes > 2) & (ties < sizes * (sizes - 1) // 2))
    if not len(busy):
        return out, joint
    open_ = np.zeros(rows, dtype=bool)
    open_[busy] = True
    members: dict[int, list[int]] = {int(k): [] for k in busy}
    for row in np.flatnonzero(open_[label]):
        members[int(label[row])].append(int(row))
    inside = (label[i] == label[j]) & open_[label[i]]
    order = np.flatnonzero(inside)[np.argsort(label[i[inside]], kind="stable")]
    ii, jj, ww, known = i[order], j[order], weight[order], heard[order]
    starts = np.searchsorted(label[ii], busy, side="left")
    ends = np.searchsorted(label[ii], busy, side="right")
    waiting: list[tuple[list[int], int, int]] = []
    pairs = 0

    def decide() -> None:
        """Settle the groups that wait; what their pairs say is found in one go."""
        places = [np.triu_indices(len(group), 1) for group, _, _ in waiting]
        named = [np.array(group, dtype=np.int32) for group, _, _ in waiting]
        assert weigh is not None
        found = weigh(
            np.concatenate([n[x] for n, (x, _) in zip(named, places, strict=True)]),
            np.concatenate([n[y] for n, (_, y) in zip(named, places, strict=True)]),
        )
        done = 0
        for (group, start, end), (x, y), rows_here in zip(waiting, places, named, strict=True):
            piece = slice(done, done + len(x))
            done += len(x)
            part = replace(found, said=found.said[piece], counts=found.counts[piece], kin=found.kin[piece])
            p, q = np.searchsorted(rows_here, ii[start:end]), np.searchsorted(rows_here, jj[start:end])
            say = known[start:end]
            parts, heights = _pooled(len(group), x, y, part, (p[say], q[say], ww[start:end][say]), cut, prior)
            joint[order[start:end]] = heights[p, q]
            for one in parts:
                out[rows_here[one]] = rows_here[min(one)]
            if others is not None:
                inside = np.full(len(group), -1)
                for number, one in enumerate(parts):
                    if others.takes(len(one)):
                        inside[one] = number
                new = (inside[x] == inside[y]) & (inside[x] >= 0)
                old = np.zeros((len(group), len(group)), dtype=bool)
                old[p, q] = True
                new &= ~old[x, y]
                others.parts.append((rows_here[x[new]], rows_here[y[new]], heights[x[new], y[new]]))
        waiting.clear()

    for group, start, end in zip(busy.tolist(), starts.tolist(), ends.tolist(), strict=True):
        rows_here = members[group]
        if weigh is not None and len(rows_here) <= MAX_DENSE:
            waiting.append((rows_here, start, end))
            pairs += len(rows_here) * (len(rows_here) - 1) // 2
            if pairs >= CHUNK:
                decide()
                pairs = 0
            continue
        piece = slice(start, end)
        if weigh is not None:
            rows_of = np.array(rows_here, dtype=np.int32)
            p, q = np.searchsorted(rows_of, ii[piece]), np.searchsorted(rows_of, jj[piece])
            tree = grown(rows_of, p, q, ww[piece], known[piece], cut, weigh, prior)
            joint[order[start:end]] = tree.said
            out[rows_of] = rows_of[tree.label]
            if others is not None:
                others.parts.append(tree.inside(rows_of, p, q, others.takes))
            continue
        parts, said = _agglomerate(rows_here, ii[piece], jj[piece], ww[piece], known[piece], cut)
        joint[order[start:end]] = said
        for part in parts:
            out[part] = min(part)
    if waiting:
        decide()
    return out, joint


def _pooled(
    size: int,
    x: np.ndarray,
    y: np.ndarray,
    found: Evidence,
    known: tuple[np.ndarray, np.ndarray, np.ndarray],
    cut: float,
    prior: float,
) -> tuple[list[list[int]], np.ndarray]:
    """Groups of positions, and for every two of them what was said when they met. ``known`` pairs may be held down."""
    fields = found.said.shape[1]
    kin = found.kin.shape[1]
    # Layers: what one person explains, what each group of kin explains, and how far rivals hold a pair down.
    said = np.zeros((size, size, 1 + kin, fields))
    said[x, y, 0] = said[y, x, 0] = found.said
    said[x, y, 1:] = said[y, x, 1:] = found.kin
    counts = np.zeros((size, size, fields))
    counts[x, y] = counts[y, x] = found.counts
    have = np.asarray((counts > 0).any(axis=1), dtype=np.float64)
    held = np.zeros((size, size))
    between = np.ones((size, size))  # pairs of rows between two groups

    def total(p: int | slice) -> np.ndarray:
        """The log2 odds that group ``p`` (or every group) and each other are one person."""
        mean = said[p] / np.maximum(counts[p], 1)[..., None, :]
        own: np.ndarray = found.against(mean[..., 0, :], np.minimum(have[p][..., None, :], have)).sum(axis=-1)
        taken = found.household(mean[..., 1:, :].sum(axis=-1).reshape(own.size, kin).T)
        return prior + own + taken.reshape(own.shape) + held[p] / between[p]

    a, b, weight = known
    # Rivals that share the odds of a pair hold it down.
    held[a, b] = held[b, a] = np.minimum(weight - total(slice(None))[a, b], 0.0)
    value = total(slice(None))
    np.fill_diagonal(value, -np.inf)
    heights = np.full((size, size), -np.inf)
    groups = [[k] for k in range(size)]
    while True:
        p, q = divmod(int(value.argmax()), size)
        if value[p, q] <= cut:
            break
        heights[np.ix_(groups[p], groups[q])] = heights[np.ix_(groups[q], groups[p])] = value[p, q]
        groups[p], groups[q] = groups[p] + groups[q], []
        for sums in (said, counts, held, between):
            sums[p] += sums[q]
            sums[:, p] = sums[p]
        have[p] += have[q]
        alive = value[p] > -np.inf
        alive[q] = False
        value[p] = np.where(alive, total(p), -np.inf)
        value[:, p] = value[p]
        value[q] = value[:, q] = -np.inf
    living = [k for k in range(size) if groups[k]]
    for k in living:
        for other in living:
            if other != k:
                heights[np.ix_(groups[k], groups[other])] = value[k, other]
    return [groups[k] for k in living], heights


def _agglomerate(
    rows: list[int], i: Ints, j: Ints, weight: np.ndarray, heard: np.ndarray, cut: float
) -> tuple[list[list[int]], np.ndarray]:
    position = {row: k for k, row in enumerate(rows)}
    size = len(rows)
    sums: list[dict[int, float]] = [{} for _ in rows]
    clipped = np.clip(weight[heard], -CLIP, CLIP)
    for a, b, w in zip(i[heard].tolist(), j[heard].tolist(), clipped.tolist(), strict=True):
        p, q = position[a], position[b]
        sums[p][q] = sums[q][p] = w
    unknown = -CLIP / 2
    groups: list[list[int] | None] = [[k] for k in range(size)]
    inside: dict[
        int, tuple[int, float]
    ] = {}  # group → the one it became part of, and the mean weight of that
    # Sums of known weights and their number, between living groups.
    known: list[dict[int, tuple[float, int]]] = [{q: (w, 1) for q, w in row.items()} for row in sums]

    def mean(p: int, q: int) -> float:
        total, number = known[p].get(q, (0.0, 0))
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
        inside[p] = inside[q] = (new, -value)
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

    def above(k: int) -> dict[int, float]:
        """The groups that a row became part of, each with the mean weight that brought it there."""
        path = {k: float("inf")}
        while k in inside:
            k, at = inside[k]
            path[k] = at
        return path

    paths = [above(k) for k in range(size)]
    said = np.empty(len(weight))
    for number, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        mine, yours = paths[position[a]], paths[position[b]]
        met = next((k for k in mine if k in yours), None)
        said[number] = mean(next(reversed(mine)), next(reversed(yours))) if met is None else mine[met]
    return [[rows[k] for k in group] for group in groups if group], said

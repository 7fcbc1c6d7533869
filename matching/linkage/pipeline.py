"""Tables to tables: prepare, block, train, score, cluster. Needs no database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import candidates as blocks
from .clusters import cluster
from .columns import Levels
from .fill import RECORDED_ON
from .model import Model, Params, Table
from .training import Trained, train

#: How many partners of a row are held against one another, and from where two of them contradict (log2).
RIVALS = 6
CONTRADICTION = -4.0
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class LinkResult:
    """Scored pairs and clusters.

    ``pairs``: columns 'left', 'right' (ids), 'weight' (log2), 'probability' (0 to 1), 'outcome', and one column
    per field with the name of its level. ``clusters``: id → label; with two tables the ids are tuples
    ('a', id) and ('b', id). ``params``: what was trained, to replay any score.
    """

    pairs: dict[str, list[Any]]
    clusters: dict[Any, int]
    params: Params
    model: Model
    candidates: int
    stages: dict[str, float] = field(default_factory=dict)


def _column(table: dict[str, list[Any]], name: str) -> list[Any]:
    if name not in table:
        raise ValueError(f"no column {name!r}; there are: {', '.join(map(str, table))}")
    return list(table[name])


def combine(
    a: dict[str, list[Any]], b: dict[str, list[Any]] | None, fields: dict[str, str]
) -> tuple[dict[str, Sequence[Any]], blocks.Split]:
    """Columns of both tables one below the other, and where the second begins."""
    if not fields:
        raise ValueError("no fields to compare")
    rows: dict[str, Sequence[Any]] = {}
    sizes: set[int] = set()
    left = 0
    wanted = list(fields)
    if RECORDED_ON in a and (b is None or RECORDED_ON in b):
        wanted.append(RECORDED_ON)
    for name in wanted:
        column = _column(a, name)
        left = len(column)
        if b is not None:
            column = column + _column(b, name)
        rows[name] = column
        sizes.add(len(column))
    if len(sizes) != 1:
        raise ValueError("columns of one table have different lengths")
    return rows, blocks.Split(sizes.pop(), left, b is not None)


def link_tables(
    a: dict[str, list[Any]],
    b: dict[str, list[Any]] | None,
    fields: dict[str, str],
    id_col: str,
    threshold: float = 0.5,
    progress: Progress | None = None,
    params: Params | None = None,
    per_row: float = 40.0,
) -> LinkResult:
    """Link table ``a`` with ``b``, or find the duplicates within ``a``.

    Tables are columns of equal length. ``fields`` maps a column to its kind (see `model.KINDS`). Without
    ``params`` the model is trained on these rows, without labels and with a fixed seed. Only pairs with
    probability ≥ ``threshold`` come back. Raises ValueError for unknown columns or kinds.
    """
    tell = progress or (lambda _stage, _share: None)
    ids_a = _column(a, id_col)
    ids_b = _column(b, id_col) if b is not None else []
    rows, split = combine(a, b, fields)
    if len(ids_a) != split.left:
        raise ValueError("the id column is not as long as the others")
    tell("prepare", 0.0)
    model = Model.for_fields(fields, rows)
    ids: list[Any] = ids_a + ids_b
    if split.total < 1:
        chosen = params or model.default_params()
        return LinkResult(
            _rows(model, [], [], [], [], None), _labels(ids, split, range(len(ids))), chosen, model, 0
        )
    table = model.prepare(rows)
    tell("candidates", 0.0)
    keys = blocks.keys(table, split, per_row)
    if split.total <= blocks.ALL_PAIRS:
        i, j = blocks.everything(split)
    else:
        i, j = blocks.union(keys, split)
    trained: Trained | None = None
    if params is None:
        trained = train(table, split, keys, (i, j), progress=progress)
        params = trained.params
    low = min(np.log2(threshold / (1 - threshold)) if 0 < threshold < 1 else -50.0, 0.0) - 12
    kept_i, kept_j, kept_w, kept_l = [], [], [], []
    done = 0
    for x, y in blocks.chunks(i, j):
        levels = trained.levels(slice(done, done + len(x))) if trained else table.levels(x, y)
        weight = table.weigh(levels, x, y, params)
        keep = weight >= low
        kept_i.append(x[keep])
        kept_j.append(y[keep])
        kept_w.append(weight[keep])
        kept_l.append(levels[keep])
        done += len(x)
        tell("score", done / len(i))
    count = len(i)
    i, j = np.concatenate([*kept_i, np.zeros(0, np.int32)]), np.concatenate([*kept_j, np.zeros(0, np.int32)])
    weight = np.concatenate([*kept_w, np.zeros(0)])
    levels = np.concatenate([*kept_l, np.zeros((0, len(model.comparisons)), np.uint8)])
    final = params

    def weigh(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return table.weigh(table.levels(x, y), x, y, final)

    prior = float(np.log2(params.prior / (1 - params.prior)))
    probability = rivals(split.rows, i, j, weight, lambda x, y: weigh(x, y) - prior)
    tell("cluster", 0.0)

    cut = float(np.log2(threshold / (1 - threshold))) if 0 < threshold < 1 else 0.0
    held = np.clip(probability, 1e-15, 1 - 1e-15)
    bits = np.minimum(weight, np.log2(held) - np.log2(1 - held))
    label = cluster(split.rows, i, j, bits, cut, None if split.link else weigh)
    show = np.flatnonzero(probability >= threshold)
    show = show[np.argsort(-weight[show], kind="stable")]
    pairs = _rows(
        model, [ids[k] for k in i[show]], [ids[k] for k in j[show]], weight[show].tolist(),
        probability[show].tolist(), levels[show], outcomes(table, levels[show], probability[show], params),
    )  # fmt: skip
    return LinkResult(pairs, _labels(ids, split, label.tolist()), params, model, count)


def rivals(
    rows: int, i: np.ndarray, j: np.ndarray, weight: np.ndarray, evidence: Callable[[Any, Any], np.ndarray]
) -> np.ndarray:
    """Probability of each pair, given the other possible partners of its rows.

    A row that fits two others which contradict one another can be only one of them: their odds share out,
    p = odds / (1 + Σ odds). ``evidence`` gives the weight of pairs without the prior; two partners contradict
    one another where it lies below `CONTRADICTION` (log2). Partners that may themselves be one person do not compete.
    """
    alone = 1 / (1 + np.exp2(-np.clip(weight, -200, 200)))
    likely = np.flatnonzero(weight > -5)
    if not len(likely):
        return alone
    ends = np.concatenate([i[likely], j[likely]])
    partners = np.concatenate([j[likely], i[likely]])
    numbers = np.concatenate([likely, likely])
    order = np.lexsort((-weight[numbers], ends))
    ends, partners, numbers = ends[order], partners[order], numbers[order]
    counts = np.bincount(ends, minlength=rows)
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    rank = np.arange(len(ends)) - starts[ends]
    busy = np.flatnonzero(counts > 1)
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    for a in range(min(RIVALS, int(counts.max())) - 1):
        for b in range(a + 1, RIVALS):
            have = busy[counts[busy] > b]
            first.append(starts[have] + a)
            second.append(starts[have] + b)
    x, y = np.concatenate(first or [np.zeros(0, int)]), np.concatenate(second or [np.zeros(0, int)])
    if not len(x):
        return alone
    low, high = np.minimum(partners[x], partners[y]), np.maximum(partners[x], partners[y])
    against = np.zeros(len(x), dtype=bool)
    for start in range(0, len(x), 250_000):
        piece = slice(start, start + 250_000)
        against[piece] = evidence(low[piece], high[piece]) < CONTRADICTION
    odds = np.exp2(np.clip(weight, -60, 60))
    rival = np.zeros(len(ends))
    x, y = x[against], y[against]
    # Each counts its strongest rivals; several records of one rival would count twice, so the best one leads.
    mine, yours = odds[numbers[x]], odds[numbers[y]]
    np.maximum.at(rival, x, yours)
    np.maximum.at(rival, y, mine)
    share = odds[numbers] / (1 + odds[numbers] + rival)
    out = alone
    np.minimum.at(out, numbers[rank < RIVALS], share[rank < RIVALS])
    return out


def outcomes(table: Table, levels: Levels, probability: np.ndarray, params: Params) -> list[str]:
    """'accept', 'review' or 'reject' per pair; hidden names and one number under two names are never accepted."""
    doubtful = np.zeros(len(levels), dtype=bool)
    name = next(
        (k for k, c in enumerate(table.model.comparisons) if c.masked and "romanised" in c.levels), None
    )
    number = table._id
    if name is not None:
        c = table.model.comparisons[name]
        for level in (*c.masked, "masked_else"):
            doubtful |= levels[:, name] == c.index(level)
        doubtful |= (levels[:, name] == c.index("surname")) | (levels[:, name] == c.index("else"))
        # Twins and siblings share one character of the given name: without a number a person decides.
        near = (levels[:, name] == c.index("one_off")) | (levels[:, name] == c.index("partial"))
        if number is not None:
            near &= (levels[:, number] == 0) | (
                levels[:, number] > table.model.comparisons[number].index("near_2")
            )
        doubtful |= near
    if number is not None:
        doubtful |= levels[:, number] == table.model.comparisons[number].index("masked_else")
    accept = (probability >= params.accept) & ~doubtful
    return np.where(accept, "accept", np.where(probability >= params.review, "review", "reject")).tolist()


def _labels(ids: list[Any], split: blocks.Split, label: Sequence[int]) -> dict[Any, int]:
    if not split.link:
        return dict(zip(ids, label, strict=True))
    sides = ["a"] * split.left + ["b"] * (split.rows - split.left)
    return dict(zip(zip(sides, ids, strict=True), label, strict=True))


def _rows(
    model: Model,
    left: list[Any],
    right: list[Any],
    weight: list[float],
    probability: list[float],
    levels: Levels | None,
    outcome: list[str] | None = None,
) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {
        "left": left, "right": right, "weight": weight, "probability": probability, "outcome": outcome or [],
    }  # fmt: skip
    for position, comparison in enumerate(model.comparisons):
        names = comparison.levels
        out[comparison.name] = [] if levels is None else [names[k] for k in levels[:, position]]
    return out

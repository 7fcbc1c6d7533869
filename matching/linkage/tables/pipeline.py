"""Tables to tables: prepare, block, train, score, cluster. Needs no database."""

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import oddities
from ..compare.columns import Bools, Ints
from ..compare.fill import RECORDED_ON
from ..compare.names import PreparedName
from ..compare.numbers import PreparedId
from ..model import Model, Params, Table, household
from ..outcomes import decide, doubtful
from ..training import Trained, train
from . import batch, habits
from . import candidates as blocks
from .batch import Buckets, Scored, Spread
from .clusters import FLOOR, cluster
from .copies import copies, those_of
from .evidence import Evidence, Others
from .keys import keys as keys_of
from .keys import teaching
from .vouching import vouched

if TYPE_CHECKING:
    from ..splink.foreign import Imported

#: How many partners of a row are held against one another, and from where two of them contradict (log2).
RIVALS = 6
CONTRADICTION = -4.0
#: So many partners of rows are looked at together, at most.
RIVAL_ENTRIES = 500_000
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


def _column(table: Mapping[str, Any], name: str) -> Any:
    if name not in table:
        raise ValueError(f"no column {name!r}; there are: {', '.join(map(str, table))}")
    return table[name]


class Below(Sequence[Any]):
    """The columns of two tables, one below the other, without a copy."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __iter__(self) -> Iterator[Any]:
        for part in self.parts:
            yield from part

    def __getitem__(self, place: Any) -> Any:
        first = len(self.parts[0])
        return self.parts[0][place] if place < first else self.parts[1][place - first]


def combine(
    a: Mapping[str, Any], b: Mapping[str, Any] | None, fields: dict[str, str]
) -> tuple[dict[str, Any], blocks.Split]:
    """Columns of both tables one below the other, and where the second begins."""
    if not fields:
        raise ValueError("no fields to compare")
    rows: dict[str, Any] = {}
    sizes: set[int] = set()
    left = 0
    wanted = list(fields)
    if RECORDED_ON in a and (b is None or RECORDED_ON in b):
        wanted.append(RECORDED_ON)
    for name in wanted:
        parts = [_column(a, name)] + ([_column(b, name)] if b is not None else [])
        parts = habits.plain(parts, fields.get(name, ""))
        left = len(parts[0])
        rows[name] = parts[0] if b is None else Below(parts)
        sizes.add(len(rows[name]))
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
    ids = [*_column(a, id_col), *(_column(b, id_col) if b is not None else ())]
    found = link(a, b, fields, id_col, threshold=threshold, progress=progress, params=params, per_row=per_row)
    split, model = found.split, found.model
    pairs: dict[str, list[Any]] = {
        name: [] for name in ("left", "right", "weight", "probability", "outcome", "flags", *model.names)
    }
    for part in found.pieces():
        pairs["left"] += [ids[k] for k in part.i]
        pairs["right"] += [ids[k] for k in part.j]
        pairs["weight"] += part.weight.tolist()
        pairs["probability"] += part.probability.tolist()
        pairs["outcome"] += part.outcome
        pairs["flags"] += [" ".join(flags) for flags in part.flags]
        for name, levels in part.levels.items():
            pairs[name] += levels
    label = found.label.tolist()
    if split.link:
        sides = ["a"] * split.left + ["b"] * (split.rows - split.left)
        clusters = dict(zip(zip(sides, ids, strict=True), label, strict=True))
    else:
        clusters = dict(zip(ids, label, strict=True))
    return LinkResult(pairs, clusters, found.params, model, found.candidates)


@dataclass(frozen=True)
class Piece:
    """Some pairs of a result: rows, weights (log2), probabilities, outcomes, what is odd (`labels.FLAGS`), level names
    per comparison."""

    i: Ints
    j: Ints
    weight: np.ndarray
    probability: np.ndarray
    outcome: list[str]
    flags: list[tuple[str, ...]]
    levels: dict[str, list[str]]


@dataclass(frozen=True)
class Linked:
    """Pairs of row numbers with probability ≥ the threshold, the heaviest first, and a cluster label per row.

    Two rows with one number that names a person are always among them, unless a crowd of rows has it.
    """

    split: blocks.Split
    table: Table | None
    model: Model
    params: Params
    i: Ints
    j: Ints
    weight: np.ndarray
    probability: np.ndarray
    alone: np.ndarray  # the probability without what third records say
    label: Ints
    candidates: int
    #: Pairs that two other records of the person answer for.
    answered: Bools

    def named(self, ids: np.ndarray) -> Iterator[tuple[list[Any], list[Any], Piece]]:
        """The pairs with the ids of both rows."""
        for piece in self.pieces():
            yield ids[piece.i].tolist(), ids[piece.j].tolist(), piece

    def pieces(self, size: int = 10_000) -> Iterator[Piece]:
        """The pairs with their levels, which are found once more, so that they need not be kept."""
        for start in range(0, len(self.i) if self.table else 0, size):
            assert self.table is not None
            piece = slice(start, start + size)
            i, j, weight, p = self.i[piece], self.j[piece], self.weight[piece], self.probability[piece]
            alone, answered = self.alone[piece], self.answered[piece]
            levels = self.table.levels(i, j)
            named = {
                c.name: [c.levels[k] for k in levels[:, position].tolist()]
                for position, c in enumerate(self.model.comparisons)
            }
            odd = oddities.find(self.table, levels, i, j)
            outcome = decide(self.model, levels, p, self.params, alone=alone, odd=odd, vouched=answered)
            yield Piece(i, j, weight, p, outcome, odd.flags, named)


def link(
    a: Mapping[str, Any],
    b: Mapping[str, Any] | None,
    fields: dict[str, str],
    id_col: str,
    threshold: float = 0.5,
    progress: Progress | None = None,
    params: Params | None = None,
    per_row: float = 40.0,
    memory_mb: float = 0,
    workers: int = 1,
    folder: Path | None = None,
    spread: Spread | None = None,
    imported: "Imported | None" = None,
) -> Linked:
    """As `link_tables`, in row numbers and bounded memory: columns may be any sequences, `Coded` ones too.

    More than `batch.ROOM` pairs wait in buckets under ``folder`` (default: a temporary one) and are scored by
    ``workers`` child processes or elsewhere (``spread``). ``memory_mb`` bounds this process and its workers (fewer where less fit); 0: no limit.
    ``imported``: a model made elsewhere with its parameters and rules, in place of one for ``fields``; nothing is trained.
    """
    tell = progress or (lambda _stage, _share: None)
    size = len(_column(a, id_col)) + (len(_column(b, id_col)) if b is not None else 0)
    if b is not None and all(name in a and name in b for name in fields):
        b = habits.same_year(a, b, fields)
    rows, split = combine(a, b, fields)
    if size != split.rows:
        raise ValueError("the id column is not as long as the others")
    tell("prepare", 0.0)
    given = fields
    if imported is None:
        rows, fields = _as_parts(rows, given, params)
    model = Model.for_fields(fields, rows) if imported is None else imported.model
    if params is not None:
        params.check(model)
    none = np.zeros(0, dtype=np.int32)
    if split.total < 1:
        chosen = params or (model.default_params() if imported is None else imported.params)
        return Linked(
            split, None, model, chosen, none, none, np.zeros(0), np.zeros(0), np.zeros(0),
            np.arange(split.rows, dtype=np.int32), 0, none > 0,
        )  # fmt: skip
    table = whole_table = model.prepare(rows)
    whole_split = split
    # Where a model was made elsewhere every row is its own.
    told_often = None if any(c.exactly for c in model.comparisons) else copies(table, split)
    if told_often:
        table, split = (
            model.prepare({name: told_often.of(values) for name, values in rows.items()}),
            told_often.split(split),
        )
    if split.link:
        table.left, whole_table.left = split.left, whole_split.left
    tell("candidates", 0.0)
    ruled = imported.keys(rows, split) if imported is not None else []
    del rows
    keys = ruled or keys_of(table, split, per_row)
    if imported is not None:
        params = imported.fitted(table)
    low = lowest(threshold)
    room = batch.room_of(memory_mb, batch.ROOM)
    expected = sum(k.pairs for k in keys)
    whole = split.total <= min(blocks.ALL_PAIRS, room) and not ruled
    if params is None and any(key.many for key in keys):
        taught = teaching(table, split)
        if taught is not None:
            few = replace(split, rows=int(taught.sum()), left=int(taught[: split.left].sum()))
            them = told_often.rows[taught] if told_often else np.flatnonzero(taught).astype(np.int32)
            # The columns are read once more rather than kept.
            again, _ = _as_parts(combine(a, b, given)[0], given, params)
            some = model.prepare({name: those_of(values, them) for name, values in again.items()})
            some.left = few.left if split.link else some.left
            params = _learnt(some, few, per_row, room, folder, progress)
            del again, some
    if spread is None and (whole or expected <= room):
        pairs = blocks.everything(split) if whole else blocks.union(keys, split)
        count = len(pairs)
        params, kept = _score_here(table, split, keys, pairs, low, params, tell)
        del pairs
    else:
        with _folder(folder) as place:
            workers, most = batch.shares(memory_mb, workers, room)
            buckets = Buckets(place, math.ceil(expected / most), split.rows)
            buckets.fill(keys, split, lambda share: tell("candidates", share))
            if params is None:
                params = _from_some(table, split, keys, buckets, room, progress)
            for prepared in table.prepared:
                prepared.keys.clear()  # blocking is done
            table.order = None
            parts, count = [], 0
            for part, compared in batch.score_buckets(table, params, buckets, low, workers, spread):
                parts.append(part)
                count += compared
                tell("score", len(parts) / buckets.count)
            kept = batch.joined(parts)
            del parts
    tell("cluster", 0.0)
    i, j, weight, probability, alone, label, answered = settle(table, split, params, kept, threshold, room)
    del kept
    of: np.ndarray = np.arange(len(i))
    if told_often:
        label = told_often.labels(label)
        i, j, of = told_often.pairs(i, j, whole_split)
    order = np.lexsort((j, i, -weight[of]))
    i, j, of = i[order], j[order], of[order]
    tell("cluster", 1.0)
    return Linked(
        whole_split, whole_table, model, params, i, j, weight[of], probability[of], alone[of], label, count, answered[of],
    )  # fmt: skip


def cut_of(threshold: float) -> float:
    """The weight (log2) at which a pair alone has this probability."""
    return float(np.log2(threshold / (1 - threshold))) if 0 < threshold < 1 else 0.0


def lowest(threshold: float) -> float:
    """The least weight (log2) of pairs that can matter to those at or above a probability."""
    return (min(cut_of(threshold), 0.0) if 0 < threshold < 1 else -50.0) + FLOOR


#: Pairs of rows: left, right, weight (log2), probability, the same without third records; the cluster of every row; and for
#: which pairs two other records answer.
Settled = tuple[Ints, Ints, np.ndarray, np.ndarray, np.ndarray, Ints, Bools]


def settle(
    table: Table,
    split: blocks.Split,
    params: Params,
    kept: Scored,
    threshold: float,
    room: int,
    crowds: Bools | None = None,
) -> Settled:
    """What becomes of scored pairs once all of a row's possible partners are known: rivals share the odds, clusters form.

    ``kept`` are pairs with their weights, from `lowest` on. Back come those at or above the threshold, those inside clusters
    (of large ones up to ``room``), and those whose rows have one number that names a person; rows of ``crowds`` have one that
    very many have.
    """
    i, j, weight = kept
    cut = cut_of(threshold)

    def weigh(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return table.weigh(table.levels(x, y), x, y, params)

    prior = float(np.log2(params.prior / (1 - params.prior)))
    probability = alone = rivals(split.rows, i, j, weight, lambda x, y: weigh(x, y) - prior)
    proposed = len(i)
    i, j, weight, probability, alone, asked = _with_one_number(
        table, split, i, j, weight, probability, alone, weigh, crowds
    )
    heard = np.arange(len(i)) < proposed
    held = np.clip(probability, 1e-15, 1 - 1e-15)
    bits = np.minimum(weight, np.log2(held) - np.log2(1 - held))
    del held
    answered = np.zeros(len(i), dtype=bool)
    if split.link:
        spoken = _of_persons(table, split, i, j, probability)
        if spoken is not None:
            more, probability = spoken > probability, spoken
            sure = np.clip(probability[more], 1e-15, 1 - 1e-15)
            bits[more] = np.log2(sure) - np.log2(1 - sure)
        label, _ = cluster(split.rows, i, j, bits, cut, heard=heard)
    else:
        told = _evidence(table, params)
        others = Others(min(blocks.ALL_PAIRS, room))
        one, joint = cluster(split.rows, i, j, bits, 0.0, told, prior, heard & (weight >= FLOOR), others)
        together = one[i] == one[j]
        bits = np.where(together, np.maximum(bits, joint), np.minimum(bits, joint))
        probability = _probability(bits)
        label = one if cut == 0.0 else cluster(split.rows, i, j, bits, cut, told, prior, heard)[0]
        # Two rows of one person are a pair of it, though they agree on too little for any key.
        x, y, met = others.all()
        if len(x):
            i, j = np.concatenate([i, x]), np.concatenate([j, y])
            own = [weigh(*few) for few in blocks.chunks(x, y)]
            weight = np.concatenate([weight, *own]).astype(weight.dtype)
            probability = np.concatenate([probability, _probability(met)])
            alone = np.concatenate([alone, np.minimum(_probability(weight[len(alone) :]), _probability(met))])
            asked = np.concatenate([asked, np.zeros(len(x), dtype=bool)])
        answered = _answered(table, params, one, i, j, probability, alone)
    show = np.flatnonzero((probability >= threshold) | asked)
    return i[show], j[show], weight[show], probability[show], alone[show], label, answered[show]


def _as_parts(
    rows: dict[str, Any], fields: dict[str, str], params: Params | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Columns and fields as they are compared: dates and names that stand in several columns, or in one."""
    rows, fields = habits.birth_parts(rows, fields)
    return habits.name_parts(rows, fields, None if params is None else params.m)


def _probability(weight: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp2(-np.clip(weight.astype(np.float64), -200, 200))))


def _of_persons(
    table: Table, split: blocks.Split, i: Ints, j: Ints, probability: np.ndarray
) -> np.ndarray | None:
    """Probabilities of pairs as those of persons; None where every row is its own.

    Rows of one table with one possible number and one name are one person's, say a second insurer's: whom one of them is,
    the others are, however little they tell (no stay, an old address). The best of their pairs speaks for all.
    """
    numbers = next((p for p in table.prepared if isinstance(p, PreparedId)), None)
    names = next((p for p in table.prepared if isinstance(p, PreparedName)), None)
    if numbers is None or names is None or not len(i):
        return None
    number, name = numbers.coded.codes.astype(np.int64), names.fold[names.coded.codes]
    known = np.flatnonzero(
        (number >= 0) & numbers.valid[number] & (name >= 0) & ~names.hidden[names.coded.codes]
    )
    second = known >= split.left
    told = (number[known] * (int(name.max()) + 1) + name[known]) * 2 + second
    _, inverse, sizes = np.unique(told, return_inverse=True, return_counts=True)
    if sizes.max(initial=1) < 2:
        return None
    person = np.arange(split.rows, dtype=np.int64)
    person[known] = split.rows + inverse
    pairs = person[i] * (2 * split.rows) + person[j]
    order = np.argsort(pairs, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], pairs[order][1:] != pairs[order][:-1]]))
    best = np.maximum.reduceat(probability[order], starts)
    out = np.empty_like(probability)
    out[order] = np.repeat(best, np.diff(np.append(starts, len(order))))
    return out


def _learnt(
    table: Table,
    split: blocks.Split,
    per_row: float,
    room: int,
    folder: Path | None,
    progress: Progress | None,
) -> Params:
    """Parameters for a table that is only learnt from."""
    keys = keys_of(table, split, per_row)
    expected = sum(k.pairs for k in keys)
    if split.total <= min(blocks.ALL_PAIRS, room):
        return train(table, split, keys, blocks.everything(split), progress=progress).params
    if expected <= room:
        return train(table, split, keys, blocks.union(keys, split), progress=progress).params
    with _folder(folder) as place:
        buckets = Buckets(place, math.ceil(expected / room), split.rows)
        buckets.fill(keys, split, lambda _share: None)
        return _from_some(table, split, keys, buckets, room, progress)


def _from_some(
    table: Table,
    split: blocks.Split,
    keys: list[blocks.Key],
    buckets: Buckets,
    room: int,
    progress: Progress | None,
) -> Params:
    """Parameters from whole buckets, about ``room`` pairs."""
    sample, share = buckets.sample(room)
    some = replace(split, share=share)
    sample = sample.astype(blocks.pair_kind(some), copy=False)
    return train(table, some, keys, blocks.Pairs(sample, some), progress=progress).params


def _answered(
    table: Table, params: Params, label: Ints, i: Ints, j: Ints, probability: np.ndarray, alone: np.ndarray
) -> Bools:
    """The pairs inside clusters of four rows and more for which two other rows answer (`vouching`)."""
    sizes = np.bincount(label, minlength=len(label))[label]
    inside = (label[i] == label[j]) & (sizes[i] > 3) & (probability >= 0.5)
    sure = np.flatnonzero(inside & (np.minimum(probability, alone) >= params.limit().accept))
    accepted = np.zeros(len(i), dtype=bool)
    for start in range(0, len(sure), blocks.CHUNK):
        piece = sure[start : start + blocks.CHUNK]
        levels = table.levels(i[piece], j[piece])
        odd = oddities.find(table, levels, i[piece], j[piece])
        accepted[piece] = ~doubtful(table.model, levels) & ~odd.never
    return vouched(len(label), i, j, accepted, inside & ~accepted)


def _with_one_number(
    table: Table,
    split: blocks.Split,
    i: Ints,
    j: Ints,
    weight: np.ndarray,
    probability: np.ndarray,
    alone: np.ndarray,
    weigh: Callable[[Ints, Ints], np.ndarray],
    crowds: Bools | None = None,
) -> tuple[Ints, Ints, np.ndarray, np.ndarray, np.ndarray, Bools]:
    """The pairs, with those added whose rows have one number that names a person; which these are.

    A slip or a borrowed card: somebody has to see them, however little else agrees. What no key proposed is never accepted.
    """
    codes = [p.named() for p in table.prepared if isinstance(p, PreparedId)]
    if crowds is not None:
        codes = [np.where(crowds, np.int32(-1), one) for one in codes]
    numbers = [blocks.pair_numbers(*blocks.side_by_side(one, split), split) for one in codes]
    if not sum(map(len, numbers)):
        return i, j, weight, probability, alone, np.zeros(len(i), dtype=bool)
    same = np.unique(np.concatenate(numbers))
    asked = np.zeros(len(i), dtype=bool)
    seen = np.zeros(len(same), dtype=bool)
    for start in range(0, len(i), blocks.CHUNK):
        piece = slice(start, start + blocks.CHUNK)
        known = blocks.pair_numbers(i[piece], j[piece], split)
        place = np.minimum(np.searchsorted(same, known), len(same) - 1)
        asked[piece] = same[place] == known
        seen[place[asked[piece]]] = True
    x, y = blocks.rows_of(same[~seen], split)
    if not len(x):
        return i, j, weight, probability, alone, asked
    more = np.concatenate([weigh(*part) for part in blocks.chunks(x, y)]).astype(weight.dtype)
    p = 1 / (1 + np.exp2(-np.clip(more.astype(np.float64), -200, 200)))
    return (
        np.concatenate([i, x.astype(i.dtype)]), np.concatenate([j, y.astype(j.dtype)]), np.concatenate([weight, more]),
        np.concatenate([probability, p]), np.concatenate([alone, np.zeros(len(x))]), np.concatenate([asked, np.ones(len(x), dtype=bool)]),
    )  # fmt: skip


def _evidence(table: Table, params: Params) -> Callable[[Ints, Ints], Evidence]:
    """What pairs of rows say, field by field."""
    fixed = np.array([c.circle == "" and bool(c.own) for c in table.model.comparisons])

    def find(x: Ints, y: Ints) -> Evidence:
        levels = table.levels(x, y)
        said = table.contributions(levels, x, y, params)
        has = levels > 0
        stays = table.of_stays(x, y, params)
        if stays is not None:
            has[:, stays[0]] = True
        if params.kin:
            kin = table.kinship(levels, x, y, params)
            return Evidence(said[:, :-1], has, kin, lambda sums: household(sums, params), fixed)
        # A rule takes back what a household shares, pair by pair.
        counts = np.concatenate([has, np.ones((len(x), 1), dtype=bool)], axis=1)
        none = np.zeros((len(x), 0, said.shape[1]), dtype=np.float32)
        return Evidence(said, counts, none, lambda sums: np.zeros(sums.shape[1]), np.append(fixed, False))

    return find


def _score_here(
    table: Table,
    split: blocks.Split,
    keys: list[blocks.Key],
    pairs: blocks.Pairs,
    low: float,
    params: Params | None,
    tell: Progress,
) -> tuple[Params, Scored]:
    """Pairs that fit into memory: what training found of them is not compared again."""
    trained: Trained | None = None
    if params is None:
        trained = train(table, split, keys, pairs, progress=tell)
        params = trained.params
        hope = table.at_most(trained.patterns.levels, params) >= low
    parts: list[Scored] = []
    for piece, x, y in pairs.chunks():
        if trained:
            number = trained.number[piece]
            some = np.flatnonzero(hope[number])
            parts.append(
                batch.kept(table, params, trained.patterns.levels[number[some]], x[some], y[some], low)
            )
        else:
            parts.append(batch.kept(table, params, table.levels(x, y), x, y, low))
        tell("score", piece.stop / len(pairs))
    return params, batch.joined(parts)


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="linkage-") as name:
        yield Path(name)


def rivals(
    rows: int, i: np.ndarray, j: np.ndarray, weight: np.ndarray, evidence: Callable[[Any, Any], np.ndarray]
) -> np.ndarray:
    """Probability of each pair, given the other possible partners of its rows.

    A row that fits two others which contradict one another can be only one of them: their odds share out,
    p = odds / (1 + Σ odds). ``evidence`` gives the weight of pairs without the prior; two partners contradict
    one another where it lies below `CONTRADICTION` (log2). Partners that may themselves be one person do not compete.
    """
    out = 1 / (1 + np.exp2(-np.clip(weight.astype(np.float64), -200, 200)))
    likely = np.flatnonzero(weight > -5).astype(np.int32)
    counts = np.bincount(i[likely], minlength=rows) + np.bincount(j[likely], minlength=rows)
    total = np.cumsum(counts)
    start = 0
    while start < rows:
        done = int(total[start - 1]) if start else 0
        end = max(int(np.searchsorted(total, done + RIVAL_ENTRIES, side="right")), start + 1)
        here = [likely[(side[likely] >= start) & (side[likely] < end)] for side in (i, j)]
        ends = np.concatenate([i[here[0]], j[here[1]]])
        partners = np.concatenate([j[here[0]], i[here[1]]])
        _share(out, ends - np.int32(start), partners, np.concatenate(here), weight, evidence)
        start = end
    return out


def _share(
    out: np.ndarray,
    ends: Ints,
    partners: Ints,
    numbers: Ints,
    weight: np.ndarray,
    evidence: Callable[[Any, Any], np.ndarray],
) -> None:
    """Lower ``out[numbers]`` where an end has rivals; ``ends`` are numbered from 0 and have all their partners here."""
    if not len(ends):
        return
    order = np.lexsort((-weight[numbers], ends))
    ends, partners, numbers = ends[order], partners[order], numbers[order]
    counts = np.bincount(ends)
    starts = np.cumsum(counts) - counts
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
        return
    low, high = np.minimum(partners[x], partners[y]), np.maximum(partners[x], partners[y])
    against = np.zeros(len(x), dtype=bool)
    for start in range(0, len(x), blocks.CHUNK):
        piece = slice(start, start + blocks.CHUNK)
        against[piece] = evidence(low[piece], high[piece]) < CONTRADICTION
    odds = np.exp2(np.clip(weight[numbers].astype(np.float64), -60, 60))
    rival = np.zeros(len(ends))
    x, y = x[against], y[against]
    # Each counts its strongest rivals; several records of one rival would count twice, so the best one leads.
    mine, yours = odds[x], odds[y]
    np.maximum.at(rival, x, yours)
    np.maximum.at(rival, y, mine)
    share = odds / (1 + odds + rival)
    np.minimum.at(out, numbers[rank < RIVALS], share[rank < RIVALS])

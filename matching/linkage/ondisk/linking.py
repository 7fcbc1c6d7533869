"""Tables that are larger than memory: rows in DuckDB (`store`), pairs scored by Splink (`backend`), the rest by the engine.

The engine learns from a sample, weighs what Splink finds likely, and forms the clusters, some rows at a time. Of every
row Python keeps its group (twelve bytes while groups are made); of groups that hang together by likely pairs one whole group at least.
"""

# ruff: noqa: S608 (names of tables and columns are our own; what people wrote is never part of a question)

import math
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..compare.columns import Bools, Ints
from ..model import Model, Params
from ..tables import batch, habits
from ..tables import candidates as blocks
from ..tables.batch import Buckets, Scored
from ..tables.candidates import Key, Pairs, Sample, Split
from ..tables.clusters import components
from ..tables.copies import one_person
from ..tables.oddities import lent
from ..tables.pipeline import Linked, Piece, Progress, combine, cut_of, lowest, settle
from ..training import RANDOM_PAIRS, SEED, SLIPS, drawn, train
from ..words import say
from .backend import MARGIN, DuckDb, Spark, settings_of
from .repeated import Repeated
from .store import Found, Store

#: Candidates that are learnt from, about, counted as often as keys make them; rows from which random pairs are drawn.
LEARNT = 2_000_000
EVEN = 60_000
#: Likely pairs that are weighed at a time, and rows whose groups are settled at a time.
WEIGHED = 200_000
ROWS = 40_000
#: Bytes that a sampled pair and its rows take while it is learnt from.
PER_SAMPLED = 500
#: Of a limit, what is left for this process; it needs so much at least, and so does DuckDB.
OWN_MB, DUCK_MB = 300.0, 300.0
#: Partners below this weight (log2) are no rivals (`pipeline.rivals`).
RIVAL = -5.0
#: Bytes that a row takes on disk, about, and a pair.
ROW_BYTES, PAIR_BYTES = 1_000, 12


class Names:
    """The ids of all rows, as text, taken from the store when they are asked for; ``how`` each is shown."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.how: Callable[[str], str] | None = None

    def __len__(self) -> int:
        return self.store.rows

    def __getitem__(self, rows: slice) -> np.ndarray:
        first, last, _ = rows.indices(len(self))
        got = self.store.execute(
            f"select name from ids where id >= {first} and id < {last} order by id"
        ).fetchall()
        return np.array(self.shown([name for (name,) in got]), dtype=object)

    def shown(self, ids: list[str]) -> list[str]:
        return ids if self.how is None else list(map(self.how, ids))


class Twice(ValueError):
    """Two rows of one table have one id, or a row has none."""


@dataclass
class OnDisk:
    """What was found in a large table: pairs on disk, the heaviest first; a cluster label per row."""

    store: Store
    split: Split
    model: Model
    params: Params
    label: Ints
    count: int = 0
    candidates: int = 0
    #: Whether frequencies were left out of ``params``, which hold the commonest values.
    cut: bool = False
    lent: int = 0
    lent_some: list[tuple[int, int]] = field(default_factory=list)

    def named(self, ids: "Names", size: int = 10_000) -> Iterator[tuple[list[str], list[str], Piece]]:
        """The pairs, the heaviest first, with the ids of both rows."""
        if not self.count:
            return
        levels = [f"l{k}" for k in range(len(self.model.names))]
        sql = (
            f"select i, j, weight, probability, outcome, flags, a.name as left_id, b.name as right_id, {', '.join(levels)} "
            "from found join ids a on a.id = i join ids b on b.id = j order by weight desc, i, j"
        )
        for part in self.store.connection.sql(sql).to_arrow_reader(size):
            if not len(part):
                continue
            i, j, weight, p = (part.column(k).to_numpy(zero_copy_only=False) for k in range(4))
            outcome, flags, left, right, *said = (
                part.column(k).to_pylist() for k in range(4, part.num_columns)
            )
            named = dict(zip(self.model.names, said, strict=True))
            some = [tuple(f.split()) for f in flags]
            yield ids.shown(left), ids.shown(right), Piece(i, j, weight, p, outcome, some, named)

    def names(self, rows: Iterable[int]) -> dict[int, str]:
        """The ids of a few rows."""
        self.store.only(np.array(sorted(set(rows)), dtype=np.int32))
        return dict(self.store.execute("select id, name from ids semi join wanted using (id)").fetchall())


@contextmanager
def opened(
    a: Mapping[str, Any],
    b: Mapping[str, Any] | None,
    fields: dict[str, str],
    ids: Sequence[Any],
    place: Path,
    *,
    spark: bool = False,
    threshold: float = 0.5,
    progress: Progress | None = None,
    params: Params | None = None,
    per_row: float = 40.0,
    memory_mb: float = 0,
    threads: int = 1,
    tell: Callable[[str], None] = lambda _note: None,
) -> Iterator[OnDisk]:
    """Link tables of any size; what was found can be read until this is left, then nothing of it stays.

    Columns are read from the start, piece by piece, three times; ``ids`` are those of ``a`` and ``b`` together. Files lie in a folder
    of its own under ``place``, which takes about 1.5 kB a row. Raises ValueError as `pipeline.link`, and where there is no room.
    """
    if memory_mb and memory_mb < OWN_MB + DUCK_MB:
        raise ValueError(
            say(
                f"--backend duckdb 至少要 --memory-mb {OWN_MB + DUCK_MB:.0f}",
                f"--backend duckdb needs --memory-mb {OWN_MB + DUCK_MB:.0f} at least",
            )
        )
    with tempfile.TemporaryDirectory(prefix=".linkage-", dir=place) as name:
        folder = Path(name)
        own = max(OWN_MB, memory_mb * 0.4)
        # DuckDB takes about half as much again as it counts.
        rest = (memory_mb - own) * 2 / 3 if memory_mb else 0
        store = Store(folder, rest, threads)
        engine: Spark | None = None
        try:
            if spark:
                engine = Spark(folder, threads, rest)
            job = _Job(
                store,
                engine,
                threshold,
                progress or (lambda _stage, _share: None),
                tell,
                own if memory_mb else 0,
            )
            yield job.run(a, b, fields, ids, params, per_row)
        except RuntimeError as error:
            if "interrupt" in str(error).casefold():
                raise KeyboardInterrupt from error
            raise
        finally:
            if engine is not None:
                engine.stop()
            store.close()


@dataclass
class _Job:
    store: Store
    spark: Spark | None
    threshold: float
    progress: Progress
    tell: Callable[[str], None]
    memory_mb: float

    def run(
        self,
        a: Mapping[str, Any],
        b: Mapping[str, Any] | None,
        fields: dict[str, str],
        ids: Sequence[Any],
        params: Params | None,
        per_row: float,
    ) -> OnDisk:
        store = self.store
        if b is not None and all(name in a and name in b for name in fields):
            b = habits.same_year(a, b, fields)
        rows, split = combine(a, b, fields)
        self.progress("prepare", 0.0)
        self._room(split.rows * ROW_BYTES)
        rows, fields = habits.birth_parts(rows, fields)
        rows, fields = habits.name_parts(rows, fields, None if params is None else params.m)
        model = Model.for_fields(fields, rows)
        if params is not None:
            params.check(model)
        settings_of(model, model.default_params(), "duckdb")  # what cannot be said in SQL is refused at once
        store.feed(model, rows, ids, split, self.progress)
        del rows
        if twice := store.twice():
            raise Twice(twice)
        if split.total < 1:
            label = np.arange(split.rows, dtype=np.int32)
            return OnDisk(store, split, model, params or model.default_params(), label)
        repeated = Repeated(store, lambda i, j: self._one(model, split, i, j))
        compared, told = None, split
        if repeated.count:
            compared = np.sort(np.concatenate([ids for (ids,) in store.arrays("select id from keys")]))
            told = Split(len(compared), int(np.searchsorted(compared, split.left)), split.link)
        every = told.total <= blocks.ALL_PAIRS
        keys = store.keys(told, per_row, self.progress)
        expected = told.total if every else sum(k.pairs for k in keys)
        self._room(expected * PAIR_BYTES)
        self.progress("candidates", 0.5)
        buckets = Buckets(store.folder, math.ceil(expected / batch.BUCKET), split.rows)
        sample = _Sampled(self, split, told, compared, keys, every, buckets, expected, learn=params is None)
        given = params is not None
        if params is None:
            params = sample.train(model)
            store.count(params.prior)
            params = store.frequencies(replace(params, tf={}), store.table(np.zeros(0, dtype=np.int32)))
        out = OnDisk(store, split, model, params, np.arange(split.rows, dtype=np.int32))
        low = lowest(self.threshold)
        likely = low - MARGIN - sum(max(0.0, *one) for one in params.stays)  # SQL knows of no stays
        weigher = _Weigher(self, params, given, low)

        def candidates() -> Iterator[tuple[Ints, Ints]]:
            for number in range(buckets.count):
                i, j = buckets.pairs(number)
                buckets.path(number).unlink()
                out.candidates += len(i)
                if len(i):
                    yield i, j
                self.progress("score", (number + 1) / buckets.count)

        if self.spark is not None:
            for i, j, _ in self.spark.weigh(store, params, candidates(), likely):
                weigher.add(i, j)
        else:
            duck = DuckDb(store, params, likely)
            for pairs in candidates():
                i, j, _ = duck.weigh(*pairs)
                weigher.add(i, j)
        weigher.flush()
        self._settle(out, weigher)
        if repeated.count and out.count:
            repeated.label(out.label)
            repeated.list()
            out.count = int(store.value("select count(*) from found"))
        if not given:
            out.params, out.cut = store.commonest(params)
        return out

    def _one(self, model: Model, split: Split, i: Ints, j: Ints) -> Bools:
        """Which pairs of equal rows what is believed holds for one person (as `copies.copies`)."""
        if not len(i):
            return np.zeros(0, dtype=bool)
        rows = np.unique(np.concatenate([i, j]))
        table = self.store.table(rows)
        x, y = (np.searchsorted(rows, side).astype(np.int32) for side in (i, j))
        levels = table.levels(x, y)
        return one_person(table, levels, x, y, split)

    def _room(self, more: float) -> None:
        """Tell how much of the disk is needed still, and raise ValueError where that is not there."""
        free = shutil.disk_usage(self.store.folder).free
        place = self.store.folder.parent
        if more > free:
            raise ValueError(
                say(
                    f"{place} 还要约 {more / 1e9:.1f} GB，只剩 {free / 1e9:.1f} GB：请腾出地方，或把 --out 写到别的盘",
                    f"{place} needs about {more / 1e9:.1f} GB more and has {free / 1e9:.1f} GB: make room, or name another disk in --out",
                )
            )
        if more > 1e9:
            self.tell(
                say(
                    f"{place} 还要约 {more / 1e9:.1f} GB 放中间结果，做完就删",
                    f"about {more / 1e9:.1f} GB more in {place} while this runs",
                )
            )

    def _settle(self, out: OnDisk, weigher: "_Weigher") -> None:
        """Groups of rows that likely pairs tie together, some at a time: rivals, clusters, what is listed."""
        store, split = self.store, out.split
        bound = min(cut_of(self.threshold), 0.0)
        store.crowds()
        self.progress("cluster", 0.0)
        label = _tied(
            split.rows,
            store.arrays(
                f"select i, j from weighed where weight >= {bound!r} union all select i, j from numbered"
            ),
        )
        together = label != np.arange(split.rows, dtype=np.int32)
        together[label[together]] = True
        rows = np.flatnonzero(together).astype(np.int32)
        rows = rows[np.argsort(label[rows], kind="stable")]
        group = label[rows]
        start = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(rows) else rows
        sizes = np.diff(np.append(start, len(rows)))
        part = np.repeat(start // ROWS, sizes)
        part = np.unique(part, return_inverse=True)[1].astype(np.int32)
        out.label = np.arange(split.rows, dtype=np.int32)
        del label, together, group
        if not len(rows):
            return
        store.execute("create table parts (id integer, part integer)")
        for k in range(0, len(rows), 1_000_000):
            piece = slice(k, k + 1_000_000)
            store.insert("parts", {"id": rows[piece], "part": part[piece]})
        parts = int(part[-1]) + 1
        ends = np.searchsorted(part, np.arange(parts + 1))
        cursor = store.connection.cursor()
        reader = cursor.sql(
            "select part, i, j, weight from ("
            "select a.part, i, j, weight from weighed join parts a on i = a.id join parts b on j = b.id where a.part = b.part "
            "union all select a.part, i, j, weight from weighed join parts a on i = a.id left join parts b on j = b.id "
            f"where weight > {RIVAL} and b.part is distinct from a.part "
            "union all select b.part, i, j, weight from weighed join parts b on j = b.id left join parts a on i = a.id "
            f"where weight > {RIVAL} and a.part is distinct from b.part) order by part, i, j"
        ).to_arrow_reader(200_000)
        done = 0

        def finish(number: int, pairs: list[list[np.ndarray]]) -> None:
            """Settle the parts up to one, whose pairs are these."""
            nonlocal done
            for k in range(done, number + 1):
                mine = np.sort(rows[ends[k] : ends[k + 1]])
                none = [[np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32)]]
                i, j, weight = (
                    np.concatenate(x) for x in zip(*(pairs if k == number and pairs else none), strict=True)
                )
                self._part(out, weigher, mine, (i, j, weight))
                self.progress("cluster", (k + 1) / parts)
            done = max(done, number + 1)

        waiting: list[list[np.ndarray]] = []
        current = 0
        for found in reader:
            number, i, j, weight = (c.to_numpy(zero_copy_only=False) for c in found.columns)
            for k in np.unique(number).tolist():
                if k != current:
                    finish(current, waiting)
                    waiting, current = [], k
                some = number == k
                waiting.append([i[some], j[some], weight[some]])
        finish(current, waiting)
        finish(parts - 1, [])
        cursor.close()

    def _part(self, out: OnDisk, weigher: "_Weigher", mine: Ints, scored: Scored) -> None:
        """Settle the groups of some rows; their ``scored`` pairs may lead to others, which are rivals alone."""
        store, split = self.store, out.split
        i, j, weight = scored
        rows = np.unique(np.concatenate([mine, i, j])).astype(np.int32)
        table, params = weigher.table(rows)
        left = int(np.searchsorted(rows, split.left)) if split.link else len(rows)
        here = Split(len(rows), left, split.link)
        kept = np.searchsorted(rows, i).astype(np.int32), np.searchsorted(rows, j).astype(np.int32), weight
        x, y, w, p, alone, label, answered = settle(
            table, here, params, kept, self.threshold, blocks.ALL_PAIRS, store.crowded(rows)
        )
        inside = np.isin(rows, mine, assume_unique=True)
        show = inside[x] & inside[y]
        linked = Linked(
            here,
            table,
            out.model,
            params,
            x[show],
            y[show],
            w[show],
            p[show],
            alone[show],
            label,
            len(i),
            answered[show],
        )
        out.label[mine] = rows[label[inside]]
        for piece in linked.pieces():
            store.insert(
                "found",
                {
                    "i": rows[piece.i], "j": rows[piece.j], "weight": piece.weight.astype(np.float32), "probability": piece.probability,
                    "outcome": store.arrow.array(piece.outcome, store.arrow.string()),
                    "flags": store.arrow.array([" ".join(f) for f in piece.flags], store.arrow.string()),
                    **{f"l{k}": store.arrow.array(names, store.arrow.string()) for k, names in enumerate(piece.levels.values())},
                },
            )  # fmt: skip
        out.count += int(show.sum())
        first, second = lent(linked)
        both = inside[first] & inside[second]
        out.lent += int(both.sum())
        if len(out.lent_some) < 3:
            out.lent_some += list(zip(rows[first[both]].tolist(), rows[second[both]].tolist(), strict=True))[
                :3
            ]


def _tied(rows: int, edges: Iterator[list[np.ndarray]]) -> Ints:
    """The smallest row of each row's connected component."""
    label = np.arange(rows, dtype=np.int32)
    for i, j in edges:
        a, b = label[i], label[j]
        apart = a != b
        if not apart.any():
            continue
        ends, place = np.unique(np.concatenate([a[apart], b[apart]]), return_inverse=True)
        size = len(place) // 2
        joined = components(len(ends), place[:size].astype(np.int32), place[size:].astype(np.int32))
        target = np.arange(rows, dtype=np.int32)
        target[ends] = ends[joined]
        label = target[label]
    return label


class _Weigher:
    """Weighs likely pairs as the engine does, some at a time, and keeps those that can matter in the store."""

    def __init__(self, job: _Job, params: Params, given: bool, low: float) -> None:
        self.job, self.params, self.given, self.low = job, params, given, low
        self.waiting: list[tuple[Ints, Ints]] = []
        self.size = 0
        job.store.execute("create table weighed (i integer, j integer, weight float)")

    def table(self, rows: Ints) -> tuple[Any, Params]:
        """Some rows, prepared, and the parameters with the frequencies of their values."""
        table = self.job.store.table(rows)
        return table, self.params if self.given else self.job.store.frequencies(self.params, table)

    def add(self, i: Ints, j: Ints) -> None:
        self.waiting.append((i, j))
        self.size += len(i)
        if self.size >= WEIGHED:
            self.flush()

    def flush(self) -> None:
        if not self.size:
            return
        i, j = (np.concatenate(side) for side in zip(*self.waiting, strict=True))
        self.waiting, self.size = [], 0
        for start in range(0, len(i), WEIGHED):
            x, y = i[start : start + WEIGHED], j[start : start + WEIGHED]
            rows = np.unique(np.concatenate([x, y]))
            table, params = self.table(rows)
            order = np.lexsort((y, x))
            p, q = (np.searchsorted(rows, side[order]).astype(np.int32) for side in (x, y))
            p, q, weight = batch.score_pairs(table, params, p, q, self.low)
            self.job.store.insert("weighed", {"i": rows[p], "j": rows[q], "weight": weight})


class _Sampled:
    """The candidates of a table, written into buckets, and those of them that are learnt from.

    A pair is learnt from where the draw of its lower row, a hash of that row's id, falls below a share: so every candidate has
    the same chance, and what is counted among them stands for share⁻¹ times as many.
    """

    def __init__(
        self,
        job: _Job,
        split: Split,
        told: Split,
        compared: Ints | None,
        keys: Sequence[Found],
        every: bool,
        buckets: Buckets,
        expected: int,
        learn: bool,
    ) -> None:
        self.job, self.split, self.keys, self.every = job, split, keys, every
        self.of, self.compared = told, compared
        most = LEARNT
        if job.memory_mb:
            most = int(min(most, max(job.memory_mb - OWN_MB / 2, 50) * 2**20 / PER_SAMPLED))
        self.share = 1.0 if every or expected <= most else most / expected
        store = job.store
        self.found: list[np.ndarray] = []
        whole = self.share == 1.0
        anchors = None if whole else store.drawn(self.share)
        self.even = np.zeros(0, dtype=np.int32) if whole else self._even()
        self.random = None if whole else self._random()
        self.met = None if self.random is None else np.zeros(len(self.random[0]), dtype=bool)
        self.ends = [np.searchsorted(self.even, side) for side in self.random or ()]
        files = [buckets.path(k).open("wb") for k in range(buckets.count)]
        try:
            if every:
                i, j = blocks.everything(told).part(slice(None))
                if compared is not None:
                    i, j = compared[i], compared[j]
                buckets.put(files, i, j)
                self.everything = i.astype(np.int64) * split.rows + j
            for number, key in enumerate(keys):
                if every and not learn:
                    break
                store.block(key)
                if learn and self.met is not None and self.random is not None:
                    self._meet(key)
                some_pairs = []
                for i, j in store.pairs(key):
                    if not every:
                        buckets.put(files, i, j)
                    if learn:
                        some = slice(None) if anchors is None else anchors[i]
                        some_pairs.append(i[some].astype(np.int64) * split.rows + j[some])
                self.found.append(np.concatenate([np.zeros(0, dtype=np.int64), *some_pairs]))
                job.progress("candidates", 0.5 + 0.5 * (number + 1) / len(keys))
        finally:
            for file in files:
                file.close()

    def _even(self) -> Ints:
        """Rows drawn evenly, of each side of two tables."""
        split = self.split
        sides = [(0, split.left), (split.left, split.rows)] if split.link else [(0, split.rows)]
        out = []
        for first, last in sides:
            drawn = self.job.store.drawn(min(1.0, EVEN / (last - first)), last=True)
            out.append(np.flatnonzero(drawn[first:last]).astype(np.int32) + np.int32(first))
        return np.concatenate(out)

    def _random(self) -> tuple[Ints, Ints]:
        """Random pairs of rows that were drawn evenly."""
        even, split = self.even, self.split
        here = Split(
            len(even), int(np.searchsorted(even, split.left)) if split.link else len(even), split.link
        )
        i, j = (
            np.concatenate(side) for side in zip(*blocks.random_pairs(here, RANDOM_PAIRS, SEED), strict=True)
        )
        return even[i], even[j]

    def _meet(self, key: Found) -> None:
        """Note which of the random pairs this key makes."""
        assert self.met is not None
        self.job.store.only(self.even)
        got = self.job.store.execute(
            "select id, hidden, code from block semi join wanted using (id)"
        ).fetchnumpy()
        place = np.searchsorted(self.even, np.asarray(got["id"]))
        code = np.zeros(len(self.even), dtype=np.uint64)
        there, hidden = np.zeros(len(self.even), dtype=bool), np.zeros(len(self.even), dtype=bool)
        code[place], there[place], hidden[place] = got["code"], True, got["hidden"]
        x, y = self.ends
        same = there[x] & there[y] & (code[x] == code[y])
        self.met |= same & (hidden[x] | hidden[y]) if key.hidden else same

    def train(self, model: Model) -> Params:
        """Parameters for the whole table."""
        split, store = self.split, self.job.store
        rows = np.arange(split.rows, dtype=np.int32) if self.compared is None else self.compared
        some = self.of
        if self.every:
            numbers = self.everything
        else:
            numbers = blocks.distinct(np.concatenate([np.zeros(0, dtype=np.int64), *self.found]))
        if self.share < 1.0:
            ends = [numbers // split.rows, numbers % split.rows]
            rows = np.unique(np.concatenate([*ends, self.even])).astype(np.int32)
            assert self.random is not None
            left = int(np.searchsorted(rows, split.left)) if split.link else len(rows)
            x, y = (np.searchsorted(rows, side).astype(np.int32) for side in self.random)
            even = np.isin(rows, self.even)
            some = Sample(len(rows), left, split.link, self.share, self.of, (x, y), self.met, even)
        numbers = self._here(numbers, rows, some)
        table = store.table(rows)
        told = []
        none = np.zeros(0, dtype=np.int32)
        for key, pairs in zip(self.keys, self.found, strict=True):
            i, j = (
                np.searchsorted(rows, side).astype(np.int32)
                for side in (pairs // split.rows, pairs % split.rows)
            )
            only = none if key.hidden else None
            told.append(Key(key.name, key.comparisons, key.pairs, lambda: none, only, told=(i, j)))
        self.found = []
        params = train(table, some, told, Pairs(numbers, some), progress=self.job.progress).params
        i, j = (np.concatenate(side) for side in zip(*drawn(table, some, SEED), strict=True))
        step = 1 + len(i) // SLIPS
        store.slips(table, params, i[::step], j[::step])
        return params

    def _here(self, numbers: np.ndarray, rows: Ints, some: Split) -> np.ndarray:
        """Pairs of the table in the numbers of the sample's rows."""
        whole = self.split.rows
        i, j = (np.searchsorted(rows, side).astype(np.int32) for side in (numbers // whole, numbers % whole))
        return blocks.pair_numbers(i, j, some)

"""A table that is larger than memory: its rows in DuckDB on disk, prepared and fetched piece by piece.

Needs the extra ``linkage-scale``. DuckDB keeps to ``memory_mb`` and spills beside its file; Python holds one piece.
"""

# ruff: noqa: S608 (names of tables and columns are our own; what people wrote is never part of a question)

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import numpy as np

from ..compare.columns import Bools, Coded, Ints
from ..compare.names import PersonName, PreparedName
from ..compare.numbers import PreparedId
from ..model import Frequencies, Model, Params, Table, Tally
from ..splink.features import features_of, numbers
from ..tables.candidates import CROWD, MAX_BLOCK, MOST_BETWEEN, Split
from ..tables.keys import MET, PROBES, SHOWN, two
from ..tables.keys import PIECE as PIECE_OF_BLOCK
from ..tables.pipeline import Progress
from ..words import say

#: Rows that are prepared at a time.
PIECE = 25_000
#: Of larger tables a share of the blocks, so many rows, says how many pairs a key makes.
COUNTED = 2_000_000
#: Frequencies of up to so many values are kept; of more they are looked up for the rows at hand.
KEPT = 100_000
#: Draws are even numbers below this.
DRAWS = 2**32
Cells = dict[str, list[Any]]


@dataclass(frozen=True)
class Found:
    """A key as a choice of columns of codes: its name, the comparisons it rests on, the pairs it makes, the columns'
    numbers; ``hidden``: it is for rows alone whose name hides a part."""

    name: str
    comparisons: tuple[int, ...]
    pairs: int
    members: tuple[int, ...]
    hidden: bool = False


@dataclass(frozen=True)
class Shape:
    """What all pieces of a table have in common: keys, numbers of persons and frequency tables, as (name, comparison)."""

    keys: tuple[tuple[str, int], ...]
    named: tuple[int, ...]
    tf: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, table: Table) -> "Shape":
        parts = list(enumerate(table.prepared))
        return cls(
            tuple((name, k) for k, p in parts for name in p.keys),
            tuple(k for k, p in parts if isinstance(p, PreparedId)),
            tuple((name, k) for k, p in parts for name in sorted({*p.comparison.tf.values()} & set(p.tf))),
        )


def text(value: Any) -> str | None:
    """A cell as DuckDB keeps it."""
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, datetime):
        value = value.date()
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else str(value)


def draw(name: str) -> int:
    """An even random number below `DRAWS` for an id, the same in every run and whatever the order of the rows."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")


def pieces(columns: Mapping[str, Iterable[Any]], size: int = PIECE) -> Iterator[Cells]:
    """Columns of equal length in pieces."""
    parts = {name: iter(column) for name, column in columns.items()}
    while True:
        piece = {name: list(islice(part, size)) for name, part in parts.items()}
        if not any(piece.values()):
            return
        yield piece


class Store:
    """The rows of one table, or of two one below the other, on disk."""

    def __init__(self, folder: Path, memory_mb: float = 0, threads: int = 1) -> None:
        try:
            import duckdb
            import pyarrow
        except ImportError as error:
            raise ValueError(needs()) from error
        self.arrow = pyarrow
        self.folder = folder
        self.connection = duckdb.connect(
            str(folder / "rows.duckdb"),
            config={
                "threads": threads, "temp_directory": str(folder / "spill"), "preserve_insertion_order": False,
                **({"memory_limit": f"{int(memory_mb)}MB"} if memory_mb else {}),
            },
        )  # fmt: skip
        self.connection.execute("set enable_progress_bar = false")
        self.rows = 0
        self.slip: dict[int, Tally] = {}

    def close(self) -> None:
        self.connection.close()

    def execute(self, sql: str, *values: Any) -> Any:
        return self.connection.execute(sql, values or None)

    def value(self, sql: str) -> Any:
        """The only value of an answer."""
        return self.execute(sql).fetchall()[0][0]

    def insert(self, name: str, columns: Mapping[str, Any], what: str = "*") -> None:
        """Rows into a table, which their first piece makes."""
        self.connection.register("piece", self.arrow.table(dict(columns)))
        there = self.value(f"select count(*) from duckdb_tables() where table_name = '{name}'")
        self.execute(
            f"insert into {name} select {what} from piece" if there else f"create table {name} as select {what} from piece"
        )  # fmt: skip
        self.connection.unregister("piece")

    def arrays(self, sql: str, size: int = 200_000) -> Iterator[list[np.ndarray]]:
        """The columns of an answer, some rows at a time. Other questions wait until it is read."""
        for batch in self.connection.sql(sql).to_arrow_reader(size):
            if len(batch):
                yield [column.to_numpy(zero_copy_only=False) for column in batch.columns]

    def only(self, rows: Ints) -> None:
        """The rows that a question with ``wanted`` is about."""
        self.connection.register(
            "wanted", self.arrow.table({"id": self.arrow.array(rows, self.arrow.int32())})
        )

    # Filling

    def feed(
        self,
        model: Model,
        columns: Mapping[str, Sequence[Any]],
        ids: Iterable[Any],
        split: Split,
        tell: Progress,
    ) -> None:
        """All rows into DuckDB: their cells, what conditions in SQL speak of, codes of the keys, how often values stand there."""
        self.model, self.split = model, split
        self.labels = list(columns)
        head = next(pieces(columns), None) or {name: [] for name in columns}
        looked = model.prepare(self._sampled(columns, split) or head)
        model.settled(looked)
        self.shape = Shape.of(looked)
        del looked
        whole = numbers(model)
        for piece in pieces({**columns, "": ids}):
            names = ["" if v is None else str(v) for v in piece.pop("")]
            self._piece(piece, names, whole)
            tell("prepare", self.rows / max(split.rows, 1))
        for k in range(len(self.shape.tf)):
            self.execute(
                f"create table tf{k} as select value, sum(n)::double as n from tf{k}_parts group by value; drop table tf{k}_parts"
            )  # fmt: skip

    @staticmethod
    def _sampled(columns: Mapping[str, Sequence[Any]], split: Split, size: int = 4 * PIECE) -> Cells:
        """Every so manieth row."""
        step = max(split.rows // size, 1)
        return {name: list(islice(iter(column), 0, None, step)) for name, column in columns.items()}

    def _piece(self, cells: Cells, names: list[str], whole: set[str]) -> None:
        pa = self.arrow
        count = len(names)
        here = pa.array(np.arange(self.rows, self.rows + count, dtype=np.int32))
        kept = {
            f"c{k}": pa.array(map(text, cells[name]), pa.string(), size=count)
            for k, name in enumerate(self.labels)
        }
        self.insert("cells", {"id": here, **kept})
        self.insert("ids", {"id": here, "name": pa.array(map(text, names), pa.string(), size=count)})
        table = self.model.prepare(cells)
        told = {
            column: self._dictionary(codes, values, pa.int64() if column in whole else pa.string())
            for column, (codes, values) in features_of(table).items()
        }
        self.insert("rows", {"unique_id": pa.array(np.arange(self.rows, self.rows + count)), **told})
        hidden = np.zeros(count, dtype=bool)
        for prepared in table.prepared:
            if isinstance(prepared, PreparedName):
                hidden[prepared.hides()] = True
        columns = {
            "id": here,
            "draw": pa.array(list(map(draw, names)), pa.uint32()),
            "hidden": pa.array(hidden),
        }
        for k, (name, position) in enumerate(self.shape.keys):
            make = table.prepared[position].keys.get(name)
            columns[f"k{k}"] = self._coded(make()) if make else pa.nulls(count, pa.string())
        for position in self.shape.named:
            prepared = table.prepared[position]
            assert isinstance(prepared, PreparedId)
            columns[f"n{position}"] = self._dictionary(
                prepared.named(), prepared.coded.values.tolist(), pa.string()
            )
        hashed = [c for c in columns if c[0] in "kn"]
        told_by = ", ".join(f"case when {c} is not null then hash({c}) end as {c}" for c in hashed)
        self.insert("keys", columns, f"id, draw, hidden{', ' if hashed else ''}{told_by}")
        for k, (name, position) in enumerate(self.shape.tf):
            coded = table.prepared[position].tf[name]
            counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.values))
            self.insert(f"tf{k}_parts", self._counted(coded, counts))
        self.rows += count

    def _coded(self, coded: Coded) -> Any:
        return self._dictionary(coded.codes, coded.values.tolist(), self.arrow.string())

    def _dictionary(self, codes: Ints, values: list[Any], kind: Any) -> Any:
        pa = self.arrow
        if kind == pa.string():
            values = [text(v) for v in values]
        codes = codes.astype(np.int32, copy=False)
        return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(values, kind))

    # Fetching

    def cells(self, rows: Ints) -> Cells:
        """The cells of some rows, in order of the rows (which are sorted)."""
        self.only(rows)
        asked = ", ".join(f"c{k}" for k in range(len(self.labels)))
        found = self.connection.sql(
            f"select {asked} from cells semi join wanted using (id) order by id"
        ).to_arrow_table()
        return {name: found.column(k).to_pylist() for k, name in enumerate(self.labels)}

    def table(self, rows: Ints) -> Table:
        """Some rows, prepared."""
        table = self.model.prepare(self.cells(rows))
        if self.split.link:
            table.left = int(np.searchsorted(rows, self.split.left))
        return table

    # Frequencies

    def uncount(self, rows: Ints, times: np.ndarray) -> None:
        """Take the values of some rows, each so many times, out of the counts."""
        table = self.table(rows)
        for k, (name, position) in enumerate(self.shape.tf):
            coded = table.prepared[position].tf[name]
            there = coded.codes >= 0
            less = np.bincount(coded.codes[there], times[there], len(coded.values))
            self.insert(f"tf{k}", self._counted(coded, -less))
            self.execute(
                f"create or replace table tf{k} as select value, sum(n) as n from tf{k} group by value having sum(n) > 0"
            )

    def _counted(self, coded: Coded, counts: np.ndarray) -> dict[str, Any]:
        values = map(text, coded.values.tolist())
        return {
            "value": self.arrow.array(values, self.arrow.string(), size=len(counts)),
            "n": counts.astype(np.float64),
        }

    def _many(self, k: int, values: Any) -> dict[str, float]:
        """How often some values stand in the whole table."""
        pa = self.arrow
        asked = pa.array([text(v) for v in values], pa.string())
        self.connection.register("these", pa.table({"value": asked}))
        return dict(self.execute(f"select value, n from tf{k} semi join these using (value)").fetchall())

    def slips(self, table: Table, params: Params, i: Ints, j: Ints) -> None:
        """How common the rarer of two values is where strangers' are a slip apart (`Table.slips`), by the whole table's counts."""
        for k, (name, position) in enumerate(self.shape.tf):
            comparison, prepared = table.model.comparisons[position], table.prepared[position]
            if name not in comparison.rarer or name not in params.tf.get(comparison.name, {}):
                continue
            n = float(self.value(f"select coalesce(sum(n), 0) from tf{k}"))
            levels = [comparison.index(level) for level, its in comparison.tf.items() if its == name]
            near = np.isin(prepared.compare(i, j), levels)
            coded = prepared.tf[name]
            values = coded.values.tolist()
            many = self._many(k, values)
            counts = np.array([many.get(text(v) or "", 1.0) for v in values])
            common = np.maximum(counts - params.prior * n, 1.0) / n
            rarer = np.minimum(common[coded.at(i[near])], common[coded.at(j[near])])
            self.slip[k] = Tally(n, float(1 / (1 / rarer).mean()), 1 / n, 1.0, params.prior * n, 1.0)

    def count(self, prior: float) -> None:
        """Find how values' counts in the whole table become frequencies."""
        self.tally: list[Tally | None] = []
        self.common: list[Frequencies | None] = []
        for k in range(len(self.shape.tf)):
            ((n, twice),) = self.execute(
                f"select coalesce(sum(n), 0), coalesce(sum(n * (n - 1)), 0) from tf{k}"
            ).fetchall()
            rarer = self.shape.tf[k][0] in self.model.comparisons[self.shape.tf[k][1]].rarer
            tally = self.slip.get(k) if rarer else Tally.of(float(n), float(twice), prior)
            self.tally.append(tally)
            common = None
            if tally is not None:
                above = f"from tf{k} where n > {tally.least!r}"
                if self.value(f"select count(*) {above}") <= KEPT:
                    got = self.execute(f"select value, n {above}").fetchnumpy()
                    common = tally.frequencies(got["value"].tolist(), np.asarray(got["n"], dtype=np.float64))
            self.common.append(common)

    def frequencies(self, params: Params, table: Table) -> Params:
        """The parameters with the whole table's frequencies, of these rows' values at least."""
        tf: dict[str, dict[str, Frequencies]] = {}
        for k, ((name, position), tally) in enumerate(zip(self.shape.tf, self.tally, strict=True)):
            if tally is None:
                continue
            found = self.common[k]
            if found is None:
                many = self._many(k, table.prepared[position].tf[name].values.tolist())
                found = tally.frequencies(list(many), np.array(list(many.values()), dtype=np.float64))
            tf.setdefault(table.model.names[position], {})[name] = found
        return replace(params, tf=tf)

    def commonest(self, params: Params) -> tuple[Params, bool]:
        """The parameters with the frequencies of the commonest values alone, and whether any are left out.

        Where some are, the rest are as common as the rarest that is told: rare values weigh less than they might.
        """
        tf: dict[str, dict[str, Frequencies]] = {}
        cut = False
        for k, ((name, position), tally) in enumerate(zip(self.shape.tf, self.tally, strict=True)):
            found = self.common[k]
            if tally is not None and found is None:
                got = self.execute(
                    f"select value, n from tf{k} order by n desc, value limit {KEPT}"
                ).fetchnumpy()
                found = tally.frequencies(got["value"].tolist(), np.asarray(got["n"], dtype=np.float64))
                found = replace(found, floor=min(found.values.values(), default=found.floor))
                cut = True
            if found is not None:
                tf.setdefault(self.model.names[position], {})[name] = found
        return replace(params, tf=tf), cut

    # Keys

    def keys(self, split: Split, per_row: float, tell: Progress) -> list[Found]:
        """The keys that `keys.keys` would choose for so many rows; of very many by a share of their blocks. None is cut."""
        groups: dict[tuple[int, ...], list[Found]] = {}
        single = self.shape.keys
        every = [(k,) for k in range(len(single))] + [
            (a, b) for a, b in combinations(range(len(single)), 2) if single[a][1] != single[b][1]
        ]
        for number, members in enumerate(every):
            tell("candidates", 0.5 * number / len(every))
            pairs = self._pairs(members)
            room = per_row / (4 * len(members)) * split.rows
            if not pairs or pairs > room + PIECE_OF_BLOCK // 2 * split.rows:
                continue
            if pairs > room and pairs * (1 - self._one_person(members, split)) > room:
                continue
            group = tuple(single[k][1] for k in members)
            groups.setdefault(group, []).append(Found(self._named(members), group, pairs, members))
        out = [k for fitting in groups.values() for k in two(fitting)] + self._of_hidden(split, per_row)
        return sorted(out, key=lambda k: (k.pairs, k.name))

    def _named(self, members: Sequence[int]) -> str:
        return "+".join(f"{self.model.names[self.shape.keys[k][1]]}:{self.shape.keys[k][0]}" for k in members)

    def _of_hidden(self, split: Split, per_row: float) -> list[Found]:
        """Keys for the rows whose name hides a part (`keys`), so far as they are not too wide."""
        hidden = int(self.value("select count(*) from keys where hidden"))
        if not hidden:
            return []
        room = min(per_row / 2 * hidden, per_row / 8 * split.rows)
        shown = []
        for k, (name, position) in enumerate(self.shape.keys):
            whole = name == "exact" and isinstance(self.model.comparisons[position], PersonName)
            if name in SHOWN and not whole:
                known = int(self.value(f"select count(*) from keys where hidden and k{k} is not null"))
                shown += [k] if 2 * known > hidden else []
        out: list[Found] = []
        for size in (2, 3):
            for members in combinations(shown, size):
                group = tuple(self.shape.keys[k][1] for k in members)
                if len(set(group)) < size or any(set(one.members) <= set(members) for one in out):
                    continue
                pairs = self._pairs(members, True)
                if 0 < pairs <= room:
                    name = "+".join(sorted(self._named([k]) for k in members))
                    out.append(Found(name, group, pairs, members, hidden=True))
        return out

    def _one_person(self, members: Sequence[int], split: Split) -> float:
        """The share of one person's pairs among those of a key, as is believed before training (`keys`); a few rows are asked."""
        self.block(Found("", (), 0, tuple(members)))
        left = self.split.left
        across = f"(p.id < {left}) <> (b.id < {left})" if self.split.link else "p.id < b.id"
        found = self.execute(
            f"with probes as (select id, code from block join keys using (id) order by draw limit {PROBES}) "
            f"select least(p.id, b.id) as i, greatest(p.id, b.id) as j from probes p join block b using (code) where {across} "
            f"order by i, j limit {MET}"
        ).fetchnumpy()
        i, j = (np.asarray(found[name], dtype=np.int32) for name in "ij")
        if not len(i):
            return 0.0
        rows = np.unique(np.concatenate([i, j]))
        x, y = (np.searchsorted(rows, side).astype(np.int32) for side in (i, j))
        table = self.table(rows)
        believed = self.model.default_params(prior=min(0.2 * split.people / max(split.total, 1), 0.1))
        weight = table.weigh(table.levels(x, y), x, y, believed)
        return float((1 / (1 + np.exp2(-np.clip(weight, -200, 200)))).mean())

    def _code(self, members: Sequence[int]) -> str:
        columns = ", ".join(f"k{k}" for k in members)
        there = " and ".join(f"k{k} is not null" for k in members)
        code = columns if len(members) == 1 else f"hash({columns})"
        return f"select id, hidden, {code} as code from keys where {there}"

    def _good(self, hidden: bool) -> str:
        """Which blocks are not too large, as `candidates.Blocks` has it."""
        if hidden or not self.split.link:
            return f"count(*) between 2 and {MAX_BLOCK}"
        left = f"count(*) filter (id < {self.split.left})"
        meet = f"{left} * (count(*) - {left})"
        return f"count(*) > 1 and (count(*) <= {MAX_BLOCK} or {meet} between 1 and {MOST_BETWEEN})"

    def _pairs(self, members: Sequence[int], hidden: bool = False) -> int:
        """How many pairs a key makes."""
        left = self.split.left
        share = max(self.rows // COUNTED, 1)
        some = f" where code % {share} = 0" if share > 1 else ""
        if hidden:
            made = (
                "a * (n - a) - (a - ha) * ((n - a) - (h - ha))"
                if self.split.link
                else "h * (n - h) + h * (h - 1) // 2"
            )
        else:
            made = "a * (n - a)" if self.split.link else "n * (n - 1) // 2"
        sql = (
            f"select coalesce(sum({made}), 0) from (select count(*) as n, count(*) filter (id < {left}) as a, "
            f"count(*) filter (hidden) as h, count(*) filter (hidden and id < {left}) as ha "
            f"from ({self._code(members)}){some} group by code having {self._good(hidden)})"
        )
        return int(self.value(sql)) * share

    def block(self, key: Found, name: str = "block") -> None:
        """The rows of a key's blocks, none of which is too large, as a table of DuckDB."""
        some = " and count(*) filter (hidden) > 0" if key.hidden else ""
        self.execute(
            f"create or replace table {name} as with coded as ({self._code(key.members)}), good as "
            f"(select code from coded group by code having {self._good(key.hidden)}{some}) "
            "select coded.* from coded semi join good using (code)"
        )

    def pairs(self, key: Found) -> Iterator[Sequence[Ints]]:
        """The pairs of the key whose `block` was made, the lower row first, some at a time."""
        left = self.split.left
        if key.hidden:
            across = f" and (h.id < {left}) <> (r.id < {left})" if self.split.link else ""
            sql = (
                "select least(h.id, r.id) as i, greatest(h.id, r.id) as j from block h join block r using (code) "
                f"where h.hidden and h.id <> r.id and (not r.hidden or h.id < r.id){across}"
            )
        else:
            across = f" and l.id < {left} and r.id >= {left}" if self.split.link else ""
            sql = f"select l.id as i, r.id as j from block l join block r using (code) where l.id < r.id{across}"
        yield from self.arrays(sql)

    def drawn(self, share: float, last: bool = False) -> Bools:
        """Which rows a share of the draws means, the first of them or the ``last``."""
        out = np.zeros(self.rows, dtype=bool)
        where = f"draw >= {DRAWS - int(share * DRAWS)}" if last else f"draw < {int(share * DRAWS)}"
        for (ids,) in self.arrays(f"select id from keys where {where}"):
            out[ids] = True
        return out

    def pairs_to(self, place: Path | str, i: Ints, j: Ints) -> None:
        """Pairs as Splink takes them, as a table of this name or as a parquet file."""
        self.connection.register(
            "given", self.arrow.table({"i": self.arrow.array(i), "j": self.arrow.array(j)})
        )
        asked = "select '0' as match_key, i::bigint as join_key_l, j::bigint as join_key_r from given"
        self.execute(
            f"create or replace table {place} as {asked}"
            if isinstance(place, str)
            else f"copy ({asked}) to '{place}' (format parquet)"
        )
        self.connection.unregister("given")

    def crowds(self) -> None:
        """Rows whose number is that of a crowd, and pairs of rows with one number that names a person."""
        self.execute("create table crowds (id integer)")
        self.execute("create table numbered (i integer, j integer)")
        for position in self.shape.named:
            c = f"n{position}"
            self.execute(
                f"insert into crowds select id from keys semi join (select {c} from keys where {c} is not null "
                f"group by {c} having count(*) > {CROWD}) using ({c})"
            )
            self.execute(
                f"insert into numbered select before, id from (select lag(id) over (partition by {c} order by id) as before, id "
                f"from keys anti join crowds using (id) where {c} is not null) where before is not null"
            )

    def crowded(self, rows: Ints) -> Bools:
        """Which of some rows have a crowd's number."""
        self.only(rows)
        found = self.execute("select distinct id from crowds semi join wanted using (id)").fetchnumpy()["id"]
        return np.isin(rows, np.asarray(found))

    def twice(self) -> str:
        """An id that stands in several rows of one table, or what an empty one is called; '' where there is none."""
        side = f", id < {self.split.left}" if self.split.link else ""
        found = self.execute(
            f"select coalesce(name, '-') from ids group by name{side} having count(*) > 1 or name is null limit 1"
        ).fetchall()
        return found[0][0] if found else ""


def needs() -> str:
    """What to install."""
    return say(
        "--backend duckdb 要先安装 splink：pip install 'splink>=5' pyarrow（可选组件 linkage-scale、parquet）",
        "--backend duckdb needs the extras 'linkage-scale' (splink) and 'parquet' (pyarrow)",
    )

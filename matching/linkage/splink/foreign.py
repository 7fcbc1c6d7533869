"""Models made with Splink: settings read as a model of ours, scored as Splink scores them.

No condition is executed as SQL: `sql` reads what Splink's own library of comparisons writes for DuckDB and Spark, and the
usual parts of SQL in conditions of one's own.
Values are compared as they stand in the file, for so they were when the settings were made.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import stored
from ..compare.columns import Coded, Ints, Levels
from ..compare.comparison import Comparison, Prepared
from ..model import Frequencies, Model, Params, Table
from ..tables.candidates import MAX_BLOCK, Key, Split
from ..words import say
from .rules import Rule
from .sql import Expression, Parser, uncommented

VERSION = "splink"
_EQUAL = re.compile(r"""\(*\s*["`]?(\w+)_l["`]?\s*=\s*["`]?\1_r["`]?\s*\)*""", re.IGNORECASE)


@dataclass(frozen=True)
class Rare:
    """How a level is adjusted for term frequency: (``u`` / the commoner value's share, at least ``least``)^``power``."""

    column: str
    u: float
    power: float
    least: float


class SqlComparison(Comparison):
    """A comparison read from Splink settings. ``conditions``: (level, SQL), in the order in which they are tried."""

    circle = ""
    exactly = True

    def __init__(
        self,
        name: str,
        levels: Sequence[str],
        conditions: Sequence[tuple[str, str]],
        rare: Mapping[str, Rare],
        dialect: str,
    ) -> None:
        self.levels = ("missing", *levels)
        self.texts, self.rare, self.dialect = tuple(conditions), dict(rare), dialect
        columns = self._compile() | {one.column for one in rare.values()}
        super().__init__(name, sorted(columns))
        self.tf = {level: f"tf {level}" for level in rare}
        share = 1 / len(levels)
        self.default_m = self.default_u = (share,) * len(levels)

    def _compile(self) -> set[str]:
        columns: set[str] = set()
        self.conditions: list[tuple[int, Expression]] = []
        for level, text in self.texts:
            parser = Parser(text, self.dialect)
            self.conditions.append((self.index(level), parser.parse()))
            columns |= parser.columns
        return columns

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "conditions"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._compile()

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedSql":
        return PreparedSql(self, rows)


class PreparedSql(Prepared):
    """Columns as they are. Each combination of values among some pairs is judged once."""

    def __init__(self, comparison: SqlComparison, rows: Mapping[str, Sequence[Any]]) -> None:
        super().__init__(comparison)
        self.sql = comparison
        self.rows = {c: Coded(rows[c]) for c in comparison.columns}
        for level, one in comparison.rare.items():
            self.tf[comparison.tf[level]] = self.rows[one.column]
        for column, coded in self.rows.items():
            self.keys[column] = lambda coded=coded: coded  # type: ignore[misc]

    def compare(self, i: Ints, j: Ints) -> Levels:
        number = np.zeros(len(i), dtype=np.int64)
        places = {column: (coded.at(i), coded.at(j)) for column, coded in self.rows.items()}
        for column, sides in places.items():
            for side in sides:
                number = (
                    np.unique(number, return_inverse=True)[1] * (len(self.rows[column].values) + 1) + side + 1
                )
        _, first, back = np.unique(number, return_index=True, return_inverse=True)
        row: dict[str, list[Any]] = {}
        for column, sides in places.items():
            objects = self.rows[column].objects
            for side, end in zip(sides, "lr", strict=True):
                some = side[first].tolist()
                row[f"{column}_{end}"] = [
                    v if k >= 0 else None for k, v in zip(some, objects[some].tolist(), strict=True)
                ]
        return self._judge(row, len(first))[back]

    def _judge(self, row: dict[str, list[Any]], size: int) -> Levels:
        out = self.full(size)
        open_ = np.ones(size, dtype=bool)
        for position, condition in self.sql.conditions:
            try:
                found = [bool(v) for v in condition(row, size)]
            except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
                level = self.sql.levels[position]
                raise ValueError(
                    say(
                        f"Splink 设置里“{self.sql.name}”的“{level}”算不出来：{error}",
                        f"level {level!r} of {self.sql.name!r} in the Splink settings cannot be computed: {error}",
                    )
                ) from error
            hit = np.array(found, dtype=bool) & open_
            out[hit] = position
            open_ &= ~hit
        return out


def document(settings: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """Settings as a dict. Raises ValueError for what is none."""
    body = stored.document(settings) if isinstance(settings, str) else settings
    entries = body.get("comparisons") if isinstance(body, Mapping) else None
    if not isinstance(entries, list) or not entries or not all(isinstance(x, Mapping) for x in entries):
        raise ValueError(
            say(
                "这不是 Splink 的设置（没有 comparisons）",
                "these are no Splink settings: no comparisons in them",
            )
        )
    return body


def read(body: Mapping[str, Any]) -> tuple[Model, Params]:
    """A model and its parameters. Raises ValueError with every comparison that cannot be read, and why."""
    dialect = str(body.get("sql_dialect") or "duckdb")
    comparisons: list[Comparison] = []
    m: dict[str, tuple[float, ...]] = {}
    u: dict[str, tuple[float, ...]] = {}
    errors = []
    for number, entry in enumerate(body["comparisons"]):
        name = str(entry.get("output_column_name") or f"comparison_{number}")
        try:
            made, m[name], u[name] = _comparison(name, entry["comparison_levels"], dialect)
            comparisons.append(made)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            errors.append(f"{name} ({entry.get('comparison_description') or ''}): {error}")
    if errors:
        shown = "\n".join(errors)
        raise ValueError(
            say(
                f"这些比较读不了，请在 Splink 里换掉或去掉，重新训练后再存：\n{shown}",
                f"these comparisons cannot be read; replace or remove them in Splink, train and save again:\n{shown}",
            )
        )
    key = "probability_two_random_records_match"
    prior = stored.share(body.get(key) or 1e-4, key, open_=True)
    return Model(comparisons), Params(VERSION, prior, m, u)


def _comparison(
    name: str, entries: Sequence[Mapping[str, Any]], dialect: str
) -> tuple[SqlComparison, tuple[float, ...], tuple[float, ...]]:
    rest = [x for x in entries if not x.get("is_null_level")]
    if not rest or not _is_else(rest[-1]):
        raise ValueError("its last level is not ELSE")
    labels = [*_unique([str(x.get("label_for_charts") or "level") for x in rest[:-1]]), "else"]
    m, u = (
        tuple(
            known if (known := x.get(key)) is not None else usual
            for x, usual in zip(rest, believed, strict=True)
        )
        for key, believed in zip(("m_probability", "u_probability"), _untrained(len(rest)), strict=True)
    )
    if not all(0 <= float(x.get(key) or 0) <= 1 for x in rest for key in ("m_probability", "u_probability")):
        raise ValueError("its m or u are no probabilities")
    rare: dict[str, Rare] = {}
    for level, chance, x in zip(labels[:-1], u, rest, strict=False):
        column = x.get("tf_adjustment_column")
        power = float(x.get("tf_adjustment_weight", 1.0))
        if column and power:
            column = str(column).strip('"`')
            same = chance if x.get("disable_tf_exact_match_detection") else _equality(column, rest, u)
            least = float(x.get("tf_minimum_u_value") or 0.0)
            if not (0 < power <= 100 and 0 <= least <= 1):
                raise ValueError("its term frequencies have a weight or a least value that is none")
            rare[level] = Rare(column, max(float(same), 1e-300), power, least)
    label = iter(labels)
    conditions = [
        ("missing" if x.get("is_null_level") else next(label), str(x["sql_condition"]))
        for x in entries
        if not _is_else(x)
    ]
    return SqlComparison(name, labels, conditions, rare, dialect), tuple(map(float, m)), tuple(map(float, u))


def _equality(column: str, levels: Sequence[Mapping[str, Any]], u: Sequence[float]) -> float:
    """The u of the level at which a column is equal: what its frequencies are held against."""
    for level, chance in zip(levels, u, strict=True):
        hit = _EQUAL.fullmatch(uncommented(str(level["sql_condition"])).strip())
        if hit and hit.group(1).casefold() == column.casefold():
            return chance
    raise ValueError(f"no level says that {column} is equal, on which its term frequencies rest")


def _untrained(size: int) -> tuple[list[float], list[float]]:
    """What Splink believes of levels that were never seen in its training, best agreement first."""
    m = [0.05 / max(size - 1, 1)] * (size - 1) + [0.95]
    bits = [-5.0] if size == 2 else np.linspace(-5, 3, size - 1).tolist()
    u = [share / 2**weight for share, weight in zip(m, [*bits, 10.0], strict=True)]
    return m[::-1], u[::-1]


def _is_else(level: Mapping[str, Any]) -> bool:
    return str(level["sql_condition"]).strip().upper() == "ELSE"


def _unique(labels: list[str]) -> list[str]:
    seen: Counter[str] = Counter()
    out = []
    for label in labels:
        label = f"{label} " if label in ("missing", "else") else label
        seen[label] += 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out


@dataclass
class Imported:
    """Settings ready to be run on a file.

    ``fields``: the columns they need, with the kind by which each is read. Without ``rules`` our own keys serve.
    """

    model: Model
    params: Params
    rules: list[Rule]
    fields: dict[str, str]
    id_col: str
    notes: list[str]

    def fitted(self, table: Table) -> Params:
        """The parameters with the term frequencies of this table, as Splink counts them: over all rows of all tables."""
        tf: dict[str, dict[str, Frequencies]] = dict(self.params.tf)
        for prepared in table.prepared:
            if not isinstance(prepared, PreparedSql):
                continue
            for level, one in prepared.sql.rare.items():
                coded = prepared.rows[one.column]
                counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.values))
                share = counts / max(int(counts.sum()), 1)
                floor = max(one.least, 1 / max(int(counts.sum()), 1))
                values = dict(zip(coded.values.tolist(), (share**one.power).tolist(), strict=True))
                found = Frequencies(one.u**one.power, floor**one.power, values)
                tf.setdefault(prepared.comparison.name, {})[prepared.sql.tf[level]] = found
        return replace(self.params, tf=tf)

    def keys(self, rows: Mapping[str, Any], split: Split) -> list[Key]:
        """The rules as keys."""
        out = []
        for rule in self.rules:
            key, crowded = rule.key(rows, split)
            if crowded:
                self.notes.append(
                    say(
                        f"规则 {rule.text}：有 {crowded} 组超过 {MAX_BLOCK} 行，没有比较",
                        f"rule {rule.text}: {crowded} blocks of more than {MAX_BLOCK} rows were left out",
                    )
                )
            out.append(key)
        return out


def untrained(body: Mapping[str, Any]) -> list[str]:
    """Levels without m or u, as 'comparison: level'."""
    return [
        f"{entry.get('output_column_name')}: {x.get('label_for_charts') or x['sql_condition']}"
        for entry in body["comparisons"]
        for x in entry["comparison_levels"]
        if not x.get("is_null_level") and (x.get("m_probability") is None or x.get("u_probability") is None)
    ]

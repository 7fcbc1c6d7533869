"""The model: comparisons declared once, their parameters, and what pairs of rows weigh."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from . import stored
from .compare import names as compare_names
from .compare import numbers as compare_values
from .compare import text as compare_text
from .compare.columns import Bools, Coded, Ints, Levels
from .compare.comparison import Comparison, Prepared
from .compare.fill import fill
from .values.characters import is_han
from .words import say

FORMAT = 2
#: Kinds of fields, in the order in which their comparisons stand.
KINDS = (
    "name", "given_name", "surname", "birth_date", "age", "sex", "id_number", "phone", "email", "address",
    "area", "postcode", "hospital", "disease", "text",
)  # fmt: skip
#: Before training: so many pairs of relatives meet for one pair of records of a person.
RELATED = 3.0
#: So many rows say which of several columns of words differs most from row to row.
WORDS = 1_000_000
#: What strangers have in common makes groups of its own, lest it pass for a family, or a family for a person.
CIRCLES = ("place", "name", "other")
_SIMPLE: dict[str, type[Comparison]] = {
    "name": compare_names.PersonName,
    "birth_date": compare_values.BirthDate,
    "age": compare_values.Age,
    "sex": compare_values.Sex,
    "id_number": compare_values.IdNumber,
    "phone": compare_values.Phone,
    "email": compare_text.Email,
    "area": compare_values.Area,
    "postcode": compare_values.Postcode,
    "hospital": compare_text.HospitalName,
    "disease": compare_text.DiseaseName,
    "text": compare_text.Text,
}


@dataclass(frozen=True)
class Frequencies:
    """Relative frequencies of values: ``mean`` is the chance that two people share one (Σ f²)."""

    mean: float
    floor: float
    values: dict[str, float] = field(default_factory=dict)

    def adjustment(self, value: str) -> float:
        """log2 weight to add where two records agree on ``value``: positive for rare ones."""
        return float(np.log2(self.mean) - np.log2(max(self.values.get(value, self.floor), self.floor)))


@dataclass(frozen=True)
class Kin:
    """Pairs of different people who belong together: a family, a house, a town.

    ``share`` is the chance that two random records are such a pair, ``h`` the chance of each level among them:
    what they share agrees far beyond chance, what a person owns (`Comparison.own`) does not. ``circle`` is what
    brings them together and alone agrees (its fields stand in ``h``), '' for a family, which may share anything.
    The share of a circle is one of strangers: they may live in one street and bear one name independently.
    """

    share: float
    h: dict[str, tuple[float, ...]]
    circle: str = ""

    def ratios(self, comparison: Comparison, u: tuple[float, ...]) -> np.ndarray:
        """log2(h/u) of every level, 0 for 'missing' and for what lies outside the circle."""
        if comparison.name not in self.h:
            return np.zeros(comparison.size)
        h = np.maximum(np.array(comparison.known(self.h[comparison.name], comparison.default_h)), 1e-12)
        chance = np.array(comparison.known(u, comparison.default_u))
        return np.concatenate([[0.0], np.log2(h / np.maximum(chance, 1e-12))])


@dataclass(frozen=True)
class Limits:
    """Probabilities from which a pair is accepted and reviewed, and what the model expected of them.

    ``false_accept`` is the share of accepted pairs that are wrong, ``false_reject`` that of matches below the
    review line, ``reviewed`` that of proposed pairs which a person sees; None where nothing was estimated.
    """

    accept: float
    review: float
    false_accept: float | None = None
    false_reject: float | None = None
    reviewed: float | None = None


@dataclass(frozen=True)
class Params:
    """Everything that turns levels into a probability; versioned, so that a past score can be replayed.

    ``m`` and ``u`` give, per comparison, the chance of each level behind 'missing' among matches and among
    pairs of different people. ``prior`` is the chance that two random records are one person.
    ``accept`` and ``review`` are probabilities. ``limits`` hold others per pair of sources ('application–insurer',
    in alphabetical order; '' for all), with the errors estimated when they were chosen. ``stays`` is learnt of two tables: for
    each what it weighs (log2) that a row tells no stay (hospital, illness), and that it tells one. Who was never ill is
    hardly the patient who is looked for, though an empty cell says nothing of which patient.

    Tables of format 1 know no ``kin``: there a rule takes back what a household shares.
    """

    version: str
    prior: float
    m: dict[str, tuple[float, ...]]
    u: dict[str, tuple[float, ...]]
    tf: dict[str, dict[str, Frequencies]] = field(default_factory=dict)
    accept: float = 0.9999
    review: float = 0.05
    kin: tuple[Kin, ...] = ()
    limits: dict[str, Limits] = field(default_factory=dict)
    stays: tuple[tuple[float, float], ...] = ()

    def limit(self, pair: str = "") -> Limits:
        """The lines for a pair of sources."""
        return self.limits.get(pair) or self.limits.get("") or Limits(self.accept, self.review)

    def odds(self) -> np.ndarray:
        """log2 odds of every group: of a family against strangers, of a circle against the rest of strangers."""
        taken: dict[str, float] = {}
        for kin in self.kin:
            taken[kin.circle] = taken.get(kin.circle, self.prior if not kin.circle else 0.0) + kin.share
        return np.array([np.log2(max(k.share, 1e-300) / max(1 - taken[k.circle], 1e-12)) for k in self.kin])

    def weights(self, comparison: Comparison) -> np.ndarray:
        """log2(m/u) of every level, 0 for 'missing'.

        No level lies below 'else', and partly hidden values never below a hidden disagreement.
        """
        if comparison.exactly:
            m, u = (np.maximum(np.array(table[comparison.name]), 1e-300) for table in (self.m, self.u))
            return np.concatenate([[0.0], np.log2(m / u)])
        m = np.maximum(np.array(comparison.known(self.m[comparison.name], comparison.default_m)), 1e-6)
        u = np.maximum(np.array(comparison.known(self.u[comparison.name], comparison.default_u)), 1e-12)
        out = np.concatenate([[0.0], np.log2(m / u)])
        floor = out[-1]
        if comparison.masked:
            hidden = comparison.index("masked_else")
            out[hidden] = max(out[hidden], floor)
            floor = out[hidden]
            for level in comparison.masked:
                out[comparison.index(level)] = max(out[comparison.index(level)], floor)
        out[1:] = np.maximum(out[1:], out[-1])
        return out

    def to_json(self) -> str:
        """A parameter table as JSON."""
        tf = {
            name: {
                table: {"mean": f.mean, "floor": f.floor, "values": f.values} for table, f in tables.items()
            }
            for name, tables in self.tf.items()
        }
        body = {
            "format": FORMAT, "version": self.version, "prior": self.prior, "accept": self.accept,
            "review": self.review, "m": self.m, "u": self.u, "tf": tf,
            "kin": [{"share": k.share, "h": k.h, "circle": k.circle} for k in self.kin],
            "limits": {pair: asdict(limit) for pair, limit in self.limits.items()},
        }  # fmt: skip
        if self.stays:
            body["stays"] = self.stays
        return json.dumps(body, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Params":
        """The inverse of `to_json`, also for tables of format 1. Raises ValueError for anything else, by name."""
        body = stored.document(text)
        known = body.get("format")
        if type(known) is not int or known not in (1, FORMAT):
            raise ValueError(
                say(
                    f"格式 {str(known)[:20]}，这里认得 1 和 {FORMAT}；如果是新版程序存下的，请更新程序",
                    f"parameter table format {str(known)[:20]}, expected {FORMAT}: was it made by a later version?",
                )
            )
        if lacking := [k for k in ("version", "prior", "accept", "review", "m", "u", "tf") if k not in body]:
            raise ValueError(say(f"缺少 {'、'.join(lacking)}", f"{', '.join(lacking)} is missing"))
        m, u = (stored.each(body[k], k, stored.shares) for k in ("m", "u"))
        stored.alike(m, u)
        return cls(
            version=stored.word(body["version"], "version"), prior=stored.share(body["prior"], "prior", open_=True),
            m=m, u=u, tf=stored.each(body["tf"], "tf", lambda v, where: stored.each(v, where, _frequencies_of)),
            accept=stored.share(body["accept"], "accept"), review=stored.share(body["review"], "review"),
            kin=tuple(map(_kin_of, stored.listed(body.get("kin", []), "kin"))),
            limits=stored.each(body.get("limits", {}), "limits", _limits_of),
            stays=stored.pairs(body.get("stays", []), "stays", 2),
        )  # fmt: skip

    def check(self, model: "Model") -> None:
        """Raise ValueError where a model has comparisons or levels of which this table says nothing, or fewer."""
        names = [c.name for c in model.comparisons]
        if set(names) - set(self.m):
            raise ValueError(
                say(
                    f"--params 里的参数是从这些列学的：{'、'.join(self.m)}。--fields 要写同样的列名",
                    f"the table of --params was learnt from {', '.join(self.m)}: --fields must name the same columns",
                )
            )
        tables = [self.m, self.u, *(kin.h for kin in self.kin)]
        odd = [
            c.name
            for c in model.comparisons
            if any(
                c.name in one and not c.size - 1 - len(c.added) <= len(one[c.name]) <= c.size - 1
                for one in tables
            )
        ]
        if odd:
            raise ValueError(
                say(
                    f"--params 里 {'、'.join(odd)} 的等级数不对：学的时候是别的种类，或者文件被改过。请按当时的 --fields 写，或重新学",
                    f"the table of --params has another number of levels for {', '.join(odd)}: it was learnt from other kinds, or "
                    "changed since",
                )
            )


def _frequencies_of(value: Any, where: str) -> Frequencies:
    body = stored.mapping(value, where)
    return Frequencies(
        stored.positive(body.get("mean"), f"{where}.mean"), stored.positive(body.get("floor"), f"{where}.floor"),
        stored.each(body.get("values"), f"{where}.values", stored.share),
    )  # fmt: skip


def _kin_of(value: Any) -> Kin:
    body = stored.mapping(value, "kin")
    circle = stored.word(body.get("circle", ""), "kin.circle")
    if circle not in ("", *CIRCLES):
        raise ValueError(say(f"kin.circle 不认得“{circle}”", f"kin.circle {circle!r} is unknown"))
    return Kin(
        stored.share(body.get("share"), "kin.share"),
        stored.each(body.get("h"), "kin.h", stored.shares),
        circle,
    )


def _limits_of(value: Any, where: str) -> Limits:
    body = stored.mapping(value, where)
    accept, review = (stored.share(body.get(k), f"{where}.{k}") for k in ("accept", "review"))
    errors = (
        stored.amount(body.get(k), f"{where}.{k}") for k in ("false_accept", "false_reject", "reviewed")
    )
    return Limits(accept, review, *errors)


def _looks_like_area(values: Sequence[Any]) -> bool:
    from .values.normalise import area

    first: dict[Any, None] = {}
    for v in values:
        first[v] = None
        if len(first) >= 500:
            break
    seen = [v for v in first if v not in (None, "") and v == v]
    known = sum(area(str(v).removesuffix(".0")) is not None for v in seen)
    return not seen or known * 2 >= len(seen)


def _looks_resident(values: Sequence[Any]) -> bool:
    """Whether most numbers are residents' (GB 11643), or there are none."""
    first: dict[str, None] = {}
    for v in values:
        number = compare_values.clean_id(str(v)) if v not in (None, "") and v == v else ""
        if number:
            first[number] = None
        if len(first) >= 500:
            break
    like = sum(abs(compare_values.id_group(v)) == 1 or "*" in v for v in first)
    return like * 2 >= len(first)


def _looks_chinese(values: Sequence[Any]) -> bool:
    """Whether half of the first names at least hold a Chinese character."""
    seen = [str(v) for v in islice((v for v in values if v not in (None, "") and v == v), 500)]
    return 2 * sum(any(map(is_han, v)) for v in seen) >= len(seen)


class Model:
    """Ordered comparisons over named columns."""

    def __init__(self, comparisons: Sequence[Comparison]) -> None:
        self.comparisons = tuple(comparisons)
        self.names = tuple(c.name for c in comparisons)
        #: In which year ages were written, where that was found before the rows are prepared (piece by piece).
        self.written: int | None = None

    @classmethod
    def for_fields(cls, fields: dict[str, str], sample: Mapping[str, Sequence[Any]] | None = None) -> "Model":
        """A model for columns of the given kinds. Raises ValueError for a kind that does not exist."""
        unknown = sorted(set(fields.values()) - set(KINDS))
        if unknown:
            raise ValueError(f"unknown field kind {', '.join(unknown)}; known: {', '.join(KINDS)}")
        by_kind: dict[str, list[str]] = {}
        for column, kind in fields.items():
            by_kind.setdefault(kind, []).append(column)
        out: list[Comparison] = []
        given, surname = by_kind.pop("given_name", []), by_kind.pop("surname", [])
        for k, column in enumerate(given):
            partner = surname[k : k + 1]
            out.append(compare_text.Parts(column, [column, *partner], 0, given=True, circle="name"))
        for k, column in enumerate(surname):
            partner = given[k : k + 1]
            out.append(compare_text.Parts(column, [column, *partner], 1, circle="name"))
        lines = by_kind.get("address", [])
        for k in range(0, len(lines), 2):
            pair = lines[k : k + 2]
            if len(pair) == 2:
                out.append(compare_text.Parts(pair[0], [pair[0], pair[1]], 0))
                out.append(compare_text.Parts(pair[1], [pair[1], pair[0]], 1))
            else:
                out.append(compare_text.Address(pair[0], pair))
        for kind in KINDS:
            if kind in ("given_name", "surname", "address"):
                continue
            for column in by_kind.get(kind, []):
                chosen = _SIMPLE[kind]
                if kind == "area" and sample is not None and not _looks_like_area(sample[column]):
                    chosen = compare_text.Place
                made = chosen(column, [column])
                if isinstance(made, compare_values.IdNumber):
                    made.checked(sample is not None and _looks_resident(sample[column]))
                elif kind == "name" and sample is not None and not _looks_chinese(sample[column]):
                    # Brothers and sisters share a character of their names (丽华, 丽萍), not all letters but one nor all
                    # words of the shorter name.
                    made.own = {**made.own, "one_off": 0.01, "partial": 0.01}
                out.append(made)
        if sample is not None and len(out) > 2 and not any(c.own for c in out):
            # Nothing but words: what differs most from row to row is the person's own.
            words = [c for c in out if isinstance(c, compare_text.Text)]
            if words:
                most = max(words, key=lambda c: len(set(islice(sample[c.columns[0]], WORDS))))
                most.own = dict.fromkeys(most.levels[1:-1], 0.0)
        return cls(out)

    def default_params(self, version: str = "untrained-3", prior: float = 1e-6) -> Params:
        """What is believed before any training."""
        return Params(
            version,
            prior,
            m={c.name: _normal(c.default_m) for c in self.comparisons},
            u={c.name: _normal(c.default_u) for c in self.comparisons},
            kin=self._kin(prior),
        )

    def _kin(self, prior: float) -> tuple[Kin, ...]:
        """A family, and people who share a place, a name or something else; none if no column is a person's own."""
        if not any(c.own for c in self.comparisons):
            return ()
        if any(len(c.default_h) != c.size - 1 for c in self.comparisons):
            return ()
        out = [Kin(RELATED * prior, {c.name: _normal(c.default_h) for c in self.comparisons})]
        for circle in CIRCLES:
            members = [c for c in self.comparisons if c.circle == circle]
            if circle == "place" and len(members) == 1 and members[0].home:
                # House numbers, districts, wards in columns of their own: neighbours share a street and any words.
                members += [c for c in self.comparisons if type(c) is compare_text.Text]
            for home in (True, False):
                # One house, and one hospital or trade, are two ways to share a place.
                seed = [c for c in members if not (c.home and not home) and not (home and c.away)]
                if len(members) > 1 and (len(seed) > 1 if home else any(c.away for c in members)):
                    h = {c.name: _normal(c.default_h if c in seed else c.default_u) for c in members}
                    out.append(Kin(RELATED * prior, h, circle))
        return tuple(out)

    def prepare(self, rows: Mapping[str, Any]) -> "Table":
        """Rows ready for comparison; ``rows`` are columns of equal length (lists or `Coded`)."""
        filled, told, written = fill({c.name: c for c in self.comparisons}, rows, self.written)
        last = {column: c for c in self.comparisons for column in c.columns}
        prepared = []
        for c in self.comparisons:
            prepared.append(c.prepare(filled))
            # What no later comparison reads is let go: a large table stands in memory once.
            for column in c.columns:
                if last[column] is c:
                    filled.pop(column, None)
        table = Table(self, prepared, told)
        table.written = written
        return table

    def settled(self, table: "Table") -> None:
        """Take from these rows what all pieces of a table have in common: when ages were written, whether texts have words."""
        self.written = table.written
        for comparison, prepared in zip(self.comparisons, table.prepared, strict=True):
            if isinstance(prepared, compare_text.PreparedText) and isinstance(comparison, compare_text.Text):
                comparison.several = 0.0 if prepared.words is not None else 1.0


def _normal(values: Sequence[float]) -> tuple[float, ...]:
    total = sum(values)
    return tuple(v / total for v in values)


class Table:
    """Prepared rows: compares pairs of row numbers and weighs what it finds."""

    def __init__(
        self, model: Model, prepared: Sequence[Prepared], told: Mapping[str, Bools] | None = None
    ) -> None:
        self.model = model
        #: Per comparison, the rows whose value an identity number alone said.
        self._told = {model.names.index(name): rows for name, rows in (told or {}).items() if rows.any()}
        self.prepared = tuple(prepared)
        #: The rows in an order of their own, once it has been asked for (`keys.in_order`).
        self.order: Ints | None = None
        kinds: dict[type, int] = {}
        for position, item in enumerate(prepared):
            kinds.setdefault(type(item), position)
        self._id = kinds.get(compare_values.PreparedId)
        self._birth = kinds.get(compare_values.PreparedBirth)
        self._age = kinds.get(compare_values.PreparedAge)
        self._sex = kinds.get(compare_values.PreparedSex)
        self._area = kinds.get(compare_values.PreparedArea)
        self._phone = kinds.get(compare_values.PreparedPhone)
        self._email = kinds.get(compare_text.PreparedEmail)
        self._hospital = kinds.get(compare_text.PreparedHospital)
        self._name = kinds.get(compare_names.PreparedName)
        self._address = next(
            (k for k, p in enumerate(prepared) if isinstance(p.comparison, compare_text.Address)), None
        )
        self._areas = [k for k, p in enumerate(prepared) if isinstance(p, compare_values.PreparedArea)]
        self._parts = [
            k
            for k, p in enumerate(prepared)
            if isinstance(p.comparison, compare_text.Parts) and p.comparison.circle == "name"
        ]
        parts = {p.comparison.columns: p for p in prepared if isinstance(p, compare_text.PreparedParts)}
        for item in parts.values():
            item.twin = parts.get(item.comparison.columns[::-1]) if len(item.parts) == 2 else None
        #: Weights made elsewhere are kept as they were.
        self._kind: type[np.floating[Any]] = (
            np.float64 if any(c.exactly for c in model.comparisons) else np.float32
        )
        #: Features of whole columns that only some pairs ask for.
        self._once: dict[tuple[int, str], Any] = {}
        #: In which year ages were written.
        self.written: int | None = None
        self._logs: dict[tuple[int, str], np.ndarray] = {}
        self._logs_of: Params | None = None
        self._away = [k for k, p in enumerate(prepared) if p.comparison.away]
        self._stays: tuple[Params, np.ndarray] | None = None
        #: Where the second of two tables begins; None for one table.
        self.left: int | None = None

    def tells(self) -> Bools | None:
        """Which rows tell of a stay, a hospital or an illness; None where no column is of one."""
        told = [self.prepared[k].coded.codes >= 0 for k in self._away]
        return np.logical_or.reduce(told) if told else None

    def of_stays(self, i: Ints, j: Ints, params: Params) -> tuple[int, np.ndarray] | None:
        """(comparison, log2) what it weighs whether rows of two tables tell of a stay; None where that says nothing."""
        if not params.stays or self.left is None or not self._away:
            return None
        if self._stays is None or self._stays[0] is not params:
            told = self.tells()
            assert told is not None
            second = np.arange(len(told)) >= self.left
            weight = np.array(params.stays)[second.astype(np.intp), told.astype(np.intp)].astype(self._kind)
            self._stays = params, weight
        weight = self._stays[1]
        return self._away[0], np.where((i < self.left) == (j < self.left), 0, weight[i] + weight[j])

    def once(self, name: str, prepared: Prepared, make: Callable[[Any], Any]) -> Any:
        """What ``make`` says of a prepared column of this table, found at the first question."""

        key = (id(prepared), name)
        if key not in self._once:
            self._once[key] = make(prepared)
        return self._once[key]

    def levels(self, i: Ints, j: Ints) -> Levels:
        """Levels of pairs, shape (pairs, comparisons); fields that say the same thing twice are 'missing'."""
        i, j = i.astype(np.intp), j.astype(np.intp)
        out = np.empty((len(i), len(self.prepared)), dtype=np.uint8, order="F")
        for position, item in enumerate(self.prepared):
            out[:, position] = item.compare(i, j)
        self._dependent(out, i, j)
        return out

    def _dependent(self, out: Levels, i: Ints, j: Ints) -> None:
        """A number holds birth date and sex, whether it agrees or not, and where it was issued; a birth date the age; an
        address the area; a whole name its parts, or of Latin names the parts the whole."""
        if self._id is not None:
            prepared = self.prepared[self._id]
            assert isinstance(prepared, compare_values.PreparedId)
            birth, sex = prepared.says(i, j, out[:, self._id])
            for k, said in ((self._birth, birth), (self._sex, sex), (self._age, birth)):
                if k is not None:
                    out[said, k] = 0
            # What a number alone said is no second witness against it: the birthday inside a relative's number.
            if self._told:
                rows = np.flatnonzero(out[:, self._id] >= prepared.comparison.index("masked_else"))
                for k, told in self._told.items():
                    out[rows[told[i[rows]] | told[j[rows]]], k] = 0
            if self._birth is not None:
                self._in_numbers(out, i, j)
        if self._birth is not None and self._age is not None:
            out[out[:, self._birth] > 0, self._age] = 0
        if self._area is not None and self._id is not None:
            self._registered(out, i, j)
        if len(self._areas) > 1:
            self._two_areas(out, i, j)
        if self._address is not None and self._area is not None:
            close = (out[:, self._address] > 0) & (out[:, self._address] <= 3)
            out[close & (out[:, self._area] <= 3), self._area] = 0
        if self._name is not None and self._parts:
            names = self.prepared[self._name]
            assert isinstance(names, compare_names.PreparedName)
            chinese = names.han[names.coded.at(i)] & names.han[names.coded.at(j)]
            parted = (out[:, self._parts] > 0).all(axis=1) & ~chinese & (len(self._parts) > 1)
            whole = (out[:, self._name] > 0) & ~parted
            out[parted, self._name] = 0
            for k in self._parts:
                out[whole, k] = 0

    def _in_numbers(self, out: Levels, i: Ints, j: Ints) -> None:
        """A birth date that two possible numbers say, which differ."""
        assert self._id is not None
        assert self._birth is not None
        number, birth = self.prepared[self._id], self.prepared[self._birth]
        assert isinstance(number, compare_values.PreparedId)
        assert isinstance(birth, compare_values.PreparedBirth)
        rows = np.flatnonzero(
            (out[:, self._id] == number.comparison.size - 1)
            & (out[:, self._birth] == birth.comparison.index("exact"))
        )
        day = birth.date[birth.coded.at(i[rows])]
        said = (number.born[number.coded.at(side[rows])] == day for side in (i, j))
        out[rows[np.logical_and(*said)], self._birth] = birth.comparison.index("in_numbers")

    def _registered(self, out: Levels, i: Ints, j: Ints) -> None:
        """Where one lives and the other was registered; nothing of what an agreeing number says already."""
        assert self._area is not None
        assert self._id is not None
        area, number = self.prepared[self._area], self.prepared[self._id]
        assert isinstance(area, compare_values.PreparedArea)
        assert isinstance(number, compare_values.PreparedId)
        c, level = area.comparison, out[:, self._area]
        a, b = area.value[area.coded.at(i)], area.value[area.coded.at(j)]
        p, q = number.issued[number.coded.at(i)], number.issued[number.coded.at(j)]
        same = out[:, self._id]
        open_ = ((level == 0) | (level > c.index("registered"))) & (
            same < number.comparison.index("masked_else")
        )
        level[open_ & (compare_values.same_city(a, q) | compare_values.same_city(b, p))] = c.index(
            "registered"
        )
        said = ((a == p) | (a == q)) & (a >= 0) | ((b == p) | (b == q)) & (b >= 0)
        agree = (same > 0) & (same <= number.comparison.index("near_2"))
        level[agree & (said | (level == c.index("registered")))] = 0

    def _two_areas(self, out: Levels, i: Ints, j: Ints) -> None:
        """Two columns of areas: where one lives may be where the other is registered; a place told twice, or with the city
        that it lies in, counts once."""
        one, two = (self.prepared[k] for k in self._areas[:2])
        assert isinstance(one, compare_values.PreparedArea)
        assert isinstance(two, compare_values.PreparedArea)
        first, second = out[:, self._areas[0]], out[:, self._areas[1]]
        a, b, p, q = (side.value[side.coded.at(rows)] for side in (one, two) for rows in (i, j))
        city, registered = (one.comparison.index(level) for level in ("city", "registered"))
        apart = ((first == 0) | (first > city)) & ((second == 0) | (second > city))
        crossed = apart & (compare_values.same_city(a, q) | compare_values.same_city(b, p))
        first[crossed], second[crossed] = registered, 0
        both = (first > 0) & (second > 0)
        finer = both & compare_values.within(p, a) & compare_values.within(q, b)
        wider = both & ~finer & compare_values.within(a, p) & compare_values.within(b, q)
        first[finer], second[wider] = 0, 0

    def contributions(self, levels: Levels, i: Ints, j: Ints, params: Params) -> np.ndarray:
        """log2 weights per pair and comparison, with term frequencies; the last column is the household's."""
        out = np.zeros((len(levels), len(self.prepared) + 1), dtype=self._kind, order="F")
        related = np.zeros((len(params.kin), len(levels)), dtype=np.float32)
        for position, comparison in enumerate(self.model.comparisons):
            column = levels[:, position]
            out[:, position] = params.weights(comparison).astype(self._kind)[column]
            for group, kin in zip(related, params.kin, strict=True):
                group += kin.ratios(comparison, params.u[comparison.name]).astype(np.float32)[column]
            for level, table in comparison.tf.items():
                log = self._log(position, table, params)
                if log is None:
                    continue
                rows = np.flatnonzero(column == comparison.index(level))
                rare = (np.maximum if table in comparison.rarer else np.minimum)(log[i[rows]], log[j[rows]])
                out[rows, position] += rare
                for group, kin in zip(related, params.kin, strict=True):
                    if comparison.name in kin.h:
                        group[rows] += rare
        stays = self.of_stays(i, j, params)
        if stays is not None:
            out[:, stays[0]] += stays[1]
        if not params.kin:
            self.same_city(levels, out, params)
        out[:, -1] = household(related, params) if params.kin else self.taken_back(levels, out)
        return out

    def kinship(self, levels: Levels, i: Ints, j: Ints, params: Params) -> np.ndarray:
        """log2(h/u) per pair, group and comparison, with term frequencies: what `household` sums over comparisons."""
        out = np.zeros((len(levels), len(params.kin), len(self.prepared)), dtype=np.float32)
        for position, comparison in enumerate(self.model.comparisons):
            column = levels[:, position]
            for k, kin in enumerate(params.kin):
                out[:, k, position] = kin.ratios(comparison, params.u[comparison.name])[column]
            for level, table in comparison.tf.items():
                log = self._log(position, table, params)
                if log is not None:
                    rows = np.flatnonzero(column == comparison.index(level))
                    rare = (np.maximum if table in comparison.rarer else np.minimum)(
                        log[i[rows]], log[j[rows]]
                    )
                    for k, kin in enumerate(params.kin):
                        if comparison.name in kin.h:
                            out[rows, k, position] += rare
        return out

    def same_city(self, levels: Levels, weights: np.ndarray, params: Params) -> None:
        """Take from the area what an agreeing hospital or address has said already: the same city.

        Whoever goes to one hospital mostly lives in one city, match or not; only the county is news.
        """
        places = [k for k in (self._hospital, self._address) if k is not None]
        if self._area is None or not places:
            return
        area = self.model.comparisons[self._area]
        m, u = params.m[area.name], params.u[area.name]
        known = max(float(np.log2((m[0] + m[1]) / max(u[0] + u[1], 1e-12))), 0.0)
        near = np.zeros(len(levels), dtype=bool)
        for k in places:
            similar = self.model.comparisons[k].index("similar")
            near |= (levels[:, k] > 0) & (levels[:, k] <= similar)
        rows = np.flatnonzero(near & (levels[:, self._area] > 0) & (levels[:, self._area] <= 2))
        weights[rows, self._area] -= known

    def taken_back(self, levels: Levels, weights: np.ndarray) -> np.ndarray:
        """What relatives share is no evidence once the given names are two different ones (tables without h).

        Siblings, spouses and twins share phone, address, area and often the surname or the birth date. Where
        the given names are plainly different and no identity number agrees, what the household shares is
        taken back, and a shared surname with it.
        """
        out = np.zeros(len(levels), dtype=np.float32)
        shared = [k for k in (self._phone, self._address, self._area, self._email) if k is not None]
        if self._name is None or not shared:
            return out
        c = self.model.comparisons[self._name]
        name = levels[:, self._name]
        other = (name == c.index("surname")) | (name == c.index("else"))
        # Brothers and sisters often share one character of the given name: only the birth date tells.
        siblings = (name == c.index("one_off")) | (name == c.index("partial"))
        if self._birth is not None:
            siblings &= levels[:, self._birth] > self.model.comparisons[self._birth].index("lunar")
            other |= siblings
        if self._id is not None:
            close = self.model.comparisons[self._id].index("near_2")
            other &= (levels[:, self._id] == 0) | (levels[:, self._id] > close)
        other = np.flatnonzero(other)
        for k in shared:
            out[other] -= np.maximum(weights[other, k], 0)
        return out

    @staticmethod
    def _frequencies(comparison: Comparison, table: str, params: Params) -> tuple[Frequencies | None, str]:
        """How common values are, and what was counted."""
        known = params.tf.get(comparison.name, {})
        if table == "value" and table not in known:
            # Without a table of whole names, how common the surname is says a part of it.
            table = "surname"
        return known.get(table), table

    def _log(self, position: int, table: str, params: Params) -> np.ndarray | None:
        """The frequency adjustment of every row's value."""
        if self._logs_of is not params:
            self._logs, self._logs_of = {}, params
        key = (position, table)
        if key not in self._logs:
            comparison = self.model.comparisons[position]
            frequencies, table = self._frequencies(comparison, table, params)
            coded = self.prepared[position].tf.get(table)
            if frequencies is None or coded is None:
                return None
            self._logs[key] = coded.array(frequencies.adjustment, self._kind)
        return self._logs[key]

    def at_most(self, levels: Levels, params: Params) -> np.ndarray:
        """What pairs with these levels can weigh, whatever their values: never less than `weigh` gives (log2)."""
        out = np.full(len(levels), np.log2(params.prior / (1 - params.prior)) + 0.01)
        for position, comparison in enumerate(self.model.comparisons):
            weights = params.weights(comparison)
            for level, table in comparison.tf.items():
                found = self._frequencies(comparison, table, params)[0]
                if found is not None:
                    weights[comparison.index(level)] += max(np.log2(found.mean) - np.log2(found.floor), 0.0)
            out += weights[levels[:, position]]
        return out + sum(max(one) for one in params.stays)

    def weigh(self, levels: Levels, i: Ints, j: Ints, params: Params) -> np.ndarray:
        """Total log2 weight of each pair, the prior included."""
        prior = np.log2(params.prior / (1 - params.prior))
        return self.contributions(levels, i, j, params).sum(axis=1, dtype=np.float64) + prior

    def frequencies(self, prior: float) -> dict[str, dict[str, Frequencies]]:
        """Term frequencies of these rows; ``prior`` says how much of the coincidence is people met twice."""
        out: dict[str, dict[str, Frequencies]] = {}
        for comparison, prepared in zip(self.model.comparisons, self.prepared, strict=True):
            for table in sorted(set(comparison.tf.values()) - set(comparison.rarer)):
                coded = prepared.tf.get(table)
                if coded is not None:
                    found = _frequencies(coded, prior)
                    if found:
                        out.setdefault(comparison.name, {})[table] = found
        return out

    def slips(self, prior: float, i: Ints, j: Ints) -> dict[str, dict[str, Frequencies]]:
        """How common the rarer of two values is where strangers' are a slip apart: (i, j) are random pairs.

        Who writes one name for another mostly writes none that anybody bears: Müllr is Müller, Maier and Meier are two.
        The weight of such a pair grows as the rarer value's frequency falls, and is the level's own on average.
        """
        out: dict[str, dict[str, Frequencies]] = {}
        for comparison, prepared in zip(self.model.comparisons, self.prepared, strict=True):
            for table in comparison.rarer:
                coded = prepared.tf[table]
                counts = np.bincount(coded.codes[coded.codes >= 0], minlength=len(coded.values)).astype(float)
                if counts.sum() < 50:
                    continue
                levels = [comparison.index(level) for level, its in comparison.tf.items() if its == table]
                near = np.flatnonzero(np.isin(prepared.compare(i, j), levels))
                if len(near) < 20:
                    continue
                common = np.maximum(counts - prior * counts.sum(), 1.0) / counts.sum()
                rarer = np.minimum(common[coded.at(i[near])], common[coded.at(j[near])])
                values = {coded.values[k]: float(common[k]) for k in np.flatnonzero(counts > 1)}
                out.setdefault(comparison.name, {})[table] = Frequencies(
                    float(1 / (1 / rarer).mean()), float(1 / counts.sum()), values
                )
        return out


def household(related: np.ndarray, params: Params) -> np.ndarray:
    """Evidence that two people who belong together explain the pair as well (log2, never above 0).

    ``related`` is Σ log2(h/u) per group of `Params.kin`. The odds of a match lose the factor
    Π over circles (1 + Σ odds · Π h/u) + odds of a family · Π h/u.
    """
    circles: dict[str, np.ndarray] = {}
    out = np.zeros(related.shape[1])
    families = []
    for group, kin, odds in zip(related, params.kin, params.odds(), strict=True):
        if kin.circle:
            circles[kin.circle] = np.logaddexp2(circles.get(kin.circle, 0.0), group + odds)
        else:
            families.append(group + odds)
    for factor in circles.values():
        out += factor
    for family in families:
        out = np.logaddexp2(out, family)
    return np.where(out < 0.01, 0, -out).astype(np.float32)


@dataclass(frozen=True)
class Tally:
    """How often values of a column stand in a table becomes how frequent they are: ``mean`` and ``floor`` as in `Frequencies`;
    values that stand there more than ``least`` times have a frequency of their own, others ``floor``. Of their count
    ``taken`` is no coincidence; ``rest`` at least is left."""

    n: float
    mean: float
    floor: float
    least: float
    taken: float
    rest: float

    @classmethod
    def of(cls, n: float, twice: float, prior: float) -> "Tally | None":
        """For ``n`` rows with a value; ``twice`` = Σ count · (count - 1). None where they are too few to say anything."""
        if n < 50:
            return None
        mean = twice / (n * (n - 1)) - prior
        twin = 1 + prior * n  # how often one person's value comes again on average
        if mean * n < 2:
            # Nearly everyone has a value of his own: only values that very many share say less than usual.
            mean = max(mean, 0.2 / n)
            return cls(n, mean, mean, 6 * twin + mean * n, 6 * twin, 0.0)
        return cls(n, mean, 1.0 / n, 1.0, twin - 1, 1.0)

    def frequencies(self, values: Sequence[str], counts: np.ndarray) -> Frequencies:
        """Of some values and how often they stand in the table; those above ``least`` are told."""
        shares = np.maximum(counts - self.taken, self.rest) / self.n
        told = np.flatnonzero(counts > self.least).tolist()
        return Frequencies(self.mean, self.floor, {values[k]: float(shares[k]) for k in told})


def _frequencies(coded: Coded, prior: float) -> Frequencies | None:
    codes = coded.codes[coded.codes >= 0]
    counts = np.bincount(codes, minlength=len(coded.values)).astype(np.float64)
    tally = Tally.of(float(len(codes)), float((counts * (counts - 1)).sum()), prior)
    return None if tally is None else tally.frequencies(coded.values, counts)

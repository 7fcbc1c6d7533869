"""How one table writes its values, where a single value cannot tell: 3/5/87, H and M, zeros that a spreadsheet lost.

A habit is found from the first rows of each table's column, and its values are rewritten as they are read.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from ..compare import latin
from ..compare.columns import Coded
from ..compare.fill import RECORDED_ON
from ..compare.numbers import clean_id
from ..values import dates
from ..values import normalise as n
from ..values.characters import is_han

#: So many rows of a column are looked at.
LOOK = 5_000
#: So many rows of each table say how many years lie between them.
NAMES = 100_000
#: A habit shows in this share of the values that could show it.
HABIT = 0.02
#: So many of the lowest and of the highest numbers of a column may be slips.
SLIPS = 0.05
#: So many columns tell little beside a whole name.
FEW = 3
_PARTS = re.compile(r"\D*(\d{1,2})[./\-\s](\d{1,2})[./\-\s](\d{2}|\d{4})(?!\d)")


class Rewritten(Sequence[Any]):
    """A column whose values are rewritten while it is read."""

    def __init__(self, column: Sequence[Any], how: Callable[[Any], Any]) -> None:
        self.column, self.how = column, how

    def __len__(self) -> int:
        return len(self.column)

    def __iter__(self) -> Iterator[Any]:
        return map(self.how, self.column)

    def __getitem__(self, place: Any) -> Any:
        return self.how(self.column[place])


def plain(parts: list[Any], kind: str) -> list[Any]:
    """The same column of one or two tables, each rewritten where its table has a habit."""
    find = _HABITS.get(kind)
    if find is None:
        return parts
    looks = [[v for v in islice(iter(part), LOOK) if v is not None and v != "" and v == v] for part in parts]
    found = find(looks)
    return [part if how is None else _rewritten(part, how) for part, how in zip(parts, found, strict=True)]


def _rewritten(part: Any, how: Callable[[Any], Any]) -> Any:
    return part.derive(how) if isinstance(part, Coded) else Rewritten(part, how)


class Joined(Sequence[Any]):
    """A birth date whose year, month and day stand in columns of their own, as yyyymmdd."""

    def __init__(self, columns: list[Sequence[Any]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[Any]:
        return map(self._day, *self.columns)

    def __getitem__(self, place: Any) -> Any:
        return self._day(*(column[place] for column in self.columns))

    @staticmethod
    def _day(year: Any, month: Any, day: Any = None) -> str | None:
        y, m, d = _whole(year), _whole(month), _whole(day)
        # A digit typed twice leaves the others: 19933, 112.
        y = y // 10 if y is not None and y >= 10_000 else y
        return f"{y:04d}{(m or 0) % 100:02d}{(d or 0) % 100:02d}" if y else None


def _whole(value: Any) -> int | None:
    text = (
        str(value).strip().removesuffix(".0").rstrip("年月日") if value is not None and value == value else ""
    )
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else None


def birth_parts(rows: dict[str, Any], fields: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Rows and fields with one birth date instead of columns for year, month and day; it keeps the year's name.

    Only where the columns called birth dates hold nothing else: one of four digits, one up to 12, one up to 31.
    """
    columns = [name for name, kind in fields.items() if kind == "birth_date"]
    if len(columns) not in (2, 3):
        return rows, fields
    order: dict[str, str] = {}
    free = []
    for name in columns:
        look = [v for v in islice(iter(rows[name]), LOOK) if v is not None and v != "" and v == v]
        known = [v for v in map(_whole, look) if v is not None]
        if len(known) < 0.95 * len(look) or not known:
            return rows, fields
        low, top = (int(v) for v in np.quantile(known, (SLIPS, 1 - SLIPS)))
        if low >= 1800 and top <= 2100:
            order["year"] = name
        elif top <= 31:
            free.append((top > 12, name))
    if "year" not in order or len(free) != len(columns) - 1:
        return rows, fields
    # Where neither is above 12, they stand as they were named: month before day unless the day came first.
    parts = [order["year"], *(name for _, name in sorted(free, key=lambda item: item[0]))]
    joined = Joined([rows[name] for name in parts])
    rest = {name: kind for name, kind in fields.items() if name not in parts[1:]}
    return {
        name: joined if name == parts[0] else v for name, v in rows.items() if name not in parts[1:]
    }, rest


def name_parts(
    rows: dict[str, Any], fields: dict[str, str], known: Collection[str] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Rows and fields with columns for given name, middle name and surname instead of whole Latin names; the given name
    keeps the column's name.

    Only where little else is there (`FEW` columns): how rare a name is, and how many of its bearers are one person, tell its
    parts, which strangers have independently of one another; a column of names alone tells neither. ``known``: the columns
    that a table of parameters was learnt from.
    """
    names = [name for name, kind in fields.items() if kind == "name"]
    parted = ("given_name", "surname")
    if len(names) != 1 or len(fields) > FEW or any(kind in parted for kind in fields.values()):
        return rows, fields
    column = names[0]
    own = {part: f"{column}_{part}" for part in ("middle", "surname")}
    parts = [part for part in own if known is not None and own[part] in known]
    if known is None and not any(its in rows for its in own.values()):
        parts = _parts_worth(rows[column])
    if not parts:
        return rows, fields
    out = dict(rows) | {own[part]: _rewritten(rows[column], _OF_NAME[part]) for part in parts}
    out[column] = _rewritten(rows[column], _OF_NAME["given"])
    made = {own[part]: "surname" if part == "surname" else "given_name" for part in parts}
    return out, fields | {column: "given_name"} | made


def _parts_worth(column: Sequence[Any]) -> list[str]:
    """The parts of names beside the given one that are worth a column; none of names that are not Latin, or have two surnames."""
    look = [v for v in islice(iter(column), LOOK) if v is not None and v != "" and v == v]
    said = [n.plain_name(v) for v in look]
    if any(is_han(c) or c == "*" for value in said for c in value):
        return []
    words = [latin.words(value) for value in said]
    long = [each for each in words if len(each) > 2]
    inside = Counter(word for each in long for word in each[1:-1])
    last = Counter(each[-1] for each in words if each)
    if 2 * sum(len(each) > 1 for each in words) <= len(words):
        return []
    if len(long) <= 0.05 * len(words):
        return ["surname"]
    # García López: of two surnames one may be left out.
    double = sum(4 * inside[each[-1]] > last[each[-1]] for each in long)
    return [] if 2 * double > len(long) else ["middle", "surname"]


def _picked(place: Callable[[tuple[str, ...]], str]) -> Callable[[Any], str | None]:
    def pick(raw: Any) -> str | None:
        words = latin.words(n.plain_name(raw).replace("*", " ")) if raw is not None and raw == raw else ()
        return place(words) or None if words else None

    return pick


_OF_NAME = {
    "given": _picked(lambda words: words[0] if len(words) > 1 else ""),
    "middle": _picked(lambda words: "".join(words[1:-1])),
    "surname": _picked(lambda words: words[-1]),
}


def same_year(a: Mapping[str, Any], b: Mapping[str, Any], fields: dict[str, str]) -> Mapping[str, Any]:
    """Table ``b`` with the ages that its people had when ``a`` was written.

    Where namesakes of the two tables mostly differ by one number of years, the tables were written so many years apart.
    Nothing is done where a birth date or the day of writing tells more.
    """
    kinds = set(fields.values())
    names = [name for name, kind in fields.items() if kind in ("name", "given_name", "surname")]
    ages = [name for name, kind in fields.items() if kind == "age"]
    if "birth_date" in kinds or len(ages) != 1 or not names or (RECORDED_ON in a and RECORDED_ON in b):
        return b
    mine, yours = (_ages_by_name(table, names, ages[0]) for table in (a, b))
    gaps = Counter(yours[name] - age for name, age in mine.items() if age >= 0 and yours.get(name, -1) >= 0)
    if not gaps:
        return b
    years, count = gaps.most_common(1)[0]
    if years == 0 or count < 20 or count < 0.2 * sum(gaps.values()):
        return b

    def how(raw: Any) -> Any:
        value = _whole(raw)
        # Whoever was not born then is no grown-up either; 0 is read as not told.
        return raw if value is None else str(max(value - years, 1))

    return {**b, ages[0]: _rewritten(b[ages[0]], how)}


def _ages_by_name(table: Mapping[str, Any], names: list[str], age: str) -> dict[str, int]:
    """The age of everybody whose name no other row of the table has (-1 for namesakes)."""
    out: dict[str, int] = {}
    columns = [islice(iter(table[name]), NAMES) for name in (*names, age)]
    for *words, value in zip(*columns, strict=True):
        whole, years = "|".join(str(v or "").casefold() for v in words), _whole(value)
        if years is not None and len(whole) > len(names):
            out[whole] = -1 if whole in out else years
    return out


Found = list[Callable[[Any], Any] | None]


def _dates(looks: list[list[Any]]) -> Found:
    """Month before day, where more values allow nothing else than the reverse; six digits as yymmdd."""
    out: Found = []
    for values in looks:
        texts = [v for v in values if isinstance(v, str)]
        hits = [(int(h.group(1)), int(h.group(2))) for h in map(_PARTS.match, texts) if h]
        month_first = sum(one <= 12 < two <= 31 for one, two in hits)
        day_first = sum(two <= 12 < one <= 31 for one, two in hits)
        six = [str(v).removesuffix(".0") for v in values]
        six = [v for v in six if len(v) in (5, 6) and v.isascii() and v.isdigit()]
        short = [v for v in six if len(v) == 6 and not (v[:2] in ("19", "20") and v[4:] <= "12")]
        habit = (month_first > day_first, len(short) > HABIT * len(six) and len(short) > 2)
        out.append(_date_writer(*habit) if any(habit) else None)
    return out


def _date_writer(month_first: bool, short_year: bool) -> Callable[[Any], Any]:
    def how(raw: Any) -> Any:
        if raw is None or raw == "" or not isinstance(raw, (str, int, float, np.integer)):
            return raw
        return dates.birth(str(raw), month_first, short_year) or raw

    return how


def _sexes(looks: list[list[Any]]) -> Found:
    """H and M are hombre and mujer; 0 and 1 without 2 are two sexes, 1 the male one as in most code lists."""
    out: Found = []
    for values in looks:
        said = {str(v).strip().upper().removesuffix(".0") for v in values}
        if {"H", "M"} <= said and "F" not in said:
            out.append(lambda v: {"H": "M", "M": "F"}.get(str(v).strip().upper(), v))
        elif {"0", "1"} <= said and "2" not in said and len(said) <= 3:
            out.append(lambda v: {"1": "M", "0": "F"}.get(str(v).strip().removesuffix(".0"), v))
        else:
            out.append(None)
    return out


def _postcodes(looks: list[list[Any]]) -> Found:
    """Leading zeros come back, where codes of digits have two lengths that differ by one; ZIP+4 loses the 4."""
    lengths: Counter[int] = Counter()
    for values in looks:
        lengths.update(len(v) for v in map(_code, values) if v.isdigit())
    common = {size for size, count in lengths.items() if count >= HABIT * sum(lengths.values())}
    width = max((size for size in common if size - 1 in common and size <= 6), default=0)
    if not width and 9 not in lengths:
        return [None] * len(looks)

    def how(raw: Any) -> Any:
        value = _code(raw)
        return value.rjust(width, "0") if value.isdigit() and len(value) == width - 1 else value

    return [how] * len(looks)


def _code(raw: Any) -> str:
    value = n.text(str(raw)).replace(" ", "").removesuffix(".0") if raw is not None else ""
    hit = re.fullmatch(r"(\d{5})-?(\d{4})", value)
    return hit.group(1) if hit else value


def _numbers(looks: list[list[Any]]) -> Found:
    """Where most numbers end in three zeros, a spreadsheet has rounded all of them to 15 digits."""
    out: Found = []
    for values in looks:
        long = [v for v in map(clean_id, values) if len(v) == 18]
        ruined = sum(v.endswith(("000", "***")) for v in long)
        out.append(_unrounded if ruined > 0.5 * len(long) and len(long) > 2 else None)
    return out


def _unrounded(raw: Any) -> Any:
    value = clean_id(raw)
    return value[:15] + "***" if len(value) == 18 and value.endswith("000") else raw


_HABITS: dict[str, Callable[[list[list[Any]]], Found]] = {
    "birth_date": _dates, "sex": _sexes, "postcode": _postcodes, "id_number": _numbers,
}  # fmt: skip

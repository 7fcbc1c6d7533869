"""Values that one column implies for another, filled in before rows are compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from . import idnumber
from .compare_values import Age, BirthDate, IdNumber, Sex, clean_birth, clean_sex
from .comparison import Comparison

#: A column of this name says on which day a row, and so its age, was written.
RECORDED_ON = "recorded_on"


def _empty(value: Any) -> bool:
    return value is None or value == "" or value != value


def _column(comparisons: Mapping[str, Comparison], kind: type[Comparison]) -> str | None:
    return next((c.columns[0] for c in comparisons.values() if type(c) is kind), None)


def _age(value: Any) -> int | None:
    digits = "".join(ch for ch in str(value).split(".")[0] if ch.isdigit())
    return int(digits) if 0 < len(digits) <= 3 and int(digits) < 130 else None


def fill(
    comparisons: Mapping[str, Comparison], rows: Mapping[str, Sequence[Any]]
) -> dict[str, Sequence[Any]]:
    """Birth date and sex from a possible identity number; a birth year from an age.

    The year in which an age was written is that of the column `RECORDED_ON`, if the table has one, else the
    year that fits the rows that have both, or rows that share a name.
    """
    out = dict(rows)
    number, birth, sex = (_column(comparisons, kind) for kind in (IdNumber, BirthDate, Sex))
    if number:
        parsed = [None if _empty(v) else idnumber.parse(str(v)) for v in rows[number]]
        if birth:
            out[birth] = [
                f"{p.birth:%Y%m%d}" if p and not clean_birth(v) else v
                for v, p in zip(rows[birth], parsed, strict=True)
            ]
        if sex:
            out[sex] = [
                p.sex if p and not clean_sex(v) else v for v, p in zip(rows[sex], parsed, strict=True)
            ]
    age = _column(comparisons, Age)
    if age and birth:
        births = [clean_birth(v) for v in out[birth]]
        ages = [None if _empty(v) else _age(v) for v in rows[age]]
        recorded = [clean_birth(v)[:4] for v in rows.get(RECORDED_ON, ())] or [""] * len(births)
        both = Counter(int(b[:4]) + a for b, a in zip(births, ages, strict=True) if b and a is not None)
        year = both.most_common(1)[0][0] if both else _year_by_name(comparisons, rows, births, ages)
        out[birth] = [
            v if b or a is None or not (when or year) else f"{int(when or year or 0) - a:04d}"
            for v, b, a, when in zip(out[birth], births, ages, recorded, strict=True)
        ]
    return out


def _year_by_name(
    comparisons: Mapping[str, Comparison],
    rows: Mapping[str, Sequence[Any]],
    births: Sequence[str],
    ages: Sequence[int | None],
) -> int | None:
    """The year in which most pairs with one name have birth year + age."""
    from .compare_names import PersonName

    name = _column(comparisons, PersonName)
    if name is None:
        return None
    years: dict[Any, list[int]] = {}
    for value, birth in zip(rows[name], births, strict=True):
        if birth and not _empty(value):
            years.setdefault(value, []).append(int(birth[:4]))
    votes: Counter[int] = Counter()
    for value, age in zip(rows[name], ages, strict=True):
        known = years.get(value, ()) if age is not None else ()
        if age is not None and len(known) <= 5:
            votes.update(y + age for y in known)
    return votes.most_common(1)[0][0] if votes else None

"""Values that one column implies for another, filled in before rows are compared."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from sys import intern
from typing import Any

import numpy as np

from ..values import idnumber
from .columns import Bools, Coded, Ints, strings
from .comparison import Comparison
from .numbers import Age, BirthDate, IdNumber, Sex, clean_birth, clean_sex

#: A column of this name says on which day a row, and so its age, was written.
RECORDED_ON = "recorded_on"


def _empty(value: Any) -> bool:
    return value is None or value == "" or value != value


def _column(comparisons: Mapping[str, Comparison], kind: type[Comparison]) -> str | None:
    return next((c.columns[0] for c in comparisons.values() if type(c) is kind), None)


def _age(value: Any) -> int | None:
    digits = "".join(ch for ch in str(value).split(".")[0] if ch.isdigit())
    return int(digits) if 0 < len(digits) <= 3 and int(digits) < 130 else None


def _overlay(own: Coded, clean: Callable[[Any], str], codes: Ints, implied: list[str]) -> tuple[Coded, Bools]:
    """``own`` with ``implied[codes]`` in rows whose value says nothing ('' or a code of -1: nothing there either).

    Also the rows where that was so.
    """
    silent = np.array([not clean(v) for v in own.values] + [True])[own.codes]
    given = np.array([bool(v) for v in implied] + [False])[codes]
    values: dict[str, int] = {}
    place = np.array([values.setdefault(v, len(values)) for v in implied] + [-1], dtype=np.int32)
    filled = silent & given
    out = np.where(filled, place[codes] + np.int32(len(own.values)), own.codes)
    return Coded.of(out, strings([*own.values, *values])), filled


def fill(
    comparisons: Mapping[str, Comparison],
    rows: Mapping[str, Sequence[Any] | Coded],
    written: int | None = None,
) -> tuple[dict[str, Any], dict[str, Bools], int | None]:
    """Birth date and sex from a possible identity number; a birth year from an age.

    The year in which an age was written is that of the column `RECORDED_ON`, if the table has one, else the
    year that fits the rows that have both, or rows that share a name.
    Where these rows are a piece of a table, ``written`` is the year that the table said. Also tells, per column, the rows
    where an identity number alone said it; and that year.
    """
    out: dict[str, Any] = dict(rows)
    told: dict[str, Bools] = {}
    number, birth, sex = (_column(comparisons, kind) for kind in (IdNumber, BirthDate, Sex))
    if number and (birth or sex):
        numbers = Coded(rows[number])
        # A day or a sex is one object, however many numbers hold it.
        days: list[str] = []
        sexes: list[str] = []
        for value in numbers.values:
            parsed = idnumber.parse(str(value))
            days.append(intern(f"{parsed.birth:%Y%m%d}") if parsed else "")
            sexes.append(intern(parsed.sex) if parsed else "")
        if birth:
            out[birth], told[birth] = _overlay(Coded(rows[birth]), clean_birth, numbers.codes, days)
        if sex:
            out[sex], told[sex] = _overlay(Coded(rows[sex]), clean_sex, numbers.codes, sexes)
        del numbers, days, sexes
    age = _column(comparisons, Age)
    if age and not birth and RECORDED_ON in rows:
        out[age] = _on_one_day(rows[age], rows[RECORDED_ON])
    if age and birth:
        births = Coded(out[birth])
        born = births.array(lambda v: int(clean_birth(v)[:4] or -1), np.int32, -1)
        ages = Coded(rows[age]).array(lambda v: _none(_age(v)), np.int32, -1)
        recorded = np.full(len(born), -1, dtype=np.int32)
        if RECORDED_ON in rows:
            recorded = Coded(rows[RECORDED_ON]).array(lambda v: int(clean_birth(v)[:4] or -1), np.int32, -1)
        both = (born >= 0) & (ages >= 0)
        if written is None:
            years = np.bincount((born + ages)[both])
            written = int(years.argmax()) if both.any() else _year_by_name(comparisons, rows, born, ages)
        when = np.where(recorded > 0, recorded, written or -1)
        guessed = np.where((ages >= 0) & (when > 0), when - ages, -1)
        known, codes = np.unique(guessed, return_inverse=True)
        implied = [f"{v:04d}" if v >= 0 else "" for v in known.tolist()]
        out[birth], _ = _overlay(births, clean_birth, codes.astype(np.int32), implied)
    return out, told, written


def _on_one_day(ages: Sequence[Any] | Coded, recorded: Sequence[Any] | Coded) -> list[str | None]:
    """Ages as they were in the year in which the last row was written; as told where a row does not say when."""
    when = Coded(recorded).array(lambda v: int(clean_birth(v)[:4] or -1), np.int32, -1)
    told = Coded(ages)
    years = told.array(lambda v: _none(_age(v)), np.int32, -1)
    later = int(when.max(initial=-1))
    return [
        str(age + later - year) if age >= 0 and year > 0 else value
        for value, age, year in zip(told, years.tolist(), when.tolist(), strict=True)
    ]


def _none(value: int | None) -> int:
    return -1 if value is None else value


def _year_by_name(
    comparisons: Mapping[str, Comparison],
    rows: Mapping[str, Sequence[Any] | Coded],
    born: Ints,
    ages: Ints,
) -> int | None:
    """The year in which most pairs with one name have birth year + age."""
    from .names import PersonName

    name = _column(comparisons, PersonName)
    if name is None:
        return None
    years: dict[Any, list[int]] = {}
    for value, year in zip(rows[name], born.tolist(), strict=True):
        if year >= 0 and not _empty(value):
            years.setdefault(value, []).append(year)
    votes: Counter[int] = Counter()
    for value, age in zip(rows[name], ages.tolist(), strict=True):
        known = years.get(value, ()) if age >= 0 else ()
        if age >= 0 and len(known) <= 5:
            votes.update(y + age for y in known)
    return votes.most_common(1)[0][0] if votes else None

"""What is odd about pairs of rows: the flags of `labels.FLAGS` that tables can tell, and what they forbid.

For one pair online `scoring` says the same.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .compare import names as compare_names
from .compare import numbers as compare_values
from .compare import text as compare_text
from .compare.columns import Bools, Ints, Levels
from .compare.comparison import Prepared
from .model import Table
from .values import characters as han
from .values import idnumber
from .values import normalise as n

#: Another given name that looks or sounds alike: a slip, or what twins and siblings are called.
ALIKE = ("homophone", "one_off", "sound", "partial")
OTHER = ("surname", "else", "masked_else")
_GIVEN_OTHER = ("else",)
_SIBLINGS = ("year", "year_off", "ten_years", "else")


@dataclass(frozen=True)
class Odd:
    """``flags`` per pair; ``never``: not to be accepted; ``asked``: never rejected without a person."""

    flags: list[tuple[str, ...]]
    never: Bools
    asked: Bools


def find(table: Table, levels: Levels, i: Ints, j: Ints) -> Odd:
    """What is odd about pairs of rows with these levels."""
    size = len(levels)
    found: dict[str, Bools] = {}
    exact, agree = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    for k, p in enumerate(table.prepared):
        if isinstance(p, compare_values.PreparedId):
            _numbers(p, levels[:, k], i, j, found)
            exact |= levels[:, k] == 1
            agree |= (levels[:, k] > 0) & (levels[:, k] <= p.comparison.index("near_2"))
    alike, other, plain, hidden, sounds = _names(table, levels, i, j)
    born, apart = _births(table, i, j)
    phone, line, last = _home(table, levels)
    # One character typed for another that sounds the same, as people do; both say one birth date beside the number.
    alike &= ~(exact & sounds & born)
    sex = _kind(table, compare_values.PreparedSex)
    found["masked_name"] = hidden
    found["shared_id_other_name"] = exact & (other | (alike & plain))
    found["near_id_other_name"] = agree & ~exact & (other | (alike & plain))
    found["id_other_birth"] = agree & apart
    if sex is not None:
        found["id_other_sex"] = agree & (sex.compare(i, j) == sex.comparison.size - 1)
    found["twins"] = ~agree & born & (alike | (other & last))
    found["relatives"] = ~agree & ((alike & apart) | (other & (phone | line)))
    found["birth_contradicts_id"] = _contradicted(table, i, j)
    never = (alike & plain & ~agree) | hidden
    for flag, odd in found.items():
        if flag not in ("birth_contradicts_id", "invalid_id_number", "relatives", "twins"):
            never |= odd
    never |= (found["twins"] | found["relatives"]) & plain
    names = list(found)
    matrix = np.array(list(found.values()), dtype=bool)
    flags: list[tuple[str, ...]] = [()] * size
    for k in np.flatnonzero(matrix.any(axis=0)).tolist():
        flags[k] = tuple(names[f] for f in np.flatnonzero(matrix[:, k]))
    return Odd(flags, never, exact)


def _kind(table: Table, kind: type[Any]) -> Any:
    return next((p for p in table.prepared if isinstance(p, kind)), None)


def _numbers(
    p: compare_values.PreparedId, level: np.ndarray, i: Ints, j: Ints, found: dict[str, Bools]
) -> None:
    c = p.comparison
    a, b = p.coded.at(i), p.coded.at(j)
    none = np.zeros(len(level), dtype=bool)
    different = (level == c.size - 1) & p.valid[a] & p.valid[b]
    impossible = ((p.group[a] < 0) & ~p.masked[a]) | ((p.group[b] < 0) & ~p.masked[b])
    for flag, odd in (
        ("same_invalid_id", level == c.index("unproven")), ("different_ids", different), ("invalid_id_number", impossible),
    ):  # fmt: skip
        found[flag] = found.get(flag, none) | odd


def _names(table: Table, levels: Levels, i: Ints, j: Ints) -> tuple[Bools, Bools, Bools, Bools, Bools]:
    """Names that only look or sound alike; plainly other ones; whether both are Chinese; whether one hides something;
    whether they sound the same."""
    size = len(levels)
    alike, other, plain, hidden, sounds = (np.zeros(size, dtype=bool) for _ in range(5))
    for k, p in enumerate(table.prepared):
        c, column = p.comparison, levels[:, k]
        if isinstance(p, compare_names.PreparedName):
            a, b = p.coded.at(i), p.coded.at(j)
            alike |= np.isin(column, [c.index(level) for level in ALIKE])
            sounds |= column == c.index("homophone")
            other |= np.isin(column, [c.index(level) for level in OTHER])
            plain |= p.han[a] & p.han[b]
            hidden |= p.hidden[a] | p.hidden[b]
        elif isinstance(c, compare_text.Parts) and c.given:
            other |= np.isin(column, [c.index(level) for level in _GIVEN_OTHER])
            one_off = (column > 1) & ~np.isin(column, [c.index("else"), c.index("crossed")])
            for row in np.flatnonzero(one_off).tolist():
                x, y = (_given(p, int(side[row])) for side in (i, j))
                if any(map(han.is_han, x)) and any(map(han.is_han, y)):
                    plain[row] = True
                    hidden[row] |= n.is_masked_name(x) or n.is_masked_name(y)
                    alike[row] |= n.name(x) != n.name(y)
                    sounds[row] |= n.name_pinyin(x) == n.name_pinyin(y)
    return alike, other, plain, hidden, sounds


def _given(p: Prepared, row: int) -> str:
    assert isinstance(p, compare_text.PreparedParts)
    return str(p.values[p.parts[0][row]])


def _births(table: Table, i: Ints, j: Ints) -> tuple[Bools, Bools]:
    """Whether two birth dates are one day, and whether they are no slip of one another (`pairwise.apart`)."""
    p = _kind(table, compare_values.PreparedBirth)
    if p is None:
        return np.zeros(len(i), dtype=bool), np.zeros(len(i), dtype=bool)
    c, level = p.comparison, p.compare(i, j)
    a, b = p.coded.at(i), p.coded.at(j)
    whole = (p.day[a] > 0) & (p.day[b] > 0)
    years = np.abs(p.year[a] - p.year[b])
    far = np.isin(level, [c.index(one) for one in _SIBLINGS])
    far |= (years > 0) & np.isin(level, [c.index("two_parts"), c.index("month_off")])
    return level == 1, (level > 1) & np.where(whole, far, years > 2)


def _home(table: Table, levels: Levels) -> tuple[Bools, Bools, Bools]:
    """Whether the telephone, the address and the surname are the same."""
    phone, line, last = (np.zeros(len(levels), dtype=bool) for _ in range(3))
    for k, p in enumerate(table.prepared):
        c, column = p.comparison, levels[:, k]
        if isinstance(p, compare_values.PreparedPhone):
            phone |= column == 1
        elif isinstance(c, compare_text.Address) or (
            isinstance(c, compare_text.Parts) and c.circle == "place"
        ):
            line |= (column == 1) | (column == c.index("edit_1"))
        elif isinstance(c, compare_text.Parts) and not c.given:
            last |= column == 1
        elif isinstance(p, compare_names.PreparedName):
            last |= column == c.index("surname")
    return phone, line, last


def _contradicted(table: Table, i: Ints, j: Ints) -> Bools:
    """Whether a row has another birth date than its own possible number."""
    number, birth = _kind(table, compare_values.PreparedId), _kind(table, compare_values.PreparedBirth)
    out = np.zeros(len(i), dtype=bool)
    if number is None or birth is None:
        return out
    for side in (i, j):
        a, b = number.coded.at(side), birth.coded.at(side)
        for k in np.flatnonzero(number.valid[a] & (b >= 0)).tolist():
            parsed = idnumber.parse(str(number.coded.objects[a[k]]))
            told = str(birth.coded.objects[b[k]])
            out[k] |= (
                parsed is not None and "00" not in (told[4:6], told[6:]) and f"{parsed.birth:%Y%m%d}" != told
            )
    return out

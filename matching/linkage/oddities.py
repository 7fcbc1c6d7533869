"""What is odd about pairs of rows: the flags of `labels.FLAGS` that tables can tell, and what they forbid.

For one pair online `scoring` says the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .compare import names as compare_names
from .compare import numbers as compare_values
from .compare import text as compare_text
from .compare.columns import Bools, Ints, Levels
from .compare.comparison import Prepared
from .model import Table
from .values import characters as han
from .values import idnumber, nobody
from .values import normalise as n

#: Another given name that looks or sounds alike: a slip, or what twins and siblings are called.
ALIKE = ("homophone", "one_off", "sound", "partial")
OTHER = ("surname", "else", "masked_else")
#: What stands in a name column and is no one person's whole name (`nobody.kind`, 'none': nothing), and its flag.
KINDS = {
    "none": "no_name", "part": "masked_name", "child": "unnamed_child", "kin": "name_of_kin", "two": "two_names",
}  # fmt: skip
#: More names beside one telephone number than a household has: a helper's or an agent's.
HOUSEHOLD = 10
#: From so many years on a digit of the year may as well be a father's and his son's.
GENERATION = 15
#: So many years an age is off at most.
AGES = 5
#: A number that is given to people one by one has so many digits at least.
_LONG = 6
#: Ways to write one name.
_ONE_NAME = ("exact", "variant", "romanised")
_GIVEN_OTHER = ("else",)
_GIVEN_SLIPS = ("edit_1", "edit_2")
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
    exact, agree, endless = (np.zeros(size, dtype=bool) for _ in range(3))
    for k, p in enumerate(table.prepared):
        if isinstance(p, compare_values.PreparedId):
            _numbers(p, levels[:, k], i, j, found)
            exact |= levels[:, k] == 1
            agree |= (levels[:, k] > 0) & (levels[:, k] <= p.comparison.index("near_2"))
            a, b = p.coded.at(i), p.coded.at(j)
            endless |= (levels[:, k] == p.comparison.index("masked")) & (p.open[a] | p.open[b])
    agree &= ~endless
    names = _names(table, levels, i, j)
    alike, other, plain = names.alike, names.other, names.plain
    born, apart, generations = _births(table, i, j)
    phone, line, last = _home(table, levels)
    crowd = phone & _crowded(table, i)
    # One character typed for another that sounds the same, as people do; both say one birth date beside the number.
    alike &= ~(exact & names.sounds & born)
    sex = _kind(table, compare_values.PreparedSex)
    for flag, odd in _called(table, i, j):
        found[flag] = found.get(flag, False) | odd
    found["masked_name"] = names.hidden | found.get("masked_name", False)
    found["shared_id_other_name"] = exact & (other | (alike & plain))
    found["near_id_other_name"] = agree & ~exact & (other | (alike & plain))
    ages = _ages_apart(table, i, j)
    found["id_other_birth"] = agree & (apart | ages)
    if sex is not None:
        found["id_other_sex"] = agree & (sex.compare(i, j) == sex.comparison.size - 1)
    found["unchecked_document"] = exact & _unchecked(table, i) & ~born & ~(phone & ~crowd)
    # Tim and Tom, unless both have one number of whatever kind, as twins do not.
    own = _one_number(table, levels)
    tim = names.given & last & ~own
    mary = names.given & ~own & ~_one_mailbox(table, levels) & ~born & _dated(table, i, j)
    found["twins"] = ~agree & (born | endless) & (alike | (other & last) | tim)
    found["twins"] |= ~agree & born & names.soft
    found["relatives"] = ~agree & ((alike & apart) | (other & (phone | line)) | mary)
    found["pinyin_only"] = ~agree & names.pinyin
    # A mailbox is one grown-up's, or a father would have to share name and mailbox with his son.
    one = names.same & ~own & ~_one_mailbox(table, levels)
    found["other_birth"] = ~agree & one & (apart | ages | generations)
    found["name_and_phone"] = (
        ~agree & one & phone & _undated(table, levels) & ~_whole_address(table, levels, i)
    )
    found["birth_contradicts_id"] = _contradicted(table, i, j)
    found["number_without_end"] = endless
    found["crowded_phone"] = crowd
    never = (alike & plain & ~agree) | names.hidden | (endless & ~(phone & ~crowd))
    for flag, odd in found.items():
        if flag not in _TOLD:
            never |= odd
    never |= (found["twins"] | found["relatives"]) & plain
    never |= found["twins"] & (tim | names.soft)
    # Mary and Gary, ten days apart in one house: of what is a person's own two things differ.
    never |= found["relatives"] & mary
    never |= crowd & ~agree & ~born
    labels = list(found)
    matrix = np.array(list(found.values()), dtype=bool)
    flags: list[tuple[str, ...]] = [()] * size
    for k in np.flatnonzero(matrix.any(axis=0)).tolist():
        flags[k] = tuple(labels[f] for f in np.flatnonzero(matrix[:, k]))
    return Odd(flags, never, exact)


#: What a person is told, and what by itself forbids nothing.
_TOLD = frozenset(
    {"birth_contradicts_id", "invalid_id_number", "relatives", "twins", "number_without_end", "crowded_phone"}
)


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


class _Names(NamedTuple):
    """Names that only look or sound alike; plainly other ones; whether both are Chinese; whether one hides something; whether
    they sound the same; given names in a column of their own, in Latin letters, a letter or two apart (Tim, Tom); given names
    in variants that people choose (王喆, 王哲); one in pinyin alone; the same whole name."""

    alike: Bools
    other: Bools
    plain: Bools
    hidden: Bools
    sounds: Bools
    given: Bools
    soft: Bools
    pinyin: Bools
    same: Bools


def _names(table: Table, levels: Levels, i: Ints, j: Ints) -> _Names:
    size = len(levels)
    out = _Names(*(np.zeros(size, dtype=bool) for _ in range(9)))
    for k, p in enumerate(table.prepared):
        c, column = p.comparison, levels[:, k]
        if isinstance(p, compare_names.PreparedName):
            a, b = p.coded.at(i), p.coded.at(j)
            out.alike[:] |= np.isin(column, [c.index(level) for level in ALIKE])
            out.sounds[:] |= column == c.index("homophone")
            out.other[:] |= np.isin(column, [c.index(level) for level in OTHER])
            out.plain[:] |= p.han[a] & p.han[b]
            out.hidden[:] |= p.hidden[a] | p.hidden[b]
            romanised = column == c.index("romanised")
            out.pinyin[:] |= romanised & (p.han[a] != p.han[b])
            out.same[:] |= np.isin(column, [c.index(level) for level in _ONE_NAME])
            for row in np.flatnonzero(column == c.index("variant")).tolist():
                x, y = (n.split_name(str(p.coded.objects[side[row]]))[1] for side in (a, b))
                out.soft[row] = x != y
        elif isinstance(c, compare_text.Parts) and c.given:
            out.same[:] |= (column == 1) & _last(table, levels)
            out.other[:] |= np.isin(column, [c.index(level) for level in _GIVEN_OTHER])
            slip = np.isin(column, [c.index(level) for level in _GIVEN_SLIPS])
            one_off = (column > 1) & ~np.isin(column, [c.index("else"), c.index("crossed")])
            for row in np.flatnonzero(one_off).tolist():
                x, y = (_given(p, int(side[row])) for side in (i, j))
                if any(map(han.is_han, x)) and any(map(han.is_han, y)):
                    out.plain[row] = True
                    out.hidden[row] |= n.is_masked_name(x) or n.is_masked_name(y)
                    out.alike[row] |= n.name(x) != n.name(y)
                    out.sounds[row] |= n.name_pinyin(x) == n.name_pinyin(y)
                elif slip[row]:
                    out.given[row] = True
    return out


def _called(table: Table, i: Ints, j: Ints) -> Iterator[tuple[str, Bools]]:
    """Flags of what stands in the columns of names and is no one person's whole name."""
    nameless = [np.ones(len(side), dtype=bool) for side in (i, j)]
    columns = 0
    for p in table.prepared:
        if isinstance(p, compare_names.PreparedName):
            kinds = table.once("kinds", p, _kinds_of)
            rows = [kinds[p.coded.at(side)] for side in (i, j)]
            for place, (kind, flag) in enumerate(KINDS.items(), 1):
                if kind != "none":
                    yield flag, (rows[0] == place) | (rows[1] == place)
            yield KINDS["kin"], p.beside[i] | p.beside[j]
            codes = p.coded.codes
        elif isinstance(p, compare_text.PreparedParts) and p.comparison.circle == "name":
            codes = p.parts[0]
            if isinstance(p.comparison, compare_text.Parts) and p.comparison.given:
                child = table.once("placeholders", p, _placeholders)
                yield "unnamed_child", child[codes[i]] | child[codes[j]]
        else:
            continue
        columns += 1
        for side, none in zip((i, j), nameless, strict=True):
            none &= codes[side] < 0
    if columns:
        yield "no_name", nameless[0] | nameless[1]


def _kinds_of(p: Any) -> np.ndarray:
    """Of every distinct name the place of its kind in `KINDS`, from 1; 0 for a name."""
    places = {kind: place for place, kind in enumerate(KINDS, 1)}
    return np.array([places.get(nobody.kind(v), 0) for v in p.coded.values] + [0], dtype=np.uint8)


def _placeholders(p: Any) -> np.ndarray:
    """Of every distinct given name whether it is none: Baby Boy, 新生儿, 芳之子."""
    return np.array([nobody.is_no_given(v) for v in p.values[:-1]] + [False])


def _crowded(table: Table, i: Ints) -> Bools:
    """Whether more names than a household's stand beside the telephone number of these rows."""
    out = np.zeros(len(i), dtype=bool)
    name = _kind(table, compare_names.PreparedName)
    for p in table.prepared:
        if isinstance(p, compare_values.PreparedPhone) and name is not None:
            crowds = table.once("crowds", p, lambda one: _crowds(one.coded.codes, name.coded.codes))
            out |= crowds[p.coded.at(i)]
    return out


def _crowds(numbers: Ints, names: Ints) -> np.ndarray:
    """Per distinct number whether more than `HOUSEHOLD` names have it."""
    known = (numbers >= 0) & (names >= 0)
    pairs = np.unique(numbers[known].astype(np.int64) << 32 | names[known])
    counts = np.bincount(pairs >> 32, minlength=int(numbers.max(initial=-1)) + 2)
    return counts > HOUSEHOLD


def _undated(table: Table, levels: Levels) -> Bools:
    """Whether nothing says when these people were born, in a table that has a column for it."""
    kinds = (compare_values.PreparedBirth, compare_values.PreparedAge, compare_values.PreparedId)
    known = [k for k, p in enumerate(table.prepared) if isinstance(p, kinds)]
    return (levels[:, known] == 0).all(axis=1) if known else np.zeros(len(levels), dtype=bool)


def _whole_address(table: Table, levels: Levels, i: Ints) -> Bools:
    """Whether both give one address with a number of the house; a village is everybody's who lives there."""
    out = np.zeros(len(levels), dtype=bool)
    for k, p in enumerate(table.prepared):
        if isinstance(p, compare_text.PreparedAddress):
            numbered = table.once("numbered", p, _numbered)
            out |= ((levels[:, k] == 1) | (levels[:, k] == p.comparison.index("edit_1"))) & numbered[
                p.coded.at(i)
            ]
    return out


def _numbered(p: Any) -> Bools:
    return np.array([any(map(str.isdigit, v[6:])) for v in p.coded.values] + [False])


def _one_number(table: Table, levels: Levels) -> Bools:
    """Whether rows agree in a column of unknown kind that holds everybody's own number (a social security number, a file's)."""
    out = np.zeros(len(levels), dtype=bool)
    birth = _kind(table, compare_values.PreparedBirth)
    for k, p in enumerate(table.prepared):
        if type(p) is not compare_text.PreparedText or birth is None:
            continue
        if table.once("own", p, lambda one: _own(one, birth.coded.codes)):
            out |= levels[:, k] == 1
    return out


def _own(p: Any, births: Ints) -> bool:
    """Whether a column holds long numbers, and rows with one of them mostly one birth date: a family's number is no one's."""
    codes = p.coded.codes
    look = p.coded.values[:1000].tolist()
    if not look or sum(sum(map(str.isdigit, v)) >= _LONG for v in look) < 0.9 * len(look):
        return False
    rows = np.flatnonzero((codes >= 0) & (births >= 0))
    rows = rows[np.argsort(codes[rows], kind="stable")]
    same = codes[rows[1:]] == codes[rows[:-1]]
    return bool(same.any()) and float(np.mean(births[rows[1:]][same] == births[rows[:-1]][same])) >= 0.8


def _unchecked(table: Table, i: Ints) -> Bools:
    """Whether the number of these rows has no check character (a passport, a permit), in a table of residents' numbers."""
    out = np.zeros(len(i), dtype=bool)
    for p in table.prepared:
        if isinstance(p, compare_values.PreparedId) and not getattr(p.comparison, "any_scheme", True):
            out |= ~p.valid[p.coded.at(i)]
    return out


def _given(p: Prepared, row: int) -> str:
    assert isinstance(p, compare_text.PreparedParts)
    return str(p.values[p.parts[0][row]])


def _births(table: Table, i: Ints, j: Ints) -> tuple[Bools, Bools, Bools]:
    """Whether two birth dates are one day; whether they are no slip of one another (`pairwise.apart`); whether a digit makes a
    generation (1958, 1985)."""
    p = _kind(table, compare_values.PreparedBirth)
    if p is None:
        none = np.zeros(len(i), dtype=bool)
        return none, none, none
    c, level = p.comparison, p.compare(i, j)
    a, b = p.coded.at(i), p.coded.at(j)
    whole = (p.day[a] > 0) & (p.day[b] > 0)
    years = np.abs(p.year[a] - p.year[b])
    far = np.isin(level, [c.index(one) for one in _SIBLINGS])
    slip = np.isin(level, [c.index("two_parts"), c.index("edit")])
    far |= (years > 0) & np.isin(level, [c.index("two_parts"), c.index("month_off")])
    return level == 1, (level > 1) & np.where(whole, far, years > 2), slip & (years >= GENERATION)


def _dated(table: Table, i: Ints, j: Ints) -> Bools:
    """Whether both tell a birth date."""
    p = _kind(table, compare_values.PreparedBirth)
    if p is None:
        return np.zeros(len(i), dtype=bool)
    return (p.coded.at(i) >= 0) & (p.coded.at(j) >= 0)


def _ages_apart(table: Table, i: Ints, j: Ints) -> Bools:
    """Whether two ages cannot be one person's, or one is no age of whoever has the row's number."""
    age = _kind(table, compare_values.PreparedAge)
    if age is None:
        return np.zeros(len(i), dtype=bool)
    apart = age.compare(i, j) == age.comparison.size - 1
    number = _kind(table, compare_values.PreparedId)
    if number is not None:
        odd = table.once("ages", age, lambda one: _not_of_age(one, number))
        apart |= odd[i] != odd[j]
    return apart


def _not_of_age(age: Any, number: Any) -> Bools:
    """Rows whose age and number tell a year of writing that lies years outside those of the other rows."""
    known = number.valid & (number.coded.codes.max(initial=-1) >= 0)
    born = np.zeros(len(known), dtype=np.int32)
    born[known] = number.matrix[known, 6:10].astype(np.int32) @ [1000, 100, 10, 1] - 48 * 1111
    a, b = age.coded.codes, number.coded.codes
    both = (a >= 0) & known[b]
    year = born[b] + age.age[a]
    if not both.any():
        return both
    first, last = np.quantile(year[both], (0.05, 0.95))
    return both & ((year < first - AGES) | (year > last + AGES))


def _last(table: Table, levels: Levels) -> Bools:
    """Whether a surname in a column of its own is the same."""
    out = np.zeros(len(levels), dtype=bool)
    for k, c in enumerate(table.model.comparisons):
        if isinstance(c, compare_text.Parts) and c.circle == "name" and not c.given:
            out |= levels[:, k] == 1
    return out


def _one_mailbox(table: Table, levels: Levels) -> Bools:
    out = np.zeros(len(levels), dtype=bool)
    for k, c in enumerate(table.model.comparisons):
        if isinstance(c, compare_text.Email):
            out |= levels[:, k] == 1
    return out


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

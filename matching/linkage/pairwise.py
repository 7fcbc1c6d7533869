"""Two records at a time: the levels and weights of `model.Table`, without arrays.

A look-up compares one record with a handful of others; preparing columns for that costs twenty times what comparing
them does. What is said here is what the comparisons say for tables: tests/matching/linkage/test_pairwise.py holds
the two together, pair by pair.
"""

import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from rapidfuzz.distance import OSA, Indel

from .compare import names as compare_names
from .compare import numbers as compare_values
from .compare import text as compare_text
from .compare.comparison import Comparison
from .model import Model, Params
from .oddities import GENERATION
from .records import PersonRecord
from .values import characters as han
from .values import dates, diseases, hospitals, idnumber, nobody
from .values import normalise as n

_osa = OSA.distance
_indel = Indel.normalized_similarity
#: Tables compare similarities in single precision.
_EPS = 1e-7


def _levels_of(kind: type[Comparison]) -> dict[str, int]:
    return {level: position for position, level in enumerate(kind.levels)}


_NAME = _levels_of(compare_names.PersonName)
_ID = _levels_of(compare_values.IdNumber)
_BIRTH = _levels_of(compare_values.BirthDate)
_ADDRESS = _levels_of(compare_text.Address)
_HOSPITAL = _levels_of(compare_text.HospitalName)
_DISEASE = _levels_of(compare_text.DiseaseName)

_N_EXACT, _N_ELSE, _N_SURNAME, _N_VARIANT = (_NAME[k] for k in ("exact", "else", "surname", "variant"))
_N_HOMOPHONE, _N_SOUND, _N_ONE_OFF, _N_PARTIAL = (
    _NAME[k] for k in ("homophone", "sound", "one_off", "partial")
)
_N_ROMANISED, _N_MASKED_GIVEN = _NAME["romanised"], _NAME["masked_given"]
_N_MASKED_SURNAME, _N_MASKED_ELSE = _NAME["masked_surname"], _NAME["masked_else"]
_B_LUNAR, _B_IN_NUMBERS = _BIRTH["lunar"], _BIRTH["in_numbers"]
_I_ELSE, _I_NEAR_2, _I_UNPROVEN = _ID["else"], _ID["near_2"], _ID["unproven"]
_I_MASKED_ELSE = _ID["masked_else"]
_R_REGISTERED = compare_values.Area.levels.index("registered")
_H_SIMILAR, _A_SIMILAR = _HOSPITAL["similar"], _ADDRESS["similar"]

_PERSON = compare_names.PersonName("name", ["name"])
_FIRST, _SECOND = np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32)

Sounds = tuple[frozenset[str], ...]


_MAY_BE = re.compile(r"[*＊]|^\d{8}$", re.ASCII)


class Treated:
    """What is compared of one stay. An empty string is a missing value."""

    __slots__ = ("chapter", "disease", "group", "hospital", "place", "plain")

    def __init__(self, hospital: str, disease: str) -> None:
        self.hospital: hospitals.Hospital | None = None
        self.place = 0
        plain = hospitals.parse(hospital).plain if hospital else ""
        if plain:
            self.hospital = hospitals.parse(plain)
            self.place = int(self.hospital.place[:4] or 0)
        self.disease = n.text(disease).casefold() if disease else ""
        self.group = self.chapter = self.plain = ""
        if self.disease:
            found = diseases.classify(self.disease)
            self.group, self.chapter, self.plain = found.group or found.plain, found.chapter, found.plain


#: The same few hospitals and illnesses are compared over and over: with one record, all that share a key with it.
_treated = lru_cache(maxsize=16384)(Treated)


class Features:
    """What is compared of one record, made comparable once. An empty string is a missing value."""

    __slots__ = (
        "address_", "area", "birth", "birth_contradicts", "birth_told", "chars", "day", "digits", "fold",
        "han", "hidden", "id", "id_group", "id_invalid", "id_masked", "id_valid", "issued", "last",
        "letters", "lunar", "masked_name", "middle_star", "mixed_", "month", "name", "name_is_number",
        "name_kind", "number", "open_end", "parts_", "phone", "phones", "raw_address", "readings_", "sex",
        "sex_told", "shown", "stays", "surname", "told", "year",
    )  # fmt: skip

    def __init__(self, record: PersonRecord) -> None:
        self._name(record.name)
        number = self._number(record.id_number)
        self._birth(record, number)
        self.sex = compare_values.clean_sex(record.sex) if record.sex else ""
        self.sex_told = not self.sex and number is not None
        if not self.sex and number is not None:
            self.sex = number.sex
        numbers = n.phones(str(record.phone).removesuffix(".0")) if record.phone else ()
        self.phone, self.phones = (numbers[0], numbers) if numbers else ("", ())
        self.address_: str | None = None if record.address else ""
        self.parts_: compare_text.AddressParts | None = None
        self.raw_address = record.address
        code = n.area(str(record.area).removesuffix(".0")) if record.area else None
        self.area = int(code) if code else -1
        self.told = record.stays
        self.stays = [_treated(str(hospital), str(disease)) for hospital, disease in self.told]

    def _name(self, raw: str | None) -> None:
        value = n.plain_name(raw) if raw else ""
        self.name = value
        self.readings_: Sounds | None = None
        self.mixed_: Sounds | None = None
        self.name_is_number = not value and n.is_number(raw)
        #: What stands there is no one person's whole name (`nobody.kind`), or 'none'.
        self.name_kind = nobody.kind(value) if value else "none"
        if value and nobody.beside(raw):
            self.name_kind = "kin"
        if not value.strip("* "):  # no name, or nothing of it is shown
            self.name = self.fold = self.surname = self.shown = ""
            self.han = self.hidden = False
            self.masked_name = bool(value)
            return
        self.fold = fold = "".join([han.fold(c) for c in value])
        nick = n.nickname_surname(value)
        self.han = is_han = any(map(han.is_han, value)) or not value.strip("*")
        masked = "*" in value
        self.masked_name = masked or bool(nick)
        self.hidden = is_han and self.masked_name
        if not is_han or self.masked_name:
            self.surname = compare_names._surname_text(value)
        else:
            self.surname = fold[:2] if len(value) > 2 and value[:2] in han.COMPOUND_SURNAMES else fold[:1]
        self.shown = shown = (nick + "*") if nick else fold
        if is_han:
            codes = [0 if c == "*" else ord(c) for c in shown]
            self.last = codes[-1]
            self.middle_star = masked and "*" in shown[1:-1] and shown[-1] != "*"
            self.chars = (*codes[:4], *(0,) * (4 - len(codes)))

    def _number(self, raw: str | None) -> idnumber.IdNumber | None:
        """The cleaned number as tables compare it; what it says, where it is possible."""
        self.id = compare_values.clean_id(raw) if raw else ""
        self.issued = compare_values.issued(self.id) if self.id else -1
        self.id_masked = "*" in self.id
        self.open_end = self.id_masked and compare_values.open_end(self.id)
        number = idnumber.parse(self.id) if self.id else None
        self.id_valid = number is not None
        self.id_group = 0
        if self.id:
            self.id_group = 1 if self.id_valid else compare_values.id_group(self.id)
        #: Something stands there that is no possible number, hides no digits and is no Taiwan permit (eight digits).
        self.id_invalid = bool(raw) and self.id_group <= 0 and not _MAY_BE.search(self.id or str(raw))
        return number

    def _birth(self, record: PersonRecord, number: idnumber.IdNumber | None) -> None:
        inside = dates.written(number.birth) if number is not None else ""
        self.birth = dates.written(record.birth_date) if record.birth_date is not None else ""
        self.birth_contradicts = bool(inside and self.birth) and inside != self.birth
        if not self.birth and record.birth_year:
            self.birth = compare_values.clean_birth(f"{record.birth_year:04d}")
        #: Whether a number alone says it.
        self.birth_told = not self.birth and bool(inside)
        if not self.birth:
            self.birth = inside
        if self.birth:
            self.year, self.month = int(self.birth[:4]), int(self.birth[4:6])
            self.day = int(self.birth[6:])
            self.digits = self.year * 372 + (max(self.month, 1) - 1) * 31 + max(self.day, 1)
            self.lunar: tuple[int, int] | None = None

    @property
    def address(self) -> str:
        """As code of its area and the squashed rest; made when another record has an address too."""
        if self.address_ is None:
            self.address_ = compare_text.clean_address(self.raw_address)
        return self.address_

    @property
    def parts(self) -> compare_text.AddressParts:
        """The parts of the address."""
        if self.parts_ is None:
            self.parts_ = compare_text.address_parts(self.address)
        return self.parts_

    @property
    def readings(self) -> Sounds:
        """Of each character of a Chinese name the ways to read it."""
        if self.readings_ is None:
            self.readings_ = tuple(map(frozenset, compare_names._reading_sets(self.name)))
        return self.readings_

    @property
    def mixed(self) -> Sounds:
        """The same, with the sounds that accents mix folded together."""
        if self.mixed_ is None:
            self.mixed_ = tuple(frozenset(map(han.accent, options)) for options in self.readings)
        return self.mixed_

    @property
    def given(self) -> str:
        """What follows the surname of a Chinese name, as it is written."""
        return self.name[len(self.surname) :]

    def lunar_numbers(self) -> tuple[int, int]:
        """The days that this birth date is if it was said by the lunar calendar, of the month and of a leap month of
        its number; -1 where there is no such day."""
        if self.lunar is None:
            self.lunar = (
                compare_values._lunar_number(self.birth), compare_values._lunar_number(self.birth, leap=True),
            )  # fmt: skip
        return self.lunar


def name_level(x: Features, y: Features) -> int:
    """As `compare_names.PreparedName.compare`."""
    if not x.name or not y.name:
        return 0
    if x.name == y.name and not x.hidden:
        return _N_EXACT if x.han else _words(x.name, y.name)
    if not (x.han and y.han):
        return _latin(x, y)
    if x.hidden or y.hidden:
        return _hidden(x, y)
    return _chinese(x, y)


def _chinese(x: Features, y: Features) -> int:
    if x.fold == y.fold:
        return _N_VARIANT
    la, lb = len(x.name), len(y.name)
    surname = x.surname == y.surname
    if la == lb:
        if compare_names._alike(x.readings, y.readings):
            return _N_HOMOPHONE
        if compare_names._alike(x.mixed, y.mixed):
            return _N_SOUND
    level = _N_SURNAME if surname else _N_ELSE
    if (la > 4 or lb > 4) and _osa(x.fold, y.fold, score_cutoff=2) <= 2:
        return _N_ONE_OFF
    gap = abs(la - lb)
    if gap > 1:
        return level
    pa, pb = x.chars, y.chars
    count = sum(1 for p, q in zip(pa, pb, strict=True) if p == q and p)
    if gap == 0:
        longest = min(la, 4)
        if longest >= 3 and count == longest - 1:
            return _N_ONE_OFF
        if la == 3 and surname and pa[1] == pb[2] and pa[2] == pb[1]:
            return _N_ONE_OFF
        return level
    shorter = min(la, lb)
    if shorter >= 2 and ((surname and x.last == y.last) or count == shorter):
        return _N_PARTIAL
    return level


def _hidden(x: Features, y: Features) -> int:
    pa, pb = x.chars, y.chars
    told = (x.surname == y.surname and bool(x.surname)) or (pa[0] == pb[0] and bool(pa[0]))
    first = told or not pa[0] or not pb[0]
    given = 2 if len(x.surname) == len(y.surname) == 2 else 1
    ga, gb = pa[given], pb[given]
    second = ga == gb or not ga or not gb
    last = x.last == y.last or not x.last or not y.last
    long_enough = (not x.middle_star or len(y.name) >= 3) and (not y.middle_star or len(x.name) >= 3)
    if not (first and second and last and long_enough):
        return _N_MASKED_ELSE
    shown = (x.last == y.last and x.last) or (ga == gb and ga)
    if told:
        return _N_MASKED_GIVEN if shown else _N_MASKED_SURNAME
    return _N_MASKED_SURNAME if shown else 0


@lru_cache(maxsize=4096)
def _words(p: str, q: str) -> int:
    """Two Latin names, which few records have: as tables do it."""
    pair = _PERSON.prepare({"name": [p, q]})
    return int(pair.compare(_FIRST, _SECOND)[0])


def _latin(x: Features, y: Features) -> int:
    if not x.han and not y.han:
        return _words(*sorted((x.name, y.name)))
    if not n.orders(x.name).isdisjoint(n.orders(y.name)):
        return _N_ROMANISED
    chinese, latin = (x, y) if x.han else (y, x)
    if n.sounds_as(chinese.name, latin.name):
        return _N_MASKED_SURNAME if chinese.masked_name else _N_SURNAME
    return _N_MASKED_ELSE if chinese.masked_name else _N_ELSE


def id_level(x: Features, y: Features) -> int:
    """As `compare_values.PreparedId.compare`."""
    a, b = x.id, y.id
    if not a or not b:
        return 0
    if x.id_masked or y.id_masked:
        p, q = (v.encode("ascii", "replace")[:20].ljust(20, b"\0") for v in (a, b))
        fits = len(a) == len(b) and all(c == d or c == 42 or d == 42 for c, d in zip(p, q, strict=True))
        if not fits:
            return _ID["masked_else"]
        start = 6 if len(a) == 18 else 0
        seen = sum(c == d != 42 and c != 0 for c, d in zip(p[start:], q[start:], strict=True))
        return _ID["masked"] if seen >= 4 else 0
    if a == b:
        return 1 if x.id_group > 0 else _I_UNPROVEN
    if x.id_valid and y.id_valid:
        return _I_ELSE
    group = abs(x.id_group)
    if group != abs(y.id_group) or group >= compare_values.RENEWED:
        return 0
    if group != 1:
        return _I_ELSE
    near = 9
    la, lb = len(a), len(b)
    if la == lb:
        p, q = a.encode("ascii", "replace")[:20], b.encode("ascii", "replace")[:20]
        near = sum(c != d for c, d in zip(p, q, strict=True))
        if 1 < near <= 8:
            near = min(near, _osa(a, b, score_cutoff=2))
    elif abs(la - lb) <= 2:
        near = _osa(a, b, score_cutoff=2)
    if near > 2:
        return _I_ELSE
    if x.id_group < 0 and y.id_group < 0:
        return _I_UNPROVEN
    return _ID["near_1"] if near == 1 else _I_NEAR_2


def id_says(x: Features, y: Features, level: int) -> tuple[bool, bool]:
    """As `compare_values.PreparedId.says`: whether agreeing numbers say the birth date, and the sex."""
    if not 0 < level <= _I_NEAR_2:
        return False, False
    if not (x.id_masked or y.id_masked):
        resident = x.id_valid or y.id_valid
        return resident, resident
    if len(x.id) != 18 and not (x.id_valid or y.id_valid):
        return False, False
    both = x.id + y.id if len(x.id) == 18 == len(y.id) else ""
    if not both:
        return False, False
    return "*" not in both[6:14] + both[24:32], "*" not in both[16] + both[34]


def birth_level(x: Features, y: Features) -> int:
    """As `compare_values.PreparedBirth.compare`."""
    a, b = x.birth, y.birth
    if not a or not b:
        return 0
    whole = x.day > 0 and y.day > 0
    if a == b and whole:
        return 1
    years = abs(x.year - y.year)
    if whole:
        if years == 0 and x.month == y.day and x.day == y.month:
            return _BIRTH["swapped"]
        differ = sum(c != d for c, d in zip(a, b, strict=True))
        if differ == 1 or (differ == 2 and _osa(a, b, score_cutoff=1) == 1):
            return _BIRTH["edit"]
        if y.digits in x.lunar_numbers() or x.digits in y.lunar_numbers():
            return _B_LUNAR
        same = (years == 0) + (x.month == y.month) + (x.day == y.day)
        if same >= 2:
            return _BIRTH["two_parts"]
    gap = abs(x.digits - y.digits)
    if whole and gap <= 31:
        return _BIRTH["month_off"]
    if years == 0:
        return _BIRTH["year"]
    if gap <= 372 or (years <= 1 and not whole):
        return _BIRTH["year_off"]
    return _BIRTH["ten_years"] if gap <= 10 * 372 or years <= 10 else _BIRTH["else"]


def phone_level(x: Features, y: Features) -> int:
    """As `compare_values.PreparedPhone.compare`."""
    a, b = x.phone, y.phone
    if not a or not b:
        return 0
    if a == b:
        return 1
    return 2 if _osa(a, b, score_cutoff=1) == 1 or n.share_a_phone(x.phones, y.phones) else 3


def address_level(x: Features, y: Features) -> int:
    """As `compare_text.PreparedAddress.judge`."""
    if not x.raw_address or not y.raw_address or not x.address or not y.address:
        return 0
    a, b = x.parts, y.parts
    depth = max(_depth(a.code), _depth(b.code))
    fits = not a.code or not b.code or a.code // depth == b.code // depth
    if not a.rest or not b.rest:
        return _A_SIMILAR if fits and a.code and b.code else _ADDRESS["else"]
    if x.address == y.address:
        return 1
    found = _rest_level(a, b)
    if fits:
        return found
    if found > _ADDRESS["close"]:
        return _ADDRESS["else"]
    return _ADDRESS["close"] if a.code // 100 == b.code // 100 else _A_SIMILAR


def _depth(code: int) -> int:
    return 1 if code % 100 else 100 if code % 10000 else 10000


def _rest_level(a: compare_text.AddressParts, b: compare_text.AddressParts) -> int:
    p, q = a.rest, b.rest
    if p == q:
        return _ADDRESS["close"]
    if a.numbers != b.numbers and compare_text.other_house(a.numbers, b.numbers):
        words = len(a.words) > 1 and len(b.words) > 1
        return _ADDRESS["street"] if words and _indel(a.words, b.words) + _EPS >= 0.85 else _ADDRESS["else"]
    ratio = _indel(p, q) + _EPS
    la, lb = len(p), len(q)
    near = a.numbers == b.numbers and abs(la - lb) <= 1 and min(la, lb) >= 2 and ratio >= 0.4
    if near and _osa(p, q, score_cutoff=1) == 1:
        return _A_SIMILAR if compare_text.other_place(p, q) else _ADDRESS["edit_1"]
    if ratio >= 0.85 or compare_text.contained(p, q) or (a.door and a.door == b.door):
        return _ADDRESS["close"]
    return _A_SIMILAR if ratio >= 0.7 else _ADDRESS["else"]


def area_level(x: Features, y: Features) -> int:
    """As `compare_values.PreparedArea.compare`."""
    a, b = x.area, y.area
    if a < 0 or b < 0:
        return 0
    if a // 10000 != b // 10000:
        return 5
    if a // 10000 in compare_values._ONE_CITY:
        return 1 if a == b and a % 100 else 2
    if a % 10000 == 0 or b % 10000 == 0:
        return 4
    if a == b:
        return 2 if a % 100 == 0 else 1
    return 2 if a // 100 == b // 100 else 4


def _registered(x: Features, y: Features, level: int, number: int) -> int:
    """As `model.Table._registered`: where one lives and the other was registered."""
    if x.area < 0 and y.area < 0:
        return level
    p, q = x.issued, y.issued
    open_ = (level == 0 or level > _R_REGISTERED) and number < _I_MASKED_ELSE
    if open_ and (_same_city(x.area, q) or _same_city(y.area, p)):
        level = _R_REGISTERED
    if 0 < number <= _I_NEAR_2 and (
        level == _R_REGISTERED or (x.area >= 0 and x.area in (p, q)) or (y.area >= 0 and y.area in (p, q))
    ):
        return 0
    return level


def _same_city(a: int, b: int) -> bool:
    if a < 0 or b < 0 or not a % 10000 or not b % 10000:
        return False
    return a // 100 == b // 100 or (a // 10000 == b // 10000 and a // 10000 in compare_values._ONE_CITY)


def hospital_level(x: Treated, y: Treated) -> int:
    """As `compare_text.PreparedHospital.compare`."""
    a, b = x.hospital, y.hospital
    if a is None or b is None:
        return 0
    if a.plain == b.plain:
        return 1
    kind = a.kind == b.kind and bool(a.kind)
    if a.number != b.number:
        return _HOSPITAL["else"]
    pa, pb = x.place, y.place
    place = pa == pb and pa > 0
    here = place or not pa or not pb or ((pa % 100 == 0 or pb % 100 == 0) and pa // 100 == pb // 100)
    if here:
        inside = a.plain in b.plain or b.plain in a.plain
        ratio = _indel(a.plain, b.plain) + _EPS
        # One of a kind stands in a county, one of a kind and number in a city.
        county = a.place == b.place and a.place[4:] not in ("", "00")
        if (inside and (kind or ratio >= 0.6)) or (place and kind and (a.number > 0 or county)):
            return _HOSPITAL["same_house"]
        if ratio >= 0.7 and not (a.kind and b.kind and not kind):
            return _H_SIMILAR
    return _HOSPITAL["kind"] if kind else _HOSPITAL["else"]


def disease_level(x: Treated, y: Treated) -> int:
    """As `compare_text.PreparedDisease.compare`."""
    if not x.disease or not y.disease:
        return 0
    if x.disease == y.disease:
        return _DISEASE["exact"]
    if not x.group or not y.group:  # no illness is named
        return 0
    if x.group and x.group == y.group:
        return _DISEASE["group"]
    if x.group in diseases.wider_groups(y.group) or y.group in diseases.wider_groups(x.group):
        return _DISEASE["related"]
    if x.group != y.group and _indel(x.plain, y.plain) + _EPS >= 0.75:
        return _DISEASE["similar"]
    return _DISEASE["chapter"] if x.chapter and x.chapter == y.chapter else _DISEASE["else"]


@lru_cache(maxsize=16384)
def _stay_levels(x: Treated, y: Treated) -> tuple[int, int]:
    return hospital_level(x, y), disease_level(x, y)


_SLIPS = (_BIRTH["edit"], _BIRTH["two_parts"])
_SIBLINGS = (_BIRTH["year"], _BIRTH["year_off"], _BIRTH["ten_years"], _BIRTH["else"])


def apart(level: int, whole: bool, years: int) -> bool:
    """Whether two birth dates are no slip of one another: another year and more than a digit, or nothing in common.

    ``whole``: both have month and day; ``years`` between them. A year that comes from an age may be one off.
    """
    if not whole:
        return years > 2
    return level in _SIBLINGS or (years > 0 and level in (_BIRTH["two_parts"], _BIRTH["month_off"]))


def generations(x: Features, y: Features) -> bool:
    """Whether two birth dates are a slip of one another that makes a generation (1958, 1985)."""
    return bool(x.birth and y.birth) and abs(x.year - y.year) >= GENERATION and birth_level(x, y) in _SLIPS


def births_apart(x: Features, y: Features) -> bool:
    """Whether two records, or one and the other's number, say two birth dates that are no slip of one another."""
    level = birth_level(x, y)
    return level > 1 and apart(level, x.day > 0 and y.day > 0, abs(x.year - y.year))


def sex_level(x: Features, y: Features) -> int:
    """As `compare_values.PreparedSex.compare`."""
    if not x.sex or not y.sex:
        return 0
    return 1 if x.sex == y.sex else 2


_LEVELS = {
    "name": name_level, "id_number": id_level, "birth_date": birth_level, "sex": sex_level, "phone": phone_level,
    "address": address_level, "area": area_level,
}  # fmt: skip


def _by_stay(x: Features, y: Features) -> int:
    """Hospital and illness are compared by stays (`Scorer.shared`)."""
    return 0


def _mean(weights: list[float], times: list[int]) -> float:
    """log2 of the mean of likelihood ratios, of which the log2 are given, each as often as it came."""
    most = max(weights)
    odds = math.fsum([many * 2.0 ** (weight - most) for weight, many in zip(weights, times, strict=True)])
    return most + math.log2(odds / sum(times))


_TERMS: dict[tuple[str, str], Any] = {
    ("name", "value"): lambda f: f.fold,
    ("name", "surname"): lambda f: f.surname,
    ("id_number", "value"): lambda f: f.id,
    ("phone", "value"): lambda f: f.phone,
    ("address", "value"): lambda f: f.address,
    ("area", "value"): lambda f: f"{f.area:06d}" if f.area >= 0 else "",
    ("area", "city"): lambda f: f"{f.area:06d}"[:4] if f.area >= 0 else "",
    ("hospital", "value"): lambda f: f.hospital.plain if f.hospital else "",
    ("disease", "group"): lambda f: f.group,
}


#: Of all pairs of stays the levels of hospital and illness, what their rarity adds, and how many pairs say the same.
Said = tuple[tuple[int, int, float, float, int], ...]


class Together(NamedTuple):
    """What pairs of stays come to. ``best``: levels and rarity of the one that agrees best; ``spread``: log2, never above 0,
    of the mean over all, by that one; ``kin``: log2(h/u) of the mean, per group of people who belong together."""

    best: tuple[int, int, float, float]
    spread: float
    kin: list[float]


class Shared(NamedTuple):
    """What the stays of two records come to. ``at``: which stay of each agrees best."""

    at: tuple[int, int]
    each: Said
    told: Together


class Scorer:
    """Levels and weights of pairs under one parameter table."""

    def __init__(self, model: Model, params: Params) -> None:
        self.params = params
        self.comparisons = model.comparisons
        self.names = model.names
        self.compare = [_LEVELS.get(name, _by_stay) for name in model.names]
        self.weights = [params.weights(c).tolist() for c in model.comparisons]
        self.prior = math.log2(params.prior / (1 - params.prior))
        self.known: dict[Said, Together] = {}
        #: Per group of people who belong together: its circle, its log2 odds, log2(h/u) of every level.
        self.kin = [
            (
                kin.circle,
                float(odds),
                [
                    kin.ratios(c, params.u[c.name]).tolist() if c.name in kin.h else None
                    for c in model.comparisons
                ],
            )
            for kin, odds in zip(params.kin, params.odds(), strict=True)
        ]
        at = {name: position for position, name in enumerate(model.names)}
        self.at_name, self.at_id, self.at_birth, self.at_sex = (
            at[k] for k in ("name", "id_number", "birth_date", "sex")
        )
        self.at_phone, self.at_address, self.at_area, self.at_hospital, self.at_disease = (
            at[k] for k in ("phone", "address", "area", "hospital", "disease")
        )
        m, u = params.m["area"], params.u["area"]
        self.city = max(math.log2((m[0] + m[1]) / max(u[0] + u[1], 1e-12)), 0.0)
        #: Per comparison: level → (log2 of the mean frequency, floor, frequencies, which term of the features)
        self.frequencies: list[dict[int, tuple[float, float, dict[str, float], Any]]] = []
        for comparison in model.comparisons:
            found: dict[int, tuple[float, float, dict[str, float], Any]] = {}
            known = params.tf.get(comparison.name, {})
            for level, table in comparison.tf.items():
                if table not in known and table == "value":
                    table = "surname"
                if table in known and (comparison.name, table) in _TERMS:
                    f = known[table]
                    term = _TERMS[comparison.name, table]
                    found[comparison.index(level)] = (math.log2(f.mean), f.floor, f.values, term)
            self.frequencies.append(found)

    def shared(self, x: Features, y: Features) -> Shared | None:
        """What several stays come to; None where both have one.

        Which of them the other means is not known, any may be it: the likelihood ratio is the mean over all pairs of
        stays, of hospital and illness together. So strangers' odds are 1 on average however many stays they have; the
        weight is that of the best pair less what the others would have had (`spread`, at worst -log2 of their number).
        """
        if len(x.stays) == 1 == len(y.stays):
            return None
        rare = self.frequencies[self.at_hospital] or self.frequencies[self.at_disease]
        found: dict[tuple[int, int, float, float], int] = {}
        places: dict[tuple[int, int, float, float], tuple[int, int]] = {}
        for i, p in enumerate(x.stays):
            for j, q in enumerate(y.stays):
                a, b = _stay_levels(p, q)
                more = self._more(self.at_hospital, a, p, q) if rare else 0.0
                too = self._more(self.at_disease, b, p, q) if rare else 0.0
                said = (a, b, more, too)
                if said in found:
                    found[said] += 1
                else:
                    found[said], places[said] = 1, (i, j)
        each = tuple(sorted([(*said, times) for said, times in found.items()]))
        told = self.together(each)
        return Shared(places[told.best], each, told)

    def together(self, each: Said) -> Together:
        """What pairs of stays come to that say so; the last few thousand are known."""
        known = self.known.get(each)
        if known is not None:
            return known
        times = [one[4] for one in each]
        weights = [self._stay_weight(a, b, more, too) for a, b, more, too, _times in each]
        # The same levels whichever record is asked first: of equal weights the nearer ones.
        best = max(zip(weights, each, strict=True), key=lambda told: (told[0], -told[1][0], -told[1][1]))
        at, too_at = self.at_hospital, self.at_disease
        kin = [self._of_stays(ratios[at], ratios[too_at], each) for _circle, _odds, ratios in self.kin]
        if len(self.known) > 4096:
            self.known.clear()
        spread = min(_mean(weights, times) - best[0], 0.0)
        self.known[each] = told = Together(best[1][:4], spread, kin)
        return told

    def _stay_weight(self, hospital: int, disease: int, more: float, too: float) -> float:
        return self.weights[self.at_hospital][hospital] + more + self.weights[self.at_disease][disease] + too

    def levels(self, x: Features, y: Features, stays: Shared | None = None) -> list[int]:
        """The level of every comparison; what another field says already is 'missing' (0)."""
        out = [compare(x, y) for compare in self.compare]
        i, j = stays.at if stays else (0, 0)
        out[self.at_hospital], out[self.at_disease] = _stay_levels(x.stays[i], y.stays[j])
        birth, sex = id_says(x, y, out[self.at_id])
        if birth:
            out[self.at_birth] = 0
        if sex:
            out[self.at_sex] = 0
        if out[self.at_id] >= _I_MASKED_ELSE:
            # What a number alone said is no second witness against it.
            if x.birth_told or y.birth_told:
                out[self.at_birth] = 0
            if x.sex_told or y.sex_told:
                out[self.at_sex] = 0
            both = x.id_valid and y.id_valid and not (x.birth_contradicts or y.birth_contradicts)
            if out[self.at_birth] == 1 and out[self.at_id] == _I_ELSE and both:
                out[self.at_birth] = _B_IN_NUMBERS
        out[self.at_area] = _registered(x, y, out[self.at_area], out[self.at_id])
        if 0 < out[self.at_address] <= 3 and out[self.at_area] <= _R_REGISTERED:
            out[self.at_area] = 0
        return out

    def rarity(self, levels: list[int], x: Features, y: Features, stays: Shared | None = None) -> list[float]:
        """log2 of how much rarer than most the values are that agree, per comparison; 0 where that counts for nothing."""
        rare = [0.0] * len(levels)
        i, j = stays.at if stays else (0, 0)
        for position, level in enumerate(levels):
            if level in self.frequencies[position]:
                by_stay = position in (self.at_hospital, self.at_disease)
                of = (x.stays[i], y.stays[j]) if by_stay else (x, y)
                rare[position] = self._more(position, level, *of)
        return rare

    def parts(self, levels: list[int], rare: list[float], stays: Shared | None = None) -> list[float]:
        """log2 weights per comparison with what rare values add (`rarity`); the last one is the household's.

        Of levels and rarity alone, which name nobody: from them a past score comes again (`online.replay`).
        """
        out = [weights[level] + more for weights, level, more in zip(self.weights, levels, rare, strict=True)]
        near = not self.kin and 0 < levels[self.at_area] <= 2  # with groups, they say so
        if near and (0 < levels[self.at_hospital] <= _H_SIMILAR or 0 < levels[self.at_address] <= _A_SIMILAR):
            out[self.at_area] -= self.city
        out.append(self.household(levels, rare, stays) if self.kin else self.taken_back(levels, out))
        return out

    def _more(self, position: int, level: int, x: Features | Treated, y: Features | Treated) -> float:
        """What the rarity of the agreeing values adds."""
        if level not in self.frequencies[position]:
            return 0.0
        mean, floor, values, term = self.frequencies[position][level]
        return min(
            mean - math.log2(max(values.get(value, floor), floor)) if value else 0.0
            for value in (term(x), term(y))
        )

    def household(self, levels: list[int], rare: list[float], stays: Shared | None = None) -> float:
        """Evidence that two people who belong together explain the pair as well (see `model.household`)."""
        circles: dict[str, float] = {}
        families = 0.0
        for group, (circle, odds, ratios) in enumerate(self.kin):
            shared = odds
            for position, (ratio, level, more) in enumerate(zip(ratios, levels, rare, strict=True)):
                if ratio is not None and not (stays and position in (self.at_hospital, self.at_disease)):
                    shared += ratio[level] + more
            if stays:
                shared += stays.told.kin[group]
            if circle:
                circles[circle] = circles.get(circle, 1.0) + 2.0 ** min(shared, 200.0)
            else:
                families += 2.0 ** min(shared, 200.0)
        out = math.log2(math.prod(circles.values()) + families)
        return -out if out >= 0.01 else 0.0

    def _of_stays(self, hospital: list[float] | None, disease: list[float] | None, each: Said) -> float:
        """log2(h/u) of several stays: here too any may be the one that is meant."""
        if hospital is None and disease is None:
            return 0.0
        weights = [
            (hospital[a] + more if hospital else 0.0) + (disease[b] + too if disease else 0.0)
            for a, b, more, too, _times in each
        ]
        return _mean(weights, [one[4] for one in each])

    def taken_back(self, levels: list[int], out: list[float]) -> float:
        """What relatives share, where the given names differ (tables without groups; `Table.taken_back`)."""
        name, number = levels[self.at_name], levels[self.at_id]
        other = name in (_N_SURNAME, _N_ELSE) or (
            name in (_N_ONE_OFF, _N_PARTIAL) and levels[self.at_birth] > _B_LUNAR
        )
        household = 0.0
        if other and (number == 0 or number > _I_NEAR_2):
            for position in (self.at_phone, self.at_address, self.at_area):
                household -= max(out[position], 0.0)
        return household

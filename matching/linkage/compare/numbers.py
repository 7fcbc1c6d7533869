"""Comparisons of numbers, dates and codes."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from ..values import areas, dates, idnumber
from ..values import normalise as n
from ..values.lunar import to_solar
from .columns import Bools, Coded, Ints, Letters, Levels, Places, osa, strings
from .comparison import Comparison, Prepared


def _digits(values: list[str], width: int) -> np.ndarray:
    """Characters of strings as a uint8 matrix, one row for 'missing' at the end."""
    out = np.zeros((len(values) + 1, width), dtype=np.uint8)
    for row, value in enumerate(values):
        raw = value.encode("ascii", "replace")[:width]
        out[row, : len(raw)] = np.frombuffer(raw, dtype=np.uint8)
    return out


#: A resident number with words around it: 身份证430104…, ID:430104…, 430104…（本人）.
_WORDED = re.compile(r"[^\d*]*(?<![A-Za-z])(\d{17}[\dXx]|\d{15})(?![\dA-Za-z*])[^\d*]*", re.ASCII)
_RUINED = re.compile(r"(\d)\.?(\d*)E\+?(17|14)")


def clean_id(raw: Any) -> str:
    """An ID number without noise; a number of another country or scheme stays as its letters and digits.

    Spreadsheets keep 15 digits: of 1.10101198703050E+17 the last three are hidden, of 1.10101E+17 nothing is left.
    """
    value = n.text(raw)
    if not value:
        return ""
    if value.endswith(".0") and value[:-2].isdigit():
        value = value[:-2]
    if hit := _WORDED.fullmatch(value):
        value = hit.group(1)
    if idnumber.is_placeholder(value):
        return ""
    value = _hidden(idnumber.normalise(value))
    hit = _RUINED.fullmatch(value.replace(".", "")) if "E" in value else None
    if hit:
        digits, size = (hit.group(1) + hit.group(2))[:15], int(hit.group(3)) + 1
        if len(digits) < 12:
            return ""
        value = digits.ljust(15, "0") + "*" * (size - 15)
        return idnumber.normalise(value) if size == 15 else value
    if len(value) == 18 and value.endswith("000") and value.isdigit() and idnumber.parse(value) is None:
        return value[:15] + "***"
    if len(value) == 11 and value[0] in "HM" and idnumber.document(value) == "permit":
        return value[:9]  # the last two count how often it was issued
    return _masked_id(value) if "*" in value else value


def _masked_id(value: str) -> str:
    """A partly hidden number with as many stars as digits are hidden: 4301****0028 says what 4301**********0028 does.

    Of a 15-digit number, known by the two digits of its year behind the area, the missing ones are filled in as in
    `idnumber.normalise`; the check character stays hidden.
    """
    if len(value) == 18 or not value.replace("*", "0").rstrip("X").isdigit():
        return value
    first, last = value.index("*"), value.rindex("*") + 1
    if len(value) == 15 and first >= 8 and not "1850" <= value[6:10].replace("*", "9") <= "2100":
        return f"{value[:6]}19{value[6:]}*"
    run = max(re.finditer(r"\*+", value), key=lambda hit: len(hit.group()))
    missing = 18 - len(value) + len(run.group())
    if missing < 1 or value[:first] + value[last:] == "":
        return value
    return value[: run.start()] + "*" * missing + value[run.end() :]


def open_end(value: str) -> bool:
    """Whether a hidden number shows less than three of its last four characters: then it says an area and a birth date, and
    everybody who was born there on that day has it (a spreadsheet keeps 15 digits)."""
    return "*" in value and (len(value) != 18 or value[14:].count("*") > 1)


_LETTERS_HIDE = re.compile(r"X{2,}|X(?=.)")


def _hidden(value: str) -> str:
    """430102XXXXXXXX0028: letters X that hide digits, in what is as long as a resident number or has several."""
    if "X" not in value[:-1] or not value[:4].isdigit() or not (len(value) in (15, 18) or "XX" in value):
        return value
    out = _LETTERS_HIDE.sub(lambda hit: "*" * len(hit.group()), value)
    return "" if idnumber.is_placeholder(out) else out


#: Which numbers say anything about one another: two papers of different kinds do not.
_GROUPS = {"resident": 1, "like_resident": 1, "permit": 2, "passport": 3, "other": 4}
#: Papers that one person has several of, one after the other.
RENEWED = 3


def id_group(value: str) -> int:
    """The group of numbers that a cleaned one is compared with; negative where its form alone names nobody."""
    kind = idnumber.document(value)
    return _GROUPS[kind] if kind in ("resident", "permit", "passport") else -_GROUPS[kind]


class IdNumber(Comparison):
    """Identity numbers. Two numbers that are both valid are never called a slip of one another.

    A number names a person where it is possible by GB 11643 or has the form of a permit or a passport. Two of
    which neither does ('unproven') may be one slip copied, or what somebody fills in. In a table whose numbers are mostly
    of another scheme (``any_scheme``) every number names a person. Placeholders are missing.
    """

    levels = ("missing", "exact", "near_1", "masked", "near_2", "unproven", "masked_else", "else")
    tf = {"exact": "value", "unproven": "value"}
    any_scheme = False
    masked = ("masked",)
    disagree = ("masked_else", "else")
    most = 0.08
    default_m = (0.93, 0.04, 0.01, 0.01, 1e-3, 0.001, 0.009)
    default_u = (1e-9, 2e-8, 3e-6, 2e-7, 2e-6, 0.02, 0.98)
    default_h = (4e-3, 2e-4, 2e-3, 1e-3, 1e-5, 0.02, 0.973)
    own = {"exact": 8e-3, "near_1": 2e-3, "masked": 8e-3, "near_2": 4e-3, "unproven": 1e-4}
    circle = ""

    def checked(self, resident: bool) -> "IdNumber":
        """For a table of resident numbers: a whole other number that can exist is no slip but another's card, which a
        person's records hold once in a hundred; more is what twins and brothers teach who are taken for one."""
        self.any_scheme = not resident
        if resident:
            self.most = 0.012
        return self

    def known(self, stored: Sequence[float], believed: Sequence[float]) -> Sequence[float]:
        """Until version 3 of the tables numbers did not have to be possible: there was no 'unproven'."""
        place = self.index("unproven") - 1
        if len(stored) != self.size - 2:
            return stored
        return (*stored[:place], believed[place], *stored[place:])

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedId":
        return PreparedId(self, rows[self.columns[0]])


class PreparedId(Prepared):
    def __init__(self, comparison: IdNumber, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = Coded(rows, clean_id)
        values = self.coded.values
        self.matrix = _digits(values, 20)
        self.length = np.array([len(v) for v in values] + [0], dtype=np.int16)
        self.masked = np.array(["*" in v for v in values] + [False])
        self.open = np.array([open_end(v) for v in values] + [False])
        self.valid = np.array([idnumber.parse(v) is not None for v in values] + [False])
        #: Above 0: the number names a person, below 0: it is none that could (`id_group`).
        group = np.array([id_group(v) for v in values] + [0], dtype=np.int8)
        self.group = np.where(group == 0, group, np.int8(1)) if comparison.any_scheme else group
        self.has_masked = bool(self.masked.any())
        self._issued: np.ndarray | None = None
        born = (idnumber.parse(v) if known else None for v, known in zip(values, self.valid, strict=False))
        #: The day that a possible number says, as yyyymmdd; -1 where there is none.
        self.born = np.array([int(f"{p.birth:%Y%m%d}") if p else -1 for p in born] + [-1], dtype=np.int32)
        self.shows_birth = ~(self.matrix[:, 6:14] == ord("*")).any(axis=1)
        self.shows_sex = self.matrix[:, 16] != ord("*")
        self.tf["value"] = self.coded
        self.keys["exact"] = lambda: self.coded.derive(lambda v: "" if "*" in v else v)
        self.keys["ends"] = lambda: self.coded.derive(
            lambda v: v[:4] + v[-4:] if len(v) == 18 and "*" not in v[:4] + v[-4:] else ""
        )
        self.keys["head"] = lambda: self.coded.derive(lambda v: "^" + v[: len(v) // 2] if len(v) >= 6 else "")
        self.keys["tail"] = lambda: self.coded.derive(lambda v: "$" + v[len(v) // 2 :] if len(v) >= 6 else "")
        self.keys["birth_tail"] = lambda: self.coded.derive(
            lambda v: v[6:] if len(v) == 18 and "*" not in v[6:] else ""
        )

    def named(self) -> Ints:
        """A code for every row whose number names a person and hides nothing, else -1."""
        names = np.where(
            (self.group > 0) & ~self.masked, np.arange(len(self.group), dtype=np.int32), np.int32(-1)
        )
        names[-1] = -1
        return names.astype(np.int32)[self.coded.codes]

    def says(self, i: Ints, j: Ints, levels: Levels) -> tuple[np.ndarray, np.ndarray]:
        """Of pairs of rows with these levels: whether the numbers, agreeing, say the birth date, and the sex.

        Only what can be seen in both is said.
        """
        c = self.comparison
        agree = np.flatnonzero((levels > 0) & (levels <= c.index("near_2")))
        a, b = self.coded.at(i[agree]), self.coded.at(j[agree])
        resident = self.valid[a] | self.valid[b]
        resident |= (self.masked[a] | self.masked[b]) & (self.length[a] == 18)
        birth, sex = np.zeros(len(levels), dtype=bool), np.zeros(len(levels), dtype=bool)
        birth[agree] = resident & self.shows_birth[a] & self.shows_birth[b]
        sex[agree] = resident & self.shows_sex[a] & self.shows_sex[b]
        return birth, sex

    @property
    def issued(self) -> np.ndarray:
        """Where each distinct number was issued (`issued`), -1 for none."""
        if self._issued is None:
            self._issued = np.array([*map(issued, self.coded.values), -1])
        return self._issued

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        assert isinstance(c, IdNumber)
        level = self.full(len(a))
        level[(a < 0) | (b < 0)] = 0
        same = (a == b) & (a >= 0)
        if self.has_masked:
            same &= ~self.masked[a]
        level[same] = c.index("exact")
        level[same & (self.group[a] < 0)] = c.index("unproven")
        rest = np.flatnonzero((a >= 0) & (b >= 0) & ~same)
        if not len(rest):
            return level
        if self.has_masked:
            hidden = self.masked[a[rest]] | self.masked[b[rest]]
            rows = rest[hidden]
            if len(rows):
                x, y = self.matrix[a[rows]], self.matrix[b[rows]]
                wild = (x == 42) | (y == 42)
                fits = ((x == y) | wild).all(axis=1) & (self.length[a[rows]] == self.length[b[rows]])
                seen = (x == y) & ~wild & (x != 0)
                # Of a resident number the area alone says little: it counts from the birth date on.
                if not c.any_scheme:
                    seen[self.length[a[rows]] == 18, :6] = False
                enough = seen.sum(axis=1) >= 4
                level[rows] = np.where(fits & enough, c.index("masked"), c.index("masked_else"))
                level[rows[fits & ~enough]] = 0
            rest = rest[~hidden]
        rest = rest[~(self.valid[a[rest]] & self.valid[b[rest]])]
        ga, gb = self.group[a[rest]], self.group[b[rest]]
        silent = (np.abs(ga) != np.abs(gb)) | (np.abs(ga) >= RENEWED)
        level[rest[silent]] = 0
        rest = rest[~silent]
        rest = rest[np.abs(self.group[a[rest]]) == 1]  # permits of one family follow one another
        proven = (self.group[a[rest]] > 0) | (self.group[b[rest]] > 0)
        la, lb = self.length[a[rest]], self.length[b[rest]]
        equal = la == lb
        rows = rest[equal]
        differ = np.count_nonzero(self.matrix[a[rows]] != self.matrix[b[rows]], axis=1)
        near = np.zeros(len(rest), dtype=np.int16) + 9
        near[equal] = differ
        # Slips of the finger that shift or exchange need the edit distance: rare, so only where plausible.
        maybe = np.flatnonzero(((near > 1) & (near <= 8) & equal) | (~equal & (np.abs(la - lb) <= 2)))
        if len(maybe):
            x, y = self.coded.objects[a[rest[maybe]]], self.coded.objects[b[rest[maybe]]]
            near[maybe] = np.minimum(near[maybe], osa(x, y, 2))
        long = np.minimum(la, lb) >= 5
        level[rest[(near == 1) & long]] = c.index("near_1")
        level[rest[(near == 2) & long]] = c.index("near_2")
        level[rest[(near <= 2) & ~proven]] = c.index("unproven")
        return level


def clean_birth(raw: Any) -> str:
    """A birth date as yyyymmdd, a year alone as yyyy0000; impossible days stay as written; else ''."""
    if isinstance(raw, (date, datetime)):
        return dates.written(raw)
    return dates.birth(raw if isinstance(raw, str) else str(raw)) if raw is not None else ""


def _day_number(value: str) -> int:
    y, m, d = int(value[:4]), int(value[4:6]), int(value[6:])
    return y * 372 + (max(m, 1) - 1) * 31 + max(d, 1)


def _lunar_number(value: str, leap: bool = False) -> int:
    y, m, d = int(value[:4]), int(value[4:6]), int(value[6:])
    solar = to_solar(y, m, d, leap) if m and d else None
    return _day_number(f"{solar:%Y%m%d}") if solar else -1


class BirthDate(Comparison):
    """Birth dates: slips, day and month exchanged, lunar birthdays, years alone, years from ages.

    'in_numbers': one day, and two possible numbers that differ both say it (`model.Table`, `pairwise.Scorer`). Of one
    person's numbers one is then somebody else's, with his birthday in it: that he was born on the same day is as seldom as
    among relatives, and common among twins.
    """

    levels = (
        "missing", "exact", "in_numbers", "swapped", "edit", "lunar", "two_parts", "month_off", "year", "year_off",
        "ten_years", "else",
    )  # fmt: skip
    added = {"in_numbers": "exact"}
    lent = {"in_numbers": "exact"}
    tf: dict[str, str] = {}
    disagree = ("ten_years", "else")
    most = 0.2
    default_m = (0.85, 1.2e-5, 0.008, 0.03, 0.012, 0.01, 0.005, 0.06, 0.015, 0.005, 0.005)
    default_u = (4e-5, 4e-8, 2e-5, 6e-4, 4e-5, 2.2e-3, 1e-3, 0.013, 0.028, 0.2, 0.755)
    default_h = (0.012, 1.2e-5, 1e-4, 2e-3, 2e-4, 4e-3, 3e-3, 0.03, 0.06, 0.4, 0.4887)
    own = {
        "exact": 0.05, "swapped": 1e-3, "edit": 0.01, "lunar": 1e-3, "two_parts": 0.02, "month_off": 0.02,
    }  # fmt: skip
    circle = ""

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedBirth":
        return PreparedBirth(self, rows[self.columns[0]])


class PreparedBirth(Prepared):
    def __init__(self, comparison: BirthDate, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = coded = Coded(rows, clean_birth)
        self.matrix = np.ascontiguousarray(_digits(coded.values, 8)).view(np.uint64).ravel()
        parts = [(int(v[:4]), int(v[4:6]), int(v[6:])) for v in coded.values] + [(0, 0, 0)]
        self.year, self.month, self.day = np.array(parts, dtype=np.int32).T.copy()
        self.date = self.year * 10_000 + self.month * 100 + self.day
        self.month_day = (self.month * 32 + self.day).astype(np.int16)
        self.number = np.array([_day_number(v) for v in coded.values] + [0], dtype=np.int64)
        self.lunar = np.array([_lunar_number(v) for v in coded.values] + [-2], dtype=np.int64)
        self.leap = np.array([_lunar_number(v, leap=True) for v in coded.values] + [-2], dtype=np.int64)
        self.keys["exact"] = lambda: coded.derive(lambda v: v if v[4:] != "0000" else "")
        self.keys["year"] = lambda: coded.derive(lambda v: v[:4])
        self.keys["month_day"] = lambda: coded.derive(lambda v: v[4:] if v[4:] != "0000" else "")
        self.keys["year_month"] = lambda: coded.derive(lambda v: v[:6] if v[4:6] != "00" else "")

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        null = (a < 0) | (b < 0)
        level = self.full(len(a))
        level[null] = 0
        whole = (self.day[a] > 0) & (self.day[b] > 0)
        same = (a == b) & ~null & whole
        level[same] = c.index("exact")
        rest = np.flatnonzero(~null & ~same)
        if not len(rest):
            return level
        a, b, whole = a[rest], b[rest], whole[rest]
        gap, years = np.abs(self.number[a] - self.number[b]), np.abs(self.year[a] - self.year[b])
        # Farther apart only a year can have been mistaken.
        same = self.month_day[a] == self.month_day[b]
        near = np.flatnonzero((gap <= 10 * 372) | (years <= 10) | same)
        level[rest[near]] = self._near(a[near], b[near], whole[near], gap[near], years[near])
        return level

    def _near(self, a: Places, b: Places, whole: np.ndarray, gap: np.ndarray, years: np.ndarray) -> Levels:
        c = self.comparison
        out = self.full(len(a))
        ma, mb, da, db = (f[x] for f in (self.month, self.day) for x in (a, b))
        out[(gap <= 10 * 372) | (years <= 10)] = c.index("ten_years")
        out[(gap <= 372) | (years <= 1) & ~whole] = c.index("year_off")
        out[years == 0] = c.index("year")
        out[(gap <= 31) & whole] = c.index("month_off")
        y_same, m_same, d_same = years == 0, ma == mb, da == db
        out[whole & ((y_same & (m_same | d_same)) | (m_same & d_same))] = c.index("two_parts")
        said = (self.lunar[a] == self.number[b]) | (self.lunar[b] == self.number[a])
        said |= (self.leap[a] == self.number[b]) | (self.leap[b] == self.number[a])
        out[whole & said] = c.index("lunar")
        differ = self.matrix[a] ^ self.matrix[b]
        bytes_off = (differ[:, None].view(np.uint8).reshape(-1, 8) != 0).sum(axis=1)
        edit = bytes_off == 1
        two = np.flatnonzero(whole & (bytes_off == 2))
        if len(two):
            x, y = self.coded.objects[a[two]], self.coded.objects[b[two]]
            edit[two] = osa(x, y, 1) == 1
        out[whole & edit] = c.index("edit")
        out[whole & y_same & (ma == db) & (mb == da)] = c.index("swapped")
        return out


class Age(Comparison):
    """Ages in completed years; a year or two between two sources means little."""

    levels = ("missing", "exact", "one_off", "five", "else")
    most = 0.12
    default_m = (0.75, 0.2, 0.03, 0.02)
    default_u = (0.013, 0.026, 0.1, 0.861)
    default_h = (0.04, 0.07, 0.2, 0.69)
    own = {"exact": 0.1}
    circle = ""

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedAge":
        return PreparedAge(self, rows[self.columns[0]])


class PreparedAge(Prepared):
    def __init__(self, comparison: Age, rows: Sequence[Any]) -> None:
        super().__init__(comparison)

        def clean(raw: Any) -> str:
            hit = re.match(r"^\s*(\d{1,3})(?:\.\d*)?\s*(?:岁|周岁|years?)?\s*$", n.text(str(raw)))
            return hit.group(1) if hit and int(hit.group(1)) < 130 else ""

        self.coded = Coded(rows, clean)
        self.age = np.array([int(v) for v in self.coded.values] + [0], dtype=np.int32)
        self.keys["exact"] = lambda: self.coded

    def judge(self, a: Places, b: Places) -> Levels:
        gap = np.abs(self.age[a] - self.age[b])
        level = np.select([gap == 0, gap == 1, gap <= 5], [1, 2, 3], 4).astype(np.uint8)
        level[(a < 0) | (b < 0)] = 0
        return level


_SEX = {
    word: sex
    for sex, words in {
        "M": "1 M 男 MALE 男性 男人 男士 男孩 男生 先生 MAN BOY MR ♂ H HOMBRE HOMME MASC MASCULINO MASCULIN MASCHIO MÄNNLICH HERR MUŽ "
        "М МУЖ МУЖСКОЙ 남 남자 XY",
        "F": "2 F 女 FEMALE 女性 女人 女士 女孩 女生 小姐 WOMAN GIRL MRS MS MISS ♀ MUJER FEMME FEM FEMENINO FEMININO FÉMININ FEMMINA W "
        "WEIBLICH FRAU ЖЕН ЖЕНСКИЙ Ж 여 여자 XX",
    }.items()
    for word in words.split()
}  # fmt: skip
_SEX_NOISE = re.compile(r"[\W\d_]+")


def clean_sex(raw: Any) -> str:
    """'M', 'F' or '' of the usual codes and words (GB/T 2261.1: 1 male, 2 female)."""
    value = n.text(str(raw)).upper().removesuffix(".0")
    return _SEX.get(value) or _SEX.get(_SEX_NOISE.sub("", value), "")


class Sex(Comparison):
    levels = ("missing", "exact", "else")
    most = 0.05
    default_m = (0.985, 0.015)
    default_u = (0.5, 0.5)
    default_h = (0.45, 0.55)
    own = {"exact": 0.6}
    circle = ""

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedSex":
        return PreparedSex(self, rows[self.columns[0]])


class PreparedSex(Prepared):
    def __init__(self, comparison: Sex, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = Coded(rows, clean_sex)
        self.keys["exact"] = lambda: self.coded

    def judge(self, a: Places, b: Places) -> Levels:
        level = np.where(a == b, 1, 2).astype(np.uint8)
        level[(a < 0) | (b < 0)] = 0
        return level


class Phone(Comparison):
    """Phone numbers: the same, one digit off, or another.

    ``edit`` too where the second number of a cell is the other's, or one landline number lacks its area code: not what
    the person gave first, but hardly chance.
    """

    levels = ("missing", "exact", "edit", "else")
    tf = {"exact": "value"}
    default_m = (0.6, 0.03, 0.37)
    default_u = (2e-6, 2e-6, 1.0)
    home = True
    default_h = (0.35, 2e-3, 0.648)

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedPhone":
        return PreparedPhone(self, rows[self.columns[0]])


class PreparedPhone(Prepared):
    def __init__(self, comparison: Phone, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = Coded(rows, lambda raw: "/".join(n.phones(str(raw).removesuffix(".0"))))
        #: All numbers of the cells that hold more than one; the first counts, the others are seen beside it.
        self.more = {k: v.split("/") for k, v in enumerate(self.coded.values) if "/" in v}
        self.objects, number = self.coded.objects, self.coded
        self.first: Ints = np.arange(len(self.objects), dtype=np.int32)
        if self.more:
            self.objects, number = (
                strings([first_phone(v) for v in self.coded.values]),
                number.derive(first_phone),
            )
            self.first = np.append(Coded(self.objects[:-1].tolist()).codes, np.int32(-1))
        self.length = np.fromiter(map(len, self.objects), np.int8, len(self.objects))
        self.head = _digits(self.objects[:-1].tolist(), 8).view(np.uint64).ravel()
        self.tail = _digits([v[-2:] for v in self.objects[:-1]], 2).view(np.uint16).ravel()
        self.tf["value"] = number
        self.keys["exact"] = lambda: number

    def judge(self, a: Places, b: Places) -> Levels:
        null = (a < 0) | (b < 0)
        level = self.full(len(a))
        same = self.first[a] == self.first[b]
        level[same] = 1
        level[null] = 0
        rest = np.flatnonzero(~null & ~same)
        # One slip leaves what stands before it or the last two digits: the first eight, of short numbers four.
        p, q = a[rest], b[rest]
        long = np.maximum(self.length[p], self.length[q]) >= 11
        differ = self.head[p] ^ self.head[q]
        stands = (differ == 0) | (~long & (differ & np.uint64(0xFFFFFFFF) == 0))
        maybe = rest[stands | (self.tail[p] == self.tail[q])]
        if len(maybe):
            gap = osa(self.objects[a[maybe]], self.objects[b[maybe]], 1)
            level[maybe[gap == 1]] = 2
            apart = maybe[np.abs(self.length[a[maybe]] - self.length[b[maybe]]) >= 3]
            level[apart[self._shared(a[apart], b[apart])]] = 2
        if self.more:
            several = np.zeros(len(self.objects), dtype=bool)
            several[list(self.more)] = True
            some = rest[several[p] | several[q]]
            level[some[self._shared(a[some], b[some])]] = 2
        return level

    def _shared(self, a: Places, b: Places) -> Bools:
        pairs = zip(a.tolist(), b.tolist(), strict=True)
        return np.array([n.share_a_phone(self._of(x), self._of(y)) for x, y in pairs], dtype=bool)

    def _of(self, place: int) -> Sequence[str]:
        return self.more.get(place) or (self.objects[place],)


def first_phone(value: str) -> str:
    """The first number of a normalised cell, the one that people give first."""
    return value.split("/")[0]


class Postcode(Comparison):
    levels = ("missing", "exact", "edit", "prefix", "else")
    tf = {"exact": "value"}
    default_m = (0.85, 0.06, 0.03, 0.06)
    default_u = (2e-3, 4e-3, 0.02, 0.974)
    home = True
    default_h = (0.75, 0.01, 0.04, 0.2)
    circle = "place"

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedPostcode":
        return PreparedPostcode(self, rows[self.columns[0]])


class PreparedPostcode(Prepared):
    def __init__(self, comparison: Postcode, rows: Sequence[Any]) -> None:
        super().__init__(comparison)

        def clean(raw: Any) -> str:
            return re.sub(r"[^0-9A-Z]", "", n.text(str(raw)).upper().removesuffix(".0"))[:10]

        self.coded = Coded(rows, clean)
        self.prefix = np.append(Coded(self.coded.values, lambda v: v[:2]).codes, -1)
        self.letters = Letters(self.coded.values)
        self.tf["value"] = self.coded
        self.keys["exact"] = lambda: self.coded

    def judge(self, a: Places, b: Places) -> Levels:
        null = (a < 0) | (b < 0)
        level = self.full(len(a))
        level[self.prefix[a] == self.prefix[b]] = 3
        rest = np.flatnonzero(~null & (a != b))
        longest = np.maximum(self.letters.length[a[rest]], self.letters.length[b[rest]])
        rest = rest[self.letters.common(a[rest], b[rest]) >= longest - 1]
        gap = osa(self.coded.objects[a[rest]], self.coded.objects[b[rest]], 1)
        level[rest[gap == 1]] = 2
        level[a == b] = 1
        level[null] = 0
        return level


class Area(Comparison):
    """Areas by GB/T 2260 prefix; place names that are no such area are compared as text elsewhere.

    'registered': one lives in the city where the other's number was issued (户籍), found where both columns are known
    (`model.Table`, `pairwise.Scorer`).
    """

    levels = ("missing", "county", "city", "registered", "province", "else")
    added = {"registered": "province"}
    tf = {"county": "value", "city": "city"}
    default_m = (0.68, 0.14, 0.05, 0.04, 0.09)
    default_u = (0.002, 0.006, 0.006, 0.06, 0.926)
    default_h = (0.73, 0.12, 0.02, 0.03, 0.1)
    circle = "place"

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedArea":
        return PreparedArea(self, rows[self.columns[0]])


class PreparedArea(Prepared):
    def __init__(self, comparison: Area, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = Coded(rows, lambda raw: n.area(str(raw).removesuffix(".0")) or "")
        self.value = np.array([int(v) for v in self.coded.values] + [-1], dtype=np.intp)
        self.tf["value"] = self.coded
        self.tf["city"] = self.coded.derive(lambda v: v[:4])
        self.keys["exact"] = lambda: self.coded
        self.keys["city"] = lambda: self.tf["city"]

    def judge(self, a: Places, b: Places) -> Levels:
        a, b = self.value[a], self.value[b]
        level = self.full(len(a))
        level[a // 10000 == b // 10000] = 4
        level[a // 100 == b // 100] = 2
        level[a == b] = 1
        # A province or a city alone agrees with whatever lies in it, at its own depth.
        short = (a % 100 == 0) | (b % 100 == 0)
        level[short & (a == b) & (a % 100 == 0)] = 2
        level[(a == b) & (a % 10000 == 0)] = 4
        level[(short & (a // 10000 == b // 10000)) & ((a % 10000 == 0) | (b % 10000 == 0))] = 4
        # A municipality is one city, however it is divided.
        one = (a // 10000 == b // 10000) & np.isin(a // 10000, _ONE_CITY)
        level[one & ((a != b) | (a % 100 == 0))] = 2
        level[(a < 0) | (b < 0)] = 0
        return level


def issued(number: str) -> int:
    """The area in which a cleaned number of 18 characters was issued, as it is called today; -1 where it is not shown."""
    area = n.area(number[:6]) if len(number) == 18 and number[:6].isdigit() else None
    return int(area) if area else -1


def same_city(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether areas (-1: none) lie in one city; a province alone lies in none."""
    known = (a >= 0) & (b >= 0) & (a % 10000 > 0) & (b % 10000 > 0)
    return known & ((a // 100 == b // 100) | ((a // 10000 == b // 10000) & np.isin(a // 10000, _ONE_CITY)))


def within(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Whether each area is or lies in the other one (430104 in 430100)."""
    return (
        (a == b) | ((b % 100 == 0) & (a // 100 == b // 100)) | ((b % 10000 == 0) & (a // 10000 == b // 10000))
    )


_ONE_CITY = tuple(map(int, areas.MUNICIPALITIES))

"""Comparisons of words: parts of Latin names, addresses, e-mail, hospitals, diseases, any other text."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from rapidfuzz.distance import Indel

from ..values import characters as han
from ..values import diseases, hospitals, nicknames
from ..values import normalise as n
from ..values.areas import locate
from .columns import Coded, Ints, Letters, Levels, Places, cpdist, jaro, osa, places, strings
from .comparison import Comparison, Prepared

_WORD_NOISE = re.compile(r"[^\w]+|_")
_APOSTROPHE = re.compile(r"['’]")
#: Words that say nothing of what they stand before.
_EMPTY = frozenset(
    ["a", "an", "and", "at", "de", "for", "in", "la", "le", "of", "on", "or", "the", "to", "und", "von"]
)
#: So many words of a text are compared.
_WORDS = 8


def squash(raw: Any) -> str:
    """Letters and digits alone, without case, accents, spaces; simplified characters."""
    return _WORD_NOISE.sub("", _plain(raw))


def _plain(raw: Any) -> str:
    value = n.text(raw if isinstance(raw, str) else str(raw)).casefold()
    if value.endswith(".0") and value[:-2].isdigit():
        return value[:-2]  # 1994.0 is a year that a spreadsheet took for a fraction
    if not value.isascii():
        value = "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))
        value = "".join(han.simplify(c) for c in value)
    return value


def spaced(raw: Any) -> str:
    """As `squash`, with a space between words."""
    value = _plain(raw)
    return _WORD_NOISE.sub(" ", _APOSTROPHE.sub("", value)).strip()


_SOUNDS = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")


def sound(value: str) -> str:
    """A Soundex-like code of a squashed word; the pinyin of a Chinese one."""
    if not value:
        return ""
    if any(han.is_han(c) for c in value):
        return n.name_pinyin(value)
    head, tail = value[0], value[1:].translate(_SOUNDS)
    out = head
    previous = ""
    for char in tail:
        if char.isdigit() and char != previous:
            out += char
        previous = char
    return out[:4]


def part_of_name(raw: Any) -> str:
    """A given name or a surname: as `squash`, of a Chinese one its characters without variants, '*' for hidden ones; ''
    where nothing is shown (某某, 女士). Na and Nan are names, if written like names."""
    value = raw if isinstance(raw, str) else str(raw)
    if not any(map(han.is_han, value)):
        return value.strip().lower() if value.strip() in ("Na", "Nan") else squash(value)
    shown = n.hidden_name(value)
    return "".join(map(han.fold, shown)) if shown.strip("*") else ""


def _read(value: str) -> str:
    """A Chinese given name or surname in toneless pinyin, a surname by its own reading."""
    if value in han.SURNAME_READINGS:
        return "".join(n.surname_syllables(value))
    return "".join(n.umlaut(han.readings(c)[0]) for c in value)


def _fits(p: str, q: str) -> bool | None:
    """Whether two names, one of which hides characters, may be one; None where they show nothing in common."""
    (p_start, _, p_rest), (q_start, _, q_rest) = p.partition("*"), q.partition("*")
    p_end, q_end = p_rest.rpartition("*")[2], q_rest.rpartition("*")[2]
    if "*" not in p:
        p_end = p
    if "*" not in q:
        q_end = q
    start, end = min(len(p_start), len(q_start)), min(len(p_end), len(q_end))
    same = p_start[:start] == q_start[:start] and p_end[len(p_end) - end :] == q_end[len(q_end) - end :]
    # Of a hidden name a star stands for one character at least.
    hides = ("*" not in p and len(p) <= len(q_start) + len(q_end)) or (
        "*" not in q and len(q) <= len(p_start) + len(p_end)
    )
    if not same or hides:
        return False
    return True if start or end else None


class Parts(Comparison):
    """A given name, a surname, or a line of an address, where the other line may hold what belongs here.

    ``columns`` are this part's and, if there is one, its partner's; ``position`` is 0 or 1. Of a pair of
    records whose two parts agree better crosswise, position 0 takes a 'crossed' level and says it for both.
    """

    levels = (
        "missing", "exact", "short_form", "edit_1", "crossed", "edit_2", "crossed_close", "similar", "masked_given", "initial",
        "else",
    )  # fmt: skip
    added = {"masked_given": "else"}
    tf = {"exact": "value"}
    most = 0.12
    default_m = (0.79, 0.02, 0.05, 0.02, 0.03, 0.01, 0.03, 0.01, 0.01, 0.03)
    default_u = (0.004, 0.0005, 0.002, 0.00002, 0.005, 0.0001, 0.02, 0.001, 0.03, 0.93738)
    default_h = (0.6, 0.005, 0.01, 0.005, 0.005, 0.01, 0.01, 0.001, 0.02, 0.334)
    slips: tuple[str, ...] = ("short_form", "crossed", "crossed_close", "initial")

    def __init__(
        self, name: str, columns: Sequence[str], position: int = 0, given: bool = False, circle: str = "place"
    ) -> None:
        super().__init__(name, columns)
        self.position = position
        #: A given name is a person's own; a surname or an address belongs to the house.
        self.given = given
        self.circle = circle
        self.home = not given
        if circle == "name":
            #: Of strangers who bear one name no more write it otherwise than of matches; neighbours live at 12 and 14.
            self.slips = (*Parts.slips, "edit_1", "edit_2")
            self.tf = {**Parts.tf, "edit_1": "slip", "edit_2": "slip"}
            self.rarer = ("slip",)
        if given:
            self.default_h = self.default_u
            self.own = dict.fromkeys(self.levels[1:-1], 0.0)
            #: Relatives have other given names, or like ones; one person seldom.
            self.disagree = ("similar", "else")

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> Prepared:
        return PreparedParts(self, [rows[c] for c in self.columns])


#: Bounds of `PreparedParts.judge`, a little lower: they are compared with sums of rounded shares.
_ALIKE, _ALIKE_LATER = np.float32(1.0999), np.float32(1.4589)
_GOOD = np.array([0, 5, 3, 4, 0, 3, 0, 1, 1, 1, -3], dtype=np.int8)
#: The same of names crosswise: Peter Frank and Frank Weber resemble one another by chance.
_ACROSS = np.array([0, 5, 3, 4, 0, -3, 0, -3, 1, 1, -3], dtype=np.int8)


class PreparedParts(Prepared):
    def __init__(self, comparison: Parts, columns: Sequence[Sequence[Any]]) -> None:
        super().__init__(comparison)
        #: The partner's rows, where both parts are compared in one go, and what they gave it last.
        self.twin: PreparedParts | None = None
        self.last: tuple[Ints, Ints, Levels] | None = None
        size = len(columns[0])
        both: list[Any] = [v for column in columns for v in column]
        coded = Coded(both, part_of_name if comparison.circle == "name" else squash)
        self.values = coded.objects
        self.hidden = np.array(["*" in v for v in coded.values] + [False])
        self.any_hidden = bool(self.hidden.any())
        self.parts = [coded.codes[k * size : (k + 1) * size] for k in range(len(columns))]
        own = Coded.of(self.parts[0], coded.objects)
        self.tf["value"] = self.tf["slip"] = own
        self.keys["exact"] = lambda: own
        self.keys["sound"] = lambda: own.derive(sound)
        self.keys["start"] = lambda: own.derive(lambda v: v[:3])
        self.letters = Letters(coded.values)
        self.length = self.letters.length
        #: What one shared character is of a value.
        self.share = (1 / np.maximum(self.length, 1)).astype(np.float32)
        self.initial = np.array([ord(v[0]) if v else 0 for v in coded.values] + [0], dtype=np.int32)
        #: How a Chinese value is read, a number of its own for any other; None where there is no Chinese.
        self.pinyin: np.ndarray | None = None
        chinese = [k for k, v in enumerate(coded.values) if not v.isascii() and any(han.is_han(c) for c in v)]
        if chinese:
            self.pinyin = np.arange(-1, -len(self.length) - 1, -1, dtype=np.int64)
            read: dict[str, int] = {}
            for k in chinese:
                self.pinyin[k] = read.setdefault(_read(coded.values[k]), len(read))
            for k, value in enumerate(coded.values):
                if value.isascii():  # Ming may be 明
                    self.pinyin[k] = read.get(n.umlaut(value), self.pinyin[k])
        self.nick = np.zeros((len(self.length), 4), dtype=np.int16)
        for row, value in enumerate(coded.values):
            for slot, number in enumerate(sorted(nicknames.groups(value))[:4]):
                self.nick[row, slot] = number + 1
        self.nicked = self.nick[:, 0] > 0

    def similar(self, a: Places, b: Places) -> Levels:
        """Levels of pairs of values, without regard to the other part."""
        return self.levels(a, b, len(self.values) - 1)

    def judge(self, a: Places, b: Places) -> Levels:
        everybody = (a, b)
        c = self.comparison
        level = self.full(len(a))
        null = (a < 0) | (b < 0)
        level[a == b] = 1
        level[null] = 0
        rest = np.flatnonzero(~null & (a != b))
        a, b = a[rest], b[rest]
        out = level[rest]
        la, lb = self.length[a], self.length[b]
        first = self.initial[a] == self.initial[b]
        out[(np.minimum(la, lb) == 1) & first] = c.index("initial")
        # Jaro-Winkler ≥ 0.82 needs Jaro ≥ 0.7 with a common beginning, 0.82 without; Jaro ≤ (m/a + m/b + 1) / 3.
        # One or two edits need all but two characters, and a high enough Jaro-Winkler of their own.
        common = self.letters.common(a, b)
        bound = common * (self.share[a] + self.share[b])
        hope = np.flatnonzero(
            (bound >= np.where(first, _ALIKE, _ALIKE_LATER)) | (common >= np.maximum(la, lb) - 2)
        )
        x, y = self.values[a[hope]], self.values[b[hope]]
        close = jaro(x, y)
        la, lb = la[hope], lb[hope]
        found = out[hope]
        found[close >= 0.82] = c.index("similar")
        maybe = np.flatnonzero((close >= 0.6) & (common[hope] >= np.maximum(la, lb) - 2))
        gap = osa(x[maybe], y[maybe], 2)
        shorter = np.minimum(la[maybe], lb[maybe])
        found[close >= 0.93] = c.index("edit_2")
        found[maybe[(gap == 2) & (shorter >= 5)]] = c.index("edit_2")
        found[maybe[(gap == 1) & (shorter >= 2)]] = c.index("edit_1")
        out[hope] = found
        known = np.flatnonzero(self.nicked[a] & self.nicked[b])
        na, nb = self.nick[a[known]], self.nick[b[known]]
        short = ((na[:, :, None] == nb[:, None, :]) & (na[:, :, None] > 0)).any(axis=(1, 2))
        out[known[short]] = c.index("short_form")
        if self.pinyin is not None:
            out[self.pinyin[a] == self.pinyin[b]] = c.index("edit_1")
        level[rest] = out
        if self.any_hidden:
            masked = {True: c.index("masked_given"), False: c.size - 1, None: 0}
            a, b = everybody
            rest = np.flatnonzero(~null & (self.hidden[a] | self.hidden[b]))
            x, y = self.values[a[rest]].tolist(), self.values[b[rest]].tolist()
            level[rest] = [masked[_fits(p, q)] for p, q in zip(x, y, strict=True)]
        return level

    def compare(self, i: Ints, j: Ints) -> Levels:
        if len(self.parts) < 2:
            return self.similar(places(self.parts[0], i), places(self.parts[0], j))
        if self.twin is not None and self.twin.last is not None:
            x, y, partner = self.twin.last
            if x is i and y is j:
                self.twin.last = None
                return partner
        c = self.comparison
        assert isinstance(c, Parts)
        mine_i, mine_j, other_i, other_j = (places(part, rows) for part in self.parts for rows in (i, j))
        own, theirs = self.similar(mine_i, mine_j), self.similar(other_i, other_j)
        close = c.index("similar")
        weak = np.flatnonzero(((own == 0) | (own >= close)) | ((theirs == 0) | (theirs >= close)))
        good = _ACROSS if c.circle == "name" else _GOOD
        one = self.similar(mine_i[weak], other_j[weak])
        # Where one of the crossings is nothing, no other can make up for it.
        some = np.flatnonzero(good[one] + good.max() >= 3)
        weak, one = weak[some], one[some]
        two = self.similar(other_i[weak], mine_j[weak])
        straight = _GOOD[own[weak]] + _GOOD[theirs[weak]]
        crossed = good[one] + good[two]
        # One of the two must be told for certain: names that resemble one another crosswise are many.
        told = np.maximum(good[one], good[two]) >= good[c.index("edit_1")]
        swap = np.flatnonzero(told & (crossed >= 3) & (crossed > straight + 1))
        # What was exchanged was exchanged once: position 0 says it of both parts, position 1 where only one is told.
        one, two, weak = one[swap], two[swap], weak[swap]
        exact = ((one == 1) | (two == 1)) & (np.maximum(one, two) <= c.index("edit_1"))
        said = np.where(exact, c.index("crossed"), c.index("crossed_close")).astype(np.uint8)
        first = ((one > 0) & (two > 0)) == (c.position == 0)
        own[weak], theirs[weak] = np.where(first, said, 0), np.where(first, 0, said)
        self.last = (i, j, theirs)
        return own


class Text(Comparison):
    """Any other words: equal, one slip, close, or not."""

    levels: tuple[str, ...] = ("missing", "exact", "edit_1", "close", "similar", "else")
    tf = {"exact": "value"}
    default_m: tuple[float, ...] = (0.85, 0.05, 0.03, 0.02, 0.05)
    default_u: tuple[float, ...] = (0.01, 0.003, 0.005, 0.02, 0.962)
    default_h: tuple[float, ...] = (0.4, 0.02, 0.03, 0.05, 0.5)
    clean = staticmethod(squash)
    #: Whether words may change places, or some of them be left out.
    by_words = True
    #: From this share of values with several words on.
    several = 0.02

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedText":
        return PreparedText(self, rows[self.columns[0]])


class Place(Text):
    """The name of a place that is in no list."""

    circle = "place"


class PreparedText(Prepared):
    def __init__(self, comparison: Text, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        #: The words of every distinct value, by number; None where no value has two.
        self.words: np.ndarray | None = None
        if comparison.by_words:
            apart = Coded(rows, spaced)
            self.coded = apart.derive(lambda v: v.replace(" ", ""))
            self._split(apart, comparison)
            del apart
        else:
            self.coded = Coded(rows, comparison.clean)
        self.letters = Letters(self.coded.values)
        self.length = self.letters.length
        #: The first letter, for words of which one may be written by it alone; 0 where it is none.
        self.initial = np.array([ord(v[0]) if v[:1].isalpha() else 0 for v in self.coded.values] + [0])
        self.tf["value"] = self.coded
        self.keys["exact"] = lambda: self.coded
        self.keys["start"] = lambda: self.coded.derive(lambda v: v[:4])

    def _split(self, apart: Coded, comparison: Text) -> None:
        numbers: dict[str, int] = {}
        found: dict[str, list[int]] = {}
        several = 0
        for value in apart.values:
            said = [w for w in value.split() if w not in _EMPTY] or [value]
            several += len(said) > 1
            found.setdefault(
                value.replace(" ", ""),
                [numbers.setdefault(w, len(numbers)) for w in dict.fromkeys(said)][:_WORDS],
            )
        if several > comparison.several * len(found):
            self.words = np.full((len(found) + 1, _WORDS), -1, dtype=np.int32)
            for row, value in enumerate(self.coded.values):
                said_here = found[value]
                self.words[row, : len(said_here)] = said_here

    def _by_words(self, a: Places, b: Places, out: Levels, common: np.ndarray) -> None:
        """Raise pairs with the same words in another order, or with all words of one inside the other."""
        assert self.words is not None
        c = self.comparison
        least = np.minimum(self.length[a], self.length[b])
        rows = np.flatnonzero((out > c.index("close")) & (common >= 0.9 * least) & (least >= 4))
        x, y = self.words[a[rows]], self.words[b[rows]]
        same = (x[:, :, None] == y[:, None, :]) & (x >= 0)[:, :, None]
        inside = [((w < 0) | same.any(axis=axis)).all(axis=1) for w, axis in ((x, 2), (y, 1))]
        out[rows[inside[0] | inside[1]]] = c.index("similar")
        out[rows[inside[0] & inside[1]]] = c.index("close")

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        assert isinstance(c, Text)
        level = self.full(len(a))
        null = (a < 0) | (b < 0)
        level[a == b] = 1
        level[null] = 0
        rest = np.flatnonzero(~null & (a != b))
        if not len(rest):
            return level
        a, b = a[rest], b[rest]
        out = level[rest]
        la, lb = self.length[a], self.length[b]
        if c.by_words:
            short = (np.minimum(la, lb) == 1) & (self.initial[a] == self.initial[b]) & (self.initial[a] > 0)
            out[short] = c.index("similar")
        common = self.letters.common(a, b)
        everybody = (a, b)
        hope = np.flatnonzero((common >= 0.35 * (la + lb)) | (common >= np.maximum(la, lb) - 1))
        a, b, la, lb = a[hope], b[hope], la[hope], lb[hope]
        x, y = self.coded.objects[a], self.coded.objects[b]
        ratio = self.ratio(x, y)
        found = out[hope]
        found[ratio >= 0.7] = c.index("similar")
        found[ratio >= 0.85] = c.index("close")
        # One edit is at most one character taken away and one put in.
        maybe = np.flatnonzero(
            (np.abs(la - lb) <= 1)
            & (np.minimum(la, lb) >= 2)
            & (ratio >= 0.4)
            & ((1 - ratio) * (la + lb) < 2.5)
        )
        gap = osa(x[maybe], y[maybe], 1)
        found[maybe[gap == 1]] = c.index("edit_1")
        out[hope] = found
        if self.words is not None:
            self._by_words(*everybody, out, common)
        level[rest] = out
        return level

    def ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Similarity from 0 to 1 by insertions and deletions."""
        return cpdist(x, y, Indel.normalized_similarity)


class Email(Text):
    """E-mail addresses: the same, the same mailbox elsewhere, a slip, or not."""

    levels = ("missing", "exact", "edit_1", "mailbox", "close", "similar", "else")
    by_words = False
    home = True
    default_m = (0.7, 0.08, 0.02, 0.06, 0.04, 0.1)
    default_u = (1e-5, 1e-5, 5e-5, 2e-5, 0.004, 0.995885)
    default_h = (0.1, 2e-3, 2e-3, 0.02, 0.1, 0.776)
    circle = "name"

    @staticmethod
    def clean(raw: Any) -> str:
        value = n.text(raw if isinstance(raw, str) else str(raw)).casefold().replace(" ", "")
        return value if len(value) > 2 else ""

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedEmail":
        return PreparedEmail(self, rows[self.columns[0]])


def _mailbox(value: str) -> str:
    return value.split("@")[0]


class PreparedEmail(PreparedText):
    def __init__(self, comparison: Email, rows: Sequence[Any]) -> None:
        super().__init__(comparison, rows)
        self.mailbox = np.append(Coded(self.coded.values, _mailbox).codes, -1)
        self.keys = {"exact": lambda: self.coded, "mailbox": lambda: self.coded.derive(_mailbox)}

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = super().judge(a, b)
        level[(level > c.index("mailbox")) & (self.mailbox[a] == self.mailbox[b])] = c.index("mailbox")
        return level


_NUMERALS = re.compile("[一二三四五六七八九十百]+(?=号|栋|单元|室|层|楼|组|队|座)")
#: What keeps two numbers apart: 2-3-402, Flat 2, 12 High Street.
_BETWEEN = re.compile(r"(?<=\d)[\W_]+(?=\d)")
_NUMERAL = {c: k for k, c in enumerate("零一二三四五六七八九")}


def _numeral(hit: re.Match[str]) -> str:
    """Chinese numerals up to 999: 十二 → 12, 三 → 3, 一百零五 → 105."""
    hundreds, found, rest = hit.group().rpartition("百")
    total = 100 * _NUMERAL.get(hundreds or "一", 0) if found else 0
    tens, found, ones = rest.rpartition("十")
    total += 10 * _NUMERAL.get(tens or "一", 0) if found else 0
    return str(total + _NUMERAL.get(ones, 0))


def clean_address(raw: Any) -> str:
    """An address as code of its area and the squashed rest: '430102|麓山路2号'; the rest alone where no area is named."""
    value = _BETWEEN.sub("x", n.text(raw if isinstance(raw, str) else str(raw)))
    if not any(han.is_han(c) for c in value):
        return squash(value)
    place = locate("".join(han.simplify(c) for c in value.replace(" ", "")))
    rest = _NUMERALS.sub(_numeral, squash(place.rest).replace("幢", "栋"))
    return f"{place.code}|{rest}" if place.code else rest


class AddressParts(NamedTuple):
    """What of an address is compared: the area's code (0: not named), the rest, the rest without its numbers, these; and
    where it is, however it is counted: 麓山路 2 3 402 of 麓山路2-3-402 and 麓山路2号3栋402室, '' without numbers."""

    code: int
    rest: str
    words: str
    numbers: tuple[str, ...]
    door: str


def address_parts(value: str) -> AddressParts:
    """The parts of a cleaned address."""
    code, found, rest = value.partition("|")
    if not found:
        code, rest = "", value
    numbers = tuple(_DIGITS.findall(rest))
    words = _DIGITS.sub("", rest)
    place = _COUNTED.sub("", words)
    door = " ".join((place, *numbers)) if numbers and len(place) > 1 else ""
    return AddressParts(int(code or 0), rest, words, numbers, door)


_DIGITS = re.compile(r"\d+")
#: What counts houses, stairs, floors and rooms, or parts their numbers.
_COUNTED = re.compile(r"单元|[x号栋幢座楼层室房户院弄门组\s#\-—–/、,.]")


def other_house(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether the numbers of two addresses contradict one another; one may say less (2号 of 2号3栋402)."""
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    rest = iter(long)
    return not all(number in rest for number in short)


def contained(p: str, q: str) -> bool:
    """Whether one address is the beginning or the end of the other."""
    short, long = (p, q) if len(p) <= len(q) else (q, p)
    return len(short) >= 4 and (long.startswith(short) or long.endswith(short))


def other_place(p: str, q: str) -> bool:
    """Whether one Chinese character makes two names of places of one: 王家村, 王庄村. A slip sounds alike (沙/纱)."""
    if len(p) != len(q):
        return False
    differ = [(x, y) for x, y in zip(p, q, strict=True) if x != y]
    if len(differ) != 1 or not all(map(han.is_han, differ[0])):
        return False
    one, other = ({han.accent(r) for r in han.readings(c)} for c in differ[0])
    return one.isdisjoint(other)


class Address(Text):
    """Addresses: an area may be named or left out; other numbers are other houses of the street."""

    levels = ("missing", "exact", "edit_1", "close", "street", "similar", "else")
    added = {"street": "similar"}
    by_words = False
    home = True
    default_m = (0.4, 0.05, 0.15, 0.03, 0.17, 0.2)
    default_u = (2e-4, 1e-4, 1e-3, 2e-3, 0.018, 0.9787)
    default_h = (0.6, 0.03, 0.1, 0.01, 0.11, 0.15)
    circle = "place"
    clean = staticmethod(clean_address)

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedAddress":
        return PreparedAddress(self, rows[self.columns[0]])


class PreparedAddress(PreparedText):
    def __init__(self, comparison: Address, rows: Sequence[Any]) -> None:
        super().__init__(comparison, rows)
        parts = [*map(address_parts, self.coded.values), address_parts("")]
        self.code = np.array([p.code for p in parts])
        #: The part of the code that says something, and what it is divided by: 430100 → 4301, 100.
        self.depth = np.where(self.code % 100 > 0, 1, np.where(self.code % 10000 > 0, 100, 10000))
        self.rest, self.wording = (
            strings([p.rest for p in parts[:-1]]),
            strings([p.words for p in parts[:-1]]),
        )
        self.rests, self.wordy = Letters(self.rest[:-1].tolist()), Letters(self.wording[:-1].tolist())
        self.numbers = [p.numbers for p in parts]
        known: dict[tuple[str, ...], int] = {}
        self.number = np.array([known.setdefault(p.numbers, len(known)) for p in parts])
        doors: dict[str, int] = {"": -1}
        self.door = np.array([doors.setdefault(p.door, len(doors)) for p in parts])

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = self.full(len(a))
        null = (a < 0) | (b < 0)
        la, lb = self.rests.length[a], self.rests.length[b]
        ca, cb = self.code[a], self.code[b]
        depth = np.maximum(self.depth[a], self.depth[b])
        fits = (ca == 0) | (cb == 0) | (ca // depth == cb // depth)
        named = (ca > 0) & (cb > 0)
        level[fits & named & ((la == 0) | (lb == 0))] = c.index("similar")  # an area alone
        level[(a == b) & (la > 0)] = c.index("exact")
        level[null] = 0
        rest = np.flatnonzero(~null & (a != b) & (la > 0) & (lb > 0))
        a, b, la, lb = a[rest], b[rest], la[rest], lb[rest]
        wa, wb = self.wordy.length[a], self.wordy.length[b]
        common = self.rests.common(a, b)
        hope = (common >= 0.35 * (la + lb)) | (common >= np.minimum(la, lb))
        hope |= self.wordy.common(a, b) >= 0.42 * (wa + wb)
        rest, a, b = rest[hope], a[hope], b[hope]
        la, lb = la[hope], lb[hope]
        x, y = self.rest[a], self.rest[b]
        numbers = self.number[a] == self.number[b]
        other = ~numbers
        for row in np.flatnonzero(other):
            other[row] = other_house(self.numbers[a[row]], self.numbers[b[row]])
        ratio = self.ratio(x, y)
        inside = np.array([contained(p, q) for p, q in zip(x.tolist(), y.tolist(), strict=True)], dtype=bool)
        found = self.full(len(rest))
        found[ratio >= 0.7] = c.index("similar")
        found[other] = self.full(int(other.sum()))
        k = np.flatnonzero(other)
        street = self.ratio(self.wording[a[k]], self.wording[b[k]]) >= 0.85
        found[k[street & (self.wordy.length[a[k]] > 1) & (self.wordy.length[b[k]] > 1)]] = c.index("street")
        found[~other & ((ratio >= 0.85) | inside)] = c.index("close")
        maybe = np.flatnonzero(numbers & (np.abs(la - lb) <= 1) & (np.minimum(la, lb) >= 2) & (ratio >= 0.4))
        maybe = maybe[osa(x[maybe], y[maybe], 1) == 1]
        place = np.array(
            [other_place(p, q) for p, q in zip(x[maybe].tolist(), y[maybe].tolist(), strict=True)], dtype=bool
        )
        found[maybe] = np.where(place, c.index("similar"), c.index("edit_1"))
        door = (self.door[a] == self.door[b]) & (self.door[a] >= 0) & (found > c.index("close"))
        found[door | (x == y)] = c.index("close")  # one names the area, or less of it
        far = ~fits[rest]
        near = far & (self.code[a] // 100 == self.code[b] // 100)
        same = found <= c.index("close")
        found[far & ~same] = c.size - 1
        found[far & same] = c.index("similar")
        found[near & same] = c.index("close")
        level[rest] = found
        return level


def _once(a: Places, b: Places) -> tuple[Places, Places, Places]:
    """The distinct pairs of two columns of codes, whichever comes first, and for every row which of them it has.

    There are few hospitals and diseases: every pair of names is judged once.
    """
    low, high = np.minimum(a, b), np.maximum(a, b)
    width = int(high.max(initial=0)) + 1
    distinct, inverse = np.unique(low * width + high, return_inverse=True)
    return distinct // width, distinct % width, inverse


class HospitalName(Comparison):
    """Hospitals: the same house, the same kind and number, or another."""

    levels = ("missing", "exact", "same_house", "similar", "kind", "else")
    tf = {"exact": "value", "same_house": "value"}
    away = True
    default_m = (0.7, 0.1, 0.05, 0.05, 0.1)
    default_u = (0.02, 0.01, 0.02, 0.15, 0.8)
    default_h = (0.2, 0.05, 0.02, 0.15, 0.58)
    circle = "place"

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedHospital":
        return PreparedHospital(self, rows[self.columns[0]])


class PreparedHospital(Prepared):
    def __init__(self, comparison: HospitalName, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = Coded(rows, lambda raw: hospitals.parse(str(raw)).plain)
        values = self.coded.values
        parsed = [hospitals.parse(v) for v in values]
        self.place = np.array([int(p.place[:4] or 0) for p in parsed] + [0], dtype=np.int32)
        self.county = np.array([int(p.place) if p.place[4:] not in ("", "00") else 0 for p in parsed] + [0])
        self.number = np.array([p.number for p in parsed] + [0], dtype=np.int32)
        kinds = Coded([p.kind for p in parsed])
        self.kind = np.append(kinds.codes, -1)
        self.tf["value"] = self.coded
        self.keys["exact"] = lambda: self.coded.derive(hospitals.key)

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = self.full(len(a))
        null = (a < 0) | (b < 0)
        level[a == b] = 1
        level[null] = 0
        rest = np.flatnonzero(~null & (a != b))
        if not len(rest):
            return level
        lo, hi, inverse = _once(a[rest], b[rest])
        ratio = cpdist(self.coded.objects[lo], self.coded.objects[hi], Indel.normalized_similarity)
        pa, pb = self.place[lo], self.place[hi]
        place = (pa == pb) & (pa > 0)
        here = (
            place | (pa == 0) | (pb == 0) | (((pa % 100 == 0) | (pb % 100 == 0)) & (pa // 100 == pb // 100))
        )
        number = self.number[lo] == self.number[hi]
        kind = (self.kind[lo] == self.kind[hi]) & (self.kind[lo] >= 0)
        inside = np.array(
            [x in y or y in x for x, y in zip(self.coded.objects[lo], self.coded.objects[hi], strict=True)],
            dtype=bool,
        )
        # 县人民医院 and 县中医院 are spelled alike and are two houses.
        other = (self.kind[lo] != self.kind[hi]) & (self.kind[lo] >= 0) & (self.kind[hi] >= 0)
        out = self.full(len(lo))
        out[kind & number] = c.index("kind")
        out[here & number & ~other & (ratio >= 0.7)] = c.index("similar")
        # One of a kind stands in a county, one of a kind and number in a city.
        known = (self.number[lo] > 0) | ((self.county[lo] == self.county[hi]) & (self.county[lo] > 0))
        same = here & number & ((inside & (kind | (ratio >= 0.6))) | (place & kind & known))
        out[same] = c.index("same_house")
        level[rest] = out[inverse]
        return level


class DiseaseName(Comparison):
    """Diseases: the same group or ICD-10 category, a kind of the other (白血病, C91.0), the same chapter, or another."""

    levels = ("missing", "exact", "group", "related", "similar", "chapter", "else")
    added = {"related": "chapter"}
    tf = {"exact": "group", "group": "group"}
    away = True
    default_m = (0.44, 0.24, 0.06, 0.04, 0.11, 0.11)
    default_u = (0.015, 0.02, 0.01, 0.01, 0.145, 0.8)
    default_h = (0.12, 0.08, 0.03, 0.02, 0.16, 0.59)
    circle = "place"

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedDisease":
        return PreparedDisease(self, rows[self.columns[0]])


class PreparedDisease(Prepared):
    def __init__(self, comparison: DiseaseName, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = Coded(rows, lambda raw: n.text(str(raw)).casefold())
        found = [diseases.classify(v) for v in self.coded.values]
        groups = Coded([d.group or d.plain for d in found])
        chapters = Coded([d.chapter for d in found])
        self.group = np.append(groups.codes, -1)
        self.chapter = np.append(chapters.codes, -1)
        #: Of each group those that it is a kind of.
        place = {group: code for code, group in enumerate(groups.values)}
        wider = [(*diseases.wider_groups(d.group), "", "")[:2] for d in found]
        self.wider = np.array([[place.get(w, -2) for w in row] for row in wider] + [[-2, -2]])
        self.plain = np.empty(len(found) + 1, dtype=object)
        self.plain[:-1] = [d.plain for d in found]
        self.plain[-1] = ""
        #: What names no illness says nothing against any.
        self.silent = np.append(groups.codes < 0, True)
        self.tf["group"] = self.coded.derive(
            lambda v: diseases.classify(v).group or diseases.classify(v).plain
        )
        self.keys["group"] = lambda: self.coded.derive(lambda v: diseases.family(diseases.classify(v)))

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = self.full(len(a))
        null = (a < 0) | (b < 0) | ((self.silent[a] | self.silent[b]) & (a != b))
        chapter = (self.chapter[a] == self.chapter[b]) & (self.chapter[a] >= 0)
        level[chapter] = c.index("chapter")
        other = np.flatnonzero(~null & (self.group[a] != self.group[b]))
        if len(other):
            lo, hi, inverse = _once(a[other], b[other])
            near = cpdist(self.plain[lo], self.plain[hi], Indel.normalized_similarity)
            level[other[(near >= 0.75)[inverse]]] = c.index("similar")
            kind = (self.wider[lo] == self.group[hi, None]) | (self.wider[hi] == self.group[lo, None])
            level[other[kind.any(axis=1)[inverse]]] = c.index("related")
        level[(self.group[a] == self.group[b]) & (self.group[a] >= 0)] = c.index("group")
        level[(a == b)] = c.index("exact")
        level[null] = 0
        return level

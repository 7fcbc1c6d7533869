"""Comparison of personal names, Chinese and Latin, whole, masked and familiar."""

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from ..values import characters as han
from ..values import nobody
from ..values import normalise as n
from . import latin
from .columns import Bools, Coded, Ints, Letters, Levels, Places, jaro, osa, strings
from .comparison import Comparison, Prepared

_SLOTS = 4
_WILD = 0


@lru_cache(maxsize=4096)
def _bit(word: str) -> int:
    """One of 64 bits by a hash that is the same in every process."""
    value = 0
    for char in word:
        value = (value * 131 + ord(char)) & 0xFFFFFFFF
    return 1 << ((value * 2654435761 >> 20) & 63)


def _reading_sets(value: str) -> list[tuple[str, ...]]:
    surname, given = n.split_name(value)
    sets: list[tuple[str, ...]] = []
    if surname in han.SURNAME_READINGS and len(surname) > 1:
        sets = [(s,) for s in han.SURNAME_READINGS[surname][0].split()]
    else:
        sets = [han.surname_readings(c) for c in surname]
    return sets + [han.readings(c) for c in given]


Sounds = tuple[frozenset[str], ...]


@cache
def _set(options: tuple[str, ...]) -> frozenset[str]:
    return frozenset(options)


@cache
def _mixed(options: tuple[str, ...]) -> frozenset[str]:
    """What accents make of the readings of a character."""
    return frozenset(map(han.accent, options))


@lru_cache(maxsize=50_000)
def _sounds(value: str) -> tuple[Sounds, Sounds]:
    """Readings of a Chinese name's characters, and the same with what accents mix folded together."""
    sets = _reading_sets(value)
    return tuple(map(_set, sets)), tuple(map(_mixed, sets))


def _alike(x: Sounds, y: Sounds) -> bool:
    """Whether two names of the same length can be read alike, each character in any of its readings."""
    return len(x) == len(y) and not any(p.isdisjoint(q) for p, q in zip(x, y, strict=True))


class PersonName(Comparison):
    """Whole names. Masked and familiar forms have levels of their own and never rank below disagreement."""

    levels = (
        "missing", "exact", "variant", "homophone", "romanised", "masked_given", "one_off", "sound",
        "masked_surname", "partial", "surname", "masked_else", "else",
    )  # fmt: skip
    tf = {
        "exact": "value", "variant": "value", "masked_surname": "surname", "surname": "surname",
        "masked_given": "surname",
    }  # fmt: skip
    masked = ("masked_given", "masked_surname")
    circle = "name"
    disagree = ("surname", "masked_else", "else")
    most = 0.12
    default_m = (0.80, 0.015, 0.05, 0.02, 0.02, 0.02, 0.01, 0.04, 0.005, 0.012, 0.001, 0.007)
    default_u = (4e-5, 1e-5, 5e-5, 2e-5, 3e-5, 4e-4, 1e-4, 1.2e-3, 2e-3, 0.03, 0.03, 0.94)
    default_h = (3e-4, 1e-5, 1e-4, 2e-5, 4e-3, 0.04, 3e-3, 0.02, 0.015, 0.5, 0.01, 0.408)
    own = {
        "exact": 1e-3, "variant": 1e-4, "homophone": 5e-4, "romanised": 1e-4, "masked_given": 0.02, "one_off": 0.1,
        "sound": 0.01, "partial": 0.05,
    }  # fmt: skip

    def related(self, shares: np.ndarray, u: np.ndarray) -> np.ndarray:
        """Who bears the same surname has a like name more often than strangers have."""
        same = float(u[: self.index("surname")].sum())
        return super().related(shares, u / max(same, float(u.max()) * 1e-3))

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedName":
        return PreparedName(self, rows[self.columns[0]])


class PreparedName(Prepared):
    def __init__(self, comparison: Comparison, rows: Sequence[Any]) -> None:
        super().__init__(comparison)
        self.coded = coded = Coded(rows, n.plain_name)
        #: Rows in which a relation or a proxy stands beside the name.
        self.beside: Bools = Coded(rows, lambda raw: "1" if nobody.beside(raw) else "").codes >= 0
        values = coded.values
        size = len(values) + 1
        self.han = np.zeros(size, dtype=bool)
        self.hidden = np.zeros(size, dtype=bool)
        self.length = np.zeros(size, dtype=np.int16)
        self.fold = np.full(size, -1, dtype=np.int32)
        self.surname = np.full(size, -1, dtype=np.int32)
        self.letters = np.full(size, -1, dtype=np.int32)
        self.chars = np.zeros((size, _SLOTS), dtype=np.int32)  # folded characters, 0 wild or none
        self.last = np.zeros(size, dtype=np.int32)
        self.middle_star = np.zeros(size, dtype=bool)
        #: Nothing of the name is shown.
        self.blank = np.array([not v.strip("* ") for v in values] + [True])
        self.compound = np.zeros(size, dtype=bool)
        self.accents = np.zeros((size, _SLOTS), dtype=np.uint64)
        folds: dict[str, int] = {}
        surnames: dict[str, int] = {}
        letters: dict[str, int] = {}
        for row, value in enumerate(values):
            self._describe(row, value, folds, surnames, letters)
        self.any_hidden = bool(self.hidden.any())
        self.all_han = bool(self.han[:-1].all())
        self.folded = Coded.of(self.fold[coded.codes], strings(list(folds)))
        self.plain_text = coded.objects
        self.sorted_text = strings([" ".join(sorted(v.split())) if " " in v else v for v in values])
        self.surname_text = coded.derive(_surname_text)
        if not self.all_han:
            self.latin = latin.Names(values)
            self.sorted_letters = Letters([" ".join(sorted(v.split())) for v in values])
            sorted_code: dict[str, int] = {}
            self.sorted_code = np.array(
                [sorted_code.setdefault(v, len(sorted_code)) for v in self.sorted_text[:-1].tolist()] + [-1],
                dtype=np.int32,
            )
            self.keys["words"] = lambda: coded.derive(latin.key)
        self.tf["value"] = self.folded
        self.tf["surname"] = self.surname_text
        self.keys["exact"] = lambda: coded.derive(
            lambda v: "" if n.is_masked_name(v) or len(v) < 2 else n.name(v)
        )
        self.keys["letters"] = lambda: coded.derive(
            lambda v: "" if n.is_masked_name(v) or len(v) < 2 else "".join(sorted(n.name_pinyin(v)))
        )
        self.keys["surname"] = lambda: coded.derive(n.surname_pinyin)
        self.keys["given"] = lambda: coded.derive(
            lambda v: "" if n.is_masked_name(v) else "".join(n.syllables(n.split_name(v)[1]))
        )

    def _describe(
        self, row: int, value: str, folds: dict[str, int], surnames: dict[str, int], letters: dict[str, int]
    ) -> None:
        nick = n.nickname_surname(value)
        is_han = any(han.is_han(c) for c in value) or not value.strip("*")
        self.han[row] = is_han
        self.hidden[row] = is_han and (bool(nick) or "*" in value)
        self.length[row] = len(value)
        self.fold[row] = folds.setdefault(n.name(value), len(folds))
        surname = _surname_text(value)
        self.surname[row] = surnames.setdefault(surname, len(surnames)) if surname else -1
        joined = "".join(sorted(n.name_pinyin(value)))
        self.letters[row] = letters.setdefault(joined, len(letters)) if joined else -1
        if not is_han:
            return
        shown = (nick + "*") if nick else n.name(value)
        for slot, char in enumerate(shown[:_SLOTS]):
            self.chars[row, slot] = _WILD if char == "*" else ord(char)
        self.last[row] = _WILD if shown[-1] == "*" else ord(shown[-1])
        self.middle_star[row] = "*" in shown[1:-1] and shown[-1] != "*"
        self.compound[row] = len(surname) == 2
        if self.hidden[row]:
            return
        sets = _reading_sets(value)
        for slot, options in enumerate(sets[:_SLOTS]):
            accents = 0
            for reading in options:
                accents |= _bit(han.accent(reading))
            self.accents[row, slot] = accents

    def hides(self) -> Ints:
        """The rows whose name hides a part."""
        return np.flatnonzero(self.hidden[self.coded.codes]).astype(np.int32)

    def judge(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        null = self.blank[a] | self.blank[b]
        level = self.full(len(a))
        level[null] = 0
        same = (a == b) & ~null
        if self.any_hidden:
            same &= ~self.hidden[a]
        level[same] = c.index("exact")
        if not self.all_han:
            level[same & self.latin.short[a]] = c.index("masked_given")
        rest = np.flatnonzero(~null & ~same)
        if not self.all_han:
            both = self.han[a[rest]] & self.han[b[rest]]
            other = rest[~both]
            level[other] = self._latin(a[other], b[other])
            rest = rest[both]
        if self.any_hidden:
            hidden = self.hidden[a[rest]] | self.hidden[b[rest]]
            level[rest[hidden]] = self._hidden(a[rest[hidden]], b[rest[hidden]])
            rest = rest[~hidden]
        level[rest] = self._chinese(a[rest], b[rest])
        return level

    def _chinese(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = self.full(len(a))
        if not len(a):
            return level
        la, lb = self.length[a], self.length[b]
        surname = self.surname[a] == self.surname[b]
        level[surname] = c.index("surname")
        # Sound: a cheap look at hashed readings, the real sets only where that leaves a chance.
        first = (self.accents[a, 0] & self.accents[b, 0]) != 0
        maybe = np.flatnonzero((la == lb) & first)
        for slot in range(1, _SLOTS):
            x, y = self.accents[a[maybe], slot], self.accents[b[maybe], slot]
            maybe = maybe[((x & y) != 0) | ((x | y) == 0)]
        homophone, sound = c.index("homophone"), c.index("sound")
        names = self.plain_text
        for k, p, q in zip(maybe.tolist(), names[a[maybe]].tolist(), names[b[maybe]].tolist(), strict=True):
            (one, loose_one), (two, loose_two) = _sounds(p), _sounds(q)
            if _alike(one, two):
                level[k] = homophone
            elif _alike(loose_one, loose_two):
                level[k] = sound
        undecided = level >= c.index("surname")
        # One character off, exchanged, added or lost.
        pa, pb = self.chars[a], self.chars[b]
        equal = (pa == pb) & (pa != 0)
        count = equal.sum(axis=1)
        longest = np.minimum(np.maximum(la, lb), _SLOTS)
        off = (la == lb) & (longest >= 3) & (count == longest - 1)
        turned = (la == lb) & (la == 3) & surname & (pa[:, 1] == pb[:, 2]) & (pa[:, 2] == pb[:, 1])
        level[undecided & (off | turned)] = c.index("one_off")
        shifted = (
            (np.abs(la - lb) == 1) & (np.minimum(la, lb) >= 2) & surname & (self.last[a] == self.last[b])
        )
        started = (np.abs(la - lb) == 1) & (np.minimum(la, lb) >= 2) & (count == np.minimum(la, lb))
        level[undecided & (shifted | started) & ~off & ~turned] = c.index("partial")
        long = np.flatnonzero(undecided & (np.maximum(la, lb) > _SLOTS))
        if len(long):
            texts = self.folded.objects
            gap = osa(texts[self.fold[a[long]]], texts[self.fold[b[long]]], 2)
            level[long[gap <= 2]] = c.index("one_off")
        level[self.fold[a] == self.fold[b]] = c.index("variant")
        return level

    def _words(self, a: Places, b: Places) -> Levels:
        """Two names in Latin letters. Where no word is shared, not even by its sound, the letters must be very alike."""
        c = self.comparison
        level = self.full(len(a))
        latin = self.latin
        share = latin.share(a, b)
        rows = np.flatnonzero(~share)
        common = self.sorted_letters.common(a[rows], b[rows])
        rows = rows[common >= 0.75 * np.maximum(self.length[a[rows]], self.length[b[rows]])]
        close = jaro(self.sorted_text[a[rows]], self.sorted_text[b[rows]])
        level[rows[close >= 0.92]] = c.index("sound")
        level[rows[close >= 0.96]] = c.index("one_off")
        rows = np.flatnonzero(share)
        if len(rows):
            for name, found in zip(_BY_WORDS, latin.levels(a[rows], b[rows]), strict=True):
                level[rows[found]] = c.index(name)
        same = self.sorted_code[a] == self.sorted_code[b]
        level[same] = c.index("romanised")
        level[same & latin.short[a]] = c.index("masked_given")
        return level

    def _hidden(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = np.full(len(a), c.index("masked_else"), dtype=np.uint8)
        if not len(a):
            return level
        pa, pb = self.chars[a], self.chars[b]
        alike = (self.surname[a] == self.surname[b]) & (self.surname[a] >= 0)
        told = alike | ((pa[:, 0] == pb[:, 0]) & (pa[:, 0] != _WILD))
        first = told | (pa[:, 0] == _WILD) | (pb[:, 0] == _WILD)
        # Of 欧阳修 the second character is still the surname.
        given = np.where(self.compound[a] & self.compound[b], 2, 1)
        rows = np.arange(len(a))
        ga, gb = pa[rows, given], pb[rows, given]
        second = (ga == gb) | (ga == _WILD) | (gb == _WILD)
        xa, xb = self.last[a], self.last[b]
        last = (xa == xb) | (xa == _WILD) | (xb == _WILD)
        long_enough = np.where(self.middle_star[a], self.length[b] >= 3, True) & np.where(
            self.middle_star[b], self.length[a] >= 3, True
        )
        fits = second & last & long_enough
        shown = ((xa == xb) & (xa != _WILD)) | ((ga == gb) & (ga != _WILD))
        fits &= first
        # 张* and 张三 agree in the surname, **三 and 张三 in as little; 张* and **三 in nothing that is seen.
        level[fits] = c.index("masked_surname")
        level[fits & told & shown] = c.index("masked_given")
        level[fits & ~told & ~shown] = 0
        return level

    def _latin(self, a: Places, b: Places) -> Levels:
        c = self.comparison
        level = self.full(len(a))
        if not len(a):
            return level
        both = ~self.han[a] & ~self.han[b]
        rows = np.flatnonzero(both)
        if len(rows):
            level[rows] = self._words(a[rows], b[rows])
        rows = np.flatnonzero(~both)
        values = self.coded.values
        for k in rows:
            p, q = values[a[k]], values[b[k]]
            if not self.han[a[k]]:
                p, q = q, p
            if not n.orders(p).isdisjoint(n.orders(q)):
                level[k] = c.index("romanised")
            elif n.sounds_as(p, q):
                hidden = n.is_masked_name(p)
                level[k] = c.index("masked_surname" if hidden else "surname")
            elif n.is_masked_name(p):
                level[k] = c.index("masked_else")
        # The same letters may be another name: Amy and May, Li An and 李娜.
        same = (self.letters[a] == self.letters[b]) & (self.letters[a] >= 0) & ~self.latin.short[a]
        rows = np.flatnonzero(same & both)
        pairs = zip(a[rows].tolist(), b[rows].tolist(), strict=True)
        turned = [not n.orders(values[p]).isdisjoint(n.orders(values[q])) for p, q in pairs]
        level[rows[np.array(turned, dtype=bool)]] = c.index("romanised")
        return level


#: From the least to the best that the words of two Latin names say (`latin.Names.levels`).
_BY_WORDS = ("surname", "sound", "masked_given", "partial", "one_off", "variant")


def _surname_text(value: str) -> str:
    """The folded surname of a Chinese name (also of 小王), the last word of a Latin one; '' where it is hidden."""
    if value.startswith("*"):
        return ""
    nick = n.nickname_surname(value)
    surname = nick or n.split_name(value)[0]
    if surname:
        return "".join(map(han.fold, surname))
    words = value.replace("*", " ").split()
    return words[-1] if words else ""

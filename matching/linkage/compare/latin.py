"""Whole names in Latin letters, word by word: middle names, initials, short forms, other spellings, any order."""

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..values import nicknames
from ..values.characters import is_han
from .columns import Bools, Places, jaro, osa, strings

#: Words of a name that are compared; longer names keep the first and the last ones.
WORDS = 5
#: What joins the parts of a name, and comes and goes.
_PARTICLES = frozenset((
    "al", "el", "ul", "bin", "ibn", "bint", "de", "da", "do", "das", "dos", "del", "della", "di", "du",
    "la", "le", "las", "los", "y", "e", "van", "von", "der", "den", "ter", "zu",
))  # fmt: skip
#: Father and son, behind the surname.
_GENERATIONS = frozenset(("jr", "sr", "ii", "iii", "iv"))
_VOWELS = re.compile(r"[aeiouyhw]+")
_TWICE = re.compile(r"(.)\1+")
_ALIKE = (
    ("sch", "S"), ("sh", "S"), ("ch", "S"), ("ph", "f"), ("th", "t"), ("gh", "g"), ("kh", "k"),
    ("ck", "k"), ("q", "k"), ("c", "k"), ("z", "s"),
)  # fmt: skip
#: How two words agree, from the best.
EQUAL, NEAR, SIMILAR, INITIAL, NONE = 4, 3, 2, 1, 0


@lru_cache(maxsize=4096)
def words(value: str) -> tuple[str, ...]:
    """The words of a normalised Latin name that say something: 'mohamed al masri' → ('mohamed', 'masri')."""
    if any(is_han(c) for c in value):
        return ()
    every = value.replace("*", " ").split()
    found = [w for w in every if w not in _PARTICLES] or every
    if len(found) > 2 and found[-1] in _GENERATIONS:
        found[-2:] = found[:-3:-1]  # the surname stands last
    return tuple(found if len(found) <= WORDS else [*found[: WORDS - 2], *found[-2:]])


@lru_cache(maxsize=4096)
def skeleton(word: str) -> str:
    """A word without vowels and doubles, spellings of one sound folded: Mohammed, Muhamad → mmd; '' for what is short.

    Two consonants are too few: John, Jean and Jane have the same.
    """
    for spelling, letter in _ALIKE:
        word = word.replace(spelling, letter)
    if not word:
        return ""
    head = "*" if word[0] in "aeiouy" else word[0]
    out = head + _TWICE.sub(r"\1", _VOWELS.sub(" ", word[1:])).replace(" ", "")
    return out if len(out) >= 3 else ""


@lru_cache(maxsize=4096)
def key(value: str) -> str:
    """First and last word by their skeletons, in either order: what other spellings and middle names leave."""
    found = words(value)
    if len(found) < 2:
        return ""
    return "|".join(sorted(skeleton(w) or w for w in (found[0], found[-1])))


class Names:
    """Distinct names as words, to be compared in pairs."""

    def __init__(self, values: list[str]) -> None:
        size = len(values) + 1
        known: dict[str, int] = {}
        self.words = np.full((size, WORDS), -1, dtype=np.int32)
        self.last = np.full(size, -1, dtype=np.int32)
        for row, value in enumerate(values):
            for slot, word in enumerate(words(value)):
                self.words[row, slot] = self.last[row] = known.setdefault(word, len(known))
        text = list(known)
        self.text = strings(text)
        self.length = np.array([len(w) for w in text] + [0], dtype=np.int16)
        self.initial = np.array([ord(w[0]) for w in text] + [0], dtype=np.int32)
        sounds: dict[str, int] = {}
        self.sound = np.array(
            [sounds.setdefault(s, len(sounds)) if (s := skeleton(w)) else -1 - k for k, w in enumerate(text)]
            + [-len(text) - 1],
            dtype=np.int32,
        )
        groups = [sorted(nicknames.groups(w))[:4] for w in text] + [[]]
        self.nick = np.zeros((len(groups), 4), dtype=np.int16)
        for row, numbers in enumerate(groups):
            self.nick[row, : len(numbers)] = [number + 1 for number in numbers]
        #: A name of which no more than a letter is said besides one word.
        whole = ((self.length[self.words] > 1) & (self.words >= 0)).sum(axis=1)
        self.short = (whole <= 1) & ((self.words >= 0).sum(axis=1) > whole)

    def related(self, a: Places, b: Places) -> tuple[NDArray[np.int8], Bools]:
        """How words agree (`EQUAL` to `NONE`), and whether one is the short form of the other."""
        pairs = np.minimum(a, b).astype(np.int64) * len(self.length) + np.maximum(a, b)
        pairs, inverse = np.unique(pairs, return_inverse=True)
        x, y = (v.astype(np.int32) for v in np.divmod(pairs, len(self.length)))
        lx, ly = self.length[x], self.length[y]
        shorter = np.minimum(lx, ly)
        first = self.initial[x] == self.initial[y]
        out = np.where((shorter == 1) & first, INITIAL, NONE).astype(np.int8)
        long = np.flatnonzero(shorter >= 3)
        p, q = self.text[x[long]], self.text[y[long]]
        gap = osa(p, q, 2)
        least = shorter[long]
        near = (
            ((gap == 1) & (least >= 4))
            | ((gap == 2) & (least >= 7))
            | (self.sound[x[long]] == self.sound[y[long]])
        )
        out[long[jaro(p, q) >= 0.86]] = SIMILAR
        out[long[(gap == 1) & first[long]]] = SIMILAR
        out[long[near]] = NEAR
        nx, ny = self.nick[x], self.nick[y]
        short = ((nx[:, :, None] == ny[:, None, :]) & (nx[:, :, None] > 0)).any(axis=(1, 2))
        out[short] = NEAR
        out[x == y] = EQUAL
        return out[inverse], short[inverse]

    def share(self, a: Places, b: Places) -> Bools:
        """Whether two names have a word, or the sound of one, in common."""
        out = np.zeros(len(a), dtype=bool)
        x, y = self.sound[self.words[a]], self.sound[self.words[b]]
        for slot in range(WORDS):
            for other in range(WORDS):
                out |= (x[:, slot] == y[:, other]) & (self.words[a, slot] >= 0) & (self.words[b, other] >= 0)
        return out

    def _side(
        self, own: NDArray[np.int32], best: NDArray[np.int8], nick: Bools, axis: int
    ) -> tuple[NDArray[np.intp], Bools, Bools, Bools]:
        """Of one name's words: how many have a counterpart; whether one is only similar, an initial, or slipped."""
        said = own >= 0
        letter = said & (self.length[own] == 1)
        full = (said & (best >= NEAR) & ~letter).sum(axis=1)
        similar = (said & (best == SIMILAR)).any(axis=1)
        initial = (said & (best == INITIAL)).any(axis=1) | letter.any(axis=1)
        return full, similar, initial, (said & (best == NEAR) & ~nick.any(axis=axis)).any(axis=1)

    def levels(self, a: Places, b: Places) -> list[Bools]:
        """Pairs by what their words say, the later the better: surname, sound, masked_given, partial, one_off, variant."""
        wa, wb = self.words[a], self.words[b]
        there = (wa >= 0)[:, :, None] & (wb >= 0)[:, None, :]
        place = np.flatnonzero(there.ravel())
        x = np.repeat(wa.ravel(), WORDS)[place]
        y = np.tile(wb, (1, WORDS)).ravel()[place]
        relation = np.zeros(there.shape, dtype=np.int8)
        nick = np.zeros(there.shape, dtype=bool)
        relation.ravel()[place], nick.ravel()[place] = self.related(x.astype(np.intp), y.astype(np.intp))
        mine, yours = relation.max(axis=2), relation.max(axis=1)
        # Each side's own words: what has no counterpart is a contradiction only where the other side has one too.
        alone = [((w >= 0) & (best == NONE)).any(axis=1) for w, best in ((wa, mine), (wb, yours))]
        clash = alone[0] & alone[1]
        count = [(w >= 0).sum(axis=1) for w in (wa, wb)]
        sides = [self._side(wa, mine, nick, 2), self._side(wb, yours, nick, 1)]
        # The name of fewer words says how they fit, of two of one length the one that fits worse: Wei Jie Wen has a word
        # that Wei Jie Wei has not, and not the other way round.
        fewer = [count[0] <= count[1], count[1] <= count[0]]
        full = np.minimum(*(np.where(f, side[0], WORDS) for f, side in zip(fewer, sides, strict=True)))
        similar, initial, slip = ((fewer[0] & sides[0][k]) | (fewer[1] & sides[1][k]) for k in (1, 2, 3))
        equal = (count[0] == count[1]) & ~alone[0] & ~alone[1]
        fits = ~clash & ~similar
        surname = ((wa == self.last[b][:, None]) & (wa >= 0)).any(axis=1) | (
            (wb == self.last[a][:, None]) & (wb >= 0)
        ).any(axis=1)
        two = fits & (full >= 2)
        return [
            surname, ~clash & similar & (full >= 1), fits & (full == 1) & initial, two, two & equal & ~initial, two & equal & ~initial & ~slip,
        ]  # fmt: skip

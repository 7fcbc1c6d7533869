"""Columns of a table as codes of their distinct values, and similarity over pairs of rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

Ints = NDArray[np.int32]
Levels = NDArray[np.uint8]
Bools = NDArray[np.bool_]


class Coded:
    """Distinct values and, for each row, the position of its value (-1: missing)."""

    __slots__ = ("_objects", "codes", "values")

    def __init__(self, rows: Sequence[Any], clean: Callable[[Any], str] | None = None) -> None:
        known: dict[Any, int] = {}
        raw: dict[Any, int] = {}
        codes = np.empty(len(rows), dtype=np.int32)
        for position, value in enumerate(rows):
            code = raw.get(value)
            if code is None:
                text = "" if value is None or value != value else (clean(value) if clean else value)
                code = -1 if text == "" or text is None else known.setdefault(text, len(known))
                raw[value] = code
            codes[position] = code
        self.codes: Ints = codes
        self.values: list[Any] = list(known)
        self._objects: NDArray[Any] | None = None

    @property
    def objects(self) -> NDArray[Any]:
        """The distinct values as an object array, to be taken by many codes at once."""
        if self._objects is None:
            self._objects = np.empty(len(self.values) + 1, dtype=object)
            self._objects[:-1] = self.values
            self._objects[-1] = ""
        return self._objects

    def derive(self, function: Callable[[Any], Any]) -> "Coded":
        """The same rows coded by a function of their value ('' : missing)."""
        inner = Coded([function(v) for v in self.values])
        out = object.__new__(Coded)
        lookup = np.append(inner.codes, np.int32(-1)).astype(np.int32)
        out.codes, out.values, out._objects = lookup[self.codes], inner.values, None
        return out

    def array(self, function: Callable[[Any], Any], dtype: Any, missing: Any = 0) -> NDArray[Any]:
        """A feature of each row: ``function`` of its value, ``missing`` where it has none."""
        distinct = np.array([function(v) for v in self.values] + [missing], dtype=dtype)
        return distinct[self.codes]


class Letters:
    """How many characters two values can have in common at most, without looking at them again.

    Characters are hashed to 64 bits; what two values share is at most the bits in common plus the smaller
    number of repeats. A bound that is never too low: it only spares comparisons that cannot succeed.
    """

    def __init__(self, values: Sequence[str]) -> None:
        size = len(values) + 1
        self.bits = np.zeros(size, dtype=np.uint64)
        self.repeats = np.zeros(size, dtype=np.int16)
        self.length = np.zeros(size, dtype=np.int16)
        for row, value in enumerate(values):
            mask = 0
            for char in value:
                mask |= 1 << (ord(char) * 37 & 63)
            self.bits[row] = mask
            self.length[row] = len(value)
            self.repeats[row] = len(value) - mask.bit_count()

    def common(self, a: Ints, b: Ints) -> NDArray[Any]:
        """Upper bound of shared characters for pairs of distinct values."""
        shared = np.bitwise_count(self.bits[a] & self.bits[b]).astype(np.int16)
        return shared + np.minimum(self.repeats[a], self.repeats[b])


def cpdist(a: NDArray[Any], b: NDArray[Any], scorer: Any, cutoff: Any = None) -> NDArray[Any]:
    """Element-wise similarity or distance of two arrays of strings, one core."""
    if len(a) == 0:
        return np.zeros(0)
    return process.cpdist(a.tolist(), b.tolist(), scorer=scorer, score_cutoff=cutoff, workers=1)


def osa(a: NDArray[Any], b: NDArray[Any], limit: int) -> NDArray[Any]:
    """Optimal string alignment distance; above ``limit`` it is only known to be above."""
    return cpdist(a, b, OSA.distance, limit)


def jaro(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Jaro-Winkler similarity, 0 to 1."""
    return cpdist(a, b, JaroWinkler.similarity)

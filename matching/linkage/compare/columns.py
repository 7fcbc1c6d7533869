"""Columns of a table as codes of their distinct values, and similarity over pairs of rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

Ints = NDArray[np.int32]
Levels = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]


#: From so many distinct values on, texts stand side by side in one block instead of as an object each.
COMPACT = 100_000
#: So many raw values are remembered while a column is cleaned.
REMEMBERED = 50_000


def strings(values: Sequence[Any]) -> NDArray[Any]:
    """The values and, behind the last, '' for 'missing', to be taken by many positions at once."""
    size = len(values)
    if size >= COMPACT and all(type(v) is str for v in values):
        try:
            out: NDArray[Any] = np.empty(size + 1, dtype=np.dtypes.StringDType())
            for start in range(0, size, 10_000):
                piece = values[start : start + 10_000]
                out[start : start + len(piece)] = np.array(piece, dtype=np.dtypes.StringDType())
            out[-1] = ""
            return out
        except UnicodeEncodeError:  # half of a surrogate pair
            pass
    out = np.empty(size + 1, dtype=object)
    out[:-1] = values
    out[-1] = ""
    return out


def places(codes: Ints, rows: Any) -> Places:
    """The codes of rows, in the width of an index: NumPy would convert narrower ones at every use."""
    return codes.take(rows).astype(np.intp)


class Coded:
    """Distinct values and, for each row, the position of its value (-1: missing)."""

    __slots__ = ("codes", "objects")

    def __init__(self, rows: "Sequence[Any] | Coded", clean: Callable[[Any], str] | None = None) -> None:
        if isinstance(rows, Coded):
            inner = Coded(rows.values, clean)
            self.codes: Ints = np.append(inner.codes, np.int32(-1))[rows.codes]
            #: The distinct values as an array, '' behind the last.
            self.objects: NDArray[Any] = inner.objects
            return
        known: dict[Any, int] = {}
        raw: dict[Any, int] = {}
        codes = np.empty(len(rows), dtype=np.int32)
        for position, value in enumerate(rows):
            code = raw.get(value)
            if code is None:
                text = "" if value is None or value != value else (clean(value) if clean else value)
                code = -1 if text == "" or text is None else known.setdefault(text, len(known))
                if len(raw) >= REMEMBERED:
                    raw.clear()
                raw[value] = code
            codes[position] = code
        self.codes = codes
        del raw
        self.objects = strings(list(known))

    @classmethod
    def of(cls, codes: Ints, objects: NDArray[Any]) -> "Coded":
        """Rows that are coded already; ``objects`` as `strings` makes them."""
        out = object.__new__(cls)
        out.codes, out.objects = codes, objects
        return out

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[Any]:
        """The value of every row; None where it has none."""
        for start in range(0, len(self.codes), 10_000):
            piece = self.codes[start : start + 10_000]
            values = self.objects[piece].tolist()
            yield from (v if k >= 0 else None for k, v in zip(piece.tolist(), values, strict=True))

    def at(self, rows: Any) -> Places:
        """The position of each of these rows' value."""
        return places(self.codes, rows)

    @property
    def values(self) -> Any:
        """The distinct values."""
        return self.objects[:-1]

    def derive(self, function: Callable[[Any], Any]) -> "Coded":
        """The same rows coded by a function of their value ('' : missing)."""
        return Coded(self, function)

    def array(self, function: Callable[[Any], Any], dtype: Any, missing: Any = 0) -> NDArray[Any]:
        """A feature of each row: ``function`` of its value, ``missing`` where it has none."""
        distinct = np.fromiter(map(function, self.values), dtype, len(self.values))
        return np.append(distinct, np.array([missing], dtype=dtype))[self.codes]


class Letters:
    """How many characters two values can have in common at most, without looking at them again.

    Every character, a repeated one as often as it stands there, is hashed to one of 64 bits; what two values share
    is at most the bits in common plus the smaller number of characters that fell on a bit taken already. A bound
    that is never too low: it only spares comparisons that cannot succeed.
    """

    def __init__(self, values: Sequence[str]) -> None:
        size = len(values) + 1
        self.bits = np.zeros(size, dtype=np.uint64)
        self.length = np.fromiter((*map(len, values), 0), np.int16, size)
        for start in range(0, size - 1, 10_000):
            self._hash(values[start : start + 10_000], start)
        self.repeats = self.length - np.bitwise_count(self.bits).astype(np.int16)

    def _hash(self, values: Sequence[str], start: int) -> None:
        letters = np.frombuffer("".join(values).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        if not len(letters):
            return
        row = np.repeat(np.arange(len(values)), self.length[start : start + len(values)])
        packed = row << 21 | letters
        packed.sort()
        new = np.concatenate([[True], packed[1:] != packed[:-1]])
        times = np.arange(len(packed)) - np.flatnonzero(new)[np.cumsum(new) - 1]
        # A to Z twice and the digits four times find a bit of their own.
        bits = np.uint64(1) << ((packed + 26 * times) & 63).astype(np.uint64)
        row = packed >> 21
        first = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        self.bits[start + row[first]] = np.bitwise_or.reduceat(bits, first)

    def common(self, a: Places, b: Places) -> NDArray[Any]:
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

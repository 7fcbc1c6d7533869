"""Which keys propose the pairs of a table: on single fields and on every two of them.

Keys come from the comparisons themselves. What strangers share is a key's cost; a person may have many rows.
"""

import tempfile
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any
from zlib import crc32

import numpy as np

from ..compare.columns import COMPACT, Bools, Ints
from ..compare.names import PreparedName
from ..compare.text import PreparedParts
from ..model import Table
from .candidates import MAX_BLOCK, Blocks, Key, Split, toward

#: Rows of a piece of a block (`divided`). A key may hold as many pairs of one person beside its share as a piece does.
PIECE = 24
#: Of a person with very many rows, so many teach (`teaching`).
TAUGHT = 20
#: So many rows tell how many of a key's pairs are of one person; from this share on its large blocks are.
PROBES = 200
ONE_PERSON = 0.5


class _Shelf:
    """Codes of a large table wait on disk; those of a small one in memory."""

    def __init__(self, rows: int) -> None:
        self.file = tempfile.TemporaryFile() if rows >= COMPACT else None  # noqa: SIM115 (lives with the keys)
        self.used = 0

    def put(self, codes: np.ndarray) -> Callable[[], np.ndarray]:
        file, place, size = self.file, self.used, len(codes)
        if file is None:
            return lambda: codes
        kept = codes.astype(np.int32)
        file.write(kept.data)
        self.used += kept.nbytes

        def load() -> np.ndarray:
            file.seek(place)
            return np.frombuffer(file.read(4 * size), dtype=np.int32)

        return load


def _joint(a: Callable[[], np.ndarray], b: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    return lambda: _both(a(), b())


def _both(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where((x >= 0) & (y >= 0), x.astype(np.int64) * (int(y.max(initial=0)) + 1) + y, -1)


def in_order(table: Table, split: Split) -> Ints:
    """The rows of each side sorted by a checksum of what they say: the same whatever their order in the table."""
    if table.order is None:
        columns = [
            (p.parts[0], p.values) if isinstance(p, PreparedParts) else (p.coded.codes, p.coded.objects)
            for p in table.prepared
        ]
        sums = np.zeros(split.rows, dtype=np.uint64)
        for codes, values in columns:
            each = np.fromiter(
                (crc32(v.encode("utf-8", "surrogatepass")) for v in values), np.uint64, len(values)
            )
            sums = sums * np.uint64(0x9E3779B97F4A7C15) + each[codes]
        right = np.arange(split.rows) >= (split.left if split.link else split.rows)
        table.order = np.lexsort((sums, right)).astype(np.int32)
    return table.order


class _Persons:
    """How many pairs of a key are of one person, as is believed before training: two fields that agree may be chance,
    three are none. A few rows are asked, whatever the order of the table the same."""

    def __init__(self, table: Table, split: Split) -> None:
        self.table, self.split = table, split
        people = min(split.left, split.rows - split.left) if split.link else split.rows
        self.params = table.model.default_params(prior=min(0.2 * people / max(split.total, 1), 0.1))

    def share(self, found: Blocks) -> float:
        """The share of one person's pairs among those of the blocks."""
        return self._of(*found.around(self._few(found.rows)))

    def of_crowds(self, codes: np.ndarray, rows: Ints) -> float:
        """The same among these rows and others of their code, however many these are."""
        some = np.flatnonzero(self._few(rows)).astype(np.int32)
        rows = rows[:: len(rows) // MET + 1]
        rows = rows[np.argsort(codes[rows], kind="stable")]
        start, end = (np.searchsorted(codes[rows], codes[some], side=side) for side in ("left", "right"))
        met = some[end > start], start[end > start], (end - start)[end > start]
        i = np.tile(met[0], 8)
        j = np.concatenate([rows[met[1] + met[2] * k // 8] for k in range(8)])
        keep = i != j
        return self._of(np.minimum(i, j)[keep], np.maximum(i, j)[keep])

    def _few(self, rows: Ints) -> np.ndarray:
        inside = np.zeros(self.split.rows, dtype=bool)
        inside[rows] = True
        order = in_order(self.table, self.split)
        out = np.zeros(len(inside), dtype=bool)
        out[order[inside[order]][:PROBES]] = True
        return out

    def _of(self, i: Ints, j: Ints) -> float:
        step = len(i) // MET + 1
        i, j = i[::step], j[::step]
        if not len(i):
            return 0.0
        weight = self.table.weigh(self.table.levels(i, j), i, j, self.params)
        return float((1 / (1 + np.exp2(-np.clip(weight, -200, 200)))).mean())


#: So many of the pairs of a few rows are weighed.
MET = 4_000


def divided(codes: np.ndarray, order: Sequence[np.ndarray], limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes whose blocks above ``limit`` rows are cut into pieces of `PIECE` rows that say alike things (``order``: codes of
    their other fields, the most telling first), and the pieces of a second cut, through the middle of those of the first.

    So all rows of a block hang together, at an effort that grows with its rows.
    """
    known = np.flatnonzero(codes >= 0)
    _, inverse, sizes = np.unique(codes[known], return_inverse=True, return_counts=True)
    large = sizes[inverse] > limit
    first, second = (np.full(len(codes), -1, dtype=np.int32) for _ in range(2))
    first[known[~large]] = inverse[~large]
    rows, block = known[large], inverse[large]
    place = np.lexsort((*(one[rows] for one in reversed(order)), block))
    rows, block = rows[place], block[place]
    new = np.concatenate([[True], block[1:] != block[:-1]])[: len(block)]
    rank = np.arange(len(block)) - np.maximum.accumulate(np.where(new, np.arange(len(block)), 0))
    for out, shift in ((first, 0), (second, PIECE // 2)):
        out[rows] = len(sizes) + np.cumsum(new | ((rank + shift) % PIECE == 0))
    return first, second


def keys(table: Table, split: Split, per_row: float = 40.0) -> list[Key]:
    """Keys that together make about ``per_row`` pairs of strangers a row, on as many different fields as possible.

    For every comparison, and for every two of them, the widest key that stays within its share: whatever two
    fields of a record are intact, some key rests on them. Pairs of one person (`_Persons`) are no cost, and where persons
    have so many rows that a key would be too wide or a block too large all the same, blocks are cut (`divided`).
    """
    shelf = _Shelf(split.rows)
    single: list[tuple[str, int, Callable[[], np.ndarray]]] = []
    tells: dict[int, tuple[int, Callable[[], np.ndarray]]] = {}
    for position, prepared in enumerate(table.prepared):
        for name, make in prepared.keys.items():
            codes = make().codes
            single.append((f"{prepared.comparison.name}:{name}", position, shelf.put(codes)))
            tells.setdefault(position, (int(codes.max(initial=-1)), single[-1][2]))
    groups: dict[tuple[int, ...], list[Key]] = {}
    second: dict[str, Key] = {}
    crowds: dict[tuple[int, ...], list[Key]] = {}
    persons = None if any(c.exactly for c in table.model.comparisons) else _Persons(table, split)

    def cut(name: str, group: tuple[int, ...], codes: np.ndarray, limit: int) -> list[tuple[Key, Blocks]]:
        others = sorted((k for k in tells if k not in group), key=lambda k: (-tells[k][0], k))
        out = []
        for number, part in enumerate(divided(codes, [tells[k][1]() for k in others[:2]], limit)):
            blocks = Blocks.of(part, split)
            out.append((Key(f"{name}/{number + 1}", group, blocks.pairs, shelf.put(part), many=True), blocks))
        return out

    def add(name: str, group: tuple[int, ...], make: Callable[[], np.ndarray], share: float) -> None:
        codes = make()
        blocks = Blocks.of(codes, split)
        room = share * split.rows
        finest = len(group) > 1 or (len(tells) == 1 and name == single[0][0])
        key = Key(name, group, blocks.pairs, make, many=blocks.many and len(group) > 1)
        fits = blocks.pairs <= room
        if persons is not None and not fits:
            same = persons.share(blocks)
            often = same > ONE_PERSON / 2
            fits = often and blocks.pairs <= min(room + PIECE // 2 * split.rows, room / (1 - same + 1e-9))
            if often and not fits and finest:
                (key, blocks), (again, _) = cut(name, group, codes, PIECE)
                fits = (key.pairs + again.pairs) * (1 - persons.share(blocks)) <= room
                second[key.name] = again
        if persons is not None and finest and len(blocks.crowded):
            crowd = blocks.crowded
            if len(group) == 1 or persons.of_crowds(codes, crowd) >= ONE_PERSON:
                only = np.full(len(codes), -1, dtype=codes.dtype)
                only[crowd] = codes[crowd]
                parts = [part for part, _ in cut(name, group, only, MAX_BLOCK)]
                if parts[0].pairs > max((k.pairs for k in crowds.get(group, ())), default=0):
                    crowds[group] = parts
        if key.pairs and fits:
            groups.setdefault(group, []).append(key)

    for name, position, make_codes in single:
        add(name, (position,), make_codes, per_row / 4)
    for (name_a, pos_a, a), (name_b, pos_b, b) in combinations(single, 2):
        if pos_a != pos_b:
            add(f"{name_a}+{name_b}", (pos_a, pos_b), _joint(a, b), per_row / 8)
    found = [k for fitting in groups.values() for k in two(fitting)]
    found += [second[k.name] for k in found if k.name in second]
    found += [k for parts in crowds.values() for k in parts]
    found += _of_hidden(table, split, single, per_row)
    return sorted(found, key=lambda k: (k.pairs, k.name))


def two(fitting: list[Any]) -> list[Any]:
    """The widest of the keys on some fields, and the widest of those that rest on other parts of them: by the year of a
    birth date the one, by its month and day the other."""
    widest, *others = sorted(fitting, key=lambda k: (k.pairs, k.name), reverse=True)
    parts = set(widest.name.split("+"))
    apart = [k for k in others if parts.isdisjoint(k.name.split("+"))]
    return [widest, *(apart or others)[:1]]


def teaching(table: Table, split: Split) -> Bools | None:
    """The rows to learn from; None: all.

    Of what two fields hold together, and is believed to be one person with more than twice `TAUGHT` rows, so many: what
    one patient's five hundred visits say would pass for what people have in common.
    """
    persons = _Persons(table, split)
    place = np.empty(split.rows, dtype=np.int64)
    place[in_order(table, split)] = np.arange(split.rows)
    out = np.ones(split.rows, dtype=bool)
    firsts = [next(iter(p.keys.values()))().codes for p in table.prepared if p.keys]
    for a, b in combinations(firsts, 2):
        codes = np.where(out, _both(a, b), -1)
        known = np.flatnonzero(codes >= 0)
        _, inverse, sizes = np.unique(codes[known], return_inverse=True, return_counts=True)
        rows = known[sizes[inverse] > 2 * TAUGHT].astype(np.int32)
        if len(rows) and persons.of_crowds(codes, rows) >= ONE_PERSON:
            rows = rows[np.lexsort((place[rows], codes[rows]))]
            block = codes[rows]
            new = np.concatenate([[True], block[1:] != block[:-1]])
            rank = np.arange(len(rows)) - np.maximum.accumulate(np.where(new, np.arange(len(rows)), 0))
            out[rows[rank >= TAUGHT]] = False
    return None if out.all() else out


#: The keys by which a row with a hidden name is looked for, two or three together.
SHOWN = ("surname", "year", "exact", "city", "group")


def _of_hidden(
    table: Table, split: Split, single: list[tuple[str, int, Callable[[], np.ndarray]]], per_row: float
) -> list[Key]:
    """Keys for the rows whose name hides a part: no number, no telephone and no name finds them.

    They are few, so what would be too wide for all rows is not for them: every two of surname, year, place, hospital and
    illness, or three where two are too wide.
    """
    names = [p for p in table.prepared if isinstance(p, PreparedName)]
    hidden = np.unique(np.concatenate([p.hides() for p in names])) if names else np.zeros(0, dtype=np.int32)
    if not len(hidden):
        return []
    room = min(per_row / 2 * len(hidden), per_row / 8 * split.rows)
    shown = [
        one
        for one in single
        if one[0].rpartition(":")[2] in SHOWN and 2 * (one[2]()[hidden] >= 0).sum() > len(hidden)
    ]
    shown = [
        one
        for one in shown
        if not (one[0].endswith(":exact") and isinstance(table.prepared[one[1]], PreparedName))
    ]
    out: list[Key] = []
    taken: set[frozenset[str]] = set()
    for size in (2, 3):
        for keys_here in combinations(shown, size):
            group = tuple(position for _, position, _ in keys_here)
            labels = frozenset(name for name, _, _ in keys_here)
            if len(set(group)) < size or any(known <= labels for known in taken):
                continue
            make = keys_here[0][2]
            for _, _, other in keys_here[1:]:
                make = _joint(make, other)
            pairs = sum(len(i) for i, _ in toward(make(), hidden, split))
            if 0 < pairs <= room:
                out.append(Key("+".join(sorted(labels)), group, pairs, make, hidden))
                taken.add(labels)
    return out

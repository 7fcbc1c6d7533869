"""Results as people and programs read them: pairs and groups, in words or under names that never change.

A csv or parquet is for programs: its columns, outcomes and levels are called what they always were. A sheet is for people:
its words are Chinese (or English), what needs a look stands first, and its first page says what was done.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..labels import COLUMNS, FLAGS, FLAGS_EN, LEVELS, LEVELS_EN, OUTCOMES, SILENCED, SILENCED_EN
from ..tables.pipeline import Linked, Piece
from ..words import language, say
from .reading import ROWS
from .writing import Page, is_sheet, rows_into

if TYPE_CHECKING:
    from ..ondisk.linking import OnDisk

#: Outcomes in the order in which people look at them.
ORDER = ("review", "accept", "reject")
#: Columns of a sheet are so wide, by the kind of what stands in them.
WIDTHS: dict[str, float] = {
    "name": 10, "given_name": 9, "surname": 8, "birth_date": 14, "age": 7, "sex": 7, "id_number": 21, "phone": 17,
    "email": 22, "address": 26, "area": 14, "postcode": 9, "hospital": 18, "disease": 16, "text": 16,
}  # fmt: skip
#: What stands in rows: column → row number → text.
Seen = Mapping[str, Mapping[int, str]]


@dataclass(frozen=True)
class Worded:
    """The words of a result: ``zh`` Chinese, ``en`` English under the names that programs read; ``codes`` these names alone;
    '' these with `FLAGS` in Chinese."""

    language: str

    @classmethod
    def of(cls, out: Path, asked: str | None) -> "Worded":
        """Those of a file: a sheet speaks as the terminal does, another as it ever did unless it was asked for."""
        return cls(language() if is_sheet(out) else "codes" if asked == "en" else asked or "")

    def column(self, name: str) -> str:
        return COLUMNS[name] if self.language == "zh" else name

    def compared(self, label: str, beside: bool = False) -> str:
        """The heading above the levels of a comparison, also beside the column of what is compared."""
        if self.language == "zh":
            for part, word in (("_surname", "姓"), ("_middle", "中间名")):  # `habits.name_parts`
                label = f"{label.removesuffix(part)}（{word}）" if label.endswith(part) else label
            return f"{label} 比对"
        return f"{label} level" if beside else label

    def outcome(self, outcome: str) -> str:
        return OUTCOMES[outcome] if self.language == "zh" else outcome

    def levels(self, levels: Sequence[str]) -> Sequence[str]:
        """Words for levels; those of models from elsewhere have no other than their own."""
        words = {"zh": LEVELS, "en": LEVELS_EN}.get(self.language)
        return [words.get(level, level) for level in levels] if words else levels

    def silenced(self, level: str, left: str | None, right: str | None) -> str:
        """The word for a level that is missing although both sides say something."""
        if not (left and right) or level not in (LEVELS["missing"], LEVELS_EN["missing"]):
            return level
        return SILENCED if self.language == "zh" else SILENCED_EN

    def flags(self, flags: Sequence[str]) -> str:
        if self.language == "codes":
            return " ".join(flags)
        return (
            "; ".join(map(FLAGS_EN.__getitem__, flags))
            if self.language == "en"
            else "；".join(map(FLAGS.__getitem__, flags))
        )


@dataclass(frozen=True)
class Tally:
    """Per pair of a result, its outcome as a place in `ORDER`, and whether something is odd about it."""

    outcome: np.ndarray
    odd: np.ndarray

    @classmethod
    def of(cls, result: Linked) -> "Tally":
        outcome, odd = [np.zeros(0, dtype=np.int8)], [np.zeros(0, dtype=bool)]
        for piece in result.pieces():
            outcome.append(np.array([ORDER.index(one) for one in piece.outcome], dtype=np.int8))
            odd.append(np.array([bool(flags) for flags in piece.flags], dtype=bool))
        return cls(np.concatenate(outcome), np.concatenate(odd))

    def first(self, result: Linked) -> Linked:
        """The same pairs: those for review first, the odd and the likely before; of the accepted the least sure first."""
        weight = np.where(self.outcome == ORDER.index("accept"), result.weight, -result.weight)
        order = np.lexsort((weight, ~self.odd, self.outcome))
        return replace(
            result, i=result.i[order], j=result.j[order], weight=result.weight[order],
            probability=result.probability[order], alone=result.alone[order],
        )  # fmt: skip


@dataclass(frozen=True)
class Groups:
    """Per row of all tables: its group's number from 1 (those to be looked at first, singles last), size, and whether
    it is to be looked at; groups that may be the same person; rows in order."""

    number: np.ndarray
    size: np.ndarray
    look: np.ndarray
    also: Mapping[int, Sequence[int]]
    order: np.ndarray

    @classmethod
    def of(cls, result: Linked, tally: Tally) -> "Groups":
        _, first, group, counts = np.unique(
            result.label, return_index=True, return_inverse=True, return_counts=True
        )
        some = np.flatnonzero(tally.outcome == ORDER.index("review"))
        x, y = group[result.i[some]], group[result.j[some]]
        look = np.zeros(len(counts), dtype=bool)
        look[x] = look[y] = True
        ranked = np.lexsort((first, counts == 1, ~look))
        place = np.empty(len(counts), dtype=np.int64)
        place[ranked] = np.arange(1, len(counts) + 1)
        also: dict[int, list[int]] = {}
        for one, other in zip(place[x].tolist(), place[y].tolist(), strict=True):
            if one != other:
                also.setdefault(one, []).append(other)
                also.setdefault(other, []).append(one)
        number = place[group]
        return cls(
            number, counts[group], look[group], {k: sorted(set(v)) for k, v in also.items()},
            np.argsort(number, kind="stable"),
        )  # fmt: skip

    @property
    def shared(self) -> int:
        """How many groups have more than one row."""
        return len(np.unique(self.number[self.size > 1]))

    @property
    def count(self) -> int:
        return int(self.number.max(initial=0))

    @property
    def looks(self) -> int:
        """How many groups are to be looked at."""
        return len(np.unique(self.number[self.look]))


def write_pairs(
    result: "Linked | OnDisk", ids: Any, part: Path, worded: Worded | None = None, excel: bool = False
) -> Counter[str]:
    """The pairs of a result for programs; returns how many have which outcome."""
    outcomes: Counter[str] = Counter()
    words = worded or Worded("")
    with ExitStack() as stack:
        heads = [
            words.column(name) for name in ("left", "right", "weight", "probability", "outcome", "flags")
        ]
        sink = rows_into(stack, part, [*heads, *map(words.compared, result.model.names)], excel)
        for left, right, piece in result.named(ids):
            columns = [
                left, right, *_weights(piece), map(words.outcome, piece.outcome),
                map(words.flags, piece.flags), *map(words.levels, piece.levels.values()),
            ]  # fmt: skip
            sink(zip(*columns, strict=True))
            outcomes.update(piece.outcome)
    return outcomes


def _weights(piece: Piece) -> tuple[list[float], list[float]]:
    return piece.weight.astype(np.float64).round(4).tolist(), piece.probability.astype(np.float64).round(
        6
    ).tolist()


def _both(left: str | None, right: str | None) -> str | None:
    """What two rows hold, one above the other; once where it is the same."""
    nothing = say("（空）", "(empty)")
    return left if left == right else f"{left or nothing}\n{right or nothing}"


def show_pairs(
    result: Linked,
    ids: np.ndarray,
    part: Path,
    about: Sequence[tuple[str, str]],
    seen: Seen,
    kinds: Mapping[str, str],
) -> Counter[str]:
    """The pairs of a result for people, in its order: per field what both rows hold, one above the other and once where it
    is the same, and how alike that is."""
    outcomes: Counter[str] = Counter()
    words = Worded(language())
    compared = result.model.names
    names = [*(c for c in kinds if c in seen or c in compared), *(c for c in compared if c not in kinds)]
    outcome, left, right, flags, probability, weight = (
        words.column(name) for name in ("outcome", "left", "right", "flags", "probability", "weight")
    )
    header, widths = [outcome, left, right, flags], [8.0, 9.0, 9.0, 26.0]
    for name in names:
        if name in seen:
            header.append(name)
            widths.append(WIDTHS.get(kinds.get(name, ""), 16))
        if name in compared:
            header.append(words.compared(name, name in seen))
            widths.append(10)
    page = Page(say("相同的人", "pairs"), about, [*widths, 9, 8], (0, words.outcome("review")), frozen="D2")
    with ExitStack() as stack:
        sink = rows_into(stack, part, [*header, probability, weight], False, page)
        for piece in result.pieces():
            weights, probabilities = _weights(piece)
            reasons = [
                words.flags(odd or ("not_enough",) if said == "review" else odd)
                for said, odd in zip(piece.outcome, piece.flags, strict=True)
            ]
            columns: list[Sequence[Any]] = [
                list(map(words.outcome, piece.outcome)), ids[piece.i].tolist(), ids[piece.j].tolist(), reasons,
            ]  # fmt: skip
            for name in names:
                levels = words.levels(piece.levels.get(name, ()))
                if name in seen:
                    sides = [[seen[name].get(k) for k in rows.tolist()] for rows in (piece.i, piece.j)]
                    columns.append([_both(*both) for both in zip(*sides, strict=True)])
                    levels = [
                        words.silenced(level, *both) for level, *both in zip(levels, *sides, strict=True)
                    ]
                columns.append(levels)
            sink(zip(*columns, probabilities, weights, strict=True))
            outcomes.update(piece.outcome)
    return outcomes


def write_clusters(
    result: "Linked | OnDisk", ids: Any, part: Path, worded: Worded | None = None, excel: bool = False
) -> None:
    """The clusters of a result for programs, every record on its line, in the order of the tables."""
    words = worded or Worded("")
    with ExitStack() as stack:
        header = [words.column(name) for name in ("source", "id", "cluster")]
        sink = rows_into(stack, part, header, excel)
        for start in range(0, len(ids), ROWS):
            piece = slice(start, start + ROWS)
            sources = [
                "a" if k < result.split.left or not result.split.link else "b"
                for k in range(*piece.indices(len(ids)))
            ]
            sink(zip(sources, ids[piece].tolist(), result.label[piece].tolist(), strict=True))


def show_groups(
    result: Linked,
    ids: np.ndarray,
    part: Path,
    groups: Groups,
    about: Sequence[tuple[str, str]],
    tables: Sequence[str],
    seen: Seen,
    kinds: Mapping[str, str],
) -> None:
    """The groups of a result for people: those that need a look first, whoever stands alone last."""
    words = Worded(language())
    heads = [words.column(name) for name in ("cluster", "size", "outcome", "source", "id", "also")]
    number, size, outcome, source, id_, also = heads
    linked = result.split.link
    header = [number, size, outcome, *([source] if linked else []), id_, *seen, also]
    widths = [7, 6, 8, *([16] if linked else []), 10, *(WIDTHS.get(kinds.get(c, ""), 16) for c in seen), 12]
    page = Page(say("分组", "groups"), about, widths, (2, words.outcome("review")), frozen="D2", group=0)

    def rows() -> Iterator[list[Any]]:
        for start in range(0, len(groups.order), ROWS):
            some = groups.order[start : start + ROWS]
            for k, name in zip(some.tolist(), ids[some].tolist(), strict=True):
                group, many = int(groups.number[k]), int(groups.size[k])
                said = "review" if groups.look[k] else "accept" if many > 1 else ""
                others = groups.also.get(group, ())
                shown = "、".join(map(str, others[:5])) + ("……" if len(others) > 5 else "")
                yield [
                    group, many, words.outcome(said) if said else None,
                    *([tables[k >= result.split.left]] if linked else []), name, *(values.get(k) for values in seen.values()),
                    say(f"第 {shown} 组", f"group {shown}") if others else None,
                ]  # fmt: skip

    with ExitStack() as stack:
        rows_into(stack, part, header, False, page)(rows())

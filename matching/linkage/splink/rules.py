"""Blocking rules of Splink settings: equalities between the two sides, read as keys."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np

from .. import stored
from ..compare.columns import Ints
from ..tables.candidates import MAX_BLOCK, MOST_BETWEEN, Blocks, Key, Split
from ..words import say
from .functions import day, number
from .sql import LONGEST, Expression, Parser, uncommented

_SIDE = re.compile(r"""(?<![\w"`.])["`]?([lr])["`]?\.(?:"([^"]+)"|`([^`]+)`|(\w+))""")


@dataclass(frozen=True)
class Rule:
    """Equalities that hold together: what the left row has, and the right one; ``same`` where that is one expression."""

    text: str
    left: tuple[Expression, ...]
    right: tuple[Expression, ...]
    same: bool
    columns: frozenset[str]

    def key(self, rows: Mapping[str, Any], split: Split) -> tuple[Key, int]:
        """The rule as a key, and how many of its blocks are so large that they are left out."""
        row = {f"{c}_l": [None if v == "" or v != v else v for v in rows[c]] for c in self.columns}
        left = [part(row, split.rows) for part in self.left]
        known: dict[tuple[Any, ...], int] = {}
        if self.same:
            codes = _codes(left, known)
            blocks = Blocks.of(codes, split)
            key = Key(self.text, (), blocks.pairs, partial(_kept, codes))
            return key, len(np.unique(codes[blocks.crowded]))
        right = [part(row, split.rows) for part in self.right]
        both = [_alike(a, b) for a, b in zip(left, right, strict=True)]
        ours, theirs = _codes([a for a, _ in both], known), _codes([b for _, b in both], known)
        if split.link:
            ours[split.left :] = theirs[: split.left] = -1
        crowded = _without_crowds(ours, theirs, len(known), split)
        size = int(_spans(ours, theirs, split)[2].sum())
        none = np.full(split.rows, -1, dtype=np.int64)
        key = Key(self.text, (), size, partial(_kept, none), across=partial(_across, ours, theirs, split))
        return key, crowded


def read(body: Mapping[str, Any]) -> list[Rule]:
    """The blocking rules of settings. Raises ValueError naming every one that is no equality."""
    out, odd = [], []
    dialect = str(body.get("sql_dialect") or "duckdb")
    key = "blocking_rules_to_generate_predictions"
    for entry in stored.listed(body.get(key) or [], key):
        text = str(entry.get("blocking_rule") if isinstance(entry, Mapping) else entry)
        if re.fullmatch(r"\s*\(?\s*1\s*=\s*1\s*\)?\s*", text):
            return []
        if isinstance(entry, Mapping) and entry.get("arrays_to_explode"):
            odd.append(text)
            continue
        try:
            out.append(_rule(text, dialect))
        except (ValueError, RecursionError):
            odd.append(text)
    if odd:
        shown = "\n".join(odd)
        raise ValueError(
            say(
                f"这些 blocking_rules_to_generate_predictions 不是“两边相等”，读不了；请改写，或全部去掉（就由我们自己找）：\n{shown}",
                "these blocking_rules_to_generate_predictions are no equalities of the two sides; rewrite them, or take out "
                f"all of them (then our own keys serve):\n{shown}",
            )
        )
    return out


def _rule(text: str, dialect: str) -> Rule:
    if len(text) > LONGEST:
        raise ValueError(text[:100])
    text = uncommented(text)
    parts: dict[str, list[Expression]] = {"l": [], "r": []}
    columns: set[str] = set()
    same = True
    for clause in _split(_bare(text), "AND"):
        sides: dict[str, str] = {}
        for side in _split(_bare(clause), "="):
            of = {hit[1] for hit in _SIDE.finditer(side)}
            if len(of) != 1 or of & set(sides):
                raise ValueError(text)
            sides[of.pop()] = _SIDE.sub(lambda hit: f'"{hit[2] or hit[3] or hit[4]}_l"', side.strip())
        if len(sides) != 2:
            raise ValueError(text)
        same &= sides["l"] == sides["r"]
        for end, side in sides.items():
            parser = Parser(side, dialect)
            parts[end].append(parser.value())
            columns |= parser.columns
    return Rule(text, tuple(parts["l"]), tuple(parts["r"]), same, frozenset(columns))


def _bare(text: str) -> str:
    """Without brackets around the whole."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for place, sign in enumerate(text):
            depth += (sign == "(") - (sign == ")")
            if not depth and place < len(text) - 1:
                return text
        text = text[1:-1].strip()
    return text


def _split(text: str, by: str) -> list[str]:
    """At a word or sign outside of brackets and quotes."""
    out, depth, start, quote = [], 0, 0, ""
    pattern = re.compile(rf"\b{by}\b" if by.isalpha() else r"(?<![<>!=])=(?!=)", re.IGNORECASE)
    place = 0
    while place < len(text):
        sign = text[place]
        if quote or sign in "'\"`":
            quote = "" if sign == quote else quote or sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif not depth and (hit := pattern.match(text, place)):
            out.append(text[start:place])
            place = start = hit.end()
            continue
        place += 1
    return [*out, text[start:]]


def _kept(codes: np.ndarray) -> np.ndarray:
    return codes


def _codes(values: Sequence[Sequence[Any]], known: dict[tuple[Any, ...], int]) -> np.ndarray:
    """A code per row, -1 where a value is NULL."""
    return np.array(
        [
            -1 if any(v is None for v in value) else known.setdefault(value, len(known))
            for value in zip(*values, strict=True)
        ],
        dtype=np.int64,
    )


def _alike(a: Sequence[Any], b: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """Two columns of one type: text is read as numbers or days where the other holds such."""
    kinds = {type(v) for values in (a, b) for v in values if v is not None}
    if str not in kinds or len(kinds) == 1:
        return a, b
    make = day if any(issubclass(kind, date) for kind in kinds) else number
    one, two = ([None if v is None else make(v) for v in values] for values in (a, b))
    return one, two


def _without_crowds(ours: np.ndarray, theirs: np.ndarray, size: int, split: Split) -> int:
    """Takes codes that too many rows have from both sides; how many they were."""
    left, right = (np.bincount(codes[codes >= 0], minlength=max(size, 1)) for codes in (ours, theirs))
    large = np.maximum(left, right) > MAX_BLOCK
    large &= (left * right > MOST_BETWEEN) if split.link else (left * right > 0)
    for codes in (ours, theirs):
        codes[(codes >= 0) & large[codes]] = -1
    return int(large.sum())


def _spans(ours: np.ndarray, theirs: np.ndarray, split: Split) -> tuple[Ints, np.ndarray, np.ndarray, Ints]:
    """Left rows, where their right rows begin, how many these are, and all right rows in the order of their codes."""
    right = np.flatnonzero(theirs >= 0)
    packed = np.sort(theirs[right] * split.rows + right)
    rows = np.flatnonzero(ours >= 0)
    first = np.searchsorted(packed, ours[rows] * split.rows + rows, side="right")
    count = np.searchsorted(packed, (ours[rows] + 1) * split.rows, side="left") - first
    return rows.astype(np.int32), first, count, (packed % split.rows).astype(np.int32)


def _across(
    ours: np.ndarray, theirs: np.ndarray, split: Split, size: int = 60_000
) -> Iterator[tuple[Ints, Ints]]:
    """The pairs of a left row with the right rows behind it, about ``size`` at a time."""
    rows, first, count, right = _spans(ours, theirs, split)
    total = np.cumsum(count, dtype=np.int64)
    start = 0
    while start < len(rows):
        done = int(total[start - 1]) if start else 0
        end = max(int(np.searchsorted(total, done + size, side="right")), start + 1)
        some = count[start:end]
        shift = np.repeat(first[start:end] - np.cumsum(some) + some, some)
        if len(shift):
            yield np.repeat(rows[start:end], some), right[shift + np.arange(len(shift))]
        start = end

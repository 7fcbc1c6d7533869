"""Patterns of SQL that come from elsewhere, matched in bounded time: LIKE, and regular expressions as RE2 has them."""

import re
from functools import lru_cache
from typing import Any

from .words import say

#: Characters of a pattern; steps that a pattern may take on one text, at worst.
LONGEST, STEPS = 1_000, 2e7
#: A part that comes so often may vary within.
FEW = 10
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT")
#: RE2, which runs a model where it was made, has none of these.
_UNKNOWN = ("GROUPREF", "GROUPREF_EXISTS", "ASSERT", "ASSERT_NOT", "ATOMIC_GROUP", "POSSESSIVE_REPEAT")


def like(value: str, pattern: str) -> bool:
    """SQL's LIKE: % is any text, _ any character. Takes time in proportion to both, whatever stands in them."""
    first, *rest = pattern.split("%")
    if not rest:
        return len(value) == len(first) and _at(value, first, 0)
    *middle, last = rest
    end = len(value) - len(last)
    if end < len(first) or not _at(value, first, 0) or not _at(value, last, end):
        return False
    place = len(first)
    for part in filter(None, middle):
        place = _find(value, part, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def _at(value: str, part: str, place: int) -> bool:
    if "_" not in part:
        return value.startswith(part, place)
    return len(value) >= place + len(part) and all(
        p in ("_", v) for p, v in zip(part, value[place : place + len(part)], strict=True)
    )


def _find(value: str, part: str, start: int, end: int) -> int:
    if "_" not in part:
        return value.find(part, start, end)
    return next((k for k in range(start, end - len(part) + 1) if _at(value, part, k)), -1)


def extract(value: str, pattern: str, group: float = 1) -> str:
    """What a regular expression's group holds in a text, '' where there is none. Raises ValueError for patterns that are
    none, or that could search without end."""
    found = _compiled(pattern)
    if not 0 <= group <= found.groups:
        raise ValueError(say(f"{pattern!r} 没有第 {group:g} 组", f"{pattern!r} has no group {group:g}"))
    if len(value) * _steps(pattern, len(value)) > STEPS:
        raise ValueError(
            say(
                f"{pattern!r} 在 {len(value):,} 个字里要找太久，请改写",
                f"{pattern!r} searches {len(value):,} characters for too long: write it otherwise",
            )
        )
    hit = found.search(value)
    return (hit.group(int(group)) or "") if hit else ""


@lru_cache(1000)
def _compiled(pattern: str) -> "re.Pattern[str]":
    if len(pattern) > LONGEST:
        raise ValueError(say("正则表达式太长", "a regular expression is too long"))
    try:
        found = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(
            say(f"{pattern!r} 不是正则表达式（{error}）", f"{pattern!r} is no regular expression: {error}")
        ) from error
    _steps(pattern, 1)
    return found


@lru_cache(10_000)
def _steps(pattern: str, size: int) -> float:
    """How many ways a pattern has to fit a text of so many characters from one place on, at most."""
    return _ways(re._parser.parse(pattern), size, pattern)  # type: ignore[attr-defined]


def _ways(tree: Any, size: int, pattern: str) -> float:
    out = 1.0
    for operation, argument in tree:
        name = str(operation)
        if name in _UNKNOWN:
            raise ValueError(
                say(
                    f"{pattern!r} 里有 RE2 没有的写法，读不了",
                    f"{pattern!r} asks for what RE2 does not have",
                )
            )
        if name in _REPEATS:
            low, high, body = argument
            within, most = _ways(body, size, pattern), min(int(high), max(size, int(low)))
            if within > 1 and int(high) > FEW:
                raise ValueError(
                    say(
                        f"{pattern!r} 里重复套着重复，可能永远找不完，请改写",
                        f"{pattern!r} repeats what varies itself and could search without end: write it otherwise",
                    )
                )
            out *= (most - int(low) + 1) * within**most
        elif name == "BRANCH":
            out *= sum(_ways(branch, size, pattern) for branch in argument[1])
        elif name == "SUBPATTERN":
            out *= _ways(argument[-1], size, pattern)
        if out > 1e300:
            return out
    return out

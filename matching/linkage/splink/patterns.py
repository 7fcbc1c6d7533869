"""Patterns of SQL that come from elsewhere, matched in bounded time: LIKE, and regular expressions as RE2 has them."""

import re
from functools import lru_cache
from typing import Any

from ..words import say

#: Characters of a pattern; steps that a pattern may take on one text, at worst.
LONGEST, STEPS = 1_000, 2e7
#: Characters of a text that a condition may make.
MOST = 100_000
#: A part that comes so often may vary within.
FEW = 10
#: A class of characters within a class, which Python takes for something else.
_NESTED = re.compile(r"\[\^?\[|\[:[a-z^]+:\]")
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
    found = _bounded(value, pattern, "")
    if not 0 <= group <= found.groups:
        raise ValueError(say(f"{pattern!r} 没有第 {group:g} 组", f"{pattern!r} has no group {group:g}"))
    hit = found.search(value)
    return (hit.group(int(group)) or "") if hit else ""


def matches(value: str, pattern: str, options: str = "") -> bool:
    """Whether a regular expression fits somewhere in a text. ``options``: c or i. Raises as `extract`."""
    return _bounded(value, pattern, options).search(value) is not None


def full_match(value: str, pattern: str, options: str = "") -> bool:
    """Whether a regular expression fits a text as a whole. Raises as `extract`."""
    return _bounded(value, pattern, options).fullmatch(value) is not None


def replaced(value: str, pattern: str, by: str, options: str = "") -> str:
    """A text with the first place that fits replaced, with the option g all of them; \\0 to \\9 in ``by`` are groups.

    Raises as `extract`, and for results of more than `MOST` characters.
    """
    found = _bounded(value, pattern, options.replace("g", ""))
    pieces: list[int | str] = []
    for part in re.findall(r"\\.?|[^\\]+", by, re.DOTALL):
        pieces.append(int(part[1:]) if re.fullmatch(r"\\[0-9]", part) else "\\" if part == "\\\\" else part)
        known = (
            pieces[-1] <= found.groups if isinstance(pieces[-1], int) else part in ("\\\\", part.lstrip("\\"))
        )
        if not known:
            raise ValueError(say(f"{by!r} 不能用来替换 {pattern!r}", f"{by!r} cannot replace {pattern!r}"))
    out: list[str] = []
    size, last = 0, 0
    behind = -1
    for hit in found.finditer(value):
        # RE2 takes no empty match right behind another one.
        if hit.start() == hit.end() == behind:
            continue
        behind = hit.end()
        out += [
            value[last : hit.start()],
            *((hit.group(x) or "") if isinstance(x, int) else x for x in pieces),
        ]
        last = hit.end()
        size += sum(map(len, out[-len(pieces) - 1 :]))
        if size > MOST:
            raise too_long()
        if "g" not in options:
            break
    return "".join([*out, value[last:]])


def too_long() -> ValueError:
    """What is raised where a condition makes a text that has no end."""
    return ValueError(say(f"算出的文字超过 {MOST:,} 个字", f"a text of more than {MOST:,} characters"))


def _bounded(value: str, pattern: str, options: str) -> "re.Pattern[str]":
    found = _compiled(pattern, options)
    if len(value) * _steps(pattern, len(value)) > STEPS:
        raise ValueError(
            say(
                f"{pattern!r} 在 {len(value):,} 个字里要找太久，请改写",
                f"{pattern!r} searches {len(value):,} characters for too long: write it otherwise",
            )
        )
    return found


@lru_cache(1000)
def _compiled(pattern: str, options: str = "") -> "re.Pattern[str]":
    if len(pattern) > LONGEST:
        raise ValueError(say("正则表达式太长", "a regular expression is too long"))
    if odd := set(options) - set("ci"):
        shown = "".join(sorted(odd))
        raise ValueError(
            say(
                f"正则表达式的选项 {shown} 读不了",
                f"option {shown} of a regular expression is not known here",
            )
        )
    any_case = options[-1:] == "i" or re.search(r"\(\?[a-zA-Z]*i", pattern)
    if (any_case and any(c > "\x7f" and c.lower() != c.upper() for c in pattern)) or _NESTED.search(pattern):
        raise ValueError(
            say(
                f"{pattern!r} 里有这里读不了的写法（[[:…:]]，或带符号的字母不分大小写）",
                f"{pattern!r} has what is not read here: [[:…:]], or other than ASCII letters in any case",
            )
        )
    try:
        re.compile(pattern)
        # As in RE2, \w, \d, \s and \b know ASCII alone.
        found = re.compile(
            pattern if re.search(r"\(\?[a-zA-Z]*m", pattern) else _at_the_end(pattern),
            re.ASCII | (re.IGNORECASE if options[-1:] == "i" else 0),
        )
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(
            say(f"{pattern!r} 不是正则表达式（{error}）", f"{pattern!r} is no regular expression: {error}")
        ) from error
    _steps(pattern, 1)
    return found


def _at_the_end(pattern: str) -> str:
    """With $ as RE2 has it: behind the last character, not before a line's end."""
    out, inside = [], False
    for part in re.findall(r"\\.|\[\^?\]?|.", pattern, re.DOTALL):
        if inside:
            inside = part != "]"
        elif part[0] == "[":
            inside = True
        out.append("\\Z" if part == "$" and not inside else part)
    return "".join(out)


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

"""Parameter tables read from JSON that anybody may have written: what is no number, share or name is said, not believed."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from .words import say

#: Levels of a comparison, at most.
LEVELS = 200
T = TypeVar("T")


def document(text: str) -> dict[str, Any]:
    """A JSON object. Raises ValueError, also for what Python alone takes for JSON (NaN) and for brackets without end."""
    try:
        body = json.loads(text, parse_constant=_constant)
    except RecursionError:
        raise ValueError(say("括号套得太深", "its brackets are nested too deep")) from None
    except json.JSONDecodeError as error:
        raise ValueError(say(f"这不是 JSON（{error}）", f"this is no JSON: {error}")) from error
    return mapping(body, say("整个文件", "the whole"))


def _constant(name: str) -> Any:
    raise ValueError(say(f"有一个数是 {name}", f"a number is {name}"))


def mapping(value: Any, where: str) -> dict[str, Any]:
    """What stands behind names. Raises ValueError."""
    if not isinstance(value, dict):
        raise _wrong(where, say("名字和内容（{…}）", "an object"))
    return value


def word(value: Any, where: str) -> str:
    """A short text. Raises ValueError."""
    if not isinstance(value, str) or len(value) > 200:
        raise _wrong(where, say("一个短的名字", "a short text"))
    return value


def share(value: Any, where: str, open_: bool = False) -> float:
    """A number from 0 to 1, with ``open_`` neither of them. Raises ValueError."""
    if type(value) not in (int, float) or not 0 <= value <= 1 or (open_ and not 0 < value < 1):
        raise _wrong(where, say("0 和 1 之间的数", "a number between 0 and 1"))
    return float(value)


def positive(value: Any, where: str) -> float:
    """A number above 0 and not above 1. Raises ValueError."""
    if share(value, where) == 0:
        raise _wrong(where, say("大于 0 的数", "a number above 0"))
    return float(value)


def amount(value: Any, where: str) -> float | None:
    """A number from 0, or nothing. Raises ValueError."""
    if value is not None and (type(value) not in (int, float) or not 0 <= value < math.inf):
        raise _wrong(where, say("不小于 0 的数", "a number from 0"))
    return None if value is None else float(value)


def shares(value: Any, where: str) -> tuple[float, ...]:
    """A share per level. Raises ValueError."""
    if not isinstance(value, list) or not 0 < len(value) <= LEVELS:
        raise _wrong(where, say("每个等级一个数", "a number per level"))
    return tuple(share(one, where) for one in value)


def each(value: Any, where: str, read: Callable[[Any, str], T]) -> dict[str, T]:
    """An object whose contents are all of one kind. Raises ValueError."""
    return {name: read(one, f"{where}.{name}"[:100]) for name, one in mapping(value, where).items()}


def listed(value: Any, where: str) -> Sequence[Any]:
    """A list. Raises ValueError."""
    if not isinstance(value, list):
        raise _wrong(where, say("一串内容（[…]）", "a list"))
    return value


def pairs(value: Any, where: str, size: int) -> tuple[tuple[float, float], ...]:
    """No pairs of numbers, or ``size`` of them. Raises ValueError."""
    rows = listed(value, where)
    good = all(isinstance(row, list) and len(row) == 2 for row in rows) and len(rows) in (0, size)
    if not good or not all(
        type(one) in (int, float) and math.isfinite(one) and abs(one) <= 100 for row in rows for one in row
    ):
        raise _wrong(where, say(f"{size} 对数", f"{size} pairs of numbers"))
    return tuple((float(row[0]), float(row[1])) for row in rows)


def alike(one: Mapping[str, Sequence[float]], other: Mapping[str, Sequence[float]]) -> None:
    """Raise ValueError where m and u do not tell of the same levels."""
    for name in {**one, **other}:
        if len(one.get(name, ())) != len(other.get(name, ())):
            raise ValueError(
                say(f"“{name}”的 m 和 u 等级数不一样", f"m and u of {name!r} have another number of levels")
            )


def _wrong(where: str, expected: str) -> ValueError:
    return ValueError(say(f"{where} 应该是{expected}", f"{where} should be {expected}"))

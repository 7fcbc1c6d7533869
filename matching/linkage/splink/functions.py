"""What the functions and signs of SQL give for values, as DuckDB has it: text, numbers, truths, days; None is NULL.

Values may be text where a file gave numbers and days: they are read as such where something is calculated with them.
A function raises ValueError where its result could have no end or no sense; what is no number or day is None.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein, Hamming, Jaro, JaroWinkler, Levenshtein

from .patterns import MOST, extract, full_match, like, matches, replaced, too_long

_DAY = re.compile(
    r"\s*([0-9]{1,4})([-/ ])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,9}))?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?\s*"
)
#: Every space that DuckDB trims.
_SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,30}\s*")


def day(value: Any) -> datetime | None:
    """A day, also one written as text; None for what is none."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (dates have no zone)
    hit = _DAY.fullmatch(str(value))
    if hit is None:
        return None
    try:
        year, month, first, hour, minute, second = (int(hit[k] or 0) for k in (1, 3, 4, 5, 6, 7))
        fraction = int((hit[8] or "").ljust(6, "0")[:6])
        return datetime(year, month, first, hour, minute, second, fraction)  # noqa: DTZ001
    except ValueError:
        return None


def number(value: Any) -> Any:
    """A number, also one written as text; None for what is none."""
    if isinstance(value, str):
        if _WHOLE.fullmatch(value):
            return int(value)
        try:
            return float(value)
        except ValueError:
            return None
    return int(value) if isinstance(value, bool) else value


def text(value: Any) -> str:
    """A value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def truth(value: Any) -> bool | None:
    """A value as true or false; None for text that is neither."""
    if isinstance(value, str):
        known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
        return known.get(value.strip().lower())
    return bool(value)


def whole(value: Any, cut: bool = False) -> int | None:
    """A whole number: half of a floating one goes to the even one, of a written one away from 0; Spark (``cut``) cuts."""
    found = number(value)
    if not isinstance(found, int | float) or not math.isfinite(found):
        return None
    if cut:
        return int(found)
    return round(found) if isinstance(value, float) else int(rounded(found))


def rounded(value: Any, places: Any = 0) -> Any:
    """Half away from 0."""
    if (isinstance(value, int) and places >= 0) or not math.isfinite(value):
        return value
    scale = 10.0 ** int(places)
    big = abs(value) * scale
    low = math.floor(big)
    return math.copysign((low + (big - low >= 0.5)) / scale, value)


def calendar_day(value: Any) -> date | None:
    """A date without its time."""
    found = day(value)
    return None if found is None else found.date()


def pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Two values of one type, as SQL compares them; None for what cannot be made so."""
    if isinstance(a, date) or isinstance(b, date):
        return day(a), day(b)
    if isinstance(a, str) != isinstance(b, str):
        make = truth if isinstance(a, bool) or isinstance(b, bool) else number
        a, b = make(a), make(b)
    if (isinstance(a, float) and a != a) or (isinstance(b, float) and b != b):
        return (a != a, 0.0 if a != a else a), (b != b, 0.0 if b != b else b)
    return a, b


def compared(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    """A comparison of two values, None where one cannot be compared with the other."""

    def run(a: Any, b: Any) -> bool | None:
        a, b = pair(a, b)
        return None if a is None or b is None else bool(test(a, b))

    return run


def among(value: Any, *some: Any) -> bool | None:
    """IN: NULL where no value is equal and one is NULL."""
    if value is None:
        return None
    found = [None if one is None else same(value, one) for one in some]
    return True if True in found else None if None in found else False


def between(value: Any, low: Any, high: Any) -> bool | None:
    """BETWEEN, which is ``>= AND <=``: one that is false decides beside NULL."""
    found = [
        None if value is None or x is None else test(value, x) for test, x in ((_least, low), (_most, high))
    ]
    return False if False in found else None if None in found else True


def distinct(a: Any, b: Any) -> bool:
    """IS DISTINCT FROM: NULL is a value like others."""
    return (a is None) != (b is None) if a is None or b is None else not same(a, b)


def outermost(test: Callable[[Any, Any], bool | None]) -> Callable[..., Any]:
    """greatest and least, which pass over NULL."""

    def run(*values: Any) -> Any:
        out = None
        for value in values:
            if out is None or (value is not None and test(value, out)):
                out = value
        return out

    return run


def joined(*values: Any) -> str:
    """concat as DuckDB has it, which passes over NULL."""
    return "".join(text(v) for v in values if v is not None)


def calculated(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers."""

    def run(*values: Any) -> Any:
        numbers = [number(v) for v in values]
        if any(v is None for v in numbers):
            return None
        try:
            return function(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return run


def _divided(a: Any, b: Any) -> float:
    if b:
        return float(a / b)
    return math.nan if not a or a != a else math.copysign(math.inf, a)


def _rest(a: Any, b: Any) -> Any:
    """With the sign of the first."""
    found = math.fmod(a, b)
    return int(math.copysign(abs(a) % abs(b), a)) if isinstance(a, int) and isinstance(b, int) else found


def _minus(a: Any, b: Any) -> Any:
    """Of numbers, or of days: the days between them, or the day so many days before."""
    one, two = number(a), number(b)
    if isinstance(one, int | float) and isinstance(two, int | float):
        return one - two
    first, second = day(a), day(b)
    if first is not None and isinstance(two, int):
        return _shifted(first, -two)
    if first is None or second is None:
        return None
    if isinstance(a, datetime) or isinstance(b, datetime):
        raise ValueError("the difference of two times is no number: cast them to DATE")
    return (first - second).days


def _plus(a: Any, b: Any) -> Any:
    for one, two in ((a, b), (b, a)):
        if isinstance(one, date) and isinstance(number(two), int):
            return _shifted(one, number(two))
    return calculated(lambda x, y: x + y)(a, b)


def _shifted(when: date, days: int) -> date | None:
    try:
        return datetime.date(found) if isinstance(found := when + timedelta(days), datetime) else found
    except OverflowError:
        return None


#: The parts of a day that are read.
PARTS = ("year", "quarter", "month", "day", "hour", "minute", "second")


def part(name: str, value: Any) -> int | None:
    """A part of a day."""
    found = day(value)
    if found is None:
        return None
    return (found.month + 2) // 3 if name == "quarter" else int(getattr(found, name))


def boundaries(name: str, start: Any, end: Any) -> int | None:
    """date_diff: how many beginnings of years, …, seconds lie between two times."""
    one, two = day(start), day(end)
    if one is None or two is None:
        return None
    if name in ("year", "quarter", "month"):
        size = {"year": 1, "quarter": 4, "month": 12}[name]
        first, second = (x.year * size + ((part(name, x) or 0) if size > 1 else 0) for x in (one, two))
        return second - first
    seconds = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}[name]
    first, second = (int(x.replace(tzinfo=UTC, microsecond=0).timestamp()) // seconds for x in (one, two))
    return second - first


def _epoch(value: Any) -> float | None:
    found = day(value)
    return None if found is None else found.replace(tzinfo=UTC).timestamp()


def _strptime(value: Any, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(str(value).strip(), pattern)  # noqa: DTZ007 (dates have no zone)
    except (ValueError, re.error):
        return None


def _timestamp(value: Any, pattern: str) -> datetime | None:
    """Spark's: letters of Java instead of signs of C."""
    for java, sign in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S")):
        pattern = pattern.replace(java, sign)
    return _strptime(value, pattern)


def _days_between(a: Any, b: Any) -> int | None:
    one, two = day(a), day(b)
    return None if one is None or two is None else (one.date() - two.date()).days


def _substr(value: str, start: float, length: float | None = None) -> str:
    start = int(start)
    first = start - 1 if start > 0 else len(value) + start if start < 0 else -1
    if length is None:
        return value[max(first, 0) :]
    one, two = sorted((first, first + int(length)))
    return value[max(one, 0) : max(two, 0)]


def lower(value: Any) -> str:
    """In small letters, one for each."""
    found = text(value)
    return found.lower() if found.isascii() else "".join(c.lower()[0] for c in found)


def _upper(value: Any) -> str:
    found = text(value)
    if found.isascii():
        return found.upper()
    return "".join(c if len(c.upper()) > 1 else c.upper() for c in found.replace("ß", "ẞ"))


def _put(value: Any, old: Any, new: Any) -> str:
    """replace: bounded, and nothing comes between characters for an empty text."""
    value, old, new = text(value), text(old), text(new)
    if not old:
        return value
    if len(value) + value.count(old) * (len(new) - len(old)) > MOST:
        raise too_long()
    return value.replace(old, new)


def of_bytes(distance: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """DuckDB compares bytes: a Chinese character has three."""

    def run(a: Any, b: Any) -> Any:
        a, b = text(a), text(b)
        return distance(a, b) if a.isascii() and b.isascii() else distance(a.encode(), b.encode())

    return run


def of_characters(distance: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Spark compares characters."""
    return lambda a, b: distance(text(a), text(b))


def _jaccard(a: Any, b: Any) -> float | None:
    one, two = set(a), set(b)
    return len(one & two) / len(one | two) if one and two else None


def _jaro_winkler(a: Any, b: Any) -> float:
    return JaroWinkler.similarity(a, b) if a or b else 0.0


def _jaro(a: Any, b: Any) -> float:
    return Jaro.similarity(a, b) if a or b else 0.0


def _hamming(a: Any, b: Any) -> int | None:
    return Hamming.distance(a, b) if len(a) == len(b) else None


def _trimmed(how: str) -> Callable[..., str]:
    return lambda value, signs=_SPACES: str(getattr(text(value), how)(text(signs)))


def of_text(function: Callable[..., Any], rest: bool = False) -> Callable[..., Any]:
    """A function of texts; with ``rest`` its other arguments are numbers."""
    if rest:
        return lambda value, *k: function(text(value), *map(number, k))
    return lambda *k: function(*map(text, k))


same = compared(lambda a, b: a == b)
_least, _most = compared(lambda a, b: a >= b), compared(lambda a, b: a <= b)
TESTS: dict[str, Callable[[Any, Any], bool | None]] = {
    "=": same, "<>": compared(lambda a, b: a != b), "!=": compared(lambda a, b: a != b), "<=": _most, ">=": _least,
    "<": compared(lambda a, b: a < b), ">": compared(lambda a, b: a > b),
}  # fmt: skip
LIKES: dict[str, Callable[[Any, Any], bool]] = {
    "LIKE": of_text(like), "ILIKE": lambda value, pattern: like(lower(value), lower(pattern)),
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "-": _minus, "+": _plus, "*": calculated(lambda a, b: a * b), "/": calculated(_divided), "%": calculated(_rest),
    "||": lambda a, b: text(a) + text(b),
}  # fmt: skip
DISTANCES: dict[str, Callable[[Any, Any], Any]] = {
    "jaro_winkler_similarity": _jaro_winkler, "jaro_winkler": _jaro_winkler, "jaro_similarity": _jaro, "jaro_sim": _jaro,
    "levenshtein": lambda a, b: Levenshtein.distance(a, b),
    "damerau_levenshtein": lambda a, b: DamerauLevenshtein.distance(a, b), "jaccard": _jaccard,
    "hamming": _hamming, "mismatches": _hamming,
}  # fmt: skip
#: Name: how many arguments, and what it gives; NULL where one of them is NULL.
FUNCTIONS: dict[str, tuple[range, Callable[..., Any]]] = {
    **{
        name: (range(1, 2), calculated(getattr(math, name)))
        for name in ("floor", "ceil", "sin", "cos", "radians")
    },
    **{name: (range(1, 2), lambda value, name=name: part(name, value)) for name in PARTS},
    "acos": (range(1, 2), calculated(lambda v: math.acos(v) if abs(v) <= 1 else math.nan)),
    "sqrt": (range(1, 2), calculated(lambda v: math.sqrt(v) if v >= 0 else math.nan)),
    "abs": (range(1, 2), calculated(abs)),
    "round": (range(1, 3), calculated(rounded)),
    "mod": (range(2, 3), calculated(_rest)),
    "epoch": (range(1, 2), _epoch),
    "unix_timestamp": (range(1, 2), _epoch),
    "date": (range(1, 2), calendar_day),
    "datediff": (range(2, 3), _days_between),
    "try_strptime": (range(2, 3), _strptime),
    "strptime": (range(2, 3), _strptime),
    "try_to_timestamp": (range(2, 3), _timestamp),
    "to_timestamp": (range(2, 3), _timestamp),
    "regexp_extract": (range(2, 4), lambda a, p, k: extract(text(a), text(p), number(k))),
    "regexp_matches": (range(2, 4), of_text(matches)),
    "regexp_full_match": (range(2, 4), of_text(full_match)),
    "regexp_replace": (range(3, 5), of_text(replaced)),
    "replace": (range(3, 4), _put),
    "lower": (range(1, 2), lower),
    "lcase": (range(1, 2), lower),
    "upper": (range(1, 2), _upper),
    "ucase": (range(1, 2), _upper),
    "trim": (range(1, 3), _trimmed("strip")),
    "ltrim": (range(1, 3), _trimmed("lstrip")),
    "rtrim": (range(1, 3), _trimmed("rstrip")),
    "length": (range(1, 2), of_text(len)),
    "len": (range(1, 2), of_text(len)),
    "strlen": (range(1, 2), lambda a: len(text(a).encode())),
    "substr": (range(2, 4), of_text(_substr, rest=True)),
    "substring": (range(2, 4), of_text(_substr, rest=True)),
    "left": (range(2, 3), of_text(lambda a, k: a[: int(k)], rest=True)),
    "right": (range(2, 3), of_text(lambda a, k: a[-int(k) :] if k else "", rest=True)),
    "reverse": (range(1, 2), of_text(lambda a: a[::-1])),
    "starts_with": (range(2, 3), of_text(str.startswith)),
    "prefix": (range(2, 3), of_text(str.startswith)),
    "ends_with": (range(2, 3), of_text(str.endswith)),
    "suffix": (range(2, 3), of_text(str.endswith)),
    "contains": (range(2, 3), of_text(lambda a, b: b in a)),
}
#: The same of functions that see NULL themselves.
WITH_NULL: dict[str, tuple[range, Callable[..., Any]]] = {
    "coalesce": (range(1, 1000), lambda *k: next((v for v in k if v is not None), None)),
    "ifnull": (range(2, 3), lambda a, b: b if a is None else a),
    "nullif": (range(2, 3), lambda a, b: None if a is not None and b is not None and same(a, b) else a),
    "greatest": (range(1, 1000), outermost(compared(lambda a, b: a > b))),
    "least": (range(1, 1000), outermost(compared(lambda a, b: a < b))),
    "concat": (range(1, 1000), joined),
}

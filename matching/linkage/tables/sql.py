"""The part of SQL in which Splink writes its levels, read and evaluated over pairs; nothing is executed.

As DuckDB does it (distances count bytes of UTF-8) or Spark (characters). Columns may be text where a file gave numbers
and days: they are read as such where a condition calculates with them.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein, Jaro, JaroWinkler, Levenshtein

from .patterns import extract, like

Values = list[Any]
#: Characters of a condition, and how deep it may be nested.
LONGEST, DEEPEST = 20_000, 40
Row = Mapping[str, Values]
Expression = Callable[[Row, int], Values]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<string>'(?:[^']|'')*')|(?P<quoted>[\"`](?:[^\"`])+[\"`])"
    r"|(?P<word>[A-Za-z_\u4e00-\u9fff][\w]*)|(?P<op><=|>=|<>|!=|=|<|>|\(|\)|,|-|\+|\*|/|\|\|))"
)


def _day(value: Any) -> datetime | None:
    """A day written as text; None for what is none."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value).strip()).replace(tzinfo=None)
    except ValueError:
        return None


def _epoch(value: Any) -> float | None:
    day = _day(value)
    return None if day is None else day.replace(tzinfo=UTC).timestamp()


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
    one, two = _day(a), _day(b)
    return None if one is None or two is None else (one.date() - two.date()).days


def _substr(value: str, start: float, length: float | None = None) -> str:
    first = int(start) - 1 if start > 0 else max(len(value) + int(start), 0) if start < 0 else -1
    last = len(value) if length is None else first + int(length)
    return value[max(first, 0) : max(last, 0)]


def _number(value: Any) -> Any:
    """A number where a file gave its text; None for what is none."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return value


def _calculated(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        numbers = [_number(v) for v in values]
        if any(v is None for v in numbers):
            return None
        try:
            return function(*numbers)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None

    return run


def _of_bytes(distance: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """DuckDB compares bytes: a Chinese character has three."""

    def run(a: Any, b: Any) -> Any:
        a, b = str(a), str(b)
        return distance(a, b) if a.isascii() and b.isascii() else distance(a.encode(), b.encode())

    return run


def _of_characters(distance: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: distance(str(a), str(b))


def _jaccard(a: Any, b: Any) -> float | None:
    one, two = set(a), set(b)
    return len(one & two) / len(one | two) if one and two else None


def _jaro_winkler(a: Any, b: Any) -> float:
    return JaroWinkler.similarity(a, b) if a or b else 0.0


_DISTANCES: dict[str, Callable[[Any, Any], Any]] = {
    "jaro_winkler_similarity": _jaro_winkler,
    "jaro_winkler": _jaro_winkler,
    "jaro_similarity": lambda a, b: Jaro.similarity(a, b) if a or b else 0.0,
    "jaro_sim": lambda a, b: Jaro.similarity(a, b) if a or b else 0.0,
    "levenshtein": lambda a, b: Levenshtein.distance(a, b),
    "damerau_levenshtein": lambda a, b: DamerauLevenshtein.distance(a, b),
    "jaccard": _jaccard,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: _calculated(getattr(math, name))
        for name in ("floor", "ceil", "sin", "cos", "acos", "radians", "sqrt")
    },
    "abs": _calculated(abs),
    "epoch": _epoch,
    "unix_timestamp": _epoch,
    "date": _day,
    "datediff": _days_between,
    "try_strptime": _strptime,
    "strptime": _strptime,
    "try_to_timestamp": _timestamp,
    "to_timestamp": _timestamp,
    "regexp_extract": lambda a, *k: extract(str(a), *k),
    "lower": lambda a: str(a).lower(),
    "upper": lambda a: str(a).upper(),
    "trim": lambda a: str(a).strip(" "),
    "length": lambda a: len(str(a)),
    "substr": lambda a, *k: _substr(str(a), *k),
    "substring": lambda a, *k: _substr(str(a), *k),
    "left": lambda a, k: str(a)[: int(k)],
    "right": lambda a, k: str(a)[-int(k) :] if k else "",
    "reverse": lambda a: str(a)[::-1],
    "concat": lambda *k: "".join(map(str, k)),
}
_TEXTS = ("TEXT", "VARCHAR", "STRING", "CHAR")
_NUMBERS = ("FLOAT", "DOUBLE", "FLOAT8", "REAL", "INT", "INTEGER", "BIGINT", "DECIMAL")
_DAYS = ("DATE", "TIMESTAMP")


class Parser:
    """Recursive descent over one condition. Raises ValueError for anything it does not know."""

    def __init__(self, text: str, dialect: str = "duckdb") -> None:
        if len(text) > LONGEST:
            raise ValueError(f"a condition of {len(text):,} characters")
        self.text = text
        self.depth = 0
        self.of = _of_characters if dialect == "spark" else _of_bytes
        #: What regexp_extract gives without a group's number: the whole in DuckDB, the first group in Spark.
        self.group = 1 if dialect == "spark" else 0
        self.tokens: list[tuple[str, str]] = []
        self.columns: set[str] = set()
        place = 0
        while place < len(text.rstrip()):
            hit = _TOKEN.match(text, place)
            if not hit or not hit.lastgroup:
                raise ValueError(f"cannot read {text[place : place + 20]!r} in {text!r}")
            self.tokens.append((hit.lastgroup, hit.group(hit.lastgroup)))
            place = hit.end()
        self.at = 0

    def parse(self) -> Expression:
        """The whole condition."""
        out = self._or()
        if self.at != len(self.tokens):
            raise ValueError(f"cannot read {self.tokens[self.at][1]!r} in {self.text!r}")
        return out

    def _next(self, *expected: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1].upper() in expected:
            self.at += 1
            return True
        return False

    def _need(self, expected: str) -> None:
        if not self._next(expected):
            raise ValueError(f"expected {expected} in {self.text!r}")

    def _or(self) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError(f"a condition that is nested more than {DEEPEST} deep")
        parts = [self._and()]
        while self._next("OR"):
            parts.append(self._and())
        self.depth -= 1
        return parts[0] if len(parts) == 1 else _fold(parts, True)

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._next("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _fold(parts, False)

    def _not(self) -> Expression:
        if self._next("NOT"):
            inner = self._not()
            return lambda row, n: [None if v is None else not v for v in inner(row, n)]
        return self._compare()

    def _compare(self) -> Expression:
        left = self._sum()
        if self._next("IS"):
            negative = self._next("NOT")
            self._need("NULL")
            return lambda row, n: [(v is None) != negative for v in left(row, n)]
        if self._next("LIKE"):
            pattern = self._sum()
            return _apply(lambda v, p: like(str(v), str(p)), left, pattern)
        for sign, test in _TESTS.items():
            if self._next(sign):
                return _apply(test, left, self._sum())
        return left

    def _sum(self) -> Expression:
        return self._chain(("-", "+", "||"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "/"), self._atom)

    def _chain(self, signs: tuple[str, ...], part: Callable[[], Expression]) -> Expression:
        out = part()
        while self.at < len(self.tokens) and self.tokens[self.at] in [("op", sign) for sign in signs]:
            sign = self.tokens[self.at][1]
            self.at += 1
            out = _apply(_ARITHMETIC[sign], out, part())
        return out

    def _atom(self) -> Expression:
        if self._next("("):
            out = self._or()
            self._need(")")
            return out
        if self._next("-"):
            inner = self._atom()
            return _apply(_calculated(lambda v: -v), inner)
        if self.at >= len(self.tokens):
            raise ValueError(f"{self.text!r} ends too early")
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return _constant(float(token))
        if kind == "string":
            return _constant(token[1:-1].replace("''", "'"))
        if kind == "word" and token.upper() == "CASE":
            return self._case()
        if kind == "word" and self._next("("):
            return self._cast() if token.upper() in ("CAST", "TRY_CAST") else self._call(token.lower())
        if kind == "word" and token.upper() in ("TRUE", "FALSE", "NULL"):
            return _constant({"TRUE": True, "FALSE": False, "NULL": None}[token.upper()])
        if kind in ("word", "quoted"):
            name = token.strip('"`')
            if name[-2:] not in ("_l", "_r"):
                raise ValueError(f"column {name!r} ends in neither _l nor _r")
            self.columns.add(name[:-2])
            return lambda row, n: row[name]
        raise ValueError(f"cannot read {token!r} in {self.text!r}")

    def _case(self) -> Expression:
        parts: list[tuple[Expression, Expression]] = []
        while self._next("WHEN"):
            condition = self._or()
            self._need("THEN")
            parts.append((condition, self._or()))
        rest = self._or() if self._next("ELSE") else _constant(None)
        self._need("END")

        def run(row: Row, n: int) -> Values:
            out = rest(row, n)
            for condition, value in reversed(parts):
                out = [v if c else o for c, v, o in zip(condition(row, n), value(row, n), out, strict=True)]
            return out

        return run

    def _cast(self) -> Expression:
        inner = self._or()
        self._need("AS")
        for names, how in ((_TEXTS, str), (_NUMBERS, _number), (_DAYS, _day)):
            if self._next(*names):
                self._need(")")
                return _apply(how, inner)
        raise ValueError(f"a type in {self.text!r} is not known here")

    def _call(self, name: str) -> Expression:
        arguments: list[Expression] = []
        if not self._next(")"):
            arguments.append(self._or())
            while self._next(","):
                arguments.append(self._or())
            self._need(")")
        if name == "nullif" and len(arguments) == 2:
            return _apply(lambda a, b: None if a == b else a, *arguments)
        if name == "coalesce":
            return lambda row, n: [
                next((v for v in values if v is not None), None)
                for values in zip(*(a(row, n) for a in arguments), strict=True)
            ]
        if name == "regexp_extract" and len(arguments) == 2:
            arguments.append(_constant(self.group))
        if name in _DISTANCES and len(arguments) == 2:
            return _apply(self.of(_DISTANCES[name]), *arguments)
        if name not in _FUNCTIONS:
            raise ValueError(f"function {name} is not known here")
        return _apply(_FUNCTIONS[name], *arguments)


def _constant(value: Any) -> Expression:
    return lambda _row, n: [value] * n


def _fold(parts: Sequence[Expression], wanted: bool) -> Expression:
    """OR (``wanted``) or AND of three values: NULL where no value decides and one is NULL."""

    def one(values: tuple[Any, ...]) -> bool | None:
        if any(v is not None and bool(v) == wanted for v in values):
            return wanted
        return None if any(v is None for v in values) else not wanted

    return lambda row, n: [one(values) for values in zip(*(p(row, n) for p in parts), strict=True)]


def _apply(function: Callable[..., Any], *arguments: Expression) -> Expression:
    def run(row: Row, n: int) -> Values:
        out: Values = []
        for values in zip(*(a(row, n) for a in arguments), strict=True):
            out.append(None if any(v is None for v in values) else function(*values))
        return out

    return run


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, str) != isinstance(b, str):
        a, b = _number(a), _number(b)
    return bool(a == b)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    def run(a: Any, b: Any) -> bool | None:
        if isinstance(a, str) != isinstance(b, str):
            a, b = _number(a), _number(b)
        return None if a is None or b is None else test(a, b)

    return run


_TESTS: dict[str, Callable[[Any, Any], bool | None]] = {
    "=": _same, "<>": lambda a, b: not _same(a, b), "!=": lambda a, b: not _same(a, b),
    "<=": _ordered(lambda a, b: a <= b), ">=": _ordered(lambda a, b: a >= b),
    "<": _ordered(lambda a, b: a < b), ">": _ordered(lambda a, b: a > b),
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "-": _calculated(lambda a, b: a - b), "+": _calculated(lambda a, b: a + b), "*": _calculated(lambda a, b: a * b),
    "/": _calculated(lambda a, b: a / b), "||": lambda a, b: f"{a}{b}",
}  # fmt: skip

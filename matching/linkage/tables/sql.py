"""The part of SQL in which Splink writes its levels, read and evaluated over pairs; nothing is executed."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rapidfuzz.distance import OSA, Jaro, JaroWinkler, Levenshtein

Values = list[Any]
Row = Mapping[str, Values]
Expression = Callable[[Row, int], Values]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<string>'(?:[^']|'')*')|(?P<quoted>[\"`](?:[^\"`])+[\"`])"
    r"|(?P<word>[A-Za-z_\u4e00-\u9fff][\w]*)|(?P<op><=|>=|<>|!=|=|<|>|\(|\)|,|-|\+|\|\|))"
)


def _epoch(value: Any) -> float | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).timestamp()
    return None


def _strptime(value: Any, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(str(value), pattern)  # noqa: DTZ007 (dates have no zone)
    except ValueError:
        return None


def _extract(value: str, pattern: str, group: float = 0) -> str:
    hit = re.search(pattern, value)
    return hit.group(int(group)) if hit else ""


def _substr(value: str, start: float, length: float | None = None) -> str:
    first = int(start) - 1
    return value[first:] if length is None else value[first : first + int(length)]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "jaro_winkler_similarity": lambda a, b: JaroWinkler.similarity(a, b),
    "jaro_winkler": lambda a, b: JaroWinkler.similarity(a, b),
    "jaro_similarity": lambda a, b: Jaro.similarity(a, b),
    "levenshtein": lambda a, b: Levenshtein.distance(a, b),
    "damerau_levenshtein": lambda a, b: OSA.distance(a, b),
    "abs": abs,
    "epoch": _epoch,
    "try_strptime": _strptime,
    "strptime": _strptime,
    "regexp_extract": _extract,
    "lower": lambda a: str(a).lower(),
    "upper": lambda a: str(a).upper(),
    "trim": lambda a: str(a).strip(),
    "length": lambda a: len(a),
    "substr": _substr,
    "substring": _substr,
    "left": lambda a, k: a[: int(k)],
    "right": lambda a, k: a[-int(k) :],
    "reverse": lambda a: a[::-1],
}


class Parser:
    """Recursive descent over one condition. Raises ValueError for anything it does not know."""

    def __init__(self, text: str) -> None:
        self.text = text
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
        parts = [self._and()]
        while self._next("OR"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else _fold(parts, any)

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._next("AND"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else _fold(parts, all)

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
            return _apply(_like, left, pattern)
        for sign, test in _TESTS.items():
            if self._next(sign):
                return _apply(test, left, self._sum())
        return left

    def _sum(self) -> Expression:
        out = self._atom()
        while self.at < len(self.tokens) and self.tokens[self.at][1] in ("-", "+", "||"):
            sign = self.tokens[self.at][1]
            self.at += 1
            out = _apply(_ARITHMETIC[sign], out, self._atom())
        return out

    def _atom(self) -> Expression:
        if self._next("("):
            out = self._or()
            self._need(")")
            return out
        if self._next("-"):
            inner = self._atom()
            return _apply(lambda v: -v, inner)
        if self.at >= len(self.tokens):
            raise ValueError(f"{self.text!r} ends too early")
        kind, token = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return _constant(float(token))
        if kind == "string":
            return _constant(token[1:-1].replace("''", "'"))
        if kind == "word" and self._next("("):
            return self._call(token.lower())
        if kind == "word" and token.upper() in ("TRUE", "FALSE", "NULL"):
            return _constant({"TRUE": True, "FALSE": False, "NULL": None}[token.upper()])
        if kind in ("word", "quoted"):
            name = token.strip('"`')
            if name[-2:] not in ("_l", "_r"):
                raise ValueError(f"column {name!r} ends in neither _l nor _r")
            self.columns.add(name[:-2])
            return lambda row, n: row[name]
        raise ValueError(f"cannot read {token!r} in {self.text!r}")

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
        if name not in _FUNCTIONS:
            raise ValueError(f"function {name} is not known here")
        return _apply(_FUNCTIONS[name], *arguments)


def _constant(value: Any) -> Expression:
    return lambda _row, n: [value] * n


def _fold(parts: Sequence[Expression], rule: Callable[[Any], bool]) -> Expression:
    return lambda row, n: [
        rule(bool(v) for v in values) for values in zip(*(p(row, n) for p in parts), strict=True)
    ]


def _apply(function: Callable[..., Any], *arguments: Expression) -> Expression:
    def run(row: Row, n: int) -> Values:
        out: Values = []
        for values in zip(*(a(row, n) for a in arguments), strict=True):
            out.append(None if any(v is None for v in values) else function(*values))
        return out

    return run


def _like(value: str, pattern: str) -> bool:
    body = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch(body, value) is not None


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "!=": lambda a, b: a != b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "-": lambda a, b: a - b, "+": lambda a, b: a + b, "||": lambda a, b: f"{a}{b}",
}  # fmt: skip

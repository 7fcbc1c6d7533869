"""The part of SQL in which Splink writes its levels, and people theirs, read and evaluated over pairs; nothing is executed.

As DuckDB does it (distances count bytes of UTF-8) or Spark (characters). What is not read is refused by name with its
place, counted in characters from 1.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import functions
from .functions import ARITHMETIC, DISTANCES, FUNCTIONS, LIKES, PARTS, TESTS, WITH_NULL

Values = list[Any]
#: Characters of a condition, and how deep it may be nested.
LONGEST, DEEPEST = 20_000, 40
Row = Mapping[str, Values]
Expression = Callable[[Row, int], Values]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?P<string>'(?:[^']|'')*')|(?P<quoted>[\"`](?:[^\"`])+[\"`])"
    r"|(?P<word>[A-Za-z_\u4e00-\u9fff][\w]*)|(?P<op><=|>=|<>|!=|=|<|>|\(|\)|,|-|\+|\*|/|%|\|\||::))"
)
_COMMENT = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEXTS = ("TEXT", "VARCHAR", "STRING", "CHAR", "BPCHAR")
_FLOATS = ("FLOAT", "DOUBLE", "FLOAT4", "FLOAT8", "REAL")
_DECIMALS = ("DECIMAL", "NUMERIC")
_WHOLES = ("TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "HUGEINT", "INT2", "INT4", "INT8", "LONG")


def uncommented(text: str) -> str:
    """A condition with spaces in place of its comments. Raises ValueError for comments within comments."""

    def blank(hit: re.Match[str]) -> str:
        found = hit.group()
        if found.startswith("/*") and "/*" in found[2:]:
            raise ValueError(f"a comment within a comment at character {hit.start() + 1}")
        return " " * len(found) if found.startswith(("--", "/*")) else found

    return _COMMENT.sub(blank, text)


class Parser:
    """Recursive descent over one condition. Raises ValueError for anything it does not know."""

    def __init__(self, text: str, dialect: str = "duckdb") -> None:
        if len(text) > LONGEST:
            raise ValueError(f"a condition of {len(text):,} characters")
        self.text = text
        self.depth = 0
        self.spark = dialect == "spark"
        self.of = functions.of_characters if self.spark else functions.of_bytes
        #: What regexp_extract gives without a group's number: the whole in DuckDB, the first group in Spark.
        self.group = 1 if self.spark else 0
        self.tokens: list[tuple[str, str, int]] = []
        self.columns: set[str] = set()
        place = 0
        read = uncommented(text).rstrip()
        while place < len(read):
            hit = _TOKEN.match(read, place)
            if not hit or not hit.lastgroup:
                place += len(read[place:]) - len(read[place:].lstrip())
                raise ValueError(
                    f"cannot read {text[place : place + 20]!r} at character {place + 1} of {text!r}"
                )
            self.tokens.append((hit.lastgroup, hit.group(hit.lastgroup), hit.start(hit.lastgroup) + 1))
            place = hit.end()
        self.at = 0

    def parse(self) -> Expression:
        """The whole condition."""
        return self._whole(self._or)

    def value(self) -> Expression:
        """The whole as one side of a comparison: nothing that binds less stands in it without brackets."""
        return self._whole(self._text)

    def _whole(self, part: Callable[[], Expression]) -> Expression:
        out = part()
        if self.at != len(self.tokens):
            raise self._odd()
        return out

    def _odd(self, what: str = "cannot read", back: int = 0) -> ValueError:
        """That a token is not read, by name and place."""
        if self.at - back >= len(self.tokens):
            return ValueError(f"{self.text!r} ends too early")
        _, token, place = self.tokens[self.at - back]
        return ValueError(f"{what} {token!r} at character {place} of {self.text!r}")

    def _next(self, *expected: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1].upper() in expected:
            self.at += 1
            return True
        return False

    def _need(self, expected: str) -> None:
        if not self._next(expected):
            raise self._odd(f"expected {expected} in place of")

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
        left = self._text()
        if self._next("IS"):
            negative = self._next("NOT")
            if self._next("DISTINCT"):
                self._need("FROM")
                return _apply(
                    lambda a, b: functions.distinct(a, b) != negative, left, self._text(), null=True
                )
            if self._next("TRUE", "FALSE"):
                wanted = self.tokens[self.at - 1][1].upper() == "TRUE"
                return lambda row, n: [
                    (v is not None and bool(v) == wanted) != negative for v in left(row, n)
                ]
            self._need("NULL")
            return lambda row, n: [(v is None) != negative for v in left(row, n)]
        negative = self._next("NOT")
        if self._next("IN"):
            self._need("(")
            found = _apply(functions.among, left, *self._list(), null=True)
        elif self._next("BETWEEN"):
            low = self._text()
            self._need("AND")
            found = _apply(functions.between, left, low, self._text(), null=True)
        elif self._next(*LIKES):
            found = _apply(LIKES[self.tokens[self.at - 1][1].upper()], left, self._text())
        elif negative:
            raise self._odd("expected IN, BETWEEN or LIKE in place of")
        elif self._next(*TESTS):
            return _apply(TESTS[self.tokens[self.at - 1][1]], left, self._text())
        else:
            return left
        return _apply(lambda v: not v, found) if negative else found

    def _text(self) -> Expression:
        return self._chain(("||",), self._sum)

    def _sum(self) -> Expression:
        return self._chain(("-", "+"), self._product)

    def _product(self) -> Expression:
        return self._chain(("*", "/", "%"), self._cast_to)

    def _chain(self, signs: tuple[str, ...], part: Callable[[], Expression]) -> Expression:
        out = part()
        while self._next(*signs):
            sign = self.tokens[self.at - 1][1]
            right = part()
            out = _apply(_spark_divided if self.spark and sign == "/" else ARITHMETIC[sign], out, right)
        return out

    def _cast_to(self) -> Expression:
        if self._next("-"):
            inner = self._deeper(self._cast_to)
            return _apply(functions.calculated(lambda v: -v), inner)
        out = self._atom()
        while self._next("::"):
            out = _apply(self._type(), out)
        return out

    def _deeper(self, part: Callable[[], Expression]) -> Expression:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError(f"a condition that is nested more than {DEEPEST} deep")
        out = part()
        self.depth -= 1
        return out

    def _atom(self) -> Expression:
        if self._next("("):
            out = self._or()
            self._need(")")
            return out
        if self.at >= len(self.tokens):
            raise self._odd()
        kind, token, _ = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return _constant(int(token) if token.isdigit() and len(token) <= 30 else float(token))
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
                raise self._odd("neither _l nor _r ends column", 1)
            self.columns.add(name[:-2])
            return lambda row, n: row[name]
        raise self._odd(back=1)

    def _case(self) -> Expression:
        parts: list[tuple[Expression, Expression]] = []
        subject = None if self._next("WHEN") else self._or()
        self.at -= subject is None
        while self._next("WHEN"):
            condition = self._or()
            if subject is not None:
                condition = _apply(functions.same, subject, condition)
            self._need("THEN")
            parts.append((condition, self._or()))
        if not parts:
            raise self._odd("expected WHEN in place of")
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
        how = self._type()
        self._need(")")
        return _apply(how, inner)

    def _type(self) -> Callable[[Any], Any]:
        """What makes a value one of the type that is named next."""
        name = self.tokens[self.at][1].upper() if self.at < len(self.tokens) else ""
        known: dict[tuple[str, ...], Callable[[Any], Any]] = {
            _TEXTS: functions.text, _FLOATS: functions.calculated(float), _DECIMALS: functions.number, ("BOOLEAN", "BOOL"): functions.truth,
            _WHOLES: lambda v: functions.whole(v, cut=self.spark), ("DATE",): functions.calendar_day, ("TIMESTAMP", "DATETIME"): functions.day,
        }  # fmt: skip
        how = next((one for names, one in known.items() if name in names), None)
        if how is None:
            raise self._odd("type not known here:")
        self.at += 1
        sizes: list[int] = []
        if name in (*_TEXTS, *_DECIMALS) and self._next("("):
            while not sizes or self._next(","):
                kind, token, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", 0)
                if kind != "number" or not token.isdigit() or len(token) > 9 or len(sizes) == 2:
                    raise self._odd("expected a size in place of")
                sizes.append(int(token))
                self.at += 1
            self._need(")")
        if name in _DECIMALS:
            places = sizes[1] if len(sizes) == 2 else 0 if sizes or self.spark else 3
            return functions.calculated(lambda v: functions.rounded(v, places))
        return how

    def _list(self) -> list[Expression]:
        """What stands between brackets."""
        out = [self._or()]
        while self._next(","):
            out.append(self._or())
        self._need(")")
        return out

    def _part(self) -> str:
        """A part of a day, which stands in quotes."""
        kind, token, _ = self.tokens[self.at] if self.at < len(self.tokens) else ("", "", 0)
        name = token.strip("'").lower().removesuffix("s")
        if kind not in ("string", "word") or name not in PARTS:
            raise self._odd("part of a day not known here:")
        self.at += 1
        return name

    def _call(self, name: str) -> Expression:
        back = self.at - 2
        _, shown, place = self.tokens[back]
        if name == "extract" or name in ("date_diff", "date_part") or (name == "datediff" and self._quoted()):
            one = self._part()
            self._need("FROM" if name == "extract" else ",")
            given = self._list()
            if len(given) != (2 if name.endswith("diff") else 1):
                raise ValueError(
                    f"{shown!r} has too many or too few arguments at character {place} of {self.text!r}"
                )
            if len(given) == 2:
                return _apply(lambda a, b: functions.boundaries(one, a, b), *given)
            return _apply(lambda a: functions.part(one, a), *given)
        arguments: list[Expression] = []
        if not self._next(")"):
            arguments.append(self._or())
            if name == "substring" and self._next("FROM"):
                arguments.append(self._or())
                if self._next("FOR"):
                    arguments.append(self._or())
                self._need(")")
            elif self._next(","):
                arguments += self._list()
            else:
                self._need(")")
        null = name in WITH_NULL and not (self.spark and name == "concat")
        counts, function = (WITH_NULL if name in WITH_NULL else FUNCTIONS).get(name, (range(2, 3), None))
        if name in DISTANCES:
            function = self.of(DISTANCES[name])
        if name == "regexp_replace" and self.spark:
            function = None
        if function is None:
            raise ValueError(f"function {shown!r} is not known here, at character {place} of {self.text!r}")
        if len(arguments) not in counts:
            raise ValueError(
                f"{shown!r} has too many or too few arguments at character {place} of {self.text!r}"
            )
        if name == "regexp_extract" and len(arguments) == 2:
            arguments.append(_constant(self.group))
        if name in ("trim", "ltrim", "rtrim") and len(arguments) == 1 and self.spark:
            arguments.append(_constant(" "))
        return _apply(function, *arguments, null=null)

    def _quoted(self) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at][0] == "string"


def _spark_divided(a: Any, b: Any) -> Any:
    """Spark divides by 0 into NULL."""
    return ARITHMETIC["/"](a, b) if functions.number(b) else None


def _constant(value: Any) -> Expression:
    return lambda _row, n: [value] * n


def _fold(parts: Sequence[Expression], wanted: bool) -> Expression:
    """OR (``wanted``) or AND of three values: NULL where no value decides and one is NULL."""

    def one(some: tuple[Any, ...]) -> bool | None:
        if any(v is not None and bool(v) == wanted for v in some):
            return wanted
        return None if any(v is None for v in some) else not wanted

    return lambda row, n: [one(some) for some in zip(*(p(row, n) for p in parts), strict=True)]


def _apply(function: Callable[..., Any], *arguments: Expression, null: bool = False) -> Expression:
    """A function of values: NULL where one is NULL, unless it sees ``null`` itself."""

    def run(row: Row, n: int) -> Values:
        given = zip(*(a(row, n) for a in arguments), strict=True)
        return [None if not null and any(v is None for v in some) else function(*some) for some in given]

    return run

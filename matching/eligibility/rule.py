"""A fund's rule as data: criteria, grant, caps, residual, documents, process (schema 1).

`parse.parse_rule` reads the JSON form; docs/reference/fund-rules.md describes each key. `Rule.to_data()`
gives the JSON form back, `Rule.digest` identifies what decides (the display block of the fund is not in it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from .schema import plain

SCHEMA = 1
FEN = Decimal("0.01")
BASES = ("person", "cash", "in_scope", "out_of_scope")
LAYERS = ("basic", "supplement", "catastrophic", "assistance", "commercial", "charity", "crowdfunding")


@dataclass(frozen=True)
class Criterion:
    """One condition. `params` are typed by `kind` (see parse.CRITERIA) and read only; groups nest criteria."""

    id: str
    kind: str
    params: Mapping[str, Any]
    clause: str
    text: str

    def to_data(self) -> dict[str, Any]:
        """The JSON form."""
        data = {"id": self.id, "type": self.kind, "clause": self.clause, "text": self.text}
        return data | ({"params": plain(self.params)} if self.params else {})

    def walk(self) -> Iterator[Criterion]:
        """Itself and every criterion nested in it."""
        yield self
        for inner in self.params.get("criteria", ()):
            yield from inner.walk()


@dataclass(frozen=True)
class Residual:
    """Which residual the fund looks at: base, deducted layers, and over what.

    `scope` bill | episode | window. A window is `months` back from the application or `since` a day.
    """

    basis: str = "person"
    after: tuple[str, ...] = LAYERS
    scope: str = "bill"
    months: int | None = None
    since: date | None = None
    clause: str = ""


@dataclass(frozen=True)
class Bracket:
    """One grant bracket over the residual, in yuan. Exactly one of gt/gte; lt, lte or neither (no end)."""

    gt: Decimal | None = None
    gte: Decimal | None = None
    lt: Decimal | None = None
    lte: Decimal | None = None
    amount: Decimal | None = None
    percent: Decimal | None = None
    max: Decimal | None = None

    @property
    def first(self) -> Decimal:
        """The lowest residual inside, to the fen."""
        return self.gte if self.gte is not None else (self.gt or Decimal("0.00")) + FEN

    @property
    def last(self) -> Decimal | None:
        """The highest residual inside, to the fen; None without an end."""
        if self.lt is not None:
            return self.lt - FEN
        return self.lte

    def holds(self, residual: Decimal) -> bool:
        """Is the residual inside?"""
        return self.first <= residual and (self.last is None or residual <= self.last)


@dataclass(frozen=True)
class Case:
    """A fixed amount, given when its condition is met; the last case of a grant has no condition."""

    amount: Decimal
    label: str
    when: Criterion | None = None


@dataclass(frozen=True)
class Grant:
    """How much. kind: flat | cases | brackets | percent | committee.

    `less_prior`: what this fund gave before is deducted (a supplement tops up to the amount).
    """

    kind: str
    clause: str
    text: str
    amount: Decimal | None = None
    percent: Decimal | None = None
    max: Decimal | None = None
    cases: tuple[Case, ...] = ()
    brackets: tuple[Bracket, ...] = ()
    less_prior: bool = False


@dataclass(frozen=True)
class Cap:
    """At most `amount` yuan per award, natural year (Asia/Shanghai) or life, over all awards of the fund."""

    per: str
    amount: Decimal
    clause: str


@dataclass(frozen=True)
class RequiredDocument:
    """A document to hand in. `seals`: the accepted ones (empty: none needed). `when`: only then needed."""

    kind: str
    name: str
    clause: str
    text: str
    seals: tuple[str, ...] = ()
    max_age_days: int | None = None
    when: Criterion | None = None


@dataclass(frozen=True)
class Process:
    """How the fund decides. `queue`: first_come | ranked | '' (no queue)."""

    committee: bool = False
    queue: str = ""
    promised_days: int | None = None


@dataclass(frozen=True)
class Rule:
    """A fund's rule in one version. `fund` is display data for pages (name, budget, summary lines)."""

    slug: str
    version: int
    effective_from: date
    resolution: str
    criteria: tuple[Criterion, ...]
    residual: Residual
    grant: Grant
    caps: tuple[Cap, ...] = ()
    documents: tuple[RequiredDocument, ...] = ()
    process: Process = Process()
    fund: Mapping[str, Any] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        """The JSON form; `parse_rule` of it gives an equal rule."""
        data: dict[str, Any] = {"schema": SCHEMA, "slug": self.slug, "version": self.version}
        data |= {"effective_from": self.effective_from.isoformat(), "resolution": self.resolution}
        data |= {"criteria": plain(self.criteria), "grant": _fields(self.grant)}
        data |= {"residual": _fields(self.residual), "process": _fields(self.process)}
        data |= {"caps": [_fields(c) for c in self.caps]}
        data |= {"documents": [_fields(d) for d in self.documents]}
        return data | ({"fund": plain(self.fund)} if self.fund else {})

    def canonical(self) -> bytes:
        """What decides, as canonical JSON: sorted keys, no spaces, UTF-8, no display block."""
        data = {k: v for k, v in self.to_data().items() if k != "fund"}
        return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of `canonical()`, hexadecimal."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @property
    def name(self) -> str:
        """The fund's name for pages."""
        return str(self.fund.get("name") or self.slug)


def _fields(thing: Any) -> dict[str, Any]:
    out = {}
    for key, value in vars(thing).items():
        if value in (None, "", ()):
            continue
        if key in ("cases", "brackets"):
            out[key] = [_fields(item) for item in value]
        else:
            out[key] = plain(value)
    return out

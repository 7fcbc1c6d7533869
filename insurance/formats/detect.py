"""Which dialect a record speaks, and its fields laid flat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .canonical import Refused
from .dialects import BY_NAME, setl_d, setlinfo, settlement
from .dialects.base import Dialect

NAMES = tuple(BY_NAME)
_BARE_MARKS = ("setl_id", "medfee_sumamt", "med_fee_sumamt", "psn_part_amt", "fund_pay_sumamt")


@dataclass(frozen=True, slots=True)
class Flat:
    """A record laid flat under its sender's own names. `wrong` names nested parts that are not objects."""

    dialect: Dialect
    fields: Mapping[str, Any]
    infno: str = ""
    wrong: tuple[str, ...] = ()


def detect(record: Mapping[str, Any]) -> str | None:
    """The dialect's name, or None. Canonical first, then an envelope, then the flat tables."""
    if settlement.looks_like(record):
        return settlement.DIALECT.name
    if setlinfo.looks_like(record):
        return setlinfo.DIALECT.name
    if setl_d.looks_like(record):
        return setl_d.DIALECT.name
    if any(mark in record for mark in _BARE_MARKS):
        return setlinfo.DIALECT.name
    return None


def lay_flat(record: Mapping[str, Any], dialect: str | None = None) -> Flat | Refused:
    """`dialect` overrides the guess; an envelope is opened whichever national dialect was named."""
    name = dialect or detect(record)
    if name is None or name not in BY_NAME:
        return Refused("unknown_dialect")
    if name == settlement.DIALECT.name:
        fields, wrong = settlement.flatten(record)
        return Flat(BY_NAME[name], fields, wrong=tuple(wrong))
    if setlinfo.looks_like(record):
        opened = setlinfo.unwrap(record)
        if isinstance(opened, Refused):
            return opened
        return Flat(BY_NAME[name], opened[0], opened[1])
    return Flat(BY_NAME[name], record)

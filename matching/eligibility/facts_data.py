"""Facts from JSON, for worked cases, dry runs and tests.

A value stands for itself and counts as verified; {"claimed": value} was stated but not checked;
null or a missing key is unknown; {"missing": "…", "who": "…"} says what is missing.
Dates are ISO, amounts strings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from .facts import (
    UNKNOWN,
    Bill,
    CommitteeDecision,
    Diagnosis,
    Document,
    Facts,
    Hardship,
    Hospital,
    Known,
    PriorAward,
    Procedure,
    Residence,
    Unknown,
)

BASES = ("person", "cash", "in_scope", "out_of_scope")


def _day(value: Any) -> Any:
    return None if value is None else date.fromisoformat(value)


def _made(kind: Callable[..., Any], value: Mapping[str, Any], **read: Callable[[Any], Any]) -> Any:
    return kind(**{k: read[k](v) if k in read else v for k, v in value.items()})


def _aid(value: Any) -> tuple[tuple[str, Decimal], ...]:
    return tuple((layer, Decimal(amount)) for layer, amount in value.items())


def _bill(value: Mapping[str, Any]) -> Bill:
    value = {"aid": {}, **value}
    money = dict.fromkeys(BASES, Decimal)
    return _made(Bill, value, settled_on=_day, aid=lambda v: _fact(v, _aid, plain=True), **money)


def _several(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: tuple(read(item) for item in value)


READ: Mapping[str, Callable[[Any], Any]] = {
    "applied_on": _day,
    "entered_on": _day,
    "diagnosed_on": _day,
    "treated_on": _day,
    "birth_date": _day,
    "diagnoses": _several(lambda v: _made(Diagnosis, v)),
    "procedures": _several(lambda v: _made(Procedure, v, done_on=_day)),
    "residence": lambda v: _made(Residence, v, since=_day),
    "hospital": lambda v: _made(Hospital, v),
    "hardships": _several(lambda v: _made(Hardship, v, since=_day, until=_day)),
    "bills": _several(_bill),
    "prior_awards": _several(lambda v: _made(PriorAward, v, awarded_on=_day, amount=Decimal)),
    "medical_spend": Decimal,
    "capacity_to_pay": Decimal,
    "documents": _several(lambda v: _made(Document, v, issued_on=_day)),
    "committee": lambda v: _made(CommitteeDecision, v, amount=lambda a: None if a is None else Decimal(a)),
    "open_remainder": Decimal,
    "fund_available": Decimal,
}


def _fact(value: Any, read: Callable[[Any], Any], *, plain: bool = False) -> Any:
    if value is None:
        return UNKNOWN
    if isinstance(value, Mapping) and "missing" in value:
        return Unknown(value["missing"], value.get("who", ""))
    if isinstance(value, Mapping) and "claimed" in value:
        return Known(read(value["claimed"]), value.get("source", "申请人"), verified=False)
    return Known(read(value), "" if plain else "已核对", verified=True)


def facts_from(data: Mapping[str, Any]) -> Facts:
    """The Facts that this decoded JSON states. Raises KeyError, TypeError or ValueError on a bad one."""
    out: dict[str, Any] = {}
    for key, value in data.items():
        if key in ("subject_bill", "subject_episode"):
            out[key] = value
        elif key in Facts.__dataclass_fields__:
            out[key] = _fact(value, READ.get(key, lambda v: v))
        else:
            raise KeyError(f"no such fact: {key}")
    return Facts(**out)

"""The canonical Settlement: one bill after statutory insurance, whoever sent it and in whatever dialect."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from .messages import SOURCE_LANGUAGE, message

SHANGHAI = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")
"""Naive timestamps are Asia/Shanghai; it has known no summer time since 1991."""

Kind = Literal["settlement", "reversal"]

CORE_AMOUNTS = ("total_fee", "fund_paid", "person_paid", "hospital_borne")
DETAIL_AMOUNTS = (
    "account_paid",
    "account_mutual_paid",
    "cash_paid",
    "own_expense",
    "over_limit",
    "first_self_pay",
    "in_scope",
    "deductible",
)


class _Said(msgspec.Struct, frozen=True):
    """A code with what it speaks of. `params` hold field names, codes and amounts, never a person's data."""

    code: str
    field: str = ""
    params: dict[str, str] = {}

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        return message(self.code, {"field": self.field, **self.params}, language)

    @property
    def message(self) -> str:
        return self.text()


class RecordWarning(_Said, frozen=True):
    """Accepted nevertheless: something the sender may want to know."""


class Reason(_Said, frozen=True):
    """Why a record is in quarantine; identities give left, right and difference (yuan, strings)."""

    @property
    def details(self) -> dict[str, str]:
        return self.params


class PersonFields(msgspec.Struct, frozen=True, kw_only=True):
    """The person as the record states it; "" and None mean not stated. All of it is personal data.

    cert_no_valid: True or False for a resident ID number, None where nothing can be checked. Only a valid
    number is an identifier for linking (decisions.md 5). sex: "1" male, "2" female, "" unknown.
    """

    psn_no: str = ""
    cert_type: str = ""
    cert_no: str = ""
    cert_no_valid: bool | None = None
    name: str = ""
    name_masked: bool = False
    sex: str = ""
    birth_date: dt.date | None = None
    phone: str = ""
    area: str = ""


class Hardship(msgspec.Struct, frozen=True):
    """A hardship code as sent; `meaning` is None when no table of that province knows it."""

    field: str
    code: str
    meaning: str | None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """One bill after statutory insurance. Amounts are yuan with two places; a reversal's as sent, negative.

    Texts that were not sent are "", dates None. total_fee, fund_paid, person_paid and hospital_borne always
    have a value (0.00 and listed in `unread` only when quarantined); the finer amounts are None when
    the sender did not state them. `pays` has every key of `codes.PAYS`.
    `derived` names amounts computed by I1–I3 because they were null; `extra` keeps national fields that have
    no place here, `unknown` fields that no dialect knows: both may hold personal data.
    """

    kind: Kind
    dialect: str
    setl_id: str
    issuing_centre: str
    insured_area: str = ""
    insutype: str = ""
    med_type: str = ""
    hospital_code: str = ""
    hospital_name: str = ""
    medins_setl_id: str = ""
    mdtrt_id: str = ""
    original_setl_id: str = ""
    original_msgid: str = ""
    msgid: str = ""
    admitted_on: dt.date | None = None
    discharged_on: dt.date | None = None
    settled_at: dt.datetime | None = None
    disease_code: str = ""
    disease_name: str = ""

    total_fee: Decimal
    fund_paid: Decimal
    person_paid: Decimal
    hospital_borne: Decimal
    account_paid: Decimal | None = None
    account_mutual_paid: Decimal | None = None
    cash_paid: Decimal | None = None
    own_expense: Decimal | None = None
    over_limit: Decimal | None = None
    first_self_pay: Decimal | None = None
    in_scope: Decimal | None = None
    deductible: Decimal | None = None
    pays: dict[str, Decimal]

    person: PersonFields
    hardship: tuple[Hardship, ...] = ()

    derived: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    extra: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    warnings: tuple[RecordWarning, ...] = ()

    @property
    def identity(self) -> tuple[str, str, str]:
        """(issuing centre, setl_id, kind): the same settlement whoever sends it (decisions.md 4)."""
        return (self.issuing_centre, self.setl_id, self.kind)

    @property
    def needs_original(self) -> bool:
        """A reversal that does not say which settlement it reverses."""
        return self.kind == "reversal" and not (self.original_setl_id or self.original_msgid)


class Accepted(msgspec.Struct, frozen=True):
    settlement: Settlement

    @property
    def warnings(self) -> tuple[RecordWarning, ...]:
        return self.settlement.warnings

    @property
    def needs_original(self) -> bool:
        return self.settlement.needs_original


class Refused(_Said, frozen=True):
    """Not a settlement that Jieli takes, refused by name."""


class Quarantined(msgspec.Struct, frozen=True):
    """Kept, with every reason found; `settlement` is as far as it could be read."""

    settlement: Settlement
    reasons: tuple[Reason, ...]

    @property
    def warnings(self) -> tuple[RecordWarning, ...]:
        return self.settlement.warnings


ReadResult = Accepted | Refused | Quarantined


def residual_person(settlement: Settlement) -> Decimal:
    """What the person bears, account and cash together (psn_part_amt). Yuan."""
    return settlement.person_paid


def residual_cash(settlement: Settlement) -> Decimal | None:
    """What the person paid in cash (psn_cash_pay); None when not stated. Yuan."""
    return settlement.cash_paid


def residual_in_scope(settlement: Settlement) -> Decimal | None:
    """Policy-range self-pay: inscp_scp_amt − fund_pay_sumamt; None when not stated. Yuan."""
    return None if settlement.in_scope is None else settlement.in_scope - settlement.fund_paid


def residual_out_of_scope(settlement: Settlement, *, first_self_pay_counts: bool = False) -> Decimal | None:
    """fulamt_ownpay + overlmt, and preselfpay where the region counts it so; None when not stated. Yuan."""
    parts = [settlement.own_expense, settlement.over_limit]
    if first_self_pay_counts:
        parts.append(settlement.first_self_pay)
    if None in parts:
        return None
    return sum((part for part in parts if part is not None), Decimal("0.00"))


_NOT_CONTENT = frozenset({"dialect", "derived", "unread", "extra", "warnings"})


def to_json(settlement: Settlement) -> dict[str, Any]:
    """JSON-safe dict: amounts as strings with two places, dates ISO 8601, timestamps with their offset.

    Holds personal data: for the vault, never for a log.
    """
    return msgspec.to_builtins(settlement)


def content_hash(settlement: Settlement) -> bytes:
    """SHA-256 (32 bytes) over the canonical JSON of the content.

    Keys sorted, no spaces, UTF-8, empty values left out, timestamps in UTC (after RFC 8785; amounts are
    strings). How it was sent (dialect, what was derived, unused national fields such as the account balance,
    warnings) is not content, so the same bill in another dialect has the same hash.
    """
    content: Mapping[str, Any] = to_json(settlement)
    kept = {
        key: value for key, value in content.items() if key not in _NOT_CONTENT and value not in ("", None)
    }
    kept["person"] = {key: value for key, value in content["person"].items() if value not in ("", None)}
    if settlement.settled_at is not None:
        kept["settled_at"] = settlement.settled_at.astimezone(dt.UTC).isoformat()
    return hashlib.sha256(b"jieli.settlement.v1\n" + msgspec.json.encode(kept, order="sorted")).digest()

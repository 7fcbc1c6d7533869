"""One raw record to exactly one result: Accepted, Refused by name, or Quarantined with every reason found."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from matching.linkage.values import idnumber

from . import codes, scalars
from .amounts import Amounts
from .canonical import (
    CORE_AMOUNTS,
    DETAIL_AMOUNTS,
    SHANGHAI,
    Accepted,
    Hardship,
    Kind,
    PersonFields,
    Quarantined,
    ReadResult,
    Reason,
    RecordWarning,
    Refused,
    Settlement,
)
from .detect import Flat, lay_flat
from .dialects import BY_NAME
from .dialects.base import IGNORED
from .dialects.setlinfo import REVERSALS, UNDO
from .scalars import ZERO, BadValue

_LIMITS = {
    "hospital_name": 200,
    "disease_name": 500,
    "person.name": 100,
    "person.phone": 40,
    "disease_code": 60,
}
_DEFAULT_LIMIT = 64
_AMOUNTS = frozenset((*CORE_AMOUNTS, *DETAIL_AMOUNTS, *(f"pays.{key}" for key in codes.PAYS)))
_DATES = frozenset({"admitted_on", "discharged_on", "person.birth_date"})
_PAST = dt.timedelta(days=1)
"""How far a sender's clock may be ahead."""

_SEX = {"M": "1", "F": "2"}
_EMPTY = (None, "", ())
_FLAGS_TRUE = frozenset({"1", "true", "TRUE", "True", "是"})
_RESIDENT_NUMBERS = frozenset({codes.RESIDENT_ID_CARD, ""})


def read(
    record: Mapping[str, Any] | bytes, dialect: str | None = None, *, now: dt.datetime | None = None
) -> ReadResult:
    """Read one record: JSON bytes, or what `decode_body` made of them (numbers as Decimal).

    dialect: 'settlement', 'setlinfo' or 'setl_d'; None lets the record tell. now: aware, for dates that lie
    in the future; the current time by default. Raises nothing on hostile input: whatever is decodable has one
    result.
    """
    if isinstance(record, bytes | bytearray | memoryview):
        from .decode import decode_record

        decoded = decode_record(bytes(record))
        if isinstance(decoded, Refused):
            return decoded
        record = decoded
    if not isinstance(record, dict):
        return Refused("not_an_object")
    flat = lay_flat(record, dialect)
    if isinstance(flat, Refused):
        return flat
    return _Reader(flat, now or dt.datetime.now(SHANGHAI)).result()


def _text_of(limit: int) -> Callable[[Any], str]:
    return lambda raw: scalars.text(raw, limit)


def _flag(raw: Any) -> str:
    return ("1" if raw else "0") if isinstance(raw, bool) else scalars.text(raw, _DEFAULT_LIMIT)


def _codes(raw: Any) -> tuple[str, ...]:
    """One code or a list of them."""
    sent = raw[:20] if isinstance(raw, list | tuple) else (raw,)
    return tuple(code for item in sent if (code := scalars.text(item, _DEFAULT_LIMIT)))


def _converter(target: str) -> Callable[[Any], Any]:
    if target in _AMOUNTS:
        return scalars.amount
    if target in _DATES:
        return scalars.date
    if target == "settled_at":
        return scalars.timestamp
    if target == "refunded":
        return _flag
    if target.startswith("hardship."):
        return _codes
    return _text_of(_LIMITS.get(target, _DEFAULT_LIMIT))


_CONVERT = {target: _converter(target) for dialect in BY_NAME.values() for target in dialect.aliases}


class _Reader:
    """Collects values, reasons and warnings of one record."""

    def __init__(self, flat: Flat, now: dt.datetime) -> None:
        self.flat = flat
        self.now = now
        self.values: dict[str, Any] = {}
        self.names: dict[str, str] = {}
        self.ranks: dict[str, int] = {}
        self.bad: set[str] = set()
        self.amounts: dict[str, Decimal | None] = {}
        self.extra: dict[str, Any] = {}
        self.unknown: dict[str, Any] = {}
        self.reasons: list[Reason] = []
        self.warnings: list[RecordWarning] = []

    # values -----------------------------------------------------------------------------------------------

    def _collect(self) -> None:
        targets = self.flat.dialect.targets
        kept = 0
        for key, value in self.flat.fields.items():
            found = targets.get(key)
            if found is not None and found[0] is not IGNORED:
                self._take(key, found[0], found[1], value)
                continue
            if found is not None and (value is None or value == ""):
                continue
            kept += 1
            if kept > scalars.MAX_KEPT_KEYS:
                continue
            if found is not None and type(value) is str and len(value) < 100 and value.isprintable():
                self.extra[key] = value
                continue
            safe, cut = scalars.kept(value)
            name = scalars.key_name(key)
            if found is None:
                self.unknown[name] = safe
                self._warn("unknown_field", name)
            else:
                self.extra[name] = safe
            if cut:
                self._warn("unknown_truncated", name)
        if kept > scalars.MAX_KEPT_KEYS:
            self._warn("unknown_truncated", "…")
        for name in self.flat.wrong:
            self._reason("wrong_type", name, expected="object")

    def _take(self, key: str, target: str, rank: int, raw: Any) -> None:
        try:
            value = _CONVERT[target](raw)
        except BadValue as fault:
            self.bad.add(target)
            self._reason(fault.code, key, **fault.params)
            return
        if target not in self.ranks:
            self.values[target], self.names[target], self.ranks[target] = value, key, rank
            return
        before, other = self.values[target], self.names[target]
        if value in _EMPTY or value == before:
            return
        if before in _EMPTY:
            self.values[target], self.names[target], self.ranks[target] = value, key, rank
        elif target in _AMOUNTS or target == "setl_id":
            self.bad.add(target)
            self._reason("conflicting_values", key, other=other)
        elif target in (
            "disease_code",
            "disease_name",
            "admitted_on",
            "discharged_on",
            "person.phone",
            "person.area",
        ):
            if (
                rank < self.ranks[target]
            ):  # several related fields, not several names of one: the preferred wins
                self.values[target], self.names[target], self.ranks[target] = value, key, rank
        elif rank < self.ranks[target]:
            self.values[target], self.names[target], self.ranks[target] = value, key, rank
            self._warn("differing_values", key, other=other)
        else:
            self._warn("differing_values", other, other=key)

    def _text(self, target: str) -> str:
        return self.values.get(target) or ""

    def _name(self, target: str) -> str:
        return self.names.get(target) or self.flat.dialect.source_name(target)

    def _reason(self, code: str, field: str = "", **params: str) -> None:
        self.reasons.append(Reason(code, field, params))

    def _warn(self, code: str, field: str = "", **params: str) -> None:
        self.warnings.append(RecordWarning(code, field, params))

    # the result -------------------------------------------------------------------------------------------

    def result(self) -> ReadResult:
        self._collect()
        if not self._text("setl_id") and "setl_id" not in self.bad:
            return Refused("pre_settlement", self._name("setl_id"))
        amounts = Amounts(
            {k: v for k, v in self.values.items() if k in _AMOUNTS and k not in self.bad},
            self.ranks,
            self.bad,
        )
        amounts.derive()
        kind = self._kind(amounts)
        unread = self._judge_amounts(amounts, kind)
        centre = self._centre()
        if kind == "reversal" and not (self._text("original_setl_id") or self._text("original_msgid")):
            self._warn("needs_original")
        self._judge_codes()
        self._judge_dates()
        person = self._person()
        values = amounts.values
        settlement = Settlement(
            kind=kind,
            dialect=self.flat.dialect.name,
            setl_id=self._text("setl_id"),
            issuing_centre=centre,
            insured_area=self._text("insured_area"),
            insutype=self._text("insutype"),
            med_type=self._text("med_type"),
            hospital_code=self._text("hospital_code"),
            hospital_name=self._text("hospital_name"),
            medins_setl_id=self._text("medins_setl_id"),
            mdtrt_id=self._text("mdtrt_id"),
            original_setl_id=self._text("original_setl_id"),
            original_msgid=self._text("original_msgid"),
            msgid=self._text("msgid"),
            admitted_on=self.values.get("admitted_on"),
            discharged_on=self.values.get("discharged_on"),
            settled_at=self.values.get("settled_at"),
            disease_code=self._text("disease_code"),
            disease_name=self._text("disease_name"),
            total_fee=values.get("total_fee") or ZERO,
            fund_paid=values.get("fund_paid") or ZERO,
            person_paid=values.get("person_paid") or ZERO,
            hospital_borne=values.get("hospital_borne") or ZERO,
            account_paid=values.get("account_paid"),
            account_mutual_paid=values.get("account_mutual_paid"),
            cash_paid=values.get("cash_paid"),
            own_expense=values.get("own_expense"),
            over_limit=values.get("over_limit"),
            first_self_pay=values.get("first_self_pay"),
            in_scope=values.get("in_scope"),
            deductible=values.get("deductible"),
            pays={key: values.get(f"pays.{key}") or ZERO for key in codes.PAYS},
            person=person,
            hardship=self._hardship(centre),
            derived=tuple(amounts.derived),
            unread=unread,
            extra=self.extra,
            unknown=self.unknown,
            warnings=tuple(self.warnings),
        )
        if self.reasons:
            return Quarantined(settlement, tuple(self.reasons))
        return Accepted(settlement)

    def _kind(self, amounts: Amounts) -> Kind:
        stated = self._text("kind")
        if stated not in ("", "settlement", "reversal"):
            self._reason("unknown_kind", "kind")
        flagged = (
            stated == "reversal"
            or self._text("refunded") in _FLAGS_TRUE
            or self.flat.infno in {*REVERSALS, UNDO}
        )
        if flagged:
            return "reversal"
        return "reversal" if stated != "settlement" and amounts.is_negative() else "settlement"

    def _judge_amounts(self, amounts: Amounts, kind: Kind) -> tuple[str, ...]:
        """Reasons for missing, absurd and contradictory amounts; names of unknown core amounts."""
        unread = tuple(target for target in CORE_AMOUNTS if amounts.get(target) is None)
        for target in unread:
            if target not in self.bad:
                self._reason("missing_amount", self._name(target))
        negative = amounts.of_sign(-1)
        if kind == "settlement":
            broken = {target for target in negative if target not in amounts.derived}
            for target in sorted(broken):
                self._reason("absurd_amount", self._name(target), value=str(amounts.get(target)))
        elif negative:
            mixed = [target for target in amounts.of_sign(1) if target not in amounts.derived]
            if mixed:
                self._reason("mixed_signs", "、".join(sorted(self._name(target) for target in mixed)))
        elif amounts.of_sign(1):
            self._warn("positive_reversal", self._name("total_fee"))
        if kind == "settlement":
            # a derived amount below zero means that the identity it came from does not hold
            for target in [target for target in amounts.derived if target in negative]:
                amounts.derived.remove(target)
                amounts.values[target] = ZERO
        self.reasons.extend(amounts.check({target: self._name(target) for target in _WHOLES}))
        hospital = amounts.get("hospital_borne")
        if hospital and "hospital_borne" in amounts.derived:
            self._warn("derived_hospital_share", self._name("hospital_borne"), value=str(hospital))
        return unread

    def _centre(self) -> str:
        centre = self._text("issuing_centre") or self._text("insured_area")
        if not centre and not {"issuing_centre", "insured_area"} & self.bad:
            self._reason("missing_issuing_centre", self._name("issuing_centre"))
        for target in ("issuing_centre", "insured_area"):
            if (code := self._text(target)) and not codes.is_known_area(code):
                self._warn("unknown_area", self._name(target))
        return centre

    def _judge_codes(self) -> None:
        if not self._text("insutype"):
            self._warn("missing_insutype", self._name("insutype"))
        for target, table, code in (
            ("insutype", codes.INSUTYPE, "unknown_insutype"),
            ("med_type", codes.MED_TYPE, "unknown_med_type"),
            ("person.cert_type", codes.CERT_TYPE, "unknown_cert_type"),
            ("person.sex", codes.SEX, "unknown_sex"),
        ):
            value = self._text(target)
            if value and value not in table:
                self._warn(code, self._name(target))

    def _judge_dates(self) -> None:
        latest = self.now + _PAST
        settled = self.values.get("settled_at")
        if settled is None and "settled_at" not in self.bad:
            self._warn("missing_settled_at", self._name("settled_at"))
        elif settled is not None and settled > latest:
            self._reason("future_date", self._name("settled_at"))
        last_day = latest.astimezone(SHANGHAI).date()
        for target in ("admitted_on", "discharged_on", "person.birth_date"):
            day = self.values.get(target)
            if day is not None and day > last_day:
                self._reason("future_date", self._name(target))
        admitted, discharged = self.values.get("admitted_on"), self.values.get("discharged_on")
        if admitted and discharged and discharged < admitted:
            self._warn("date_order", self._name("discharged_on"))
        birth = self.values.get("person.birth_date")
        if birth and settled and birth > settled.date():
            self._warn("birth_after_settlement", self._name("person.birth_date"))

    def _person(self) -> PersonFields:
        name = self._text("person.name")
        masked = "*" in name or "＊" in name or name.endswith("某")
        if masked:
            self._warn("masked_name", self._name("person.name"))
        sex = self._text("person.sex")
        cert_type = self._text("person.cert_type")
        cert_no = "".join(unicodedata.normalize("NFKC", self._text("person.cert_no")).split()).upper()
        birth = self.values.get("person.birth_date")
        valid: bool | None = None
        if cert_no and cert_type in _RESIDENT_NUMBERS:
            number = idnumber.parse(cert_no)
            valid = number is not None
            if number is None:
                self._warn("invalid_id_number", self._name("person.cert_no"))
            else:
                if birth and birth != number.birth:
                    self._warn("id_birth_date_differs", self._name("person.birth_date"))
                if sex in ("1", "2") and sex != _SEX[number.sex]:
                    self._warn("id_sex_differs", self._name("person.sex"))
        return PersonFields(
            psn_no=self._text("person.psn_no"),
            cert_type=cert_type,
            cert_no=cert_no,
            cert_no_valid=valid,
            name=name,
            name_masked=masked,
            sex=sex if sex in ("1", "2") else "",
            birth_date=birth,
            phone=self._text("person.phone"),
            area=self._text("person.area"),
        )

    def _hardship(self, centre: str) -> tuple[Hardship, ...]:
        area = self._text("insured_area") or centre
        found = []
        for field in ("psn_idet_type", "mat_idet_code"):
            for code in self.values.get(f"hardship.{field}") or ():
                found.append(Hardship(field, code, codes.hardship_class(field, code, area)))
        return tuple(found)


_WHOLES = ("total_fee", "fund_paid", "person_paid", "account_mutual_paid")

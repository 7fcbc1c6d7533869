"""The identities I1–I4 of a bill (domain.md): deriving what is null, checking what is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from . import codes
from .canonical import Reason
from .scalars import ZERO

TOLERANCE = Decimal("0.05")
"""Yuan; a difference beyond it breaks an identity."""

_PAYS = tuple(f"pays.{key}" for key in codes.PAYS)
_PARTS_OF_TOTAL = ("fund_paid", "person_paid", "hospital_borne")
_PARTS_OF_PERSON = ("account_paid", "cash_paid")
_PARTS_OF_SCOPE = ("own_expense", "over_limit", "first_self_pay", "in_scope")
_CORE = ("total_fee", *_PARTS_OF_TOTAL)


@dataclass(slots=True)
class Amounts:
    """Amounts by canonical target. `values` None is null; `sent` names the targets that the record has, null
    or not; `bad` those that could not be read, so that no identity they stand in says anything."""

    values: dict[str, Decimal | None]
    sent: Collection[str]
    bad: Collection[str]
    derived: list[str] = field(default_factory=list)

    def get(self, target: str) -> Decimal | None:
        return self.values.get(target)

    def derive(self) -> None:
        """Fill nulls by I3, I1, I2, again while one helps.

        A part that the sender's record does not have at all (the hospital's share, a fund) is zero, so that a
        broken identity stays broken; a part that is there and null is what the identity leaves for it.
        """
        self._absent_is_zero()
        progress = True
        while progress:
            progress = (
                self._fill("person_paid", _PARTS_OF_PERSON)
                or self._fill("total_fee", _PARTS_OF_TOTAL)
                or self._fill_fund()
                or self._fill_null_part_of_fund()
            )
        for target in _PAYS:
            if self.get(target) is None and target not in self.bad:
                self.values[target] = ZERO

    def _absent_is_zero(self) -> None:
        for target in ("hospital_borne", *_PAYS):
            if target not in self.sent and target not in self.bad:
                self.values[target] = ZERO

    def _fill(self, whole: str, parts: tuple[str, ...]) -> bool:
        """whole = Σ parts: compute the only null among them."""
        values = self.values
        missing = [target for target in (whole, *parts) if values.get(target) is None]
        if len(missing) != 1 or missing[0] in self.bad:
            return False
        if missing[0] == whole:
            values[whole] = sum((values[part] or ZERO for part in parts), ZERO)
        else:
            values[missing[0]] = (values[whole] or ZERO) - sum(
                (values[part] or ZERO for part in parts if part != missing[0]), ZERO
            )
        self.derived.append(missing[0])
        return True

    def _fill_fund(self) -> bool:
        """The fund total from its parts, when at least one of them was really stated."""
        if self.get("fund_paid") is not None or not any(target in self.sent for target in _PAYS):
            return False
        return self._fill("fund_paid", _PAYS)

    def _fill_null_part_of_fund(self) -> bool:
        return self.get("fund_paid") is not None and self._fill("fund_paid", _PAYS)

    def check(self, names: Mapping[str, str]) -> list[Reason]:
        """A reason for every identity broken beyond TOLERANCE; `names`: target → the sender's field name."""
        reasons: list[Reason] = []
        self._compare(reasons, "identity_I1", "total_fee", _PARTS_OF_TOTAL, names)
        self._compare(reasons, "identity_I2", "fund_paid", _PAYS, names)
        self._compare(reasons, "identity_I3", "person_paid", _PARTS_OF_PERSON, names)
        self._compare(reasons, "identity_I4", "total_fee", _PARTS_OF_SCOPE, names)
        mutual, account = self.get("account_mutual_paid"), self.get("account_paid")
        if mutual is not None and account is not None and abs(mutual) - abs(account) > TOLERANCE:
            field_name = names.get("account_mutual_paid", "account_mutual_paid")
            reasons.append(_difference("identity_I3_mutual", field_name, mutual, account))
        return reasons

    def _compare(
        self, reasons: list[Reason], code: str, whole: str, parts: tuple[str, ...], names: Mapping[str, str]
    ) -> None:
        left = self.values.get(whole)
        if left is None:
            return
        right = ZERO
        complete = True
        for part in parts:
            value = self.values.get(part)
            if value is None:
                if part in self.bad:
                    return
                complete = False
            else:
                right += value
        difference = left - right
        # with a part unknown, only parts that already exceed the whole break the identity
        broken = (
            abs(difference) > TOLERANCE
            if complete
            else (-difference if left >= 0 else difference) > TOLERANCE
        )
        if broken and (complete or right):
            reasons.append(_difference(code, names.get(whole, whole), left, right))

    def is_negative(self) -> bool:
        """Whether the bill as a whole is negative: the total, else the first core amount that is not zero."""
        for target in (*_CORE, *_PARTS_OF_PERSON):
            value = self.values.get(target)
            if value:
                return value < 0
        return False

    def of_sign(self, sign: int) -> list[str]:
        """Targets whose amount has that sign (beyond TOLERANCE, so that a rounding artefact is none)."""
        return [
            target for target, value in self.values.items() if value is not None and value * sign > TOLERANCE
        ]


def _difference(code: str, field_name: str, left: Decimal, right: Decimal) -> Reason:
    return Reason(code, field_name, {"left": str(left), "right": str(right), "difference": str(left - right)})

"""From checks to facts: what was verified takes the place of what was claimed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from matching import eligibility as rules
from matching.eligibility import Known

from .models import Fact, Finding

NONE = "none"
ZERO = Decimal("0.00")


def newest(rows: Iterable[Finding]) -> dict[tuple[str, str], Finding]:
    """(fact, key) → the newest row on it."""
    found: dict[tuple[str, str], Finding] = {}
    for row in sorted(rows, key=lambda one: one.pk):
        found[row.fact, row.key] = row
    return found


def counts(row: Finding, on: date) -> bool:
    """Is it a finding that holds on that day?"""
    return row.outcome == Finding.Outcome.FOUND and (row.valid_until is None or row.valid_until >= on)


def value_of(row: Finding) -> dict[str, Any]:
    """What was found; empty where nothing was."""
    return dict(row.value or {})


def source_of(row: Finding) -> str:
    """How it was checked, for the criteria list; what exactly was seen stands in the sealed source."""
    return _("%(means)s，%(day)s 核实") % {
        "means": row.get_means_display(),
        "day": row.checked_on.isoformat(),
    }


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def apply(case_id: int, agreed: Collection[str], known: dict[str, Any], on: date) -> dict[str, Any]:
    """`known` (names and values of matching.eligibility.Facts) with what staff verified on this case.

    A verified value replaces a claimed one. What the insurer pushed stays: a check completes it (stage, level)
    and never contradicts it. Only checks of categories to which the consent in force agrees are used.
    """
    rows = Finding.objects.filter(case_id=case_id, category__in=list(agreed))
    live = {at: row for at, row in newest(rows).items() if counts(row, on)}
    out = dict(known)
    for (fact, _key), row in live.items():
        value, told = value_of(row), source_of(row)
        before = known.get(fact)
        pushed = isinstance(before, Known) and before.verified
        if fact == Fact.HOUSEHOLD_AREA:
            out[fact] = Known(value["area"], told, verified=True)
        elif fact == Fact.RESIDENCE:
            out[fact] = Known(rules.Residence(value["area"], _day(value.get("since"))), told, verified=True)
        elif fact in {Fact.INSURED_AREA, Fact.INSUTYPE}:
            if not pushed:
                out[fact] = Known(value["value"], told, verified=True)
        elif fact == Fact.HOUSEHOLD:
            out[fact] = Known(capacity(value), told, verified=True)
        elif fact == Fact.MEDICAL_SPEND:
            if not pushed:
                out[fact] = Known(Decimal(value["amount"]), told, verified=True)
        elif fact == Fact.FIRST_DIAGNOSIS:
            out[fact] = Known(bool(value["first"]), told, verified=True)
        elif fact in {Fact.DIAGNOSED_ON, Fact.TREATED_ON}:
            out[fact] = Known(date.fromisoformat(value["day"]), told, verified=True)
        elif fact == Fact.DIAGNOSIS:
            out[fact] = _diagnosis(before if pushed else None, value, told)
        elif fact == Fact.HOSPITAL:
            out[fact] = _hospital(before if pushed else None, value, told)
        elif fact == Fact.COMMITTEE:
            amount = Decimal(value["amount"]) if value.get("amount") else None
            out[fact] = Known(rules.CommitteeDecision(value["approved"], amount), told, verified=True)
        elif fact == Fact.BILL:
            out[fact] = value["bill"]
    _hardships(live, known, out)
    _procedures(live, known, out)
    return out


def capacity(value: dict[str, Any]) -> Decimal:
    """What a household can pay in a year: income less basic living costs, in yuan, never under zero."""
    return max(ZERO, Decimal(value["income"]) - Decimal(value.get("living") or "0"))


def _diagnosis(pushed: Known[Any] | None, value: dict[str, Any], told: str) -> Known[Any]:
    stage = value.get("stage", "")
    if pushed is None or not pushed.value:
        ill = rules.Diagnosis(icd10=value.get("icd10", ""), name=value.get("name", ""), stage=stage)
        return Known((ill,), told, verified=True)
    first, *others = pushed.value
    name = value.get("name") or first.name
    told = _("%(insurer)s；%(told)s") % {"insurer": pushed.source, "told": told}
    return Known((replace(first, name=name, stage=stage, stage_checked=True), *others), told, verified=True)


def _hospital(pushed: Known[Any] | None, value: dict[str, Any], told: str) -> Known[Any]:
    level = int(value.get("level") or 0)
    if pushed is None:
        return Known(rules.Hospital(name=value.get("name", ""), level=level), told, verified=True)
    return Known(replace(pushed.value, level=level or pushed.value.level), pushed.source, verified=True)


def _hardships(live: dict[tuple[str, str], Finding], known: dict[str, Any], out: dict[str, Any]) -> None:
    """Certified classes beside claimed ones; the list is complete only when somebody looked and found none."""
    mine = [row for (fact, _key), row in live.items() if fact == Fact.HARDSHIPS]
    if not mine:
        return
    last = max(mine, key=lambda row: row.pk)
    if last.key == NONE:
        out["hardships"] = Known((), source_of(last), verified=True)
        return
    certified = tuple(
        rules.Hardship(
            row.key,
            _day(value_of(row).get("since")),
            _day(value_of(row).get("until")),
            certified=True,
            certified_by=_("%(office)s（%(told)s）")
            % {"office": value_of(row).get("office", ""), "told": source_of(row)},
        )
        for row in mine
        if row.key != NONE
    )
    before = known.get("hardships")
    seen = {one.kind for one in certified}
    rest = tuple(one for one in before.value if one.kind not in seen) if isinstance(before, Known) else ()
    complete = isinstance(before, Known) and before.verified
    out["hardships"] = Known((*certified, *rest), source_of(last), verified=complete)


def _procedures(live: dict[tuple[str, str], Finding], known: dict[str, Any], out: dict[str, Any]) -> None:
    """A procedure is verified one by one; what of them nobody checked stays the family's word."""
    mine = {key: row for (fact, key), row in live.items() if fact == Fact.PROCEDURES}
    if not mine:
        return
    before = known.get("procedures")
    claimed = before.value if isinstance(before, Known) else ()
    checked = tuple(
        rules.Procedure(key, _day(value_of(row).get("day")), done=value_of(row)["done"], checked=True)
        for key, row in mine.items()
    )
    rest = tuple(one for one in claimed if one.kind not in mine)
    out["procedures"] = Known((*checked, *rest), source_of(max(mine.values(), key=lambda row: row.pk)))

"""The same on messages captured from real systems, where the folder with them is at hand (it is no part of this tree)."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from insurance.formats import Accepted, Quarantined, Refused, decode_body, read

SAMPLES = (
    Path(os.environ.get("JIELI_SAMPLES") or Path(__file__).parents[3].parent / "shared" / "samples") / "nhsa"
)


def result_of(number):
    found = sorted(SAMPLES.glob(f"{number}_*.json"))
    if not found:
        pytest.skip(
            f"no captured message {number} in {SAMPLES}: set JIELI_SAMPLES to the folder that has nhsa/"
        )
    (record,) = decode_body(found[0].read_bytes()).records
    return record.fault or read(record.value)


@pytest.mark.parametrize(("number", "residual"), [("06", "4.52"), ("12", "366.07")])
def test_a_captured_settlement_opens_its_residual(number, residual):
    result = result_of(number)
    assert isinstance(result, Accepted)
    assert result.settlement.person_paid == Decimal(residual)
    assert result.settlement.unknown == {}


def test_a_captured_pre_settlement_is_refused_by_name():
    result = result_of("07")
    assert isinstance(result, Refused)
    assert result.code == "pre_settlement"


def test_a_captured_reversal_awaits_its_original():
    result = result_of("08")
    assert isinstance(result, Accepted)
    assert (result.settlement.kind, result.needs_original) == ("reversal", True)


def test_a_captured_query_that_breaks_i1_is_quarantined():
    result = result_of("11")
    assert isinstance(result, Quarantined)
    assert [reason.code for reason in result.reasons] == ["identity_I1"]


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "05", "09", "10"])
def test_captured_messages_that_are_no_settlements_are_refused(number):
    assert isinstance(result_of(number), Refused)

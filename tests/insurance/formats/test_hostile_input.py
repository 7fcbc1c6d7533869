"""Whatever JSON comes, each record has exactly one result that can be stored, shown and hashed."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from insurance.formats import (
    Accepted,
    Quarantined,
    Refused,
    RequestFault,
    content_hash,
    decode_body,
    read,
    to_json,
)
from insurance.formats.schema import EXAMPLE_SETL_D as CENTRE_ROW
from insurance.formats.schema import EXAMPLE_SETLINFO as OUTPATIENT
from insurance.formats.schema import EXAMPLE_SETTLEMENT as CANONICAL

NOW = dt.datetime(2024, 6, 1, 12, 0, tzinfo=dt.UTC)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["", "null", "1", "2024-01-01", "\x00", "\ud800", "1e999", "-0", "99999999999999"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
field_names = sorted({*OUTPATIENT["output"]["setlinfo"], *CENTRE_ROW, *CANONICAL})


def hold(result):
    """What every result promises."""
    assert isinstance(result, Accepted | Refused | Quarantined)
    if isinstance(result, Refused):
        assert "%(" not in result.message
        return
    settlement = result.settlement
    assert len(content_hash(settlement)) == 32
    stored = msgspec.json.encode(to_json(settlement)).decode()
    assert "\\u0000" not in stored
    for item in (*settlement.warnings, *getattr(result, "reasons", ())):
        assert item.message != item.code
        assert "%(" not in item.message
    if isinstance(result, Accepted):
        assert settlement.setl_id
        assert settlement.issuing_centre
        assert not settlement.unread
        parts = settlement.fund_paid + settlement.person_paid + settlement.hospital_borne
        assert abs(settlement.total_fee - parts) <= Decimal("0.05")
        assert abs(settlement.fund_paid - sum(settlement.pays.values())) <= Decimal("0.05")
        if settlement.kind == "settlement":
            assert settlement.person_paid >= Decimal("-0.05")
        for amount in (settlement.total_fee, settlement.fund_paid, settlement.person_paid):
            assert amount.as_tuple().exponent == -2
    else:
        assert result.reasons


@given(anything)
def test_any_value_has_one_result(value):
    hold(read(value, now=NOW))


@settings(max_examples=300)
@given(
    st.sampled_from([OUTPATIENT["output"]["setlinfo"], CENTRE_ROW, CANONICAL]),
    st.dictionaries(st.sampled_from(field_names) | st.text(max_size=8), anything, min_size=1, max_size=5),
    st.sampled_from([None, "settlement", "setlinfo", "setl_d", "nonsense"]),
)
def test_a_settlement_with_anything_in_its_fields_has_one_result(record, changes, dialect):
    hold(read({**record, **changes}, dialect, now=NOW))


@given(
    st.dictionaries(
        st.sampled_from(["output", "setlinfo", "request", "response", "input", "infno", "infcode"]), anything
    )
)
def test_an_envelope_of_anything_has_one_result(envelope):
    hold(read(envelope, now=NOW))
    hold(read({**OUTPATIENT, **envelope}, now=NOW))


def body_or_fault(body):
    try:
        return decode_body(body)
    except RequestFault as fault:
        return fault


@given(st.binary(max_size=200) | anything.map(lambda value: json.dumps(value, default=str).encode()))
def test_any_body_is_records_or_a_named_fault(body):
    outcome = body_or_fault(body)
    if isinstance(outcome, RequestFault):
        assert outcome.text() != outcome.code
        assert "%(" not in outcome.text()
        return
    assert outcome.records
    for record in outcome.records:
        hold(record.fault or read(record.value, now=NOW))


@given(
    fund=st.integers(0, 10**9),
    cash=st.integers(0, 10**9),
    account=st.integers(0, 10**9),
    hidden=st.integers(0, 5),
)
def test_any_one_null_of_a_consistent_bill_is_derived(fund, cash, account, hidden):
    cents = {
        "medfee_sumamt": fund + cash + account,
        "fund_pay_sumamt": fund,
        "psn_part_amt": cash + account,
        "psn_cash_pay": cash,
        "acct_pay": account,
        "hifp_pay": fund,
    }
    amounts = {name: Decimal(value) / 100 for name, value in cents.items()}
    name = list(amounts)[hidden]
    record = {"setl_id": "1", "clr_optins": "430199", "setl_time": "2024-01-01", **amounts, name: None}
    result = read(record, now=NOW)
    if max(cents.values()) > 9_999_999_999:
        return
    assert isinstance(result, Accepted)
    assert len(result.settlement.derived) == 1
    whole = result.settlement
    derived = {
        "medfee_sumamt": whole.total_fee,
        "fund_pay_sumamt": whole.fund_paid,
        "psn_part_amt": whole.person_paid,
        "psn_cash_pay": whole.cash_paid,
        "acct_pay": whole.account_paid,
        "hifp_pay": whole.pays["basic"],
    }
    assert derived == amounts

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charity.campaigns import reading
from insurance.ledger import services as ledger
from outbox import tasks
from scope import engine_scope

TODAY = date(2026, 11, 22)
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.decimals(allow_nan=True)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
cents = st.integers(0, 4_000_000)


@given(scalars)
def test_an_amount_is_two_places_and_never_negative_or_it_is_none(raw):
    found = reading.to_amount(raw)
    if found is not None:
        assert found >= 0
        assert found == found.quantize(Decimal("0.01"))
        assert -found.as_tuple().exponent == 2


@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "external_id",
                "status",
                "target",
                "raised",
                "paid_out",
                "currency",
                "started_at",
                "disease_code",
                "beneficiary",
            ),
            values,
        ),
    )
    | values
)
def test_whatever_comes_is_taken_or_refused_with_a_reason(value):
    pushed, reasons, _ = reading.read(value, TODAY)
    assert (pushed is None) == bool(reasons)
    assert all(reason.code and reason.message for reason in reasons)


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(cents, cents, st.sampled_from(["active", "ended", "withdrawn"])), min_size=1, max_size=4
    )
)
def test_after_any_history_the_ledger_holds_what_the_last_version_says(steps, platform, shop, patient):
    state = getattr(patient, "state", None)
    if state is None:
        state = patient.state = patient.bill("30000.00")
        platform.one()
        tasks.drain()
        shop.answer("same")
    for a, b, status in steps:
        raised, paid = Decimal(max(a, b)) / 100, Decimal(min(a, b)) / 100
        assert (
            platform.one(raised=f"{raised:.2f}", paid_out=f"{paid:.2f}", status=status)["state"] != "refused"
        )
        tasks.drain()
    with engine_scope("test"):
        position = ledger.need_position(state)
    assert position.paid == paid
    assert position.reserved == (0 if status == "withdrawn" else raised - paid)
    assert position.excess == max(Decimal(0), position.promised - position.residual)

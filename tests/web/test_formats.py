import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import formats

amounts = st.decimals(min_value=Decimal("-1e11"), max_value=Decimal("1e11"), places=2)


@given(amounts)
def test_an_amount_can_be_read_back_to_the_fen(amount):
    text = formats.money(amount)
    assert Decimal(text.replace("¥", "").replace(",", "").replace(formats.MINUS, "-")) == amount


@given(amounts)
def test_a_signed_amount_differs_only_by_the_plus_of_a_gain(amount):
    assert formats.money_signed(amount) == ("+" if amount > 0 else "") + formats.money(amount)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12345.67"), "¥12,345.67"),
        ("0", "¥0.00"),
        (12, "¥12.00"),
        (Decimal("-21500"), "−¥21,500.00"),
        (None, "—"),
        ("", "—"),
        (Decimal("0.019"), "¥0.01"),
    ],
)
def test_money_is_written_with_yen_sign_separators_and_two_places(value, text):
    assert formats.money(value) == text


def test_it_refuses_a_float_as_money():
    with pytest.raises(TypeError):
        formats.money(0.1)


@pytest.mark.parametrize("value", ["abc", "NaN", "Infinity"])
def test_it_refuses_what_is_no_amount(value):
    with pytest.raises(ValueError, match="not an amount"):
        formats.money(value)


@given(st.decimals(min_value=0, max_value=Decimal("0.999999"), places=6), st.integers(0, 3))
def test_less_than_everything_is_never_shown_as_all(share, places):
    assert Decimal(formats.percent(share, places).rstrip("%")) < 100


def test_a_share_is_rounded_and_everything_is_a_hundred():
    assert formats.percent(Decimal("0.2095")) == "21%"
    assert formats.percent("0.9998", 2) == "99.98%"
    assert formats.percent(1) == "100%"
    assert formats.percent(None) == "—"


def test_a_weight_always_carries_its_sign():
    assert (formats.weight(5.8), formats.weight(-1.9), formats.weight(None)) == ("+5.8", "−1.9", "—")


def test_times_are_shown_in_shanghai():
    late = dt.datetime(2026, 11, 21, 17, 30, tzinfo=dt.UTC)
    assert formats.date_staff(late) == "2026-11-22"
    assert formats.datetime_staff(late) == "2026-11-22 01:30"
    assert formats.date_patient(late, dt.date(2026, 1, 1)) == "11月22日"


def test_a_patient_sees_the_year_only_when_it_is_another():
    day = dt.date(2027, 2, 3)
    assert formats.date_patient(day, dt.date(2027, 12, 31)) == "2月3日"
    assert formats.date_patient(day, dt.date(2026, 12, 31)) == "2027年2月3日"
    assert formats.date_patient("2027-02-03", dt.date(2026, 12, 31)) == "2027年2月3日"


def test_what_is_already_masked_stays_as_it_is():
    for value in ("138****5521", "430***********042X", "陈*涵", "6222 **** **** 0187"):
        assert formats.keep_masked(value) == value


def test_a_number_that_was_not_masked_is_masked_anyway():
    assert formats.keep_masked("13800005521") == "138****5521"
    assert formats.keep_masked("证件 11010119900307123X") == "证件 110***********123X"

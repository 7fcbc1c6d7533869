"""Numbers as they come in from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.query import whole_number


@given(st.integers(0, 10**15 - 1))
def test_a_number_of_fifteen_digits_is_read(number):
    assert whole_number(str(number)) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1_000", " 1", "1.0", "１２", "٣", "²", "x", "1\x00"])
def test_what_int_would_take_and_an_address_never_carries_is_no_number(text):
    assert whole_number(text) is None


def test_a_number_longer_than_a_key_may_be_is_no_number():
    assert whole_number("9" * 16) is None
    assert whole_number("9" * 18, digits=18) == 10**18 - 1
    assert whole_number("9" * 19, digits=18) is None

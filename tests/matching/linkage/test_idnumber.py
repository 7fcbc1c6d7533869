from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.values import idnumber


def test_it_reads_birth_sex_and_area_of_a_valid_number():
    found = idnumber.parse("11010519491231002X")
    assert found == idnumber.IdNumber("11010519491231002X", date(1949, 12, 31), "F", "110105")


def test_it_widens_a_15_digit_number():
    assert idnumber.normalise("110105491231002") == "11010519491231002X"
    assert idnumber.parse("110105491231002") == idnumber.parse("11010519491231002x")


def test_it_reads_centenarians_sequence_numbers_as_19th_century():
    assert idnumber.normalise("110105991231996")[6:10] == "1899"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", ["length"]),
        ("11010519491231", ["length"]),
        ("110105194912310021", ["check_digit"]),
        ("11010519491331002X", ["check_digit", "birth_date"]),
        ("1101051949123100AB", ["characters"]),
        ("11010519491231002X", []),
        ("99010519491231002X", ["check_digit", "area"]),
    ],
)
def test_it_says_what_is_wrong(raw, expected):
    assert idnumber.problems(raw) == expected
    assert (idnumber.parse(raw) is not None) == (not expected)


def test_it_folds_full_width_digits_spaces_and_a_cyrillic_x():
    assert idnumber.normalise("１１０１０５ 19491231-002Х") == "11010519491231002X"


def test_a_masked_number_is_no_number_but_keeps_its_shape():
    assert idnumber.normalise("1101**********002X") == "1101**********002X"
    assert idnumber.parse("1101**********002X") is None


@given(st.text(max_size=500))
def test_it_never_raises(raw):
    idnumber.problems(raw)
    idnumber.parse(raw)


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(place, shift):
    digits = list("11010519491231002X")
    digits[place] = str((int(digits[place]) + shift) % 10)
    assert "check_digit" in idnumber.problems("".join(digits))


@pytest.mark.parametrize(
    ("raw", "filled"),
    [
        ("*******9**1****0*X", False),
        ("*******9**1******X", True),
        ("****************9X", True),
        ("4301**XX", False),
        ("430***XX", True),
    ],
)
def test_a_check_character_that_is_shown_counts_among_the_digits(raw, filled):
    assert idnumber.is_placeholder(raw) == filled

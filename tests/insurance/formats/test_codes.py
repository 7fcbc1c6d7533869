from __future__ import annotations

import re
from pathlib import Path

import pytest

import insurance.formats
from insurance.formats import codes, idnumber, message
from insurance.formats.messages import MESSAGES


@pytest.mark.parametrize("number", ["11010519491231002X", "11010519491231002x", "440524188001010014"])
def test_a_number_of_the_standard_passes(number):
    assert idnumber.parse(number).number == number.upper()


@pytest.mark.parametrize(
    "number", ["110105194912310020", "110105194913310024", "1101051949123100", "１", "", "0" * 18, "A" * 18]
)
def test_a_wrong_number_does_not(number):
    assert idnumber.parse(number) is None


def test_an_old_number_is_widened_to_the_one_that_replaced_it():
    old = idnumber.parse("110105491231002")
    assert old == idnumber.parse("11010519491231002X")
    assert (old.birth_date.isoformat(), old.sex) == ("1949-12-31", "2")


def test_areas_are_wider_than_the_standard_but_not_boundless():
    assert codes.is_known_area("430199")
    assert not any(codes.is_known_area(code) for code in ("990000", "4301", "43010a", "４３０１９９", ""))


def test_every_fund_belongs_to_a_layer():
    assert set(codes.LAYER) == set(codes.PAYS)


def test_every_code_that_the_readers_say_has_a_sentence():
    said = set()
    for path in Path(insurance.formats.__file__).parent.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        said |= set(
            re.findall(
                r'(?:_reason|_warn|Refused|BadValue|RequestFault|Reason|_difference)\(\s*"([A-Za-z]\w+)"',
                source,
            )
        )
    assert said >= {"pre_settlement", "absurd_amount", "malformed_json"}
    assert said <= set(MESSAGES)


def test_a_sentence_with_a_missing_parameter_is_still_a_sentence():
    assert message("too_large", {}) == MESSAGES["too_large"]
    assert message("no_such_code") == "no_such_code"

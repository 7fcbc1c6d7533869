from __future__ import annotations

import re
from pathlib import Path

import insurance.formats
from insurance.formats import codes, message
from insurance.formats.messages import MESSAGES


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

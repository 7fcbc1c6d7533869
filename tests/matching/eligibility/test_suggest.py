"""Suggestions come from the patient's own answers alone and never refuse."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.eligibility import Answers, parse_rule, suggest

ROOT = Path(__file__).parents[3] / "charity" / "funds" / "programmes"
RULES = {
    p.parent.name: parse_rule(json.loads(p.read_text(encoding="utf-8"))) for p in ROOT.glob("*/rule.json")
}
TODAY = date(2026, 11, 22)
CHILD = Answers(
    TODAY, birth_date=date(2017, 3, 1), illness="急性淋巴细胞白血病", own_cost=Decimal("90000.00")
)
ADULT = Answers(
    TODAY,
    birth_date=date(1970, 3, 1),
    illness="肺癌",
    icd10="C34",
    household_area="430102",
    insutype="310",
    own_cost=Decimal("42000.00"),
)


def levels(answers):
    return {slug: suggest(rule, answers).level for slug, rule in RULES.items()}


def test_a_child_with_leukaemia_is_led_to_the_leukaemia_fund_and_away_from_the_heart_fund():
    found = levels(CHILD)
    assert found["chenxi-leukaemia"] == "likely"
    assert found["chenxi-heart"] == "unlikely"
    assert found["kangning-liangai"] == "unlikely"


def test_an_adult_with_a_hospital_bill_is_led_to_the_fund_for_any_disease():
    found = levels(ADULT)
    assert found["tongzhou-serious"] == "likely"
    assert found["chenxi-leukaemia"] == "unlikely"
    assert found["tongzhou-burden"] == "maybe"


def test_without_answers_every_fund_may_suit():
    assert set(levels(Answers(TODAY)).values()) <= {"maybe", "unlikely"}
    assert levels(Answers(TODAY))["chenxi-heart"] == "maybe"


@pytest.mark.parametrize("slug", sorted(RULES))
@settings(deadline=None)
@given(
    birth=st.none() | st.dates(date(1930, 1, 1), TODAY),
    illness=st.sampled_from(["", "白血病", "先天性心脏病", "说不清"]),
    hardship=st.none() | st.lists(st.sampled_from(["dibao", "orphan"]), max_size=2).map(tuple),
    cost=st.none() | st.decimals("0", "100000", places=2),
)
def test_every_suggestion_is_one_whole_sentence_without_a_refusal(slug, birth, illness, hardship, cost):
    found = suggest(
        RULES[slug], Answers(TODAY, birth_date=birth, illness=illness, hardship=hardship, own_cost=cost)
    )
    assert found.level in {"likely", "maybe", "unlikely"}
    assert found.sentence.endswith("。")
    if found.level == "unlikely":
        assert "仍然可以申请" in found.sentence

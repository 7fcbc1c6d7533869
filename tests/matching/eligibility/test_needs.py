"""Which facts a rule asks for, and that what it says of them is in words that people read."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest

import charity.funds
from matching.eligibility import (
    Diagnosis,
    Facts,
    Known,
    Procedure,
    asked_by_rule,
    evaluate,
    parse_rule,
    procedures_asked,
)
from matching.linkage.values.areas import name_of

FILES = sorted((Path(charity.funds.__file__).parent / "programmes").glob("*/rule.json"))
RULES = {path.parent.name: parse_rule(json.loads(path.read_text(encoding="utf-8"))) for path in FILES}
TODAY = date(2026, 11, 22)


def known(value):
    return Known(value, "测试", verified=True)


def of(rule, name, facts):
    return next(result for result in evaluate(rule, facts, TODAY).results if result.id == name)


@pytest.mark.parametrize("slug", sorted(RULES))
def test_every_result_names_the_facts_it_looks_at(slug):
    rule = RULES[slug]
    asked = asked_by_rule(rule)
    names = {field.name for field in fields(Facts)}
    for result in evaluate(rule, Facts(), TODAY).results:
        assert asked[result.id], result.id
        assert set(asked[result.id]) <= names


def test_a_group_asks_for_what_its_members_ask():
    asked = asked_by_rule(RULES["chenxi-leukaemia"])
    assert set(asked["once"]) == {"prior_awards", "procedures"}
    assert asked["document.match"] == ("procedures", "documents")
    assert asked["grant"] == ("procedures",)
    assert procedures_asked(RULES["chenxi-leukaemia"]) == {"hsct": "造血干细胞移植"}


def test_a_paper_that_only_some_need_says_what_to_check_first():
    rule = RULES["chenxi-leukaemia"]
    result = of(rule, "document.match", Facts(procedures=Known((Procedure("hsct"),), "患者自己填写")))
    assert result.status == "unknown"
    assert "已做造血干细胞移植" in result.missing
    assert "不用交" in result.missing
    none = Facts(procedures=Known((Procedure("hsct", done=False, checked=True),), "电话"))
    assert of(rule, "document.match", none).status == "met"


def test_places_are_named():
    rule = RULES["tongzhou-burden"]
    result = of(rule, "area", Facts(household_area=known("430104")))
    assert result.actual == "湖南省长沙市岳麓区"
    assert name_of("430199") == "湖南省长沙市"
    assert name_of("110101") == "北京市东城区"
    assert name_of("880000") == name_of("") == ""


def test_a_stage_that_nobody_checked_never_decides():
    rule = RULES["kangning-liangai"]
    told = Diagnosis("C53.9", "宫颈癌", "ⅢB", stage_checked=False)
    result = of(rule, "disease", Facts(diagnoses=known((told,))))
    assert (result.status, result.tentative) == ("unknown", "met")
    early = of(rule, "disease", Facts(diagnoses=known((replace(told, stage="ⅠA"),))))
    assert (early.status, early.tentative) == ("unknown", "failed")
    read = replace(told, stage_checked=True)
    assert of(rule, "disease", Facts(diagnoses=known((read,)))).status == "met"

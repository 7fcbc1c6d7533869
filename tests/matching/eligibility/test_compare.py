"""Two versions of a rule, and what changed between them in words."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import charity.funds
from matching.eligibility import compare, parse_rule

FILES = sorted((Path(charity.funds.__file__).parent / "programmes").glob("*/rule.json"))
RULES = [json.loads(path.read_text(encoding="utf-8")) for path in FILES]


def rule(slug, change=None):
    data = copy.deepcopy(next(one for one in RULES if one["slug"] == slug))
    if change:
        change(data)
    return parse_rule(data)


def changes(slug, change):
    return compare(rule(slug), rule(slug, change))


@pytest.mark.parametrize("data", RULES, ids=lambda data: data["slug"])
def test_a_rule_does_not_differ_from_itself(data):
    assert compare(parse_rule(data), parse_rule(copy.deepcopy(data))) == ()


def test_a_new_number_and_name_is_no_change_of_what_decides():
    assert (
        changes("chenxi-leukaemia", lambda d: (d.update(version=2), d["fund"].update(name="另一个名字")))
        == ()
    )


def test_an_age_limit_is_told_before_and_after():
    (one,) = changes("chenxi-leukaemia", lambda d: d["criteria"][0]["params"].update(max_years=16))
    assert (one.kind, one.before, one.after, one.clause) == ("changed", "18", "16", "第四条")
    assert "最大年龄" in one.where


def test_a_dropped_and_an_added_condition_carry_their_text():
    kinds = {c.kind: c for c in changes("kangning-liangai", lambda d: d["criteria"].pop(0))}
    assert "女性" in kinds["dropped"].where
    back = compare(rule("kangning-liangai", lambda d: d["criteria"].pop(0)), rule("kangning-liangai"))
    assert [c.kind for c in back] == ["added"]


def test_amounts_caps_papers_and_windows_are_in_words():
    def change(data):
        data["grant"]["amount"] = "12000.00"
        data["caps"][0]["amount"] = "12000.00"
        data["criteria"][3]["params"]["windows"][1]["to"] = "2026-12-05"
        data["documents"][0]["seals"] = ["hospital"]
        data["criteria"][2]["params"]["classes"].append("low_income")

    told = " / ".join(f"{c.where} {c.before} → {c.after}" for c in changes("kangning-liangai", change))
    for words in ("¥10,000.00 → ¥12,000.00", "一生封顶", "秦皇岛", "2026-12-05", "低收入", "盖医院公章"):
        assert words in told, words


def test_a_change_inside_a_group_is_found():
    def change(data):
        data["criteria"][2]["params"]["criteria"][1]["params"]["criteria"][1]["params"]["max_times"] = 2

    (one,) = changes("chenxi-leukaemia", change)
    assert (one.before, one.after) == ("1", "2")


@given(st.sampled_from(RULES), st.sampled_from(RULES))
def test_any_two_rules_can_be_compared_and_only_equal_ones_do_not_differ(a, b):
    old, new = parse_rule(a), parse_rule(b)
    found = compare(old, new)
    assert all(change.before != change.after and change.where for change in found)
    assert bool(found) == (a["slug"] != b["slug"])

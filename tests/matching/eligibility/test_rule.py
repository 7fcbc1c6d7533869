"""Reading a rule: every fault at once, each with its path and what to write instead."""

import copy
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.eligibility import RuleError, parse_rule

ROOT = Path(__file__).parents[3] / "charity" / "funds" / "programmes"


def heart():
    return json.loads((ROOT / "chenxi-heart" / "rule.json").read_text(encoding="utf-8"))


def faults(data):
    with pytest.raises(RuleError) as caught:
        parse_rule(data)
    return {fault.path: fault for fault in caught.value.faults}


def test_it_reports_every_fault_at_once_with_path_and_remedy():
    data = heart()
    data["slug"] = "有空格 的名字"
    data["criteria"][0]["params"]["max_years"] = "14"
    data["criteria"][1]["type"] = "illness"
    data["grant"]["brackets"][0]["amount"] = 5000.0
    del data["residual"]["basis"]
    found = faults(data)
    assert set(found) == {
        "$.slug",
        "$.criteria[0].params.max_years",
        "$.criteria[1].type",
        "$.grant.brackets[0].amount",
        "$.residual.basis",
    }
    assert all(fault.fix for fault in found.values())
    assert '"30000.00"' in found["$.grant.brackets[0].amount"].fix


@pytest.mark.parametrize("value", [None, [], "rule", 7, {}])
def test_it_refuses_what_is_not_a_rule_at_all(value):
    with pytest.raises(RuleError) as caught:
        parse_rule(value)
    assert caught.value.faults


def test_an_unknown_key_is_a_fault_because_a_misspelt_cap_would_be_no_cap():
    data = heart()
    data["cap"] = data.pop("caps")
    assert "$.cap" in faults(data)


@pytest.mark.parametrize(
    ("index", "change", "word"),
    [
        (1, {"gt": "10000.01"}, "空隙"),
        (1, {"gt": "9999.99"}, "空隙或重叠"),
        (1, {"gte": "10000.00", "gt": None}, "重叠"),
        (1, {"lte": "10000.00"}, "空"),
        (1, {"lte": None}, None),
        (0, {"gte": "5000.00"}, "下限"),
        (0, {"percent": "0.5"}, "给多少"),
        (0, {"percent": "1.5", "amount": None}, "百分之百"),
    ],
)
def test_brackets_with_a_gap_an_overlap_or_no_clear_amount_are_refused(index, change, word):
    data = heart()
    data["grant"]["brackets"][index] |= change
    problems = " ".join(fault.problem for fault in faults(data).values())
    assert word is None or word in problems


def test_a_fen_on_either_notation_is_no_gap():
    data = heart()
    data["grant"]["brackets"][1] |= {"gt": None, "gte": "10000.01"}
    rule = parse_rule(data)
    assert rule.grant.brackets[1].first == Decimal("10000.01")


@settings(deadline=None)
@given(st.decimals("5000.01", "99999", places=2, allow_nan=False))
def test_every_fen_above_the_first_threshold_lies_in_exactly_one_bracket(residual):
    rule = parse_rule(heart())
    assert sum(bracket.holds(residual) for bracket in rule.grant.brackets) == 1


def test_two_criteria_of_one_id_are_refused():
    data = heart()
    data["criteria"][1]["id"] = data["criteria"][0]["id"]
    assert "$.criteria" in faults(data)


def test_a_committee_must_stand_in_the_process_and_in_the_criteria():
    data = heart()
    data["process"]["committee"] = True
    assert "$.process.committee" in faults(data)


def test_an_age_range_upside_down_is_refused():
    data = heart()
    data["criteria"][0]["params"] |= {"min_years": 15}
    assert "$.criteria[0].params.max_years" in faults(data)


def test_a_window_residual_needs_its_span():
    data = heart()
    data["residual"]["scope"] = "window"
    assert "$.residual" in faults(data)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.data())
def test_junk_anywhere_gives_faults_or_a_rule_and_never_another_error(data):
    rule = heart()
    node = rule
    for _depth in range(data.draw(st.integers(0, 5))):
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key]:
            break
        node = node[key]
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    node[data.draw(st.sampled_from(keys))] = data.draw(JUNK)
    try:
        parsed = parse_rule(copy.deepcopy(rule))
    except RuleError:
        return
    assert parse_rule(parsed.to_data()) == parsed

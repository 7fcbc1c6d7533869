"""The example programmes that ship: each rule reads, round-trips, and gives what its worked cases say."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from matching.eligibility import evaluate, facts_from, parse_rule

ROOT = Path(__file__).parents[3] / "charity" / "funds" / "programmes"
FOLDERS = sorted(path.parent for path in ROOT.glob("*/rule.json"))


def read(folder, name):
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


CASES = [
    pytest.param(folder, base, on, case, id=f"{folder.name}: {case['name']}")
    for folder in FOLDERS
    for cases in [read(folder, "cases")]
    for base, on in [(cases["base"], cases["on"])]
    for case in cases["cases"]
]


def test_six_programmes_of_three_charities_ship_with_two_funds_each():
    charities = [read(folder, "rule")["fund"]["charity"] for folder in FOLDERS]
    assert sorted(charities) == sorted(["chenxi", "kangning", "tongzhou"] * 2)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_programme_carries_rule_source_and_at_least_six_cases(folder):
    rule = parse_rule(read(folder, "rule"))
    assert rule.slug == folder.name
    assert len(read(folder, "cases")["cases"]) >= 6
    spec = (folder / "spec.md").read_text(encoding="utf-8")
    assert "不是条件" in spec
    for criterion in rule.criteria:
        assert f"`{criterion.id}`" in spec, criterion.id


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_programme_survives_the_round_trip_with_the_same_digest(folder):
    rule = parse_rule(read(folder, "rule"))
    again = parse_rule(json.loads(json.dumps(rule.to_data())))
    assert again == rule
    assert again.digest == rule.digest


@pytest.mark.parametrize(("folder", "base", "on", "case"), CASES)
def test_a_worked_case_gives_what_it_says(folder, base, on, case):
    rule = parse_rule(read(folder, "rule"))
    found = evaluate(rule, facts_from(base | case["facts"]), date.fromisoformat(on))
    expect = case["expect"]
    assert [r.id for r in found.with_status("failed")] == expect["failed"]
    assert [r.id for r in found.with_status("unknown")] == expect["unknown"]
    assert found.verdict == expect["verdict"]
    if expect["verdict"] == "ineligible":
        assert found.offer is None
        return
    assert found.offer.amount == (expect["amount"] and Decimal(expect["amount"]))
    if "ceiling" in expect:
        assert found.offer.ceiling == Decimal(expect["ceiling"])
    if "binding" in expect:
        assert list(found.offer.binding) == expect["binding"]
    for result in found.with_status("unknown"):
        assert result.missing
        assert result.action


def test_a_rule_change_changes_the_digest_and_a_new_summary_does_not():
    data = read(FOLDERS[0], "rule")
    before = parse_rule(data).digest
    data["fund"]["summary"][0]["text"] = "另一句话"
    assert parse_rule(data).digest == before
    data["caps"][0]["amount"] = "1.00"
    assert parse_rule(data).digest != before

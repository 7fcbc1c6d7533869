"""Boundaries of single criteria, and what holds for every rule and every set of facts."""

import json
from dataclasses import fields, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.eligibility import (
    UNKNOWN,
    Bill,
    CommitteeDecision,
    Diagnosis,
    Document,
    Facts,
    Hardship,
    Hospital,
    Known,
    PriorAward,
    Procedure,
    Residence,
    Unknown,
    evaluate,
    offer_for,
    parse_rule,
)
from matching.eligibility.calendar import age_on, birthday
from matching.eligibility.criteria import in_areas, stage_key

ROOT = Path(__file__).parents[3] / "charity" / "funds" / "programmes"
RULES = [parse_rule(json.loads(p.read_text(encoding="utf-8"))) for p in sorted(ROOT.glob("*/rule.json"))]
TODAY = date(2026, 11, 22)


def known(value, verified=True):
    return Known(value, "测试", verified)


def rule_with(*criteria, **more):
    """The smallest rule with these criteria."""
    data = {
        "schema": 1,
        "slug": "test-fund",
        "version": 1,
        "effective_from": "2026-01-01",
        "resolution": "决议",
        "criteria": [{"clause": "第一条", "text": "条件。", **c} for c in criteria],
        "residual": {"basis": "person", "after": ["commercial"], "scope": "bill", "clause": "第二条"},
        "grant": {"kind": "flat", "amount": "1000.00", "clause": "第三条", "text": "1,000 元。"},
    }
    return parse_rule(data | more)


def one(criterion, facts, on=TODAY, **more):
    return evaluate(rule_with({"id": "it", **criterion}, **more), facts, on).results[0]


# ── single criteria ──────────────────────────────────────────────────────────────────────────────


def aged(birth, day, turns, **params):
    criterion = {"type": "age", "params": {"event": "application", "turns": turns, **params}}
    return one(criterion, Facts(birth_date=known(birth), applied_on=known(day))).status


@pytest.mark.parametrize(
    ("turns", "day", "status"),
    [
        ("day_after_birthday", date(2026, 11, 22), "met"),
        ("day_after_birthday", date(2026, 11, 23), "failed"),
        ("on_birthday", date(2026, 11, 21), "met"),
        ("on_birthday", date(2026, 11, 22), "failed"),
    ],
)
def test_the_last_day_of_0_to_18_depends_on_when_one_turns_19(turns, day, status):
    assert aged(date(2007, 11, 22), day, turns, max_years=18) == status


@pytest.mark.parametrize(
    ("day", "status"),
    [(date(2027, 2, 28), "met"), (date(2027, 3, 1), "failed")],
)
def test_a_child_of_29_february_has_its_birthday_on_the_28th_in_a_common_year(day, status):
    assert aged(date(2008, 2, 29), day, "day_after_birthday", max_years=18) == status


def test_a_child_of_29_february_has_its_birthday_on_the_29th_in_a_leap_year():
    assert aged(date(2008, 2, 29), date(2024, 2, 29), "day_after_birthday", max_years=15) == "met"
    assert aged(date(2008, 2, 29), date(2024, 3, 1), "day_after_birthday", max_years=15) == "failed"
    assert birthday(date(2008, 2, 29), 19) == date(2027, 2, 28)


@settings(deadline=None)
@given(st.dates(date(1920, 1, 1), date(2026, 1, 1)), st.integers(0, 40_000), st.booleans())
def test_one_never_gets_younger_and_turns_at_most_one_year_older_a_day(birth, days, legal):
    turns = "day_after_birthday" if legal else "on_birthday"
    day = min(birth + timedelta(days=days), date(2100, 1, 1))
    assert age_on(birth, day + timedelta(days=1), turns) - age_on(birth, day, turns) in (0, 1)


def test_a_newborn_counts_from_the_day_of_birth():
    assert aged(TODAY, TODAY, "day_after_birthday", max_years=14) == "met"


HARD = {"type": "hardship", "params": {"classes": ["dibao", "tekun"], "min_months": 12}}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Hardship("dibao", date(2025, 11, 22), certified=True), "met"),
        (Hardship("dibao", date(2025, 11, 23), certified=True), "failed"),
        (Hardship("dibao", date(2020, 1, 1), date(2026, 11, 22), certified=True), "met"),
        (Hardship("dibao", date(2020, 1, 1), date(2026, 11, 21), certified=True), "failed"),
        (Hardship("orphan", date(2020, 1, 1), certified=True), "failed"),
        (Hardship("dibao", certified=True), "unknown"),
        (Hardship("dibao", date(2020, 1, 1)), "unknown"),
    ],
)
def test_hardship_needs_a_certificate_that_is_old_enough_and_not_expired(status, expected):
    facts = Facts(applied_on=known(TODAY), hardships=known((status,)))
    assert one(HARD, facts).status == expected


def test_a_self_claimed_hardship_is_unknown_with_the_one_thing_to_do():
    claimed = known((Hardship("dibao", date(2020, 1, 1)),), verified=False)
    result = one(HARD, Facts(applied_on=known(TODAY), hardships=claimed))
    assert (result.status, result.tentative) == ("unknown", "met")
    assert "民政" in result.action


def test_no_hardship_stated_and_none_checked_is_unknown_not_failed():
    result = one(HARD, Facts(applied_on=known(TODAY), hardships=known((), verified=False)))
    assert (result.status, result.tentative) == ("unknown", "failed")


LEUKAEMIA = {
    "type": "diagnosis",
    "params": {"diseases": [{"icd10": ["C91"], "names": ["白血病"]}], "exclude_names": ["白血病前期"]},
}


@pytest.mark.parametrize(
    ("ill", "expected"),
    [
        (Diagnosis("C91.0", "急性淋巴细胞白血病"), "met"),
        (Diagnosis("C91.000x001", ""), "met"),
        (Diagnosis("", "急性白血病"), "met"),
        (Diagnosis("", "白血病前期"), "failed"),
        (Diagnosis("I10", "高血压"), "failed"),
        (Diagnosis("I10", "白血病"), "unknown"),
        (Diagnosis("", "血癌"), "unknown"),
    ],
)
def test_a_diagnosis_is_read_by_code_first_and_by_name_with_doubt(ill, expected):
    assert one(LEUKAEMIA, Facts(diagnoses=known((ill,)))).status == expected


@pytest.mark.parametrize("written", ["ⅡB", "IIB", "IIb期", "2B", "ⅡB 期"])
def test_a_stage_is_the_same_however_it_is_written(written):
    assert stage_key(written) == "IIB"


@pytest.mark.parametrize(
    ("code", "areas", "inside"),
    [
        ("430102", ("4301",), True),
        ("430199", ("430100",), True),
        ("430199", ("430102",), None),
        ("430000", ("4301",), None),
        ("420102", ("43",), False),
        ("430102001000", ("430102",), True),
    ],
)
def test_an_area_is_inside_outside_or_too_coarse_to_tell(code, areas, inside):
    assert in_areas(code, areas) is inside


@pytest.mark.parametrize(
    ("hospital", "expected"),
    [
        (Hospital("H1", "甲医院", 3), "met"),
        (Hospital("H2", "乙医院", 3), "failed"),
        (Hospital("H1", "甲医院", 2), "failed"),
        (Hospital("H1", "甲医院", 0), "unknown"),
        (Hospital("", "", 3), "unknown"),
    ],
)
def test_a_hospital_must_be_listed_and_of_the_level(hospital, expected):
    criterion = {"type": "hospital", "params": {"codes": ["H1"], "names": ["甲医院"], "min_level": 3}}
    assert one(criterion, Facts(hospital=known(hospital))).status == expected


def test_first_diagnosis_sex_and_insurance_are_asked_as_stated():
    assert one({"type": "first_diagnosis"}, Facts(first_diagnosis=known(False))).status == "failed"
    assert one({"type": "sex", "params": {"value": "female"}}, Facts(sex=known("male"))).status == "failed"
    insured = {"type": "insured", "params": {"insutypes": ["310", "390"], "name": "基本医保"}}
    assert one(insured, Facts(insutype=known("390"))).status == "met"
    assert one(insured, Facts(insutype=known("340"))).status == "failed"


def test_a_full_quota_refuses_without_a_queue_and_waits_with_one():
    quota = {"type": "quota", "params": {"people": 100, "per": "year"}}
    full = Facts(quota_left=known(0))
    assert one(quota, full).status == "failed"
    assert one(quota, full, process={"queue": "first_come"}).status == "unknown"


def test_never_within_three_years_looks_at_this_fund_alone():
    criterion = {"type": "not_funded_before", "params": {"within_years": 3}}

    def status(fund, day):
        award = PriorAward(fund, day, Decimal("10.00"))
        return one(criterion, Facts(prior_awards=known((award,)))).status

    assert status("test-fund", date(2023, 11, 23)) == "failed"
    assert status("test-fund", date(2023, 11, 22)) == "met"
    assert status("other-fund", date(2026, 1, 1)) == "met"


def test_what_others_paid_being_unknown_leaves_the_residual_unknown_only_where_it_matters():
    criterion = {"type": "residual", "params": {"gte": "10000.00"}}

    def status(person):
        bill = Bill("b", TODAY, person=Decimal(person))
        return one(criterion, Facts(bills=known((bill,)))).status

    assert status("10000.00") == "unknown"
    assert status("9999.99") == "failed"


def test_two_bills_without_saying_which_is_unknown():
    criterion = {"type": "residual", "params": {"gt": "1.00"}}
    bills = tuple(Bill(i, TODAY, person=Decimal("10.00"), aid=known(())) for i in "ab")
    assert one(criterion, Facts(bills=known(bills))).status == "unknown"
    assert one(criterion, Facts(bills=known(bills), subject_bill="b")).status == "met"


def test_any_of_is_met_by_one_and_failed_only_by_all():
    inner = [
        {"id": "a", "type": "sex", "clause": "一", "text": "女。", "params": {"value": "female"}},
        {"id": "b", "type": "first_diagnosis", "clause": "一", "text": "初诊。"},
    ]
    group = {"type": "any_of", "params": {"criteria": inner}}
    assert one(group, Facts(sex=known("female"))).status == "met"
    assert one(group, Facts(sex=known("male"))).status == "unknown"
    assert one(group, Facts(sex=known("male"), first_diagnosis=known(False))).status == "failed"
    every = {"type": "all_of", "params": {"criteria": inner}}
    assert one(every, Facts(sex=known("male"))).status == "failed"
    assert one(every, Facts(sex=known("female"))).status == "unknown"


def test_an_unknown_fact_says_in_its_own_words_what_is_missing_and_who_can_help():
    result = one({"type": "first_diagnosis"}, Facts(first_diagnosis=Unknown("病案首页看不清", "医院病案室")))
    assert result.missing == "病案首页看不清"
    assert "医院病案室" in result.action


def test_a_wrong_seal_is_something_to_fix_never_a_refusal():
    paper = {"kind": "diagnosis", "name": "诊断证明", "clause": "九", "text": "盖章。"}
    paper["seals"] = ["hospital", "medical_affairs"]
    rule = rule_with({"id": "sex", "type": "sex", "params": {"value": "female"}}, documents=[paper])
    facts = Facts(sex=known("female"), documents=known((Document("diagnosis", "department", None, True),)))
    found = evaluate(rule, facts, TODAY)
    assert found.verdict == "undetermined"
    assert "医务处" in found.results[1].action
    stamped = replace(facts, documents=known((Document("diagnosis", "medical_affairs", None, True),)))
    assert evaluate(rule, stamped, TODAY).verdict == "eligible"


def test_an_evaluation_goes_into_json():
    data = evaluate(RULES[0], Facts(), TODAY).to_data()
    assert json.loads(json.dumps(data, ensure_ascii=False)) == data


# ── what holds for every rule and all facts ──────────────────────────────────────────────────────

REST = rule_with(
    {"id": "hospital", "type": "hospital", "params": {"codes": ["H"], "min_level": 2}},
    {"id": "first", "type": "first_diagnosis"},
    {"id": "quota", "type": "quota", "params": {"people": 9, "per": "year"}},
    {"id": "cost", "type": "residual", "params": {"gte": "100.00"}},
    {
        "id": "insured",
        "type": "area",
        "params": {"options": [{"by": "insured", "areas": ["43"], "name": "省内"}]},
    },
    {"id": "age", "type": "age", "params": {"event": "diagnosis", "min_years": 3}},
    {"id": "older", "type": "age", "params": {"event": "treatment", "max_years": 60}},
    {"id": "board", "type": "committee", "params": {"name": "评审会"}},
    grant={"kind": "committee", "max": "9000.00", "clause": "三", "text": "评审会定。", "less_prior": True},
    process={"committee": True},
    caps=[{"per": "year", "amount": "9000.00", "clause": "四"}],
)
RULES.append(REST)
MONEY = st.decimals("0", "200000", places=2, allow_nan=False)
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
AREAS = st.sampled_from(["430102", "430405", "420100", "430000", "430199"])


def facts_of(value):
    return st.just(UNKNOWN) | st.builds(Known, value, st.just("测试"), st.booleans())


def several(value):
    return st.lists(value, max_size=3).map(tuple)


HARDSHIPS = st.builds(
    Hardship,
    st.sampled_from(["dibao", "low_income", "orphan"]),
    st.none() | DAYS,
    st.none() | DAYS,
    st.booleans(),
)
BILLS = st.builds(
    Bill,
    st.sampled_from(["b1", "b2"]),
    DAYS,
    person=st.none() | MONEY,
    episode=st.sampled_from(["e1", "e2"]),
    aid=facts_of(
        st.lists(st.tuples(st.sampled_from(["commercial", "charity"]), MONEY), max_size=2).map(tuple)
    ),
)
ILL = st.builds(
    Diagnosis,
    st.sampled_from(["", "C91.0", "Q21.0", "E70.0", "C53.9", "D46.9"]),
    st.sampled_from(["", "白血病", "宫颈癌", "白血病前期", "感冒"]),
    st.sampled_from(["", "ⅡB", "ⅠA"]),
)
AWARDS = st.builds(PriorAward, st.sampled_from([r.slug for r in RULES]), DAYS, MONEY)
PAPERS = st.builds(
    Document,
    st.sampled_from(["diagnosis", "household", "match", "income", "id_card"]),
    st.sampled_from(["", "hospital", "department"]),
    st.none() | DAYS,
    st.booleans(),
)
VALUES = {
    "applied_on": DAYS,
    "entered_on": DAYS,
    "diagnosed_on": DAYS,
    "treated_on": DAYS,
    "birth_date": st.dates(date(1950, 1, 1), date(2026, 1, 1)),
    "sex": st.sampled_from(["female", "male", "x"]),
    "diagnoses": several(ILL),
    "first_diagnosis": st.booleans(),
    "procedures": several(st.builds(Procedure, st.sampled_from(["hsct", "chd_surgery"]), st.none() | DAYS)),
    "household_area": AREAS,
    "residence": st.builds(Residence, AREAS, st.none() | DAYS),
    "insured_area": AREAS,
    "insutype": st.sampled_from(["310", "340"]),
    "hospital": st.builds(Hospital, st.just("H"), st.just("医院"), st.integers(0, 3)),
    "hardships": several(HARDSHIPS),
    "bills": several(BILLS),
    "prior_awards": several(AWARDS),
    "medical_spend": MONEY,
    "capacity_to_pay": MONEY,
    "documents": several(PAPERS),
    "quota_left": st.integers(0, 3),
    "committee": st.builds(CommitteeDecision, st.booleans(), st.none() | MONEY),
    "open_remainder": MONEY,
    "fund_available": MONEY,
}
FACTS = st.builds(Facts, **{name: facts_of(value) for name, value in VALUES.items()})
RULE = st.sampled_from(RULES)


def test_the_generator_knows_every_fact():
    assert {f.name for f in fields(Facts)} - set(VALUES) == {"subject_bill", "subject_episode"}


@settings(max_examples=150, deadline=None)
@given(RULE, FACTS, st.sampled_from(sorted(VALUES)))
def test_learning_a_fact_never_changes_what_was_already_certain(rule, facts, name):
    before = evaluate(rule, replace(facts, **{name: UNKNOWN}), TODAY)
    after = evaluate(rule, facts, TODAY)
    for early, late in zip(before.results, after.results, strict=True):
        assert early.id == late.id
        if early.status != "unknown":
            assert late.status == early.status, early.id
    if before.verdict != "undetermined":
        assert after.verdict == before.verdict


@settings(max_examples=100, deadline=None)
@given(RULE, FACTS)
def test_a_failure_rests_on_verified_facts_alone(rule, facts):
    stripped = {}
    for name in VALUES:
        fact = getattr(facts, name)
        stripped[name] = fact if isinstance(fact, Known) and fact.verified else UNKNOWN
    sure = evaluate(rule, replace(facts, **stripped), TODAY)
    told = evaluate(rule, facts, TODAY)
    for a, b in zip(sure.results, told.results, strict=True):
        if b.status == "failed":
            assert a.status == "failed", b.id


@settings(max_examples=100, deadline=None)
@given(RULE, FACTS)
def test_the_verdict_follows_from_the_results_and_unknown_always_says_what_to_do(rule, facts):
    found = evaluate(rule, facts, TODAY)
    statuses = {r.status for r in found.results}
    assert (found.verdict == "ineligible") == ("failed" in statuses)
    assert (found.verdict == "eligible") == (statuses == {"met"})
    for result in found.results:
        assert result.clause
        assert result.text
        assert bool(result.missing and result.action) == (result.status == "unknown")


@settings(max_examples=150, deadline=None)
@given(RULE, FACTS)
def test_the_offer_never_exceeds_residual_budget_caps_or_what_is_left_of_them(rule, facts):
    offer = offer_for(rule, facts, TODAY)
    if offer.amount is None:
        return
    limits = [cap.amount for cap in rule.caps]
    limits += [f.value for f in (facts.open_remainder, facts.fund_available) if isinstance(f, Known)]
    assert offer.amount >= 0
    assert all(offer.amount <= limit for limit in limits)
    if offer.amount > 0:
        prior = facts.prior_awards.value
        own = sum(a.amount for a in prior if a.fund == rule.slug)
        life = [cap.amount for cap in rule.caps if cap.per == "life"]
        assert all(offer.amount + own <= cap for cap in life)
        people = sum(b.person or 0 for b in facts.bills.value)
        assert offer.amount <= people

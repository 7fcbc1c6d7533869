from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage import outcomes
from matching.linkage.model import Limits, Model, Params, household
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, person_model, score

FIELDS = {
    "first": "given_name", "last": "surname", "dob": "birth_date", "line": "address", "phone": "phone", "number": "id_number",
}  # fmt: skip
HOME = {"last": "Miller", "line": "12 High Street", "phone": "13800138000"}
ONE, TWO = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)


def judged(a: dict[str, str], b: dict[str, str], fields: dict[str, str] = FIELDS) -> tuple[str, float]:
    """The outcome of two rows, were their probability 1, and their weight."""
    model = Model.for_fields(fields)
    table = model.prepare({c: [a.get(c), b.get(c)] for c in fields})
    levels = table.levels(ONE, TWO)
    params = model.default_params(prior=1e-5)
    weight = float(table.weigh(levels, ONE, TWO, params)[0])
    return outcomes.decide(model, levels, np.ones(1), params)[0], weight


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"first": "Anna", "dob": "1990-05-06"}, {"first": "Berta", "dob": "1990-05-06"}),  # twins
        ({"first": "Anna", "dob": "1990-05-06"}, {"first": "Carl", "dob": "1988-11-20"}),  # siblings
        ({"first": "Anna", "dob": "1960-05-06"}, {"first": "Paul", "dob": "1958-01-02"}),  # spouses
        ({"first": "Anna", "dob": "1990-05-06"}, {"dob": "1990-05-06"}),  # no name at all
        (  # twins with two numbers of their own
            {"first": "Anna", "dob": "1949-12-31", "number": "11010519491231002X"},
            {"first": "Anna", "dob": "1949-12-31", "number": "110105194912310046"},
        ),
    ],
)
def test_who_shares_a_home_is_never_accepted_without_the_name_or_against_the_number(a, b):
    assert judged({**HOME, **a}, {**HOME, **b})[0] == "review"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"first": "Anna", "dob": "1990-05-06"}, {"first": "Ann", "dob": "1990-05-06"}),
        (
            {"first": "Anna", "number": "11010519491231002X"},
            {"first": "Berta", "number": "11010519491231002X"},
        ),
    ],
)
def test_the_same_name_or_number_may_be_accepted(a, b):
    assert judged({**HOME, **a}, {**HOME, **b})[0] == "accept"


def test_what_a_family_shares_weighs_little_without_the_given_name():
    person = {**HOME, "first": "Anna", "dob": "1990-05-06"}
    same = judged(person, person)[1]
    sister = judged(person, {**HOME, "first": "Berta", "dob": "1993-02-11"})[1]
    stranger = judged(person, {"first": "Berta", "last": "Olsen", "dob": "1993-02-11"})[1]
    assert same > 10
    assert sister < 0
    assert stranger < 0


def test_two_valid_numbers_that_differ_are_never_accepted_in_tables():
    fields = {"name": "name", "number": "id_number", "phone": "phone"}
    a = {"name": "张三丰", "number": "11010519491231002X", "phone": "13800138000"}
    assert judged(a, {**a, "number": "110105194912310046"}, fields)[0] == "review"


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
    st.lists(st.integers(1, 500), min_size=60, max_size=60),
    st.lists(st.booleans(), min_size=60, max_size=60),
)
def test_the_accept_line_keeps_the_estimated_error_within_its_target(p, counts, never):
    p, counts, never = np.array(p), np.array(counts[: len(p)], dtype=float), np.array(never[: len(p)])
    limit = outcomes.choose(p, counts, never)
    assert outcomes.LEAST <= limit.accept <= 1
    assert 0 < limit.review < limit.accept
    taken = ~never & (p >= limit.accept)
    if limit.accept != Params.accept and taken.any():
        wrong = ((1 - p) * counts)[taken].sum() / counts[taken].sum()
        assert wrong * outcomes.TRUST <= 1 - outcomes.TARGET + 1e-6
    assert 0 <= limit.false_reject <= 1
    assert 0 <= limit.reviewed <= 1


def test_each_pair_of_sources_has_its_own_lines_and_a_table_keeps_them():
    limits = {"": Limits(0.999, 0.05), "application–insurer": Limits(0.99, 0.2, 1e-4, 0.01, 0.08)}
    table = Params.from_json(replace(DEFAULT, limits=limits).to_json())
    assert table.limits == limits
    assert table.limit("application–insurer").accept == 0.99
    assert table.limit("campaign–insurer") == table.limit()
    assert DEFAULT.limit() == Limits(DEFAULT.accept, DEFAULT.review)


def test_a_score_takes_the_lines_of_its_sources():
    strict = replace(DEFAULT, limits={"application–insurer": Limits(1.1, 0.05)})
    a = PersonRecord(name="张三丰", id_number="11010519491231002X", source="application")
    b = replace(a, source="insurer")
    assert score(a, b).outcome == "accept"
    assert score(a, b, strict).outcome == "review"
    assert score(b, a, strict).outcome == "review"
    assert score(a, replace(a), strict).outcome == "accept"


@given(st.lists(st.floats(-300, 300), min_size=3, max_size=3))
def test_people_who_belong_together_never_speak_for_a_match(shared):
    params = person_model().default_params()
    assert len(params.kin) == 3
    assert household(np.array(shared)[:, None], params)[0] <= 0


def test_a_table_of_the_first_format_still_takes_back_by_rule_what_a_household_shares():
    import json

    old = json.loads(person_model().default_params().to_json())
    assert old["kin"]
    old["format"] = 1
    for new in ("kin", "limits"):
        del old[new]
    params = Params.from_json(json.dumps(old))
    assert params.kin == ()
    home = {"phone": "13800138000", "area": "110105", "address": "北京市朝阳区建国路1号"}
    found = score(PersonRecord(name="张三丰", **home), PersonRecord(name="李四", **home), params)
    assert found.weights[-1] == pytest.approx(
        -sum(e.weight for e in found.evidence if e.field in ("phone", "address", "area"))
    )


def test_pairs_of_one_probability_are_accepted_all_or_none():
    p, counts = np.array([0.99999, 0.99985, 0.99985]), np.array([1.0, 1.0, 50.0])
    assert outcomes.choose(p, counts, np.zeros(3, dtype=bool)).accept == 0.99999

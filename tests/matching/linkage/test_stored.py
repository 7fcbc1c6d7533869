"""Models and parameters from elsewhere: what cannot be is said by name, and nothing searches without end."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage.model import Model, Params
from matching.linkage.online import VERSIONS, _shipped
from matching.linkage.splink import patterns
from matching.linkage.splink.foreign import document
from matching.linkage.splink.patterns import extract, like
from matching.linkage.splink.settings import from_splink, imported, to_splink
from matching.linkage.splink.sql import Parser
from matching.linkage.tables.pipeline import link_tables

MODEL = Model.for_fields({"name": "name", "phone": "phone"})
PARAMS = MODEL.default_params()


pytestmark = pytest.mark.usefixtures("chinese")


def changed(**what) -> str:
    return json.dumps({**json.loads(PARAMS.to_json()), **what})


# Parameters


def test_a_table_comes_back_as_it_was():
    assert Params.from_json(PARAMS.to_json()) == PARAMS
    for version in VERSIONS:
        for params in _shipped(version).values():
            assert Params.from_json(params.to_json()) == params


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "套得太深"),
        ('{"a":' * 100_000, "套得太深"),
        ("姓名,手机", "这不是 JSON"),
        ("[1]", "整个文件 应该是"),
        (changed(prior=float("nan")), "有一个数是 NaN"),
        (changed(prior=float("inf")), "有一个数是 Infinity"),
        (PARAMS.to_json().replace('"prior": 1e-06', '"prior": 1e999'), "prior 应该是"),
        (changed(prior=0), "prior 应该是"),
        (changed(prior=True), "prior 应该是"),
        (changed(prior="0.1"), "prior 应该是"),
        (changed(format=3), "格式 3，这里认得 1 和 2；如果是新版程序存下的"),
        (changed(format=True), "格式 True"),
        (changed(format=None), "格式 None"),
        ('{"format": 2}', "缺少 version、prior、accept、review、m、u、tf"),
        (changed(version=2), "version 应该是"),
        (changed(accept=[]), "accept 应该是"),
        (changed(m={"name": []}, u={"name": []}), "m.name 应该是"),
        (changed(m={"name": [0.5, None]}), "m.name 应该是"),
        (changed(m=[]), "m 应该是"),
        (
            changed(u={**json.loads(PARAMS.to_json())["u"], "name": [0.5, 0.5]}),
            "“name”的 m 和 u 等级数不一样",
        ),
        (changed(m={"name": [0.1] * 500}), "m.name 应该是"),
        (
            changed(tf={"name": {"value": {"mean": 0, "floor": 0.1, "values": {}}}}),
            "tf.name.value.mean 应该是",
        ),
        (
            changed(tf={"name": {"value": {"mean": 0.1, "floor": 0.1, "values": {"a": "b"}}}}),
            "values.a 应该是",
        ),
        (changed(tf={"name": 3}), "tf.name 应该是"),
        (changed(kin=3), "kin 应该是"),
        (changed(kin=[3]), "kin 应该是"),
        (changed(kin=[{"share": 0.1, "h": {}, "circle": "x"}]), "kin.circle 不认得“x”"),
        (changed(limits={"": {"accept": 0.9}}), "limits..review 应该是"),
        (
            changed(limits={"": {"accept": 0.9, "review": 0.1, "false_accept": -1}}),
            "limits..false_accept 应该是",
        ),
    ],
)
def test_what_is_no_table_of_parameters_is_said_by_name(text, said):
    with pytest.raises(ValueError, match=said):
        Params.from_json(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*json.loads(PARAMS.to_json())]), JSON)
def test_whatever_stands_in_a_table_it_is_one_or_it_is_said_why_not(key, value):
    try:
        found = Params.from_json(changed(**{key: value}))
        found.check(MODEL)
    except ValueError:
        return
    for comparison in MODEL.comparisons:
        assert len(found.weights(comparison)) == comparison.size


TABLE = {"id": ["1", "2", "3"], "name": ["张三", "张三", "李四"], "phone": ["13800138000", "13800138000", ""]}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"m": {"name": (0.5, 0.5), "phone": PARAMS.m["phone"]}}, "--params 里 name 的等级数不对"),
        ({"u": {**PARAMS.u, "phone": (*PARAMS.u["phone"], 0.1)}}, "--params 里 phone 的等级数不对"),
        ({"m": {"name": PARAMS.m["name"]}}, "是从这些列学的：name"),
    ],
)
def test_a_table_with_too_few_levels_or_columns_is_said_before_anything_is_computed(what, said):
    from dataclasses import replace

    with pytest.raises(ValueError, match=said):
        link_tables(TABLE, None, {"name": "name", "phone": "phone"}, "id", params=replace(PARAMS, **what))


# Settings of Splink


def settings_of(condition='"a_l" = "a_r"', **more):
    levels = [
        {"sql_condition": '"a_l" IS NULL OR "a_r" IS NULL', "is_null_level": True},
        {"sql_condition": condition, "m_probability": 0.9, "u_probability": 0.1},
        {"sql_condition": "ELSE", "m_probability": 0.1, "u_probability": 0.9},
    ]
    return {"comparisons": [{"output_column_name": "a", "comparison_levels": levels}], **more}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "套得太深"),
        ("{}", "没有 comparisons"),
        ('{"comparisons": []}', "没有 comparisons"),
        ('{"comparisons": 1}', "没有 comparisons"),
        ('{"comparisons": [{"comparison_levels": [1, 2]}]}', "这些比较读不了"),
        ('{"comparisons": [{"comparison_levels": NaN}]}', "有一个数是 NaN"),
        (json.dumps(settings_of(probability_two_random_records_match="x")), "应该是0 和 1 之间的数"),
        (json.dumps(settings_of(blocking_rules_to_generate_predictions=7)), "应该是一串内容"),
        (json.dumps(settings_of("(" * 5000 + '"a_l" = "a_r"' + ")" * 5000)), "nested more than"),
        (json.dumps(settings_of("(" * 50_000)), "a condition of 50,000 characters"),
        (json.dumps(settings_of("NOT " * 4000 + '"a_l" = "a_r"')), "读不了"),
    ],
)
def test_settings_that_cannot_be_are_said(text, said):
    with pytest.raises(ValueError, match=said):
        imported(text)
    with pytest.raises(ValueError):
        document('{"comparisons": [')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("position", "1"), ("given", 1), ("circle", "moon"), ("own", {"exact": 2}), ("own", {"moon": 0.1}), ("own", 3),
        ("disagree", "else"), ("disagree", ["moon"]), ("most", -1), ("default_h", [0.5]), ("kind", []), ("columns", 3),
        ("params", []), ("params", None),
    ],
)  # fmt: skip
def test_descriptions_that_were_changed_are_said(key, value):
    exported = to_splink(MODEL, PARAMS)
    body = json.loads(exported["comparisons"][0]["comparison_description"].removeprefix("jieli "))
    body[key] = value
    exported["comparisons"][0]["comparison_description"] = "jieli " + json.dumps(body)
    with pytest.raises(ValueError, match="这份设置里只有 Jieli 读的部分被改过"):
        from_splink(exported)


@pytest.mark.parametrize(
    "condition",
    [
        "regexp_extract(\"a_l\", '(a+)+$') = 'x'",
        "regexp_extract(\"a_l\", '((a|b)*c?)*$') = 'x'",
        "regexp_extract(\"a_l\", '.*.*.*.*x') = 'x'",
        "regexp_extract(\"a_l\", '(?=a)a') = 'x'",
        "regexp_extract(\"a_l\", '(a)\\1') = 'x'",
        "regexp_extract(\"a_l\", '(') = 'x'",
        "regexp_extract(\"a_l\", 'a', 7) = 'x'",
        "regexp_extract(\"a_l\", 'a{1,60000}{1,60000}') = 'x'",
        "left(\"a_l\", 'x') = 'a'",
        " - ".join(['length("a_l")'] * 900) + " = 1",
    ],
)
def test_conditions_that_cannot_be_computed_are_said_with_their_level(condition):
    model = imported(json.dumps(settings_of(condition))).model
    rows = {"a": ["a" * 1000, "a" * 1000 + "b"]}
    with pytest.raises(ValueError, match="Splink 设置里“a”的“level”算不出来"):
        import numpy as np

        model.prepare(rows).levels(np.array([0]), np.array([1]))


@pytest.mark.parametrize(
    ("text", "pattern", "left"),
    [
        ("SW1A 1AA", "^[A-Z]{1,2}", "SW"), ("me@x.org", "^[^@]+", "me"), ("me@x.org", "@(.*)$", "@x.org"), ("ab", "x", ""),
        ("2024-01-02", r"(\d{4})-(\d\d)", "2024-01"), ("ababab", "(?:ab)+", "ababab"), ("x1", "[a-z][0-9]?", "x1"),
    ],
)  # fmt: skip
def test_patterns_that_people_write_find_what_they_did(text, pattern, left):
    assert extract(text, pattern, 0) == left


@pytest.mark.parametrize(
    ("value", "pattern", "fits"),
    [
        ("张三", "张%", True), ("张三", "张_", True), ("张三", "_", False), ("张三", "%", True), ("", "%", True), ("", "_", False),
        ("", "", True), ("a\nb", "a_b", True), ("abc", "%b%", True), ("abc", "%c%b%", False), ("aa", "a%a", True),
        ("a", "a%a", False), ("abcabc", "a%_bc", True), ("abc", "a%_bc", False), ("a.c", "a.c", True), ("abc", "a.c", False),
        ("xxay", "%_a_", True), ("xay", "%_a_", True), ("ay", "%_a_", False),
    ],
)  # fmt: skip
def test_like_is_that_of_sql(value, pattern, fits):
    assert like(value, pattern) is fits


@given(st.text("ab", max_size=8), st.text("ab%_", max_size=6))
def test_like_is_what_a_regular_expression_would_say(value, pattern):
    import re

    body = "".join(".*" if c == "%" else "." if c == "_" else c for c in pattern)
    assert like(value, pattern) is bool(re.fullmatch(body, value))


def test_no_pattern_searches_without_end():
    value = "a" * 20_000
    assert not like(value, "%a" * 50 + "%b")
    assert not like(value, "%" + "a_" * 50 + "b%")
    with pytest.raises(ValueError, match="要找太久"):
        extract(value, ".*.*b", 0)
    with pytest.raises(ValueError, match="太长"):
        extract("a", "a" * (patterns.LONGEST + 1))
    assert Parser("\"a_l\" LIKE '%a%b'").parse()({"a_l": [value]}, 1) == [False]

import json
from types import SimpleNamespace

import numpy as np
import pytest

from matching.linkage.model import KINDS, Model, Params
from matching.linkage.scoring import DEFAULT, person_model
from matching.linkage.tables.pipeline import link
from matching.linkage.tables.splink import features, from_splink, to_splink
from matching.linkage.tables.sql import Parser

ROWS = {
    "name": ["张三丰", "張三豐", "张*", "章叁峰", "李四", None],
    "id_number": ["11010519491231002X", "110105491231002", None, "11010519491213002X", "1101**********002X", ""],
    "birth_date": ["19491231", "1949-12-31", "1949", "19491213", "19800101", None],
    "sex": ["F", "女", "2", None, "M", "F"],
    "phone": ["13800138000", "13800138001", None, "13800138000", "13900139000", None],
    "address": ["北京市朝阳区建国路1号", "朝阳区建国路1号", None, None, "长沙市", ""],
    "area": ["110105", "110100", "110105", None, "430102", "110105"],
    "hospital": ["北京协和医院", "协和医院", None, "长沙市第一医院", "湘雅医院", None],
    "disease": ["肺癌", "C34.1", "右肺恶性肿瘤", "白血病", None, "肺炎"],
}  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    """A small table, trained."""
    rng = np.random.default_rng(1)
    first, last = (
        ["Anna", "Robert", "Li", "Jan", "Mary", "John", "Eva", "Tom"],
        ["Smith", "Lee", "Brown", "Jones", "Hall"],
    )
    rows: dict[str, list] = {"first": [], "last": [], "dob": [], "city": []}
    for _ in range(250):
        person = [
            first[rng.integers(8)],
            last[rng.integers(5)],
            f"19{rng.integers(50, 99)}-0{rng.integers(1, 9)}-1{rng.integers(0, 9)}",
        ]
        city = ["London", "Leeds", "Bath"][rng.integers(3)]
        for copy in range(rng.integers(1, 3)):
            for name, value in zip(rows, [*person, city], strict=True):
                rows[name].append(value[:-1] + "x" if copy and rng.random() < 0.1 else value)
    rows["id"] = list(range(len(rows["first"])))
    fields = {"first": "given_name", "last": "surname", "dob": "birth_date", "city": "text"}
    found = link(rows, None, fields, "id", threshold=0.01)
    return SimpleNamespace(
        rows=rows, table=found.table, model=found.model, params=found.params, i=found.i, j=found.j
    )


def pairs(rows: int) -> tuple[np.ndarray, np.ndarray]:
    i, j = np.triu_indices(rows, 1)
    return i.astype(np.int32), j.astype(np.int32)


def test_what_goes_out_comes_back_and_scores_the_same():
    model = person_model()
    other, params = from_splink(json.dumps(to_splink(model, DEFAULT)))
    assert params == DEFAULT
    i, j = pairs(6)
    one, two = model.prepare(ROWS), other.prepare(ROWS)
    assert (one.levels(i, j) == two.levels(i, j)).all()
    assert np.array_equal(
        one.weigh(one.levels(i, j), i, j, DEFAULT), two.weigh(two.levels(i, j), i, j, params)
    )


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_a_trained_model_comes_back_with_families_frequencies_limits_and_version(trained, dialect):
    settings = json.loads(json.dumps(to_splink(trained.model, trained.params, dialect=dialect)))
    model, params = from_splink(settings)
    assert params == trained.params
    assert params.kin
    assert params.tf
    i, j = trained.i, trained.j
    table = model.prepare(trained.rows)
    again = table.contributions(table.levels(i, j), i, j, params)
    assert np.array_equal(
        again, trained.table.contributions(trained.table.levels(i, j), i, j, trained.params)
    )


def test_what_splink_learnt_anew_counts_and_the_version_says_so(trained):
    settings = to_splink(trained.model, trained.params)
    learnt = json.loads(json.dumps(settings))
    for entry in learnt["comparisons"]:
        entry["comparison_description"] = "CustomComparison"  # as Splink 5 saves it
    level = learnt["comparisons"][0]["comparison_levels"][1]
    level["m_probability"] = 0.5
    model, params = from_splink(learnt, exported=settings)
    assert params.m[model.names[0]][0] == 0.5
    assert params.kin == trained.params.kin
    assert params.version == f"{trained.params.version}+splink"


def test_columns_with_a_quote_are_not_exported():
    model = Model.for_fields({'na"me': "name"})
    with pytest.raises(ValueError, match="quotes"):
        to_splink(model, model.default_params())


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_every_condition_speaks_of_columns_in_its_dialect_and_of_no_text(dialect):
    sqlglot = pytest.importorskip("sqlglot")
    kinds = {kind: kind for kind in KINDS if kind not in ("given_name", "surname")}
    both = [
        Model.for_fields(kinds), Model.for_fields({"first": "given_name", "last": "surname", "a": "address", "b": "address"})
    ]  # fmt: skip
    for model in both:
        settings = to_splink(model, model.default_params(), dialect=dialect)
        assert settings["sql_dialect"] == dialect
        there = set(features(model, {c: [None] for one in model.comparisons for c in one.columns}))
        for entry in settings["comparisons"]:
            for level in entry["comparison_levels"][:-1]:
                tree = sqlglot.parse_one(level["sql_condition"], dialect=dialect)
                named = {column.name for column in tree.find_all(sqlglot.exp.Column)}
                assert {name[-2:] for name in named} == {"_l", "_r"}
                assert not [text for text in tree.find_all(sqlglot.exp.Literal) if text.is_string]
                assert {name[:-2] for name in named} <= there


def test_a_slip_in_a_chinese_name_is_one_sign_in_the_exported_columns():
    model = Model.for_fields({"name": "name"})
    signs = features(model, {"name": ["欧阳建国", "欧阳建军", "Anna Lee"]})["name__ascii"]
    assert all(text.isascii() for text in signs)
    assert sum(a != b for a, b in zip(signs[0], signs[1], strict=True)) == 1


def test_exported_conditions_can_be_read_and_agree_on_plain_levels():
    model = person_model()
    settings = to_splink(model, DEFAULT)
    for entry in settings["comparisons"]:
        entry["comparison_description"] = ""
    read, _ = from_splink(settings)
    columns = features(model, ROWS)
    i, j = pairs(6)
    theirs = read.prepare(columns).levels(i, j)
    ours = np.column_stack([p.compare(i, j) for p in model.prepare(ROWS).prepared])
    # Approximations are allowed between neighbouring levels; missing and exact are not to differ.
    assert ((theirs == 0) == (ours == 0)).all()
    assert ((theirs == 1) == (ours == 1)).all()
    assert (theirs == ours).mean() > 0.9


FOREIGN = {
    "link_type": "dedupe_only",
    "probability_two_random_records_match": 0.01,
    "comparisons": [
        {
            "output_column_name": "first_name",
            "comparison_levels": [
                {"sql_condition": '"first_name_l" IS NULL OR "first_name_r" IS NULL', "is_null_level": True},
                {
                    "sql_condition": '"first_name_l" = "first_name_r"', "label_for_charts": "exact",
                    "m_probability": 0.8, "u_probability": 0.01, "tf_adjustment_column": "first_name",
                },
                {
                    "sql_condition": 'jaro_winkler_similarity("first_name_l", "first_name_r") >= 0.88',
                    "label_for_charts": "close", "m_probability": 0.15, "u_probability": 0.02,
                },
                {"sql_condition": "ELSE", "label_for_charts": "else", "m_probability": 0.05, "u_probability": 0.97},
            ],
        },
        {
            "output_column_name": "dob",
            "comparison_levels": [
                {
                    "sql_condition": "try_strptime(\"dob_l\", '%Y-%m-%d') IS NULL OR try_strptime(\"dob_r\", '%Y-%m-%d') IS NULL",
                    "is_null_level": True,
                },
                {"sql_condition": '"dob_l" = "dob_r"', "m_probability": 0.9, "u_probability": 0.001},
                {
                    "sql_condition": "ABS(EPOCH(try_strptime(\"dob_l\", '%Y-%m-%d')) - EPOCH(try_strptime(\"dob_r\", '%Y-%m-%d'))) <= 2629800.0",
                    "m_probability": 0.05, "u_probability": 0.01,
                },
                {"sql_condition": "ELSE", "m_probability": 0.05, "u_probability": 0.989},
            ],
        },
    ],
}  # fmt: skip


def test_settings_written_by_splink_are_replayed():
    model, params = from_splink(FOREIGN)
    rows = {
        "first_name": ["Robert", "Robert", "Robret", None],
        "dob": ["1971-06-24", "1971-06-30", "bad", "2000-01-01"],
    }
    table = model.prepare(rows)
    i, j = np.array([0, 0, 0]), np.array([1, 2, 3])
    levels = table.levels(i, j)
    assert levels.tolist() == [[1, 2], [2, 0], [0, 3]]
    prior = np.log2(0.01 / 0.99)
    expected = prior + np.log2(0.8 / 0.01) + np.log2(0.05 / 0.01)
    assert table.weigh(levels, i, j, params)[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "text", ["drop table x", '"a_l" = "b"', 'unknown_function("a_l")', '"a_l" =', "(((", ""]
)
def test_what_it_cannot_read_it_refuses(text):
    with pytest.raises(ValueError):
        Parser(text).parse()


def test_crossed_columns_and_both_directions_are_read():
    condition = Parser('"first_l" = "last_r" AND "first_r" = "last_l"').parse()
    row = {"first_l": ["a", "a"], "last_l": ["b", "b"], "first_r": ["b", "b"], "last_r": ["a", "x"]}
    assert condition(row, 2) == [True, False]


def test_latin_parts_survive_the_way_out_and_back():
    model = Model.for_fields({"first": "given_name", "last": "surname", "email": "email", "pc": "postcode"})
    other, _ = from_splink(to_splink(model, model.default_params()))
    assert [(c.name, c.columns, c.levels) for c in other.comparisons] == [
        (c.name, c.columns, c.levels) for c in model.comparisons
    ]


@pytest.mark.slow
def test_splink_itself_runs_the_exported_model():
    splink = pytest.importorskip("splink")
    pandas = pytest.importorskip("pandas")
    model = person_model()
    columns = features(model, ROWS)
    settings = to_splink(model, Params("x", 0.01, DEFAULT.m, DEFAULT.u))
    settings["blocking_rules_to_generate_predictions"] = ["1 = 1"]
    frame = pandas.DataFrame(columns)
    frame["unique_id"] = range(6)
    api = splink.DuckDBAPI()
    linker = splink.Linker(api.register(frame), settings)
    found = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    assert (0, 1) in set(zip(found.unique_id_l, found.unique_id_r, strict=True))
    assert (0, 4) not in set(zip(found.unique_id_l, found.unique_id_r, strict=True))

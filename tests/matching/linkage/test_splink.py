import importlib
import json
import logging
import pickle
import re
from types import SimpleNamespace

import numpy as np
import pytest

from matching.linkage.__main__ import main
from matching.linkage.model import KINDS, Model, Params
from matching.linkage.scoring import DEFAULT, person_model
from matching.linkage.splink.features import numbers
from matching.linkage.splink.settings import features, from_splink, imported, to_splink
from matching.linkage.splink.sql import Parser
from matching.linkage.tables.candidates import MAX_BLOCK, Split, pairs_of
from matching.linkage.tables.pipeline import link

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
    return SimpleNamespace(rows=rows, **vars(found))


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


@pytest.mark.parametrize("name", ["by", "Order", "name (full)", "a.b"])
def test_columns_that_sql_would_read_otherwise_are_refused_by_name(name):
    model = Model.for_fields({name: "text", "phone": "phone"})
    with pytest.raises(ValueError, match=re.escape(f"{name} (a name that SQL reads otherwise)")):
        to_splink(model, model.default_params())


@pytest.mark.parametrize("name", ["first name", "姓名（全）", "born_by"])
def test_columns_with_spaces_and_wide_brackets_are_exported(name):
    model = Model.for_fields({name: "text", "phone": "phone"})
    assert to_splink(model, model.default_params())["comparisons"]


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


def test_columns_hold_whole_numbers_or_text_whatever_the_rows():
    model = Model.for_fields({kind: kind for kind in KINDS})
    rows = {
        **{kind: [None] for kind in KINDS},
        "age": ["3"],
        "postcode": ["1000"],
        "given_name": ["Anna"],
        "surname": ["Lee"],
    }
    rows |= {name: ROWS[name][:1] for name in ROWS}
    found = features(model, rows)
    whole = {name for name, values in found.items() if any(isinstance(v, int) for v in values)}
    assert whole == {name for name in numbers(model) & set(found) if found[name] != [None]}
    assert all(isinstance(v, int | str | None) for values in found.values() for v in values)


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
    assert table.weigh(levels, i, j, params)[0] == pytest.approx(expected, abs=1e-9)
    # With the frequencies of a table: Robert is two of three names there.
    fitted = imported(FOREIGN).fitted(table)
    expected += np.log2(0.01 / (2 / 3))
    assert table.weigh(levels, i, j, fitted)[0] == pytest.approx(expected, abs=1e-9)


def test_a_level_may_weigh_less_than_else_as_it_does_in_splink():
    settings = json.loads(json.dumps(FOREIGN))
    settings["comparisons"][0]["comparison_levels"][2]["m_probability"] = 0.0001
    model, params = from_splink(settings)
    assert params.weights(model.comparisons[0])[2] == pytest.approx(np.log2(0.0001 / 0.02))


def test_levels_that_were_never_seen_weigh_what_splink_believes_and_are_named():
    settings = json.loads(json.dumps(FOREIGN))
    del settings["comparisons"][0]["comparison_levels"][2]["m_probability"]
    found = imported(settings)
    assert found.params.m["first_name"][1] == pytest.approx(0.025)
    assert "first_name: close" in found.notes[0]


RULES = [
    {"blocking_rule": 'l."first_name" = r."first_name"', "sql_dialect": "duckdb"},
    '(l."dob" = r."dob") AND (substr(l.first_name, 1, 2) = substr(r.first_name, 1, 2))',
]


def test_blocking_rules_that_are_equalities_say_which_pairs_there_are():
    found = imported({**FOREIGN, "blocking_rules_to_generate_predictions": RULES})
    rows = {
        "id": [1, 2, 3, 4], "first_name": ["Robert", "Robert", "Rob", "Eva"],
        "dob": ["1971-06-24", None, "1971-06-24", "1971-06-24"],
    }  # fmt: skip
    linked = link(rows, None, found.fields, "id", threshold=1e-9, imported=found)
    assert linked.candidates == 2
    assert {(i, j) for i, j in zip(linked.i.tolist(), linked.j.tolist(), strict=True)} == {(0, 1), (0, 2)}


@pytest.mark.parametrize("link_type", ["dedupe_only", "link_only"])
@pytest.mark.parametrize(
    "rule",
    [
        "l.first = r.last and l.last = r.first", "l.first = r.first and l.year = r.year + 1", "l.year + 1 = r.year", "r.last = l.first",
        "l.day::date = r.day::date - 1 AND l.first = r.first", "substr(l.first, 1, 1) = lower(r.first)", "l.first = r.first",
    ],
)  # fmt: skip
def test_rules_of_two_sides_give_the_pairs_that_duckdb_joins(rule, link_type):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not here: rules were not compared with it")
    rng = np.random.default_rng(1)
    some = {
        "first": ["a", "b", "A", "ab", None], "last": ["a", "b", "c", "", None], "year": ["1999", "2000", "2001", None],
        "day": ["2000-02-28", "2000-02-29", "2000-03-01", None],
    }  # fmt: skip
    rows = {
        name: [values[k] for k in rng.integers(0, len(values), 60).tolist()] for name, values in some.items()
    }
    rows["id"] = list(range(60))
    body = settings_of(rule)
    left = 25 if link_type == "link_only" else 60
    connection = duckdb.connect()
    connection.execute("create table t (first text, last text, year integer, day text, id integer)")
    cells = ([None if v == "" else v for v in row] for row in zip(*rows.values(), strict=True))
    connection.executemany("insert into t values (?, ?, ?, ?, ?)", list(cells))
    side = "l.id < r.id" if left == 60 else f"l.id < {left} and r.id >= {left}"
    theirs = connection.execute(f"select l.id, r.id from t l join t r on {rule} where {side}").fetchall()
    found = imported(body)
    key = found.keys(rows, Split(60, left, left < 60))[0]
    parts = list(pairs_of(key, Split(60, left, left < 60)))
    ours = [pair for i, j in parts for pair in zip(i.tolist(), j.tolist(), strict=True)]
    assert theirs
    assert sorted(ours) == sorted(theirs)
    assert key.pairs == len(ours)


def settings_of(*rules):
    """Settings with blocking rules."""
    levels = [{"sql_condition": "first_l = first_r"}, {"sql_condition": "ELSE"}]
    comparisons = [{"output_column_name": "first", "comparison_levels": levels}]
    return {"comparisons": comparisons, "blocking_rules_to_generate_predictions": list(rules)}


def test_a_rule_over_empty_cells_gives_no_pairs():
    rows = {"first": [None, "", "a"], "last": ["", None, None]}
    split = Split(3, 3, False)
    assert list(pairs_of(imported(settings_of("l.first = r.last")).keys(rows, split)[0], split)) == []


def test_a_rule_of_two_sides_leaves_out_what_too_many_share_and_says_so():
    size = MAX_BLOCK + 5
    rows = {
        "first": ["a"] * size + ["b", "c"],
        "last": ["a"] * size + ["x", "b"],
        "id": list(range(size + 2)),
    }
    found = imported(settings_of("l.first = r.last"))
    linked = link(rows, None, found.fields, "id", threshold=1e-9, imported=found)
    assert linked.candidates == 1
    assert "l.first = r.last" in found.notes[-1]


@pytest.mark.slow
@pytest.mark.parametrize("peer", ["febrl", "fake", "chinese_raw", "chinese_features", "campaign_features"])
def test_the_models_that_the_benchmark_makes_with_splink_are_read(peer):
    splink = pytest.importorskip("splink")
    how = importlib.import_module("bench.linkage.peer").SET_UPS[peer]()
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        comparisons=how.comparisons,
        blocking_rules_to_generate_predictions=how.blocking,
    ).create_settings_dict(sql_dialect_str="duckdb")
    found = imported(settings)
    assert len(found.rules) == len(how.blocking)
    assert len(found.model.comparisons) == len(how.comparisons)


@pytest.mark.parametrize(
    "rule",
    [
        "l.first_name = l.dob",
        "l.first_name || r.dob = r.first_name",
        "NOT l.first_name = r.dob",
        "l.age = r.age + 1 OR r.age",
        "l.age = r.age IS NULL",
        "l.age < 3 = r.age",
        "l.age < r.age",
        "levenshtein(l.a, r.a) <= 1",
        "l.a = r.a OR l.b = r.b",
        "l.a = 'x'",
    ],
)
def test_other_blocking_rules_are_refused_by_name(rule):
    with pytest.raises(ValueError, match=re.escape(rule)):
        imported({**FOREIGN, "blocking_rules_to_generate_predictions": [rule]})


def test_comparisons_that_cannot_be_read_are_refused_by_name():
    settings = json.loads(json.dumps(FOREIGN))
    for name, condition in (
        ("tags", 'array_length(list_intersect("tags_l", "tags_r")) >= 1'),
        ("x", '"x_l"[1] = "x_r"[1]'),
    ):
        levels = [{"sql_condition": condition}, {"sql_condition": "ELSE"}]
        settings["comparisons"].append({"output_column_name": name, "comparison_levels": levels})
    with pytest.raises(ValueError, match=r"(?s)tags .*array_length|tags .*list_intersect"):
        from_splink(settings)
    with pytest.raises(ValueError, match=r"(?m)^x "):
        from_splink(settings)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        '{"comparisons": 1}',
        '{"comparisons": [1]}',
        '{"comparisons": [{"comparison_levels": [{}]}]}',
    ],
)
def test_what_are_no_settings_is_refused_in_words(text):
    with pytest.raises(ValueError):
        imported(text)


def test_shares_that_are_no_probabilities_and_endless_conditions_are_refused():
    settings = json.loads(json.dumps(FOREIGN))
    settings["comparisons"][0]["comparison_levels"][1]["m_probability"] = 2
    with pytest.raises(ValueError, match="first_name"):
        from_splink(settings)
    settings = json.loads(json.dumps(FOREIGN))
    settings["comparisons"][1]["comparison_levels"][1]["sql_condition"] = "(" * 100_000
    with pytest.raises(ValueError, match="dob"):
        from_splink(settings)


@pytest.mark.parametrize(
    ("dialect", "condition", "rows", "expected"),
    [
        ("duckdb", 'levenshtein("a_l", "a_r") <= 1', ("张三", "张四"), False),  # bytes
        ("spark", "levenshtein(`a_l`, `a_r`) <= 1", ("张三", "张四"), True),
        ("duckdb", 'jaccard("a_l", "a_r") >= 0.5', ("aabbc", "abd"), True),
        ("duckdb", 'levenshtein(CAST("a_l" AS TEXT), CAST("a_r" AS TEXT)) <= 1', ("1971-05-24", "1971-05-25"), True),
        ("duckdb", 'ABS(EPOCH("a_l") - EPOCH("a_r")) <= 2629800.0', ("1971-05-24", "1971-06-20"), True),
        ("spark", "abs(datediff(`a_l`, `a_r`)) <= floor(2629800.0 / 86400)", ("1971-05-24", "1971-06-30"), False),
        ("spark", "date(try_to_timestamp(`a_l`, 'yyyy-MM-dd')) IS NULL", ("1971-13-24", "x"), True),
        ("duckdb", 'abs("a_l" - "a_r") / 2 * 3 <= 3', ("10", "12"), True),
        ("duckdb", 'NOT ("a_l" = "b_l")', ("x", "x"), False),  # not of NULL is NULL
        ("duckdb", "CASE WHEN \"a_l\" = 'x' THEN 2 ELSE 1 END > 1", ("x", "y"), True),
        ("duckdb", "regexp_extract(\"a_l\", '^[^@]+') = 'me'", ("me@x", ""), True),
    ],
)  # fmt: skip
def test_conditions_are_judged_as_the_engine_of_their_dialect_does(dialect, condition, rows, expected):
    row = {"a_l": [rows[0]], "a_r": [rows[1]], "b_l": [None], "b_r": [None]}
    assert bool(Parser(condition, dialect).parse()(row, 1)[0]) is expected


def test_a_model_of_splink_runs_on_a_file_and_goes_to_workers(tmp_path):
    (tmp_path / "a.csv").write_text(
        "unique_id,first_name,dob\n1,Robert,1971-06-24\n2,Robert,1971-06-24\n3,Eva,1980-01-01\n",
        encoding="utf-8",
    )
    (tmp_path / "model.json").write_text(json.dumps(FOREIGN), encoding="utf-8")
    out = tmp_path / "pairs.csv"
    call = [
        str(tmp_path / "a.csv"),
        "--splink-settings",
        str(tmp_path / "model.json"),
        "--out",
        str(out),
        "--threshold",
        "0.1",
    ]
    assert main(call) == 0
    lines = out.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].split(",")[-2:] == ["first_name", "dob"]
    assert [line.split(",")[:2] for line in lines[1:]] == [["1", "2"]]
    assert main([*call, "--fields", "name=first_name"]) == 1
    table = imported(FOREIGN).model.prepare({"first_name": ["a", "a"], "dob": ["", ""]})
    for prepared in table.prepared:
        prepared.keys.clear()
    again = pickle.loads(pickle.dumps(table))
    one = np.array([0])
    assert (again.levels(one, one + 1) == table.levels(one, one + 1)).all()


def test_our_own_exported_model_runs_on_a_file_again(trained, tmp_path):
    found = imported(to_splink(trained.model, trained.params))
    assert found.fields == {"first": "given_name", "last": "surname", "dob": "birth_date", "city": "text"}
    linked = link(trained.rows, None, found.fields, "id", threshold=0.01, imported=found)
    assert (linked.i == trained.i).all()
    assert np.array_equal(linked.weight, trained.weight)


@pytest.mark.slow
def test_splink_predicts_what_the_imported_model_says(trained):
    """Splink's own library of comparisons, trained by Splink, on its DuckDB and here."""
    splink = pytest.importorskip("splink")
    duckdb = pytest.importorskip("duckdb")
    library = pytest.importorskip("splink.comparison_library")
    rows = {
        **trained.rows,
        "email": [f"{a}@{b}.org" for a, b in zip(trained.rows["first"], trained.rows["city"], strict=True)],
    }
    connection = duckdb.connect()
    connection.execute(
        "create table people (first text, last text, dob text, city text, id bigint, email text)"
    )
    connection.executemany(
        "insert into people values (?, ?, ?, ?, ?, ?)", list(zip(*rows.values(), strict=True))
    )
    settings = {
        "link_type": "dedupe_only", "unique_id_column_name": "id",
        "blocking_rules_to_generate_predictions": [splink.block_on("last"), splink.block_on("substr(first, 1, 2)", "city")],
        "comparisons": [
            library.ForenameSurnameComparison("first", "last"), library.DateOfBirthComparison("dob", input_is_string=True),
            library.ExactMatch("city").configure(term_frequency_adjustments=True), library.EmailComparison("email"),
            library.JaccardAtThresholds("first"),
        ],
    }  # fmt: skip
    linker = splink.Linker(splink.DuckDBAPI(connection).register("people"), settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e5, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(splink.block_on("dob"))
    saved = linker.misc.save_model_to_json()
    predicted = linker.inference.predict()
    theirs = connection.execute(f"select id_l, id_r, match_weight from {predicted.physical_name}").fetchall()
    found = imported(json.dumps(saved))
    linked = link(rows, None, found.fields, "id", threshold=1e-9, imported=found)
    i, j, weight = (np.array(column) for column in zip(*theirs, strict=True))
    assert len(i) == linked.candidates
    ours = linked.table.weigh(linked.table.levels(i, j), i, j, linked.params)
    assert np.abs(ours - weight).max() < 1e-6


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

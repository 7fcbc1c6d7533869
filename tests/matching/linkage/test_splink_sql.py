"""Conditions of one's own in Splink settings: every one is judged as DuckDB judges it, beside NULL too."""

from datetime import date
from itertools import product

import numpy as np
import pytest

from matching.linkage.splink import patterns
from matching.linkage.splink.settings import from_splink, imported
from matching.linkage.splink.sql import Parser

NAMES = ["anna", "Anna", "an na", "ann", "", "张三", "张\u3000三", "a.b", " b ", "Ünal", None]
TYPES = {
    "name": "varchar",
    "sur": "varchar",
    "age": "integer",
    "money": "double",
    "dob": "date",
    "born": "varchar",
}
TEXTS = [
    ("anna", "Lee", 30, 2.5, date(2000, 12, 31), "2000-12-31"), ("Anna", None, 31, -2.5, date(2001, 1, 1), "2001-01-01"),
    ("an na", "anna", 0, 0.0, date(1999, 2, 28), "bad"), ("张三", "张", None, 1.15, None, None),
    ("", "", -7, None, date(2000, 11, 30), ""), (None, "Müller", 9, 1e9, date(1949, 1, 1), "1949-1-01"),
    (" b ", "a%b_c", 10, 0.4, date(2000, 12, 1), "2000-12-31 10:00:00"),
]  # fmt: skip
ROWS = [dict(zip(TYPES, row, strict=True)) for row in TEXTS]
READ = [
    "name_l IN ('anna', 'Anna') AND name_r IN ('anna', 'x')", "name_l NOT IN ('anna', name_r)", "name_l IN ('anna', NULL)",
    "name_l NOT IN ('anna', NULL)", "age_l IN (30, 9, age_r)", "NOT name_l IN (sur_r)", "age_l NOT IN (30.0, 31)",
    "abs(age_l - age_r) BETWEEN 0 AND 2", "age_l BETWEEN 0 AND age_r", "age_l NOT BETWEEN age_r AND 40",
    "name_l BETWEEN 'a' AND sur_r AND age_r > 1", "NOT (age_l BETWEEN NULL AND 5)", "name_l || 'x' BETWEEN 'a' AND 'b'",
    "regexp_matches(name_l, '^a') AND name_r = 'anna'", "regexp_matches(name_l, 'A', 'i')", "regexp_matches(sur_l, '\\w+$')",
    "regexp_matches(name_l, '^\\w+$')", "regexp_matches(name_l, '\\s')",
    "regexp_full_match(name_r, name_l)", "regexp_full_match(name_l, coalesce(sur_r, '.*'))", "regexp_full_match(name_l, 'a.*a|张.')",
    "regexp_replace(name_l, '[^a-z]', '', 'g') = regexp_replace(name_r, '[^a-z]', '', 'g')",
    "regexp_replace(name_l, 'n', '') = 'ana'", "regexp_replace(name_l, '(a)(n)', '\\2\\1', 'g') = 'naan'",
    "regexp_replace(name_l, 'n*', '-', 'g') = '-a-a-'", "regexp_replace(name_l, 'A', '<\\0>', 'gi') = '<a>nn<a>'",
    "regexp_extract(name_l, '(a)(x)?n', 2) = ''", "regexp_extract(name_l, '^.') = regexp_extract(name_r, '^.')",
    "replace(name_l, ' ', '') = replace(name_r, ' ', '')", "replace(name_l, '', 'x') = name_l", "replace(name_l, 'nn', 'n') = 'ana'",
    "name_l::varchar = name_r::varchar", "age_l::varchar || '' = age_r::text", "born_l::varchar(4) = born_r::varchar",
    "age_l::double / 2 > 4", "money_l::int = 2", "(money_l::integer)::varchar = '-2'", "CAST(age_l AS DOUBLE) = CAST(age_r AS DOUBLE)",
    "CAST(money_l AS BIGINT) = -2", "'2.5'::int = 3 AND age_l = 30", "TRY_CAST(born_l AS DATE) = dob_r",
    "TRY_CAST(name_l AS INTEGER) IS NULL", "money_l::decimal(18, 1) = 1.2", "(age_l = 30)::int = 1", "(age_l > 9)::varchar = 'true'",
    "TRY_CAST(born_l AS DATE)::varchar = '2000-12-31'", "TRY_CAST(born_l AS TIMESTAMP)::varchar = '2000-12-31 00:00:00'",
    "starts_with(name_l, name_r)", "prefix(name_l, 'an')", "ends_with(name_l, 'a')", "suffix(name_l, 'na')", "contains(name_l, sur_r)",
    "name_l NOT LIKE 'a%' AND name_r LIKE '%n%'", "name_l LIKE sur_r", "name_l ILIKE name_r", "name_l ILIKE 'A__A'",
    "name_l NOT ILIKE 'A%'", "sur_l ILIKE 'mÜ%'", "name_l LIKE 'an' || '%'",
    "CASE WHEN strlen(name_l) = strlen(name_r) AND name_l <> '' THEN hamming(name_l, name_r) END < 4", "mismatches('张三', '张四') <= age_l",
    "greatest(length(name_l), length(name_r)) < 5", "greatest(age_l, age_r, NULL) = 31", "least(age_l, money_r) < 0",
    "least(name_l, name_r) = 'Anna'", "greatest(age_l, NULL) IS NULL",
    "ifnull(name_l, '') = ifnull(name_r, '')", "coalesce(name_l, sur_l, 'x') = 'Müller'", "nullif(name_l, '') IS NULL", "nullif(age_l, age_r) = 30",
    "len(name_l) = len(name_r)", "strlen(name_l) = 6", "length(name_l) = 2", "length(trim(name_l)) = 1", "rtrim(name_l) = ' b'",
    "ltrim(name_l) = 'b '", "trim(name_l, 'a') = 'nn'",
    "year(dob_l) = year(dob_r)", "month(dob_l) = 12 AND day(dob_l) = 31", "extract(year FROM dob_l) = 2000", "date_part('month', dob_l) = 12",
    "quarter(dob_l) = quarter(dob_r)", "extract(day from dob_l) = 1",
    "abs(date_diff('day', dob_l, dob_r)) < 31", "date_diff('year', dob_l, dob_r) = 1", "date_diff('month', dob_l, dob_r) = -1",
    "date_diff('quarter', dob_l, dob_r) = 0", "date_diff('days', dob_l::date, dob_r::date) = 1", "datediff('hour', dob_l, dob_r) = 24",
    "abs(dob_l - dob_r) <= 31", "dob_l + 1 = dob_r", "dob_l - 1 = dob_r", "dob_l = '2000-12-31'", "dob_l < dob_r", "dob_l BETWEEN '2000-01-01' AND '2000-12-31'",
    "dob_l IN ('2000-12-31', '1949-01-01')", "dob_l::varchar = born_r",
    "age_l % 2 = age_r % 2", "age_l % 4 = -3", "mod(age_l, 2) = 1", "money_l % 2 = 0.5", "round(money_l) = -3", "round(money_l, 0) = round(money_r, 0)",
    "round(money_l, 1) = 1.2", "round(age_l, -1) = 10", "round(age_l / 4) = 8", "age_l / age_r > 1", "age_l / 0 > 5", "NOT (money_l / age_r = 0)",
    "name_l IS NOT DISTINCT FROM name_r", "name_l IS DISTINCT FROM sur_r", "age_l IS NOT DISTINCT FROM NULL", "age_l IS DISTINCT FROM 30 AND name_l = name_r",
    "(name_l = name_r) IS TRUE", "(age_l > age_r) IS NOT FALSE", "(age_l > age_r) IS NOT TRUE OR name_l IS NOT NULL",
    "substring(name_l from 1 for 2) = substring(name_r from 1 for 2)", "substring(name_l from 2) = 'nna'", "substr(name_l, -2, 1) = 'n'",
    "substr(name_l, 3, -2) = 'an'", "substring(name_l, 0, 2) = 'a'", "substr(name_l, -3) = 'nna'", "left(name_l, -1) = 'ann'", "right(name_l, -1) = 'nna'",
    "left(name_l, 3) = left(name_r, 3)", "right(name_l, 2) = right(name_r, 2)", "right(name_l, 0) = ''", "reverse(name_l) = 'anna'",
    "name_l = name_r -- the same", "name_l /* = sur_r */ = name_r", "name_l = '--' -- a 'quote'\n OR name_l = 'anna'", "/* a */ age_l > 3",
    "concat(name_l, sur_l) = concat(name_r, sur_r)", "concat(name_l, NULL) = 'anna'", "concat(sur_l, name_l) = 'Müller'", "concat(age_l, '') = '30'",
    "concat(NULL, NULL) = '' AND age_l = 9", "name_l || sur_l = sur_r || name_r", "(name_l || sur_l) IS NULL", "age_l || 'x' = '30x'",
    "concat(name_l = 'anna', 1) = 'true1'", "concat(money_l, dob_l) = '2.52000-12-31'",
    "CASE WHEN name_l = name_r THEN 1 ELSE 0 END = 1", "CASE name_l WHEN 'anna' THEN 1 WHEN NULL THEN 2 END IS NULL", "CASE WHEN sur_l IN (name_r) THEN age_l END > 5",
    "upper(name_l) = upper(name_r)", "lower(sur_l) = 'müller'", "jaro_winkler_similarity(lower(name_l), lower(name_r)) >= 0.9",
    "levenshtein(name_l, sur_r) <= 1", "damerau_levenshtein(name_l, name_r) < 3", "CASE WHEN name_l <> '' AND name_r <> '' THEN jaccard(name_l, name_r) END > 0.5",
    "name_l <> name_r", "NOT name_l = name_r", "name_l = name_r OR sur_l = sur_r", "NOT (name_l = 'anna' AND age_r > 9)",
    "-age_l < -age_r", "- age_l::int = -30", "2 * age_l + 1 >= age_r - 3", ".5 < money_l", "floor(money_l) = 2 OR ceil(money_l) = -2", "sqrt(age_l) = 3",
]  # fmt: skip


@pytest.fixture(scope="module")
def there():
    """Every pair of rows as a table of DuckDB."""
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not here: conditions were not compared with it")
    connection = duckdb.connect()
    columns = ", ".join(f"{name}_{end} {kind}" for end in "lr" for name, kind in TYPES.items())
    connection.execute(f"create table pairs (n integer, {columns})")
    values = [[n, *a.values(), *b.values()] for n, (a, b) in enumerate(product(ROWS, ROWS))]
    connection.executemany(f"insert into pairs values ({', '.join('?' * (1 + 2 * len(TYPES)))})", values)
    return connection


def columns_of(rows):
    """All pairs of some rows, by column and side."""
    both = list(product(rows, rows))
    return {f"{name}_{end}": [pair[end == "r"][name] for pair in both] for end in "lr" for name in TYPES}


@pytest.mark.parametrize("condition", READ)
def test_every_condition_is_judged_as_duckdb_judges_it(there, condition):
    theirs = [v for (v,) in there.execute(f"select ({condition}\n) from pairs order by n").fetchall()]
    ours = Parser(condition).parse()(columns_of(ROWS), len(theirs))
    assert ours == theirs
    assert len(set(theirs)) > 1 or "NULL" in condition


@pytest.mark.parametrize("text", ["name", "sur"])
@pytest.mark.parametrize(
    "condition",
    [
        "trim({0}_l) = {0}_r", "lower({0}_l) = lower({0}_r)", "upper({0}_l) = upper({0}_r)", "{0}_l ILIKE {0}_r", "{0}_l < {0}_r",
        "{0}_l LIKE {0}_r", "rtrim({0}_r) = ltrim({0}_l)", "reverse({0}_l) = {0}_r", "strlen({0}_l) > length({0}_r)", "left({0}_l, 2) = right({0}_r, 2)",
    ],
)  # fmt: skip
def test_odd_signs_are_what_they_are_in_duckdb(there, condition, text):
    names = [*NAMES, "\u3000a", "a\u00a0", "a\u200b", "\ta\n", "ΑΣ", "ας", "ß", "ẞ", "SS", "İ", "i"]
    condition = condition.format(text)
    both = list(product(names, names))
    there.execute(f"create or replace temp table odd (n integer, {text}_l varchar, {text}_r varchar)")
    there.executemany("insert into odd values (?, ?, ?)", [(n, *pair) for n, pair in enumerate(both)])
    theirs = [v for (v,) in there.execute(f"select {condition} from odd order by n").fetchall()]
    row = {f"{text}_l": [a for a, _ in both], f"{text}_r": [b for _, b in both]}
    assert Parser(condition).parse()(row, len(both)) == theirs


@pytest.mark.parametrize(
    "condition",
    ["abs(age_l - age_r) BETWEEN 0 AND 2", "age_l % 2 = 1", "age_l IN (30, 9)", "year(dob_l) = year(dob_r)", "age_l::int < age_r::int",
     "abs(date_diff('day', dob_l::date, dob_r::date)) < 31", "abs(dob_l - dob_r) <= 31", "age_l::varchar = '30'", "age_l || 'x' = '30x'"],
)  # fmt: skip
def test_numbers_and_days_of_a_file_count_as_such_where_something_is_calculated(there, condition):
    written = [{name: None if value is None else str(value) for name, value in row.items()} for row in ROWS]
    theirs = [v for (v,) in there.execute(f"select {condition} from pairs order by n").fetchall()]
    assert Parser(condition).parse()(columns_of(written), len(theirs)) == theirs


def test_days_as_text_are_those_that_duckdb_reads(there):
    days = ["2000-12-31", "2000/12/31", "2000 1 2", "2000-12/31", " 2000-2-3", "99-12-31", "2000-13-01", "2000-02-30", "20001231", "2000-12",
            "2000-12-31 1:2:3", "2000-12-31T01:02:03.5", "2000-12-31 01:02:03Z", "2000-12-31 10", "2000-12-31 x", "2000-W01-1", "", None]  # fmt: skip
    there.execute("create or replace temp table days (n integer, a_l varchar)")
    there.executemany("insert into days values (?, ?)", list(enumerate(days)))
    for kind in ("date", "timestamp"):
        theirs = there.execute(f"select try_cast(a_l as {kind}) from days order by n").fetchall()
        assert Parser(f"try_cast(a_l as {kind})").parse()({"a_l": days}, len(days)) == [v for (v,) in theirs]


@pytest.mark.parametrize(
    ("condition", "name", "place"),
    [
        ("name_l = name_r AND soundex(name_l) = 'A'", "soundex", 21), ("age_l ^ 2 = 4", "^", 7), ("age_l // 2 = 4", "/", 8),
        ("name_l LIKE 'a!%' ESCAPE '!'", "ESCAPE", 19), ("name_l::blob = name_r::blob", "blob", 9), ("CAST(name_l AS uuid) = 'x'", "uuid", 16),
        ("date_diff('week', a_l, a_r) < 2", "week", 11), ("name_l IN (SELECT a FROM b)", "SELECT", 12), ("name_l[1] = 'a'", "[1]", 7),
        ("a_l = b_l = c_l", "=", 11), ("a_l NOT = b_l", "=", 9), ("replace(a_l, 'x') = 'y'", "replace", 1), ("exists(a_l)", "exists", 1),
        ("a_l IS NOT a_r", "a_r", 12), ("list_filter(a_l, x -> x > 1)", "x", 18), ("name = 'x'", "name", 1), ("a_l -- c\n ! a_r", "! a_r", 11),
    ],
)  # fmt: skip
def test_what_is_not_read_is_refused_by_name_with_its_place(condition, name, place):
    with pytest.raises(ValueError) as refused:
        Parser(condition).parse()
    assert name in str(refused.value)
    assert f"at character {place} of" in str(refused.value)


@pytest.mark.parametrize(
    "condition",
    ["a_l = b_l /* one /* two */ three */", "CASE END = 1", "CASE a_l END = 1", "a_l IN ()", "a_l BETWEEN 1", "CAST(a_l AS)", "a_l::", "a_l::decimal(a) = 1",
     "- " * 100 + "1 = a_l", "a_l IS", "a_l IS DISTINCT a_r", "extract(year a_l) = 1", "substring(a_l from 1 for 2 for 3) = 'a'", "date_diff('day', a_l) = 1"],
)  # fmt: skip
def test_conditions_that_break_off_are_refused(condition):
    with pytest.raises(ValueError):
        Parser(condition).parse()


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("regexp_matches(a_l, '(a+)+$')", "a" * 50), ("regexp_full_match(a_l, '(a|b?)*c')", "a" * 50), ("regexp_matches(a_l, '(?=a)')", "a"),
        ("regexp_matches(a_l, '(a)\\1')", "aa"), ("regexp_replace(a_l, 'a', '\\2') = ''", "a"), ("regexp_replace(a_l, 'a', '\\x') = ''", "a"),
        ("regexp_matches(a_l, '[[:alpha:]]')", "a"), ("regexp_matches(a_l, 'ä', 'i')", "a"), ("regexp_matches(a_l, 'a', 'x')", "a"),
        ("replace(" * 8 + "a_l" + ", 'a', 'aaaaaaaaaa')" * 8 + " = 'b'", "a"),
        ("regexp_replace(" * 8 + "a_l" + ", 'a', 'aaaaaaaaaa', 'g')" * 8 + " = 'b'", "a"),
        ("a_l::timestamp - a_l::timestamp < 3", "2000-01-01"),
    ],
)  # fmt: skip
def test_patterns_and_texts_without_end_are_refused_where_they_are_judged(condition, value):
    with pytest.raises(ValueError):
        Parser(condition).parse()({"a_l": [value]}, 1)


def test_text_that_is_made_is_bounded_and_short_of_it_is_made():
    row = {"a_l": ["a" * (patterns.MOST // 10)]}
    assert Parser("length(replace(a_l, 'a', 'aaaaaaaaaa')) = 100000").parse()(row, 1) == [True]
    assert Parser("length(regexp_replace(a_l, 'a', 'aaaaaaaaaa', 'g')) = 100000").parse()(row, 1) == [True]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("concat(`a_l`, `b_l`) = 'x'", None), ("`a_l` / 0 > 1", None), ("CAST('2.9' AS INT) = 2", True), ("greatest(`b_l`, 3) = 3", True),
     ("hamming(`a_l`, '张') = 1", True), ("`b_l` IS NOT DISTINCT FROM NULL", True)],
)  # fmt: skip
def test_spark_has_its_own_ways(condition, expected):
    assert Parser(condition, "spark").parse()({"a_l": ["7"], "b_l": [None]}, 1) == [expected]


def test_replacing_in_spark_is_refused_for_its_patterns_are_of_another_kind():
    with pytest.raises(ValueError, match="regexp_replace"):
        Parser("regexp_replace(`a_l`, 'a', '$1') = 'x'", "spark").parse()


def settings(*conditions):
    """Settings of one comparison."""
    levels = [
        {"sql_condition": one, "label_for_charts": f"level {n}", "m_probability": 0.5, "u_probability": 0.1}
        for n, one in enumerate([*conditions, "ELSE"])
    ]
    return {
        "sql_dialect": "duckdb",
        "comparisons": [{"output_column_name": "x", "comparison_levels": levels}],
    }


def test_conditions_of_ones_own_become_levels_of_a_model():
    model, _ = from_splink(settings("name_l = name_r -- the same", "regexp_full_match(name_l, name_r)"))
    table = model.prepare({"name": ["anna", "anna", "an.a", "", "eva"]})
    pairs = [(0, 1), (0, 2), (0, 3), (1, 4)]
    i, j = zip(*pairs, strict=True)
    levels = table.levels(np.array(i), np.array(j))[:, 0].tolist()
    assert [model.comparisons[0].levels[k] for k in levels] == ["level 0", "level 1", "else", "else"]


def test_a_comment_in_a_rule_is_no_part_of_it():
    body = settings("name_l = name_r")
    rules = ["l.name = r.name -- AND l.dob = r.dob"]
    found = imported({**body, "blocking_rules_to_generate_predictions": rules})
    assert found.rules[0].columns == {"name"}

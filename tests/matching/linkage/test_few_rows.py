"""Tables of so few rows that they teach nothing: what is believed decides."""

import pytest

from matching.linkage.tables.pipeline import link_tables

FIELDS = {"name": "name", "phone": "phone"}
SAME, VARIANT = ("闫丽华", "13800138000"), ("阎丽华", "13800138000")
OTHERS = (("王芳", "13912345678"), ("李娜", "13711112222"), ("张伟", "13611112223"), ("刘洋", "15011112224"))


def table(*rows: tuple[str, str]) -> dict[str, list]:
    return {"id": list(range(len(rows))), "name": [n for n, _ in rows], "phone": [p for _, p in rows]}


def found(a, b=None, threshold=0.5, fields=FIELDS):
    result = link_tables(a, b, fields, "id", threshold=threshold)
    columns = (result.pairs[k] for k in ("left", "right", "probability", "outcome"))
    return {(i, j): (p, outcome) for i, j, p, outcome in zip(*columns, strict=True)}


@pytest.mark.parametrize("strangers", range(5))
def test_one_person_twice_is_found_among_any_few(strangers):
    pairs = found(table(SAME, VARIANT, *OTHERS[:strangers]))
    assert list(pairs) == [(0, 1)]
    assert pairs[0, 1][1] in ("accept", "review")


@pytest.mark.parametrize("copies", [2, 3, 5, 8])
def test_equal_rows_are_one_person_however_few(copies):
    result = link_tables(table(*[SAME] * copies), None, FIELDS, "id")
    assert set(result.clusters.values()) == {0}
    assert len(result.pairs["left"]) == copies * (copies - 1) // 2


@pytest.mark.parametrize("strangers", range(4))
def test_one_row_finds_its_person_in_a_table_of_one_row_or_few(strangers):
    assert list(found(table(SAME), table(VARIANT, *OTHERS[:strangers]))) == [(0, 0)]


def test_strangers_are_strangers_in_a_table_of_two():
    assert found(table(SAME, OTHERS[0])) == {}
    assert found(table(OTHERS[0]), table(OTHERS[1])) == {}


def test_relatives_with_one_telephone_are_no_matches_in_a_table_of_five():
    family = [("王芳", SAME[1]), ("王小明", SAME[1]), ("李强", SAME[1]), *OTHERS[1:3]]
    assert found(table(*family)) == {}


def test_a_very_low_threshold_lists_every_pair_of_a_few_rows():
    pairs = found(table(SAME, VARIANT, *OTHERS[:3]), threshold=1e-7)
    assert len(pairs) == 10
    assert sorted(pairs, key=lambda k: -pairs[k][0])[0] == (0, 1)


def test_tables_without_any_pair_answer_with_none():
    assert found(table(SAME)) == {}
    assert found(table()) == {}
    assert found(table(SAME), table()) == {}

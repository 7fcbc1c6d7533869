"""Tables of many shapes, as strangers' spreadsheets are: floors below what was measured, without labels."""

from random import Random

import pytest

from bench.linkage import measures, shapes
from matching.linkage.tables.pipeline import link_tables


def found(key: str):
    task = next(iter(shapes.shapes(1, (key,))))
    result = link_tables(task.a, task.b, task.fields, task.id_col)
    outcomes = {}
    for left, right, outcome in zip(*(result.pairs[k] for k in ("left", "right", "outcome")), strict=True):
        outcomes[(left, right) if task.b is not None or left <= right else (right, left)] = outcome
    return task, outcomes, result


@pytest.mark.parametrize(
    ("key", "floor"),
    [
        ("many columns", 0.99),
        ("nicknames", 0.975),
        ("half missing", 0.64),
        ("three columns", 0.89),
        ("three columns, Chinese", 0.88),
        ("name and area", 0.83),
        ("name and area, Chinese", 0.9),
        ("name and phone, Chinese", 0.9),
        ("name alone", 0.66),
        ("six columns, Chinese", 0.98),
        ("few surnames", 0.985),
        ("few surnames, western", 0.985),
        ("one to twenty", 0.98),
        ("ten records", 0.993),
        ("few duplicates", 0.9),
        ("all duplicates", 0.985),
        ("exact copies", 1.0),
        ("one person", 0.99),
        ("twenty rows", 0.9),
        ("twenty rows, Chinese", 0.9),
        ("sparse", 0.93),
        ("dates", 0.96),
        ("hospital", 0.93),
        ("age", 0.91),
        ("traditional", 0.98),
        ("text", 0.96),
        ("twins", 0.9),
        ("long names", 0.95),
    ],
)
def test_a_table_of_this_shape_is_linked(key, floor):
    task, outcomes, _ = found(key)
    assert measures.score(outcomes, task.truth).f1 >= floor
    accepted = {pair for pair, outcome in outcomes.items() if outcome == "accept"}
    assert len(accepted - task.truth) <= 0.001 * len(accepted)


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("no duplicates", 8),
        ("no duplicates, Chinese", 2),
        ("no duplicates, few columns", 20),
        ("twenty strangers", 0),
        ("apart", 2),
    ],
)
def test_where_nobody_comes_twice_hardly_anybody_is_found_and_nobody_accepted(key, most):
    task, outcomes, result = found(key)
    assert not task.truth
    assert len(outcomes) <= most
    assert "accept" not in outcomes.values()
    assert result.params.prior < 1e-4


def test_families_are_learnt_where_there_are_some_and_only_there():
    _, _, twins = found("twins")
    family = next(k for k in twins.params.kin if not k.circle)
    assert family.share > 5e-4
    at_home = dict(zip(("exact", "edit"), family.h["phone"], strict=False))
    assert at_home["exact"] > 0.1
    alone, _, copies = found("exact copies")
    assert sum(k.share for k in copies.params.kin if not k.circle) < 2e-3
    assert alone.truth


def test_the_same_table_gives_the_same_parameters_whatever_the_shape():
    _, _, one = found("twenty rows")
    _, _, two = found("twenty rows")
    assert one.params.to_json() == two.params.to_json()


def test_a_number_copied_down_its_column_makes_nobody_the_same():
    rng = Random(1)
    count = 800
    given = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂文华建国玉兰红梅"
    rows = {
        "id": list(range(count)),
        "name": [rng.choice("王李张刘陈杨黄赵吴周") + "".join(rng.choices(given, k=2)) for _ in range(count)],
        "born": [
            f"{rng.randint(1940, 2015)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
            for _ in range(count)
        ],
        "phone": [f"13{rng.randrange(10**9):09d}" for _ in range(count)],
        "number": ["11010519491231002X"] * count,
    }
    result = link_tables(
        rows, None, {"name": "name", "born": "birth_date", "phone": "phone", "number": "id_number"}, "id"
    )
    assert result.pairs["outcome"].count("accept") == 0
    assert len(result.pairs["left"]) <= 2

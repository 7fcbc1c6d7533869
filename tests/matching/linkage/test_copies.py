"""One description told very many times is one person, at no quadratic cost."""

import random

import numpy as np
import pytest

from matching.linkage.tables import copies as module
from matching.linkage.tables.pipeline import link, link_tables
from matching.linkage.training import RANDOM_PAIRS

FIELDS = {"name": "name", "phone": "phone", "born": "birth_date"}
CROWD = ("闫丽华", "13800138000", "1980-03-04")


def people(count: int) -> list[tuple[str, str, str]]:
    rng = random.Random(count)
    surnames, given = "王李张刘陈杨黄赵吴周徐孙马朱胡", "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂"
    return [
        (
            rng.choice(surnames) + rng.choice(given) + rng.choice(given),
            f"13{rng.randrange(10**9):09d}",
            f"{rng.randrange(1940, 2015)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        )
        for _ in range(count)
    ]


def table(rows: list[tuple[str, str, str]]) -> dict[str, list]:
    names = ("name", "phone", "born")
    return {"id": list(range(len(rows)))} | {name: [r[k] for r in rows] for k, name in enumerate(names)}


@pytest.mark.parametrize(("copies", "others"), [(20, 40), (21, 0), (1700, 40), (1800, 40), (5000, 700)])
def test_a_description_told_very_often_is_one_cluster(copies, others):
    rows = [CROWD] * copies + people(others) * 2
    random.Random(1).shuffle(rows)
    found = link_tables(table(rows), None, FIELDS, "id")
    label = np.array([found.clusters[k] for k in range(len(rows))])
    crowd = np.array([row == CROWD for row in rows])
    assert set(label[crowd].tolist()) == {int(np.flatnonzero(crowd)[0])}
    assert not set(label[crowd].tolist()) & set(label[~crowd].tolist())
    assert len(set(label[~crowd].tolist())) == others
    # Pairs grow with the rows, not with their square, and every copy is in one.
    assert len(found.pairs["left"]) <= module.COPIES * (module.COPIES - 1) // 2 + copies + others
    listed = set(found.pairs["left"]) | set(found.pairs["right"])
    assert set(np.flatnonzero(crowd).tolist()) <= listed


def test_whom_one_copy_meets_all_copies_meet():
    slip = ("闫丽华", "13800138009", "1980-03-04")
    rows = [*people(60), slip, *[CROWD] * 150]
    found = link_tables(table(rows), None, FIELDS, "id")
    assert {found.clusters[k] for k in range(60, 211)} == {60}
    with_slip = {
        right for left, right in zip(found.pairs["left"], found.pairs["right"], strict=True) if left == 60
    }
    assert with_slip == set(range(61, 211))
    values = [
        (w, p)
        for left, w, p in zip(*(found.pairs[k] for k in ("left", "weight", "probability")), strict=True)
        if left == 60
    ]
    assert len({w for w, _ in values}) == 1


def test_between_tables_every_copy_meets_the_row_that_it_fits():
    others = people(80)
    a, b = [CROWD, *others], [*others[:40], *[CROWD] * 130]
    found = link_tables(table(a), table(b), FIELDS, "id")
    met = {right for left, right in zip(found.pairs["left"], found.pairs["right"], strict=True) if left == 0}
    assert met == set(range(40, 170))


def test_namesakes_in_a_list_of_names_are_no_copies():
    names = [row[0] for row in people(4000)] + ["王伟"] * 150
    rows = {"id": list(range(len(names))), "name": names}
    linked = link(rows, None, {"name": "name"}, "id")
    assert module.copies(linked.table, linked.split) is None


def test_pairs_of_copies_are_told_once_and_in_order():
    rows = [*[CROWD] * 120, *people(30), *[CROWD] * 30]
    found = link(table(rows), None, FIELDS, "id")
    assert (found.i < found.j).all()
    crowd = (found.i < 120) | (found.i >= 150)
    assert crowd.sum() == 150 * 149 // 2  # few enough to list every pair
    assert len(set(zip(found.i.tolist(), found.j.tolist(), strict=True))) == len(found.i)
    assert sum(len(piece.outcome) for piece in found.pieces()) == len(found.i)


def test_the_order_of_the_rows_hardly_moves_a_weight():
    rng = random.Random(4)
    rows = people(900)
    for name, phone, born in rows[:300]:
        slip = rng.choice(
            ((name, phone, f"{born[:-1]}{rng.randrange(1, 9)}"), (name, "", born), ("", phone, born))
        )
        rows.append(slip)
    assert len(rows) * (len(rows) - 1) // 2 > RANDOM_PAIRS
    weights = []
    for seed in (0, 1, 2):
        order = list(range(len(rows)))
        if seed:
            random.Random(seed).shuffle(order)
        moved = table([rows[k] for k in order]) | {"id": order}
        found = link_tables(moved, None, FIELDS, "id")
        pairs = zip(*(found.pairs[k] for k in ("left", "right", "weight")), strict=True)
        weights.append({frozenset((a, b)): w for a, b, w in pairs})
    first, *others = weights
    assert len(first) >= 250
    for other in others:
        assert other.keys() == first.keys()
        assert max(abs(first[pair] - other[pair]) for pair in first) < 0.05

"""What tables say of odd pairs, and that nobody is lost who has another's number."""

import csv
import random
from datetime import date, timedelta

import numpy as np
import pytest

from matching.linkage.files.linking import link_files
from matching.linkage.labels import FLAGS
from matching.linkage.tables.candidates import Split, side_by_side
from matching.linkage.tables.pipeline import link_tables
from matching.linkage.values.idnumber import check_character

FIELDS = {"name": "name", "no": "id_number", "phone": "phone"}


def number(rng: random.Random) -> str:
    first = f"4301{rng.choice(['02', '04', '05'])}{date(1950, 1, 1) + timedelta(days=rng.randrange(25_000)):%Y%m%d}{rng.randrange(1, 999):03d}"
    return first + check_character(first)


@pytest.fixture(scope="module")
def borrowed() -> dict[str, list[str]]:
    """1,200 people, 300 of them twice; ten rows with a number that is another's."""
    rng = random.Random(1)
    people = [
        (
            rng.choice("王李张刘陈杨赵黄周吴") + "".join(rng.choices("伟芳娜秀英敏静丽强磊军洋勇艳杰涛明超霞平", k=2)),
            number(rng), f"13{rng.randrange(10**9):09d}",
        )
        for _ in range(1200)
    ]  # fmt: skip
    rows = [
        *people,
        *people[::4],
        *((people[k + 700][0], people[k][1], people[k + 700][2]) for k in range(10)),
    ]
    columns = zip(*rows, strict=True)
    return {
        "id": [str(k) for k in range(len(rows))],
        **dict(zip(("name", "no", "phone"), map(list, columns), strict=True)),
    }


def test_every_borrowed_number_is_listed_for_people(borrowed):
    found = link_tables(borrowed, None, FIELDS, "id").pairs
    first = len(borrowed["id"]) - 10
    for k in range(10):
        hits = [
            (outcome, flags)
            for left, right, outcome, flags in zip(
                *(found[c] for c in ("left", "right", "outcome", "flags")), strict=True
            )
            if {left, right} == {str(k), str(first + k)}
        ]
        assert hits == [("review", "shared_id_other_name")]
    accepted = [
        (left, right)
        for left, right, outcome in zip(found["left"], found["right"], found["outcome"], strict=True)
        if outcome == "accept"
    ]
    assert all(borrowed["name"][int(a)] == borrowed["name"][int(b)] for a, b in accepted)
    assert len(accepted) == 300


def test_a_file_says_in_words_what_is_odd(borrowed, tmp_path):
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(borrowed)
        writer.writerows(zip(*borrowed.values(), strict=True))
    link_files(path, None, FIELDS, "id", tmp_path / "pairs.csv")
    with (tmp_path / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["flags"] for row in rows} == {"", FLAGS["shared_id_other_name"], FLAGS["different_ids"]}
    assert all(row["outcome"] == "review" for row in rows if row["flags"])


NOBODY = ["111111111111111111", "无身份证", "000000000000000000", "430104000000000000"]


@pytest.mark.parametrize("filled", NOBODY)
def test_what_only_fills_the_cell_joins_no_rows(borrowed, filled):
    table = {k: list(v) for k, v in borrowed.items()}
    for row in range(400, 440):
        table["no"][row] = filled
    found = link_tables(table, None, FIELDS, "id").pairs
    strangers = {str(k) for k in range(400, 440)}
    joined = [p for p in zip(found["left"], found["right"], strict=True) if set(p) <= strangers]
    assert all(table["name"][int(a)] == table["name"][int(b)] for a, b in joined)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("陈佳", "陈嘉"),
        ("陈晶", "陈静"),
        ("李小明", "李小朋"),
        ("王佳佳", "王嘉嘉"),
        ("张三", "张三（化名）"),
    ],
)
@pytest.mark.parametrize("parts", [False, True])
def test_twins_with_names_alike_are_never_accepted_in_tables(a, b, parts):
    from matching.linkage import oddities, outcomes
    from matching.linkage.model import Model

    row = {"birth": "2010-05-06", "phone": "13800138000"}
    fields = {"birth": "birth_date", "phone": "phone"}
    if parts:
        fields = {"given": "given_name", "last": "surname", **fields}
        rows = [{**row, "last": x[0], "given": x[1:]} for x in (a, b)]
    else:
        fields = {"name": "name", **fields}
        rows = [{**row, "name": x} for x in (a, b)]
    if parts and "化名" in b:
        pytest.skip("a part of a name is taken as written")
    model = Model.for_fields(fields)
    table = model.prepare({c: [r[c] for r in rows] for c in fields})
    i, j = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    levels = table.levels(i, j)
    odd = oddities.find(table, levels, i, j)
    assert outcomes.decide(model, levels, np.ones(1), model.default_params(), odd=odd) == ["review"]
    assert {"twins", "masked_name"} & set(odd.flags[0])


def test_of_a_crowd_with_one_number_nobody_is_listed():
    codes = np.array([7] * 500 + [8, 8, 8, -1, 9])
    i, j = side_by_side(codes, Split(len(codes), len(codes), False))
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == {(500, 501), (500, 502), (501, 502)}
    i, j = side_by_side(codes, Split(len(codes), 502, True))
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == {(500, 502), (501, 502)}

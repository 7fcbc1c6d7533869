import random

import numpy as np
import pytest

from matching.linkage.defaults import SURNAMES
from matching.linkage.model import Model, Params
from matching.linkage.tables import candidates as blocks
from matching.linkage.tables.keys import keys as keys_of
from matching.linkage.tables.pipeline import combine, link_tables, rivals
from matching.linkage.values.characters import readings
from matching.linkage.values.idnumber import check_character

GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂文华建国玉兰红梅春秋山海龙凤志辉"
FIELDS = {
    "name": "name", "number": "id_number", "birth": "birth_date", "sex": "sex", "phone": "phone", "area": "area",
}  # fmt: skip
AREAS = ["430102", "430103", "430104", "430121", "110105", "110108", "440305", "440306"]


def people(count: int, seed: int) -> list[dict[str, str]]:
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        surname = rng.choices(list(SURNAMES), list(SURNAMES.values()))[0]
        sex = rng.choice("MF")
        day = f"{rng.randint(1935, 2020)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
        area = rng.choice(AREAS)
        body = f"{area}{day}{rng.randint(0, 99):02d}{rng.choice('13579' if sex == 'M' else '24680')}"
        out.append(
            {"name": surname + "".join(rng.choices(GIVEN, k=rng.choice([1, 2, 2]))), "number": body + check_character(body),
             "birth": day, "sex": sex, "phone": "13" + "".join(rng.choices("0123456789", k=9)), "area": area}
        )  # fmt: skip
    return out


def typed(person: dict[str, str], rng: random.Random) -> dict[str, str | None]:
    """As people type: numbers left out or mistyped, homophones, new phones."""
    out: dict[str, str | None] = dict(person)
    if rng.random() < 0.3:
        out["number"] = None
    elif rng.random() < 0.1:
        k = rng.randrange(17)
        out["number"] = (
            person["number"][:k] + str((int(person["number"][k]) + 3) % 10) + person["number"][k + 1 :]
        )
    if rng.random() < 0.06:
        last = person["name"][-1]
        out["name"] = person["name"][:-1] + next(
            (c for c in GIVEN if c != last and readings(c)[0] == readings(last)[0]), last
        )
    if rng.random() < 0.3:
        out["phone"] = "15" + "".join(rng.choices("0123456789", k=9))
    for field in ("area", "birth", "sex"):
        if rng.random() < 0.08:
            out[field] = None
    return out


def columns(rows: list[dict], prefix: str) -> dict[str, list]:
    out = {key: [row[key] for row in rows] for key in rows[0]}
    return {**out, "id": [f"{prefix}{k}" for k in range(len(rows))]}


@pytest.fixture(scope="module")
def tables():
    persons = people(1500, 7)
    rng = random.Random(8)
    return columns(persons, "a"), columns([typed(p, rng) for p in persons], "b")


@pytest.fixture(scope="module")
def linked(tables):
    return link_tables(*tables, FIELDS, "id")


def test_it_links_typed_applications_with_clean_records_without_labels(linked):
    found = set(zip(linked.pairs["left"], linked.pairs["right"], strict=True))
    true = {(f"a{k}", f"b{k}") for k in range(1500)}
    assert len(found & true) / len(found) > 0.995
    assert len(found & true) / len(true) > 0.985


def test_what_it_accepts_is_right(linked):
    accepted = [
        (a, b)
        for a, b, outcome in zip(
            linked.pairs["left"], linked.pairs["right"], linked.pairs["outcome"], strict=True
        )
        if outcome == "accept"
    ]
    assert len(accepted) > 1200
    assert all(a[1:] == b[1:] for a, b in accepted)


def test_every_pair_carries_its_levels(linked):
    for comparison in linked.model.comparisons:
        column = linked.pairs[comparison.name]
        assert len(column) == len(linked.pairs["left"])
        assert set(column) <= set(comparison.levels)


def test_the_same_rows_give_the_same_parameters(tables, linked):
    again = link_tables(*tables, FIELDS, "id")
    assert again.params.to_json() == linked.params.to_json()
    assert again.pairs == linked.pairs


def test_a_parameter_table_replays_the_scores(tables, linked):
    replayed = link_tables(*tables, FIELDS, "id", params=Params.from_json(linked.params.to_json()))
    assert replayed.pairs["weight"] == pytest.approx(linked.pairs["weight"])


def test_the_order_of_rows_does_not_matter(tables):
    both = {key: tables[0][key] + tables[1][key] for key in tables[0]}
    order = list(range(len(both["id"])))
    random.Random(3).shuffle(order)
    params = link_tables(both, None, FIELDS, "id").params
    one = link_tables(both, None, FIELDS, "id", params=params)
    two = link_tables({k: [v[x] for x in order] for k, v in both.items()}, None, FIELDS, "id", params=params)

    def pairs(result):
        return {frozenset(p) for p in zip(result.pairs["left"], result.pairs["right"], strict=True)}

    def groups(result):
        out: dict = {}
        for key, label in result.clusters.items():
            out.setdefault(label, set()).add(key)
        return {frozenset(g) for g in out.values()}

    assert pairs(one) == pairs(two)
    assert groups(one) == groups(two)


def test_rows_in_another_order_teach_the_same_table(tables):
    both = {key: tables[0][key] + tables[1][key] for key in tables[0]}
    order = list(range(len(both["id"])))
    random.Random(3).shuffle(order)
    mixed = {key: [values[k] for k in order] for key, values in both.items()}
    one, two = (link_tables(rows, None, FIELDS, "id") for rows in (both, mixed))
    for comparison in one.model.comparisons:
        gap = one.params.weights(comparison) - two.params.weights(comparison)
        assert np.abs(gap).max() < 0.05, comparison.name  # bits; by chance alone half a bit
    assert one.params.prior == pytest.approx(two.params.prior, rel=1e-3)


def test_masked_campaigns_are_found_but_never_accepted(tables):
    campaigns = {
        "id": [f"c{k}" for k in range(400)],
        "name": [n[0] + "*" + n[-1] if len(n) > 2 else n[0] + "*" for n in tables[0]["name"][:400]],
        "birth": [b[:4] for b in tables[0]["birth"][:400]],
        **{key: tables[0][key][:400] for key in ("sex", "area")},
        "number": [None] * 400,
        "phone": [None] * 400,
    }
    result = link_tables(campaigns, tables[0], FIELDS, "id")
    right = sum(a[1:] == b[1:] for a, b in zip(result.pairs["left"], result.pairs["right"], strict=True))
    assert right > 200
    assert right / len(result.pairs["left"]) > 0.9
    assert "accept" not in result.pairs["outcome"]


def test_ten_thousand_records_with_one_phone_cost_no_square(tables):
    rows = columns(people(10_000, 11), "p")
    rows["phone"] = ["13800138000"] * 10_000
    combined, split = combine(rows, None, FIELDS)
    table = Model.for_fields(FIELDS, combined).prepare(combined)
    pairs = blocks.union(keys_of(table, split), split)
    assert len(pairs) < 60 * 10_000


@pytest.mark.parametrize(
    "value", ["", None, "😀", "x" * 500, "张" * 500, "13800138000", "\x00", "99999999", float("nan"), 12]
)
def test_bad_values_in_every_column_crash_nothing(value):
    rows = {**{key: [value] * 30 + ["张三"] * 30 for key in FIELDS}, "id": list(range(60))}
    result = link_tables(rows, None, FIELDS, "id")
    assert len(result.clusters) == 60


@pytest.mark.parametrize("value", [None, ""])
def test_a_table_that_says_nothing_has_no_pair_to_learn_from(value):
    rows = {**{key: [value] * 2000 for key in FIELDS}, "id": list(range(2000))}
    result = link_tables(rows, None, FIELDS, "id")
    assert result.candidates == 0
    assert len(set(result.clusters.values())) == 2000


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_tables_work(count):
    rows = {**{key: ["张三"] * count for key in FIELDS}, "id": list(range(count))}
    assert len(link_tables(rows, None, FIELDS, "id").clusters) == count
    assert len(link_tables(rows, rows, FIELDS, "id").clusters) == 2 * count


def test_wrong_columns_and_kinds_are_named():
    rows = {"id": [1], "n": ["张三"]}
    with pytest.raises(ValueError, match="no column 'm'"):
        link_tables(rows, None, {"m": "name"}, "id")
    with pytest.raises(ValueError, match="unknown field kind shoe"):
        link_tables(rows, None, {"n": "shoe"}, "id")
    with pytest.raises(ValueError, match="no fields"):
        link_tables(rows, None, {}, "id")


def test_two_partners_that_contradict_share_the_odds():
    i, j = np.array([0, 0]), np.array([1, 2])
    weight = np.array([6.0, 6.0])
    p = rivals(3, i, j, weight, lambda x, y: np.full(len(x), -20.0))
    assert p == pytest.approx([64 / 129, 64 / 129])
    together = rivals(3, i, j, weight, lambda x, y: np.full(len(x), 20.0))
    assert together == pytest.approx([64 / 65, 64 / 65])

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage.tables import clusters
from matching.linkage.tables.clusters import Evidence, cluster
from matching.linkage.tables.pipeline import link_tables

PRIOR = -10.0


def plain(sums: np.ndarray) -> np.ndarray:
    return np.zeros(sums.shape[1])


def fields(table: dict[tuple[int, int], list[float | None]]):
    """Evidence of pairs from what each field says of them; None: missing on either side."""

    def weigh(x, y) -> Evidence:
        rows = [table[min(a, b), max(a, b)] for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        said = np.array([[v or 0.0 for v in row] for row in rows])
        counts = np.array([[v is not None for v in row] for row in rows])
        return Evidence(said, counts, np.zeros((len(rows), 0, said.shape[1])), plain)

    return weigh


def grouped(rows: int, table: dict[tuple[int, int], list[float | None]]) -> tuple[list[int], dict]:
    pairs = sorted(table)
    i, j = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    weight = np.array([PRIOR + sum(v or 0.0 for v in table[pair]) for pair in pairs])
    label, joint = cluster(rows, i, j, weight, 0.0, fields(table), PRIOR)
    return label.tolist(), dict(zip(pairs, joint.tolist(), strict=True))


def test_one_false_bridge_does_not_join_two_people():
    # 0-1-2 and 3-4-5 are people; 2-3 looks alike, everything else across speaks against it.
    i = np.array([0, 0, 1, 3, 3, 4, 2, 0, 1])
    j = np.array([1, 2, 2, 4, 5, 5, 3, 3, 4])
    weight = np.array([8.0, 8, 8, 8, 8, 8, 3, -9, -9])
    label, joint = cluster(6, i, j, weight)
    assert label.tolist() == [0, 0, 0, 3, 3, 3]
    assert (joint[:6] > 0).all()
    assert (joint[6:] < 0).all()


def test_a_record_with_a_name_alone_and_one_with_a_phone_alone_meet_in_the_one_that_has_both():
    label, joint = grouped(3, {(0, 1): [16.0, None], (0, 2): [None, 15.0], (1, 2): [None, None]})
    assert label == [0, 0, 0]
    assert joint[1, 2] > 0


def test_what_two_records_have_against_a_third_counts_once_for_each_field():
    # The third shares a phone with one and has another name than both.
    label, _ = grouped(3, {(0, 1): [14.0, None], (0, 2): [-9.0, 15.0], (1, 2): [-9.0, None]})
    assert label == [0, 0, 2]


def test_a_pair_alone_keeps_its_own_weight():
    label, joint = grouped(2, {(0, 1): [12.5, 3.0]})
    assert label == [0, 0]
    assert joint[0, 1] == pytest.approx(5.5)


said = st.one_of(st.none(), st.floats(-12, 18, allow_nan=False))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(3, 7).flatmap(
        lambda rows: st.tuples(
            st.just(rows),
            st.lists(
                st.lists(said, min_size=3, max_size=3),
                min_size=rows * (rows - 1) // 2,
                max_size=rows * (rows - 1) // 2,
            ),
            st.permutations(range(rows)),
        )
    )
)
def test_clusters_do_not_depend_on_the_order_of_the_rows_and_agree_with_the_pairs(given_rows):
    rows, values, order = given_rows
    pairs = [(a, b) for a in range(rows) for b in range(a + 1, rows)]
    # Ties would be decided by the order: every value is moved by a little of its own.
    table = {
        pair: [v if v is None else v + 1e-3 * (k * 3 + n) ** 0.5 for n, v in enumerate(row)]
        for k, (pair, row) in enumerate(zip(pairs, values, strict=True))
    }
    label, joint = grouped(rows, table)
    moved = {(min(order[a], order[b]), max(order[a], order[b])): row for (a, b), row in table.items()}
    other, _ = grouped(rows, moved)
    for a, b in pairs:
        assert (label[a] == label[b]) == (other[order[a]] == other[order[b]])
        if label[a] != label[b]:
            assert joint[a, b] <= 1e-9


def test_the_pairs_of_a_table_at_a_half_are_those_of_its_clusters():
    rng = random.Random(5)
    rows: dict[str, list] = {"id": [], "name": [], "phone": [], "town": []}
    for person in range(120):
        name, phone = (
            f"{rng.choice('ABCDEFGH')}nna {rng.choice('KLMNOP')}iller{person % 40}",
            f"13{rng.randrange(10**9):09d}",
        )
        for _ in range(rng.choice((1, 2, 4))):
            rows["id"].append(len(rows["id"]))
            rows["name"].append(name if rng.random() < 0.8 else None)
            rows["phone"].append(phone if rng.random() < 0.7 else None)
            rows["town"].append(rng.choice(("Ashby", "Barton")))
    found = link_tables(rows, None, {"name": "name", "phone": "phone", "town": "text"}, "id")
    pairs = zip(found.pairs["left"], found.pairs["right"], strict=True)
    assert all(found.clusters[a] == found.clusters[b] for a, b in pairs)
    wide = link_tables(
        rows,
        None,
        {"name": "name", "phone": "phone", "town": "text"},
        "id",
        threshold=0.02,
        params=found.params,
    )
    assert wide.clusters.keys() == found.clusters.keys()
    for a, b, p in zip(wide.pairs["left"], wide.pairs["right"], wide.pairs["probability"], strict=True):
        assert (p > 0.5) == (found.clusters[a] == found.clusters[b]) or p == 0.5


def people(seed: int) -> dict[str, list]:
    """Records of few people who share names, towns and telephones, with gaps: groups in which not all agree."""
    rng = random.Random(seed)
    rows: dict[str, list] = {"id": [], "name": [], "phone": [], "town": [], "born": [], "mail": [], "no": []}
    for _ in range(rng.choice((8, 25))):
        mail = f"{rng.choice('abcdefgh')}{rng.randrange(100)}@example.org"
        name = f"{rng.choice(('Anna', 'Hanna', 'Jon', 'John'))} {rng.choice(('Miller', 'Muller', 'Smith'))}"
        phone, born = (
            f"1380013{rng.randrange(40):04d}",
            f"19{rng.randrange(60, 64)}-0{rng.randrange(1, 4)}-11",
        )
        number = rng.choice(("11010519491231002X", "440524188001010014", "53010219200508011X"))
        own = (("name", name), ("phone", phone), ("born", born), ("mail", mail), ("no", number))
        for _ in range(rng.choice((1, 3, 6))):
            for column, value in own:
                rows[column].append(value if rng.random() < 0.6 else None)
            rows["town"].append(rng.choice(("Ashby", "Barton")))
            rows["id"].append(len(rows["id"]))
    return rows


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.sampled_from((1e-12, 1e-7, 1e-3, 0.1, 0.5, 0.9, 0.999)), min_size=2, max_size=2, unique=True),
    st.sampled_from((3, 250)),
    st.booleans(),
)
def test_the_answer_at_a_threshold_is_part_of_that_at_any_lower_one(seed, thresholds, dense, link):
    rows = people(seed)
    half = len(rows["id"]) // 2
    a = {name: values[:half] for name, values in rows.items()} if link else rows
    b = {name: values[half:] for name, values in rows.items()} if link else None
    fields = {
        "name": "name",
        "phone": "phone",
        "town": "text",
        "born": "birth_date",
        "mail": "email",
        "no": "id_number",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "MAX_DENSE", dense)
        params = link_tables(a, b, fields, "id").params
        low, high = (
            {
                (x, y): (p, outcome)
                for x, y, p, outcome in zip(
                    *(found.pairs[k] for k in ("left", "right", "probability", "outcome")), strict=True
                )
            }
            for found in (
                link_tables(a, b, fields, "id", threshold=threshold, params=params)
                for threshold in sorted(thresholds)
            )
        )
    assert high.items() <= low.items()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(3, 8).flatmap(
        lambda rows: st.lists(
            st.sampled_from((-30.0, -18.0, -11.0, -3.0, 2.0, 9.0, 15.0)),
            min_size=rows * (rows - 1) // 2,
            max_size=rows * (rows - 1) // 2,
        ).map(lambda said: (rows, said))
    ),
    st.booleans(),
)
def test_pairs_that_are_only_asked_for_change_nothing_for_others(given_rows, pooled):
    rows, values = given_rows
    i, j = np.triu_indices(rows, 1)
    weight = np.array(values) + 1e-3 * np.arange(len(values)) ** 0.5

    def weigh(x, y) -> Evidence:
        place = {(a, b): k for k, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True))}
        said = np.array(
            [[weight[place[a, b]] - PRIOR] for a, b in zip(x.tolist(), y.tolist(), strict=True)]
        ) + np.where(y % 2 == 0, 3.0, 0.0).reshape(-1, 1)  # rivals hold some pairs down
        return Evidence(said, np.ones(said.shape), np.zeros((len(said), 0, 1)), plain)

    heard = weight >= clusters.FLOOR
    more = (0.0, weigh, PRIOR) if pooled else (0.0, None, 0.0)
    label, joint = cluster(rows, i[heard], j[heard], weight[heard], *more)
    wide, said = cluster(rows, i, j, weight, *more, heard)
    assert wide.tolist() == label.tolist()
    assert said[heard].tolist() == joint.tolist()

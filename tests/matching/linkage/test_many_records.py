"""Tables in which one person has very many rows: a historic register, visits, gifts, one name over and over."""

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.linkage import engine
from bench.linkage.measures import pairs_of_clusters
from bench.linkage.shapes import ALIKE, HAN, SURNAMES, shapes, slip
from bench.linkage.tasks import corpus_tasks
from matching.linkage import training
from matching.linkage.model import Model
from matching.linkage.tables.candidates import Blocks, Key, Split, everything, proposed
from matching.linkage.tables.clusters import MAX_DENSE, cluster
from matching.linkage.tables.evidence import SMALL, Evidence, Others
from matching.linkage.tables.keys import PIECE, TAUGHT, divided, keys, teaching
from matching.linkage.tables.pipeline import combine, link, link_tables
from matching.linkage.tables.vouching import vouched
from matching.linkage.values import idnumber

VISITS = {"name": "name", "born": "birth_date", "phone": "phone", "note": "text"}


def person(rng: random.Random) -> tuple[str, str, str]:
    return (
        rng.choice(SURNAMES) + "".join(rng.choices(HAN, k=2)),
        f"{rng.randint(1935, 2015)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "1" + rng.choice("358") + "".join(rng.choices("0123456789", k=9)),
    )


def visits(often: tuple[int, ...], others: int, seed: int = 1) -> tuple[dict[str, list], np.ndarray]:
    """A list of visits: some persons come ``often``, ``others`` once to five times, each time with another note."""
    rng = random.Random(seed)
    rows = []
    for who in range(len(often) + others):
        name, born, phone = person(rng)
        for _ in range(often[who] if who < len(often) else rng.choice((1, 1, 2, 3, 5))):
            said = name[:-1] + ALIKE.get(name[-1], name[-1]) if rng.random() < 0.03 else name
            row = [
                said,
                born,
                slip(phone, rng) if rng.random() < 0.03 else phone,
                f"{rng.choice(HAN)}科{rng.randint(1, 400)}号",
            ]
            rows.append((who, [None if rng.random() < share else v for v, share in zip(row, (0, 0.05, 0.1, 0), strict=True)]))  # fmt: skip
    rng.shuffle(rows)
    columns = dict(zip(VISITS, map(list, zip(*(row for _, row in rows), strict=True)), strict=True))
    return {"id": list(range(len(rows))), **columns}, np.array([who for who, _ in rows])


def shares(label: np.ndarray, who: np.ndarray) -> tuple[float, float]:
    """Precision and recall of the pairs inside clusters."""
    both = np.unique(np.stack([label, who]), axis=1, return_counts=True)[1]
    right, found, true = (
        float((n * (n - 1)).sum())
        for n in (
            both,
            np.unique(label, return_counts=True)[1],
            np.unique(who, return_counts=True)[1],
        )
    )
    return right / found, right / true


def test_patients_who_came_five_hundred_times_are_one_cluster_each():
    columns, who = visits((500, 450, 300, 120), 350)
    found = link(columns, None, VISITS, "id")
    precision, recall = shares(found.label, who)
    assert precision > 0.999
    assert recall > 0.98
    # Effort grows with the rows, and yet every pair is told.
    assert found.candidates < 40 * len(who)
    live = found.probability >= 0.5
    pairs = (who[:, None] == who[None, :]).sum() - len(who)
    assert ((who[found.i] == who[found.j]) & live).sum() > 0.98 * pairs / 2
    accepted = [outcome for piece in found.pieces() for outcome in piece.outcome]
    assert accepted.count("accept") > 0.8 * len(accepted)


def test_a_row_of_a_register_meets_all_visits_of_its_patient_and_these_are_no_rivals():
    columns, who = visits((500, 450, 300), 500)
    first = {int(w): k for k, w in reversed(list(enumerate(who)))}
    rng = random.Random(9)
    strangers = [person(rng) for _ in range(800)]
    register = {
        "id": [*first, *range(10_000, 10_800)],
        "note": [f"{rng.choice(HAN)}床{k}" for k in range(len(first) + 800)],
    }
    for place, field in enumerate(("name", "born", "phone")):
        register[field] = [columns[field][k] for k in first.values()] + [one[place] for one in strangers]
    found = link(register, columns, VISITS, "id")
    ids = np.array(register["id"])
    left, right = ids[found.i], who[found.j - len(ids)]
    assert (left == right).sum() > 0.93 * len(who)
    assert (left != right).sum() < 0.005 * len(who)


def test_who_says_the_same_person_twice_is_told_once_among_the_partners_of_a_row():
    rows = {
        "name": ["王伟", "李娜", "王伟", "王伟", "王伟", "李娜", None],
        "born": [
            "1980-01-02",
            "1990-05-06",
            "1980-01-02",
            "1980-01-02",
            "1981-01-02",
            "1990-05-06",
            "1980-01-02",
        ],
    }
    table = Model.for_fields({"name": "name", "born": "birth_date"}, rows).prepare(rows)
    split = Split(7, 2, True)
    again = training._again(table, split, everything(split))
    assert again is not None
    # Row 0 with rows 2 to 6, then row 1: how many partners of the left row are the same person as the right one.
    assert again[1].tolist() == [2, 2, 1, 1, 1] * 2
    assert again[0].tolist() == [1] * 10
    few = {field: [values[k] for k in (0, 1, 2, 5)] for field, values in rows.items()}
    split = Split(4, 2, True)
    table = Model.for_fields({"name": "name", "born": "birth_date"}, few).prepare(few)
    assert training._again(table, split, everything(split)) is None


def test_between_two_tables_a_block_is_as_large_as_its_pairs():
    for ours, theirs, met in (
        (1, 1000, True),
        (100, 400, True),
        (100, 401, False),
        (300, 300, False),
        (0, 1000, False),
    ):
        split = Split(ours + theirs, ours, True)
        found = Blocks.of(np.zeros(split.rows, dtype=np.int64), split)
        assert found.pairs == (ours * theirs if met else 0)
        assert len(found.crowded) == (0 if met or not ours else split.rows)
        key = Key("all", (0,), 0, lambda rows=split.rows: np.zeros(rows, dtype=np.int64))
        i, j = np.array([0], dtype=np.int32), np.array([split.rows - 1], dtype=np.int32)
        assert not ours or proposed([key], i, j, split).tolist() == [met]


def test_what_one_patient_says_again_and_again_is_not_what_people_have_in_common():
    columns, _ = visits((500, 450), 350)
    rows, split = combine(columns, None, VISITS)
    table = Model.for_fields(VISITS, rows).prepare(rows)
    some = teaching(table, split)
    assert some is not None
    assert some.sum() < split.rows - 900 + 4 * TAUGHT + 60
    params = link(columns, None, VISITS, "id").params
    assert max(params.u["name"][0], params.u["born"][0], params.u["phone"][0]) < 0.01


def test_where_nobody_comes_often_everybody_teaches():
    columns, _ = visits((), 900)
    rows, split = combine(columns, None, VISITS)
    table = Model.for_fields(VISITS, rows).prepare(rows)
    assert teaching(table, split) is None
    assert not any(key.many for key in keys(table, split))


def test_ten_thousand_rows_with_one_phone_stay_cheap_and_apart():
    rng = random.Random(3)
    people = [person(rng) for _ in range(10_000)]
    columns = {
        "id": list(range(len(people))), "name": [p[0] for p in people], "born": [p[1] for p in people],
        "phone": ["13800138000"] * len(people),
    }  # fmt: skip
    found = link(columns, None, {k: VISITS[k] for k in ("name", "born", "phone")}, "id")
    assert found.candidates < 40 * len(people)
    assert len(set(found.label.tolist())) > 9_950


@pytest.mark.parametrize("count", [1700, 1800, 4000])
def test_a_list_of_one_name_is_judged_alike_whether_all_its_pairs_are_looked_at_or_not(count):
    rng = random.Random(4)
    names = ["王伟"] * count + [person(rng)[0] for _ in range(200)]
    found = link({"id": list(range(len(names))), "name": names}, None, {"name": "name"}, "id")
    assert set(found.label[:count].tolist()) == {0}
    assert not np.isin(found.label[count:], [0]).any()
    accepted = [outcome for piece in found.pieces() for outcome in piece.outcome]
    assert "accept" not in accepted


def test_pairs_and_clusters_of_a_register_with_ten_records_a_person_are_one_answer():
    task = next(iter(shapes(2, ("ten records",))))
    found = link_tables(task.a, None, task.fields, task.id_col)
    assert set(found.clusters.values()) != set(found.clusters)
    pairs = set(zip(found.pairs["left"], found.pairs["right"], strict=True))
    assert {tuple(sorted(pair)) for pair in pairs} == set(pairs_of_clusters(found.clusters, None))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-1, 3), max_size=300), st.integers(1, 60))
def test_a_block_that_is_cut_hangs_together_and_the_others_stay_whole(codes, limit):
    values = np.array(codes, dtype=np.int64)
    order = [np.arange(len(values))[::-1], np.zeros(len(values), dtype=np.int64)]
    first, second = divided(values, order, limit)
    for code in range(4):
        rows = np.flatnonzero(values == code)
        if len(rows) <= limit:
            assert len(set(first[rows].tolist())) <= 1
            assert (second[rows] == -1).all()
            continue
        for cut in (first, second):
            assert (cut[rows] >= 0).all()
            assert np.unique(cut[rows], return_counts=True)[1].max() <= PIECE
        near = rows[::-1]  # as `order` has them
        assert all(first[a] == first[b] or second[a] == second[b] for a, b in pairwise(near.tolist()))
    apart = np.where(values < 0, -1, values)
    assert ((first < 0) == (apart < 0)).all()
    assert len(set(zip(first.tolist(), apart.tolist(), strict=True))) == len(set(first.tolist()))


def big(said: dict[bool, list[float]], size: int, bridge: float):
    """Two persons of ``size`` rows each: what pairs say within (True) and across (False); one pair across says ``bridge``."""

    def weigh(x, y) -> Evidence:
        rows = np.array([said[(a < size) == (b < size)] for a, b in zip(x.tolist(), y.tolist(), strict=True)])
        return Evidence(
            rows, np.ones(rows.shape), np.zeros((len(rows), 0, rows.shape[1])), lambda s: np.zeros(s.shape[1])
        )

    rng = np.random.default_rng(5)
    first = [(k, k + 1) for k in range(2 * size - 1) if k != size - 1]
    more = [
        tuple(sorted(pair)) for pair in rng.integers(0, size, (3 * size, 2)).tolist() if pair[0] != pair[1]
    ]
    pairs = sorted({*first, *more, *((a + size, b + size) for a, b in more)})
    i, j = (np.array([p[k] for p in pairs] + [(0, size)[k]], dtype=np.int32) for k in (0, 1))
    weight = np.array([sum(said[True]) - 10.0] * len(pairs) + [bridge])
    return i, j, weight, weigh


def test_a_large_group_is_asked_and_a_single_bad_link_joins_nobody():
    size = MAX_DENSE
    i, j, weight, weigh = big({True: [9.0, 9.0], False: [9.0, -9.0]}, size, 6.0)
    others = Others(0)
    label, said = cluster(2 * size, i, j, weight, 0.0, weigh, -10.0, None, others)
    assert set(label[:size].tolist()) == {0}
    assert set(label[size:].tolist()) == {size}
    assert (said[:-1] > 0).all()
    assert said[-1] <= 0
    assert not len(others.all()[0])


def test_a_large_group_of_one_person_hangs_together_though_few_of_its_pairs_are_known():
    size = MAX_DENSE
    i, j, weight, weigh = big({True: [9.0, 9.0], False: [9.0, 3.0]}, size, 6.0)
    label, _ = cluster(2 * size, i, j, weight, 0.0, weigh, -10.0)
    assert set(label.tolist()) == {0}


def test_pairs_inside_clusters_are_told_whether_a_key_proposed_them_or_not():
    said = dict.fromkeys([(0, 1), (1, 2), (2, 3)], 8.0)

    def weigh(x, y) -> Evidence:
        rows = np.array([[said.get((a, b), 1.0)] for a, b in zip(x.tolist(), y.tolist(), strict=True)])
        return Evidence(
            rows, np.ones(rows.shape), np.zeros((len(rows), 0, 1)), lambda s: np.zeros(s.shape[1])
        )

    i, j = np.array([0, 1, 2], dtype=np.int32), np.array([1, 2, 3], dtype=np.int32)
    others = Others(0)
    label, _ = cluster(5, i, j, np.full(3, 8.0), 0.0, weigh, 0.0, None, others)
    assert label.tolist() == [0, 0, 0, 0, 4]
    x, y, met = others.all()
    assert sorted(zip(x.tolist(), y.tolist(), strict=True)) == [(0, 2), (0, 3), (1, 3)]
    assert (met > 0).all()
    assert Others(0).takes(SMALL)
    assert not Others(0).takes(SMALL + 1)


def test_records_that_say_another_birthday_again_and_again_are_no_slips():
    """Two against two: a name that agrees and a birthday that does not, in every pair."""

    def weigh(fixed):
        def find(x, y) -> Evidence:
            same = (x < 2) == (y < 2)
            rows = np.stack([np.full(len(x), 16.0), np.where(same, 8.0, -4.0)], axis=1)
            kin = np.zeros((len(x), 0, 2))
            return Evidence(rows, np.ones(rows.shape), kin, lambda s: np.zeros(s.shape[1]), fixed)

        return find

    i, j = (np.array(side, dtype=np.int32) for side in zip(*[(0, 1), (0, 2), (2, 3)], strict=True))
    for fixed, clusters in ((None, 1), (np.array([False, True]), 2), (np.array([True, False]), 1)):
        label, _ = cluster(4, i, j, np.array([14.0, 2.0, 14.0]), 0.0, weigh(fixed), -10.0)
        assert len(set(label.tolist())) == clusters


def test_two_other_records_answer_for_a_pair_and_one_does_not():
    #: 0 and 1 meet in 2 and 3; 0 and 4 in 2 alone; 5 is nobody's.
    pairs = [(0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (0, 1), (0, 4), (0, 5)]
    i, j = (np.array(side, dtype=np.int32) for side in zip(*pairs, strict=True))
    accepted = np.arange(len(pairs)) < 5
    assert vouched(6, i, j, accepted, ~accepted).tolist() == [False] * 5 + [True, False, False]
    assert not vouched(6, i, j, ~accepted, np.zeros(8, dtype=bool)).any()


def test_whom_one_row_of_a_person_is_the_others_are():
    """A second insurer tells of no stay: by itself its row would hardly be the campaign's patient."""
    task = list(corpus_tasks(4000, 7))[1]
    linked = engine.run(task)
    register = task.b
    of = dict(
        zip(register[task.id_col], zip(register["id_number"], register["name"], strict=True), strict=True)
    )
    rows = Counter(who for who in of.values() if idnumber.parse(who[0]))
    found: dict[tuple[tuple[str, str], str], list[float]] = {}
    for (c, row), p in linked.pairs.items():
        if p >= 0.5 and rows[of[row]] > 1:
            found.setdefault((of[row], c), []).append(p)
    assert len(found) >= 5
    met = sum(len(set(all_)) == 1 and len(all_) == rows[who] for (who, _), all_ in found.items())
    assert met >= 0.9 * len(found), "one person, one probability; a row that no key proposes is not there"
    assert all(len(set(all_)) == 1 for all_ in found.values())
    assert "accept" not in linked.outcomes.values()

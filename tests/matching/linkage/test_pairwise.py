"""One pair at a time and in a table: the same levels, the same weights."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bench.corpus import generate
from matching.linkage.model import Frequencies, Params
from matching.linkage.pairwise import Features, Scorer
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, _rows, person_model, score, score_many


def both(a: PersonRecord, others: list[PersonRecord], params: Params = DEFAULT):
    """(levels by the table, levels one by one, weights by the table, weights one by one)."""
    table = person_model().prepare(_rows([a, *others]))
    i, j = np.zeros(len(others), dtype=np.int32), np.arange(1, len(others) + 1, dtype=np.int32)
    levels = table.levels(i, j)
    weights = table.contributions(levels, i, j, params)
    scorer, mine = Scorer(person_model(), params), Features(a)
    one = [scorer.levels(mine, Features(b)) for b in others]
    parts = [scorer.parts(x, scorer.rarity(x, mine, Features(b))) for x, b in zip(one, others, strict=True)]
    return levels.tolist(), one, weights.tolist(), parts


def same(a, others, params=DEFAULT):
    table, one, weights, parts = both(a, others, params)
    for k, b in enumerate(others):
        names = person_model().names
        assert dict(zip(names, one[k], strict=True)) == dict(zip(names, table[k], strict=True)), (a, b)
        assert parts[k] == pytest.approx(weights[k], abs=1e-3), (a, b)


@pytest.fixture(scope="module")
def population():
    corpus = generate(5, 300)
    rows = [as_record(row) for row in corpus.records]
    true = corpus.true_pairs(corpus.records)
    place = {row["record_id"]: k for k, row in enumerate(corpus.records)}
    return rows, [(place[a], place[b]) for a, b in true]


def as_record(row) -> PersonRecord:
    from datetime import date

    age = int(row["age"]) if row["age"] else None
    born = None
    year = int(row["recorded_on"][:4]) - age if age is not None else None
    parts = row["birth_date"].split("-")
    if len(parts) == 3:
        try:
            born = date.fromisoformat(row["birth_date"])
        except ValueError:
            year = int(parts[0])
    elif parts[0].isdigit():
        year = int(parts[0][:4])
    empty = {name: row[name] or None for name in ("name", "id_number", "phone", "area", "address")}
    return PersonRecord(
        **empty, birth_date=born, birth_year=year, age=age, sex={"1": "M", "2": "F"}.get(row["sex"]),
        hospital=row["hospital"] or None, disease=row["disease"] or None, source=row["source"],
    )  # fmt: skip


def test_people_of_the_corpus_are_compared_as_in_a_table(population):
    rows, true = population
    for a, b in true[:400]:
        same(rows[a], [rows[b]])
    for start in range(0, 60):
        same(rows[start * 5], rows[start : start + 40])


def test_term_frequencies_weigh_as_in_a_table(population):
    rows, _ = population
    common = Frequencies(
        1e-3, 1e-5, {rows[0].name: 0.01, "430103": 0.2, rows[0].phone or "": 0.003, "4301": 0.4}
    )
    params = replace(
        DEFAULT,
        tf={
            "name": {"value": common, "surname": Frequencies(0.02, 1e-5, {"王": 0.07})}, "phone": {"value": common},
            "area": {"value": common, "city": common}, "hospital": {"value": common}, "id_number": {"value": common},
        },
    )  # fmt: skip
    for a, b in itertools.islice(itertools.pairwise(rows), 60):
        same(a, [a, b], params)


def test_a_number_that_a_crowd_shares_says_nothing():
    a = PersonRecord(name="王秀英", phone="13800138000", sex="F", area="430103")
    b = replace(a, sex=None)
    alone, crowd = score(a, b), score_many(a, [b], crowded={"phone"})[0]
    assert "no_identifier" not in alone.flags
    assert {"crowded_phone", "no_identifier"} <= set(crowd.flags)
    assert crowd.weight < alone.weight - 10
    assert crowd.weight == pytest.approx(crowd.prior_weight + sum(e.weight for e in crowd.evidence))


def test_a_crowds_number_does_not_make_strangers_relatives():
    a = PersonRecord(name="王秀英", phone="13800138000")
    b = PersonRecord(name="李建国", phone="13800138000")
    assert "relatives" in score(a, b).flags
    crowd = score_many(a, [b], crowded={"phone"})[0]
    assert "relatives" not in crowd.flags
    assert crowd.outcome == "reject"

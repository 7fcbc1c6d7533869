"""What holds for any two records, however they are written; for one pair online and for whole tables."""

import math
import random
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.linkage import online
from matching.linkage.model import KINDS, Model
from matching.linkage.outcomes import doubtful
from matching.linkage.pairwise import Features, Scorer
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, FIELDS, NEVER_ACCEPT, _rows, person_model, score, score_many
from matching.linkage.tables.pipeline import link_tables
from person_records import masked, pair_of, pairs, person, records, relative, written_again

seeds = st.integers(0, 2**32 - 1)
TABLES = online.for_size(1_000_000)
PARAMS = [
    DEFAULT, TABLES.of("application–insurer"), TABLES.of("campaign–insurer"), person_model().default_params(prior=1e-4),
]  # fmt: skip
params_of = st.sampled_from(PARAMS)

# One pair


@settings(max_examples=250, deadline=None)
@given(pairs, params_of)
def test_a_score_is_symmetric_and_its_parts_sum_to_it(pair, params):
    one, two = score(*pair, params), score(*pair[::-1], params)
    assert one.levels == two.levels
    assert one.weights == pytest.approx(two.weights, abs=1e-9)
    assert one.weight == pytest.approx(two.weight, abs=1e-9)
    assert (one.outcome, set(one.flags)) == (two.outcome, set(two.flags))
    assert one.weight == pytest.approx(one.prior_weight + math.fsum(e.weight for e in one.evidence), abs=1e-9)
    assert one.prior_weight == pytest.approx(math.log2(params.prior / (1 - params.prior)))
    assert one.probability == pytest.approx(1 / (1 + 2.0**-one.weight), rel=1e-9)
    assert one.outcome != "accept" or not NEVER_ACCEPT & set(one.flags)


def test_the_pairs_that_are_tried_agree_and_disagree_at_nearly_every_level():
    seen: dict[str, set[str]] = {}
    flags: set[str] = set()
    outcomes: set[str] = set()
    for seed in range(1600):
        found = score(*pair_of(seed), PARAMS[seed % len(PARAMS)])
        for field, level in found.levels.items():
            seen.setdefault(field, set()).add(level)
        flags |= set(found.flags)
        outcomes.add(found.outcome)
    unseen = {
        f"{c.name}: {level}"
        for c in person_model().comparisons
        for level in c.levels
        if level not in seen[c.name]
    }
    assert unseen <= {"address: initial", "area: prefix"}, unseen
    assert {
        "masked_name",
        "different_ids",
        "relatives",
        "twins",
        "no_identifier",
        "invalid_id_number",
    } <= flags
    assert outcomes == {"accept", "review", "reject"}


@settings(max_examples=60, deadline=None)
@given(seeds, params_of)
def test_a_score_does_not_depend_on_who_else_is_compared(seed, params):
    rng = random.Random(seed)
    a, b = pair_of(seed)
    others = [b, *(written_again(rng, person(rng)) for _ in range(3)), relative(rng, person(rng)), b]
    together = score_many(a, others, params)
    assert together == [score(a, x, params) for x in others]
    rng.shuffle(order := list(range(len(others))))
    assert score_many(a, [others[k] for k in order], params) == [together[k] for k in order]


@settings(max_examples=150, deadline=None)
@given(st.lists(pairs, min_size=1, max_size=4), params_of)
def test_one_by_one_and_in_a_table_are_one_engine(some, params):
    rows = [record for pair in some for record in pair]
    table = person_model().prepare(_rows(rows))
    i, j = (np.array(x, dtype=np.int32) for x in zip(*permutations(range(len(rows)), 2), strict=True))
    levels = table.levels(i, j)
    weights = table.contributions(levels, i, j, params)
    scorer, features = Scorer(person_model(), params), [Features(r) for r in rows]
    for k, (x, y) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        one = scorer.levels(features[x], features[y])
        assert one == levels[k].tolist(), (rows[x], rows[y])
        assert scorer.parts(one, scorer.rarity(one, features[x], features[y])) == pytest.approx(
            weights[k], abs=2e-4
        ), (
            rows[x],
            rows[y],
        )


# What is hidden


@settings(max_examples=200, deadline=None)
@given(seeds, params_of)
def test_a_hidden_name_that_fits_never_weighs_less_than_another_name(seed, params):
    rng = random.Random(seed)
    whole, other = person(rng), person(rng)
    if other.name[:1] == whole.name[:1]:
        other = replace(other, name="逄" + whole.name[1:][::-1] if whole.name[0] != "逄" else "王伟")
    hidden = masked(rng, whole.name)
    fits = score(PersonRecord(name=hidden), whole, params)
    differs = score(PersonRecord(name=other.name), whole, params)
    contradicts = score(PersonRecord(name=masked(rng, other.name)), whole, params)
    assert fits.levels["name"].startswith("masked_")
    assert fits.levels["name"] != "masked_else", (hidden, whole.name)
    assert fits.weights[0] >= differs.weights[0], (hidden, whole.name, other.name)
    assert fits.weights[0] >= contradicts.weights[0], (hidden, whole.name)
    assert score(PersonRecord(name=hidden), whole, params).outcome != "accept"


@settings(max_examples=200, deadline=None)
@given(seeds, params_of)
def test_a_hidden_number_that_fits_never_weighs_less_than_another_number(seed, params):
    rng = random.Random(seed)
    whole, other = person(rng), person(rng)
    shown = sorted(rng.sample(range(18), rng.randint(4, 17)))
    hidden = "".join(c if k in shown else "*" for k, c in enumerate(whole.id_number))
    numbers = {e: PersonRecord(id_number=n) for e, n in (("fits", hidden), ("differs", other.id_number))}
    found = {e: score(r, PersonRecord(id_number=whole.id_number), params) for e, r in numbers.items()}
    # Who shows hardly more than the area says nothing.
    assert found["fits"].levels["id_number"] == ("masked" if sum(k >= 6 for k in shown) >= 4 else "missing")
    assert found["fits"].weight >= found["differs"].weight
    wrong = rng.choice(shown)
    other_digit = "0" if hidden[wrong] != "0" else "1"
    spoilt = PersonRecord(id_number=hidden[:wrong] + other_digit + hidden[wrong + 1 :])
    assert found["fits"].weight >= score(spoilt, PersonRecord(id_number=whole.id_number), params).weight


@settings(max_examples=100, deadline=None)
@given(seeds, params_of)
def test_a_hidden_name_is_never_accepted_whatever_else_agrees(seed, params):
    rng = random.Random(seed)
    whole = person(rng)
    hidden = replace(whole, name=masked(rng, whole.name))
    assert score(hidden, whole, params).outcome != "accept"
    pair = person_model().prepare(_rows([hidden, whole]))
    assert doubtful(person_model(), pair.levels(np.array([0]), np.array([1]))).all()
    a, b = pair_of(seed)
    assert score(replace(a, name=masked(rng, "张三丰")), b, params).outcome != "accept"


@st.composite
def tables_drawn(draw):
    """A table such as rows may teach: any shares at all of the levels of names and numbers."""
    base = draw(params_of)
    shares = {}
    for c in person_model().comparisons:
        if c.masked:
            share = st.floats(1e-9, 1.0)
            rows = [draw(st.lists(share, min_size=c.size - 1, max_size=c.size - 1)) for _ in range(2)]
            shares[c.name] = [tuple(v / sum(row) for v in row) for row in rows]
    return replace(
        base,
        m=base.m | {name: m for name, (m, _) in shares.items()},
        u=base.u | {name: u for name, (_, u) in shares.items()},
    )


@settings(max_examples=150, deadline=None)
@given(seeds, tables_drawn())
def test_whatever_was_learnt_what_is_hidden_never_weighs_less_than_a_hidden_disagreement(seed, params):
    for c in person_model().comparisons:
        if c.masked:
            weights = dict(zip(c.levels, params.weights(c).tolist(), strict=True))
            assert all(weights[level] >= weights["masked_else"] >= weights["else"] for level in c.masked)
    rng = random.Random(seed)
    whole = person(rng)
    hidden = masked(rng, whole.name)
    fits = score(PersonRecord(name=hidden), PersonRecord(name=whole.name), replace(params, tf={}))
    differs = score(PersonRecord(name=hidden), PersonRecord(name="𠮷" + whole.name), replace(params, tf={}))
    if fits.levels["name"] != "missing" and differs.levels["name"] in ("masked_else", "else"):
        assert fits.weights[0] >= differs.weights[0]


# Tables

COLUMNS = {
    "姓名": "name", "名": "given_name", "姓": "surname", "生日": "birth_date", "年龄": "age", "性别": "sex", "证件": "id_number",
    "手机": "phone", "座机": "phone", "邮箱": "email", "地址": "address", "地址二": "address", "地区": "area", "邮编": "postcode",
    "医院": "hospital", "病": "disease", "备注": "text", "职业": "text",
}  # fmt: skip


def table_of(seed: int, count: int = 4) -> dict[str, list]:
    """Rows of pairs, with a value for every kind of field."""
    rng = random.Random(seed)
    rows = []
    for k in range(count):
        for r in pair_of(seed * 31 + k):
            latin = rng.choice(["Anna", "Ann", "Bob", "Robert", "O'Neill", "Müller", "", "J"])
            name = r.name or ""
            birth = r.birth_date.isoformat() if r.birth_date else str(r.birth_year or "")
            home = r.address or ""
            rows.append(
                [r.name, name[1:] or latin, name[:1] or latin, birth, str(2024 - r.birth_date.year) if r.birth_date else None, r.sex,
                 r.id_number, r.phone, rng.choice([r.phone, "0731-8888888", None]), rng.choice([f"{latin.lower()}@qq.com", "x@y", None]),
                 home[:8], home[8:], r.area, rng.choice(["410000", "410001", "100020", "x"]), r.hospital, r.disease,
                 rng.choice(["老师", "教师", None, home]), rng.choice(["nurse", "nurse ", "teacher"])]
            )  # fmt: skip
    return {name: list(column) for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True)}


def compared(rows, fields=COLUMNS):
    """Per comparison the levels, and the whole weights, of all ordered pairs of rows."""
    model = Model.for_fields(fields, rows)
    table = model.prepare(rows)
    count = len(next(iter(rows.values())))
    i, j = (np.array(x, dtype=np.int32) for x in zip(*permutations(range(count), 2), strict=True))
    levels = table.levels(i, j)
    weight = table.weigh(levels, i, j, model.default_params(prior=1e-3))
    keys = list(zip(i.tolist(), j.tolist(), strict=True))
    columns = {
        c.name: dict(zip(keys, (c.levels[x] for x in levels[:, k].tolist()), strict=True))
        for k, c in enumerate(model.comparisons)
    }
    return columns, dict(zip(keys, weight.tolist(), strict=True))


def test_the_table_has_every_kind():
    assert set(COLUMNS.values()) == set(KINDS)


@settings(max_examples=40, deadline=None)
@given(seeds)
@example(0)
def test_a_table_compares_symmetrically_in_whatever_order_rows_and_columns_stand(seed):
    rows = table_of(seed)
    levels, weights = compared(rows)
    for column in levels.values():
        assert all(column[i, j] == column[j, i] for i, j in column)
    assert all(abs(weights[i, j] - weights[j, i]) < 1e-3 for i, j in weights)
    rng = random.Random(seed)
    rng.shuffle(order := list(range(len(rows["姓名"]))))
    rng.shuffle(names := list(COLUMNS))
    # A second column of a kind stays behind the first: the two lines of an address mean something together.
    for first, second in (("地址", "地址二"), ("手机", "座机"), ("备注", "职业")):
        a, b = sorted((names.index(first), names.index(second)))
        names[a], names[b] = first, second
    mixed = {name: [rows[name][k] for k in order] for name in names}
    others, sums = compared(mixed, {name: COLUMNS[name] for name in names})
    place = {old: new for new, old in enumerate(order)}
    for name, column in levels.items():
        assert {(place[i], place[j]): level for (i, j), level in column.items()} == others[name]
    assert all(abs(sums[place[i], place[j]] - w) < 1e-3 for (i, j), w in weights.items())


@settings(max_examples=8, deadline=None)
@given(seeds)
def test_two_tables_exchanged_give_the_same_pairs(seed):
    both = table_of(seed, 6)
    half = len(both["姓名"]) // 2
    a = {name: column[::2] for name, column in both.items()} | {"id": [f"a{k}" for k in range(half)]}
    b = {name: column[1::2] for name, column in both.items()} | {"id": [f"b{k}" for k in range(half)]}
    params = Model.for_fields(COLUMNS, both).default_params(prior=0.02)
    one = link_tables(a, b, COLUMNS, "id", threshold=0.01, params=params).pairs
    two = link_tables(b, a, COLUMNS, "id", threshold=0.01, params=params).pairs
    mine = {(x, y): r for x, y, *r in zip(*one.values(), strict=True)}
    theirs = {(y, x): r for x, y, *r in zip(*two.values(), strict=True)}
    assert mine.keys() == theirs.keys()
    for key, row in mine.items():
        assert row[:2] == pytest.approx(theirs[key][:2], abs=1e-3)
        assert row[2:] == theirs[key][2:]
    for weight, probability in zip(one["weight"], one["probability"], strict=True):
        assert math.isfinite(weight)
        assert 0 <= probability <= 1


@settings(max_examples=15, deadline=None)
@given(st.lists(records, min_size=2, max_size=6))
def test_a_table_of_anything_at_all_is_linked(some):
    result = link_tables({**_rows(some), "id": list(range(len(some)))}, None, FIELDS, "id", threshold=0.01)
    assert len(result.clusters) == len(some)
    assert all(map(math.isfinite, result.pairs["weight"]))

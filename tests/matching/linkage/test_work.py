"""The engine does no work twice and none in vain, and what it leaves out changes no answer."""

import random
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin.pinyin_dict import pinyin_dict

from matching.linkage.compare import comparison
from matching.linkage.model import Model
from matching.linkage.tables.candidates import MAX_BLOCK, Key, Pairs, Split, everything, proposed, union
from matching.linkage.tables.pipeline import link_tables
from matching.linkage.training import RANDOM_PAIRS, Patterns
from matching.linkage.values.characters import _pinyin

FIELDS = {
    "first": "given_name", "last": "surname", "name": "name", "dob": "birth_date", "street": "address", "zip": "postcode",
    "mail": "email", "town": "area", "ward": "hospital", "ill": "disease", "job": "text", "tel": "phone", "id": "id_number",
}  # fmt: skip
VALUES = {
    "first": ["Anna", "Ann", "Hannah", "Robert", "Bob", "J", "", "Maria Luisa", "李娜", "黎娜"],
    "last": ["Smith", "Smyth", "Jones", "Anna", "Robert", "O'Neill", ""],
    "name": ["张伟", "张玮", "张*", "王女士", "Zhang Wei", "Li Na", "李娜", "欧阳修", ""],
    "dob": ["1950-03-04", "1950-04-03", "1951", "1950-09-31", "1949-12-31", "19500340", "1991-03-04", "", "1950-02-15"],
    "street": ["12 Mill Road", "12 Mill Rd", "High Street 3", "长沙市麓山路2号", ""],
    "zip": ["0812", "0821", "0712", "9000", "A1 2BC", ""],
    "mail": ["a.smith@x.org", "a.smith@y.org", "b.smith@x.org", "@x.org", ""],
    "town": ["430102", "430100", "430000", "110105", ""],
    "ward": ["北京协和医院", "协和医院", "长沙市第一医院", "长沙市第一人民医院", ""],
    "ill": ["C34.1", "右肺癌", "高血压", "急性白血病", ""],
    "job": ["baker", "bakery", "teacher", "nurse", ""],
    "tel": ["13800138000", "13800138009", "02012345678", ""],
    "id": ["110105194912310021", "11010519491231002X", "110105491231002", "1101**********002X", "12345", ""],
}  # fmt: skip


def some_rows(count: int, seed: int) -> dict[str, list[str]]:
    rng = random.Random(seed)
    return {column: [rng.choice(values) for _ in range(count)] for column, values in VALUES.items()}


def all_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    i, j = np.array(list(combinations(range(count), 2)), dtype=np.int32).T
    return i, j


def test_values_judged_by_heart_have_the_levels_that_a_comparison_gives(monkeypatch):
    rows = some_rows(60, 1)
    i, j = all_pairs(60)
    model = Model.for_fields(FIELDS, rows)
    once = model.prepare(rows)
    first, second = once.levels(i, j), once.levels(j, i)
    monkeypatch.setattr(comparison, "_FEW", 0)
    again = model.prepare(rows).levels(i, j)
    assert (first == again).all()
    assert (second == again).all()


def test_no_pair_weighs_more_than_its_levels_can():
    rows = some_rows(120, 2)
    i, j = all_pairs(120)
    table = Model.for_fields(FIELDS, rows).prepare(rows)
    trained = link_tables({"key": list(range(120)), **rows}, None, FIELDS, "key").params
    for params in (trained, table.model.default_params()):
        levels = table.levels(i, j)
        assert (table.weigh(levels, i, j, params) <= table.at_most(levels, params)).all()


@given(st.integers(2, 40), st.integers(1, 40), st.booleans())
def test_every_pair_is_there_once_and_is_found(left, more, linked):
    split = Split(left + more, left, True) if linked else Split(left, left, False)
    pairs = everything(split)
    i, j = pairs.part(slice(None))
    wanted = (
        [(a, b) for a in range(left) for b in range(left, left + more)]
        if linked
        else [*combinations(range(left), 2)]
    )
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == wanted
    place, known = pairs.find(i[::-1], j[::-1])
    assert known.all()
    assert place.tolist() == list(range(len(pairs)))[::-1]
    assert sum(len(x) for _, x, _ in pairs.chunks(7)) == len(pairs)


def test_what_is_no_candidate_is_not_found():
    split = Split(6, 6, False)
    found = union([Key("even", (0,), 3, lambda: np.array([0, 1, 0, 1, 0, -1], dtype=np.int32))], split)
    i, j = found.part(slice(None))
    assert list(zip(i.tolist(), j.tolist(), strict=True)) == [(0, 2), (0, 4), (1, 3), (2, 4)]
    one, two = np.array([0, 0, 4], dtype=np.int32), np.array([2, 1, 5], dtype=np.int32)
    assert found.find(one, two)[1].tolist() == [True, False, False]
    assert not Pairs(found.numbers[:0], split).find(one, two)[1].any()


def test_what_keys_propose_is_known_without_making_the_pairs():
    """A crowd above the largest block proposes nothing: its pairs are strangers', and count as such."""
    size = 3 * MAX_BLOCK
    split = Split(size, size, False)
    crowd = np.where(np.arange(size) <= MAX_BLOCK, 0, np.arange(size) % 7 + 1).astype(np.int32)
    crowd[crowd == 3] = -1
    odd = (np.arange(size) // 5).astype(np.int32)
    few = np.arange(40, dtype=np.int32)
    keys = [Key("crowd", (0,), 0, lambda: crowd), Key("few", (1,), 0, lambda: odd, few)]
    i, j = all_pairs(size)
    assert (proposed(keys, i, j, split) == union(keys, split).find(i, j)[1]).all()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=60),
    st.booleans(),
)
def test_patterns_are_the_distinct_rows_and_how_often_each_comes(rows, wide):
    sizes = [4, 3, 5]
    levels = np.array(rows, dtype=np.uint8)
    if wide:  # so many columns that a row is no number of 62 bits
        sizes += [9] * 20
        levels = np.hstack([levels, np.zeros((len(rows), 20), dtype=np.uint8)])
    found = Patterns.of(levels, sizes)
    distinct, number = Patterns.numbered(levels, sizes)
    assert (distinct[number] == levels).all()
    assert (found.levels == distinct).all()
    assert found.counts.tolist() == np.bincount(number).tolist()
    twice = Patterns.joined([found, found], sizes)
    assert (twice.levels == distinct).all()
    assert (twice.counts == 2 * found.counts).all()


def test_agreement_between_strangers_is_learnt_of_all_pairs():
    """Candidates count in full, the others by a sample: a level that candidates alone show is no luck of the draw."""
    rng = random.Random(5)
    size = 3_000
    assert size * (size - 1) // 2 > 10 * RANDOM_PAIRS
    rows = {
        "key": [str(k) for k in range(size)],
        "first": [rng.choice("ABCDEFGHIJ") * 3 + rng.choice("klmnopqrst") * 2 for _ in range(size)],
        "last": ["".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(size)],
        "tel": [f"138{rng.randrange(500):08d}" for _ in range(size)],
        "job": [rng.choice(["baker", "teacher", "nurse", "miner"]) for _ in range(size)],
    }
    fields = {"first": "given_name", "last": "surname", "tel": "phone", "job": "text"}
    u = link_tables(rows, None, fields, "key").params.u
    assert u["tel"][0] == pytest.approx(1 / 500, rel=0.1)
    assert u["job"][0] == pytest.approx(1 / 4, rel=0.1)
    assert u["first"][0] == pytest.approx(1 / 100, rel=0.1)


def test_the_table_of_pinyin_is_that_of_pypinyin():
    table = _pinyin()
    assert all(table.get(chr(code)) == readings for code, readings in pinyin_dict.items())
    assert table.get("a") == table.get("\U0003ffff") == ""


def test_the_command_loads_nothing_that_few_tables_need():
    code = "import sys, matching.linkage.__main__; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "multiprocessing",
        "urllib.request",
        "zipfile",
        "opencc",
        "pypinyin",
        "pandas",
        "pyarrow",
        "django",
        "asyncio",
    }
    assert not heavy & set(loaded)

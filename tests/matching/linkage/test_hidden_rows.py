"""Rows with hidden names are looked for by keys that would be too wide for all rows."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.model import Model
from matching.linkage.tables import candidates as blocks
from matching.linkage.tables.keys import keys as keys_of

FIELDS = {"name": "name", "birth": "birth_date", "area": "area", "hospital": "hospital", "disease": "disease"}


@given(
    st.lists(st.integers(-1, 4), min_size=1, max_size=30).flatmap(
        lambda codes: st.tuples(
            st.just(codes), st.sets(st.integers(0, len(codes) - 1)), st.integers(0, len(codes)), st.booleans()
        )
    )
)
def test_the_chosen_rows_meet_every_row_of_their_code_once(drawn):
    codes, chosen, left, link = drawn
    split = blocks.Split(len(codes), left if link else len(codes), link)
    rows = np.array(sorted(chosen), dtype=np.int32)
    found = [
        pair
        for i, j in blocks.toward(np.array(codes), rows, split, size=7)
        for pair in zip(i.tolist(), j.tolist(), strict=True)
    ]
    wanted = {
        (a, b)
        for a, b in combinations(range(len(codes)), 2)
        if codes[a] == codes[b] >= 0
        and (a in chosen or b in chosen)
        and (not link or (a < left) != (b < left))
    }
    assert len(found) == len(set(found))
    assert set(found) == wanted


def test_an_appeal_is_proposed_although_its_keys_are_too_wide_for_a_table():
    rows: dict[str, list] = {key: [] for key in FIELDS}

    def add(name, birth, area, hospital, disease):
        for key, value in zip(rows, (name, birth, area, hospital, disease), strict=True):
            rows[key].append(value)

    for k in range(3000):
        given_name = "甲乙丙丁戊己庚辛壬癸"[k % 10] + "春夏秋冬"[k // 10 % 4]
        add(
            f"{'王李张刘陈'[k % 5]}{given_name}", f"{1940 + k % 60}-03-05", "430102", "长沙市第一医院", "肺癌"
        )
    add("王*", "1961", "430102", "长沙市第七医院", "脑梗死")
    add("王小明", "1962-05-06", "430102", "长沙市第七医院", "脑梗死")
    table = Model.for_fields(FIELDS).prepare(rows)
    split = blocks.Split(3002, 3002, False)
    found = keys_of(table, split)
    i, j = blocks.union(found, split).part(slice(None))
    pairs = set(zip(i.tolist(), j.tolist(), strict=True))
    assert (3000, 3001) in pairs
    assert len(pairs) < 60 * 3002
    for key in found:
        if key.only is not None:
            assert key.only.tolist() == [3000]
            assert all(
                3000 in pair
                for x, y in blocks.pairs_of(key, split)
                for pair in zip(x.tolist(), y.tolist(), strict=True)
            )

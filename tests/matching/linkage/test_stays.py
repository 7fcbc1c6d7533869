"""Who tells of no stay is hardly the patient who is looked for in another table."""

from dataclasses import replace

import numpy as np
import pytest

from bench.linkage import measures
from bench.linkage.shapes import shapes
from bench.linkage.tasks import corpus_tasks
from matching.linkage.model import Params
from matching.linkage.tables.pipeline import link, link_tables


@pytest.fixture(scope="module")
def appeals():
    return list(corpus_tasks(3000, 11))[1]


@pytest.fixture(scope="module")
def found(appeals):
    return link_tables(appeals.a, appeals.b, appeals.fields, appeals.id_col)


def pairs(result):
    return dict(
        zip(
            zip(result.pairs["left"], result.pairs["right"], strict=True),
            result.pairs["weight"],
            strict=True,
        )
    )


def test_of_two_tables_it_is_learnt_who_has_a_stay(appeals, found):
    (_, campaign_told), (insurer_none, insurer_told) = found.params.stays
    assert insurer_none < -2 < 0.5 < insurer_told, "two insured in three were never ill"
    assert abs(campaign_told) < 0.2, "nearly every appeal tells of a stay"
    probability = dict(zip(pairs(found), found.pairs["probability"], strict=True))
    without = link_tables(
        appeals.a, appeals.b, appeals.fields, appeals.id_col, params=replace(found.params, stays=())
    )
    silent = dict(zip(pairs(without), without.pairs["probability"], strict=True))
    now, before = (measures.at_threshold(p, appeals.truth).f1 for p in (probability, silent))
    assert now > before + 0.01
    assert now > 0.95


def test_a_stored_table_gives_the_same_weights_again(appeals, found):
    params = Params.from_json(found.params.to_json())
    assert params == found.params
    again = link_tables(appeals.a, appeals.b, appeals.fields, appeals.id_col, params=params)
    assert pairs(again) == pairs(found)


def test_what_a_pair_can_weigh_is_never_less_than_it_does(appeals, found):
    linked = link(appeals.a, appeals.b, appeals.fields, appeals.id_col, params=found.params)
    table = linked.table
    rng = np.random.default_rng(1)
    i = rng.integers(0, table.left, 4000)
    j = rng.integers(table.left, len(table.tells()), 4000)
    levels = table.levels(i, j)
    assert (table.weigh(levels, i, j, found.params) <= table.at_most(levels, found.params) + 1e-3).all()
    own = table.weigh(levels, i, j, replace(found.params, stays=()))
    told = np.array(found.params.stays)
    expected = told[0][table.tells()[i].astype(int)] + told[1][table.tells()[j].astype(int)]
    assert table.weigh(levels, i, j, found.params) - own == pytest.approx(expected, abs=1e-3)


def test_rows_of_one_table_are_not_held_against_each_other_by_it(appeals, found):
    table = link(appeals.a, appeals.b, appeals.fields, appeals.id_col, params=found.params).table
    assert (table.of_stays(np.array([0, 1]), np.array([2, 3]), found.params)[1] == 0).all()


def test_one_table_and_tables_without_stays_learn_nothing_of_them():
    task = next(corpus_tasks(600, 3))
    assert link_tables(task.a, None, task.fields, task.id_col).params.stays == ()
    apart = next(shapes(1, ("apart",)))
    assert link_tables(apart.a, apart.b, apart.fields, apart.id_col).params.stays == ()


@pytest.mark.parametrize("odd", [[[1, 2]], [[1, 2], [3]], [[1, 2], [3, "x"]], "no", [[1, 2], [3, 1e9]]])
def test_what_cannot_be_is_refused_by_name(found, odd):
    import json

    body = json.loads(found.params.to_json()) | {"stays": odd}
    with pytest.raises(ValueError, match="stays"):
        Params.from_json(json.dumps(body))

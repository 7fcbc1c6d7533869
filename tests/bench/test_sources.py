"""The tables per pair of sources: how lists are cut, how sets are pooled, what is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.linkage import parameters, sources
from matching.linkage import online
from matching.linkage.model import Limits
from matching.linkage.scoring import person_model


@pytest.fixture(scope="module")
def known():
    return parameters.lists(600, 1, 5)


def test_a_list_of_one_organisation_knows_a_person_once(known):
    assert set(known) >= {name for pair in parameters.PAIRS.values() for name in pair}
    for name in ("insurer", "forms", "campaigns"):
        people = [told.person for told in known[name]]
        assert len(people) == len(set(people)) > 30, name


def test_a_pair_of_sources_is_named_as_scores_name_it(known):
    from matching.linkage.scoring import pair_of

    for pair, (one, two) in parameters.PAIRS.items():
        assert pair == pair_of(known[one][0].record.source, known[two][0].record.source)
    assert set(sources.PAIRS) == set(parameters.PAIRS)


def test_a_table_pooled_with_itself_is_itself():
    table = online.for_size(1).of("application–insurer")
    table = replace(table, limits={"": Limits(0.99, 0.05)})
    both = parameters.pooled([table, table], [100.0, 300.0])
    for name in table.m:
        assert both.m[name] == pytest.approx(table.m[name])
        assert both.u[name] == pytest.approx(table.u[name])
    assert [one.share for one in both.kin] == pytest.approx([one.share for one in table.kin])
    assert both.prior == pytest.approx(table.prior)
    assert set(parameters.spread([table, table], both).values()) == {0.0}


def test_sets_count_by_their_matches_and_the_most_careful_lines_stand():
    base = person_model().default_params("x", prior=1e-6)
    one = replace(base, m=base.m | {"sex": (1.0, 0.0)}, limits={"": Limits(0.99, 0.05, 0.0, 0.1)})
    two = replace(base, m=base.m | {"sex": (0.9, 0.1)}, limits={"": Limits(0.999, 0.02, 0.0, 0.2)})
    both = parameters.pooled([one, two], [300.0, 100.0])
    assert both.m["sex"] == pytest.approx((0.975, 0.025))
    assert both.limits[""] == Limits(0.999, 0.02, 0.0, 0.2)


def test_sets_with_other_groups_are_refused():
    base = replace(person_model().default_params("x", prior=1e-6), limits={"": Limits(0.99, 0.05)})
    with pytest.raises(ValueError, match="other groups"):
        parameters.pooled(
            [base, replace(base, kin=(replace(base.kin[0], circle="name"), *base.kin[1:]))], [1, 1]
        )


def test_every_record_is_looked_up_and_every_answer_counted(known):
    found = {pair: sources.Figures() for pair in sources.PAIRS}
    sources.measure(known, online.VERSION, 600, found)
    for pair, (coming, _) in sources.PAIRS.items():
        figures = found[pair]
        assert figures.queries == len(known[coming])
        assert figures.right + figures.wrong + figures.asked <= figures.queries
        assert figures.proposed <= figures.known <= figures.queries
        assert 0 <= figures.f1() <= figures.best() <= 1
        assert sum(band[1] for band in figures.bands()) == len(figures.people)
        assert figures.wrong == 0
    assert found["application–insurer"].f1() > 0.95


def test_f1_counts_whom_no_key_proposes():
    figures = sources.Figures([(0.9, 3.2, True), (0.6, 0.6, False), (0.4, -0.6, True)], queries=4, known=4)
    assert figures.f1() == pytest.approx(2 * 1 / (2 + 4))
    assert figures.best() == pytest.approx(2 * 2 / (3 + 4))

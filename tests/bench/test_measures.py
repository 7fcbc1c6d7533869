"""The measures of the linkage benchmark, on answers small enough to count by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.linkage import measures
from bench.linkage.measures import Run

TRUTH = {("a", "b"), ("a", "c"), ("b", "c"), ("d", "e")}
pairs_with_probabilities = st.dictionaries(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")).filter(lambda p: p[0] < p[1]),
    st.sampled_from([0.1, 0.4, 0.5, 0.7, 0.9]),
)


def test_precision_and_recall_are_counted_on_all_true_pairs():
    found = measures.score([("a", "b"), ("d", "e"), ("a", "e")], TRUTH)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 4)
    assert found.f1 == pytest.approx(2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))


def test_an_empty_answer_has_no_f1():
    assert measures.score([], TRUTH).f1 == 0


def test_the_own_threshold_counts_from_one_half_on():
    assert measures.at_threshold({("a", "b"): 0.5, ("a", "c"): 0.49}, TRUTH).recall == pytest.approx(1 / 4)


def test_the_best_threshold_takes_ties_together():
    pairs = {
        ("a", "b"): 0.9,
        ("a", "d"): 0.3,
        ("d", "e"): 0.3,
        ("a", "c"): 0.3,
        ("b", "c"): 0.3,
        ("b", "e"): 0.1,
    }
    threshold, best = measures.best_threshold(pairs, TRUTH)
    assert threshold == 0.3
    assert (best.precision, best.recall) == (pytest.approx(4 / 5), 1.0)


@given(pairs_with_probabilities)
def test_the_best_threshold_is_never_worse_than_the_own_one(pairs):
    assert measures.best_threshold(pairs, TRUTH)[1].f1 >= measures.at_threshold(pairs, TRUTH).f1 - 1e-12


def test_clusters_become_pairs():
    clusters = {"a": 1, "b": 1, "c": 1, "d": 2, "e": 3}
    assert measures.pairs_of_clusters(clusters) == {("a", "b"), ("a", "c"), ("b", "c")}
    assert measures.pairs_of_clusters(clusters, left={"b"}) == {("b", "a"), ("b", "c")}


def test_components_join_what_hangs_together_above_the_threshold():
    found = measures.components({("a", "b"): 0.9, ("b", "c"): 0.8, ("d", "e"): 0.2})
    assert found == {"a": "a", "b": "a", "c": "a"}


def test_triage_uses_the_engines_outcomes():
    outcomes = {("a", "b"): "accept", ("a", "e"): "accept", ("a", "c"): "review", ("d", "e"): "reject"}
    three = measures.triage(Run({}, outcomes=outcomes), TRUTH)
    assert (three.accepted, three.precision) == (2, 0.5)
    assert three.review_share == pytest.approx(1 / 3)
    assert three.recall_with_review == pytest.approx(2 / 4)


def test_triage_falls_back_to_probabilities():
    three = measures.triage(Run({("a", "b"): 0.995, ("a", "c"): 0.6, ("b", "e"): 0.05}), TRUTH)
    assert (three.accepted, three.review) == (1, 1)


def test_errors_are_told_by_source_and_by_noise():
    truth = {("A1", "I1"), ("A2", "I2")}
    pairs = {("A1", "I1"): 0.9, ("I3", "A2"): 0.8}
    kinds = measures.by_kind(pairs, truth)
    assert kinds["AI"][0] == 2
    assert (kinds["AI"][1].precision, kinds["AI"][1].recall) == (0.5, 0.5)
    notes = {"A1": ["lunar"], "A2": ["lunar", "id_slip"], "I2": ["id_slip"]}
    assert measures.recall_by_note(pairs, truth, notes) == {"id_slip": (1, 0.0), "lunar": (2, 0.5)}

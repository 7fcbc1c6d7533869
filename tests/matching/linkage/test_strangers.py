"""Persons of other countries and lists: floors below what was measured, without labels."""

import pytest

from bench.linkage import measures, strangers
from matching.linkage.tables.pipeline import link_tables


@pytest.mark.parametrize(
    ("key", "floor"),
    [
        ("register", 0.92),
        ("voters", 0.96),
        ("spanish", 0.98),
        ("arabic", 0.93),
        ("list", 0.92),
        ("offices", 0.98),
        ("american", 0.97),
        ("titled", 0.95),
    ],
)
def test_persons_of_this_country_are_linked(key, floor):
    task = next(iter(strangers.strangers(1, (key,))))
    found = link_tables(task.a, task.b, task.fields, task.id_col).pairs
    outcomes = {}
    for left, right, outcome in zip(*(found[k] for k in ("left", "right", "outcome")), strict=True):
        outcomes[(left, right) if task.b is not None or left <= right else (right, left)] = outcome
    assert measures.score(outcomes, task.truth).f1 >= floor
    accepted = {pair for pair, outcome in outcomes.items() if outcome == "accept"}
    assert len(accepted - task.truth) <= 0.002 * len(accepted)

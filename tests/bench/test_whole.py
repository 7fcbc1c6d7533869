"""Whole processes: what they write, and that all they used is counted."""

import pytest

from bench.linkage import whole
from bench.linkage.tasks import Task

ROWS = 60
A = {
    "id": [f"r{k}" for k in range(ROWS)],
    "name": [f"{'赵钱孙李周吴'[k // 2 % 6]}{'伟芳娜秀英'[k // 2 % 5]}强" for k in range(ROWS)],
    "phone": [f"138{k // 2:08d}" for k in range(ROWS)],
}
TASK = Task("t", A, None, {"name": "name", "phone": "phone"}, "id", set(), (), 0.0)


def test_a_process_is_measured_and_its_pairs_are_counted():
    with whole.job_of(TASK, "raw") as job:
        found = whole.measured(job, "jieli")
    assert found["pairs"] == ROWS / 2
    assert found["cpu"] > 0.05
    assert 20 < found["peak_mb"] < 200


def test_a_process_that_fails_says_why():
    with whole.job_of(TASK, "raw") as job, pytest.raises(RuntimeError):
        whole.measured({**job, "id_col": "nothing"}, "jieli")

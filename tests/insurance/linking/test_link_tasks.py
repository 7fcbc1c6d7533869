"""`link_files --celery`: a batch over the workers."""

import os
import random

import pytest
from django.core.management import CommandError, call_command

from devstack.synthetic import Population
from insurance.linking import tasks
from matching.linkage.tables import batch

FIELDS = "name=name,id_number=number,birth_date=birth,phone=phone"


@pytest.fixture
def sheet(tmp_path, monkeypatch, settings):
    settings.VAR_DIR = tmp_path / "var"
    monkeypatch.setattr(batch, "ROOM", 2_000)
    monkeypatch.setattr(batch, "BUCKET", 500)
    rng = random.Random(4)
    lines = ["id,name,number,birth,phone"]
    for person in Population(5, 300).people:
        row = f"{person.name},{person.id_number},{person.birth_date.isoformat()},{person.phone}"
        lines += [f"a{person.index},{row}"] + ([f"b{person.index},{row}"] if rng.random() < 0.3 else [])
    path = tmp_path / "old.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def eager(monkeypatch):
    sent = []

    def delay(*arguments):
        sent.append(arguments)
        tasks.score.apply(arguments, throw=True)

    monkeypatch.setattr(tasks.score, "delay", delay)
    return sent


def test_workers_write_the_same_files_and_leave_nothing_behind(sheet, tmp_path, eager):
    for name, celery in (("one", False), ("two", True)):
        call_command(
            "link_files", str(sheet), id_col="id", fields=FIELDS, out=tmp_path / f"{name}.csv",
            clusters=tmp_path / f"{name}-clusters.csv", celery=celery,
            params=tmp_path / "params.json" if celery else None,
            save_params=None if celery else tmp_path / "params.json",
        )  # fmt: skip
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one-clusters.csv").read_bytes() == (tmp_path / "two-clusters.csv").read_bytes()
    assert len((tmp_path / "two.csv").read_text().splitlines()) > 50
    assert list((tmp_path / "var" / "linkage").iterdir()) == []
    assert len(eager) >= 1


def test_messages_say_nothing_about_people(sheet, tmp_path, eager):
    call_command("link_files", str(sheet), id_col="id", fields=FIELDS, out=tmp_path / "o.csv", celery=True)
    for job, first, last in eager:
        assert len(job) == 32
        assert set(job) <= set("0123456789abcdef")
        assert 0 <= first < last


def test_what_was_lost_is_sent_again(sheet, tmp_path, monkeypatch):
    lost = []

    def delay(job, first, last):
        if len(lost) < 2:
            lost.append(first)
        else:
            tasks.score(job, first, last)

    monkeypatch.setattr(tasks, "AGAIN", 0.0)
    monkeypatch.setattr(tasks.score, "delay", delay)
    call_command("link_files", str(sheet), id_col="id", fields=FIELDS, out=tmp_path / "o.csv", celery=True)
    assert len(lost) == 2
    assert (tmp_path / "o.csv").exists()


def test_without_workers_it_says_so_and_cleans_up(sheet, tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "NEVER", 0.0)
    monkeypatch.setattr(tasks.score, "delay", lambda *_: None)
    with pytest.raises(CommandError, match="没有回音|no worker answered"):
        call_command(
            "link_files", str(sheet), id_col="id", fields=FIELDS, out=tmp_path / "o.csv", celery=True
        )
    assert not (tmp_path / "o.csv").exists()
    assert list((tmp_path / "var" / "linkage").iterdir()) == []


@pytest.mark.parametrize("job", ["../../etc", "0" * 31, "0" * 32, ""])
def test_a_message_reaches_no_other_folder(job, tmp_path, settings, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(batch, "score_files", lambda *_: pytest.fail("touched"))
    tasks.score(job, 0, 1)


def test_what_a_killed_job_left_goes_with_the_next(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    old, new = tmp_path / "linkage" / ("0" * 32), tmp_path / "linkage" / ("1" * 32)
    for folder in (old, new):
        folder.mkdir(parents=True)
        (folder / "table.pickle").touch()
    for path in (old / "table.pickle", old):
        os.utime(path, (1, 1))
    with tasks.job_folder() as folder:
        assert sorted((tmp_path / "linkage").iterdir()) == sorted([new, folder])
        assert batch.private(folder)
    assert list((tmp_path / "linkage").iterdir()) == [new]

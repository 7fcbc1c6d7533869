"""Races, a worker that is killed, a broker that is down: nothing twice, nothing lost, nothing half-written."""

from __future__ import annotations

import functools
import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import kombu

from insurance.intake.models import Batch, Record
from outbox import tasks
from outbox.models import Event
from scope import engine_scope

ROOT = Path(__file__).parents[3]

WORKER = """
import sys, time
sys.path.insert(0, "platform")
import django
django.setup()
from insurance.intake import processing
from outbox import tasks
real = processing.ledger.post_settlement
def slow(*args):
    real(*args)
    print("posted", flush=True)
    time.sleep(60)
processing.ledger.post_settlement = slow
tasks.deliver_one()
"""


def test_sixteen_pushes_of_the_same_batch_at_once_are_accepted_once(real_db, intake):
    sender = intake.insurer("440100")
    batch = [intake.bill(f"S{i}") for i in range(40)] + [intake.like_07()]

    def push(i):
        mine = batch[:]
        random.Random(i).shuffle(mine)
        return sender.push(mine)

    answers = real_db.threads(16, push)
    assert [a.status_code for a in answers] == [200] * 16
    counts = [a.json()["counts"] for a in answers]
    assert sum(c["accepted"] for c in counts) == 40
    assert sum(c["refused"] for c in counts) == 1
    assert sum(c["duplicate"] for c in counts) == 15 * 41
    with engine_scope("test"):
        assert Record.objects.count() == 16 * 41
        accepted = set(Record.objects.filter(state="accepted").values_list("id", flat=True))
        events = [e.ids["record_id"] for e in Event.objects.filter(topic="intake.received")]
        assert sorted(events) == sorted(accepted)
        firsts = set(Record.objects.filter(state="duplicate").values_list("duplicate_of_id", flat=True))
        assert firsts == accepted | set(Record.objects.filter(state="refused").values_list("id", flat=True))


def test_one_idempotency_key_at_once_is_one_batch(real_db, intake):
    sender = intake.insurer("440100")
    body = [intake.bill("A"), intake.bill("B")]
    answers = real_db.threads(8, lambda i: sender.push(body, key="job-1"))
    assert {a.content for a in answers} == {answers[0].content}
    with engine_scope("test"):
        assert Batch.objects.count() == 1
        assert Record.objects.count() == 2


def test_a_worker_killed_in_mid_work_loses_nothing_and_does_nothing_twice(real_db, intake):
    sender = intake.insurer("430199")
    (result,) = sender.results(intake.like_12())
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env=real_db.environment("engine"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == "posted"
    worker.send_signal(signal.SIGKILL)
    assert worker.wait(30) == -signal.SIGKILL
    with engine_scope("test"):
        assert Event.objects.get(topic="intake.received").state == "pending"
    assert intake.record(result["record"]).progress == "waiting"
    assert intake.residuals() == []
    intake.deliver()
    assert intake.residuals() == ["366.07"]
    with engine_scope("test"):
        assert not Event.objects.filter(state="pending").exists()


def test_a_broker_that_is_down_does_not_fail_the_push_and_the_sweep_delivers(real_db, intake, monkeypatch):
    nowhere = kombu.Connection("redis://127.0.0.1:1/0", connect_timeout=1)
    tried = []

    def publish(**options):
        tried.append(options)
        return real(**options, connection=nowhere)

    real = tasks.deliver.apply_async
    monkeypatch.setattr(tasks, "wake_up_wanted", lambda: True)
    monkeypatch.setattr(tasks.deliver, "apply_async", functools.wraps(real)(publish))
    sender = intake.insurer("430199")
    answer = sender.push(intake.like_12())
    assert answer.status_code == 200
    assert tried
    assert tasks.sweep() > 0
    intake.deliver()
    assert intake.residuals() == ["366.07"]


def test_a_fault_in_mid_request_leaves_nothing_behind(real_db, intake, monkeypatch):
    from insurance.intake import services

    def broken(*args):
        raise RuntimeError("430102199001011234")

    monkeypatch.setattr(services, "emit_many", broken)
    sender = intake.insurer("430199")
    answer = sender.push(intake.like_12())
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert "430102199001011234" not in json.dumps(answer.json())
    with engine_scope("test"):
        assert Record.objects.count() == Batch.objects.count() == 0
    monkeypatch.undo()
    assert sender.results(intake.like_12())[0]["state"] == "accepted"

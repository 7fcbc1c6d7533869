"""Events live and die with their transaction, are delivered at least once, and a failing one waits its turn."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

import outbox
from outbox import registry, tasks
from outbox.models import Event
from scope import Actor, actor_scope, engine_scope

PUBLIC = Actor("public")


@pytest.fixture
def handler():
    calls = []

    def handle(**ids):
        calls.append(ids)

    registry._handlers["test.topic"] = [handle]
    yield calls
    registry._handlers.pop("test.topic")


def test_an_event_needs_a_transaction(real_db):
    with pytest.raises(RuntimeError, match="transaction"):
        outbox.emit("test.topic", a=1)


def test_a_rolled_back_change_wakes_nobody(real_db, handler):
    with pytest.raises(ValueError, match="no"), actor_scope(PUBLIC):
        outbox.emit("test.topic", a=1)
        raise ValueError("no")
    assert tasks.drain() == 0
    assert handler == []


def test_delivery_runs_as_the_engine_and_only_once(real_db, handler):
    with actor_scope(PUBLIC):
        outbox.emit("test.topic", a=1, b="x")
    assert tasks.drain() == 1
    assert handler == [{"a": 1, "b": "x"}]
    assert tasks.drain() == 0


def test_a_failing_handler_leaves_nothing_behind_and_is_tried_again(real_db, settings):
    settings.JIELI_ENV = "dev"
    fail = [True]

    def handle(n):
        Event.objects.create(topic="side.effect", ids={}, due_at=timezone.now())
        if fail[0]:
            raise ValueError("张三 430103199001010030")

    registry._handlers["test.topic"] = [handle]
    try:
        with actor_scope(PUBLIC):
            registry.emit("test.topic", n=1)
        tasks.deliver_one()
        with engine_scope():
            event = Event.objects.get(topic="test.topic")
            assert (event.state, event.tries, event.error) == ("pending", 1, "ValueError")
            assert not Event.objects.filter(topic="side.effect").exists()
            assert event.due_at > timezone.now()
            Event.objects.update(due_at=timezone.now())
        fail[0] = False
        tasks.deliver_one()
        with engine_scope():
            assert Event.objects.get(topic="test.topic").state == "done"
    finally:
        registry._handlers.pop("test.topic")


def test_after_twenty_tries_it_is_dead_and_visible(real_db, settings):
    settings.JIELI_ENV = "dev"

    def handle():
        raise OSError

    registry._handlers["test.topic"] = [handle]
    try:
        with actor_scope(PUBLIC):
            registry.emit("test.topic")
        for _ in range(tasks.MAX_TRIES):
            with engine_scope():
                Event.objects.filter(state="pending").update(due_at=timezone.now())
            tasks.deliver_one()
        with engine_scope():
            assert Event.objects.get(topic="test.topic").state == "dead"
    finally:
        registry._handlers.pop("test.topic")


def test_many_workers_share_the_queue_without_doing_anything_twice(real_db):
    seen, lock = [], threading.Lock()

    def handle(n):
        with lock:
            seen.append(n)

    registry._handlers["test.topic"] = [handle]
    try:
        with actor_scope(PUBLIC):
            for n in range(100):
                registry.emit("test.topic", n=n)
        real_db.threads(6, lambda i: tasks.drain(), role="engine")
        assert sorted(seen) == list(range(100))
    finally:
        registry._handlers.pop("test.topic")


def test_a_broker_that_is_down_does_not_hurt_the_change(real_db, settings, handler, monkeypatch):
    def unreachable(**kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr(tasks.deliver, "apply_async", unreachable)
    monkeypatch.setattr(tasks, "wake_up_wanted", lambda: True)
    with actor_scope(PUBLIC):
        outbox.emit("test.topic", a=1)
    assert tasks.sweep() == 1  # what beat calls
    assert handler == [{"a": 1}]


def test_the_web_may_not_change_an_event(db):
    from django.db.utils import ProgrammingError

    with actor_scope(PUBLIC), pytest.raises(ProgrammingError, match="permission denied"):
        Event.objects.update(state="done")


def test_what_a_person_waits_for_goes_before_what_machines_sent(real_db, handler):
    sender, reviewer = Actor("client", org_id=1, client_id=1), Actor("staff", org_id=2, user_id=2)

    def lead(n):
        handler.append({"n": n})
        if n == 9:
            outbox.emit("test.topic", n=10)

    registry._handlers["test.topic"] = [lead]
    with actor_scope(sender):
        outbox.emit_many("test.topic", [{"n": n} for n in range(4)])
    with actor_scope(reviewer):
        outbox.emit("test.topic", n=9)
    assert tasks.drain() == 6
    assert [call["n"] for call in handler] == [9, 10, 0, 1, 2, 3]


def test_a_client_cannot_say_that_a_person_waits(real_db, handler):
    with actor_scope(Actor("client", org_id=1, client_id=1)), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at, for_person)"
            " VALUES ('test.topic', '{}', 'pending', 0, '', now(), now(), true)"
        )
    with engine_scope("test"):
        assert not Event.objects.get(topic="test.topic").for_person
        Event.objects.all().delete()

"""The queue: what an injected event can make the engine do, and what it cannot."""

import json
import logging

import pytest
from django.db.utils import DatabaseError

import factories as make
import outbox
from outbox import registry, tasks
from outbox.authority import MAY_WAKE
from outbox.models import Event
from scope import Actor, actor_scope, engine_scope
from scope.actor import ENGINE, PUBLIC

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch):
    """Topic → what its handler was given; in place of the real handlers."""
    seen = []

    def handlers(topic):
        return [lambda **ids: seen.append((topic, ids, outbox.asked_by().label))]

    monkeypatch.setattr(registry, "handlers", handlers)
    return seen


def forge(inject, topic, **ids):
    inject(
        "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at)"
        " VALUES (%s, %s::jsonb, 'pending', 0, '', now(), now())",
        topic,
        json.dumps(ids),
    )


def delivered():
    tasks.drain()
    with engine_scope():
        return list(Event.objects.order_by("id").values_list("topic", "state", "error"))


@pytest.mark.parametrize("topic", sorted(topic for topic, kinds in MAY_WAKE.items() if not kinds))
def test_nobody_at_the_web_can_say_what_only_the_engine_finds_out(inject, woken, topic):
    org = make.organisation()
    for actor in (make.staff(org, "administrator"), make.patient(), make.client_actor(org, "x"), PUBLIC):
        with actor_scope(actor):
            forge(inject, topic, identity_id=1, person_id=2)
    assert {(state, error) for _, state, error in delivered()} == {("dead", "NotAuthorised")}
    assert woken == []


def test_the_engine_itself_says_it(inject, woken):
    with engine_scope():
        forge(inject, "linking.linked", identity_id=1, person_id=2)
    assert delivered() == [("linking.linked", "done", "")]
    assert woken == [("linking.linked", {"identity_id": 1, "person_id": 2}, "engine")]


def test_an_identity_is_checked_in_one_s_own_name_and_house(inject, woken):
    org = make.organisation()
    staff = make.staff(org, "case_worker")
    with actor_scope(staff):
        forge(
            inject, "application.identity_checked", application_id=1, user_id=staff.user_id + 1, org_id=org.pk
        )
        forge(
            inject, "application.identity_checked", application_id=1, user_id=staff.user_id, org_id=org.pk + 1
        )
        forge(inject, "application.identity_checked", application_id=1)
    with actor_scope(make.patient()):
        forge(inject, "application.identity_checked", application_id=1, user_id=staff.user_id, org_id=org.pk)
    assert [state for _, state, _ in delivered()] == ["dead"] * 4
    with actor_scope(staff):
        forge(inject, "application.identity_checked", application_id=1, user_id=staff.user_id, org_id=org.pk)
    assert delivered()[-1][1] == "done"
    assert woken[0][2] == f"staff:{staff.user_id}@{org.pk}"


@pytest.mark.parametrize(
    "column",
    ['asked_by = \'{"kind": "engine"}\'', "ids = '{}'", "state = 'done'", "topic = 'linking.linked'"],
)
def test_an_event_is_not_changed_by_the_web(inject, column):
    with actor_scope(make.patient()):
        forge(inject, "test.topic", a=1)
        with pytest.raises(DatabaseError, match="permission denied"):
            inject(f"UPDATE outbox_event SET {column}")


def test_the_one_who_asked_is_written_by_the_database_whatever_the_writer_says(inject):
    patient = make.patient()
    with actor_scope(patient):
        inject(
            "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at, asked_by, done_at)"
            " VALUES ('linking.linked', '{}', 'done', 19, 'x', '2020-01-01', '2020-01-01',"
            ' \'{"kind": "engine"}\', now())'
        )
    with engine_scope():
        event = Event.objects.defer(None).get()
    assert event.asked_by["kind"] == "patient"
    assert event.asked_by["account"] == patient.account_id
    assert (event.state, event.tries, event.error, event.done_at) == ("pending", 0, "", None)
    assert event.due_at.year > 2020


def test_a_web_context_that_calls_itself_the_engine_is_not_the_engine(inject, woken):
    """engine and system are roles of the database, not words of a context."""
    for actor in (ENGINE, Actor("system")):
        with actor_scope(actor):
            forge(inject, "linking.linked", identity_id=1, person_id=2)
    assert [state for _, state, _ in delivered()] == ["dead", "dead"]


@pytest.mark.parametrize("ids", ["[]", '"x"', "1", "null", "[1, 2]"])
def test_an_event_carries_ids_by_name_or_is_refused(inject, ids):
    with actor_scope(make.patient()), pytest.raises(DatabaseError, match="ids by name"):
        inject(
            "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at)"
            " VALUES ('x', %s::jsonb, 'pending', 0, '', now(), now())",
            ids,
        )


@pytest.mark.parametrize(
    "ids",
    [
        {"consent_id": "1; DROP TABLE consent"},
        {"consent_id": {"a": [1]}},
        {"x": 1},
        {},
        {"consent_id": 10**30},
    ],
)
def test_a_poisoned_event_dies_alone(inject, settings, caplog, ids):
    settings.JIELI_ENV = "production"  # in tests a handler's error is raised
    caplog.set_level(logging.CRITICAL)
    with actor_scope(make.patient()):
        forge(inject, "consent.given", **ids)
        forge(inject, "test.topic")
    tasks.drain()
    with engine_scope():
        poisoned, sound = Event.objects.order_by("id")
        assert (poisoned.state, poisoned.tries) == ("pending", 1)
        assert poisoned.error.isidentifier()  # the kind of error, never its text
        assert sound.state == "done"


def test_the_web_does_not_read_who_was_linked_to_whom(inject):
    with engine_scope():
        outbox.emit("linking.linked", identity_id=4, person_id=5)
    with actor_scope(make.patient()):
        assert Event.objects.count() == 1
        assert Event.objects.first().state == "pending"
        for column in ("ids", "asked_by", "*"):
            with pytest.raises(DatabaseError, match="permission denied"):
                inject(f"SELECT {column} FROM outbox_event")


def test_every_topic_with_a_handler_says_who_may_wake_it():
    """A new topic: add it to MAY_WAKE in platform/outbox/authority.py."""
    handled = {
        topic for topic, found in registry._handlers.items() if found and not topic.startswith("test.")
    }
    assert handled <= set(MAY_WAKE)

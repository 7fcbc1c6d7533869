"""Indexing anew after an upgrade: everybody is found again, nobody is lost half-way, and it can be told to go on."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.management import call_command

from config.celery import app
from insurance.linking import lookup, services
from insurance.linking import tasks as linking
from insurance.linking.reindexing import reindex, renew
from matching.linkage import blocking
from outbox.models import Event
from people import index
from people.models import BlockingKey, Identity, LinkageRecord
from scope import engine_scope

pytestmark = pytest.mark.django_db


def forgotten():
    """The index as an upgrade leaves it: of nobody."""
    with engine_scope("test"):
        BlockingKey.objects.all().delete()
        LinkageRecord.objects.all().delete()


def found_by(identity_id):
    with engine_scope("test"):
        identity = Identity.objects.get(pk=identity_id)
        mine = services.record_of(identity)
        return [
            item.identity_id for item in lookup.look_up(identity.pk, mine, lookup.keys_of(identity, mine))
        ]


def index_of_all():
    with engine_scope("test"):
        keys = set(BlockingKey.objects.values_list("identity_id", "key"))
        bodies = {row.identity_id: lookup.decode(bytes(row.body)) for row in LinkageRecord.objects.all()}
        return keys, bodies


def test_the_index_comes_back_as_it_was(people):
    known, _person = people.linked()
    others = [people.linked(name=name, id_number=people.number(serial=at))[0] for at, name in
              enumerate(("王建国", "李秀英", "赵志强"), 101)]  # fmt: skip
    asking = people.insurer(name="陈雨函", phone="", id_number="", id_valid=False)
    before, hits = index_of_all(), found_by(asking)
    assert known in hits
    forgotten()
    assert found_by(asking) == []
    steps = list(reindex(chunk=2))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done >= len(others) + 2
    keys, bodies = index_of_all()
    assert before[0] <= keys
    assert before[1].items() <= bodies.items()
    assert found_by(asking) == hits


def test_it_goes_on_where_it_stopped(people):
    people.linked()
    for serial in (201, 202):
        people.linked(name=f"王建{'国军'[serial - 201]}", id_number=people.number(serial=serial))
    full = list(reindex(chunk=1))
    forgotten()
    first = next(reindex(chunk=1))
    rest = list(reindex(first.after, chunk=1))
    assert first.done + rest[-1].done == full[-1].done
    assert rest[-1].after == full[-1].after


def test_who_waits_is_looked_at_again_and_who_is_linked_is_not(people):
    people.linked()
    waiting = people.campaign(name="没有人", birth_date=None)
    with engine_scope("test"):
        services.link(waiting)
        assert Identity.objects.get(pk=waiting).state == "waiting"
        Event.objects.all().delete()
    assert list(reindex())[-1].again == 1
    with engine_scope("test"):
        assert [row.ids for row in Event.objects.filter(topic="linking.again")] == [{"identity_id": waiting}]


def test_what_older_keys_have_indexed_is_found_again_without_being_asked_for(people):
    known, _person = people.linked()
    current, _ = people.linked(name="王建国", id_number=people.number(serial=301))
    asking = people.insurer(name="陈雨函", phone="", id_number="", id_valid=False)
    with engine_scope("test"):
        BlockingKey.objects.filter(identity_id=known).delete()
        LinkageRecord.objects.filter(identity_id=known).update(keys_version=blocking.VERSION - 1)
        kept = bytes(LinkageRecord.objects.get(identity_id=current).body)
    assert found_by(asking) == []
    linking.renew()
    assert found_by(asking) == [known]
    with engine_scope("test"):
        assert not LinkageRecord.objects.exclude(keys_version=blocking.VERSION).exists()
        assert bytes(LinkageRecord.objects.get(identity_id=current).body) == kept, "the others are left alone"
    assert renew(30.0) == 0


def test_an_appeal_leaves_the_places_that_older_keys_gave_it(people):
    asking = people.campaign(name="陈**", birth_date=None, extra={"age": 9, "birth_year": 2017})
    with engine_scope("test"):
        services.link(asking)
        now = set(BlockingKey.objects.filter(identity_id=asking).values_list("key", flat=True))
        BlockingKey.objects.create(identity_id=asking, key=index.appeal_key(min(now)))
        LinkageRecord.objects.filter(identity_id=asking).update(keys_version=1)
    assert renew(30.0) == 1
    with engine_scope("test"):
        assert set(BlockingKey.objects.filter(identity_id=asking).values_list("key", flat=True)) == now


def test_it_is_renewed_in_turns(people):
    for serial in (401, 402, 403):
        people.linked(name=f"李秀{'英兰梅'[serial - 401]}", id_number=people.number(serial=serial))
    with engine_scope("test"):
        LinkageRecord.objects.update(keys_version=1)
    assert renew(0.0) == 0
    assert renew(30.0, chunk=2) == 3


def test_everything_that_beat_asks_for_is_there():
    app.loader.import_default_modules()
    assert settings.CELERY_BEAT_SCHEDULE
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks


def test_the_command_says_what_it_did(people, capsys):
    people.linked()
    call_command("reindex_people", "--chunk", "1")
    assert "重建了 1 条" in capsys.readouterr().out
    with engine_scope("test"):
        highest = Identity.objects.order_by("-pk").values_list("pk", flat=True)[0]
    call_command("reindex_people", "--after", str(highest))
    assert "重建了 0 条" in capsys.readouterr().out

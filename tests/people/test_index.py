from __future__ import annotations

import pytest
from django.db import connection

import factories as make
from people import index, registry
from people.models import BlockingKey, LinkageRecord, Person
from scope import engine_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def identity(db):
    org = make.organisation("statutory_insurer")
    with engine_scope("test"):
        return registry.insurer_identity(org.pk, registry.Description(name="陈雨涵", phone="13800005521"))[0]


def others(count, keys, linked=False):
    org = make.organisation("statutory_insurer")
    made = []
    with engine_scope("test"):
        for n in range(count):
            row, _ = registry.insurer_identity(org.pk, registry.Description(name=f"甲{n}"))
            index.enter(row, keys, b"x")
            if linked:
                registry.assign(row, Person.objects.create(), "new")
            made.append(row.pk)
    return made


def test_keys_are_keyed_hashes_of_name_and_value():
    one, same, other = index.hashed(
        [("phone", "13800005521"), ("phone", "13800005521"), ("id18", "13800005521")]
    )
    assert one == same != other
    assert 13800005521 not in (one, other)
    assert -(2**63) <= index.number_key(b"\xff" * 16) < 2**63


def test_a_key_is_entered_once_and_only_new_ones_are_told(identity):
    with engine_scope("test"):
        assert index.enter(identity, [7, 5], b"one") == [5, 7]
        assert index.enter(identity, [5, 9], b"one") == [9]
        assert BlockingKey.objects.filter(identity=identity).count() == 3


def test_the_record_is_sealed_and_follows_the_description(identity):
    with engine_scope("test"):
        index.enter(identity, [5], "陈雨涵".encode())
        first = LinkageRecord.objects.get().body
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM linkage_record")
            (before,) = cursor.fetchone()
        index.enter(identity, [5], "陈雨涵".encode())
        index.enter(identity, [5], "陈雨函".encode())
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM linkage_record")
            (after,) = cursor.fetchone()
        assert LinkageRecord.objects.get().body == "陈雨函".encode()
    assert first == "陈雨涵".encode()
    assert "陈雨涵".encode() not in bytes(before)
    assert bytes(before) != bytes(after)


def test_the_same_record_is_not_written_again(identity):
    def sealed():
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM linkage_record")
            return bytes(cursor.fetchone()[0])

    with engine_scope("test"):
        index.enter(identity, [5], b"same")
        before = sealed()
        index.enter(identity, [5], b"same")
        assert sealed() == before


def test_the_web_role_reads_no_record(identity):
    from django.db import ProgrammingError, transaction

    with engine_scope("test"):
        index.enter(identity, [5], b"x")
    with pytest.raises(ProgrammingError), transaction.atomic():
        LinkageRecord.objects.exists()


def test_those_who_wait_are_found_by_a_shared_key(identity):
    waiting = others(2, [5])
    others(1, [5], linked=True)
    others(1, [6])
    with engine_scope("test"):
        assert index.waiting_ids(identity, [5]) == waiting
        assert index.waiting_ids(identity, []) == []


def test_appeals_are_woken_by_their_keys_and_take_no_place_among_others(identity, monkeypatch):
    monkeypatch.setattr(index, "CANDIDATES_PER_KEY", 4)
    appeals = others(3, [index.appeal_key(5)])
    waiting = others(3, [5])
    with engine_scope("test"):
        assert index.waiting_ids(identity, [5]) == sorted(appeals + waiting)
    assert index.appeal_key(index.appeal_key(-(2**63))) == -(2**63)


def test_a_crowds_key_wakes_nobody(identity, monkeypatch):
    monkeypatch.setattr(index, "CANDIDATES_PER_KEY", 4)
    few = others(3, [5])
    with engine_scope("test"):
        assert index.waiting_ids(identity, [5]) == few
    others(1, [5])
    with engine_scope("test"):
        assert index.waiting_ids(identity, [5]) == []
        assert index.waiting_ids(identity, [5, 6]) == []

"""The attacker wants the log to say something else, or to tell him whose sealed records these are."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError

import factories as make
from audit import record, services
from audit.leaf import InvalidEntry
from audit.models import Entry, EntryPayload
from scope import Actor, actor_scope
from scope.actor import SYSTEM

SALT = "decode(repeat('00', 32), 'hex')"


@pytest.fixture
def viewed(db):
    """(actor, number of his entry about a list with two cases)."""
    actor = make.staff(make.organisation(), "case_worker")
    with actor_scope(actor):
        return actor, record("queue.viewed", f"organisation:{actor.org_id}", also=["case:5", "case:6"])


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO audit_subject (entry_id, subject) VALUES ({number}, 'case:7')",
        "UPDATE audit_subject SET subject = 'case:7'",
        "DELETE FROM audit_subject WHERE subject = 'case:6'",
        "TRUNCATE audit_subject",
        "SELECT set_config('app.audit_erasing', 'on', true); DELETE FROM audit_subject",
        "SELECT audit_reindex()",
        "SELECT audit_erase(ARRAY[{number}]::bigint[])",
        "INSERT INTO audit_entry_payload VALUES ({number} + 1, " + SALT + ", '{{}}')",
        "UPDATE audit_entry_payload SET payload = '{{}}'",
        "INSERT INTO audit_cosignature (checkpoint_id, witness, line, at) VALUES (1, 'x', 'x', now())",
        "SELECT audit_canonical('{{}}')",
    ],
)
def test_who_is_named_by_an_entry_is_not_changed_afterwards(viewed, inject, sql):
    actor, number = viewed
    with actor_scope(actor), pytest.raises(DatabaseError, match="permission denied|is refused"):
        inject(sql.format(number=number))
    assert [one.entry_id for one in services.trail("case:6")] == [number]
    assert not services.trail("case:7")


def test_an_entry_that_forgot_its_payload_gets_no_other(real_db):
    """Found by attack: the web could insert a payload for an entry whose own one was erased."""
    with actor_scope(Actor("staff", org_id=3, user_id=12)):
        number = record("field.revealed", "case:5", payload={"fields": ["id_number"]})
    with real_db.connect("owner") as owner:
        owner.execute("SELECT audit_erase(%s)", [[number]])
    false = f"INSERT INTO audit_entry_payload VALUES ({number}, {SALT}, '{{\"fields\": []}}')"
    for role in ("app", "engine"):
        with real_db.connect(role) as attacker, pytest.raises(psycopg.Error, match="permission denied"):
            attacker.execute(false)
    assert not EntryPayload.objects.filter(pk=number).exists()


def test_the_one_way_in_writes_in_no_other_name_and_dates_nothing(viewed, inject):
    actor, _number = viewed
    with actor_scope(actor):
        for label in ("engine", "system", "public", "staff:1@1", "patient:1", ""):
            with pytest.raises(DatabaseError, match="cannot be written as"):
                inject(f"SELECT audit_write(%s, 'award.approved', 'award:1', {SALT}, '{{}}')", label)
    with pytest.raises(DatabaseError, match="cannot be written as"):
        inject(f"SELECT audit_write(%s, 'award.approved', 'award:1', {SALT}, '{{}}')", actor.label)
    assert not Entry.objects.filter(subject="award:1").exists()


def test_a_role_named_in_a_setting_is_not_a_role_that_one_has(real_db):
    """audit_write() runs as its owner and asks who called: only a role that the session may take counts."""
    with real_db.connect("app") as attacker:
        for sql in ("SET ROLE jieli_engine", "SELECT set_config('role', 'jieli_engine', true)"):
            with pytest.raises(psycopg.Error), attacker.transaction():
                attacker.execute(sql)
        with attacker.transaction():
            attacker.execute("SET ROLE NONE")
            with pytest.raises(psycopg.Error, match="cannot be written as"), attacker.transaction():
                attacker.execute(f"SELECT audit_write('engine', 'a.b', 'a:1', {SALT}, '{{}}')")


def test_nobody_learns_from_the_trail_whose_a_sealed_record_is(db, inject):
    """The family's function answers the account of a proven person alone; the sender's own entries name records,
    never the person that they were found to belong to."""
    insurer = make.organisation("statutory_insurer")
    account = make.account()
    claimed = make.application(account)
    asking = [
        make.staff(insurer, "intake_clerk"),
        make.client_actor(insurer, "settlements:read"),
        make.patient(account),
        make.patient(),
        Actor("public"),
        SYSTEM,
    ]
    for actor in asking:
        with actor_scope(actor):
            for number in range(claimed.pk + 3):
                assert inject("SELECT application_trail(%s)", number) == []
            for table in ("person", "settlement_source"):
                with pytest.raises(DatabaseError, match="permission denied"):
                    inject(f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    "payload",
    [
        '{"\ue000":1,"\U00010000":2}',  # another order of keys for the database than for RFC 8785
        '{"a":' + "[" * 600 + "]" * 600 + "}",  # deeper than a reader's stack
        '{"a":9007199254740992}',  # read differently by programs whose numbers are doubles
        '{"a":-9999999999999999}',
        '{"a":"' + "x" * 65_536 + '"}',
    ],
)
def test_nobody_plants_an_entry_that_a_checker_cannot_read_back(viewed, inject, payload):
    """Found by attack: the log would have been reported as changed for ever."""
    actor, _number = viewed
    with actor_scope(actor), pytest.raises(DatabaseError, match="canonical JSON|64 KiB"):
        inject(f"SELECT audit_write(%s, 'a.b', 'case:1', {SALT}, %s)", actor.label, payload)


def test_what_record_takes_the_database_takes(viewed):
    actor, _number = viewed
    deep: list = []
    for _ in range(30):
        deep = [deep]
    with actor_scope(actor):
        record("a.b", "case:1", payload={"病": [2**53 - 1, -(2**53) + 1, {"退": True}], "deep": deep})
        for bad in ({"\uff01": 1}, {"a": {"\U00010000": 1}}, {"deep": [[deep]]}, {"a": 2**53}):
            with pytest.raises(InvalidEntry):
                record("a.b", "case:1", payload=bad)

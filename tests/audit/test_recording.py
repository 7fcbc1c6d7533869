"""record(): who may write what, and that nothing can be changed afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from audit import leaf, record
from audit.models import Entry, EntryPayload, Pending
from scope import Actor, NoActorError, actor_scope, engine_scope

STAFF = Actor("staff", org_id=3, user_id=12)
OTHER = Actor("staff", org_id=4, user_id=12)
ACTORS = [
    (STAFF, "staff:12@3"),
    (Actor("client", org_id=2, client_id=4), "client:4@2"),
    (Actor("patient", account_id=77), "patient:77"),
    (Actor("public"), "public"),
    (Actor("system"), "system"),
]


def execute(sql, arguments=None):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return cursor.fetchall() if cursor.description else cursor.rowcount


@pytest.mark.parametrize(("actor", "label"), ACTORS)
def test_an_entry_carries_the_actor_of_the_scope(db, actor, label):
    with actor_scope(actor):
        number = record("case.viewed", "case:5", payload={"fields": ["name"]})
    entry = Entry.objects.get(pk=number)
    assert (entry.actor, entry.action, entry.subject) == (label, "case.viewed", "case:5")
    assert Pending.objects.filter(pk=number).exists()
    content = entry.content
    assert content.payload == {"fields": ["name"]}
    canonical = leaf.canonical_payload(content.payload)
    assert bytes(entry.commitment) == leaf.commitment(bytes(content.salt), canonical)


def test_the_engine_records_as_the_engine(as_engine):
    with engine_scope():
        assert Entry.objects.get(pk=record("outbox.delivered", "event:1")).actor == "engine"


def test_two_equal_payloads_have_different_commitments(db):
    with actor_scope(STAFF):
        numbers = [record("case.viewed", "case:5", payload={"a": 1}) for _ in range(2)]
    assert len({bytes(entry.commitment) for entry in Entry.objects.filter(pk__in=numbers)}) == 2


def test_it_is_rolled_back_with_the_work_that_it_records(db):
    def work():
        with actor_scope(STAFF):
            record("award.approved", "award:5")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work()
    assert not Entry.objects.filter(subject="award:5").exists()
    assert not Pending.objects.exists()


def test_it_refuses_to_write_outside_a_transaction(real_db):
    with pytest.raises(TransactionManagementError):
        record("award.approved", "award:5", actor=STAFF)
    assert not Entry.objects.exists()


def test_it_refuses_to_write_outside_a_scope(db):
    with pytest.raises(NoActorError):
        record("award.approved", "award:5")


@pytest.mark.parametrize("forged", [OTHER, Actor("engine"), Actor("system"), Actor("patient", account_id=3)])
def test_the_database_refuses_an_entry_in_anothers_name(db, forged):
    with (
        actor_scope(STAFF),
        pytest.raises(DatabaseError, match="cannot be written as"),
        transaction.atomic(),
    ):
        record("award.approved", "award:5", actor=forged)
    assert not Entry.objects.exists()


def test_the_database_refuses_a_name_when_the_context_is_forged(db):
    with actor_scope(STAFF):
        execute("SELECT set_config('app.actor', replace(current_setting('app.actor'), '|3|', '|4|'), true)")
        with pytest.raises(DatabaseError, match="cannot be written as"):
            execute(
                "INSERT INTO audit_entry (actor, action, subject, commitment)"
                " VALUES ('staff:12@4', 'a.b', 'a:1', decode(repeat('00', 32), 'hex'))"
            )


@pytest.mark.parametrize("column", ["id", "at"])
def test_nobody_chooses_number_or_time_of_an_entry(db, column):
    value = {"id": "999", "at": "'2019-01-01'"}[column]
    with actor_scope(STAFF), pytest.raises(DatabaseError, match="permission denied"):
        execute(
            f"INSERT INTO audit_entry ({column}, actor, action, subject, commitment)"
            f" VALUES ({value}, 'staff:12@3', 'a.b', 'a:1', decode(repeat('00', 32), 'hex'))"
        )


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET subject = 'case:6'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "UPDATE audit_entry_payload SET payload = '{}'",
        "DELETE FROM audit_entry_payload",
        "DELETE FROM audit_pending",
        "INSERT INTO audit_pending VALUES (1)",
        "INSERT INTO audit_leaf VALUES (0, decode(repeat('00', 32), 'hex'), 1)",
        "UPDATE audit_leaf SET leaf_index = 7",
        "UPDATE audit_checkpoint SET size = 7",
        "DELETE FROM audit_tree_node",
        "SELECT audit_erase(ARRAY[1])",
    ],
)
def test_the_application_cannot_change_the_log(db, sql):
    with actor_scope(STAFF):
        record("case.viewed", "case:5")
    with pytest.raises(DatabaseError, match="permission denied"):
        execute(sql)
    assert Entry.objects.filter(subject="case:5").exists()
    assert Pending.objects.exists()


@pytest.mark.parametrize("table", ["audit_entry", "audit_leaf", "audit_tree_node", "audit_checkpoint"])
def test_the_engine_cannot_change_what_is_written(as_engine, table):
    for sql in (f"UPDATE {table} SET id = 1", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError):
            execute(sql)


def test_even_the_owner_is_refused_by_the_triggers(real_db):
    with actor_scope(STAFF):
        number = record("case.viewed", "case:5")
    for sql in (
        "UPDATE audit_entry SET subject = 'case:6'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "UPDATE audit_entry_payload SET payload = '{}'",
        "DELETE FROM audit_entry_payload",
        "TRUNCATE audit_entry_payload",
    ):
        with real_db.connect("owner") as owner, pytest.raises(Exception, match="is refused"):
            owner.execute(sql)
    assert EntryPayload.objects.filter(pk=number).exists()


@pytest.mark.parametrize("payload", [{"amount": 1.0}, {"x": object()}])
def test_it_refuses_a_payload_without_an_exact_form_before_it_writes(db, payload):
    with actor_scope(STAFF), pytest.raises(leaf.InvalidEntry):
        record("award.approved", "award:5", payload=payload)
    assert not Entry.objects.exists()

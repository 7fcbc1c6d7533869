"""record(): who may write what, and that nothing can be changed afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import leaf, record, services
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

SALT = "decode(repeat('00', 32), 'hex')"
words = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=12)


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
            execute(f"SELECT audit_write('staff:12@4', 'a.b', 'a:1', {SALT}, '{{}}')")


def test_nobody_inserts_past_the_one_way_in(db):
    with actor_scope(STAFF):
        number = record("case.viewed", "case:5")
        for sql in (
            "INSERT INTO audit_entry (actor, action, subject, commitment)"
            " VALUES ('staff:12@3', 'a.b', 'a:1', sha256(''))",
            f"INSERT INTO audit_entry_payload VALUES ({number}, {SALT}, '{{}}')",
            f"INSERT INTO audit_subject (entry_id, subject) VALUES ({number}, 'case:6')",
        ):
            with pytest.raises(DatabaseError, match="permission denied"):
                execute(sql)


@pytest.mark.parametrize(
    ("salt", "payload"),
    [
        ("'short'::bytea", "{}"),
        (None, '{"a": 1}'),
        (None, '{"b":1,"a":2}'),
        (None, '{"a":1,"a":2}'),
        (None, '{"a":1.5}'),
        (None, '{"a":12345678901234567}'),
        (None, "[]"),
        (None, "null"),
        (None, '{"subjects":"case:6"}'),
        (None, '{"subjects":["\u738b\u67d0"]}'),
        (None, '{"subjects":["case:6","case:6"]}'),
    ],
)
def test_the_database_takes_no_payload_that_the_checker_would_read_otherwise(db, salt, payload):
    with actor_scope(STAFF), pytest.raises(DatabaseError):
        execute(f"SELECT audit_write('staff:12@3', 'a.b', 'a:1', {salt or SALT}, %s)", [payload])
    assert not Entry.objects.exists()


@pytest.mark.parametrize(("action", "subject"), [("看了", "case:1"), ("a.b", "王某"), ("a.b", "case:1 王")])
def test_the_database_takes_no_sentence_for_action_or_subject(db, action, subject):
    with actor_scope(STAFF), pytest.raises(DatabaseError, match="audit_entry_words"):
        execute(f"SELECT audit_write('staff:12@3', %s, %s, {SALT}, '{{}}')", [action, subject])


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-leaf.MAX_INT, leaf.MAX_INT)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(words.filter(lambda word: word != "subjects"), plain, max_size=5))
def test_whatever_record_takes_the_database_takes_and_the_commitment_keeps_it(db, payload):
    with actor_scope(STAFF):
        entry = Entry.objects.get(pk=record("case.viewed", "case:5", payload=payload))
    content = leaf.canonical_payload(entry.content.payload)
    assert content == leaf.canonical_payload(payload)
    assert bytes(entry.commitment) == leaf.commitment(bytes(entry.content.salt), content)


def test_one_entry_names_several_subjects_and_stands_in_each_one_s_trail(db):
    with actor_scope(STAFF):
        number = record(
            "queue.viewed", "organisation:3", also=["case:5", "case:6", "case:5", "organisation:3"]
        )
        record("case.viewed", "case:5")
    assert EntryPayload.objects.get(pk=number).payload == {"subjects": ["case:5", "case:6"]}
    assert [one.entry_id for one in services.trail("case:6")] == [number]
    assert [one.action for one in services.trail("case:5")] == ["case.viewed", "queue.viewed"]
    assert [one.entry_id for one in services.trail("organisation:3")] == [number]
    assert Entry.objects.get(pk=number).subject == "organisation:3"
    assert not services.index_drift()


def test_an_entry_about_thousands_goes_on_in_further_entries(db):
    with actor_scope(STAFF):
        first = record("records.exported", "organisation:3", also=[f"record:{n}" for n in range(2_500)])
    entries = list(Entry.objects.filter(action="records.exported").order_by("pk"))
    assert [len(one.content.payload["subjects"]) for one in entries] == [1000, 1000, 500]
    assert [one.content.payload.get("continues") for one in entries] == [None, first, first]
    assert [one.entry_id for one in services.trail("record:2499")] == [entries[2].pk]


@pytest.mark.parametrize("also", [["王某"], ["case"], [""]])
def test_it_refuses_other_subjects_that_are_no_subjects(db, also):
    with actor_scope(STAFF), pytest.raises(leaf.InvalidEntry):
        record("queue.viewed", "organisation:3", also=also)
    with actor_scope(STAFF), pytest.raises(leaf.InvalidEntry, match="also"):
        record("queue.viewed", "organisation:3", payload={"subjects": ["case:1"]})
    assert not Entry.objects.exists()


@pytest.mark.parametrize("column", ["id", "at"])
def test_nobody_chooses_number_or_time_of_an_entry(db, column):
    """Neither by a row of his own nor through the one way in, which has no place for them."""
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
        "UPDATE audit_subject SET subject = 'case:6'",
        "DELETE FROM audit_subject",
        "TRUNCATE audit_subject",
        "SELECT audit_reindex()",
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
        number = record("case.viewed", "case:5", also=["case:7"])
    for sql in (
        "UPDATE audit_entry SET subject = 'case:6'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry CASCADE",
        "UPDATE audit_entry_payload SET payload = '{}'",
        "DELETE FROM audit_entry_payload",
        "TRUNCATE audit_entry_payload",
        "UPDATE audit_subject SET subject = 'case:8'",
        "DELETE FROM audit_subject",
        "TRUNCATE audit_subject",
    ):
        with real_db.connect("owner") as owner, pytest.raises(Exception, match="is refused"):
            owner.execute(sql)
    assert EntryPayload.objects.filter(pk=number).exists()


@pytest.mark.parametrize("payload", [{"amount": 1.0}, {"x": object()}])
def test_it_refuses_a_payload_without_an_exact_form_before_it_writes(db, payload):
    with actor_scope(STAFF), pytest.raises(leaf.InvalidEntry):
        record("award.approved", "award:5", payload=payload)
    assert not Entry.objects.exists()

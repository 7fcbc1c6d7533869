"""The context: kept, smuggled, left behind, mixed up between savepoints, errors and threads."""

import threading

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

import factories as make
from scope import Actor, actor_scope, engine_scope
from scope.actor import ENGINE
from scope.scope import context_value

A = Actor("staff", org_id=101, user_id=1)
B = Actor("staff", org_id=202, user_id=2)


def org():
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_org()")
        return cursor.fetchone()[0]


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values or None)
        return cursor.fetchall() if cursor.description else None


def test_what_an_attacker_leaves_in_the_session_is_gone_after_the_next_request(real_db):
    with actor_scope(A):
        sql("SELECT set_config('app.actor', current_setting('app.actor'), false)")
    assert org() == 101  # smuggled past the commit
    with actor_scope(B):
        assert org() == 202
    assert org() is None


def test_what_was_left_in_the_session_does_not_reach_into_a_scope(real_db):
    with actor_scope(A):
        sql("SELECT set_config('app.actor', current_setting('app.actor'), false)")
    with actor_scope(B):
        sql("SELECT set_config('app.actor', '', true)")
        assert org() is None
        with pytest.raises(DatabaseError), transaction.atomic():
            sql("SELECT 1/0")
        assert org() is None


def test_a_savepoint_rolled_back_returns_the_outer_actor_and_no_other(db):
    with actor_scope(A):
        with pytest.raises(DatabaseError, match="division"), actor_scope(B):
            sql("SELECT 1 / (app_org() - 202)")  # divides by zero as B alone
        assert org() == 101
        point = transaction.savepoint()
        sql("SELECT set_config('app.actor', '', true)")
        transaction.savepoint_rollback(point)
        assert org() == 101


def test_reset_and_discard_take_rights_away_and_give_none(db):
    with actor_scope(A):
        for text in ("RESET app.actor", "RESET ALL", "SET LOCAL app.actor = DEFAULT"):
            sql(text)
            assert org() is None, text


def test_another_setting_of_that_name_or_an_exotic_value_is_no_context(db):
    with actor_scope(A):
        pid = connection.connection.info.backend_pid
        good = context_value(A, pid)
        signature = good[-64:]
        for value in (
            good.replace("|101|", "|202|"),
            good + "|" + signature,
            good.upper(),
            good.replace("staff|101|1||", "staff|1|011||"),
            "staff|202|1|||" + str(pid) + "|" + good,
            "\u2028" + good,
            good[:-1],
            " " + good,
        ):
            sql("SELECT set_config('app.actor', %s, true)", value)
            assert org() is None, value


def test_a_context_of_one_connection_is_worth_nothing_in_another(real_db):
    kept = []
    with actor_scope(A):
        kept.append(sql("SELECT current_setting('app.actor')")[0][0])

    def work(i):
        with transaction.atomic():
            sql("SELECT set_config('app.actor', %s, true)", kept[0])
            return org()

    assert real_db.threads(2, work) == [None, None]


def test_threads_do_not_share_an_actor(real_db):
    seen = {}
    both = threading.Barrier(2)

    def work(i):
        with actor_scope((A, B)[i]):
            both.wait(30)
            seen[i] = org()
            both.wait(30)
            return org()

    assert real_db.threads(2, work) == [101, 202]
    assert seen == {0: 101, 1: 202}


def test_the_web_s_role_does_not_become_the_engine_by_calling_itself_so(real_db):
    need = make.need()
    with real_db.connect("app") as app:
        app.execute(
            "SELECT set_config('app.actor', %s, false)", [context_value(ENGINE, app.info.backend_pid)]
        )
        assert app.execute("SELECT app_kind()").fetchone() == ("engine",)
        for table in ("need_account", "settlement", "consent", "identity", "entry", "application"):
            assert app.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    with engine_scope():
        assert sql("SELECT count(*) FROM need_account WHERE id = %s", need) == [(1,)]


def test_a_cursor_opened_as_one_actor_is_closed_with_his_transaction(real_db):
    with actor_scope(A):
        sql("DECLARE mine CURSOR FOR SELECT app_org()")
    with actor_scope(B), pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
        sql("FETCH ALL FROM mine")


@pytest.mark.parametrize("actor", ["staff", "patient", "client", "public"])
def test_nobody_writes_the_log_in_another_s_name(db, actor, inject):
    house = make.organisation()
    actors = {
        "staff": make.staff(house, "administrator"),
        "patient": make.patient(),
        "client": make.client_actor(house, "x"),
        "public": Actor("public"),
    }
    labels = {one.label for one in actors.values()} | {"engine", "system", "staff:1@1", "", "nobody"}
    me = actors[actor]
    with actor_scope(me):
        for label in labels - {me.label}:
            with pytest.raises(DatabaseError, match="cannot be written as"):
                inject(
                    "SELECT audit_write(%s, 'award.approved', 'award:1', sha256(''), '{}')",
                    label,
                )
        for column in ("id, at", "id", "at"):
            values = {"id, at": "1, now()", "id": "1", "at": "now()"}[column]
            with pytest.raises(DatabaseError, match="permission denied|cannot insert"):
                inject(
                    f"INSERT INTO audit_entry ({column}, actor, action, subject, commitment)"
                    f" VALUES ({values}, %s, 'award.approved', 'award:1', sha256(''))",
                    me.label,
                )


def test_an_entry_of_the_log_is_not_kept_from_its_leaf(db, inject):
    with actor_scope(make.patient()):
        for text in (
            "DELETE FROM audit_pending",
            "UPDATE audit_pending SET entry_id = 0",
            "INSERT INTO audit_pending (entry_id) VALUES (1)",
            "INSERT INTO audit_leaf (leaf_index, entry_id, leaf_hash) VALUES (0, 1, sha256(''))",
            "DELETE FROM audit_entry_payload",
            "SELECT set_config('app.audit_erasing', 'on', true); DELETE FROM audit_entry_payload",
        ):
            with pytest.raises(DatabaseError, match="permission denied|refused"):
                inject(text)

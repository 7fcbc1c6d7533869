"""What the login roles of web and worker can do with any SQL at all: nothing beyond their grants."""

import os

import psycopg
import pytest
from django.conf import settings
from psycopg import errors

from scope import Actor
from scope.scope import context_value

REFUSED = (errors.InsufficientPrivilege, errors.ActiveSqlTransaction)

BEYOND = [
    "SET ROLE jieli_engine",
    "SET ROLE jieli_owner",
    "SET SESSION AUTHORIZATION jieli_owner",
    "SET session_replication_role = replica",
    "CREATE TEMP TABLE scope_key (id int, key bytea)",
    "CREATE TABLE mine (x int)",
    "CREATE VIEW public.mine AS SELECT 1",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION public.app_org() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION dblink",
    "ALTER TABLE settlement NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
    "DROP POLICY engine_all ON settlement",
    "CREATE POLICY all_mine ON settlement USING (true)",
    "COPY person TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT key FROM scope_key",
    "SELECT scope_hmac('a'::bytea, 'b'::bytea)",
    "SELECT audit_erase(ARRAY[1]::bigint[])",
    "SELECT * FROM pg_statistic",
    "SELECT rolpassword FROM pg_authid",
    "LOCK TABLE entry IN ACCESS EXCLUSIVE MODE",
    "TRUNCATE outbox_event",
    "SELECT * FROM settlement_source",
]


@pytest.fixture
def logged_in(real_db):
    with real_db.connect("app") as app, real_db.connect("engine") as engine:
        app.autocommit = engine.autocommit = True
        yield {"app": app, "engine": engine}


def test_the_web_s_login_gets_no_power_by_asking(logged_in):
    for sql in BEYOND:
        with pytest.raises(psycopg.Error) as refusal, logged_in["app"].transaction():
            logged_in["app"].execute(sql)
        assert isinstance(refusal.value, (*REFUSED, errors.InvalidParameterValue)), (sql, refusal.value)


def test_a_worker_that_was_broken_into_cannot_rewrite_what_was_written(logged_in):
    for sql in [
        "UPDATE entry SET d_paid = 0",
        "DELETE FROM entry",
        "UPDATE need_account SET residual = 1000000",
        "UPDATE settlement_balance SET paid = 0",
        "UPDATE fund_account SET residual = 1000000",
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET actor = 'engine'",
        "DELETE FROM audit_entry_payload",
        "UPDATE audit_leaf SET leaf_hash = ''",
        "ALTER TABLE entry DISABLE TRIGGER entry_apply",
        "SET ROLE jieli_owner",
        "SET session_replication_role = replica",
        "CREATE TEMP TABLE need_account (id int)",
        "SELECT key FROM scope_key",
        "UPDATE membership SET roles = '{administrator}'",
        "INSERT INTO consent (account_id) VALUES (1)",
    ]:
        with pytest.raises(psycopg.Error) as refusal:
            logged_in["engine"].execute(sql)
        assert isinstance(refusal.value, errors.InsufficientPrivilege), (sql, refusal.value)


def test_statistics_of_sealed_tables_tell_nothing(logged_in):
    app = logged_in["app"]
    sealed = ("settlement", "identity", "hardship", "need_account", "entry", "application", "consent")
    assert not app.execute("SELECT * FROM pg_stats WHERE tablename = ANY(%s)", [list(sealed)]).fetchall()
    assert not app.execute("SELECT * FROM pg_stats_ext").fetchall()


def test_copy_obeys_the_policies(logged_in):
    with logged_in["app"].cursor() as cursor:
        for table in ("settlement", "consent", "entry", "application"):
            with cursor.copy(f"COPY {table} TO STDOUT") as copy:
                assert list(copy) == []


def test_switching_row_security_off_stops_the_reader_and_shows_nothing(logged_in):
    app = logged_in["app"]
    app.execute("SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
        app.execute("SELECT * FROM settlement")


def test_a_plan_prepared_as_one_actor_shows_another_only_his_own(logged_in):
    app = logged_in["app"]
    app.execute("PREPARE who AS SELECT app_kind(), app_org(), (SELECT app_account())")
    pid = app.info.backend_pid
    seen = []
    for actor in (Actor("staff", org_id=3, user_id=1), Actor("patient", account_id=9)):
        with app.transaction():
            app.execute("SELECT set_config('app.actor', %s, true)", [context_value(actor, pid)])
            seen.append(app.execute("EXECUTE who").fetchone())
    seen.append(app.execute("EXECUTE who").fetchone())
    assert seen == [("staff", 3, None), ("patient", None, 9), (None, None, None)]


def test_a_context_that_was_kept_is_worth_nothing_later(logged_in):
    app = logged_in["app"]
    import time

    now = int(time.time())
    actor = Actor("staff", org_id=3, user_id=1)
    for issued, seen in ((now, "staff"), (now - 3600, None), (now + 3600, None)):
        with app.transaction():
            app.execute(
                "SELECT set_config('app.actor', %s, true)",
                [context_value(actor, app.info.backend_pid, issued)],
            )
            assert app.execute("SELECT app_kind()").fetchone() == (seen,)


def test_a_context_in_the_form_of_before_is_no_context(logged_in):
    import hmac

    app = logged_in["app"]
    plain = f"staff|3|1|||{app.info.backend_pid}"
    signed = plain + "|" + hmac.new(settings.KEYS.scope, plain.encode(), "sha256").hexdigest()
    with app.transaction():
        app.execute("SELECT set_config('app.actor', %s, true)", [signed])
        assert app.execute("SELECT app_kind()").fetchone() == (None,)


def test_a_temporary_table_never_stands_in_for_the_key(real_db):
    """Even where the database lets everybody make temporary tables (a managed server, a forgotten REVOKE)."""
    import hmac
    import time

    with real_db.superuser() as admin:
        admin.execute(f'GRANT TEMPORARY ON DATABASE "{real_db.name}" TO jieli_app')
    with real_db.connect("app") as app:
        key = os.urandom(32)
        app.execute("CREATE TEMP TABLE scope_key (id int, key bytea)")
        app.execute("INSERT INTO scope_key VALUES (1, %s)", [key])
        app.execute("GRANT ALL ON scope_key TO PUBLIC")
        plain = f"staff|3|1|||{app.info.backend_pid}|{int(time.time())}"
        forged = plain + "|" + hmac.new(key, plain.encode(), "sha256").hexdigest()
        app.execute("SELECT set_config('app.actor', %s, true)", [forged])
        assert app.execute("SELECT app_kind()").fetchone() == (None,)

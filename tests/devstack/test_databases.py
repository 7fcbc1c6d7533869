"""The tests' own database: its roles, its isolation, its real commits."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction


def current_roles() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_user")
        row = cursor.fetchone()
    return (row[0], row[1])


def test_it_acts_as_the_application(db):
    assert current_roles() == ("jieli_test", "jieli_app")


def test_it_acts_as_the_engine_when_asked(as_engine):
    assert current_roles() == ("jieli_test", "jieli_engine")


def test_it_keeps_the_role_after_an_error_and_rollback(db):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert current_roles() == ("jieli_test", "jieli_app")


@pytest.mark.parametrize("role", ["jieli_app", "jieli_engine", "jieli_test", "jieli_owner"])
def test_no_serving_role_has_dangerous_powers(real_db, role):
    with real_db.superuser() as admin:
        powers = admin.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles "
            "WHERE rolname = %s",
            [role],
        ).fetchone()
    assert powers == (False, False, False, False, False)


@pytest.mark.parametrize("role", ["app", "engine", "test", "backup"])
def test_only_the_owner_owns_anything_or_may_create(real_db, role):
    with real_db.superuser() as admin:
        owned = admin.execute(
            "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = %s", [f"jieli_{role}"]
        ).fetchone()
        strangers = admin.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'public' AND pg_get_userbyid(relowner) <> 'jieli_owner'"
        ).fetchall()
    assert owned == (0,)
    assert strangers == []
    with real_db.connect(role, autocommit=True) as session:
        session.execute("SET default_transaction_read_only = off")
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)):
            session.execute("CREATE TABLE mine (id int)")


def test_the_application_cannot_become_another_role(real_db):
    with real_db.connect("app", autocommit=True) as session:
        for role in ("jieli_owner", "jieli_engine", "jieli_backup", "postgres"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(f"SET ROLE {role}")


def test_the_backup_reads_everything_and_writes_nothing(real_db):
    with real_db.connect("backup", autocommit=True) as session:
        assert session.execute("SELECT count(*) FROM django_migrations").fetchone() is not None
        with pytest.raises(psycopg.Error):
            session.execute("DELETE FROM web_session")
        session.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM web_session")


def test_a_real_database_commits_for_other_connections_to_see(real_db):
    from django.utils import timezone

    from accounts.models import Session

    def work(i: int) -> str:
        Session.objects.create(session_key=f"k{i}", session_data="", expire_date=timezone.now())
        return current_roles()[1]

    assert real_db.threads(8, work) == ["jieli_app"] * 8
    assert real_db.threads(2, lambda i: current_roles()[1], role="engine") == ["jieli_engine"] * 2
    assert current_roles() == ("jieli_test", "jieli_app")
    assert Session.objects.count() == 8
    with real_db.superuser() as admin:
        left = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND usename = 'jieli_test'",
            [real_db.name],
        ).fetchone()
    assert left == (1,)


def test_a_thread_that_fails_is_reported(real_db):
    def work(i: int) -> int:
        if i == 1:
            raise KeyError("second")
        return i

    outcomes = real_db.attempts(3, work)
    assert outcomes[0] == 0
    assert isinstance(outcomes[1], KeyError)
    with pytest.raises(KeyError):
        real_db.threads(3, work)


def test_each_real_database_is_fresh(real_db):
    from accounts.models import Session

    assert Session.objects.count() == 0

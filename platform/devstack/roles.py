"""The database's roles: made here or by `manage.py db_roles`, never by a migration.

jieli_owner owns database and schema and runs migrations; jieli_app serves web requests; jieli_engine runs
workers; jieli_backup reads everything past row-level security and writes nothing. Rooms grant their own
tables in their migrations; here only the tables of Django and of third-party apps are granted. jieli_test and
jieli_demo (never in production) may act as the application and as the engine in turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

OWNER, APP, ENGINE, BACKUP = "jieli_owner", "jieli_app", "jieli_engine", "jieli_backup"
TEST, DEMO = "jieli_test", "jieli_demo"
PLAIN = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
ATTRIBUTES: dict[str, str] = {
    OWNER: f"{PLAIN} NOBYPASSRLS",
    APP: f"{PLAIN} NOBYPASSRLS",
    ENGINE: f"{PLAIN} NOBYPASSRLS",
    BACKUP: f"{PLAIN} BYPASSRLS",
    TEST: f"{PLAIN} NOBYPASSRLS NOINHERIT",
    DEMO: f"{PLAIN} NOBYPASSRLS NOINHERIT",
}
# Sequences that code draws from with nextval(): USAGE alone, for the application.
DRAWN_BY_HAND = {"application_number", "intake_record_id_seq"}
READ_ONLY_APPS = {"contenttypes", "auth"}


def ensure_roles(admin: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make or mend the roles named in passwords (role → password). admin: a superuser, autocommit."""
    for role, password in passwords.items():
        exists = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        admin.execute(
            sql.SQL("{verb} ROLE {role} {attributes} PASSWORD {password}").format(
                verb=sql.SQL("ALTER" if exists else "CREATE"),
                role=sql.Identifier(role),
                attributes=sql.SQL(ATTRIBUTES[role]),  # type: ignore[arg-type]
                password=sql.Literal(password),
            )
        )
    if BACKUP in passwords:
        admin.execute(
            sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(sql.Identifier(BACKUP))
        )
    for both in {TEST, DEMO} & set(passwords):
        admin.execute(
            sql.SQL("GRANT {}, {} TO {}").format(*(sql.Identifier(role) for role in (APP, ENGINE, both)))
        )


def ensure_database(admin: psycopg.Connection, name: str, template: str | None = None) -> bool:
    """Make the database, owned by jieli_owner, with CONNECT for our roles alone; True if it was made now."""
    database = sql.Identifier(name)
    made = False
    if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                database, sql.Identifier(OWNER), sql.Identifier(template or "template0")
            )
        )
        made = True
    else:
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, sql.Identifier(OWNER)))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    present = {
        row[0]
        for row in admin.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[APP, ENGINE, BACKUP, TEST, DEMO]]
        )
    }
    for role in sorted(present):
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(role)))
    return made


def ensure_schema(admin: psycopg.Connection) -> None:
    """The public schema belongs to the owner; the others may use it, not create in it. admin: in the
    database."""
    admin.execute(sql.SQL("ALTER SCHEMA public OWNER TO {}").format(sql.Identifier(OWNER)))
    admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for role in (APP, ENGINE, BACKUP):
        admin.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))


def foreign_tables() -> dict[str, str]:
    """Tables of Django and third-party apps → the privileges that app and engine get on them."""
    from django.apps import apps
    from django.conf import settings

    ours = {"config", "scope", "vault", "audit", "outbox", "accounts", "people", "consent", "web", "devstack"}
    ours |= {"matching", "insurance", "charity"}
    ours |= set(getattr(settings, "JIELI_ROOMS", ()))
    granted = {"django_migrations": "SELECT"}
    for config in apps.get_app_configs():
        if config.name.split(".")[0] in ours:
            continue
        privileges = "SELECT" if config.label in READ_ONLY_APPS else "SELECT, INSERT, UPDATE, DELETE"
        for model in config.get_models(include_auto_created=True):
            if model._meta.managed and not model._meta.proxy and not model._meta.swapped:
                granted[model._meta.db_table] = privileges
    return granted


def grant_foreign_tables(cursor: Any) -> list[str]:
    """As the owner, after migrate: grants on foreign tables, sequences, and all for the backup. Idempotent.

    Returns the tables that were granted.
    """
    cursor.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
    )
    present = {row[0] for row in cursor.fetchall()}
    done = []
    for table, privileges in sorted(foreign_tables().items()):
        if table in present:
            cursor.execute(
                sql.SQL("GRANT {} ON {} TO {}, {}").format(
                    sql.SQL(privileges),  # type: ignore[arg-type]
                    *(sql.Identifier(name) for name in (table, APP, ENGINE)),
                )
            )
            done.append(table)
    backup = sql.Identifier(BACKUP)
    both = sql.SQL("{}, {}").format(sql.Identifier(APP), sql.Identifier(ENGINE))
    for statement in (
        sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(backup),
        sql.SQL("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(backup),
        sql.SQL("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}").format(both),
        sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {}").format(backup),
        sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO {}").format(backup),
        sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM {}").format(both),
    ):
        cursor.execute(statement)
    # Identity columns need no grant; the counter itself would tell how many rows others made.
    cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
    for (sequence,) in cursor.fetchall():
        if sequence in DRAWN_BY_HAND:
            cursor.execute(
                sql.SQL("GRANT USAGE ON SEQUENCE {} TO {}").format(
                    sql.Identifier(sequence), sql.Identifier(APP)
                )
            )
    return done

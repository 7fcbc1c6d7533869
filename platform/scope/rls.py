"""Row-level security as migration operations: FORCE, the owner's policy, grants, append-only triggers."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.migrations import RunSQL


@dataclass(frozen=True)
class Policy:
    """One row policy. `using` and `check` are SQL over the row; write (SELECT app_org()), evaluated once.

    commands: SELECT, INSERT, UPDATE, DELETE or ALL. Every writer needs a SELECT policy that matches its
    own new rows (INSERT … RETURNING fails otherwise).
    """

    name: str
    role: str  # app | engine
    command: str
    using: str = ""
    check: str = ""

    def sql(self, table: str) -> str:
        statement = f"CREATE POLICY {self.name} ON {table} FOR {self.command} TO jieli_{self.role}"
        if self.using:
            statement += f" USING ({self.using})"
        if self.check:
            statement += f" WITH CHECK ({self.check})"
        return statement + ";"


def enable(table: str, policies: list[Policy]) -> list[RunSQL]:
    """Turn on FORCE ROW LEVEL SECURITY with the owner's own policy (for migrations and pg_dump) and yours."""
    sql = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY;",
        f"CREATE POLICY owner_all ON {table} TO jieli_owner USING (true) WITH CHECK (true);",
        *(policy.sql(table) for policy in policies),
    ]
    names = ["owner_all", *(policy.name for policy in policies)]
    reverse = [f"DROP POLICY IF EXISTS {name} ON {table};" for name in names] + [
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
    ]
    return [RunSQL("\n".join(sql), "\n".join(reverse))]


def engine_all(table: str) -> Policy:
    return Policy("engine_all", "engine", "ALL", "true", "true")


def grant(table: str, *, app: str = "", engine: str = "") -> list[RunSQL]:
    """Table grants for the two working roles, e.g. app="SELECT, INSERT". The identity sequence comes along."""
    sql, reverse = [], []
    for role, rights in (("jieli_app", app), ("jieli_engine", engine)):
        if rights:
            sql.append(f"GRANT {rights} ON {table} TO {role};")
            reverse.append(f"REVOKE ALL ON {table} FROM {role};")
    return [RunSQL("\n".join(sql), "\n".join(reverse))]


def append_only(table: str) -> list[RunSQL]:
    """Refuse UPDATE, DELETE and TRUNCATE on the table, whoever asks."""
    return [
        RunSQL(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION refuse_change();"
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();",
            f"DROP TRIGGER IF EXISTS {table}_append_only ON {table};"
            f"DROP TRIGGER IF EXISTS {table}_no_truncate ON {table};",
        )
    ]

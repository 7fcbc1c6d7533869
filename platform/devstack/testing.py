"""Databases for tests: a migrated template, and clones of it.

The template is cached by a hash of all migrations and package versions, under a lock shared by every test
run on this checkout. A clone takes about a tenth of a second; each is named after its process, so that what
a killed run left behind is dropped by the next.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeVar

import psycopg
from psycopg import sql

from . import keeper, postgres, process, roles

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
SOURCES = ("platform", "matching", "insurance", "charity")
ROLE_NAMES = (roles.OWNER, roles.APP, roles.ENGINE, roles.BACKUP, roles.TEST)

_wanted_role = threading.local()


def environment() -> dict[str, str]:
    """What a process of the tests must have in its environment before Django's settings are read."""
    return {
        "JIELI_ENV": "test",
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"),
        "JIELI_LOG_LEVEL": "WARNING",
    }


def migration_hash(root: Path = ROOT) -> str:
    """Changes whenever a migration file, the helpers that migrations call, or a package changes."""
    digest = hashlib.sha256(os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings").encode())
    digest.update((root / "platform/config/settings.py").read_bytes())
    for source in SOURCES:
        for path in sorted((root / source).rglob("*.py")):
            inside = path.relative_to(root).as_posix()
            if "/migrations/" in inside or inside.startswith("platform/scope/") or "roles.py" in path.name:
                digest.update(inside.encode() + b"\0" + path.read_bytes() + b"\0")
        for path in sorted((root / source).rglob("migrations/**/*.sql")):
            digest.update(path.read_bytes())
    installed = {f"{d.metadata['Name']}={d.version}" for d in importlib.metadata.distributions()}
    digest.update("\n".join(sorted(installed)).encode())
    return digest.hexdigest()[:16]


class TestDatabases:
    """The tests' cluster as one process sees it; starts nothing until first asked."""

    __test__ = False

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock: IO[bytes] | None = None
        self._mine: set[str] = set()

    @cached_property
    def cluster(self) -> postgres.Cluster:
        cluster, self._lock = keeper.acquire(self.home)
        with cluster.connect() as admin, self._only_one():
            roles.ensure_roles(admin, dict.fromkeys(ROLE_NAMES, cluster.password))
            self._drop_orphans(admin)
        return cluster

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        with (self.home / "template.lock").open("a+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _drop_orphans(self, admin: psycopg.Connection) -> None:
        for (name,) in admin.execute(
            r"SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'"
        ).fetchall():
            pid = name.split("_")[1]
            if pid.isdigit() and not process.alive(int(pid)):
                self._drop(admin, name)

    @staticmethod
    def _drop(admin: psycopg.Connection, name: str) -> None:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def child_environment(self, database: str, role: str = "app") -> dict[str, str]:
        """The environment of a real process (worker, server, command) on a test database."""
        cluster = self.cluster
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_URL", "JIELI_KEYS"))}
        return {
            **inherited,
            **environment(),
            "JIELI_ROLE": role,
            "DATABASE_URL": f"postgresql://{cluster.host}:{cluster.port}/{database}",
            **{f"JIELI_DB_{r}_PASSWORD": cluster.password for r in ("OWNER", "APP", "ENGINE", "BACKUP")},
        }

    @cached_property
    def template(self) -> str:
        """The name of the migrated template, made now if no run has made it."""
        cluster = self.cluster
        name = f"template_{migration_hash()}"
        with self._only_one(), cluster.connect() as admin:
            known = admin.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s AND NOT datallowconn", [name]
            ).fetchone()
            if known:
                return name
            self._drop(admin, name)
            self._forget_old_templates(admin)
            roles.ensure_database(admin, name)
            with cluster.connect(name) as inside:
                roles.ensure_schema(inside)
            done = subprocess.run(  # noqa: S603
                [
                    sys.executable,
                    str(ROOT / "manage.py"),
                    "db_roles",
                    "--tables-only",
                    "--migrate",
                    "--verbosity=0",
                ],
                env=self.child_environment(name, "owner"),
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                self._drop(admin, name)
                raise process.StartError(f"migrate failed on the test template:\n{done.stdout}{done.stderr}")
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        return name

    def _forget_old_templates(self, admin: psycopg.Connection, keep: int = 5) -> None:
        old = admin.execute(
            r"SELECT datname FROM pg_database WHERE datname LIKE 'template\_%%' AND NOT datallowconn "
            "ORDER BY oid DESC OFFSET %s",
            [keep],
        ).fetchall()
        for (name,) in old:
            self._drop(admin, name)

    def clone(self, label: str = "db") -> str:
        """A fresh database with the migrated schema; its name."""
        template = self.template
        name = f"test_{os.getpid()}_{label}_{secrets.token_hex(4)}"
        with self.cluster.connect() as admin:
            roles.ensure_database(admin, name, template)
        self._mine.add(name)
        return name

    def empty(self, label: str = "empty") -> str:
        """A fresh database without tables, owned by jieli_owner; its name."""
        name = f"test_{os.getpid()}_{label}_{secrets.token_hex(4)}"
        with self.cluster.connect() as admin:
            roles.ensure_database(admin, name)
        with self.cluster.connect(name) as admin:
            roles.ensure_schema(admin)
        self._mine.add(name)
        return name

    def drop(self, name: str) -> None:
        with self.cluster.connect() as admin:
            self._drop(admin, name)
        self._mine.discard(name)

    def close(self) -> None:
        if self._lock is None:
            return
        for name in list(self._mine):
            self.drop(name)
        self._lock.close()
        self._lock = None

    def django_settings(self, database: str) -> dict[str, Any]:
        """What to change in DATABASES['default']: login as jieli_test, no pool, no long-lived connections."""
        return {
            "NAME": database,
            "USER": roles.TEST,
            "PASSWORD": self.cluster.password,
            "HOST": self.cluster.host,
            "PORT": str(self.cluster.port),
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": False,
            "OPTIONS": {},
        }


def point_django_at(databases: TestDatabases, database: str) -> None:
    """Close this thread's connection and let every new one of the process go to the given database."""
    from django.db import connections

    connections["default"].close()
    connections.settings["default"].update(databases.django_settings(database))


def take_role(sender: Any, connection: Any, **kwargs: Any) -> None:
    """Receiver of connection_created: sessions of jieli_test act as the application (or as the thread
    asked)."""
    if connection.settings_dict.get("USER") != roles.TEST:
        return
    role = getattr(_wanted_role, "name", roles.APP)
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{role}"')


def _role(name: str) -> str:
    full = name if name.startswith("jieli_") else f"jieli_{name}"
    if full not in {roles.APP, roles.ENGINE}:
        raise ValueError(f"tests act as app or engine, not {name!r}")
    return full


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Inside, this thread's database session is jieli_app or jieli_engine ("app" / "engine")."""
    from django.db import connection

    before = getattr(_wanted_role, "name", roles.APP)
    after = _role(name)

    def switch(role: str) -> None:
        _wanted_role.name = role
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f'SET ROLE "{role}"')

    switch(after)
    try:
        yield
    finally:
        switch(before)


class RealDatabase:
    """One test's own database: commits are real, other connections see them, and it is dropped afterwards."""

    def __init__(self, databases: TestDatabases, name: str) -> None:
        self.databases = databases
        self.name = name

    @property
    def cluster(self) -> postgres.Cluster:
        return self.databases.cluster

    def acting_as(self, role: str) -> Any:
        """`with real_db.acting_as("engine"):` for this thread's connection."""
        return acting_as(role)

    def threads(
        self, n: int, work: Callable[[int], T], *, role: str = "app", patience: float = 120
    ) -> list[T]:
        """Run work(0) … work(n-1) at once, each in a thread with its own connection; results in order.

        All start together once each is connected. The first exception is raised again, with all threads done.
        """
        outcomes = self.attempts(n, work, role=role, patience=patience)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return outcomes  # type: ignore[return-value]

    def attempts(
        self, n: int, work: Callable[[int], T], *, role: str = "app", patience: float = 120
    ) -> list[T | BaseException]:
        """Like threads(), but an exception is that thread's result."""
        full = _role(role)
        outcomes: list[Any] = [TimeoutError("the thread did not finish")] * n
        start = threading.Barrier(n)

        def run(i: int) -> None:
            from django.db import connection, connections

            _wanted_role.name = full
            try:
                connection.ensure_connection()
                start.wait(patience)
                outcomes[i] = work(i)
            except BaseException as error:
                start.abort() if isinstance(error, psycopg.OperationalError) else None
                outcomes[i] = error
            finally:
                connections.close_all()

        running = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(n)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join(patience)
        return outcomes

    def connect(self, role: str = "jieli_test", **options: Any) -> psycopg.Connection:
        """A raw psycopg connection, logged in as the role itself: app, engine, owner, backup, test."""
        full = role if role.startswith("jieli_") else f"jieli_{role}"
        return psycopg.connect(self.cluster.url(full, self.cluster.password, self.name), **options)

    def superuser(self) -> psycopg.Connection:
        """Everything, past row-level security, in autocommit: to look, or to be the attacker."""
        return self.cluster.connect(self.name)

    def environment(self, role: str = "app") -> dict[str, str]:
        """The environment for a subprocess (manage.py, celery, gunicorn) on this database."""
        return self.databases.child_environment(self.name, role)

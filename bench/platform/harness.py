"""What every bench of the platform needs: a scratch database on an embedded PostgreSQL, and a table of rows.

fsync is off as in the tests, so the figures compare paths with each other, not disks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """One measured line: ours beside the peer's or the limit's from the same run; ratio = ours ÷ theirs."""

    what: str
    ours: str
    peer: str
    theirs: str
    ratio: float


def show(rows: list[Row]) -> None:
    print(f"{'what':<46}{'ours':>18}   {'beside':<34}{'theirs':>18}{'ratio':>9}")
    for row in rows:
        print(f"{row.what:<46}{row.ours:>18}   {row.peer:<34}{row.theirs:>18}{row.ratio:>9.2f}", flush=True)


def setup() -> Any:
    """Django on the tests' embedded cluster; returns devstack.testing.TestDatabases."""
    for path in (ROOT / "platform", ROOT / "tests" / "support"):
        if str(path) not in sys.path:
            sys.path.append(str(path))
    from devstack import testing

    os.environ.update(testing.environment())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db.backends.signals import connection_created

    connection_created.connect(testing.take_role, dispatch_uid="devstack.take_role")
    var = Path(os.environ.get("JIELI_VAR") or ROOT / "var")
    return testing.TestDatabases(var / "test")


@contextmanager
def scratch_database() -> Iterator[Any]:
    """A migrated database of its own for the block, with Django's connection pointing at it (as jieli_app).

    Yields devstack.testing.RealDatabase: .threads(n, work), .connect(role), .superuser().
    """
    databases = setup()
    from django.db import connections

    from devstack import testing

    name = databases.clone("bench")
    try:
        testing.point_django_at(databases, name)
        yield testing.RealDatabase(databases, name)
    finally:
        connections.close_all()
        databases.drop(name)
        databases.close()

"""The fixtures of devstack.pytest_plugin, in a module of their own: registered after pytest-django's, so
that its django_db_setup gives way to ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import testing


@pytest.fixture(scope="session")
def test_databases() -> Iterator[testing.TestDatabases]:
    """The cluster of the tests, started at first use: clone(), empty(), drop(), cluster."""
    var = Path(os.environ.get("JIELI_VAR") or testing.ROOT / "var")
    databases = testing.TestDatabases(var / "test")
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, test_databases: testing.TestDatabases, django_db_blocker: Any
) -> Iterator[None]:
    request.getfixturevalue("django_test_environment")
    from django.db import connections
    from django.db.backends.signals import connection_created

    connection_created.connect(testing.take_role, dispatch_uid="devstack.take_role")
    with django_db_blocker.unblock():
        testing.point_django_at(test_databases, test_databases.clone("session"))
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def as_engine(db: None) -> Iterator[None]:
    """The test's session acts as jieli_engine instead of jieli_app."""
    with testing.acting_as("engine"):
        yield


@pytest.fixture
def real_db(
    request: pytest.FixtureRequest, django_db_setup: None, test_databases: testing.TestDatabases
) -> Iterator[testing.RealDatabase]:
    """A fresh database with real commits; Django's connection points at it during the test."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        pytest.fail("real_db and db exclude each other: take one of the two")
    from django.db import connections

    blocker = request.getfixturevalue("django_db_blocker")
    before = connections.settings["default"]["NAME"]
    name = test_databases.clone("real")
    with blocker.unblock():
        testing.point_django_at(test_databases, name)
        try:
            yield testing.RealDatabase(test_databases, name)
        finally:
            connections.close_all()
            testing.point_django_at(test_databases, before)
            test_databases.drop(name)

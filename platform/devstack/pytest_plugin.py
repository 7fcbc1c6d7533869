"""The tests' database (loaded by pyproject.toml: `-p devstack.pytest_plugin`).

- `db` / `@pytest.mark.django_db`: one transaction around the test, on a clone of the migrated template that
  the whole session shares; the session is the login role jieli_test acting as jieli_app (`as_engine` for
  the engine).
- `real_db`: a database of the test's own, with real commits and as many connections as it likes.
- `@pytest.mark.django_db(transaction=True)` is refused: its flush is what grants and append-only triggers
  forbid.
- A test that asks for none of these pays nothing: PostgreSQL starts at the first that does.
"""

from __future__ import annotations

import os

import pytest

from . import testing

# Before Django's settings are read: nothing of the developer's own environment may reach a test.
for _name in list(os.environ):
    if _name.startswith(("DATABASE_URL", "JIELI_DB_", "JIELI_KEYS", "DJANGO_SECRET")) or _name in {
        "CELERY_BROKER_URL",
        "JIELI_ROLE",
        "DJANGO_DEBUG",
    }:
        del os.environ[_name]
os.environ.update(testing.environment())


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    from . import pytest_fixtures

    config.pluginmanager.register(pytest_fixtures, "devstack-fixtures")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("django_db")
    refused = marker is not None and (marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    if refused or {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ())):
        pytest.fail("take the fixture real_db: a flush is forbidden here", pytrace=False)

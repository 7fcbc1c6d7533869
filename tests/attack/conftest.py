"""The attacker: SQL of his own in somebody's session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """One statement of the attacker in a savepoint; its rows, or [] when it returns none."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, list(values) or None)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def inject() -> Callable[..., list[tuple[Any, ...]]]:
    return run

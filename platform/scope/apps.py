from __future__ import annotations

from typing import Any

from celery.signals import beat_init, worker_init
from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


class ScopeConfig(AppConfig):
    name = "scope"

    def ready(self) -> None:
        from . import checks  # noqa: F401

        post_migrate.connect(store_scope_key, sender=self)
        worker_init.connect(check_power)
        beat_init.connect(check_power)


def store_scope_key(using: str, **kwargs: Any) -> None:
    """Give the database the key with which it checks signed contexts (readable by its owner alone)."""
    from django.db import connections

    with connections[using].cursor() as cursor:
        cursor.execute(
            "INSERT INTO scope_key (id, key) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET key = excluded.key",
            [settings.KEYS.scope],
        )


def check_power(**kwargs: Any) -> None:
    from .power import refuse_bad_settings, refuse_too_much_power

    refuse_bad_settings()
    refuse_too_much_power()

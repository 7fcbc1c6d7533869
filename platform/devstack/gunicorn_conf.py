"""gunicorn under `manage.py up`: Django is loaded once and forked, and no connection is shared by two processes."""

from typing import Any

preload_app = True


def pre_fork(server: Any, worker: Any) -> None:
    from django.db import connections

    connections.close_all()

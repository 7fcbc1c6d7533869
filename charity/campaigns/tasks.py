"""What beat asks of this room."""

from __future__ import annotations

from celery import shared_task

from . import rereading

#: So long one turn of reading anew holds a worker, seconds.
READING = 20.0


@shared_task(name="campaigns.reread", ignore_result=True)
def reread() -> None:
    """After an upgrade of the rules, read the appeals anew that older rules have read, some each minute."""
    rereading.renew(READING)

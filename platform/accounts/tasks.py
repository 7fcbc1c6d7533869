"""What is over is forgotten: sessions, codes, wrong answers, API tokens. Asked by beat once an hour, as jieli_engine."""

from __future__ import annotations

from celery import shared_task
from oauth2_provider.models import clear_expired

from scope import engine_scope

from . import devices, patients
from .sessions import SessionStore


@shared_task(name="accounts.forget", ignore_result=True)
def forget() -> None:
    with engine_scope("accounts forget"):
        SessionStore.clear_expired()
        patients.forget_old_codes()
        devices.forget_tries()
        clear_expired()

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts import patients
from accounts.models import OneTimeCode
from scope import actor_scope
from scope.actor import PUBLIC

PHONE = "13812345521"


def test_tries_count_exactly_when_many_guess_at_once(real_db):
    """Sixteen connections guess at one code: five tries are counted and no more are looked at."""
    with actor_scope(PUBLIC):
        OneTimeCode.objects.create(
            phone_blind=patients.blind(patients.PHONE_PURPOSE, PHONE),
            code_hash=patients._hash(PHONE, "424242"),
            expires_at=timezone.now() + timedelta(minutes=5),
            source_hash=b"x" * 16,
        )

    def guess(i):
        with actor_scope(PUBLIC):
            return patients.verify(PHONE, f"{i:06d}").reason

    reasons = real_db.threads(16, guess)
    assert reasons.count("wrong") == 4
    assert reasons.count("tries") == 12
    assert OneTimeCode.objects.get().tries == 5


def test_sixteen_requests_at_once_send_one_code(real_db):
    def ask(i):
        with actor_scope(PUBLIC):
            return patients.request_code(PHONE, "203.0.113.9").reason

    reasons = real_db.threads(16, ask)
    assert reasons.count("") == 1
    assert reasons.count("wait") == 15
    assert OneTimeCode.objects.count() == 1

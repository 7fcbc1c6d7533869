"""Wrong answers at once, and what time does to them: real commits, real roles."""

from __future__ import annotations

from datetime import date

import factories
from accounts import devices, tasks
from scope import actor_scope

BORN = date(2018, 5, 12)
HERE = "203.0.113.9"


def family():
    account = factories.account()
    actor = factories.patient(account)
    with actor_scope(actor):
        devices.remember_person(actor, 1, numbers=["430104201805127031"], name="", birth_date=BORN)
    return account


def test_sixteen_wrong_answers_at_once_count_as_five_and_lock(real_db):
    account = family()
    outcomes = real_db.threads(16, lambda i: devices.answer(account.pk, HERE, f"{i:04d}", BORN))
    assert not any(outcome.right for outcome in outcomes)
    assert sorted(outcome.left for outcome in outcomes) == [0] * 12 + [1, 2, 3, 4]
    with real_db.superuser() as admin:
        assert admin.execute("SELECT count(*) FROM device_try").fetchone() == (5,)
    assert not devices.answer(account.pk, HERE, "7031", BORN).right


def test_the_lock_ends_after_a_day_and_beat_forgets_the_tries(real_db):
    account = family()
    for _ in range(5):
        devices.answer(account.pk, HERE, "0000", BORN)
    with real_db.superuser() as admin:
        admin.execute("UPDATE device_try SET at = at - interval '23 hours 59 minutes'")
        assert devices.arrive(account.pk, "") == "locked"
        tasks.forget()
        assert admin.execute("SELECT count(*) FROM device_try").fetchone() == (5,)
        admin.execute("UPDATE device_try SET at = at - interval '2 minutes'")
        assert devices.arrive(account.pk, "") == "ask"
        tasks.forget()
        assert admin.execute("SELECT count(*) FROM device_try").fetchone() == (0,)
    assert devices.answer(account.pk, HERE, "7031", BORN).right


def test_a_device_that_was_not_seen_for_400_days_is_new_again(real_db):
    account = family()
    devices.admit(account.pk, "token", "", "answer")
    with real_db.superuser() as admin:
        admin.execute("UPDATE patient_device SET last_seen_at = last_seen_at - interval '399 days'")
        assert devices.arrive(account.pk, "token") == "known"
        admin.execute("UPDATE patient_device SET last_seen_at = last_seen_at - interval '400 days'")
        assert devices.arrive(account.pk, "token") == "ask"

"""The patient of an application is what a new device may be asked about: from the form, and for those of before."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

import factories as make
from accounts import devices
from charity.applications import services
from devstack.testing import ROOT
from scope import actor_scope

BORN = date(2018, 5, 12)
HERE = "203.0.113.9"
CHILD = {"name": "陆晓满", "id_number": "430104201805127034", "birth_date": "2018-05-12"}
OLD = {"name": "陆守田", "id_number": "430104520307123", "birth_date": "1952-03-07"}


def draft(account, identity):
    actor = make.patient(account)
    with actor_scope(actor):
        row = services.start(actor)
        services.save_section(actor, row.pk, "who", {"who": "child"})
        services.save_section(actor, row.pk, "identity", identity)
    return row.pk


@pytest.mark.django_db
def test_from_the_page_about_the_patient_on_a_new_device_is_asked_about_him():
    account = make.account()
    assert devices.arrive(account.pk, "") == "first"
    number = draft(account, CHILD)
    assert devices.arrive(account.pk, "") == "ask"
    assert devices.answer(account.pk, HERE, "7034", BORN).right
    actor = make.patient(account)
    with actor_scope(actor):
        services.save_section(
            actor, number, "identity", {**CHILD, "id_number": "", "birth_date": "2018-05-13"}
        )
    assert not devices.answer(account.pk, HERE, "7034", BORN).right
    assert devices.answer(account.pk, HERE, "陆晓满", date(2018, 5, 13)).right
    with actor_scope(actor):
        services.delete_draft(actor, number)
    assert devices.arrive(account.pk, "") == "first"


def test_who_applied_before_is_asked_from_the_migration_on(real_db):
    account, other = make.account(), make.account()
    draft(account, CHILD)
    draft(account, OLD)
    draft(other, {**CHILD, "id_number": ""})
    with actor_scope(make.patient(other)):
        services.start(make.patient(other))
    with real_db.superuser() as admin:
        before = sorted(
            admin.execute("SELECT account_id, source_id, answer_hash FROM sign_in_answer").fetchall()
        )
        assert len(before) == 4  # an old card's number in its two forms
        admin.execute("DELETE FROM sign_in_answer")
        code = (
            "from importlib import import_module; from django.apps import apps;"
            "import_module('charity.applications.migrations.0008_door').tell_the_door(apps, None)"
        )
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, str(ROOT / "manage.py"), "shell", "-v", "0", "-c", code],
                env=real_db.environment("owner"), cwd=ROOT, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        after = sorted(
            admin.execute("SELECT account_id, source_id, answer_hash FROM sign_in_answer").fetchall()
        )
    assert after == before

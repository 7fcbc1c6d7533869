"""A number changes hands: the family goes on under another one, the new owner finds nothing."""

from __future__ import annotations

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

import factories
from accounts import devices, moving, patients
from accounts.models import PatientAccount, Session
from accounts.sessions import SessionStore
from audit.models import Entry, EntryPayload
from scope import actor_scope
from vault.index import blind

OLD, NEW = "13812345521", "13912345522"
BORN = date(2018, 5, 12)
pytestmark = pytest.mark.django_db


def describe(account):
    with actor_scope(factories.patient(account)) as actor:
        devices.remember_person(actor, 1, numbers=["430104201805127031"], name="", birth_date=BORN)


@pytest.fixture
def family():
    account = factories.account(OLD)
    describe(account)
    devices.admit(account.pk, "token", "", "answer")
    session = SessionStore()
    session["patient_account_id"] = account.pk
    session.save()
    return account


def account_of(phone):
    return PatientAccount.objects.filter(phone_blind=blind(patients.PHONE_PURPOSE, phone)).first()


def test_the_account_moves_and_is_asked_as_on_a_new_device(family):
    moving.move("+86 138 1234 5521", NEW)
    assert account_of(NEW) == family
    assert account_of(NEW).phone == NEW
    assert account_of(OLD) is None
    assert not Session.objects.filter(account_id=family.pk).exists()
    assert devices.arrive(family.pk, "token") == "ask"
    assert devices.answer(family.pk, "203.0.113.9", "7031", BORN).right
    entry = Entry.objects.get(action="account.phone_moved")
    assert (entry.actor, entry.subject) == ("system", f"patient_account:{family.pk}")
    assert NEW not in str(list(EntryPayload.objects.values_list("payload", flat=True)))


def test_an_empty_account_of_the_new_number_gives_way(family):
    empty = factories.account(NEW)
    moving.move(OLD, NEW)
    assert account_of(NEW) == family
    empty.refresh_from_db()
    assert empty.phone == ""


def test_an_account_with_people_of_its_own_does_not(family):
    other = factories.account(NEW)
    describe(other)
    with pytest.raises(moving.Refused):
        moving.move(OLD, NEW)
    assert account_of(NEW) == other
    assert account_of(OLD) == family


def test_a_recycled_number_is_set_free_for_its_new_owner(family):
    moving.release(OLD)
    assert account_of(OLD) is None
    family.refresh_from_db()
    assert (family.phone, family.is_active) == ("", False)  # nobody texts it either
    assert devices.arrive(family.pk, "token") == "ask"
    assert not Session.objects.filter(account_id=family.pk).exists()
    assert Entry.objects.filter(action="account.phone_released").count() == 1


@pytest.mark.parametrize(("old", "new"), [("13700000000", NEW), (OLD, OLD), ("13700000000", "")])
def test_what_cannot_be_is_refused_and_nothing_changes(family, old, new):
    with pytest.raises(moving.Refused):
        moving.move(old, new) if new else moving.release(old)
    assert account_of(OLD) == family


@pytest.mark.parametrize(("typed", "said"), [((OLD, NEW), "Moved"), ((OLD, ""), "free")])
def test_the_command_asks_for_the_numbers(family, monkeypatch, typed, said):
    answers = iter(typed)
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    out = StringIO()
    call_command("account_phone", stdout=out)
    assert said in out.getvalue()
    assert OLD not in out.getvalue()


@pytest.mark.parametrize("typed", [("123", NEW), (OLD, "12"), ("13700000000", "")])
def test_the_command_says_what_is_wrong(family, monkeypatch, typed):
    answers = iter(typed)
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    with pytest.raises(CommandError):
        call_command("account_phone", stdout=StringIO())

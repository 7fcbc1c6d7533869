"""A session is worth something to the browser that holds its key, and to nobody who holds its row."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

import factories
from accounts import administration, tasks
from accounts.models import OneTimeCode, Session, User
from accounts.sessions import SessionStore, end_of_user, mark, row_key
from scope import Actor, actor_scope
from scope.actor import SYSTEM

pytestmark = pytest.mark.django_db


def stored(**content):
    session = SessionStore()
    session.update(content)
    session.save()
    return session


def test_what_was_kept_is_read_again_under_the_same_key():
    session = stored(colour="蓝", number=7)
    again = SessionStore(session.session_key)
    assert dict(again.items()) == {"colour": "蓝", "number": 7}
    again["number"] = 8
    again.save()
    assert SessionStore(session.session_key)["number"] == 8


def test_neither_the_key_nor_the_contents_stand_in_the_table():
    session = stored(colour="deep-blue")
    (row,) = Session.objects.values()
    assert session.session_key not in str(row)
    assert "deep-blue" not in str(row)
    assert row["session_key"] == row_key(session.session_key)
    assert row["session_key"].startswith(mark(session.session_key))


def test_the_row_key_as_a_cookie_opens_nothing():
    session = stored(colour="blue")
    for stolen in (row_key(session.session_key), row_key(session.session_key)[:32]):
        assert dict(SessionStore(stolen).items()) == {}
        assert not SessionStore().exists(stolen)


def test_contents_copied_into_another_row_do_not_open():
    victim, thief = stored(patient_account_id=5), stored(colour="red")
    Session.objects.filter(pk=row_key(thief.session_key)).update(
        session_data=Session.objects.get(pk=row_key(victim.session_key)).session_data
    )
    assert dict(SessionStore(thief.session_key).items()) == {}


@pytest.mark.parametrize("rubbish", ["", "x", "AAAA", "AQEAAAAA" * 20, "不是"])
def test_a_row_of_rubbish_is_an_empty_session(rubbish):
    session = stored(colour="red")
    Session.objects.update(session_data=rubbish)
    assert dict(SessionStore(session.session_key).items()) == {}


def test_an_expired_session_opens_nothing_and_is_cleared_by_beat():
    old, new = stored(colour="old"), stored(colour="new")
    Session.objects.filter(pk=row_key(old.session_key)).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    assert dict(SessionStore(old.session_key).items()) == {}
    tasks.forget()
    assert list(Session.objects.values_list("pk", flat=True)) == [row_key(new.session_key)]


def test_beat_forgets_codes_and_tokens_that_are_over():
    old = timezone.now() - timedelta(days=2)
    code = OneTimeCode.objects.create(
        phone_blind=b"p" * 16, code_hash=b"c" * 32, source_hash=b"s" * 16, expires_at=old
    )
    with actor_scope(SYSTEM):
        OneTimeCode.objects.update(created_at=old)
    app = factories.api_client(factories.organisation("statutory_insurer"))
    factories.bearer(app, "over", expires=timedelta(days=-2))
    factories.bearer(app, "live")
    tasks.forget()
    assert not OneTimeCode.objects.filter(pk=code.pk).exists()
    assert list(get_access_token_model().objects.values_list("token", flat=True)) == ["live"]


def test_cycling_the_key_takes_the_contents_along_and_ends_the_old_row():
    session = stored(colour="blue")
    before = session.session_key
    session.cycle_key()
    assert SessionStore(session.session_key)["colour"] == "blue"
    assert not SessionStore().exists(before)
    session.flush()
    assert not Session.objects.exists()


def test_a_session_that_was_ended_meanwhile_does_not_come_back_by_saving():
    session = stored(colour="blue")
    Session.objects.all().delete()
    session["colour"] = "red"
    with pytest.raises(UpdateError):
        session.save()


def test_the_asynchronous_twins_keep_no_key_either():
    session = SessionStore()
    async_to_sync(session.aset)("colour", "blue")
    async_to_sync(session.asave)()
    (row,) = Session.objects.values()
    assert row["session_key"] == row_key(session.session_key)
    assert async_to_sync(SessionStore(session.session_key).aget)("colour") == "blue"
    assert async_to_sync(session.aexists)(session.session_key)
    async_to_sync(session.adelete)()
    assert not Session.objects.exists()


def test_the_members_sessions_are_found_and_ended_by_his_id(make):
    browser, other = (make.signed_in(make.member(make.organisation(), "administrator")) for _ in range(2))
    user = User.objects.get(pk=browser.session["_auth_user_id"])
    assert end_of_user(user.pk) == 1
    assert browser.get(reverse("accounts:members")).status_code == 302
    assert other.get(reverse("accounts:members")).status_code == 200


def test_new_roles_end_the_members_sessions_but_not_the_administrators_own(make):
    house = make.organisation()
    chief, worker = make.member(house, "administrator"), make.member(house, "case_worker")
    make.member(house, "administrator")
    boss, browser = make.signed_in(chief), make.signed_in(worker)
    url = reverse("accounts:member", args=[worker.pk])
    assert boss.post(url, {"act": "roles", "roles": ["approver"]}).status_code == 302
    assert not Session.objects.filter(user_id=worker.user_id).exists()
    assert browser.get(reverse("home")).url != reverse("mfa_index")
    own = reverse("accounts:member", args=[chief.pk])
    assert boss.post(own, {"act": "roles", "roles": ["administrator", "auditor"]}).status_code == 302
    assert boss.get(reverse("accounts:members")).status_code == 200


@pytest.mark.parametrize("change", ["deactivate", "reset"])
def test_a_deactivated_or_reset_member_has_no_session_left(make, change):
    house = make.organisation()
    chief, worker = make.member(house, "administrator"), make.member(house, "case_worker")
    make.signed_in(worker)
    actor = Actor(
        "staff", org_id=house.pk, user_id=chief.user_id, roles=frozenset(["administrator"]), session="0" * 16
    )
    with actor_scope(actor):
        if change == "reset":
            administration.reset_sign_in(actor, worker.pk)
        else:
            administration.set_member_active(actor, worker.pk, False)
    assert not Session.objects.filter(user_id=worker.user_id).exists()


def test_changing_ones_password_ends_ones_other_sessions(make):
    member = make.member(make.organisation(), "administrator")
    here, there = make.signed_in(member), make.signed_in(member)
    answer = here.post(
        reverse("account_change_password"),
        {"oldpassword": "correct horse battery", "password1": "another long phrase",
         "password2": "another long phrase"},
    )  # fmt: skip
    assert answer.status_code == 302
    assert Session.objects.filter(user_id=member.user_id).count() == 1
    assert here.get(reverse("accounts:members")).status_code == 200
    assert there.get(reverse("accounts:members")).status_code == 302


def test_a_first_password_ends_what_was_open(make):
    member = make.member(make.organisation(), "administrator")
    make.signed_in(member)
    browser = Client()
    page = browser.get(administration.password_link(member.user), follow=True)
    url = page.redirect_chain[-1][0]
    browser.post(url, {"new_password1": "another long phrase", "new_password2": "another long phrase"})
    assert not Session.objects.filter(user_id=member.user_id).exists()


def test_a_token_is_kept_as_its_checksum_alone(make):
    app = factories.api_client(factories.organisation("statutory_insurer"))
    app.client_secret = "s" * 60
    with actor_scope(SYSTEM):
        app.save()
    answer = Client().post(
        reverse("token"),
        {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": "s" * 60},
    )
    assert answer.status_code == 200, answer.content
    row = get_access_token_model().objects.values().get()
    assert answer.json()["access_token"] not in str(row)


def test_the_process_keeps_sessions_here():
    assert settings.SESSION_ENGINE == "accounts.sessions"

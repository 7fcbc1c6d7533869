"""Password, then the second factor; what is kept of it; what the pages offer afterwards."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.urls import reverse

from accounts import navigation, staff
from accounts.adapter import SealedMFAAdapter
from accounts.models import PatientAccount, User
from accounts.patients import PHONE_PURPOSE
from audit.models import Entry
from scope import actor_scope
from scope.actor import SYSTEM
from vault.cipher import SealError
from vault.index import blind

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _no_code_used_before():
    cache.clear()


@pytest.fixture
def worker(make):
    return make.member(make.organisation(), "case_worker", "administrator", email="wang@example.cn")


def now_code(user, steps=0):
    stored = Authenticator.objects.get(user_id=user.pk, type="totp").data["secret"]
    return format_hotp_value(hotp_value(SealedMFAAdapter().decrypt(stored), int(time.time()) // 30 + steps))


def password_step(client, email="wang@example.cn", password=PASSWORD, **more):
    return client.post(reverse("account_login"), {"login": email, "password": password, **more})


def test_password_and_code_open_the_door(client, worker):
    assert password_step(client, " Wang@Example.cn ").url == reverse("mfa_authenticate")
    assert client.get(reverse("accounts:members")).status_code == 302
    answer = client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    assert answer.status_code == 302
    assert client.get(reverse("accounts:members")).status_code == 200
    entry = Entry.objects.get(action="staff.signed_in")
    assert entry.actor == f"staff:{worker.user_id}@{worker.organisation_id}"


def test_the_same_code_does_not_open_twice(client, worker):
    code = now_code(worker.user)
    password_step(client)
    client.post(reverse("mfa_authenticate"), {"code": code})
    client.post(reverse("account_logout"))
    password_step(client)
    answer = client.post(reverse("mfa_authenticate"), {"code": code})
    assert answer.status_code == 200
    assert "验证码不对" in answer.content.decode()


@pytest.mark.parametrize(("steps", "status"), [(-1, 302), (-3, 200)])
def test_a_code_of_a_moment_ago_still_opens_and_an_old_one_does_not(
    client, worker, monkeypatch, steps, status
):
    moment = time.time()
    monkeypatch.setattr(time, "time", lambda: moment)
    password_step(client)
    answer = client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user, steps)})
    assert answer.status_code == status


def test_a_recovery_code_opens_once(client, worker):
    codes = RecoveryCodes(
        Authenticator.objects.get(user=worker.user, type="recovery_codes")
    ).get_unused_codes()
    for expected in (302, 200):
        password_step(client)
        assert client.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == expected
        client.post(reverse("account_logout"))


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client, worker):
    wrong = password_step(client, password="wrong").content.decode()
    unknown = password_step(client, "nobody@example.cn").content.decode()
    for page in (wrong, unknown):
        assert "邮箱或密码不对" in page


def test_a_deactivated_user_does_not_get_in(client, worker):
    with actor_scope(SYSTEM):
        User.objects.update(is_active=False)
    password_step(client)
    client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    assert client.get(reverse("accounts:members")).status_code == 302


def test_signing_in_leads_back_to_own_pages_only(client, worker):
    password_step(client, next="https://evil.example/")
    answer = client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    assert "evil" not in answer.url


def test_the_session_is_a_new_one_and_holds_nothing_of_a_patient(client, worker):
    account = PatientAccount.objects.create(
        phone="13800000001", phone_blind=blind(PHONE_PURPOSE, "13800000001")
    )
    session = client.session
    session["patient_account_id"] = account.pk
    session.save()
    before = session.session_key
    password_step(client)
    client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    assert client.session.session_key != before
    assert "patient_account_id" not in client.session


def test_nobody_signs_up(client):
    assert client.get("/accounts/signup/").status_code == 404
    assert client.get("/o/applications/").status_code == 404
    assert client.get("/o/authorize/").status_code == 404


def test_enrolling_gives_recovery_codes_and_opens_the_pages(client, make):
    fresh = make.member(make.organisation(), "administrator", email="li@example.cn", totp=False)
    password_step(client, "li@example.cn")
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    answer = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert answer.url == reverse("mfa_view_recovery_codes")
    page = client.get(answer.url)
    assert page.context["unused_codes"][0] in page.content.decode()
    assert staff.has_totp(fresh.user)
    assert client.get(reverse("accounts:members")).status_code == 200


def test_an_old_session_has_to_prove_itself_before_recovery_codes_are_shown(client, worker):
    password_step(client)
    client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    session = client.session
    for entry in session["account_authentication_methods"]:
        entry["at"] -= 301
    session.save()
    answer = client.get(reverse("mfa_generate_recovery_codes"))
    assert answer.url.startswith(reverse("account_reauthenticate"))
    assert client.get(answer.url).status_code == 200
    answer = client.post(answer.url, {"password": PASSWORD})
    assert answer.url == reverse("mfa_generate_recovery_codes")
    assert client.get(answer.url).status_code == 200


def test_the_second_factor_is_stored_sealed(worker):
    secret = "JBSWY3DPEHPK3PXP"
    Authenticator.objects.all().delete()
    staff.enrol_totp(worker.user, secret)
    codes = RecoveryCodes(Authenticator.objects.get(user=worker.user, type="recovery_codes")).generate_codes()
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in codes)
    adapter = SealedMFAAdapter()
    assert adapter.decrypt(adapter.encrypt(secret)) == secret
    with pytest.raises(SealError):
        adapter.decrypt("AAAA" * 20)


def test_the_second_factor_cannot_be_switched_off(client, worker):
    password_step(client)
    client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    client.post(reverse("mfa_deactivate_totp"))
    assert staff.has_totp(worker.user)


@pytest.mark.parametrize(
    "name", ["mfa_index", "mfa_view_recovery_codes", "account_change_password", "account_logout"]
)
def test_the_account_pages_open_in_chinese_without_inline_code(client, worker, name):
    password_step(client)
    client.post(reverse("mfa_authenticate"), {"code": now_code(worker.user)})
    page = client.get(reverse(name))
    assert page.status_code == 200
    text = page.content.decode()
    assert "style=" not in text
    assert "<script>" not in text
    assert "onclick" not in text


def test_the_menu_offers_only_what_opens(make, worker):
    browser = make.signed_in(worker)
    page = browser.get(reverse("accounts:members"))
    offered = page.context["nav"]
    assert "accounts:members" in [item.name for item in offered]
    assert "accounts:clients" not in [item.name for item in offered]
    for item in offered:
        assert browser.get(item.url).status_code == 200
    assert page.context["who"]["organisation"] == str(worker.organisation)
    assert page.context["who"]["role"] == "经办人、管理员"


def test_the_menu_shows_identity_work_to_the_linkage_reviewer_alone(make):
    pages = {name: roles for name, _label, _kinds, roles in navigation.PAGES}
    assert pages["linking:queue"] == {"linkage_reviewer"}


@pytest.mark.parametrize(
    ("kind", "role", "page"),
    [
        ("crowdfunding", "intake_clerk", "platform:campaigns"),
        ("statutory_insurer", "intake_clerk", "desk:pushes"),
        ("operator", "administrator", "accounts:health"),
    ],
)
def test_everybody_starts_where_his_work_is(make, kind, role, page):
    browser = make.signed_in(make.member(make.organisation(kind), role))
    assert browser.get(reverse("home")).url == reverse(page)
    assert browser.get(reverse(page)).status_code == 200


def test_a_member_of_nothing_is_told_so(client, make):
    membership = make.member(make.organisation(), "administrator")
    with actor_scope(SYSTEM):
        membership.delete()
    browser = make.signed_in(membership)
    page = browser.get(reverse("home"), follow=True)
    assert "不属于任何机构" in page.content.decode()


def test_a_hash_of_yesterdays_strength_is_made_anew_at_sign_in(client, worker, settings):
    before = worker.user.password
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    password_step(client)
    worker.user.refresh_from_db()
    assert worker.user.password != before
    assert worker.user.password.startswith("pbkdf2_sha256$")
    assert worker.user.check_password(PASSWORD)

"""A new device is asked for the last four of an ID number and a birth date; a recycled number opens nothing."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import factories
from accounts import devices, patients, sms
from accounts.models import Device, OneTimeCode, PatientAccount, Session
from audit.models import Entry, EntryPayload
from people import registry
from people.models import Person
from scope import Actor, actor_scope, engine_scope
from scope.actor import SYSTEM

PHONE = "13812345521"
NUMBER, BORN = "430104201805127031", date(2018, 5, 12)
RIGHT = {"tail": "7031", "birth_date": "20180512", "keep": "on"}
WRONG = {"tail": "7032", "birth_date": "20180512"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return PatientAccount.objects.create(
        phone=PHONE, phone_blind=patients.blind(patients.PHONE_PURPOSE, PHONE)
    )


def describe(account, application=1, numbers=(NUMBER,), name="陆晓满", born=BORN):
    actor = Actor("patient", account_id=account.pk)
    with actor_scope(actor):
        devices.remember_person(actor, application, numbers=numbers, name=name, birth_date=born)


@pytest.fixture
def family(account):
    """An account that has described a child."""
    describe(account)
    return account


@pytest.fixture
def code(django_capture_on_commit_callbacks):
    """Type phone and code in a browser; the answer to the code."""

    def code(browser, **more):
        with actor_scope(SYSTEM):
            OneTimeCode.objects.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            browser.post(reverse("patient_sign_in"), {"phone": PHONE, **more})
        sent = sms.ConsoleBackend.last(PHONE).split("验证码 ")[1][:6]
        return browser.post(reverse("patient_verify"), {"code": sent})

    return code


def signed_in(browser):
    return "patient_account_id" in browser.session


def answer(browser, **fields):
    return browser.post(reverse("patient_device"), fields or RIGHT)


# ---- the way in ------------------------------------------------------------------------------------------


def test_an_account_that_described_nobody_is_asked_nothing_and_remembers_the_device(code, account):
    browser = Client()
    assert code(browser).url == reverse("applications:mine")
    assert signed_in(browser)
    describe(account)
    browser.post(reverse("patient_sign_out"))
    assert code(browser).url == reverse("applications:mine")
    assert signed_in(browser)


def test_a_new_device_is_nobody_until_it_answers(code, family):
    browser = Client()
    assert code(browser, next="/a/7/").url == reverse("patient_device")
    assert not signed_in(browser)
    assert Session.objects.filter(account_id=None).exists()
    assert browser.get(reverse("patient_devices")).status_code == 302
    assert browser.get(reverse("applications:mine")).url.startswith(reverse("patient_sign_in"))
    assert answer(browser).url == "/a/7/"
    assert signed_in(browser)
    entry = Entry.objects.get(action="device.recognised")
    assert (entry.actor, entry.subject) == (f"patient:{family.pk}", f"patient_account:{family.pk}")


def test_an_answered_device_is_known_the_next_time(code, family):
    browser = Client()
    code(browser)
    answer(browser)
    browser.post(reverse("patient_sign_out"))
    assert code(browser).url == reverse("applications:mine")
    other = Client()
    assert code(other).url == reverse("patient_device")


def test_a_borrowed_phone_is_not_remembered(code, family):
    browser = Client()
    code(browser)
    answer(browser, tail="7031", birth_date="20180512")
    assert signed_in(browser)
    assert devices.COOKIE not in browser.cookies
    browser.post(reverse("patient_sign_out"))
    assert code(browser).url == reverse("patient_device")


def test_the_cookie_is_long_lived_signed_and_not_for_scripts(code, account, settings):
    browser = Client()
    settings.PRODUCTION = True
    cookie = code(browser).cookies[devices.COOKIE]
    assert cookie["httponly"] is True
    assert cookie["secure"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 400 * 24 * 3600
    assert cookie["path"] == "/sign-in/"
    token = cookie.value.rpartition(":")[0].rpartition(":")[0]
    with actor_scope(Actor("patient", account_id=account.pk)):
        (row,) = Device.objects.values()
    assert token not in str(row)
    assert bytes(row["token_hash"]) == devices.device_hash(account.pk, token)


@pytest.mark.parametrize("forged", ["", "x", "a:b:c", "ÿ"])
def test_a_cookie_that_we_did_not_sign_counts_for_nothing(code, family, forged):
    browser = Client()
    browser.cookies[devices.COOKIE] = forged
    assert code(browser).url == reverse("patient_device")


def test_a_device_of_one_account_is_new_to_another(code, family):
    browser = Client()
    code(browser)
    answer(browser)
    token = browser.cookies[devices.COOKIE].value.split(":")[0]
    other = PatientAccount.objects.create(phone="13900000001", phone_blind=b"x" * 16)
    describe(other)
    assert devices.arrive(family.pk, token) == "known"
    assert devices.arrive(other.pk, token) == "ask"


# ---- what counts as right --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tail", "day"),
    [
        ("7031", "2018-05-12"),
        (" 70 31 ", "2018年5月12日"),
        ("７０３１", "2018/5/12"),
        (NUMBER, "20180512"),
        (NUMBER[:6] + NUMBER[8:17], "20180512"),
    ],
)
def test_it_takes_the_answer_in_the_forms_people_type(code, account, tail, day):
    describe(account, numbers=(NUMBER, NUMBER[:6] + NUMBER[8:17]))
    browser = Client()
    code(browser)
    answer(browser, tail=tail, birth_date=day)
    assert signed_in(browser)


def test_a_last_letter_counts_in_either_case(account):
    describe(account, numbers=("43010420180512703X",))
    assert devices.answer(account.pk, "203.0.113.9", "703x", BORN).right


def test_a_child_without_a_number_is_known_by_its_name(account):
    describe(account, numbers=("",), name="陆 晓满")
    assert devices.answer(account.pk, "203.0.113.9", "陆晓满", BORN).right
    assert not devices.answer(account.pk, "203.0.113.9", "", BORN).right


def test_any_one_person_of_the_account_will_do_and_each_with_his_own_day(family):
    describe(family, 2, numbers=("110101195203071234",), born=date(1952, 3, 7))
    assert devices.answer(family.pk, "203.0.113.9", "1234", date(1952, 3, 7)).right
    assert devices.answer(family.pk, "203.0.113.9", "7031", BORN).right
    assert not devices.answer(family.pk, "203.0.113.9", "1234", BORN).right


def test_a_description_that_changed_answers_no_more(family):
    describe(family, numbers=("43010420180512704X",))
    assert not devices.answer(family.pk, "203.0.113.9", "7031", BORN).right
    assert devices.answer(family.pk, "203.0.113.9", "704X", BORN).right


def test_a_deleted_draft_leaves_nothing_to_ask(family):
    actor = Actor("patient", account_id=family.pk)
    with actor_scope(actor):
        devices.forget_person(actor, 1)
    assert devices.arrive(family.pk, "") == "first"


@given(st.text(max_size=40), st.dates())
def test_whatever_is_typed_the_hash_has_one_form_and_names_the_account(text, day):
    one = devices.answer_hash(1, text, day)
    assert len(one) == 32
    assert one == devices.answer_hash(1, f" {text} ", day)
    assert one != devices.answer_hash(2, text, day)


# ---- wrong answers ---------------------------------------------------------------------------------------


def shape(response):
    """A page without what is drawn anew for every request."""
    return re.sub(r'(?<=value=")[\w-]{64}(?=")|(?<=: ")\w{64}', "", response.content.decode())


def test_every_wrong_answer_is_answered_alike(code, family):
    pages = set()
    for fields in (
        {"tail": "7031", "birth_date": "20180513"},
        {"tail": "0000", "birth_date": "20180512"},
        {"tail": "0000", "birth_date": "19520307"},
    ):
        browser = Client()
        code(browser)
        response = answer(browser, **fields)
        assert response.status_code == 400
        text = shape(response)
        for value in fields.values():
            text = text.replace(f'value="{value}"', "")
        pages.add(re.sub(r"还可以试 \d 次", "", text))
        assert not signed_in(browser)
    assert len(pages) == 1


def test_five_wrong_answers_lock_new_devices_out_even_with_the_right_one(code, family):
    browser = Client()
    code(browser)
    for left in (4, 3, 2, 1):
        assert f"还可以试 {left} 次" in answer(browser, **WRONG).content.decode()
    page = answer(browser, **WRONG)
    assert "试错太多次了" in page.content.decode()
    assert "400-" in page.content.decode()
    answer(browser)
    assert not signed_in(browser)
    again = Client()
    assert code(again).url == reverse("patient_device")
    assert "试错太多次了" in again.get(reverse("patient_device")).content.decode()
    assert answer(again).status_code == 400
    assert not signed_in(again)
    assert Entry.objects.filter(action="device.refused", actor="public").count() == 5


def test_the_lock_does_not_reach_a_known_device(code, family):
    home = Client()
    code(home)
    answer(home)
    for _ in range(5):
        devices.answer(family.pk, "203.0.113.9", "0000", BORN)
    assert devices.arrive(family.pk, "") == "locked"
    home.post(reverse("patient_sign_out"))
    code(home)
    assert signed_in(home)


def test_an_address_gets_thirty_wrong_answers_an_hour_whatever_the_accounts(account):
    for i in range(31):
        someone = PatientAccount.objects.create(phone=f"139{i:08d}", phone_blind=i.to_bytes(16, "big"))
        describe(someone)
        outcome = devices.answer(someone.pk, "203.0.113.9", "0000", BORN)
        assert outcome.left == (4 if i < 30 else 0)
    assert not devices.answer(someone.pk, "203.0.113.9", "7031", BORN).right
    assert devices.answer(someone.pk, "203.0.113.10", "7031", BORN).right


def test_a_right_answer_clears_the_count(family):
    for _ in range(4):
        devices.answer(family.pk, "203.0.113.9", "0000", BORN)
    assert devices.answer(family.pk, "203.0.113.9", "7031", BORN).right
    assert devices.answer(family.pk, "203.0.113.9", "0000", BORN).left == 4


def test_what_is_no_answer_at_all_costs_no_try(code, family):
    browser = Client()
    code(browser)
    for fields in ({}, {"tail": "7031"}, {"tail": "7031", "birth_date": "1952"}, {"birth_date": "20180512"}):
        response = browser.post(reverse("patient_device"), fields)
        assert response.status_code == 400
    assert not Entry.objects.filter(action="device.refused").exists()


def test_no_answer_stands_in_clear_anywhere(code, family):
    browser = Client()
    code(browser)
    answer(browser)
    devices.answer(family.pk, "203.0.113.9", "7032", BORN)
    rows = [str(payload) for payload in EntryPayload.objects.values_list("payload", flat=True)]
    with engine_scope("test"), connection.cursor() as cursor:
        for table in ("sign_in_answer", "device_try", "patient_device"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            found = [row[0] for row in cursor.fetchall()]
            assert found
            rows += found
    for row in rows:
        for value in ("7031", "20180512", "2018-05-12", "陆晓满"):
            assert value not in re.sub(r"[0-9a-f]{32,}", "", row)
            assert value.encode().hex() not in row


def test_the_question_waits_a_quarter_of_an_hour(code, family, monkeypatch):
    browser = Client()
    code(browser)
    now = timezone.now().timestamp()
    monkeypatch.setattr("accounts.patient_views.clock", lambda: now + 901)
    assert answer(browser).url == reverse("patient_sign_in")
    assert not signed_in(browser)


def test_the_question_is_nobodys_without_a_code(client, family):
    assert client.get(reverse("patient_device")).url == reverse("patient_sign_in")
    assert client.post(reverse("patient_device"), RIGHT).url == reverse("patient_sign_in")


def test_a_suspended_account_stays_shut_whatever_is_answered(code, family):
    browser = Client()
    code(browser)
    with actor_scope(SYSTEM):
        PatientAccount.objects.update(is_active=False)
    assert answer(browser).url == reverse("patient_sign_in")


def test_the_session_is_a_new_one_after_the_answer(code, family):
    browser = Client()
    code(browser)
    before = browser.session.session_key
    answer(browser)
    assert browser.session.session_key != before
    assert "patient_waiting" not in browser.session


# ---- the letter ------------------------------------------------------------------------------------------


@pytest.fixture
def letter(family):
    """A letter of the insurer to the person for whom the account speaks."""
    house = factories.organisation("statutory_insurer")

    def letter(represented=True):
        with engine_scope("test"):
            person = Person.objects.create()
            if represented:
                registry.represent(family.pk, person.pk, "parent", "token")
            return registry.issue_token(person.pk, house.pk)

    return letter


def test_the_insurers_letter_opens_a_locked_account(code, family, letter):
    for _ in range(5):
        devices.answer(family.pk, "203.0.113.9", "0000", BORN)
    token = letter()
    browser = Client()
    code(browser)
    assert "填信上的口令" in browser.get(reverse("patient_device")).content.decode()
    browser.post(reverse("patient_device"), {"letter": token.lower().replace("-", " "), "keep": "on"})
    assert signed_in(browser)
    assert devices.arrive(family.pk, "") == "ask"
    other = Client()
    code(other)
    other.post(reverse("patient_device"), {"letter": token})
    assert not signed_in(other)


def test_a_letter_to_somebody_else_opens_nothing_and_is_not_used_up(code, family, letter):
    token = letter(represented=False)
    browser = Client()
    code(browser)
    page = browser.post(reverse("patient_device"), {"letter": token})
    assert "对不上" in page.content.decode()
    assert not signed_in(browser)
    with engine_scope("test"):
        row = registry.ProofToken.objects.get(token_hash=registry.hash_token(token))
    assert row.used_at is None


def test_a_letter_is_hashed_as_the_registry_hashes_it():
    assert devices.letter_hash("abcd-efgh-jkmn-pqrs") == registry.hash_token("ABCDEFGHJKMNPQRS")
    assert devices.LETTER_ALPHABET == registry.TOKEN_ALPHABET


# ---- the owner's page ------------------------------------------------------------------------------------


def test_the_owner_sees_the_devices_and_ends_one_of_them(code, family):
    home, lost = Client(headers={"User-Agent": "Mozilla Android MicroMessenger"}), Client()
    for browser in (home, lost):
        code(browser)
        answer(browser)
    page = home.get(reverse("patient_devices"))
    assert "安卓手机 · 微信" in page.content.decode()
    assert "这一台" in page.content.decode()
    mine, theirs = (row["device"].pk for row in sorted(page.context["rows"], key=lambda r: not r["here"]))
    assert lost.get(reverse("patient_devices")).status_code == 200
    home.post(reverse("patient_devices"), {"device": theirs})
    assert lost.get(reverse("patient_devices")).status_code == 302
    assert home.get(reverse("patient_devices")).status_code == 200
    assert code(lost).url == reverse("patient_device")
    assert Entry.objects.filter(action="device.removed", actor=f"patient:{family.pk}").count() == 1
    assert home.post(reverse("patient_devices"), {"device": mine}).url == reverse("home")
    assert home.get(reverse("patient_devices")).status_code == 302


def test_nobody_removes_a_device_of_another_account(code, family):
    home = Client()
    code(home)
    answer(home)
    with actor_scope(Actor("patient", account_id=family.pk)):
        device = Device.objects.get()
    stranger = PatientAccount.objects.create(phone="13900000001", phone_blind=b"x" * 16)
    other = Client()
    session = other.session
    session["patient_account_id"] = stranger.pk
    session.save()
    for number in (device.pk, "x", "", "9" * 30):
        assert other.post(reverse("patient_devices"), {"device": number}).status_code == 302
    assert home.get(reverse("patient_devices")).status_code == 200


def test_the_page_says_that_somebody_was_turned_away(code, family):
    home = Client()
    code(home)
    answer(home)
    devices.answer(family.pk, "203.0.113.9", "0000", BORN)
    assert "没答对，没让进" in home.get(reverse("patient_devices")).content.decode()


def test_twenty_devices_are_remembered_the_oldest_is_forgotten(account):
    for i in range(25):
        devices.admit(account.pk, f"token-{i}", "", "first")
    describe(account)
    assert devices.arrive(account.pk, "token-4") == "ask"
    assert devices.arrive(account.pk, "token-5") == "known"
    with actor_scope(Actor("patient", account_id=account.pk)):
        assert Device.objects.count() == 20


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Linux; Android 12; HarmonyOS) Chrome/99 MicroMessenger/8", "harmony-wechat"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Version/17 Safari/604", "iphone-safari"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537 Edg/120", "windows-edge"),
        ("", "other-"),
        ("x" * 5000, "other-"),
    ],
)
def test_a_device_is_named_coarsely(agent, label):
    assert devices.label_of(agent) == label
    assert len(label) <= 20
    assert devices.words_of(label)


def test_the_demo_says_what_to_answer_and_nothing_else_does(code, account, settings):
    application = factories.application(account, state="draft")
    application.answers = {"identity": {"id_number": NUMBER, "birth_date": "2018-05-12"}}
    with actor_scope(Actor("patient", account_id=account.pk)):
        application.save(update_fields=["answers"])
    describe(account, application.pk)
    browser = Client()
    code(browser)
    settings.JIELI_DEMO = False
    assert "身份证号后四位 " not in browser.get(reverse("patient_device")).content.decode()
    settings.JIELI_DEMO = True
    text = browser.get(reverse("patient_device")).content.decode()
    assert "身份证号后四位 7031，出生日期 20180512" in text
    settings.PRODUCTION = True
    assert "身份证号后四位 " not in browser.get(reverse("patient_device")).content.decode()

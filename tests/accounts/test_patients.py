from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts import patients, sms
from accounts.models import OneTimeCode, PatientAccount
from accounts.sessions import SessionStore
from audit.models import Entry, EntryPayload
from scope import actor_scope
from scope.actor import SYSTEM

PHONE = "13812345521"
SOURCE = "203.0.113.9"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(monkeypatch, django_capture_on_commit_callbacks):
    """Ask for a code and read it as the phone's owner would."""

    def ask(phone=PHONE, source=SOURCE):
        with django_capture_on_commit_callbacks(execute=True):
            result = patients.request_code(phone, source)
        text = sms.ConsoleBackend.last(patients.normalise_phone(phone))
        return result, text.split("验证码 ")[1][:6] if result.sent else ""

    return ask


def age(**by):
    """Make every code older, as if time had passed."""
    with actor_scope(SYSTEM):
        for code in OneTimeCode.objects.all():
            OneTimeCode.objects.filter(pk=code.pk).update(
                created_at=code.created_at - timedelta(**by), expires_at=code.expires_at - timedelta(**by)
            )


@pytest.mark.parametrize(
    "typed",
    ["138 1234 5521", "+86 138-1234-5521", "0086 13812345521", "8613812345521", "１３８１２３４５５２１"],
)
def test_it_takes_a_mainland_number_in_the_forms_people_type(typed):
    assert patients.normalise_phone(typed) == PHONE


@pytest.mark.parametrize(
    "typed", ["", "12812345521", "1381234552", "+1 212 555 0100", "138123455210", "一三八"]
)
def test_it_refuses_what_is_no_mainland_mobile_without_repeating_it(typed):
    with pytest.raises(ValueError) as refused:
        patients.normalise_phone(typed)
    assert not typed or typed not in str(refused.value)


@given(st.text(max_size=40))
def test_normalising_gives_eleven_ascii_digits_or_refuses(text):
    try:
        phone = patients.normalise_phone(text)
    except ValueError:
        return
    assert len(phone) == 11
    assert phone.isascii()
    assert phone.isdigit()
    assert patients.normalise_phone(phone) == phone


def test_a_right_code_opens_one_account_for_one_phone(ask):
    _, code = ask()
    first = patients.verify(PHONE, f" {code[:3]} {code[3:]} ").account
    age(minutes=2)
    _, code = ask("+86 " + PHONE)
    assert patients.verify(PHONE, code).account == first
    assert PatientAccount.objects.count() == 1
    assert not Entry.objects.filter(action="patient.signed_in").exists()  # a code alone signs nobody in


def test_neither_phone_nor_code_is_stored_or_audited_in_clear(ask):
    _, code = ask()
    account = patients.verify(PHONE, code).account
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(a)::text FROM patient_account a")
        rows = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT row_to_json(c)::text FROM one_time_code c")
        rows += [row[0] for row in cursor.fetchall()]
    rows += [str(payload) for payload in EntryPayload.objects.values_list("payload", flat=True)]
    assert account.phone == PHONE
    for row in rows:
        assert PHONE not in row
        assert PHONE.encode().hex() not in row
        assert code.encode().hex() not in row
        assert f'"{code}"' not in row


def test_a_code_works_once(ask):
    _, code = ask()
    assert patients.verify(PHONE, code).account
    again = patients.verify(PHONE, code)
    assert (again.account, again.reason) == (None, "expired")


def test_a_code_of_another_phone_is_worth_nothing(ask):
    _, code = ask()
    ask("13900000001")
    if patients.verify("13900000001", code).account:  # one in a million: the two codes are equal
        pytest.skip("the two codes were equal")
    assert not PatientAccount.objects.exists()


def test_a_code_dies_after_five_minutes(ask):
    _, code = ask()
    age(minutes=5, seconds=1)
    assert patients.verify(PHONE, code).reason == "expired"


def test_five_wrong_codes_end_the_code_even_for_the_right_one(ask):
    _, code = ask()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    outcomes = [patients.verify(PHONE, wrong) for _ in range(5)]
    assert [o.left for o in outcomes] == [4, 3, 2, 1, 0]
    assert outcomes[-1].reason == "tries"
    assert patients.verify(PHONE, code).reason == "tries"


def test_a_new_code_ends_the_one_before(ask):
    _, old = ask()
    age(minutes=1, seconds=1)
    _, new = ask()
    if old != new:
        assert patients.verify(PHONE, old).reason == "wrong"
    assert patients.verify(PHONE, new).account


def test_a_second_code_waits_sixty_seconds(ask):
    ask()
    result, _ = ask()
    assert (result.sent, result.reason) == (False, "wait")
    assert 0 < result.seconds <= 61
    age(seconds=61)
    assert ask()[0].sent


def test_a_phone_gets_five_codes_an_hour_and_ten_a_day(ask):
    sent = 0
    for _ in range(5):
        sent += ask()[0].sent
        age(seconds=61)
    assert sent == 5
    assert ask()[0].reason == "phone_hour"
    age(hours=1)
    for _ in range(5):
        sent += ask()[0].sent
        age(seconds=61)
    assert sent == 10
    age(hours=1)
    assert ask()[0].reason == "phone_day"
    age(days=1)
    assert ask()[0].sent


def test_an_address_gets_thirty_codes_an_hour_whatever_the_phones(ask):
    for i in range(30):
        assert ask(f"139{i:08d}")[0].sent
    assert ask()[0].reason == "source"
    assert ask(source="203.0.113.10")[0].sent


def test_a_suspended_account_does_not_open(ask):
    _, code = ask()
    patients.verify(PHONE, code)
    with actor_scope(SYSTEM):
        PatientAccount.objects.update(is_active=False)
    age(seconds=61)
    _, code = ask()
    assert patients.verify(PHONE, code).reason == "inactive"


def test_a_carrier_that_fails_breaks_nothing_and_logs_no_number(settings, ask, caplog, monkeypatch):
    def fail(self, phone, text):
        raise ConnectionError(phone)

    monkeypatch.setattr(sms.ConsoleBackend, "send", fail)
    sms.send_code(PHONE, "123456")
    assert "ConnectionError" in caplog.text
    assert PHONE not in caplog.text


# ---- the pages -------------------------------------------------------------------------------------------


def code_of(phone=PHONE):
    return sms.ConsoleBackend.last(phone).split("验证码 ")[1][:6]


@pytest.fixture
def begin(client, django_capture_on_commit_callbacks):
    def begin(phone=PHONE, **more):
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(reverse("patient_sign_in"), {"phone": phone, **more})

    return begin


def test_signing_in_by_phone_leads_to_where_one_wanted(client, begin):
    assert begin(next="/home/?x=1").url == reverse("patient_verify")
    answer = client.post(reverse("patient_verify"), {"code": code_of()})
    assert answer.url == "/home/?x=1"
    account = PatientAccount.objects.get()
    assert client.session["patient_account_id"] == account.pk
    assert Entry.objects.filter(actor=f"patient:{account.pk}", action="patient.signed_in").count() == 1


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_away_after_signing_in(client, begin, target):
    begin(next=target)
    answer = client.post(reverse("patient_verify"), {"code": code_of()})
    assert "evil" not in answer.url
    assert answer.url.startswith("/")


def test_the_session_is_a_new_one_after_signing_in(client, begin):
    begin()
    before = client.session.session_key
    client.post(reverse("patient_verify"), {"code": code_of()})
    assert client.session.session_key != before
    assert not SessionStore().exists(before)


def test_signing_in_without_a_place_to_go_leads_to_the_own_applications(client, begin):
    begin()
    answer = client.post(reverse("patient_verify"), {"code": code_of()})
    assert answer.url == reverse("applications:mine")
    assert client.get(reverse("patient_sign_in")).url == reverse("applications:mine")


def test_the_number_travels_sealed_in_the_session(client, begin):
    begin()
    assert "patient_pending" in client.session
    assert PHONE not in str(dict(client.session.items()))


def test_the_answer_is_the_same_for_a_known_and_an_unknown_number(client, begin):
    def page(phone):
        first = begin(phone)
        return first.status_code, first.url, client.get(first.url).content.decode()

    PatientAccount.objects.create(
        phone="13900000001", phone_blind=patients.blind(patients.PHONE_PURPOSE, "13900000001")
    )
    known, unknown = page("13900000001"), page("13900000002")
    import re

    def strip(text):
        return re.sub(r'\d{6}|\d{2}:\d{2}:\d{2}|139\*+\d+|(?<=value=")\w{64}|(?<=: ")\w{64}', "", text)

    assert known[:2] == unknown[:2]
    assert strip(known[2]) == strip(unknown[2])


def test_a_wrong_code_is_counted_although_the_page_is_an_error(client, begin):
    begin()
    wrong = f"{(int(code_of()) + 1) % 10**6:06d}"
    answer = client.post(reverse("patient_verify"), {"code": wrong})
    assert answer.status_code == 400
    assert "还可以试 4 次" in answer.content.decode()
    assert OneTimeCode.objects.get().tries == 1


def test_the_code_stands_on_the_page_in_the_demo_alone(client, begin, settings):
    begin()
    settings.JIELI_DEMO = True
    assert code_of() in client.get(reverse("patient_verify")).content.decode()
    settings.JIELI_DEMO = False
    assert code_of() not in client.get(reverse("patient_verify")).content.decode()


def test_a_wrong_number_is_explained(begin):
    answer = begin("12345")
    assert answer.status_code == 400
    assert "11 位" in answer.content.decode()


def test_the_code_page_without_a_number_leads_back(client):
    assert client.get(reverse("patient_verify")).url == reverse("patient_sign_in")


def test_signing_out_ends_the_session(client, begin):
    begin()
    client.post(reverse("patient_verify"), {"code": code_of()})
    assert client.get(reverse("patient_sign_out")).status_code == 405
    client.post(reverse("patient_sign_out"))
    assert "patient_account_id" not in client.session

"""Letters: the insurer learns that one is ready, or that the record is not processed; nothing else."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

import factories
from audit.models import Entry
from insurance.desk import letters
from insurance.desk.models import Invitation
from people.models import ProofToken
from people.registry import hash_token
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db
URL = "/desk/invitations/"


def invitation():
    with engine_scope("test"):
        return Invitation.objects.get()


def test_a_letter_becomes_ready_and_its_token_is_the_persons(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    desk.deliver()
    browser = desk.browser(org)
    browser.post(URL, {"setl_id": "C1"})
    desk.deliver()
    row = invitation()
    assert row.status == "ready"
    assert "可以打印" in browser.get(URL).content.decode()
    text = browser.get(f"{URL}{row.pk}/").content.decode()
    assert row.token in text
    assert "测试人" in text
    assert "/t/" in text
    with engine_scope("test"):
        token = ProofToken.objects.get(token_hash=hash_token(row.token))
        assert token.organisation_id == org.pk
        assert Entry.objects.filter(action="invitation.opened", subject=f"invitation:{row.pk}").exists()


def test_the_letter_names_no_illness(desk):
    org = desk.insurer()
    desk.push(org, desk.bill | {"disease_name": "急性淋巴细胞白血病"})
    desk.deliver()
    browser = desk.browser(org)
    browser.post(URL, {"setl_id": "C1"})
    desk.deliver()
    text = browser.get(f"{URL}{invitation().pk}/").content.decode()
    for word in ("白血病", "C91", "40,000", "110105"):
        assert word not in text
    title = re.search("<title>(.*?)</title>", text)
    assert title is not None
    assert "测试人" not in title[1]


def test_a_record_that_is_not_processed_waits_and_becomes_ready_by_itself(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    actor = factories.staff(org, "intake_clerk")
    with actor_scope(actor):
        row = letters.ask(actor, "C1")
    with engine_scope("test"):
        letters.prepare(row.pk)
    assert invitation().status == "waiting"
    browser = desk.browser(org)
    assert "记录还没处理完" in browser.get(URL).content.decode()
    assert browser.get(f"{URL}{row.pk}/").status_code == 302
    desk.deliver()
    assert invitation().status == "ready"


def test_asked_twice_it_is_one_letter(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    browser = desk.browser(org)
    browser.post(URL, {"setl_id": "C1"})
    desk.deliver()
    browser.post(URL, {"setl_id": "C1"})
    desk.deliver()
    assert invitation().status == "ready"
    with engine_scope("test"):
        assert ProofToken.objects.count() == 1


def test_only_ones_own_accepted_bills_can_be_picked(desk):
    desk.push(desk.insurer(), desk.bill)
    org = desk.insurer()
    desk.push(org, desk.broken)
    browser = desk.browser(org)
    answers = [browser.post(URL, {"setl_id": number}) for number in ("C1", "C9", "none")]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert all("没有这个编号的已收下的结算单" in answer.content.decode() for answer in answers)
    with engine_scope("test"):
        assert not Invitation.objects.exists()


def test_anothers_letter_is_not_there(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    desk.browser(org).post(URL, {"setl_id": "C1"})
    desk.deliver()
    other = desk.browser(desk.insurer())
    pk = invitation().pk
    assert other.get(f"{URL}{pk}/").status_code == 404
    assert other.post(f"{URL}{pk}/printed/").status_code == 404
    assert "C1" not in other.get(URL).content.decode()


def test_printing_is_noted(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    browser = desk.browser(org)
    browser.post(URL, {"setl_id": "C1"})
    desk.deliver()
    browser.post(reverse("desk:letter_printed", args=[invitation().pk]))
    row = invitation()
    assert row.status == "printed"
    assert row.printed_at is not None


def test_an_insurer_cannot_write_a_token_itself(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    actor = factories.staff(org, "intake_clerk")
    with actor_scope(actor):
        row = letters.ask(actor, "C1")
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE invitation SET token = %s WHERE id = %s", [b"x", row.pk])


def test_a_hospital_sends_no_letters(desk):
    browser = desk.browser(factories.organisation("hospital"))
    assert browser.get(URL).status_code == 403


def test_the_token_is_sealed_in_the_database(desk):
    org = desk.insurer()
    desk.push(org, desk.bill)
    desk.browser(org).post(URL, {"setl_id": "C1"})
    desk.deliver()
    token = invitation().token
    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT i::text FROM invitation i")
        assert token.encode().hex() not in cursor.fetchone()[0]

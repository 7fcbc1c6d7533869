"""What a charity sees once a consent ended: by withdrawal or by its time, before and after the engine ran."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.awards import candidates, services
from charity.awards.models import Award
from charity.portal import queue
from consent import services as consents
from consent.models import Consent
from outbox.tasks import drain
from scope import actor_scope, engine_scope

WHY = "符合规则第五条，按档位资助。"
HOLDER, NUMBER = "示例市儿童医院", "6222000000000187"


@pytest.fixture
def promised(db):
    """A case with an approved award whose family then took its yes back."""
    on = cases.stage()
    with actor_scope(on.worker):
        services.propose(
            on.worker, on.case.pk, amount=Decimal("9000.00"), reason=WHY, payee=f"{HOLDER} {NUMBER}"
        )
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason=WHY, no_conflict=True)
    withdraw(on)
    return on


def withdraw(on):
    family = make.patient(on.account)
    with actor_scope(family):
        consents.withdraw(family, on.consent)


def run_out(on):
    with engine_scope("test"):
        Consent.objects.filter(pk=on.consent.pk).update(valid_until=timezone.now() - timedelta(hours=1))


def page(client, on, status=200):
    answer = client.get(reverse("portal:case", args=[on.case.pk]))
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("engine_ran", [False, True])
def test_the_payer_of_a_promise_reads_to_whom_masked_and_in_full_on_record(promised, browser, engine_ran):
    on = promised
    if engine_ran:
        drain()
    client = browser(on.payer)
    text = page(client, on)
    assert "0187" in text
    for hidden in (HOLDER, NUMBER, "陈*涵", WHY):
        assert hidden not in text
    assert "收款户名和账号" in text
    url = reverse("portal:reveal", args=[on.case.pk])
    shown = client.post(url, {"field": "payee", "reason": "payee"}).content.decode()
    assert f"{HOLDER} {NUMBER}" in shown
    assert "陈*涵" not in shown
    entry = AuditEntry.objects.select_related("content").get(
        action="field.revealed", subject=f"case:{on.case.pk}"
    )
    assert entry.content.payload["fields"] == ["payee"]
    assert client.post(url, {"field": "name", "reason": "call"}).status_code == 422
    pay = client.post(reverse("portal:step", args=[on.case.pk, "pay"]), {"reference": "工行 20261122-0001"})
    assert pay.status_code == 302
    assert client.post(url, {"field": "payee", "reason": "payee"}).status_code == 404


def test_nobody_but_the_payer_is_shown_the_payee_of_a_promise(promised, browser):
    for actor in (promised.worker, promised.approver, promised.manager):
        client = browser(actor)
        assert "0187" not in page(client, promised)
        url = reverse("portal:reveal", args=[promised.case.pk])
        assert client.post(url, {"field": "payee", "reason": "payee"}).status_code == 404


def test_search_finds_nobody_whose_yes_ended_before_any_worker_ran(db):
    on, other = cases.stage(), cases.stage()
    assert on.org.pk != other.org.pk
    with actor_scope(on.worker):
        assert [case.pk for case in queue.search(on.worker, "陈雨涵")] == [on.case.pk]
        assert [case.pk for case in queue.search(on.worker, "5521")] == [on.case.pk]
    withdraw(on)
    run_out(other)
    for stage in (on, other):
        with actor_scope(stage.worker):
            for text in ("陈雨涵", "5521"):
                assert not queue.search(stage.worker, text).exists()


def test_a_yes_to_one_fund_does_not_keep_the_name_on_another_funds_case(db, browser):
    on = cases.stage()
    second = cases.stage(org=on.org, application=on.application)
    withdraw(on)
    listed = browser(on.worker).get(reverse("portal:queue"), {"tab": "all"}).content.decode()
    assert listed.count("陈*涵") == 1
    assert "患者已收回同意" in listed
    assert "陈*涵" in page(browser(on.worker), second)
    assert "陈*涵" not in page(browser(on.worker), on)


def test_a_consent_that_ran_out_is_called_so(db, browser):
    on = cases.stage()
    run_out(on)
    client = browser(on.worker)
    assert "同意已到期" in page(client, on)
    with engine_scope("test"):
        candidates.sweep_consents()
    text = page(client, on)
    assert "同意已到期" in text
    assert "患者已收回同意" not in text
    listed = client.get(reverse("portal:queue"), {"tab": "all"}).content.decode()
    assert "同意已到期" in listed
    assert "已结束" not in listed
    assert on.case.number in client.get(reverse("portal:withdrawn")).content.decode()


def test_only_what_had_a_case_and_has_no_new_yes_waits_for_confirmation(db, browser):
    on = cases.stage()
    lonely = make.consent(on.org, make.fund(on.org).pk, on.application)  # no case was made of it
    family = make.patient(on.account)
    with actor_scope(family):
        consents.withdraw(family, lonely)
    with actor_scope(on.worker):
        assert list(queue.ended_consents(on.worker)) == []
    withdraw(on)
    drain()
    with actor_scope(on.worker):
        assert list(queue.ended_consents(on.worker)) == [on.consent]
    make.consent_again(on.consent)
    with actor_scope(on.worker):
        assert list(queue.ended_consents(on.worker)) == [], "what is open again is not deleted"
    drain()
    client = browser(on.worker)
    assert client.post(reverse("portal:acknowledge", args=[on.consent.pk])).status_code == 404


def test_the_words_of_an_award_are_sealed_where_they_are_stored(promised):
    from django.db import connection

    with actor_scope(promised.payer):
        services.pay(promised.payer, promised.case.pk, reference="给陈雨涵家")
    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT payment_reference FROM award WHERE case_id = %s", [promised.case.pk])
        assert "陈雨涵".encode() not in bytes(cursor.fetchone()[0])
        assert Award.objects.get(case=promised.case).payment_reference == "给陈雨涵家"

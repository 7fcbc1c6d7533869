"""Money to be got back, on the pages: listed with age and cause, said by one, confirmed by another, exported."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.awards import services
from insurance.ledger import services as ledger
from insurance.ledger.models import RecoveryCase, SettlementBalance
from outbox.tasks import drain
from scope import actor_scope, engine_scope

D = Decimal
NOTE = "家属把多给的钱转回来了。"
LIST, FILE = reverse("portal:recoveries"), reverse("portal:recoveries_export")


@pytest.fixture
def on(db):
    on = cases.stage(residual="30000.00")
    with actor_scope(on.worker):
        services.propose(
            on.worker, on.case.pk, amount=D("10000.00"), reason="按第六条建议资助一万元。", payee="王某"
        )
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason="材料齐全，同意资助。", no_conflict=True)
    with actor_scope(on.payer):
        services.pay(on.payer, on.case.pk, reference="工行 0001")
    with engine_scope("test"):
        bill = SettlementBalance.objects.get(need_id=on.need_id)
        ledger.post_settlement(bill.pk, on.need_id, D("4000.00"), 2)
    return on


def text(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def case_url(on):
    return reverse("portal:case", args=[on.case.pk])


def post(client, on, step, expect=302, **data):
    answer = client.post(reverse("portal:step", args=[on.case.pk, step]), data)
    assert answer.status_code == expect, answer.content.decode()
    return answer.content.decode()


def test_the_list_names_amount_cause_and_age_and_no_full_name(on, browser):
    html = text(browser(on.payer), LIST)
    for seen in ("待追回 1 笔", "¥6,000.00", "医保更正了结算单", "第 1 天", on.case.number, "陈*涵"):
        assert seen in html, seen
    assert "陈雨涵" not in html
    assert "有 1 笔资助多给了" in text(browser(on.worker), reverse("portal:queue"))
    entry = AuditEntry.objects.select_related("content").get(action="recoveries.viewed")
    assert entry.content.payload["subjects"] == [f"case:{on.case.pk}"]


def test_from_the_word_of_one_to_the_yes_of_another(on, browser):
    payer, approver = browser(on.payer), browser(on.approver)
    html = text(payer, case_url(on))
    assert "要追回 ¥6,000.00" in html
    assert "记录退回的钱" not in html, "there is one way to say it"
    assert "最多" in post(
        payer, on, "repaid", 422, amount="10000.01", received_on=timezone.localdate(), reason=NOTE
    )
    post(payer, on, "repaid", amount="6000.00", received_on=timezone.localdate(), reason=NOTE)
    html = text(payer, case_url(on))
    assert "撤回我的登记" in html
    assert "确认收到" not in html
    assert "等另一个人确认" in text(payer, LIST + "?tab=waits")
    html = text(approver, case_url(on))
    assert "确认收到 ¥6,000.00" in html
    assert NOTE in html
    action = html.split('name="action" value="')[1].split('"')[0]
    post(approver, on, "confirm", action=action, answer="yes")
    drain()
    html = text(approver, case_url(on))
    assert "不用再追了" in html
    assert "已退回" in html
    assert "没有要追回的钱" in text(payer, LIST)
    assert "已了结" in text(payer, LIST + "?tab=closed")


def test_what_is_left_to_the_family_says_so(on, browser):
    payer, manager = browser(on.payer), browser(on.manager)
    post(payer, on, "write_off", amount="6000.00", reason="家里还在还债，理事会同意不追。")
    action = text(manager, case_url(on)).split('name="action" value="')[1].split('"')[0]
    post(manager, on, "confirm", action=action, answer="yes")
    drain()
    assert "不再追回 ¥6,000.00" in text(payer, case_url(on))
    assert "另外不再追回 ¥6,000.00" in text(payer, LIST + "?tab=closed")
    with engine_scope("test"):
        assert RecoveryCase.objects.get(need_id=on.need_id).state == "written_off"


def test_the_file_holds_numbers_and_no_name(on, browser):
    text_of_file = browser(on.payer).get(FILE).content.decode()
    assert on.case.number in text_of_file
    assert "6000.00" in text_of_file
    assert "陈" not in text_of_file
    entry = AuditEntry.objects.select_related("content").get(action="recoveries.exported")
    assert entry.content.payload["subjects"] == [f"case:{on.case.pk}"], "the family reads of it"


def test_after_a_withdrawal_the_number_stays_and_the_money_can_still_come_back(on, browser):
    from consent import services as consents

    with actor_scope(make.patient(on.account)):
        consents.withdraw(make.patient(on.account), on.consent)
    drain()
    payer, approver = browser(on.payer), browser(on.approver)
    assert "陈*涵" not in text(payer, LIST)
    post(payer, on, "repaid", amount="6000.00", received_on=timezone.localdate(), reason=NOTE)
    html = text(approver, case_url(on))
    assert NOTE not in html
    post(approver, on, "confirm", action=html.split('name="action" value="')[1].split('"')[0], answer="yes")
    drain()
    with engine_scope("test"):
        assert RecoveryCase.objects.get(need_id=on.need_id).state == "resolved"


def test_another_house_reads_nothing(on, browser):
    stranger = browser(make.staff(make.organisation(), "payer", "approver"))
    assert on.case.number not in text(stranger, LIST + "?tab=all")
    assert on.case.number not in stranger.get(FILE + "?tab=all").content.decode()
    for auditor in ("auditor", "administrator"):
        assert browser(make.staff(on.org, auditor)).get(LIST).status_code == 403


def test_the_file_runs_no_fund_by_the_name_of_a_formula(on, browser):
    with actor_scope(on.manager):
        on.fund.name = "=1+1"
        on.fund.save(update_fields=["name"])
    assert ",'=1+1," in browser(on.payer).get(FILE).content.decode()


@pytest.mark.parametrize(
    "typed", ["NaN", "Infinity", "-1", "0.001", "1e500", "1e-500", "", "9" * 5_000, "a\x00b"]
)
def test_an_amount_that_is_none_is_refused_and_writes_nothing(on, browser, typed):
    payer = browser(on.payer)
    for step in ("repaid", "write_off"):
        post(payer, on, step, 422, amount=typed, received_on=timezone.localdate(), reason=NOTE + typed)
    post(payer, on, "confirm", 409, action=typed, answer="yes")

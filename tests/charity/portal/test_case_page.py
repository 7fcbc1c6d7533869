"""The case page: who, how much is open, may we, how much at most; and every step that starts on it."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from django.urls import reverse

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.applications import services as applications
from charity.awards import services
from charity.awards.models import Award
from charity.awards.rules import write_event
from charity.portal import case_page
from charity.portal.templatetags.bounds import bounds
from consent import services as consents
from outbox.tasks import drain
from scope import actor_scope
from web import charts

WHY = "符合规则第五条，按档位资助。"
FULL = ("陈雨涵", "430102201703150423", "13812345521", "林小梅")


def page(client, on, expect=200, **params):
    answer = client.get(reverse("portal:case", args=[on.case.pk]), params)
    assert answer.status_code == expect
    return answer.content.decode()


def post(client, on, step, expect=302, **data):
    answer = client.post(reverse("portal:step", args=[on.case.pk, step]), data)
    text = answer.content.decode()
    assert answer.status_code == expect, re.findall(r'(?:role="alert"|field-error)[^>]*>.{0,200}', text)
    return text


def propose(client, on, amount="10000.00", expect=302):
    return post(
        client, on, "propose", expect, amount=amount, reason=WHY, payee="示例市儿童医院 6222000000000187"
    )


def test_the_page_shows_what_is_open_and_who_paid_and_no_full_name(db, browser):
    on = cases.stage()
    text = page(browser(on.worker), on)
    assert "陈*涵" in text
    assert "430***********0423" in text
    for value in FULL:
        assert value not in text
    for expected in (
        "¥30,000.00",
        "医疗总费用",
        "¥90,000.00",
        "基本医保",
        "还没着落",
        "个人负担高于 1,000 元",
    ):
        assert expected in text
    assert AuditEntry.objects.filter(action="case.viewed", subject=f"case:{on.case.pk}").exists()


def test_the_whole_way_through_the_pages_without_script(db, browser):
    on = cases.stage()
    worker, approver, payer = browser(on.worker), browser(on.approver), browser(on.payer)
    propose(worker, on)
    held = "其中 ¥10,000.00 本基金已预留，等审批"
    assert held in page(worker, on)
    text = page(approver, on)
    assert "批准 ¥10,000.00" in text
    decision = {"verdict": "approve", "reason": WHY, "amount": "10000.00"}
    assert "利益关系" in post(approver, on, "decide", 422, **decision)
    post(approver, on, "decide", no_conflict="on", **decision)
    assert held not in page(worker, on)
    post(payer, on, "pay", reference="工行 20261122-0001")
    text = page(payer, on)
    assert "已付款" in text
    assert "工行 20261122-0001" in text
    post(payer, on, "return", amount="100.00", reason="医院多收了一百元，已退回。")
    assert "¥100.00" in page(payer, on)


def test_the_amount_cannot_pass_the_limit_and_what_was_typed_stays(db, browser):
    on = cases.stage()
    text = propose(browser(on.worker), on, "10000.01", expect=422)
    assert "最多 ¥10,000.00" in text
    assert WHY in text
    assert 'data-limit="10000.00"' in text


@pytest.mark.parametrize("step", ["propose", "decide", "pay"])
def test_a_step_that_does_not_fit_the_state_or_role_changes_nothing(db, browser, step):
    on = cases.stage()
    post(browser(on.payer), on, step, 409, amount="1.00", reason=WHY, payee="示例医院", reference="12345")
    assert not Award.objects.filter(case=on.case).exists()


def test_another_organisations_case_is_not_found(db, browser):
    on = cases.stage()
    org = make.organisation()
    stranger = browser(make.staff(org, "case_worker", "approver", "payer"))
    page(stranger, on, expect=404)
    for name, args in [
        ("portal:reveal", [on.case.pk]),
        ("portal:remind", [on.case.pk]),
        ("portal:step", [on.case.pk, "propose"]),
        ("portal:check", [on.case.pk, 1, "accept"]),
        ("portal:acknowledge", [on.consent.pk]),
    ]:
        assert stranger.post(reverse(name, args=args)).status_code == 404, name
    row = cases.paper(on)
    assert stranger.get(reverse("portal:document", args=[on.case.pk, row.pk])).status_code == 404


def test_revealing_is_recorded_with_its_reason_and_shows_only_what_was_asked(db, browser):
    on = cases.stage()
    client = browser(on.worker)
    url = reverse("portal:reveal", args=[on.case.pk])
    for data in (
        {"field": "name"},
        {"field": "name", "reason": "other", "reason_text": "短"},
        {"reason": "call"},
        {"field": "password", "reason": "call"},
    ):
        answer = client.post(url, data)
        assert answer.status_code == 422
        assert FULL[0] not in answer.content.decode()
    text = client.post(url, {"field": "name", "reason": "call"}).content.decode()
    assert "陈雨涵" in text
    assert FULL[1] not in text
    assert 'data-seconds="300"' in text
    entry = AuditEntry.objects.select_related("content").get(action="field.revealed")
    assert entry.content.payload["fields"] == ["name"]
    assert entry.content.payload["reason"] == "call"
    assert "陈雨涵" not in str(entry.content.payload)
    assert "陈雨涵" not in page(client, on)


def test_nobody_reveals_more_than_twenty_times_a_day(db, browser):
    on = cases.stage()
    client = browser(on.worker)
    url = reverse("portal:reveal", args=[on.case.pk])
    codes = [client.post(url, {"field": "name", "reason": "call"}).status_code for _ in range(21)]
    assert codes == [200] * 20 + [422]


def test_after_a_withdrawal_number_and_amounts_stay_and_no_identity(db, browser):
    on = cases.stage()
    worker, approver = browser(on.worker), browser(on.approver)
    propose(worker, on)
    post(approver, on, "decide", verdict="approve", reason=WHY, amount="10000.00", no_conflict="on")
    with actor_scope(make.patient(on.account)):
        consents.withdraw(make.patient(on.account), on.consent)
    drain()
    text = page(worker, on)
    assert "患者已收回同意" in text
    assert on.case.number in text
    assert "¥10,000.00" in text
    for hidden in ("陈*涵", "白血病", "示例市儿童医院", WHY, "¥30,000.00", *FULL):
        assert hidden not in text, hidden
    assert worker.post(reverse("portal:reveal", args=[on.case.pk])).status_code == 404
    listed = worker.get(reverse("portal:queue"), {"tab": "all"}).content.decode()
    assert "患者已收回同意" in listed
    assert "陈*涵" not in listed
    shown = worker.get(reverse("portal:withdrawn")).content.decode()
    assert on.case.number in shown
    assert worker.post(reverse("portal:acknowledge", args=[on.consent.pk])).status_code == 302
    assert "已确认" in worker.get(reverse("portal:withdrawn")).content.decode()


def test_a_paper_is_downloaded_never_shown_and_recorded(db, browser):
    on = cases.stage()
    row = cases.paper(on)
    answer = browser(on.worker).get(reverse("portal:document", args=[on.case.pk, row.pk]))
    assert answer.content == b"%PDF-1.4 test"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert AuditEntry.objects.filter(action="document.downloaded").exists()


def test_papers_are_accepted_and_rejected_on_the_page(db, browser):
    on = cases.stage(documents=[cases.DIAGNOSIS_PAPER])
    row = cases.paper(on)
    client = browser(on.worker)
    url = reverse("portal:check", args=[on.case.pk, row.pk, "reject"])
    assert client.post(url, {"reason": ""}).status_code == 422
    assert client.post(url, {"reason": "要盖医院公章，请补盖。"}).status_code == 302
    assert "要盖医院公章" in page(client, on)
    accept = reverse("portal:check", args=[on.case.pk, row.pk, "accept"])
    assert client.post(accept, {"seal": "hospital"}).status_code == 302
    drain()
    assert "医院公章" in page(client, on)
    assert on.reload().unknown == 0


def test_the_second_charity_sees_who_paid_only_with_that_consent(db, browser):
    first = cases.stage(residual="12000.00")
    with actor_scope(first.worker):
        services.propose(first.worker, first.case.pk, amount=Decimal("9000.00"), reason=WHY, payee="示例医院")
    seeing = cases.stage(application=first.application)
    blind = cases.stage(
        application=first.application, categories=["identity", "bills", "household", "documents"]
    )
    for one, named in ((seeing, True), (blind, False)):
        text = page(browser(one.worker), one)
        assert "¥3,000.00" in text
        assert "¥9,000.00" in text
        # the whole name: 测试基金2 also begins 测试基金21
        assert bool(re.search(rf"{first.fund.name}(?!\d)", text)) is named


def test_the_page_costs_a_bounded_number_of_queries(db, browser, django_assert_max_num_queries):
    on = cases.stage()
    for _ in range(30):
        cases.stage(org=on.org, fund=on.fund)
    client = browser(on.worker)
    with django_assert_max_num_queries(60):
        page(client, on)


def test_no_style_or_script_stands_in_the_page(db, browser):
    on = cases.stage(documents=[cases.DIAGNOSIS_PAPER])
    cases.paper(on)
    text = page(browser(on.worker), on)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*src=)", text)


def test_a_family_that_disagrees_is_answered_by_somebody_else(db, browser):
    on = cases.stage(residual="900.00")
    approver = browser(on.approver)
    post(
        approver,
        on,
        "decide",
        verdict="refuse",
        reason="个人负担没有超过一千元。可以申请复核。",
        clause="第五条",
    )
    with actor_scope(make.patient(on.account)):
        applications.ask_review(
            make.patient(on.account), on.application, on.case.pk, on.org.pk, "还有一张结算单没有算进去。"
        )
    assert "请求复核" in approver.get(reverse("portal:queue")).content.decode()
    assert "还有一张结算单没有算进去" in page(approver, on)
    answer = {"text": "已请医保补推送那张结算单，重新核对。", "reopen": "on"}
    assert "没有做过这个决定" in post(approver, on, "review", 422, **answer)
    other = browser(make.staff(on.org, "approver"))
    post(other, on, "review", **answer)
    assert on.reload().state == "new"
    assert "请求复核" not in other.get(reverse("portal:queue")).content.decode()


def test_who_applies_for_himself_is_reached_by_the_number_he_gave(db, browser):
    told = cases.answers(applicant={"phone": "13812345521"})
    told["identity"]["phone"] = ""
    on = cases.stage(told=told)
    text = page(browser(on.worker), on)
    assert "138****5521" in text
    assert "本人" in text


def test_who_approves_and_who_pays_read_the_payees_name_but_not_the_number(db, browser):
    on = cases.stage()
    with actor_scope(on.worker):
        services.propose(
            on.worker,
            on.case.pk,
            amount=Decimal("9000.00"),
            reason=WHY,
            payee="示例大学附属第一医院 6222 0000 0000 2222",
        )
    for actor in (on.approver, on.payer):
        text = page(browser(actor), on)
        assert "示例大学附属第一医院 6222 **** **** 2222" in text
        assert "6222 0000" not in text
    manager = browser(make.staff(on.org, "fund_manager"))
    assert "示例大学附属第一医院" not in page(manager, on)


@pytest.mark.parametrize(
    "payee",
    [
        "示例医院6222000000000187",
        "6222000000000187 示例医院",
        "示例医院（6222-0000-0000-0187）",
        "示例医院 6222.0000.0000　0187",
    ],
)
def test_the_name_is_read_wherever_the_number_stands(db, browser, payee):
    on = cases.stage()
    with actor_scope(on.worker):
        services.propose(on.worker, on.case.pk, amount=Decimal("9000.00"), reason=WHY, payee=payee)
    assert "示例医院 6222 **** **** 0187" in page(browser(on.payer), on)


def test_one_bound_alone_is_said_to_bind(db, browser):
    on = cases.stage()
    assert page(browser(on.worker), on).count("← 起限制") == 1
    tie = [charts.Limit("甲", Decimal(5)), charts.Limit("乙", Decimal(5)), charts.Limit("丙", Decimal(6))]
    assert [line.binds for line in bounds(tie, Decimal(5))["bar"].lines] == [True, False, False]


def test_with_nothing_left_open_a_notice_stands_where_the_form_was(db, browser, monkeypatch):
    on = cases.stage()
    client = browser(on.worker)
    assert "propose-amount" in page(client, on)
    real = case_page.limits_of
    monkeypatch.setattr(
        case_page, "limits_of", lambda case: [replace(one, amount=Decimal("0.00")) for one in real(case)]
    )
    text = page(client, on)
    assert "没有可资助的余额" in text
    assert "propose-amount" not in text
    assert text.count("← 起限制") == 1


def test_the_history_counts_what_one_person_did_again_and_folds_what_is_old(db, browser):
    on = cases.stage()
    with actor_scope(on.worker):
        for note in ("call", "call", "papers"):
            write_event(on.case, "revealed", on.worker, note=note)
        write_event(on.case, "reminded", on.worker)
        write_event(on.case, "corrected", on.worker, amount=Decimal("5.00"))
        write_event(on.case, "revealed", on.worker, note="call")
        write_event(on.case, "corrected", on.worker, amount=Decimal("5.00"))
        write_event(on.case, "corrected", on.worker, amount=Decimal("6.00"))
    client = browser(on.worker)
    text = page(client, on)
    assert "看了完整信息 3 次：打电话联系家属；核对纸质材料" in text
    assert text.count("看了完整信息") == 2, "a step with money between them keeps them apart"
    assert text.count("把建议金额改为") == 3, "what moves an amount is never counted together"
    assert "更早的" not in text
    with actor_scope(on.worker):
        for _ in range(70):
            write_event(on.case, "corrected", on.worker, amount=Decimal("7.00"))
    text = page(client, on)
    assert text.count("把建议金额改为 ¥7.00") == 70, "nothing ends silently"
    assert "<details>" in text

"""Funds, payments and the audit page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.urls import reverse

import cases
import factories as make
from audit import keys, record, sequencer, verify, witness, witnessing
from charity.awards import services
from charity.funds.models import Fund
from charity.portal import audit_views
from scope import actor_scope, engine_scope

WHY = "符合规则第五条，按档位资助。"


def text_of(client, name, *args, expect=200, **params):
    answer = client.get(reverse(name, args=args), params)
    assert answer.status_code == expect
    return answer.content.decode()


def test_the_fund_page_leads_with_what_is_left(db, browser):
    on = cases.stage()
    with actor_scope(on.worker):
        services.propose(on.worker, on.case.pk, amount=Decimal("4000.00"), reason=WHY, payee="示例医院")
    text = text_of(browser(on.worker), "portal:fund", on.fund.pk)
    for expected in ("¥100,000.00", "¥96,000.00", "¥4,000.00", "自付 1,000 元以上", "第 1 版", "1 件待审批"):
        assert expected in text
    assert "新一版规则" not in text
    assert on.fund.name in text_of(browser(on.worker), "portal:funds")


def test_another_charitys_fund_is_not_found(db, browser):
    on = cases.stage()
    stranger = browser(make.staff(make.organisation(), "fund_manager"))
    text_of(stranger, "portal:fund", on.fund.pk, expect=404)
    for step in ("pause", "budget"):
        assert stranger.post(reverse("portal:fund_step", args=[on.fund.pk, step])).status_code == 404
    text_of(stranger, "portal:compare", on.fund.pk, expect=404)
    assert stranger.post(reverse("portal:try_out", args=[on.fund.pk])).status_code == 404


def test_the_fund_manager_pauses_and_changes_the_budget(db, browser):
    on = cases.stage()
    client = browser(on.manager)

    def post(step, expect=302, **data):
        answer = client.post(reverse("portal:fund_step", args=[on.fund.pk, step]), data)
        assert answer.status_code == expect
        return answer.content.decode()

    post("pause")
    with actor_scope(on.manager):
        assert Fund.objects.get(pk=on.fund.pk).status == "paused"
    post("resume")
    post("budget", budget="120000.00", reason="理事会决议 2026-03")
    assert "¥120,000.00" in text_of(client, "portal:fund", on.fund.pk)
    assert browser(on.worker).post(reverse("portal:fund_step", args=[on.fund.pk, "pause"])).status_code == 403


def test_the_payer_sees_what_may_be_paid(db, browser):
    on = cases.stage()
    with actor_scope(on.worker):
        services.propose(on.worker, on.case.pk, amount=Decimal("4000.00"), reason=WHY, payee="示例医院")
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason=WHY, no_conflict=True)
    text = text_of(browser(on.payer), "portal:payments")
    for expected in (on.case.number, "¥4,000.00", "可以付", "陈*涵"):
        assert expected in text
    assert "您经手过" in text_of(browser(on.approver), "portal:payments")


@pytest.fixture
def log(db):
    """One charity's case, viewed by nobody yet; its entries have leaves and a checkpoint."""
    on = cases.stage()
    with engine_scope("test"):
        sequencer.run()
    return on


def test_the_audit_page_proves_an_entry_to_a_regulator_and_shows_no_person(log, browser):
    regulator = browser(make.staff(make.organisation("regulator"), "auditor"))
    text = text_of(regulator, "portal:audit")
    assert "记录没有被改过" in text
    text = text_of(regulator, "portal:audit", number="0")
    assert "确在记录中" in text
    text = text_of(regulator, "portal:audit", subject=f"case:{log.case.pk}")
    assert "陈" not in text
    assert text_of(regulator, "portal:proof", 0).startswith("jieli inclusion proof")
    assert text_of(regulator, "portal:checkpoint")
    for name, args in (("portal:queue", []), ("portal:case", [log.case.pk]), ("portal:fund", [log.fund.pk])):
        assert regulator.get(reverse(name, args=args)).status_code == 403


def test_an_insurers_auditor_checks_a_proof_and_reads_nothing_of_others(log, browser):
    insurer = browser(make.staff(make.organisation("statutory_insurer"), "auditor"))
    assert "不能看内容" in text_of(insurer, "portal:audit", number="0")
    text = text_of(insurer, "portal:audit", subject=f"case:{log.case.pk}")
    assert "没有关于它的记录" in text


@pytest.mark.parametrize("params", [{"number": "99999999"}, {"number": "abc"}, {"subject": "陈雨涵"}])
def test_a_wrong_look_up_is_answered_politely(log, browser, params):
    auditor = browser(make.staff(log.org, "auditor"))
    answer = auditor.get(reverse("portal:audit"), params)
    assert answer.status_code in (200, 404)
    assert "field-error" in answer.content.decode()


def test_a_changed_entry_is_named_as_changed(real_db, browser):
    on = cases.stage()
    with engine_scope("test"):
        sequencer.run()
    regulator = browser(make.staff(make.organisation("regulator"), "auditor"))
    assert "记录没有被改过" in text_of(regulator, "portal:audit", number="0")
    with real_db.superuser() as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE audit_entry SET actor = 'staff:1@1'")
    text = text_of(regulator, "portal:audit", number="0")
    assert "记录没有被改过" not in text
    assert "记录与检查点对不上" in text
    assert "与检查点不一致" in text
    assert on.case.number not in text


def test_an_auditor_can_be_a_witness_with_what_the_page_gives(log, browser):
    insurer = browser(make.staff(make.organisation("statutory_insurer"), "auditor"))
    assert "还没有外面的人见证" in text_of(insurer, "portal:audit")
    first = text_of(insurer, "portal:witness_request")
    key = verify.parse_key(str(keys.verifier()))
    seen = witness.read_request(first)
    size = witness.judge(seen, key, None)
    private = Ed25519PrivateKey.generate()
    with engine_scope("test"):
        witnessing.add(
            witness.cosign(seen.note, "watch.example.org", private, 1),
            witness.public_key("watch.example.org", private),
        )
        sequencer.run()
    text = text_of(insurer, "portal:audit")
    assert f"watch.example.org 在 1970-01-01 08:00 看到了前 {size} 条" in text
    following = text_of(insurer, "portal:witness_request", old=f"{size}")
    assert witness.judge(witness.read_request(following), key, seen.note) > size
    for odd in ("x", "-1", "999999999", "²", "9" * 40):
        assert insurer.get(reverse("portal:witness_request"), {"old": odd}).status_code == 404
    worker = browser(make.staff(log.org, "case_worker"))
    assert worker.get(reverse("portal:witness_request")).status_code == 403


def test_a_long_trail_says_that_it_is_cut(log, browser, monkeypatch):
    monkeypatch.setattr(audit_views, "LIMIT", 2)
    regulator = browser(make.staff(make.organisation("regulator"), "auditor"))
    with actor_scope(log.worker):
        for _ in range(3):
            record("queue.viewed", "organisation:1", also=[f"case:{log.case.pk}"])
    text = text_of(regulator, "portal:audit", subject=f"case:{log.case.pk}")
    assert "只看最近 2 条" in text
    assert "看了待办列表" in text

"""The pages of checking: from the unknown criterion to the form, to the approver's eyes."""

from __future__ import annotations

import pytest
from django.utils import timezone

import cases
import factories as make
from charity.awards import casework
from charity.findings import services
from charity.findings.models import Fact, Finding
from consent import services as consents
from outbox.tasks import drain
from scope import actor_scope, engine_scope

TODAY = timezone.localdate().isoformat()
HOME = {
    "id": "home",
    "type": "area",
    "clause": "第二条",
    "text": "户籍在长沙市。",
    "params": {"options": [{"by": "household", "areas": ["4301"], "name": "长沙市"}]},
}
EVERY = [
    HOME,
    {
        "id": "live",
        "type": "area",
        "clause": "第二条",
        "text": "住在长沙，或在长沙参保。",
        "params": {
            "options": [
                {"by": "residence", "areas": ["4301"], "name": "长沙市", "min_months": 12},
                {"by": "insured", "areas": ["4301"], "name": "长沙市"},
            ]
        },
    },
    {"id": "ins", "type": "insured", "clause": "三", "text": "居民医保。", "params": {"insutypes": ["390"], "name": "居民医保"}},
    {"id": "poor", "type": "hardship", "clause": "四", "text": "低保。", "params": {"classes": ["dibao"]}},
    {"id": "ratio", "type": "ratio", "clause": "五", "text": "四成以上。", "params": {"min": "0.4"}},
    {"id": "first", "type": "first_diagnosis", "clause": "六", "text": "初次确诊。"},
    {"id": "ill", "type": "diagnosis", "clause": "七", "text": "白血病。", "params": {"diseases": [{"icd10": ["C91"], "names": ["白血病"], "stages": ["高危"]}]}},
    {"id": "age1", "type": "age", "clause": "八", "text": "确诊时 14 岁以下。", "params": {"event": "diagnosis", "max_years": 14}},
    {"id": "age2", "type": "age", "clause": "八", "text": "治疗时 14 岁以下。", "params": {"event": "treatment", "max_years": 14}},
    {"id": "op", "type": "procedure", "clause": "九", "text": "完成移植。", "params": {"procedure": "hsct", "name": "造血干细胞移植", "state": "done"}},
    {"id": "hosp", "type": "hospital", "clause": "十", "text": "三级医院。", "params": {"min_level": 3}},
    {"id": "board", "type": "committee", "clause": "十一", "text": "评审会同意。", "params": {"name": "评审会"}},
]  # fmt: skip
BOARD = {"committee": True, "queue": "first_come", "promised_days": 10}
HOW = {"outcome": "found", "means": "phone", "source": "电话问了派出所户籍科", "checked_on": TODAY}
TYPED = {
    "household_area": {"area": "湖南省长沙市岳麓区"},
    "residence": {"area": "430104", "since": "2014-12-31"},
    "insured_area": {"area": "湖南省长沙市"},
    "insutype": {"kind": "390"},
    "hardships": {"kind": "dibao", "office": "岳麓区民政局", "since": "2026-01-01"},
    "capacity_to_pay": {"members": "3", "income": "60,000", "living": "20000"},
    "medical_spend": {"amount": "30000.00"},
    "diagnoses": {"name": "急性淋巴细胞白血病", "stage": "高危"},
    "first_diagnosis": {"first": "yes"},
    "diagnosed_on": {"day": "2026-05-01"},
    "treated_on": {"day": "2026-06-01"},
    "procedures": {"kind": "hsct", "done": "yes", "day": "2026-07-01"},
    "hospital": {"name": "示例市儿童医院", "level": "3"},
}
MEETING = {
    "met_on": TODAY,
    "decision": "approved",
    "amount": "4000",
    "present": "5",
    "quorum": "3",
    "votes_for": "4",
    "votes_against": "1",
    "recused": "王理事",
    "minutes": "评审会纪要 2026-11",
    "no_conflict": "on",
}


def page(browser, actor, path):
    response = browser(actor).get(path)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_an_unknown_criterion_leads_to_its_form_and_back(db, browser):
    on = cases.stage(criteria=[HOME])
    html = page(browser, on.worker, f"/staff/cases/{on.case.pk}/")
    address = f"/staff/cases/{on.case.pk}/verify/household_area/"
    assert address in html
    assert "去核实" in html
    client = browser(on.worker)
    form = client.get(address).content.decode()
    assert "户籍在长沙市" in form
    answer = client.post(address, {**HOW, **TYPED["household_area"]})
    assert answer.status_code == 302
    drain()
    html = page(browser, on.approver, f"/staff/cases/{on.case.pk}/")
    assert "湖南省长沙市岳麓区" in html
    assert on.reload().verdict == "eligible"


def test_every_form_can_be_filled_in_and_every_fact_asked_has_one(db, browser):
    on = cases.stage(criteria=EVERY, process=BOARD)
    client = browser(on.worker)
    listed = client.get(f"/staff/cases/{on.case.pk}/verify/").content.decode()
    for fact in set(Fact.values) - {"subject_bill"}:
        assert f"/verify/{fact}/" in listed, fact
    for fact, typed in TYPED.items():
        address = f"/staff/cases/{on.case.pk}/verify/{fact}/"
        assert client.get(address).status_code == 200
        answer = client.post(address, {**HOW, **typed})
        assert answer.status_code == 302, (fact, answer.content.decode()[:3000])
    assert client.post(f"/staff/cases/{on.case.pk}/verify/committee/", MEETING).status_code == 302
    drain()
    on.reload()
    assert on.case.unknown == 0
    assert on.case.failed == 0, on.case.criteria
    html = page(browser, on.approver, f"/staff/cases/{on.case.pk}/")
    for seen in (
        "岳麓区民政局",
        "最多 ¥4,000.00",
        "回避：王理事",
        "支付能力 ¥40,000.00",
        "已做造血干细胞移植",
    ):
        assert seen in html, seen
    assert page(browser, on.worker, f"/staff/cases/{on.case.pk}/verify/hardships/")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"area": ""}, "核实了就要填这一项"),
        ({"area": "月球背面"}, "没认出这个地方"),
        ({"area": "湖南省长沙市", "means": "document"}, "请选是哪一份"),
        ({"area": "湖南省长沙市", "source": ""}, "要改"),
        ({"area": "湖南省长沙市", "checked_on": "2999-01-01"}, "还没到"),
        ({"area": "湖南省长沙市", "document_id": "999999", "means": "document"}, "要改"),
    ],
)
def test_what_is_missing_is_said_beside_the_field_and_nothing_is_kept(db, browser, typed, says):
    on = cases.stage(criteria=[HOME])
    answer = browser(on.worker).post(f"/staff/cases/{on.case.pk}/verify/household_area/", {**HOW, **typed})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    with engine_scope("test"):
        assert not Finding.objects.exists()


def test_could_not_verify_is_kept_and_not_shown_as_not_eligible(db, browser):
    on = cases.stage(criteria=[HOME])
    client = browser(on.worker)
    client.post(f"/staff/cases/{on.case.pk}/verify/household_area/", {**HOW, "outcome": "not_found"})
    drain()
    html = client.get(f"/staff/cases/{on.case.pk}/").content.decode()
    assert "没能核实" in html
    assert "不符合项" in html
    assert on.reload().failed == 0


def test_a_check_is_taken_back_on_its_page(db, browser):
    on = cases.stage(criteria=[HOME])
    client = browser(on.worker)
    address = f"/staff/cases/{on.case.pk}/verify/household_area/"
    client.post(address, {**HOW, **TYPED["household_area"]})
    assert client.post(f"{address}withdraw/", {"reason": ""}).status_code == 422
    assert client.post(f"{address}withdraw/", {"reason": "看错了户口本"}).status_code == 302
    drain()
    html = client.get(address).content.decode()
    assert "已撤回" in html
    assert "已被新的代替" in html


def test_who_may_not_check_sees_what_was_checked_and_no_form(db, browser):
    on = cases.stage(criteria=[HOME])
    html = page(browser, on.payer, f"/staff/cases/{on.case.pk}/verify/household_area/")
    assert "不能记这一项" in html
    answer = browser(on.payer).post(
        f"/staff/cases/{on.case.pk}/verify/household_area/", {**HOW, **TYPED["household_area"]}
    )
    assert answer.status_code == 422


def test_another_house_and_a_withdrawn_family_give_404(db, browser):
    on, other = cases.stage(criteria=[HOME]), cases.stage()
    address = f"/staff/cases/{on.case.pk}/verify/"
    assert browser(other.worker).get(address).status_code == 404
    assert browser(on.worker).get(f"{address}quota_left/").status_code == 404
    assert browser(on.worker).post(f"{address}nonsense/", HOW).status_code == 404
    with actor_scope(make.patient(on.account)) as family:
        consents.withdraw(family, on.consent)
    drain()
    assert browser(on.worker).get(address).status_code == 404


def test_the_bill_of_an_award_is_chosen_on_a_page(db, browser):
    org = make.organisation()
    residual = {"basis": "person", "after": ["charity"], "scope": "bill", "clause": "第五条"}
    on = cases.stage(org=org, fund=cases.fund_with_rule(org, residual=residual), residual="3000.00")
    cases.bills(on.case.person_id, ["8000.00"])
    drain()
    client = browser(on.worker)
    html = client.get(f"/staff/cases/{on.case.pk}/").content.decode()
    assert "还没着落 ¥8,000.00" in html
    assert "换一张" in html
    address = f"/staff/cases/{on.case.pk}/verify/subject_bill/"
    from charity.awards.bills import bills_of

    with actor_scope(on.worker):
        small = next(bill for bill in bills_of(on.case) if bill.borne == 3000)
    assert "个人负担 ¥3,000.00" in client.get(address).content.decode()
    assert client.post(address, {"bill": small.settlement_id}).status_code == 302
    drain()
    assert on.reload().offer == 3000
    assert client.post(address, {"bill": 999_999}).status_code == 422


def test_the_seal_is_asked_only_for_papers_that_need_one(db, browser):
    on = cases.stage(documents=[cases.DIAGNOSIS_PAPER])
    cases.paper(on, "id_card")
    assert "盖的是什么章" not in page(browser, on.worker, f"/staff/cases/{on.case.pk}/")
    cases.paper(on, "diagnosis")
    assert page(browser, on.worker, f"/staff/cases/{on.case.pk}/").count("盖的是什么章") == 1


def test_a_paper_must_be_checked_before_it_can_be_named(db, browser):
    on = cases.stage(criteria=[HOME])
    row = cases.paper(on, "household")
    client = browser(on.worker)
    address = f"/staff/cases/{on.case.pk}/verify/household_area/"
    assert f'value="{row.pk}"' not in client.get(address).content.decode()
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk)
    typed = {**HOW, **TYPED["household_area"], "means": "document", "document_id": row.pk}
    assert client.post(address, typed).status_code == 302
    with actor_scope(on.worker):
        (kept,) = services.findings_of(on.case)
        assert kept.document_id == row.pk


def test_a_missing_paper_is_asked_for_and_one_that_is_there_is_looked_at(db, browser):
    on = cases.stage(documents=[cases.DIAGNOSIS_PAPER])
    assert 'href="#ask"' in page(browser, on.worker, f"/staff/cases/{on.case.pk}/")
    cases.paper(on, "diagnosis")
    html = page(browser, on.worker, f"/staff/cases/{on.case.pk}/")
    assert 'href="#ask"' not in html
    assert 'href="#papers"' in html


def test_a_ratio_leads_to_the_income_where_the_bills_are_known(db, browser):
    on = cases.stage(criteria=[EVERY[4]])
    html = page(browser, on.worker, f"/staff/cases/{on.case.pk}/")
    assert f'href="/staff/cases/{on.case.pk}/verify/capacity_to_pay/">去核实' in html

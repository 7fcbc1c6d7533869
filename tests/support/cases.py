"""A charity's case for tests: fund with a rule, application, bills, consent, candidate; made as in life."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

import factories as make
from accounts.models import Organisation, PatientAccount
from charity.applications.models import Application, Document
from charity.awards import candidates
from charity.awards.models import Case
from charity.funds.models import Fund, RuleVersion
from consent.models import Consent
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from matching.eligibility import parse_rule
from people import registry
from people.models import Person
from scope import Actor, actor_scope, engine_scope

_serial = itertools.count(1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def rule_data(slug: str, charity: str = "chenxi", **changes: Any) -> dict[str, Any]:
    """A small rule: residual over 1,000 yuan, 10,000 flat, at most 10,000 in a life."""
    data: dict[str, Any] = {
        "schema": 1,
        "slug": slug,
        "version": 1,
        "effective_from": "2020-01-01",
        "resolution": "理事会决议 2019-12",
        "fund": {
            "name": "测试基金",
            "charity": charity,
            "tagline": "测试",
            "modelled_on": "测试",
            "budget": {"amount": "100000.00", "from": "2026-01-01", "to": "2026-12-31"},
            "summary": [{"title": "花了多少", "text": "自付 1,000 元以上。", "clause": "第五条"}],
        },
        "criteria": [
            {
                "id": "own_cost",
                "type": "residual",
                "clause": "第五条",
                "text": "个人负担高于 1,000 元。",
                "params": {"gt": "1000.00"},
            }
        ],
        "residual": {"basis": "person", "after": ["basic"], "scope": "episode", "clause": "第五条"},
        "grant": {"kind": "flat", "clause": "第六条", "text": "每人 10,000 元。", "amount": "10000.00"},
        "caps": [{"per": "life", "amount": "10000.00", "clause": "第六条"}],
        "documents": [],
        "process": {"queue": "first_come", "promised_days": 10},
    }
    return {**data, **changes}


AGE = {
    "id": "age",
    "type": "age",
    "clause": "第三条",
    "text": "申请当日 0–14 周岁。",
    "params": {"event": "application", "max_years": 14},
}
DIAGNOSIS_PAPER = {
    "kind": "diagnosis",
    "name": "诊断证明",
    "clause": "第九条",
    "text": "诊断证明要盖医院的章。",
    "seals": ["hospital", "medical_affairs"],
}


@dataclass
class Stage:
    """One charity with its people, one fund and one case that stands at the beginning."""

    org: Organisation
    fund: Fund
    account: PatientAccount
    application: Application
    consent: Consent
    need_id: int
    case: Case
    worker: Actor
    approver: Actor
    payer: Actor
    manager: Actor

    def reload(self) -> Case:
        with actor_scope(self.worker):
            self.case = Case.objects.select_related("evaluation").get(pk=self.case.pk)
        return self.case


def fund_with_rule(org: Organisation, budget: str = "100000.00", **changes: Any) -> Fund:
    fund = make.fund(org, budget)
    data = rule_data(fund.slug, **changes)
    with actor_scope(make.staff(org, "fund_manager")):
        RuleVersion.objects.create(
            fund=fund,
            version=1,
            rule=data,
            sha256=parse_rule(data).digest,
            effective_from=datetime(2020, 1, 1).date(),
            source="理事会决议",
        )
    return fund


def answers(**changes: Any) -> dict[str, Any]:
    return {
        "who": {"capacity": "parent"},
        "identity": {
            "name": "陈雨涵",
            "id_number": "430102201703150423",
            "birth_date": "2017-03-15",
            "sex": "2",
            "phone": "13812345521",
            "address": "示例省示例市示例路 1 号",
        },
        "applicant": {"name": "林小梅", "phone": "13812345521"},
        "illness": {"name": "急性淋巴细胞白血病", "hospital": "示例市儿童医院", "own_cost": "30000.00"},
        "household": {"members": 3, "income_yearly": "60000.00", "hardship": ["dibao_edge"]},
        "funds": [],
        **changes,
    }


def bills(person_id: int, amounts: list[str]) -> int:
    """Active settlements of one illness; returns the need's id."""
    with engine_scope("test"):
        need = ledger.need_for(person_id, "C91")
        for amount in amounts:
            number = next(_serial)
            row = Settlement.objects.create(
                issuing_centre="439900",
                setl_id=f"T{number}-{person_id}",
                content_hash=b"0" * 32,
                person_id=person_id,
                need_id=need.pk,
                insured_area="430100",
                insutype="390",
                hospital_name="示例市儿童医院",
                disease_code="C91.0",
                disease_name="急性淋巴细胞白血病",
                settled_at=datetime(2026, 10, 11, tzinfo=SHANGHAI),
                total_fee=Decimal(amount) * 3,
                fund_paid=Decimal(amount) * 2,
                person_paid=Decimal(amount),
                cash_paid=Decimal(amount),
                pays={"basic": str(Decimal(amount)), "catastrophic": str(Decimal(amount))},
            )
            ledger.post_settlement(row.pk, need.pk, Decimal(amount), 1)
    return need.pk


def stage(
    *,
    org: Organisation | None = None,
    fund: Fund | None = None,
    residual: str = "30000.00",
    budget: str = "100000.00",
    proven: bool = True,
    need_id: int | None = None,
    person_id: int | None = None,
    application: Application | None = None,
    categories: list[str] | None = None,
    told: dict[str, Any] | None = None,
    **rule: Any,
) -> Stage:
    org = org or make.organisation()
    fund = fund or fund_with_rule(org, budget, **rule)
    account = application.account if application else make.account()
    if application is None:
        application = make.application(account, state="submitted", submitted_at=timezone.now())
        if proven:
            if person_id is None:
                with engine_scope("test"):
                    person_id = Person.objects.create().pk
            need_id = need_id or bills(person_id, [residual])
        with engine_scope("test"):
            Application.objects.filter(pk=application.pk).update(
                answers=told or answers(),
                proof="proven" if proven else "claimed",
                person_id=person_id if proven else None,
                need_id=need_id if proven else None,
            )
            if proven and person_id is not None:
                registry.represent(account.pk, person_id, "parent", "token")
    else:
        with actor_scope(make.patient(account)):
            application = Application.objects.get(pk=application.pk)
        need_id, person_id = application.need_id, application.person_id
    consent = make.consent(
        org,
        fund.pk,
        application,
        need_id=need_id if proven else None,
        person_id=person_id if proven else None,
        categories=categories,
    )
    with engine_scope("test"):
        candidates.open_case(consent.pk)
    worker = make.staff(org, "case_worker")
    with actor_scope(worker):
        case = Case.objects.select_related("evaluation").get(application_id=application.pk, fund=fund)
    return Stage(
        org,
        fund,
        account,
        application,
        consent,
        need_id or 0,
        case,
        worker,
        make.staff(org, "approver"),
        make.staff(org, "payer"),
        make.staff(org, "fund_manager"),
    )


def paper(on: Stage, kind: str = "diagnosis") -> Document:
    with actor_scope(make.patient(on.account)):
        return Document.objects.create(
            application=on.application,
            kind=kind,
            content=b"%PDF-1.4 test",
            media_type="application/pdf",
            size=13,
            sha256_blind=b"0" * 16,
        )

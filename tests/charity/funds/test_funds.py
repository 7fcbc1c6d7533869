"""Funds from rule files, rule versions, budgets."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, transaction

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.awards import services as awards
from charity.funds import services
from charity.funds.models import Fund, RuleVersion
from insurance.ledger import services as ledger
from matching.eligibility import parse_rule
from scope import actor_scope

MANAGER = "fund_manager"


def stand():
    org = make.organisation()
    return org, cases.fund_with_rule(org), make.staff(org, MANAGER)


def test_the_six_programmes_are_loaded_once_with_their_budgets(db, capsys):
    for code in ("chenxi", "tongzhou", "kangning"):
        make.organisation(code=code)
    call_command("load_programmes")
    call_command("load_programmes")
    with actor_scope(make.staff(make.organisation(code="chenxi"), MANAGER)):
        assert Fund.objects.filter(organisation__code__in=["chenxi", "tongzhou", "kangning"]).count() == 6
        assert RuleVersion.objects.count() == 6
        heart = Fund.objects.get(slug="chenxi-heart")
        assert ledger.fund_position(heart.pk).open == Decimal("3000000.00")
        assert parse_rule(heart.rules.get().rule).digest == heart.rules.get().sha256


def test_without_a_charity_there_is_nothing_to_load(db):
    with pytest.raises(CommandError):
        call_command("load_programmes")


def test_a_new_rule_is_a_new_version_and_the_same_one_is_none(db):
    org, fund, manager = stand()
    changed = cases.rule_data(fund.slug, caps=[{"per": "life", "amount": "20000.00", "clause": "第六条"}])
    with actor_scope(manager):
        rule = services.read_rule(json.dumps(changed))
        first = services.publish_rule(manager, fund.pk, rule, source="理事会决议 2026-03")
        again = services.publish_rule(manager, fund.pk, rule, source="理事会决议 2026-03")
    assert (first.version, first.new, again.version, again.new) == (2, True, 2, False)
    assert AuditEntry.objects.filter(action="rule.published", subject=f"fund:{fund.pk}").count() == 1


def test_every_fault_of_a_rule_is_listed(db):
    bad = cases.rule_data("x", grant={"kind": "magic"}, residual={"basis": "wish"})
    with pytest.raises(services.FundError) as caught:
        services.read_rule(json.dumps(bad))
    assert len(caught.value.faults) >= 2
    with pytest.raises(services.FundError, match="JSON"):
        services.read_rule('{"schema": 1,')
    with pytest.raises(services.FundError):
        services.read_rule("[" * 100_000)


def test_another_funds_rule_is_refused(db):
    org, fund, manager = stand()
    with actor_scope(manager), pytest.raises(services.FundError):
        services.publish_rule(
            manager, fund.pk, parse_rule(cases.rule_data("other-fund")), source="理事会决议 2026-03"
        )


def test_only_the_fund_manager_of_the_organisation_changes_a_fund(db):
    org, fund, manager = stand()
    for actor in (make.staff(org, "case_worker"), make.staff(make.organisation(), MANAGER)):
        with actor_scope(actor), pytest.raises(services.FundError):
            services.pause(actor, fund.pk)
    with actor_scope(manager):
        assert services.pause(manager, fund.pk) == "paused"
        with pytest.raises(services.FundError):
            services.pause(manager, fund.pk)
        assert services.resume(manager, fund.pk) == "open"


def test_the_database_itself_keeps_a_fund_to_its_own_house(db):
    _, fund, manager = stand()
    theirs = {"slug": "taken", "name": "x", "period_start": "2026-01-01", "period_end": "2026-12-31"}
    for actor in (make.staff(make.organisation(), MANAGER), make.patient()):
        with actor_scope(actor):
            assert Fund.objects.get(pk=fund.pk).name == fund.name, "families choose among all funds"
            assert Fund.objects.filter(pk=fund.pk).update(name="x") == 0
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                Fund.objects.create(organisation=fund.organisation, **theirs)
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                ledger.open_fund(987_654, fund.organisation_id)
    with actor_scope(manager), pytest.raises(ProgrammingError, match="row-level security"):
        Fund.objects.filter(pk=fund.pk).update(organisation=make.organisation())


def test_a_budget_never_falls_under_what_is_promised(db):
    on = cases.stage()
    with actor_scope(on.worker):
        awards.propose(
            on.worker,
            on.case.pk,
            amount=Decimal("9000.00"),
            reason="符合规则第五条，按档位资助。",
            payee="示例医院",
        )
    with actor_scope(on.manager):
        with pytest.raises(services.FundError, match="9,000.00"):
            services.change_budget(on.manager, on.fund.pk, budget=Decimal("8999.99"), reason="理事会决议")
        done = services.change_budget(on.manager, on.fund.pk, budget=Decimal("9000.00"), reason="理事会决议")
    assert (done.budget, done.available) == (Decimal("9000.00"), Decimal("0.00"))

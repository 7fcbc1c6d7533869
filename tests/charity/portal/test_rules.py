"""A draft rule: read, compared in words, tried on one's own open cases, published."""

from __future__ import annotations

import json

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

import cases
import factories as make
from audit.models import Entry
from charity.awards import trials
from charity.awards.models import Case
from charity.funds import services
from charity.funds.models import RuleTrial, RuleVersion
from consent import services as consents
from matching.eligibility import parse_rule
from outbox.tasks import drain
from scope import actor_scope, engine_scope

STRICT = {
    "criteria": [
        {
            "id": "own_cost",
            "type": "residual",
            "clause": "第五条",
            "text": "个人负担高于 20,000 元。",
            "params": {"gt": "20000.00"},
        }
    ],
    "grant": {"kind": "flat", "clause": "第六条", "text": "每人 8,000 元。", "amount": "8000.00"},
}


def draft(on, **change):
    return cases.rule_data(on.fund.slug, **change)


def tried(on, **change):
    with actor_scope(on.manager):
        trial = services.request_trial(on.manager, on.fund.pk, parse_rule(draft(on, **change)))
    drain()
    with actor_scope(on.manager):
        return RuleTrial.objects.get(pk=trial)


def test_a_trial_counts_which_verdicts_would_change_and_changes_none(db):
    on = cases.stage(residual="30000.00")
    small = cases.stage(org=on.org, fund=on.fund, residual="12000.00")
    found = tried(on, **STRICT).counts
    assert found == {"cases": 2, "same": 0, "moves": {"eligible>ineligible": 1}, "more": 0, "less": 2}
    assert small.reload().verdict == "eligible"
    with engine_scope("test"):
        assert RuleVersion.objects.filter(fund=on.fund).count() == 1
        assert set(Entry.objects.values_list("action", flat=True)) >= {"rule.trial_requested", "rule.tried"}


def test_a_trial_counts_only_cases_that_are_open_consented_and_of_this_fund(db):
    on = cases.stage()
    withdrawn = cases.stage(org=on.org, fund=on.fund)
    closed = cases.stage(org=on.org, fund=on.fund)
    cases.stage(org=on.org)
    cases.stage()
    with actor_scope(make.patient(withdrawn.account)) as family:
        consents.withdraw(family, withdrawn.consent)
    drain()
    with engine_scope("test"):
        Case.objects.filter(pk=closed.case.pk).update(state="refused")
    assert tried(on, **STRICT).counts["cases"] == 1


def test_the_same_draft_is_not_counted_twice(db):
    on = cases.stage()
    rule = parse_rule(draft(on, **STRICT))
    with actor_scope(on.manager):
        first = services.request_trial(on.manager, on.fund.pk, rule)
        assert services.request_trial(on.manager, on.fund.pk, rule) == first
    drain()
    with engine_scope("test"):
        before = RuleTrial.objects.get(pk=first).done_at
        trials.trial_requested(first)
        assert RuleTrial.objects.get(pk=first).done_at == before


def test_only_the_fund_manager_of_the_house_tries_and_reads_a_draft(db, browser):
    on, other = cases.stage(), cases.stage()
    for actor in (on.worker, on.approver, other.manager):
        with actor_scope(actor), pytest.raises(services.FundError):
            services.request_trial(actor, on.fund.pk, parse_rule(draft(on)))
    trial = tried(on, **STRICT)
    with actor_scope(other.manager):
        assert not RuleTrial.objects.exists()
    address = reverse("portal:trial", args=[on.fund.pk, trial.pk])
    assert browser(other.manager).get(address).status_code == 404
    assert browser(on.worker).get(address).status_code == 403


@pytest.mark.parametrize("lie", ["counts", "another's fund", "another's name"])
def test_sql_of_the_web_role_writes_no_counts_and_no_draft_for_another(db, lie):
    on, other = cases.stage(), cases.stage()
    row = {"fund": on.fund.pk, "org": on.org.pk, "user": on.manager.user_id, "counts": None}
    row |= {
        "counts": {"counts": '{"cases": 0}'},
        "another's fund": {"fund": other.fund.pk},
        "another's name": {"user": on.worker.user_id},
    }[lie]
    with (
        actor_scope(on.manager),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO rule_trial (fund_id, organisation_id, rule, sha256, asked_by_id, asked_at, counts)"
            " VALUES (%(fund)s, %(org)s, '{}', '', %(user)s, now(), %(counts)s)",
            row,
        )


def test_a_rule_that_came_into_force_is_taken_up_by_the_open_cases(db):
    on = cases.stage(residual="12000.00")
    assert on.case.verdict == "eligible"
    with actor_scope(on.manager):
        services.publish_rule(
            on.manager, on.fund.pk, parse_rule(draft(on, **STRICT)), source="理事会决议 2026-03"
        )
    with engine_scope("test"):
        assert trials.sweep_rules() == 1
        assert trials.sweep_rules() == 0
    assert on.reload().verdict == "ineligible"


def test_from_the_fund_page_to_the_new_version(db, browser):
    on = cases.stage(residual="12000.00")
    client = browser(on.manager)
    start = reverse("portal:try_out", args=[on.fund.pk])
    faults = client.post(start, {"text": json.dumps({"schema": 1, "slug": "x"})})
    assert faults.status_code == 422
    assert "$.criteria" in faults.content.decode()
    answer = client.post(start, {"text": json.dumps(draft(on, **STRICT))})
    assert answer.status_code == 302
    assert "正在试算" in client.get(answer.url).content.decode()
    drain()
    html = client.get(answer.url).content.decode()
    for seen in ("1 件在办的，有 1 件结论会变", "¥10,000.00", "¥8,000.00", "符合 → 不符合", "高于"):
        assert seen in html, seen
    assert "请看清生效日期" not in html
    assert client.post(answer.url, {"source": ""}).status_code == 422
    assert client.post(answer.url, {"source": "理事会决议 2026-03"}).status_code == 302
    html = client.get(reverse("portal:fund", args=[on.fund.pk])).content.decode()
    assert "第 2 版" in html
    compared = client.get(reverse("portal:compare", args=[on.fund.pk])).content.decode()
    assert "第 1 版到第 2 版" in compared
    assert "¥20,000.00" in compared
    same = client.get(reverse("portal:compare", args=[on.fund.pk]) + "?old=2&new=2").content.decode()
    assert "都一样" in same
    older = client.post(start, {"text": json.dumps(draft(on, effective_from="2001-01-01", **STRICT))})
    html = client.get(older.url).content.decode()
    for seen in ("请看清生效日期", "2001-01-01", "第 2 版不再使用", "发布后马上生效"):
        assert seen in html, seen
    for query in ("?old=9", "?new=x", "?old=²"):
        assert client.get(reverse("portal:compare", args=[on.fund.pk]) + query).status_code == 404

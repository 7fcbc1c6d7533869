"""One row that cannot be read, written by SQL in its own house, must not stop the engine for others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

import cases
import factories as make
from charity.awards import tasks
from charity.awards.models import Case
from consent.models import Consent
from outbox import emit
from outbox.tasks import drain
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db

FINDING = (
    "INSERT INTO finding (case_id, organisation_id, application_id, consent_id, fact, key, category, outcome, value,"
    " means, source, checked_on, valid_until, recorded_by_id, recorded_at) VALUES (%s, %s, %s, %s, 'medical_spend', '',"
    " 'bills', 'found', decode(repeat('00', 40), 'hex'), 'phone', NULL, current_date, current_date - 1, %s, now())"
)
RULE = (
    "INSERT INTO rule_version (fund_id, version, rule, sha256, source, effective_from, created_at)"
    " SELECT fund_id, version + 1, '{}', repeat('0', 64), '', current_date, now() FROM rule_version WHERE fund_id = %s"
)


@pytest.fixture(params=["finding", "rule"])
def poisoned(request, inject):
    """A case that the engine looks at and cannot read."""
    on = cases.stage()
    with actor_scope(on.worker if request.param == "finding" else on.manager):
        if request.param == "finding":
            inject(FINDING, on.case.pk, on.org.pk, on.application.pk, on.consent.pk, on.worker.user_id)
        else:
            inject(RULE, on.fund.pk)
    with engine_scope():
        Case.objects.filter(pk=on.case.pk).update(evaluated_at=timezone.now() - timedelta(days=1))
    return on


def case_of(on):
    with engine_scope():
        return Case.objects.get(pk=on.case.pk)


def test_other_houses_on_the_same_need_are_still_looked_at(poisoned):
    """Found by attack: the first case that could not be read killed the event for all after it."""
    other = cases.stage(need_id=poisoned.need_id, person_id=case_of(poisoned).person_id)
    before = case_of(other).evaluated_at
    with engine_scope():
        emit("need.changed", need_id=poisoned.need_id)
    drain()
    assert case_of(other).evaluated_at > before


def test_what_ends_with_time_ends_for_everybody_all_the_same(poisoned):
    """Found by attack: the sweep was one transaction, and one case undid all of it: consents that ran out stayed open."""
    other = cases.stage()
    with engine_scope():
        Consent.objects.filter(pk=other.consent.pk).update(valid_until=timezone.now() - timedelta(minutes=1))
    assert tasks.sweep() == 1
    assert case_of(other).state == "expired"


def test_a_case_that_cannot_be_read_does_not_stand_first_for_ever(poisoned):
    """What failed waits behind what was not looked at for longer."""
    tasks.sweep()
    assert case_of(poisoned).evaluated_at > timezone.now() - timedelta(hours=1)


@pytest.mark.parametrize("role", ["case_worker", "approver", "payer", "auditor", "administrator"])
def test_nobody_but_a_fund_manager_writes_the_rules(inject, role):
    """Found by attack: a case worker published the rule under which he then proposed."""
    on = cases.stage()
    with actor_scope(make.staff(on.org, role)):
        for statement in (
            RULE.replace("%s", str(on.fund.pk)),
            "INSERT INTO rule_trial (fund_id, organisation_id, rule, sha256, asked_by_id, asked_at) VALUES"
            f" ({on.fund.pk}, {on.org.pk}, '{{}}', '', app_user(), now())",
            "INSERT INTO fund (slug, name, organisation_id) SELECT slug || 'x', name, organisation_id FROM fund"
            f" WHERE id = {on.fund.pk}",
        ):
            with pytest.raises(DatabaseError, match="row-level security|null value"):
                inject(statement)
        inject("UPDATE fund SET status = 'closed'")
    with engine_scope():
        assert type(on.fund).objects.get(pk=on.fund.pk).status == on.fund.status


@pytest.mark.parametrize(
    ("role", "fact", "category", "taken"),
    [
        ("payer", "medical_spend", "bills", False),
        ("auditor", "medical_spend", "bills", False),
        ("approver", "medical_spend", "bills", True),
        ("approver", "committee", "identity", False),
        ("fund_manager", "committee", "identity", True),
        ("fund_manager", "subject_bill", "bills", False),
    ],
)
def test_a_check_is_recorded_by_those_whom_the_page_lets(inject, role, fact, category, taken):
    on = cases.stage()
    member = make.staff(on.org, role)
    statement = FINDING.replace("medical_spend", fact).replace("'bills'", f"'{category}'")
    values = (on.case.pk, on.org.pk, on.application.pk, on.consent.pk, member.user_id)
    with actor_scope(member):
        if taken:
            inject(statement, *values)
        else:
            with pytest.raises(DatabaseError, match="row-level security"):
                inject(statement, *values)
        with pytest.raises(DatabaseError, match="row-level security"):
            inject(statement.replace("now())", "now() - interval '1 day')"), *values)

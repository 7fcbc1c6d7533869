"""What is left of a person once the consent ended: the notice says it, and this is where it is held."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.awards import candidates, retention, services
from charity.awards.models import Award, Case, CaseText, Evaluation
from consent import services as consents
from consent.models import Consent
from outbox.tasks import drain
from scope import actor_scope, engine_scope

WHY = "符合规则第五条，按档位资助。"
PAYEE = "示例市儿童医院 6222000000000187"


def propose(on):
    with actor_scope(on.worker):
        services.propose(on.worker, on.case.pk, amount=Decimal("9000.00"), reason=WHY, payee=PAYEE)


def approve(on):
    with actor_scope(on.approver):
        services.approve(on.approver, on.case.pk, reason=WHY, no_conflict=True)


def pay(on):
    with actor_scope(on.payer):
        services.pay(on.payer, on.case.pk, reference="工行 20261122-0001")


def withdraw(on, consent=None):
    family = make.patient(on.account)
    with actor_scope(family):
        consents.withdraw(family, consent or on.consent)


def run_out(on):
    with engine_scope("test"):
        Consent.objects.filter(pk=on.case.consent_id).update(valid_until=timezone.now() - timedelta(hours=1))


def kept(on):
    """What is stored, seen with the engine's eyes: kinds of the texts left, and whether results are."""
    with engine_scope("test"):
        texts = sorted(CaseText.objects.filter(case=on.case).values_list("kind", flat=True))
        return texts, Evaluation.objects.filter(case=on.case).exists()


def read(on, actor):
    """What SQL in this actor's session reads of the case's words and results."""
    with actor_scope(actor), connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM case_text WHERE case_id = %s ORDER BY kind", [on.case.pk])
        kinds = [kind for (kind,) in cursor.fetchall()]
        cursor.execute("SELECT count(*) FROM case_evaluation WHERE case_id = %s", [on.case.pk])
        return kinds, cursor.fetchone()[0]


def test_a_withdrawal_before_approval_closes_at_once_and_then_erases(db):
    on = cases.stage()
    propose(on)
    assert read(on, on.worker) == (["note", "payee", "reason"], 1)
    withdraw(on)
    for staff in (on.worker, on.approver, on.payer):
        assert read(on, staff) == ([], 0), "before any worker ran"
    assert kept(on) == (["note", "payee", "reason"], True)
    drain()
    assert kept(on) == ([], False)
    with actor_scope(on.worker):
        award = Award.objects.get(case=on.case)
        assert (award.state, award.amount, award.payee, award.reason) == (
            "cancelled",
            Decimal("9000.00"),
            "",
            "",
        )
    assert AuditEntry.objects.filter(subject=f"case:{on.case.pk}", action="case.words_erased").count() == 1


def test_between_approval_and_payment_the_payer_alone_reads_to_whom(db):
    on = cases.stage()
    propose(on)
    approve(on)
    withdraw(on)
    assert read(on, on.payer) == (["payee"], 0)
    drain()
    assert kept(on) == (["note", "payee"], False), "the payee, and what the family was told"
    assert read(on, on.payer) == (["payee"], 0)
    for staff in (on.worker, on.approver, on.manager):
        assert read(on, staff) == ([], 0)
    other_house = make.staff(make.organisation(), "payer")
    assert read(on, other_house) == ([], 0)
    with actor_scope(on.payer):
        assert Award.objects.get(case=on.case).payee == PAYEE
    pay(on)
    assert read(on, on.payer) == ([], 0), "paid: nothing to be read any more"
    drain()
    assert kept(on) == (["note"], False)
    assert read(on, make.patient(on.account))[0] == ["note"], "what it was told stays the family's"


def test_a_promise_that_is_cancelled_after_the_withdrawal_takes_its_payee_along(db):
    on = cases.stage()
    propose(on)
    approve(on)
    withdraw(on)
    drain()
    with actor_scope(on.approver):
        services.cancel(on.approver, on.case.pk, reason="医院说费用已经结清，不用再付了。")
    drain()
    assert kept(on) == (["note", "note"], False)
    assert read(on, on.approver) == ([], 0)


def test_after_payment_a_withdrawal_erases_the_payee_and_keeps_the_amounts(db):
    on = cases.stage()
    propose(on)
    approve(on)
    pay(on)
    assert "payee" in read(on, on.payer)[0], "while the consent lives, it can be looked up"
    withdraw(on)
    drain()
    assert kept(on) == (["note"], False)
    with actor_scope(on.worker):
        award = Award.objects.get(case=on.case)
        assert (award.state, award.amount, award.payment_reference) == (
            "paid",
            Decimal("9000.00"),
            "工行 20261122-0001",
        )
    assert on.reload().state == "paid"


@pytest.mark.parametrize("paid", [False, True])
def test_a_consent_that_ran_out_is_like_one_that_was_taken_back(db, paid):
    on = cases.stage()
    propose(on)
    approve(on)
    if paid:
        pay(on)
    run_out(on)
    assert read(on, on.worker) == ([], 0), "before any worker ran"
    with engine_scope("test"):
        assert candidates.sweep_consents() == 1
        assert candidates.sweep_consents() == 0
    assert kept(on) == ((["note"] if paid else ["note", "payee"]), False)
    assert read(on, on.payer)[0] == ([] if paid else ["payee"])


def test_a_yes_anew_opens_the_case_with_a_new_evaluation(db):
    on = cases.stage()
    propose(on)
    approve(on)
    withdraw(on)
    drain()
    again = make.consent_again(on.consent)
    drain()
    case = on.reload()
    assert (case.state, case.consent_id, case.sealed_at) == ("approved", again.pk, None)
    assert case.criteria
    assert read(on, on.worker) == (["note", "payee"], 1)
    pay(on)
    drain()
    assert kept(on) == (["note", "payee"], True), "with a live consent nothing goes"


def test_renewing_a_yes_loses_no_reservation(db):
    on = cases.stage()
    propose(on)
    again = make.consent_again(on.consent)
    assert again.pk != on.consent.pk
    drain()
    case = on.reload()
    assert (case.state, case.consent_id) == ("proposed", again.pk)
    approve(on)
    with engine_scope("test"):
        candidates.consent_withdrawn(on.consent.pk)
    assert on.reload().sealed_at is None, "the former one ended without a gap"


def test_a_payee_is_not_kept_for_ever_for_a_promise_that_nobody_pays(db):
    on = cases.stage()
    propose(on)
    approve(on)
    withdraw(on)
    drain()
    with engine_scope("test"):
        assert retention.sweep_words() == 0
        Case.objects.filter(pk=on.case.pk).update(
            sealed_at=timezone.now() - timedelta(days=retention.PAYEE_DAYS, minutes=1)
        )
        assert retention.sweep_words() == 1
        assert retention.sweep_words() == 0
    assert kept(on) == (["note"], False)


def test_an_event_that_was_lost_is_made_good_by_the_sweep(db):
    on = cases.stage()
    propose(on)
    approve(on)
    withdraw(on)
    drain()
    with engine_scope("test"):
        Award.objects.filter(case=on.case).update(
            state="paid", paid_by=on.payer.user_id, paid_at=timezone.now()
        )
        assert retention.sweep_words() == 1
    assert kept(on) == (["note"], False)

"""The way of an award, step by step, and every way in which it may not go."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

import cases
import factories as make
from audit.models import Entry as AuditEntry
from charity.awards import candidates, casework, services
from charity.awards.models import Award, Case, CaseEvent
from charity.awards.rules import AwardError
from consent import services as consents
from insurance.ledger import services as ledger
from outbox.tasks import drain
from scope import actor_scope, engine_scope

WHY = "符合规则第五条，按档位资助。"


def propose(on, amount="10000.00", actor=None, **more):
    actor = actor or on.worker
    with actor_scope(actor):
        return services.propose(
            actor,
            on.case.pk,
            amount=Decimal(amount),
            reason=WHY,
            payee="示例市儿童医院 6222000000000187",
            **more,
        )


def approve(on, actor=None, **more):
    actor = actor or on.approver
    with actor_scope(actor):
        return services.approve(actor, on.case.pk, reason=WHY, no_conflict=True, **more)


def pay(on, actor=None):
    actor = actor or on.payer
    with actor_scope(actor):
        return services.pay(actor, on.case.pk, reference="工行 20261122-0001")


def refused(code, call, *args, **kwargs):
    with pytest.raises(AwardError) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code, str(caught.value)
    assert str(caught.value)


def position(on):
    with actor_scope(on.worker):
        return ledger.need_position(on.need_id)


def test_an_award_goes_from_proposal_to_payment(db):
    on = cases.stage()
    assert (on.case.verdict, on.case.offer, on.case.binding) == ("eligible", Decimal("10000.00"), "grant")
    done = propose(on)
    assert (done.award_state, done.case_state) == ("proposed", "proposed")
    assert position(on).reserved == Decimal("10000.00")
    approve(on, amount=Decimal("10000.00"))
    assert position(on).committed == Decimal("10000.00")
    done = pay(on)
    assert (done.award_state, done.case_state) == ("paid", "paid")
    assert position(on).paid == Decimal("10000.00")
    with actor_scope(on.worker):
        assert ledger.fund_position(on.fund.pk).paid == Decimal("10000.00")
        kinds = list(CaseEvent.objects.filter(case=on.case).order_by("id").values_list("kind", flat=True))
    assert kinds == ["opened", "proposed", "approved", "paid"]
    actions = set(
        AuditEntry.objects.filter(subject=f"award:{done.award_id}").values_list("action", flat=True)
    )
    assert actions == {"award.proposed", "award.approved", "award.paid"}


@pytest.mark.parametrize(
    ("step", "role"),
    [("propose", "approver"), ("propose", "payer"), ("approve", "case_worker"), ("pay", "approver")],
)
def test_it_refuses_the_wrong_role(db, step, role):
    on = cases.stage()
    wrong = make.staff(on.org, role)
    if step != "propose":
        propose(on)
    if step == "pay":
        approve(on)
    refused("role", {"propose": propose, "approve": approve, "pay": pay}[step], on, actor=wrong)


def test_another_organisation_finds_no_case(db):
    on = cases.stage()
    stranger = make.staff(make.organisation(), "case_worker", "approver", "payer")
    refused("not_found", propose, on, actor=stranger)
    propose(on)
    refused("not_found", approve, on, actor=stranger)


def test_one_person_takes_one_step_only(db):
    on = cases.stage()
    person = make.user(on.org, "case_worker", "approver", "payer")
    both = make.staff(on.org, "case_worker", "approver", "payer", person=person)
    propose(on, actor=both)
    refused("same_person", approve, on, actor=both)
    approve(on)
    refused("same_person", pay, on, actor=both)
    pay(on)


@pytest.mark.parametrize("column", ["approved", "paid"])
def test_the_database_itself_keeps_the_three_people_apart(db, column):
    on = cases.stage()
    roles = ("case_worker", "approver", "payer")
    both = make.staff(on.org, *roles, person=make.user(on.org, *roles))
    propose(on, actor=both)
    if column == "paid":
        approve(on)
    with (
        actor_scope(both),
        pytest.raises(IntegrityError, match="award_three_people"),
        transaction.atomic(),
    ):
        Award.objects.filter(case=on.case).update(
            state=column,
            hold_until=None,
            **{f"{column}_by_id": both.user_id, f"{column}_at": timezone.now()},
        )


def test_the_database_itself_asks_for_an_approver_before_payment(db):
    on = cases.stage()
    propose(on)
    with (
        engine_scope("test"),
        pytest.raises(IntegrityError, match="award_approved_by"),
        transaction.atomic(),
    ):
        Award.objects.filter(case=on.case).update(state="paid", paid_by=on.payer.user_id)


@pytest.mark.parametrize("column", ["proposed_by_id", "approved_by_id", "paid_by_id"])
def test_the_database_itself_lets_nobody_sign_for_a_colleague(db, column):
    on = cases.stage()
    propose(on)
    colleague = make.staff(on.org, "approver")
    with (
        actor_scope(on.approver),
        pytest.raises(ProgrammingError, match="in one's own name|what is its own"),
        transaction.atomic(),
    ):
        Award.objects.filter(case=on.case).update(
            state="approved", hold_until=None, approved_at=timezone.now(), **{column: colleague.user_id}
        )


@pytest.mark.parametrize("column", ["application_id", "consent_id", "person_id", "need_id"])
def test_the_database_itself_never_turns_a_case_to_somebody_else(db, column):
    on, other = cases.stage(), cases.stage()
    with (
        actor_scope(on.worker),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        Case.objects.filter(pk=on.case.pk).update(**{column: getattr(other.case, column)})


def test_a_yes_to_another_charity_s_fund_makes_no_case(db):
    on, other = cases.stage(), cases.stage()
    consent = make.consent(on.org, other.fund.pk, on.application)
    with engine_scope("test"):
        assert candidates.open_case(consent.pk) is None
        assert not Case.objects.filter(consent_id=consent.pk).exists()


@pytest.mark.parametrize(
    ("residual", "budget", "over", "code"),
    [
        ("6000.00", "100000.00", "6000.01", "limit"),
        ("30000.00", "4000.00", "4000.01", "limit"),
        ("30000.00", "100000.00", "10000.01", "limit"),
        ("30000.00", "100000.00", "0.001", "amount"),
        ("30000.00", "100000.00", "-5", "amount"),
    ],
)
def test_no_proposal_passes_residual_budget_or_rule(db, residual, budget, over, code):
    on = cases.stage(residual=residual, budget=budget)
    refused(code, propose, on, over)
    assert position(on).reserved == 0


def test_a_failed_condition_cannot_be_proposed_but_a_person_may_refuse(db):
    on = cases.stage(residual="900.00")
    assert on.case.verdict == "ineligible"
    refused("criteria", propose, on, "100.00")
    with actor_scope(on.approver):
        refused("reason", services.refuse, on.approver, on.case.pk, reason="短", clause="第五条")
        done = services.refuse(
            on.approver,
            on.case.pk,
            reason="个人负担没有超过一千元，可以在六十天内申请复核。",
            clause="第五条",
        )
    assert done.case_state == "refused"
    with actor_scope(make.patient(on.account)):
        assert CaseEvent.objects.get(kind="refused").note.startswith("第五条：")


def test_an_unknown_condition_needs_a_written_reason(db):
    on = cases.stage(
        criteria=[*cases.rule_data("x")["criteria"], cases.AGE],
        documents=[cases.DIAGNOSIS_PAPER],
        told=cases.answers(identity={"name": "陈雨涵"}),
    )
    assert (on.case.verdict, on.case.unknown) == ("undetermined", 2)
    refused("unknown", propose, on)
    refused("unknown", propose, on, accepted={"age": "看过户口簿原件，九岁，符合。"})
    refused("reason", propose, on, accepted={"age": "ok", "document.diagnosis": "ok"})
    propose(
        on,
        accepted={
            "age": "看过户口簿原件，九岁，符合。",
            "document.diagnosis": "付款前补盖公章，家属已答应。",
        },
    )


def test_sending_back_frees_the_money_and_it_can_be_proposed_again(db):
    on = cases.stage()
    propose(on)
    with actor_scope(on.approver):
        services.send_back(on.approver, on.case.pk, reason="诊断证明只有科室章，请先补医院章。")
    assert position(on).reserved == 0
    assert on.reload().state == "new"
    propose(on, "8000.00")
    assert position(on).reserved == Decimal("8000.00")


def test_the_maker_corrects_the_amount_and_nobody_else(db):
    on = cases.stage()
    propose(on, "4000.00")
    for amount in ("9000.00", "10000.00", "3000.00"):
        with actor_scope(on.worker):
            services.correct(on.worker, on.case.pk, amount=Decimal(amount), reason="按新的结算单改金额。")
        assert position(on).reserved == Decimal(amount)
    other = make.staff(on.org, "case_worker")
    with actor_scope(other):
        refused("same_person", services.correct, other, on.case.pk, amount=Decimal("1"), reason=WHY)
    refused("amount", approve, on, amount=Decimal("9000.00"))
    approve(on, amount=Decimal("3000.00"))


def test_an_approver_declares_that_he_has_no_interest(db):
    on = cases.stage()
    propose(on)
    with actor_scope(on.approver):
        refused("conflict", services.approve, on.approver, on.case.pk, reason=WHY, no_conflict=False)


def test_a_cancelled_award_is_open_again_and_a_paid_one_cannot_be_cancelled(db):
    on = cases.stage()
    propose(on)
    approve(on)
    with actor_scope(on.approver):
        services.cancel(on.approver, on.case.pk, reason="家属说别处已经够了，不需要了。")
    assert position(on).promised == 0
    propose(on)
    approve(on)
    pay(on)
    with actor_scope(on.approver):
        refused("state", services.cancel, on.approver, on.case.pk, reason="家属说别处已经够了，不需要了。")


def test_money_comes_back_in_parts_and_never_more_than_was_paid(db):
    on = cases.stage()
    propose(on)
    approve(on)
    pay(on)

    def give_back(amount):
        with actor_scope(on.payer):
            return services.return_payment(
                on.payer, on.case.pk, amount=Decimal(amount), reason="医院多收，退回一部分。"
            )

    assert give_back("4000.00").award_state == "paid"
    assert position(on).paid == Decimal("6000.00")
    refused("amount", give_back, "6000.01")
    assert give_back("6000.00").award_state == "returned"
    assert position(on).paid == 0
    assert on.reload().state == "closed"


def test_payment_waits_for_the_papers_that_were_asked_for(db):
    on = cases.stage()
    with actor_scope(on.worker):
        casework.request_document(on.worker, on.case.pk, kind="diagnosis", note="诊断证明要盖医院的章。")
    assert on.reload().state == "waiting_family"
    propose(on)
    approve(on)
    refused("documents", pay, on)
    row = cases.paper(on)
    refused("documents", pay, on)
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="hospital")
    pay(on)


def test_the_second_charity_sees_only_the_rest(db):
    first = cases.stage(residual="12000.00")
    second = cases.stage(application=first.application)
    assert second.case.offer == Decimal("10000.00")
    propose(first)
    drain()
    assert second.reload().offer == Decimal("2000.00")
    assert second.case.binding == "open"
    refused("limit", propose, second, "2000.01")
    propose(second, "2000.00")
    assert position(first).open == 0
    drain()
    assert first.reload().offer == Decimal("10000.00"), "its own reservation does not stand in its way"


def test_a_withdrawal_between_proposal_and_approval_commits_nothing(db):
    on = cases.stage()
    propose(on)
    with actor_scope(make.patient(on.account)):
        consents.withdraw(make.patient(on.account), on.consent)
    refused("withdrawn", approve, on)
    drain()
    with engine_scope("test"):
        found = ledger.need_position(on.need_id)
    assert (found.reserved, found.committed) == (0, 0)
    case = on.reload()
    assert (case.state, case.criteria) == ("withdrawn", None)
    with engine_scope("test"):
        candidates.consent_withdrawn(on.consent.pk)
    with actor_scope(on.worker):
        assert CaseEvent.objects.filter(case=case, kind="consent_withdrawn").count() == 1


def test_the_ledger_itself_refuses_a_commitment_after_a_withdrawal(db, monkeypatch):
    on = cases.stage()
    propose(on)
    with actor_scope(make.patient(on.account)):
        consents.withdraw(make.patient(on.account), on.consent)
    monkeypatch.setattr(services, "must_consent", lambda case: None)
    refused("withdrawn", approve, on)


def test_an_approved_award_is_paid_after_a_withdrawal_as_the_notice_says(db):
    on = cases.stage()
    propose(on)
    approve(on)
    with actor_scope(make.patient(on.account)):
        consents.withdraw(make.patient(on.account), on.consent)
    drain()
    assert on.reload().state == "approved"
    pay(on)


def test_a_hold_that_ran_out_is_released(db):
    on = cases.stage()
    propose(on)
    with engine_scope("test"):
        Award.objects.filter(case=on.case).update(hold_until="2020-01-01")
        assert candidates.sweep_expired() == 1
        assert candidates.sweep_expired() == 0
    assert position(on).reserved == 0
    assert on.reload().state == "new"


def test_an_unproven_case_cannot_be_proposed(db):
    on = cases.stage(proven=False)
    with actor_scope(on.worker), pytest.raises(AwardError) as caught:
        services.propose(
            on.worker,
            on.case.pk,
            amount=Decimal("1.00"),
            reason=WHY,
            payee="示例医院",
            accepted={entry["id"]: WHY for entry in on.case.criteria if "id" in entry},
        )
    assert caught.value.code == "identity"


def test_evaluating_twice_changes_nothing(db):
    on = cases.stage()
    before = (on.case.offer, on.case.verdict, on.case.criteria)
    with engine_scope("test"):
        candidates.need_changed(on.need_id)
        candidates.open_case(on.consent.pk)
    case = on.reload()
    assert (case.offer, case.verdict, case.criteria) == before
    with actor_scope(on.worker):
        assert Case.objects.filter(application_id=on.application.pk).count() == 1
    with engine_scope("test"):
        told = AuditEntry.objects.get(action="case.evaluated", subject=f"case:{case.pk}")
        assert (told.content.payload["offer"], told.content.payload["verdict"]) == (
            f"{case.offer:.2f}",
            case.verdict,
        )
        ledger.external(
            on.need_id, "crowdfunding", "campaign:1:v1:1", paid=ledger.need_position(on.need_id).open
        )
        candidates.need_changed(on.need_id)
        assert AuditEntry.objects.filter(action="case.evaluated", subject=told.subject).count() == 2
    assert on.reload().offer == 0


def test_two_approvers_at_once_commit_once(real_db):
    on = cases.stage()
    propose(on)
    approvers = [make.staff(on.org, "approver") for _ in range(4)]

    def work(index):
        try:
            approve(on, actor=approvers[index])
            return "done"
        except AwardError as error:
            return error.code

    assert sorted(real_db.threads(4, work)) == ["done", "state", "state", "state"]
    assert position(on).committed == Decimal("10000.00")


def another_case_of_the_same_person(on):
    person_id = on.reload().person_id
    return cases.stage(org=on.org, fund=on.fund, person_id=person_id, need_id=on.need_id)


def test_two_applications_of_one_person_never_pass_the_cap_of_a_life(db):
    on = cases.stage(residual="90000.00")
    second = another_case_of_the_same_person(on)
    propose(on, "9000.00")
    refused("cap", propose, second, "1000.01")
    propose(second, "1000.00")
    with actor_scope(on.worker):
        refused("cap", services.correct, on.worker, on.case.pk, amount=Decimal("9000.01"), reason=WHY)


def test_proposals_that_race_for_the_last_of_a_cap_do_not_both_fit(real_db):
    on = cases.stage(residual="90000.00")
    both = [on, *(another_case_of_the_same_person(on) for _ in range(3))]

    def work(index):
        try:
            propose(both[index], "6000.00")
            return "done"
        except AwardError as error:
            return error.code

    assert sorted(real_db.threads(4, work)) == ["cap", "cap", "cap", "done"]


def test_what_was_not_consented_to_is_neither_used_nor_shown(db):
    first = cases.stage(residual="50000.00")
    propose(first)
    approve(first)
    rule = {
        "criteria": [
            {
                "id": "no_double",
                "type": "exclusive",
                "clause": "第五条",
                "text": "没有得到别的资助。",
                "params": {"funds": [first.fund.slug], "name": first.fund.name},
            }
        ],
        "documents": [cases.DIAGNOSIS_PAPER],
    }
    blind = cases.stage(application=first.application, categories=["identity", "bills"], **rule)
    seeing = cases.stage(application=first.application, **rule)
    cases.paper(first)
    assert {one["id"]: one["status"] for one in blind.case.criteria if "id" in one} == {
        "no_double": "unknown",
        "document.diagnosis": "unknown",
    }
    assert seeing.case.criteria[0]["status"] == "failed"


def test_a_consent_that_ran_out_closes_the_case_and_frees_the_reservation(db):
    on = cases.stage()
    propose(on)
    with engine_scope():
        assert candidates.sweep_consents() == 0
        on.consent.__class__.objects.filter(pk=on.consent.pk).update(valid_until=timezone.now())
        assert candidates.sweep_consents() == 1
        assert candidates.sweep_consents() == 0
        case = Case.objects.get(pk=on.case.pk)
        assert (case.state, case.criteria) == (Case.State.EXPIRED, None)
        assert not Award.objects.filter(case=case, state=Award.State.PROPOSED).exists()
        assert ledger.need_position(on.need_id).reserved == 0
        assert CaseEvent.objects.filter(case=case, kind="consent_expired").exists()
        assert candidates.open_case(on.consent.pk) is None  # what ran out opens nothing
    again = make.consent_again(on.consent)
    drain()
    with engine_scope():
        case = Case.objects.get(pk=on.case.pk)
        assert (case.state, case.consent_id, case.verdict) == (Case.State.NEW, again.pk, "eligible")

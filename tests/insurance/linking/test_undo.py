from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

import factories as make
from audit.models import Entry as AuditEntry
from insurance.intake import processing
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, NeedAccount, RecoveryCase
from insurance.linking import services, undo
from insurance.linking.merging import SecondError
from insurance.linking.models import NotSame, Review
from outbox import tasks
from outbox.models import Event
from people import registry
from people.models import Identity, Person, ProofToken, Representation
from scope import Actor, actor_scope, engine_scope

pytestmark = pytest.mark.django_db
REVIEWER = Actor("staff", org_id=1, user_id=7)


@pytest.fixture
def wrong_link(people):
    """Two bills of one illness under one person, of which the second was linked to him by mistake."""
    right_identity, person = people.linked()
    first = people.bill(right_identity, "1000.00")
    other = people.insurer(name="王建国")
    second = people.bill(other, "250.50")
    people.link(other)
    with engine_scope("test"):
        review = Review.objects.get(identity_id=other)
        Review.objects.filter(pk=review.pk).update(state="same", decided_by=7)
        services.apply_decision(review.pk)
    tasks.drain()
    fresh(second)
    assert second.need_id == first.need_id
    return review.pk, other, person, first, second


def fresh(row):
    with engine_scope("test"):
        row.refresh_from_db()


def run(identity_id):
    with engine_scope("test"):
        return undo.undo(REVIEWER, identity_id, "看错了行")


def position(need_id):
    with engine_scope("test"):
        return ledger.need_position(need_id)


def test_the_bill_goes_to_a_person_of_its_own_and_no_yuan_is_lost(wrong_link):
    _, identity, person, first, second = wrong_link
    assert position(first.need_id).residual == Decimal("1250.50")
    result = run(identity)
    assert result.done
    assert result.person_id != person
    fresh(second)
    assert second.person_id == result.person_id
    assert position(first.need_id).residual == Decimal("1000.00")
    assert position(second.need_id).residual == Decimal("250.50")
    with engine_scope("test"):
        assert NeedAccount.objects.get(pk=second.need_id).episode == "C91"
        assert sum(e.d_residual for e in Entry.objects.filter(settlement_id=second.pk)) == Decimal("250.50")
        assert not RecoveryCase.objects.exists()


def test_a_correction_after_it_lands_where_the_bill_now_is(wrong_link):
    _, identity, person, first, second = wrong_link
    run(identity)
    with engine_scope("test"):
        fresh(second)
        second.person_paid, second.version = Decimal("200.00"), 2
        second.save()
        processing.post(second, second.person_id)
    assert position(second.need_id).residual == Decimal("200.00")
    assert position(first.need_id).residual == Decimal("1000.00")


def test_it_is_sticky_recorded_and_told(wrong_link):
    review, identity, person, *_ = wrong_link
    run(identity)
    with engine_scope("test"):
        assert NotSame.objects.filter(identity_id=identity, person_id=person).exists()
        assert AuditEntry.objects.filter(action="linking.undone", subject=f"person:{person}").exists()
        told = Event.objects.get(topic="linking.unlinked")
        assert told.ids == {"identity_id": identity, "person_id": person}
        assert Event.objects.filter(topic="need.changed", state="pending").count() == 2


def test_the_remaining_need_can_be_aided_and_the_moved_one_too(wrong_link):
    _, identity, _, first, second = wrong_link
    run(identity)
    fresh(second)
    org = make.organisation()
    fund = make.fund(org)
    for award, (need_id, amount) in enumerate(((first.need_id, "1000.00"), (second.need_id, "250.50")), 9000):
        with engine_scope("test"):
            ledger.reserve(ledger.Promise(award, need_id, fund.pk, Decimal(amount)))
            with pytest.raises(ledger.ResidualExceededError):
                ledger.reserve(ledger.Promise(award + 100, need_id, fund.pk, Decimal("0.01")))


@pytest.mark.parametrize(
    "steps",
    [0, 1, 2],
)
def test_one_person_alone_undoes_nothing_once_aid_stands_against_the_need(wrong_link, steps):
    _, identity, person, first, second = wrong_link
    fund = make.fund(make.organisation())
    promise = ledger.Promise(9500, first.need_id, fund.pk, Decimal("10.00"))
    with engine_scope("test"):
        for step in (ledger.reserve, ledger.commit, ledger.pay)[: steps + 1]:
            step(promise)
    with pytest.raises(SecondError) as wait:
        run(identity)
    assert wait.value.why == ("money",)
    fresh(second)
    assert second.person_id == person
    assert second.need_id == first.need_id
    assert position(first.need_id).residual == Decimal("1250.50")
    with engine_scope("test"):
        assert Identity.objects.get(pk=identity).person_id == person
        assert not NotSame.objects.exists()


@pytest.mark.parametrize(("given", "too_much"), [("10.00", None), ("1100.00", "100.00")])
def test_with_a_second_person_the_aid_stays_where_it_was_given(wrong_link, given, too_much):
    _, identity, _, first, second = wrong_link
    fund = make.fund(make.organisation())
    promise = ledger.Promise(9550, first.need_id, fund.pk, Decimal(given))
    with engine_scope("test"):
        ledger.reserve(promise)
        ledger.commit(promise)
        done = undo.undo(Actor("staff", org_id=1, user_id=7), identity, "看错了行", seconded_by=8)
    assert done.done
    fresh(second)
    assert position(first.need_id).committed == Decimal(given)
    assert position(first.need_id).residual == Decimal("1000.00")
    assert position(second.need_id).residual == Decimal("250.50")
    with engine_scope("test"):
        asked = list(RecoveryCase.objects.values_list("need_id", "amount", "cause"))
    assert asked == ([(first.need_id, Decimal(too_much), "unmerge")] if too_much else [])


def test_released_aid_does_not_stand_in_the_way(wrong_link):
    _, identity, _, first, _ = wrong_link
    fund = make.fund(make.organisation())
    promise = ledger.Promise(9600, first.need_id, fund.pk, Decimal("10.00"))
    with engine_scope("test"):
        ledger.reserve(promise)
        ledger.release(promise)
    assert run(identity).done


@pytest.mark.parametrize("answer", [True, False])
def test_once_money_moved_the_undo_waits_for_another_reviewer(wrong_link, answer):
    review, _, _, first, _ = wrong_link
    fund = make.fund(make.organisation())
    with engine_scope("test"):
        ledger.reserve(ledger.Promise(9700, first.need_id, fund.pk, Decimal("10.00")))
    actor = make.staff(make.organisation("operator"), "linkage_reviewer")
    from insurance.linking import desk

    with actor_scope(actor):
        desk.ask_undo(actor, review, "看错了行")
    tasks.drain()
    with engine_scope("test"):
        row = Review.objects.get(pk=review)
    assert (row.state, row.undo_second, row.why_second) == ("same", True, ["money"])
    with actor_scope(actor), pytest.raises(desk.OwnDecisionError):
        desk.second_undo(actor, review, True)
    colleague = make.staff(make.organisation("operator"), "linkage_reviewer")
    with actor_scope(colleague):
        desk.second_undo(colleague, review, answer)
    tasks.drain()
    with engine_scope("test"):
        row = Review.objects.get(pk=review)
    if answer:
        assert (row.state, row.undo_refused, row.undo_second) == ("undone", [], False)
    else:
        assert (row.state, row.undo_refused, row.undo_asked_at) == ("same", ["second_said_no"], None)


def test_a_description_that_made_its_own_person_has_no_wrong_link(people):
    identity, person = people.linked()
    assert run(identity).reasons == ("no_wrong_link",)


def test_nothing_is_undone_twice(wrong_link):
    _, identity, *_ = wrong_link
    first = run(identity)
    assert run(identity).reasons == ("no_wrong_link",)
    with engine_scope("test"):
        assert Identity.objects.get(pk=identity).person_id == first.person_id


def test_a_no_is_taken_back_while_the_description_belongs_to_nobody(people):
    people.linked()
    campaign = people.campaign(name="陈*涵", phone="13800005521", id_number=people.number(), id_valid=True)
    assert people.link(campaign).outcome == "review"
    with engine_scope("test"):
        review = Review.objects.get(identity_id=campaign)
        Review.objects.filter(pk=review.pk).update(state="different", decided_by=7)
        services.apply_decision(review.pk)
        assert NotSame.objects.filter(identity_id=campaign).exists()
        Review.objects.filter(pk=review.pk).update(undo_asked_at="2026-11-22T00:00Z", undo_asked_by=7)
        assert undo.carry_out(review.pk).done
        assert Review.objects.get(pk=review.pk).state == "open"
        assert not NotSame.objects.exists()


@pytest.fixture
def wrong_application(people):
    """An application's description that a reviewer gave to the wrong person: (identity id, need id)."""
    identity, person = people.linked()
    need_id = people.bill(identity, "1000.00").need_id
    with engine_scope("test"):
        described = registry.source_identity("application", 60_001, None, people.describe(name="陈*涵"))[0]
        registry.assign(described, Person.objects.get(pk=person), "review")
    return described.pk, need_id


def test_an_application_that_was_linked_wrongly_waits_again(wrong_application):
    identity, need_id = wrong_application
    result = run(identity)
    assert (result.done, result.person_id) == (True, None)
    assert position(need_id).residual == Decimal("1000.00")


def test_an_application_stays_while_a_charity_has_promised_there(wrong_application):
    identity, need_id = wrong_application
    fund = make.fund(make.organisation())
    promise = ledger.Promise(9950, need_id, fund.pk, Decimal("10.00"))
    with engine_scope("test"):
        ledger.reserve(promise)
    with pytest.raises(SecondError):
        run(identity)
    with engine_scope("test"):
        assert undo.undo(REVIEWER, identity, "看错了行", seconded_by=8).reasons == ("aid_reserved",)
        ledger.release(promise)
    assert run(identity).done


def test_what_a_charity_paid_to_a_wrong_application_is_asked_back_once(wrong_application):
    identity, need_id = wrong_application
    fund = make.fund(make.organisation())
    promise = ledger.Promise(9960, need_id, fund.pk, Decimal("10.00"))
    with engine_scope("test"):
        for step in (ledger.reserve, ledger.commit, ledger.pay):
            step(promise)
        for _ in range(2):
            result = undo.undo(REVIEWER, identity, "看错了行", seconded_by=8)
            assert (result.done, result.reasons) == (False, ("aid_paid",))
        asked = RecoveryCase.objects.get()
        assert AuditEntry.objects.filter(action="recovery.opened", subject=f"need:{need_id}").count() == 1
    assert (asked.need_id, asked.amount, asked.state) == (need_id, Decimal("10.00"), "open")


def test_what_a_campaign_raised_does_not_hold_an_application_back(wrong_application):
    identity, need_id = wrong_application
    with engine_scope("test"):
        ledger.external(need_id, "crowdfunding", "campaign:1:v1:1", reserved=Decimal("10.00"))
    assert run(identity).done


def test_what_the_wrong_senders_tokens_proved_is_void(wrong_link):
    _, identity, person, first, _ = wrong_link
    account, right_account = make.account(), make.account()
    with engine_scope("test"):
        wrong_sender = Identity.objects.get(pk=identity).organisation_id
        right_sender = Identity.objects.get(pk=first.identity_id).organisation_id
        for sender, holder in ((wrong_sender, account), (right_sender, right_account)):
            registry.issue_token(person, sender)
            ProofToken.objects.filter(organisation_id=sender).update(
                used_at="2026-11-01T00:00Z", used_by=holder
            )
            registry.represent(holder.pk, person, "parent", "token")
            registry.issue_token(person, sender)
    assert run(identity).done
    with engine_scope("test"):
        live = Representation.objects.filter(person_id=person, revoked_at=None)
        assert [row.account_id for row in live] == [right_account.pk]
        usable = ProofToken.objects.filter(used_at=None, expires_at__gt=timezone.now())
        assert [token.organisation_id for token in usable] == [right_sender]
        told = Event.objects.get(topic="people.representation_revoked")
        assert told.ids == {"account_id": account.pk, "person_id": person}

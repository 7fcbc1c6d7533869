"""Two persons become one and part again: money, bills, applications, consents, cases, proofs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import factories as make
from audit.models import Entry as AuditEntry
from charity.applications.models import Application
from charity.awards.models import Case
from charity.campaigns.models import Campaign, CampaignLink
from consent.models import Consent
from insurance.intake.models import Settlement
from insurance.ledger import recovery
from insurance.ledger import services as ledger
from insurance.ledger.models import FundAccount, NeedAccount, RecoveryCase, SettlementBalance
from insurance.linking import desk, merging, suggesting
from insurance.linking.models import Merge, NotSame, Review
from outbox import tasks
from people import registry
from people.models import Hardship, Identity, Person, ProofToken, Representation
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db
D = Decimal
_award = count(70_000)


def two(people):
    """Two persons of the registry with a number each: (identity, person) twice."""
    one = people.linked()
    other = people.linked(
        name="欧阳静怡",
        id_number="",
        id_valid=False,
        birth_date=date(1984, 5, 2),
        phone="13900001111",
        area="330102",
    )
    assert one[1] != other[1]
    return one, other


def question(one, other):
    with engine_scope("test"):
        return suggesting.ask(one, other, by_hand=True)


def merged(one, other, seconded_by=8):
    """The two persons as one, decided by 7 and, if need be, 8. Returns the merge."""
    review = question(one, other)
    with engine_scope("test"):
        Review.objects.filter(pk=review.pk).update(state="same", decided_by=7, seconded_by=seconded_by)
        return merging.merge(Review.objects.get(pk=review.pk))


def parted(done, seconded_by=8):
    with engine_scope("test"):
        Review.objects.filter(pk=done.review_id).update(
            undo_asked_at="2026-11-22T00:00Z", undo_asked_by=7, undo_seconded_by=seconded_by
        )
        merging.unmerge(Merge.objects.get(pk=done.pk), Review.objects.get(pk=done.review_id))


def need(bill):
    with engine_scope("test"):
        bill.refresh_from_db()
        return NeedAccount.objects.get(pk=bill.need_id)


def promise(need_id, fund, amount):
    return ledger.Promise(next(_award), need_id, fund.pk, D(amount))


def totals():
    """Every totals row that says anything, and what is asked back, by its id."""
    names = ("residual", "reserved", "committed", "paid", "excess")
    rows = {}
    with engine_scope("test"):
        for model in (NeedAccount, SettlementBalance, FundAccount):
            for row in model.objects.all():
                told = tuple(getattr(row, name) for name in names)
                if any(told):
                    rows[model.__name__, row.pk] = (*told, getattr(row, "need_id", None))
        for case in RecoveryCase.objects.filter(state="open"):
            key = "asked back", case.need_id
            rows[key] = rows.get(key, D(0)) + case.amount
    return rows


def test_needs_of_one_illness_become_one_and_others_come_along(people):
    (one, first), (other, second) = two(people)
    a, b, c = people.bill(one, "1000.00"), people.bill(other, "300.00"), people.bill(other, "50.00", "I20.0")
    done = merged(first, second)
    assert (done.survivor_id, done.absorbed_id) == (first, second)
    joint = need(a)
    assert (joint.person_id, joint.residual) == (first, D("1300.00"))
    assert need(b).pk == joint.pk
    assert (need(c).person_id, need(c).residual, need(c).episode) == (first, D("50.00"), "I20")
    with engine_scope("test"):
        assert set(Identity.objects.filter(person_id=first).values_list("pk", flat=True)) == {one, other}
        assert Person.objects.get(pk=second).merged_into_id == first
        assert not NeedAccount.objects.filter(person_id=second, residual__gt=0).exists()
        told = AuditEntry.objects.get(action="person.merged")
        assert told.subject == f"person:{first}"


def test_a_bill_that_comes_later_for_the_absorbed_person_is_the_survivor_s(people):
    (one, first), (other, second) = two(people)
    a = people.bill(one, "1000.00")
    merged(first, second)
    late = people.bill(other, "70.00")
    assert need(late).pk == need(a).pk
    stranger_id = people.insurer(name="王建国", phone="13500000000")
    with engine_scope("test"):
        from insurance.intake import processing

        row = people.bill(other, "5.00")
        processing.person_found(other, second)  # an event that was written before the merge
        assert Settlement.objects.get(pk=row.pk).person_id == first
        assert registry.root(second).pk == first
        stranger = Identity.objects.get(pk=stranger_id)
        registry.assign(stranger, Person.objects.get(pk=second), "review")
        assert stranger.person_id == first


def test_aid_of_both_above_the_joint_residual_is_recorded_and_asked_back(people):
    """One of the two had been aided by a campaign beyond his bills: the joint person is not aided twice over."""
    (one, first), (other, second) = two(people)
    a, b = people.bill(one, "1000.00"), people.bill(other, "300.00")
    fund = make.fund(make.organisation())
    with engine_scope("test"):
        ledger.external(b.need_id, "crowdfunding", "campaign:1:v1:1", paid=D("900.00"))
        assert RecoveryCase.objects.get().amount == D("600.00")
        ledger.reserve(promise(a.need_id, fund, "1000.00"))
    merged(first, second)
    joint = need(a)
    assert (joint.residual, joint.reserved, joint.paid, joint.excess) == (
        D("1300.00"),
        D("1000.00"),
        D("900.00"),
        D("600.00"),
    )
    with engine_scope("test"):
        asked = RecoveryCase.objects.filter(state="open")
        assert [(case.need_id, case.amount, case.cause) for case in asked] == [
            (joint.pk, D("600.00"), "merge")
        ]
        with pytest.raises(ledger.ResidualExceededError):
            ledger.reserve(promise(joint.pk, fund, "0.01"))


@pytest.fixture
def waived(people):
    """60 yuan too much of one of two persons, of which `waive` leaves some to the family. (need, persons, bill)"""
    (one, first), (other, second) = two(people)
    bill = people.bill(other, "100.00")
    with engine_scope("test"):
        ledger.external(bill.need_id, "crowdfunding", "campaign:3:v1:1", paid=D("100.00"))
        ledger.post_settlement(bill.pk, bill.need_id, D("40.00"), 2)
    people.bill(one, "0.00")
    return bill.need_id, first, second, one


def waive(need, amount):
    with engine_scope("test"):
        case = RecoveryCase.objects.get(need_id=need, state="open")
        recovery.write_off(case.pk, D(amount))
        return case.pk


def standing(*needs):
    """Of each need (asked for now, waived)."""
    with engine_scope("test"):
        cases = list(RecoveryCase.objects.all())
    return [
        (
            sum((one.amount for one in cases if one.need_id == need and one.state == "open"), D(0)),
            sum((one.written_off for one in cases if one.need_id == need), D(0)),
        )
        for need in needs
    ]


@pytest.mark.parametrize("amount", ["60.00", "25.00"])
def test_what_was_left_to_the_family_is_not_asked_anew_by_a_merge_nor_by_its_undoing(waived, amount):
    need, first, second, _one = waived
    waive(need, amount)
    rest = D("60.00") - D(amount)
    assert standing(need) == [(rest, D(amount))]
    for _again in range(2):
        done = merged(first, second)
        (joint,) = [to for source, to in done.moved["needs"] if source == need]
        tasks.drain()
        assert standing(need, joint) == [(D(0), D(0)), (rest, D(amount))]
        parted(done)
        tasks.drain()
        assert standing(need, joint) == [(rest, D(amount)), (D(0), D(0))]
    with engine_scope("test"):
        moved = AuditEntry.objects.filter(action="recovery.waiver_moved").count()
        assert moved == 4
        assert not AuditEntry.objects.filter(action="recovery.covered").exists()


def test_a_waiver_that_the_joint_bills_cover_is_covered(waived, people):
    need, first, second, one = waived
    waive(need, "60.00")
    people.bill(one, "45.00")
    done = merged(first, second)
    (joint,) = [to for source, to in done.moved["needs"] if source == need]
    tasks.drain()
    assert standing(need, joint) == [(D(0), D(0)), (D(0), D("15.00"))]


def test_room_on_one_side_takes_up_what_was_too_much_on_the_other(people):
    (one, first), (other, second) = two(people)
    a, b = people.bill(one, "1000.00"), people.bill(other, "300.00")
    with engine_scope("test"):
        ledger.external(b.need_id, "crowdfunding", "campaign:1:v1:1", paid=D("900.00"))
    before = totals()
    done = merged(first, second)
    assert need(a).excess == 0
    with engine_scope("test"):
        assert not RecoveryCase.objects.filter(state="open").exists()
    parted(done)
    assert totals() == before


AMOUNT = st.integers(1, 120_000).map(lambda fen: D(fen) / 100)
SIDE = st.lists(
    st.tuples(
        st.sampled_from(["bill", "reserve", "bound", "commit", "pay", "campaign"]),
        AMOUNT,
        st.sampled_from(["C91.0", "I20.9", ""]),
    ),
    min_size=1,
    max_size=6,
)


def live_through(people, identity, person, steps, fund):
    """Bills and aid of one person, as far as the ledger lets them."""
    for kind, amount, disease in steps:
        if kind == "bill":
            people.bill(identity, str(amount), disease)
            continue
        with engine_scope("test"):
            row = NeedAccount.objects.filter(person_id=person).order_by("pk").first()
            if row is None:
                continue
            if kind == "campaign":
                ledger.external(row.pk, "crowdfunding", f"campaign:{next(_award)}:v1:1", reserved=amount)
                continue
            bill = SettlementBalance.objects.filter(need=row).order_by("pk").last()
            bound = bill.pk if bill is not None and kind == "bound" else None
            step = ledger.Promise(next(_award), row.pk, fund.pk, amount, bound)
            try:
                ledger.reserve(step)
            except ledger.LedgerError:
                continue
            if kind in {"commit", "pay"}:
                ledger.commit(step)
            if kind == "pay":
                ledger.pay(step)


@settings(
    max_examples=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@example(
    left=[("bill", D("10.00"), "C91.0"), ("campaign", D("87.08"), ""), ("bill", D("77.08"), "C91.0")],
    right=[("bill", D("5.00"), "C91.0")],
)
@given(left=SIDE, right=SIDE)
def test_merge_then_unmerge_restores_every_totals_row(people, left, right):
    insurer, fund = make.organisation("statutory_insurer"), make.fund(make.organisation(), "2000.00")
    sides = []
    with engine_scope("test"):
        for name in ("甲", "乙"):
            person = Person.objects.create()
            described = registry.insurer_identity(insurer.pk, registry.Description(name=name))[0]
            registry.assign(described, person, "new")
            sides.append((described.pk, person.pk))
    for (identity, person), steps in zip(sides, (left, right), strict=True):  # each as its events leave it
        live_through(people, identity, person, steps, fund)
        with engine_scope("test"):
            for row in NeedAccount.objects.filter(person_id=person):
                recovery.settle(row.pk)
    before = totals()
    done = merged(sides[0][1], sides[1][1])
    with engine_scope("test"):
        for row in NeedAccount.objects.all():
            assert row.reserved + row.committed + row.paid <= row.residual + row.excess
        for row in NeedAccount.objects.filter(person_id=done.absorbed_id):
            assert ledger.need_position(row.pk) == ledger.NOTHING
    parted(done)
    assert totals() == before


@pytest.fixture
def families(people):
    """Two persons with an application each, consented to one fund, with a case and an award; a campaign of the other."""
    (one, first), (other, second) = two(people)
    bills = people.bill(one, "1000.00"), people.bill(other, "300.00")
    charity = make.organisation()
    fund = make.fund(charity)
    sides = []
    for person, bill in zip((first, second), bills, strict=True):
        account = make.account()
        application = make.application(account, state="submitted")
        consent = make.consent(charity, fund.pk, application, need_id=bill.need_id, person_id=person)
        with engine_scope("test"):
            described = registry.source_identity("application", application.pk, None, people.describe())[0]
            registry.assign(described, Person.objects.get(pk=person), "proof")
            Application.objects.filter(pk=application.pk).update(
                person_id=person, need_id=bill.need_id, proof="proven", identity_id=described.pk
            )
            case = Case.objects.create(
                number=f"{application.number}-1",
                application_id=application.pk,
                organisation=charity,
                fund=fund,
                consent_id=consent.pk,
                person_id=person,
                need_id=bill.need_id,
            )
        sides.append((account, application, consent, case, bill))
    platform = make.organisation("crowdfunding")
    with engine_scope("test"):
        campaign = Campaign.objects.create(
            platform=platform,
            external_id="A1",
            content_hash=b"1",
            status="active",
            target=D(100),
            raised=D(50),
            paid_out=D(0),
        )
        described = registry.source_identity("campaign", campaign.pk, platform.pk, people.describe())[0]
        registry.assign(described, Person.objects.get(pk=second), "review")
        CampaignLink.objects.create(
            campaign=campaign, identity_id=described.pk, person_id=second, need_id=bills[1].need_id
        )
    return first, second, fund, sides


def test_applications_consents_cases_and_campaigns_go_along_and_come_back(families):
    first, second, _, sides = families
    _, application, consent, case, bill = sides[1]
    before = need(bill).pk
    done = merged(first, second)
    joint = need(sides[0][4]).pk

    def where():
        with engine_scope("test"):
            return {
                (row.person_id, row.need_id)
                for row in (
                    Application.objects.get(pk=application.pk),
                    Consent.objects.get(pk=consent.pk),
                    Case.objects.get(pk=case.pk),
                    CampaignLink.objects.get(),
                    Settlement.objects.get(pk=bill.pk),
                )
            }

    assert where() == {(first, joint)}
    parted(done)
    assert where() == {(second, before)}
    with engine_scope("test"):
        assert Case.objects.get(pk=sides[0][3].pk).need_id == joint


def test_what_comes_after_the_merge_goes_back_with_what_it_hangs_on(families, people):
    first, second, fund, sides = families
    done = merged(first, second)
    joint = need(sides[0][4]).pk
    with engine_scope("test"):
        other = Settlement.objects.get(pk=sides[1][4].pk).identity_id
    late, elsewhere = people.bill(other, "40.00"), people.bill(other, "7.00", "D50.0")
    staff = make.user(make.organisation("operator"))
    with engine_scope("test"):
        from django.utils import timezone

        from charity.awards.models import Award

        for case, amount in ((sides[0][3], "90.00"), (sides[1][3], "20.00")):
            award = Award.objects.create(
                case=case,
                organisation_id=case.organisation_id,
                fund=fund,
                amount=D(amount),
                proposed_by=staff,
                proposed_at=timezone.now(),
            )
            ledger.reserve(ledger.Promise(award.pk, joint, fund.pk, D(amount)))
    parted(done)
    mine, theirs = need(sides[0][4]), need(sides[1][4])
    assert (mine.person_id, mine.residual, mine.reserved) == (first, D("1000.00"), D("90.00"))
    assert (theirs.person_id, theirs.residual, theirs.reserved) == (second, D("340.00"), D("20.00"))
    assert need(late).pk == theirs.pk
    assert (need(elsewhere).person_id, need(elsewhere).episode) == (second, "D50")


def test_an_award_goes_on_at_the_joint_need_and_back_at_its_own(families):
    first, second, fund, sides = families
    bill = sides[1][4]
    mine = need(bill).pk
    step = promise(mine, fund, "30.00")
    with engine_scope("test"):
        ledger.reserve(step)
    done = merged(first, second)
    joint = need(bill).pk
    with engine_scope("test"):
        with pytest.raises(ledger.AwardAmountsError):
            ledger.commit(step)
        ledger.commit(ledger.Promise(step.award_id, joint, fund.pk, step.amount))
    parted(done)
    with engine_scope("test"):
        with pytest.raises(ledger.AwardAmountsError):
            ledger.pay(ledger.Promise(step.award_id, joint, fund.pk, step.amount))
        ledger.pay(step)
    assert (need(bill).pk, need(bill).paid) == (mine, D("30.00"))


# --- who speaks for whom -------------------------------------------------------------------------


def speaking(person):
    with engine_scope("test"):
        live = Representation.objects.filter(person_id=person, revoked_at=None)
        return set(live.values_list("account_id", flat=True))


def test_who_had_proven_one_of_two_sees_nothing_of_the_other_until_he_proves_anew(people):
    (_, first), (_, second) = two(people)
    mother, stranger, both = make.account(), make.account(), make.account()
    with engine_scope("test"):
        registry.represent(mother.pk, first, "parent", "token")
        registry.represent(stranger.pk, second, "parent", "token")
        registry.represent(both.pk, first, "parent", "document")
        registry.represent(both.pk, second, "parent", "token")
    review = question(first, second)
    with engine_scope("test"):
        Review.objects.filter(pk=review.pk).update(state="same", decided_by=7)
        with pytest.raises(merging.SecondError) as wait:
            merging.merge(Review.objects.get(pk=review.pk))
    assert wait.value.why == ("accounts",)
    done = merged(first, second)
    assert speaking(first) == {both.pk}
    parted(done)
    assert speaking(first) == {mother.pk, both.pk}
    assert speaking(second) == {stranger.pk, both.pk}


def test_a_family_whose_child_stood_there_twice_goes_on_seeing_it(people):
    (_, first), (_, second) = two(people)
    mother = make.account()
    with engine_scope("test"):
        registry.represent(mother.pk, second, "parent", "token")
    done = merged(first, second)
    assert (done.survivor_id, done.why_second) == (second, [])  # the one for whom somebody speaks
    assert speaking(second) == {mother.pk}
    parted(done)
    assert (speaking(first), speaking(second)) == (set(), {mother.pk})


def test_hardship_and_letters_go_along_and_come_back(people):
    (_, first), (_, second) = two(people)
    org = make.organisation("statutory_insurer")
    with engine_scope("test"):
        Hardship.objects.create(person_id=second, kind="dibao", source="民政", valid_from=date(2026, 1, 1))
        registry.issue_token(second, org.pk)
    done = merged(first, second)
    with engine_scope("test"):
        assert Hardship.objects.get().person_id == ProofToken.objects.get().person_id == first
    parted(done)
    with engine_scope("test"):
        assert Hardship.objects.get().person_id == ProofToken.objects.get().person_id == second


def test_what_was_proven_while_they_were_one_is_proven_anew(people):
    (_, first), (_, second) = two(people)
    done = merged(first, second)
    account = make.account()
    with engine_scope("test"):
        registry.represent(account.pk, first, "parent", "token")
    parted(done)
    assert speaking(first) == speaking(second) == set()


# --- refusals ------------------------------------------------------------------------------------


def test_a_no_stands_against_a_merge(people):
    (one, first), (_, second) = two(people)
    with engine_scope("test"):
        NotSame.objects.create(identity_id=one, person_id=second, decided_by=7)
    with pytest.raises(merging.RefusedError) as refused:
        merged(first, second)
    assert refused.value.reasons == ("said_different",)


def test_who_was_not_the_absorbed_is_not_the_survivor(people):
    (_, first), (_, second) = two(people)
    stranger = people.insurer(name="陈大文", phone="13400000000")
    with engine_scope("test"):
        NotSame.objects.create(identity_id=stranger, person_id=second, decided_by=7)
    done = merged(first, second)
    with engine_scope("test"):
        assert NotSame.objects.filter(identity_id=stranger, person_id=first).exists()
    parted(done)
    with engine_scope("test"):
        assert not NotSame.objects.filter(identity_id=stranger, person_id=first).exists()


def test_a_later_merge_is_taken_back_first(people):
    (_, first), (_, second) = two(people)
    _, third = people.linked(
        name="赵六",
        id_number="",
        id_valid=False,
        birth_date=date(1961, 1, 1),
        phone="13300000000",
        area="510100",
    )
    inner, outer = merged(second, third), merged(first, second)
    with pytest.raises(merging.RefusedError) as refused:
        parted(inner)
    assert refused.value.reasons == ("merged_on",)
    parted(outer)
    parted(inner)
    with engine_scope("test"):
        assert not Person.objects.filter(merged_into__isnull=False).exists()


def test_aid_for_one_bill_alone_holds_the_two_together(people):
    (one, first), (other, second) = two(people)
    people.bill(one, "1000.00")
    b = people.bill(other, "300.00")
    fund = make.fund(make.organisation())
    done = merged(first, second)
    with engine_scope("test"):
        ledger.reserve(ledger.Promise(next(_award), need(b).pk, fund.pk, D("10.00"), b.pk))
    with pytest.raises(merging.RefusedError) as refused:
        parted(done)
    assert refused.value.reasons == ("aid_across",)


# --- the reviewers -------------------------------------------------------------------------------


@pytest.fixture
def reviewers():
    org = make.organisation("operator")
    return make.staff(org, "linkage_reviewer"), make.staff(org, "linkage_reviewer")


def state(review):
    with engine_scope("test"):
        return Review.objects.get(pk=review.pk)


def test_two_reviewers_merge_once_money_moved_and_part_again(people, reviewers):
    one, other = reviewers
    (a, first), (b, second) = two(people)
    bill = people.bill(a, "1000.00")
    people.bill(b, "300.00")
    fund = make.fund(make.organisation())
    with engine_scope("test"):
        ledger.reserve(promise(bill.need_id, fund, "10.00"))
    review = question(first, second)
    with actor_scope(one):
        desk.decide(one, review.pk, "same")
    tasks.drain()
    assert (state(review).state, state(review).why_second) == ("second", ["money"])
    with actor_scope(one), pytest.raises(desk.OwnDecisionError):
        desk.second(one, review.pk, True)
    with actor_scope(other):
        desk.second(other, review.pk, True)
    tasks.drain()
    with engine_scope("test"):
        done = Merge.objects.get()
    assert (done.asked_by, done.seconded_by, done.why_second) == (one.user_id, other.user_id, ["money"])
    with actor_scope(other):
        desk.ask_undo(other, review.pk, "原来是姐妹")
    tasks.drain()
    assert (state(review).state, state(review).undo_second) == ("same", True)
    with actor_scope(one):
        desk.second_undo(one, review.pk, True)
    tasks.drain()
    assert state(review).state == "undone"
    with engine_scope("test"):
        assert Identity.objects.get(pk=b).person_id == second


def test_without_money_one_reviewer_is_enough(people, reviewers):
    (_, first), (_, second) = two(people)
    review = question(first, second)
    with actor_scope(reviewers[0]):
        desk.decide(reviewers[0], review.pk, "same")
    tasks.drain()
    assert state(review).state == "same"
    with engine_scope("test"):
        assert Merge.objects.get().seconded_by is None


def test_a_second_who_says_no_opens_the_question_again(people, reviewers):
    one, other = reviewers
    (a, first), (_, second) = two(people)
    bill = people.bill(a, "1000.00")
    with engine_scope("test"):
        ledger.external(bill.need_id, "crowdfunding", "campaign:1:v1:1", paid=D("9.00"))
    review = question(first, second)
    with actor_scope(one):
        desk.decide(one, review.pk, "same")
    tasks.drain()
    with actor_scope(other):
        desk.second(other, review.pk, False)
    tasks.drain()
    assert (state(review).state, state(review).decided_by) == ("open", None)
    with engine_scope("test"):
        assert not Merge.objects.exists()


def test_a_no_to_a_merge_sticks_and_can_be_taken_back(people, reviewers):
    (_, first), (_, second) = two(people)
    review = question(first, second)
    with actor_scope(reviewers[0]):
        desk.decide(reviewers[0], review.pk, "different")
    tasks.drain()
    with engine_scope("test"):
        assert suggesting.ask(first, second) is None
        assert NotSame.objects.exists()
    with actor_scope(reviewers[0]):
        desk.ask_undo(reviewers[0], review.pk, "看错了行")
    tasks.drain()
    assert state(review).state == "open"
    with engine_scope("test"):
        assert not NotSame.objects.exists()


def test_the_same_decision_delivered_twice_merges_once(people, reviewers):
    (a, first), (b, second) = two(people)
    people.bill(a, "10.00"), people.bill(b, "20.00")
    review = question(first, second)
    with actor_scope(reviewers[0]):
        desk.decide(reviewers[0], review.pk, "same")
    tasks.drain()
    before = totals()
    with engine_scope("test"):
        from insurance.linking import handlers

        handlers.decided(review.pk)
        assert Merge.objects.count() == 1
    assert totals() == before


def test_a_new_bill_with_the_number_of_two_persons_asks_whether_they_are_one(people):
    """They were told apart once; then a bill comes that fits both by number."""
    (one, first), (_, second) = two(people)
    insurer = make.organisation("statutory_insurer")
    with engine_scope("test"):
        identity = Identity.objects.get(pk=one)
        twin = registry.insurer_identity(insurer.pk, people.describe(area=""))[0]
        registry.assign(twin, Person.objects.get(pk=second), "review")
    newcomer = people.insurer(phone="13655556666")
    assert people.link(newcomer).outcome == "review"
    with engine_scope("test"):
        from insurance.linking import services

        asked = Review.objects.get(identity_id=newcomer, candidate_id=first)
        Review.objects.filter(pk=asked.pk).update(state="same", decided_by=7)
        services.apply_decision(asked.pk)
        merge = Review.objects.get(kind="merge")
        assert {merge.candidate_id, merge.other_id} == {first, second}
        assert identity.person_id == first

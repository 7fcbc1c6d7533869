"""Sixteen connections: awards of both sides racing merges and their taking back."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import count

import pytest

import factories as make
from charity.awards.models import Case
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, FundAccount, NeedAccount, RecoveryCase, SettlementBalance
from insurance.linking import merging, suggesting
from insurance.linking.models import Merge, Review
from people import registry
from people.models import Person
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.slow
D = Decimal
_bill = count(7_500_000)
NAMES = ("residual", "reserved", "committed", "paid")


def check():
    """Totals are the sum of their entries; what was promised is covered or on record as excess."""
    with engine_scope():
        for model, column in ((NeedAccount, "need_id"), (SettlementBalance, "settlement_id")):
            for row in model.objects.all():
                entries = list(Entry.objects.filter(**{column: row.pk}))
                for name in NAMES:
                    assert getattr(row, name) == sum((getattr(e, f"d_{name}") for e in entries), D(0)), (
                        row,
                        name,
                    )
                assert row.reserved + row.committed + row.paid <= row.residual + row.excess


@pytest.fixture
def scene(real_db):
    """Two persons with 500 yuan open each and a case each of one charity, and the question whether they are one."""
    charity, insurer = make.organisation(), make.organisation("statutory_insurer")
    staff = make.staff(charity, "case_worker")
    fund = make.fund(charity, "100000.00")
    cases = []
    for name in ("甲", "乙"):
        with engine_scope():
            person = Person.objects.create()
            described = registry.insurer_identity(insurer.pk, registry.Description(name=name))[0]
            registry.assign(described, person, "new")
            need = ledger.need_for(person.pk, "C91").pk
            ledger.post_settlement(next(_bill), need, D("500.00"), 1)
        application = make.application()
        consent = make.consent(charity, fund.pk, application, need_id=need, person_id=person.pk)
        with engine_scope():
            cases.append(
                Case.objects.create(
                    number=application.number,
                    application_id=application.pk,
                    organisation=charity,
                    fund=fund,
                    consent_id=consent.pk,
                    person_id=person.pk,
                    need_id=need,
                )
            )
    with engine_scope():
        review = suggesting.ask(cases[0].person_id, cases[1].person_id, by_hand=True)
        Review.objects.filter(pk=review.pk).update(state="same", decided_by=7, seconded_by=8)
    return staff, fund, cases, review


def awards(staff, fund, cases, i, steps=14):
    """What a charity does meanwhile: it locks its case, reads where it stands, and promises. How much it could."""
    rng, given = random.Random(i), D(0)
    for n in range(steps):
        with actor_scope(staff):
            case = Case.objects.select_for_update().get(pk=cases[n % 2].pk)
            step = ledger.Promise(
                10_000 + 100 * i + n, case.need_id, fund.pk, D(rng.randrange(100, 3000)) / 100
            )
            try:
                ledger.reserve(step)
            except ledger.ResidualExceededError:
                continue
            given += step.amount
            if n % 3 == 0:
                ledger.commit(step)
            elif n % 3 == 1:
                ledger.release(step)
                given -= step.amount
    return given


def test_awards_that_race_a_merge_never_exceed_the_joint_residual(real_db, scene):
    staff, fund, cases, review = scene

    def work(i):
        if i == 0:
            with engine_scope():
                merging.merge(Review.objects.get(pk=review.pk))
            return D(0)
        return awards(staff, fund, cases, i)

    given = sum(real_db.threads(16, work), D(0))
    check()
    with engine_scope():
        joint = NeedAccount.objects.get(residual=D("1000.00"))
        assert joint.person_id == review.candidate_id
        assert joint.reserved + joint.committed == given <= D("1000.00")
        assert joint.excess == 0
        account = FundAccount.objects.get(pk=fund.pk)
        assert (account.reserved, account.committed) == (joint.reserved, joint.committed)
        assert {case.need_id for case in Case.objects.all()} == {joint.pk}
        assert not RecoveryCase.objects.exists()


def test_merging_and_parting_again_among_awards_loses_nothing(real_db, scene):
    staff, fund, cases, review = scene

    def work(i):
        if i:
            return awards(staff, fund, cases, i)
        for _ in range(3):
            with engine_scope():
                merging.merge(Review.objects.get(pk=review.pk))
            with engine_scope():
                Review.objects.filter(pk=review.pk).update(
                    undo_asked_at="2026-11-22T00:00Z", undo_asked_by=7, undo_seconded_by=8
                )
                merging.unmerge(Merge.objects.get(unmerged_at=None), Review.objects.get(pk=review.pk))
        return D(0)

    given = sum(real_db.threads(16, work), D(0))
    check()
    with engine_scope():
        needs = list(NeedAccount.objects.order_by("pk"))
        assert [need.residual for need in needs] == [D("500.00")] * 2
        assert sum(need.reserved + need.committed for need in needs) == given
        for need in needs:
            asked = sum((c.amount for c in RecoveryCase.objects.filter(need_id=need.pk, state="open")), D(0))
            assert (
                asked == need.excess
            )  # parted with more on one side than its bills: recorded, and asked back
        for case, need in zip(cases, needs, strict=True):
            assert Case.objects.get(pk=case.pk).need_id == need.pk


def test_a_decision_delivered_twice_at_once_merges_once(real_db, scene):
    _, _, _, review = scene

    def work(_i):
        with engine_scope():
            row = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
            merging.carry_out(row)

    real_db.threads(8, work)
    check()
    with engine_scope():
        assert Merge.objects.count() == 1

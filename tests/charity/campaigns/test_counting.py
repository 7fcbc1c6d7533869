from __future__ import annotations

from decimal import Decimal

import pytest

from charity.campaigns import counting
from charity.campaigns.models import CampaignLink
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, RecoveryCase
from insurance.linking import undo
from insurance.linking.models import Review
from outbox import tasks
from people.models import Identity
from scope import Actor, engine_scope

pytestmark = pytest.mark.django_db


def position(need_id):
    with engine_scope("test"):
        return ledger.need_position(need_id)


def link_of(result):
    with engine_scope("test"):
        return CampaignLink.objects.get(pk=result["id"])


def counts(need_id):
    found = position(need_id)
    return str(found.reserved), str(found.paid)


@pytest.fixture
def counted(platform, shop, patient):
    """A campaign that a reviewer linked: (its result, need id)."""
    need_id = patient.bill()
    result = platform.one()
    tasks.drain()
    shop.answer("same")
    return result, need_id


@pytest.mark.parametrize("name", ["陈*涵", "陈某某", "陈女士", "小陈", "陈**"])
def test_a_masked_campaign_is_never_linked_without_a_reviewer(platform, patient, name):
    need_id = patient.bill()
    number = {"id_number": "", "phone": "13800005521", "birth_date": "2017-03-08"}
    result = platform.one(beneficiary={"name": name, **number})
    tasks.drain()
    assert link_of(result).person_id is None
    assert counts(need_id) == ("0.00", "0.00")


def test_it_asks_the_reviewer_and_says_what_hangs_on_it(platform, patient):
    patient.bill()
    platform.one()
    tasks.drain()
    with engine_scope("test"):
        review = Review.objects.get(state="open", candidate_id=patient.person_id)
    assert "masked_name" in review.flags
    assert review.held == Decimal("18600.00")
    assert review.at_stake == Decimal("64561.81")


def test_a_linked_campaign_counts_raised_as_reserved_and_paid_as_paid(counted):
    _, need_id = counted
    assert counts(need_id) == ("8600.00", "10000.00")
    assert position(need_id).open == Decimal("27361.81")


def test_a_later_version_posts_the_difference(counted, platform):
    result, need_id = counted
    platform.one(raised="20000.00", paid_out="20000.00")
    tasks.drain()
    assert counts(need_id) == ("0.00", "20000.00")
    assert link_of(result).counted_version == 2


def test_a_withdrawn_campaign_counts_only_what_was_paid(counted, platform):
    _, need_id = counted
    platform.one(status="withdrawn")
    tasks.drain()
    assert counts(need_id) == ("0.00", "10000.00")


def test_delivered_twice_it_counts_once(counted):
    result, need_id = counted
    with engine_scope("test"):
        counting.received(result["id"])
        counting.person_found(link_of(result).identity_id, link_of(result).person_id)
    tasks.drain()
    assert counts(need_id) == ("8600.00", "10000.00")
    with engine_scope("test"):
        assert Entry.objects.filter(kind="external").count() == 1


def test_more_than_is_open_is_recorded_and_opens_a_recovery_case(counted, platform):
    _, need_id = counted
    platform.one(raised="60000.00", paid_out="50000.00")
    tasks.drain()
    assert position(need_id).excess == Decimal("14038.19")
    with engine_scope("test"):
        case = RecoveryCase.objects.get(need_id=need_id)
    assert (case.amount, case.state) == (Decimal("14038.19"), "open")


def test_it_counts_against_the_illness_that_it_names(platform, shop, patient):
    other = patient.bill("90000.00", "J18.900")
    named = patient.bill("45961.81", "C91.000")
    platform.one(disease_code="C91.0")
    tasks.drain()
    shop.answer("same")
    assert counts(named) == ("8600.00", "10000.00")
    assert counts(other) == ("0.00", "0.00")


def test_without_a_code_it_counts_where_most_is_open(platform, shop, patient):
    small = patient.bill("1000.00", "J18.900")
    large = patient.bill("45961.81", "C91.000")
    platform.one()
    tasks.drain()
    shop.answer("same")
    assert counts(large) == ("8600.00", "10000.00")
    assert counts(small) == ("0.00", "0.00")


def test_linked_before_any_bill_it_counts_when_the_bill_comes(platform, shop, patient):
    patient.bill("1000.00", "J18.900")
    platform.one(disease_code="C91.0")
    tasks.drain()
    shop.answer("same")
    need_id = patient.bill("45961.81", "C91.000")
    tasks.drain()
    assert counts(need_id) == ("8600.00", "10000.00")


def test_a_campaign_that_came_before_its_person_is_asked_about_then(platform, shop):
    result = platform.one()
    tasks.drain()
    assert link_of(result).person_id is None
    patient = shop.Patient()
    patient.bill()
    tasks.drain()
    shop.answer("same", candidate_id=shop_person(patient))
    assert link_of(result).counted_paid == Decimal("10000.00")


def shop_person(patient):
    with engine_scope("test"):
        return Identity.objects.get(pk=patient.identity_id).person_id


def test_a_no_counts_nothing_and_is_not_asked_again(platform, shop, patient):
    need_id = patient.bill()
    platform.one()
    tasks.drain()
    shop.answer("different")
    platform.one(raised="30000.00")
    tasks.drain()
    assert counts(need_id) == ("0.00", "0.00")
    with engine_scope("test"):
        assert not Review.objects.filter(state="open").exists()


def test_an_undone_link_takes_back_what_was_counted(counted):
    result, need_id = counted
    with engine_scope("test"):
        done = undo.undo(Actor("staff", org_id=1, user_id=7), link_of(result).identity_id, "看错了行")
    assert done.done
    tasks.drain()
    assert counts(need_id) == ("0.00", "0.00")
    assert position(need_id).excess == Decimal("0.00")
    assert link_of(result).person_id is None


def test_described_as_somebody_else_it_is_taken_back_and_asked_again(counted, platform):
    result, need_id = counted
    platform.one(beneficiary={"name": "赵*明", "area": "110000", "sex": "male", "age": 60})
    tasks.drain()
    assert counts(need_id) == ("0.00", "0.00")
    assert link_of(result).person_id is None


def test_a_changed_description_of_the_same_child_is_asked_again_and_counted_once(counted, platform, shop):
    _, need_id = counted
    platform.one(beneficiary={"area": "430102"}, raised="19000.00")
    tasks.drain()
    assert counts(need_id) == ("0.00", "0.00")
    shop.answer("same")
    assert counts(need_id) == ("9000.00", "10000.00")


def test_charities_promises_and_the_campaign_never_pass_the_residual_unseen(counted):
    import factories as make

    _, need_id = counted
    fund = make.fund(make.organisation())
    with engine_scope("test"):
        ledger.reserve(ledger.Promise(9900, need_id, fund.pk, Decimal("27361.81")))
        with pytest.raises(ledger.ResidualExceededError):
            ledger.reserve(ledger.Promise(9901, need_id, fund.pk, Decimal("0.01")))

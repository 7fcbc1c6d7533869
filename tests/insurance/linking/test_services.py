from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from insurance.linking import services
from insurance.linking.models import NotSame, Review
from outbox import tasks
from people.models import Identity, Person
from scope import engine_scope

pytestmark = pytest.mark.django_db


def reviews(**fields):
    with engine_scope("test"):
        return list(Review.objects.filter(**fields).order_by("pk"))


def decide(review, state):
    with engine_scope("test"):
        Review.objects.filter(pk=review.pk).update(state=state, decided_by=1)
        return services.apply_decision(review.pk)


def test_the_first_description_of_an_insurer_makes_a_person(people):
    identity = people.insurer()
    result = people.link(identity)
    assert result.outcome == "new"
    assert result.person_id == people.person_of(identity)


def test_it_links_the_same_number_of_another_sender(people):
    _, person = people.linked()
    result = people.link(people.insurer(phone="", area="", birth_date=None))
    assert (result.outcome, result.person_id, result.method) == ("linked", person, "exact_id")


def test_a_number_of_fifteen_digits_is_the_same_as_its_eighteen(people):
    full = people.number(born=date(1967, 3, 8), serial=421)
    old = full[:6] + full[8:17]
    assert len(old) == 15
    _, person = people.linked(id_number=full, birth_date=date(1967, 3, 8))
    result = people.link(people.insurer(id_number=old, birth_date=None, phone="", id_valid=False))
    assert (result.outcome, result.person_id, result.method) == ("linked", person, "exact_id")


def test_linking_twice_changes_nothing(people):
    identity, person = people.linked()
    assert people.link(identity).person_id == person
    with engine_scope("test"):
        assert Person.objects.count() == 1


def test_one_number_with_two_names_is_reviewed_with_its_flag(people):
    _, person = people.linked()
    result = people.link(people.insurer(name="王建国"))
    assert result.outcome == "review"
    (review,) = reviews(candidate_id=person)
    assert "shared_id_other_name" in review.flags


def test_a_masked_name_is_never_linked_by_itself_even_with_the_number(people):
    people.linked()
    result = people.link(people.insurer(name="陈*涵"))
    assert result.outcome == "review"
    assert result.person_id is None


@pytest.mark.parametrize("name", ["陈*涵", "陈某某", "陈女士", "小陈"])
def test_a_masked_campaign_never_links_by_itself(people, name):
    identity, _ = people.linked()
    people.bill(identity, hospital_name="示例市儿童医院", disease_name="急性淋巴细胞白血病")
    campaign = people.campaign(
        name=name, extra={"hospital": "示例市儿童医院", "disease": "急性淋巴细胞白血病"}, phone="13800005521"
    )
    assert people.link(campaign).outcome in {"review", "waiting"}
    assert people.person_of(campaign) is None


def test_a_campaign_that_nobody_resembles_waits_and_makes_no_person(people):
    campaign = people.campaign(name="赵*", birth_date=None)
    assert people.link(campaign).outcome == "waiting"
    with engine_scope("test"):
        assert Person.objects.count() == 0


def test_a_campaign_that_waited_is_looked_at_when_its_person_comes(people):
    campaign = people.campaign(
        name="陈*涵", phone="13800005521", extra={"hospital": "示例市儿童医院", "disease": "白血病"}
    )
    assert people.link(campaign).outcome == "waiting"
    people.linked()
    with engine_scope("test"):
        assert Review.objects.filter(identity_id=campaign, state="open").exists()


def test_twins_are_kept_apart_and_at_most_asked_about(people):
    _, first = people.linked(name="陈雨涵", id_number=people.number(serial=42))
    identity, second = people.linked(name="陈雨菲", id_number=people.number(serial=44))
    assert second != first
    if second is None:
        (review,) = reviews(identity_id=identity)
        decide(review, "different")
        assert people.person_of(identity) not in {None, first}


def test_siblings_with_one_phone_are_two_people(people):
    _, first = people.linked()
    _, second = people.linked(
        name="陈宇航",
        sex="1",
        birth_date=date(2019, 5, 2),
        id_number=people.number(born=date(2019, 5, 2), serial=31),
    )
    assert first != second
    assert second is not None


def test_the_same_person_without_a_number_is_linked_or_asked_never_doubled_silently(people):
    _, person = people.linked()
    result = people.link(people.insurer(id_number="", id_valid=False))
    assert result.person_id == person or result.outcome == "review"


def test_another_valid_number_on_the_same_person_outweighs_the_best_pair(people):
    _, person = people.linked()
    people.linked(id_number="", id_valid=False)  # the same person, known also without a number
    result = people.link(people.insurer(id_number=people.number(serial=88)))
    assert result.person_id != person


def test_a_no_is_sticky(people):
    _, person = people.linked()
    other = people.insurer(name="王建国")
    people.link(other)
    (review,) = reviews(identity_id=other)
    result = decide(review, "different")
    assert result.outcome == "new"
    assert result.person_id != person
    with engine_scope("test"):
        assert NotSame.objects.filter(identity_id=other, person_id=person).exists()
        Identity.objects.filter(pk=other).update(person=None, state="waiting")
    again = people.link(other)
    assert again.person_id != person
    assert not reviews(identity_id=other, state="open")


def test_a_yes_links_and_overtakes_the_other_questions(people):
    _, person = people.linked()
    other = people.insurer(name="王建国")
    people.link(other)
    (review,) = reviews(identity_id=other)
    assert decide(review, "same").person_id == person
    assert decide(review, "same").person_id == person, "delivered twice"
    with engine_scope("test"):
        assert Identity.objects.get(pk=other).method == "review"


def test_what_hangs_on_the_answer_is_the_held_bill_and_the_open_need(people):
    identity, _ = people.linked()
    people.bill(identity, "1000.00")
    other = people.insurer(name="王建国")
    people.bill(other, "250.50")
    people.link(other)
    (review,) = reviews(identity_id=other)
    assert (review.held, review.at_stake) == (Decimal("250.50"), Decimal("1250.50"))
    people.bill(other, "49.50")
    people.link(other)
    (review,) = reviews(identity_id=other)
    assert (review.held, review.at_stake) == (Decimal("300.00"), Decimal("1300.00"))


def test_the_held_bill_is_posted_once_the_answer_is_yes(people):
    identity, person = people.linked()
    first = people.bill(identity, "1000.00")
    other = people.insurer(name="王建国")
    held = people.bill(other, "250.50")
    people.link(other)
    (review,) = reviews(identity_id=other)
    decide(review, "same")
    tasks.drain()
    with engine_scope("test"):
        held.refresh_from_db()
        assert (held.person_id, held.need_id) == (person, first.need_id)


@pytest.mark.parametrize(
    "fields",
    [
        {
            "name": "",
            "id_number": "",
            "id_valid": False,
            "phone": "",
            "birth_date": None,
            "sex": "",
            "area": "",
        },
        {"name": "😀"},
        {"name": "陈" * 500},
        {"name": "13800005521"},
        {"id_number": "123", "id_valid": False},
        {"id_number": "43010220170308042*", "id_valid": False},
        {"name": "Chen Yuhan 陈"},
    ],
)
def test_odd_descriptions_end_somewhere(people, fields):
    people.linked()
    assert people.link(people.insurer(**fields)).outcome in {"linked", "review", "new"}


def test_what_hangs_on_it_follows_the_need(people):
    identity, _ = people.linked()
    people.bill(identity, "1000.00")
    other = people.insurer(name="王建国")
    people.bill(other, "250.50")
    people.link(other)
    people.bill(identity, "500.00")
    tasks.drain()
    (review,) = reviews(identity_id=other)
    assert review.at_stake == Decimal("1750.50")


def test_a_new_bill_of_a_known_person_wakes_who_shares_its_hospital(people, monkeypatch):
    identity, _ = people.linked()
    campaign = people.campaign(
        name="陈*涵",
        birth_date=None,
        sex="",
        area="",
        extra={"age": 9, "birth_year": 2017, "hospital": "示例市儿童医院", "disease": "急性淋巴细胞白血病"},
    )
    assert people.link(campaign).outcome == "waiting"
    woken = []
    monkeypatch.setattr(services, "emit", lambda topic, **ids: woken.append((topic, ids)))
    people.bill(identity, hospital_name="示例市儿童医院", disease_name="急性淋巴细胞白血病")
    people.link(identity)
    people.link(identity)
    assert woken == [("linking.again", {"identity_id": campaign})]

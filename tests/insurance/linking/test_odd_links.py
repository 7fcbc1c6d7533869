"""Numbers that name nobody, numbers that were lent, twins whose names sound alike: never linked without being asked."""

from __future__ import annotations

from datetime import date

import pytest

import factories as make
from insurance.linking import services
from insurance.linking.models import Review
from insurance.linking.words import flag
from matching.linkage.labels import FLAGS
from people import registry
from scope import engine_scope

pytestmark = pytest.mark.django_db


def asked(identity):
    with engine_scope("test"):
        return list(Review.objects.filter(identity_id=identity).order_by("pk"))


def application(people, source_id, **fields):
    org = make.organisation("charity")
    with engine_scope("test"):
        return registry.source_identity("application", source_id, org.pk, people.describe(**fields))[0].pk


@pytest.mark.parametrize(
    "filled", ["111111111111111111", "000000000000000000", "无身份证", "430104000000000000"]
)
def test_what_only_fills_the_cell_links_no_strangers(people, filled):
    _, person = people.linked(
        name="王芳", id_number=filled, id_valid=False, birth_date=date(1980, 1, 1), phone="13800138000"
    )
    other = people.insurer(
        name="王芳", id_number=filled, id_valid=False, birth_date=date(1980, 9, 9), phone="13900139000"
    )
    assert people.link(other).outcome != "linked"
    assert people.person_of(other) != person


def test_a_hidden_number_does_not_hide_another_birth_date(people):
    girl = people.number(born=date(2017, 3, 5), serial=22)
    _, person = people.linked(id_number=girl, birth_date=date(2017, 3, 5), sex="2")
    campaign = people.campaign(id_number="430102********XXXX", birth_date=date(1971, 11, 30), sex="1")
    assert people.link(campaign).outcome == "waiting"
    assert people.person_of(campaign) != person


@pytest.mark.parametrize(
    ("other", "odd"),
    [
        ({"name": "李小朋", "birth_date": date(2012, 6, 19), "phone": "13900139000"}, "shared_id_other_name"),
        ({"name": "李晓明", "birth_date": date(2012, 6, 19)}, "shared_id_other_name"),
        ({"birth_date": date(2012, 6, 19)}, "id_other_birth"),
        ({"sex": "2"}, "id_other_sex"),
    ],
)
@pytest.mark.parametrize("source", ["insurer", "application"])
def test_a_number_that_was_lent_is_asked_about_in_words(people, other, odd, source):
    number = people.number(born=date(2017, 3, 5), serial=21)
    mine = {"name": "李小明", "id_number": number, "birth_date": date(2017, 3, 5), "sex": "1"}
    _, person = people.linked(**mine)
    theirs = {**mine, **other}
    second = people.insurer(**theirs) if source == "insurer" else application(people, 91_101, **theirs)
    assert people.link(second).outcome == "review"
    (question,) = asked(second)
    assert question.candidate_id == person
    assert odd in question.flags
    assert flag(odd) == FLAGS[odd]


@pytest.mark.parametrize(("one", "two"), [("闫丽华", "阎丽华"), ("張偉", "张伟")])
def test_a_name_written_in_another_way_is_linked_by_its_number(people, one, two):
    _, person = people.linked(name=one)
    result = people.link(people.insurer(name=two, phone=""))
    assert (result.outcome, result.person_id, result.method) == ("linked", person, "exact_id")


def test_twins_whose_names_sound_alike_are_asked_about(people):
    twin = {"id_number": "", "id_valid": False, "birth_date": date(2010, 5, 6)}
    people.linked(name="陈佳", **twin)
    second = people.insurer(name="陈嘉", **twin)
    assert people.link(second).outcome == "review"
    (question,) = asked(second)
    assert "twins" in question.flags


def test_a_character_that_sounds_the_same_is_a_slip_unless_somebody_bears_that_name(people):
    number = people.number(born=date(2017, 3, 5), serial=22)
    mine = {"name": "陈佳", "id_number": number, "birth_date": date(2017, 3, 5), "sex": "2"}
    _, person = people.linked(**mine)
    slip = application(people, 91_301, **{**mine, "name": "陈嘉"})
    assert people.link(slip).person_id == person
    twin = {**mine, "name": "陈嘉", "id_number": people.number(born=date(2017, 3, 5), serial=24), "phone": ""}
    sister = people.insurer(**twin)
    people.link(sister)
    with engine_scope("test"):  # the reviewer knows them
        for question in Review.objects.filter(identity_id=sister):
            Review.objects.filter(pk=question.pk).update(state=Review.State.DIFFERENT, decided_by=1)
            services.apply_decision(question.pk)
    assert people.person_of(sister) not in (person, None)
    mixed_up = application(people, 91_302, **{**mine, "name": "陈嘉"})
    assert people.link(mixed_up).outcome == "review"
    assert all(question.flags for question in asked(mixed_up))


def test_every_question_says_what_is_odd(people):
    number = people.number(born=date(2017, 3, 5), serial=21)
    mine = {"name": "李小明", "birth_date": date(2017, 3, 5), "sex": "1", "phone": ""}
    people.linked(**mine, id_number=number)
    for second in (
        application(people, 91_201, **mine, id_number="", id_valid=False),
        application(
            people, 91_202, **{**mine, "birth_date": None}, id_number=number[:14] + "****", id_valid=False
        ),
        application(people, 91_203, **{**mine, "name": "李小强"}, id_number=number),
    ):
        people.link(second)
        assert all(question.flags for question in asked(second))


def test_the_same_description_of_a_twin_is_not_asked_about_again(people):
    twin = {"id_number": "", "id_valid": False, "birth_date": date(2010, 5, 6)}
    _, person = people.linked(name="陈佳", **twin)
    first = people.insurer(name="陈嘉", **twin)
    assert people.link(first).outcome == "review"
    with engine_scope("test"):
        (question,) = Review.objects.filter(identity_id=first)
        Review.objects.filter(pk=question.pk).update(state=Review.State.DIFFERENT, decided_by=1)
        services.apply_decision(question.pk)
    sister = people.person_of(first)
    assert sister not in (person, None)
    again = people.insurer(name="陈嘉", **twin)
    people.link(again)
    assert person not in {question.candidate_id for question in asked(again)}
    assert people.person_of(again) == sister
    other = people.insurer(name="陈加", **twin)
    people.link(other)
    assert person in {question.candidate_id for question in asked(other)}, "another name is another question"

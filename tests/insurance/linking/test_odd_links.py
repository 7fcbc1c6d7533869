"""Numbers that name nobody, numbers that were lent, twins whose names sound alike: never linked without being asked."""

from __future__ import annotations

from datetime import date

import pytest

import factories as make
from insurance.linking import services
from insurance.linking.models import Review
from insurance.linking.words import flag
from matching.linkage.labels import FLAGS
from outbox import tasks
from people import registry
from people.models import Identity
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


@pytest.mark.parametrize(
    ("name", "odd"),
    [("13800005521", "name_is_number"), ("12345", "name_is_number"), ("😀", "no_name"), ("", "no_name"), ("新生儿", "no_name"),
     ("陈", "masked_name"), ("陈雨涵/李强", "two_names"), ("陈雨涵之女", "unnamed_child"), ("陈雨涵（代）", "name_of_kin")],
)  # fmt: skip
@pytest.mark.parametrize("source", ["insurer", "application", "campaign"])
def test_a_number_under_no_name_is_asked_about(people, name, odd, source):
    _, person = people.linked()
    other = {"name": name}
    if source == "insurer":
        second = people.insurer(**other)
    elif source == "application":
        second = application(people, 91_401, **other)
    else:
        second = people.campaign(**other, id_number=people.number(), id_valid=True)
    assert people.link(second).outcome == "review"
    (question,) = asked(second)
    assert question.candidate_id == person
    assert odd in question.flags
    assert flag(odd) == FLAGS[odd]


def test_a_nameless_description_opens_no_door_for_another_name(people):
    """However it came to be the person's: who is described under the same number by another name is asked about."""
    _, person = people.linked()
    nameless = people.insurer(name="")
    with engine_scope("test"):
        registry.assign(Identity.objects.get(pk=nameless), registry.root(person), "token")
    tasks.drain()
    for source, other in (
        (people.insurer, {"name": "李强"}),
        (people.insurer, {"name": "李强", "sex": "", "phone": "13900139000"}),
        (people.campaign, {"name": "王建国", "id_number": people.number(), "id_valid": True}),
    ):
        second = source(**other)
        assert people.link(second).outcome == "review"
        (question,) = asked(second)
        assert "shared_id_other_name" in question.flags


def test_a_description_that_contradicts_is_heard_beside_one_that_fits(people):
    _, person = people.linked()
    borrowed = people.insurer(name="李强", birth_date=date(1980, 5, 6))
    with engine_scope("test"):
        registry.assign(Identity.objects.get(pk=borrowed), registry.root(person), "token")
    tasks.drain()
    second = people.insurer(name="李强", birth_date=date(1980, 5, 6), phone="13900139000")
    assert people.link(second).outcome == "review"
    assert "shared_id_other_name" in asked(second)[0].flags


@pytest.mark.parametrize(
    "names",
    [
        ("王芳之子（大）", "王芳之子（小）"),
        ("王芳之子A", "王芳之子B"),
        ("王芳之子", "王芳之子"),
        ("新生儿", "新生儿"),
    ],
)
def test_children_without_a_name_are_not_linked_by_their_mothers_telephone(people, names):
    child = {"id_number": "", "id_valid": False, "birth_date": date(2024, 5, 6)}
    _, person = people.linked(name=names[0], **child)
    second = people.insurer(name=names[1], **child)
    assert people.link(second).outcome == "review"
    assert {"unnamed_child", "no_name"} & set(asked(second)[0].flags)
    assert people.person_of(second) != person


def test_a_campaign_without_a_name_is_linked_by_no_score(people):
    people.linked()
    for name in ("😀", "", "新生儿"):
        second = people.campaign(name=name, phone="13800005521")
        assert people.link(second).outcome != "linked"


def test_an_agents_number_is_no_familys(people):
    bare = {"id_number": "", "id_valid": False, "birth_date": None, "phone": "13900000001"}
    for k, given in enumerate("伟芳娜秀英敏静丽强磊军"):
        people.linked(name=f"刘{given}", **{**bare, "birth_date": date(1950 + k, 3, 8)})
    _, person = people.linked(name="王娟", **{**bare, "birth_date": date(1970, 3, 8)})
    second = application(people, 91_501, name="王娟", **bare)
    people.link(second)
    assert people.person_of(second) != person
    assert all("crowded_phone" in question.flags for question in asked(second))

"""The invented population is deterministic, valid by form, and looks like families."""

from collections import Counter

import pytest

from devstack.synthetic import Population
from devstack.synthetic.homophones import sound
from devstack.synthetic.people import FICTIONAL_PREFIXES, check_digit


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(7, 3000)


def test_the_same_seed_gives_the_same_people(population):
    assert Population(7, 3000).people == population.people
    assert Population(8, 3000).people != population.people


def test_it_has_exactly_the_number_asked_for():
    assert [len(Population(1, n).people) for n in (0, 1, 17)] == [0, 1, 17]


def test_it_refuses_a_negative_number():
    with pytest.raises(ValueError, match="negative"):
        Population(1, -1)


def test_every_id_number_is_valid_and_unique_and_agrees_with_the_person(population):
    for person in population.people:
        number = person.id_number
        assert check_digit(number[:17]) == number[17]
        assert number[:6] == person.registered_area
        assert number[6:14] == f"{person.birth_date:%Y%m%d}"
        assert int(number[16]) % 2 == int(person.sex) % 2
    assert len({p.id_number for p in population.people}) == len(population.people)


def test_the_check_digit_is_that_of_the_standards_own_example():
    # GB 11643-1999, annex: 11010519491231002X
    assert check_digit("11010519491231002") == "X"


def test_the_check_digit_refuses_a_body_of_another_length():
    with pytest.raises(ValueError, match="17 digits"):
        check_digit("123")


def test_every_phone_rings_nowhere(population):
    assert {p.phone[:3] for p in population.people} <= set(FICTIONAL_PREFIXES)
    assert {len(p.phone) for p in population.people} == {11}


def test_spouses_twins_and_parents_point_at_each_other(population):
    people = population.people
    for person in people:
        if person.spouse is not None:
            assert people[person.spouse].spouse == person.index
            assert people[person.spouse].sex != person.sex
        if person.twin is not None:
            twin = people[person.twin]
            assert twin.twin == person.index
            assert twin.birth_date == person.birth_date
            assert twin.name != person.name
            assert twin.surname == person.surname
        for parent in person.parents:
            assert people[parent].birth_date < person.birth_date


def test_names_of_brothers_and_sisters_do_not_sound_the_same(population):
    for person in population.people:
        others = {sound(s.given_name) for s in population.siblings_of(person)}
        assert sound(person.given_name) not in others


def test_it_has_the_people_that_make_linkage_hard(population):
    people = population.people
    assert any(p.twin is not None for p in people)
    assert any(len(population.siblings_of(p)) >= 2 for p in people)
    assert any(len(p.surname) == 2 for p in people)
    assert any(p.id_number_15 for p in people)
    assert any(p.registered_area in {"430122", "430124", "130323"} for p in people), "no former area code"
    assert any(p.registered_area != p.area for p in people)


def test_frequent_surnames_are_frequent():
    surnames = Counter(p.surname for p in Population(3, 8000).people)
    assert {"王", "李", "张", "刘"} <= {name for name, _ in surnames.most_common(6)}
    assert surnames["李"] > 20 * surnames["欧阳"]


def test_a_household_is_found_from_any_of_its_members(population):
    person = next(p for p in population.people if p.role == "child")
    home = population.household_of(person)
    assert person in home
    assert {p.household for p in home} == {person.household}

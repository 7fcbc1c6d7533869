"""Each kind of typing error does what its name says."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.synthetic import NoiseRates, Population, noise, noisy_application
from devstack.synthetic.homophones import READING_OF
from devstack.synthetic.lunar import lunar_as_typed, to_lunar

SILENT = NoiseRates(**dict.fromkeys(NoiseRates.__dataclass_fields__, 0.0))


def test_a_homophone_sounds_the_same_and_is_written_differently():
    rng = Random(1)
    for name in ("王伟", "李静", "单志强"):
        wrong = noise.homophone(name, rng)
        assert wrong != name
        assert [READING_OF[c][0] for c in wrong] == [READING_OF[c][0] for c in name]


def test_surnames_are_read_as_surnames():
    expected = {"单": "shan", "仇": "qiu", "解": "xie", "曾": "zeng", "查": "zha", "翟": "zhai", "区": "ou"}
    assert {c: READING_OF[c][0] for c in expected} == expected


def test_an_accent_changes_one_character_to_another_syllable():
    wrong = noise.accent("陈林", Random(2))
    assert wrong != "陈林"
    assert sum(a != b for a, b in zip(wrong, "陈林", strict=True)) == 1


def test_a_variant_is_taken_back_by_the_variant():
    assert noise.variant("闫明", Random(1)) == "阎明"
    assert noise.variant("阎明", Random(1)) == "闫明"
    assert noise.variant("王五", Random(1)) == "王五"


@pytest.mark.parametrize(
    ("style", "masked"),
    [
        ("star", "张*"),
        ("stars", "张**"),
        ("middle", "张*丰"),
        ("mou", "张某"),
        ("moumou", "张某某"),
        ("last", "**丰"),
    ],
)
def test_campaign_masks(style, masked):
    assert noise.mask_name("张", "三丰", style) == masked


def test_an_unknown_mask_is_refused():
    with pytest.raises(ValueError, match="unknown mask"):
        noise.mask_name("张", "三", "none")


@given(text=st.text("0123456789", min_size=1, max_size=18), seed=st.integers())
def test_a_digit_slip_changes_exactly_one_digit(text, seed):
    wrong = noise.digit_slip(text, Random(seed))
    assert len(wrong) == len(text)
    assert sum(a != b for a, b in zip(text, wrong, strict=True)) == 1


@given(text=st.text("0123456789", max_size=18), seed=st.integers())
def test_a_transposition_keeps_the_digits(text, seed):
    assert sorted(noise.transposition(text, Random(seed))) == sorted(text)


def test_day_and_month_change_places_only_where_that_is_a_date():
    assert noise.swap_day_month(date(1980, 3, 12)) == date(1980, 12, 3)
    assert noise.swap_day_month(date(1980, 3, 13)) is None
    assert noise.swap_day_month(date(1980, 3, 3)) is None


def test_known_lunar_new_years():
    for day in (date(1950, 2, 17), date(1985, 2, 20), date(2000, 2, 5), date(2024, 2, 10)):
        assert to_lunar(day) == (day.year, 1, 1, False)
    assert to_lunar(date(2023, 3, 22)) == (2023, 2, 1, True)  # leap second month
    assert lunar_as_typed(date(2024, 2, 10)) == date(2024, 1, 1)
    with pytest.raises(ValueError, match="before"):
        to_lunar(date(1900, 1, 1))


def test_without_noise_the_application_is_the_person():
    for person in Population(1, 50).people:
        typed = noisy_application(person, Random(1), SILENT)
        assert typed.errors == []
        assert typed.name == person.name
        assert typed.id_number.upper() == person.id_number
        assert (typed.birth_date, typed.phone) == (person.birth_date.isoformat(), person.phone)


def test_every_error_is_declared_and_every_difference_has_an_error():
    population, rng, seen = Population(5, 3000), Random(5), set()
    for person in population.people:
        typed = noisy_application(person, rng)
        seen.update(typed.errors)
        same = (
            typed.name == person.name
            and typed.id_number.upper() == person.id_number
            and typed.birth_date == person.birth_date.isoformat()
            and typed.phone == person.phone
            and typed.sex == person.sex
            and typed.area == person.area
        )
        assert same or typed.errors
    assert {"homophone", "id_15", "id_slip", "lunar", "day_month", "phone_changed", "year_only"} <= seen

from __future__ import annotations

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from insurance.linking.pair import area_name, hidden, marked, threshold
from matching.linkage.scoring import DEFAULT
from vault import masking

MASKS = {
    "name": masking.name,
    "id_number": masking.id_number,
    "phone": masking.phone,
    "address": masking.address,
}
letters = st.text(alphabet="陈雨涵函王建国0123456789Xx* ", max_size=20)


def shown(parts):
    return "".join(part.text for part in parts)


def places(parts):
    """Where something is marked."""
    found, start = [], 0
    for part in parts:
        if part.differs:
            found += range(start, start + len(part.text))
        start += len(part.text)
    return found


def both(field, left, right):
    mask = MASKS[field]
    return marked(field, (left, mask(left)), (right, mask(right)))


@given(st.sampled_from(sorted(MASKS)), letters, letters)
def test_marking_never_shows_more_than_the_mask(field, left, right):
    for parts, value in zip(both(field, left, right), (left, right), strict=True):
        assert shown(parts) == MASKS[field](value)


@given(st.sampled_from(sorted(MASKS)), letters)
def test_equal_values_carry_no_mark(field, value):
    assert not any(places(parts) for parts in both(field, value, value))


def test_a_differing_hidden_digit_is_marked_at_its_place_without_its_value():
    left, right = both("id_number", "430102201703080422", "430102201709080422")
    assert places(left) == places(right) == [11]
    assert shown(right) == "430***********0422"


def test_a_homophone_is_marked_where_it_stands():
    left, right = both("name", "陈雨涵", "陈雨函")
    assert places(left) == places(right) == [2]
    assert (shown(left), shown(right)) == ("陈*涵", "陈*函")


def test_a_masked_letter_is_not_held_against_anybody():
    left, right = both("name", "陈雨涵", "陈*涵")
    assert places(left) == places(right) == []


@pytest.mark.parametrize(
    ("field", "left", "right", "words"),
    [
        ("name", "张小海", "张大海", "遮掩处不同"),
        ("name", "Alice Smith", "Anna Stone", "遮掩处不同"),
        ("name", "张小海", "张*海", "不能比较"),
        ("name", "张*海", "张*海", "不能比较"),
        ("name", "张小海", "张小海", ""),
        ("name", "张小海", "张大江", ""),
        ("phone", "13800005521", "13811115521", "遮掩处不同"),
        ("phone", "13800005521", "13800005522", ""),
        ("id_number", "43010220170308042x", "43010220170308042X", ""),
    ],
)
def test_what_looks_the_same_and_is_not_is_said_in_words(field, left, right, words):
    mask = MASKS[field]
    said = hidden((left, mask(left)), (right, mask(right)))
    assert words in said
    assert bool(words) == bool(said)


def test_values_of_different_length_are_marked_whole():
    _, right = both("phone", "13800005521", "138000055")
    assert places(right) == list(range(len(shown(right))))


def test_a_missing_side_says_so_and_marks_nothing():
    left, right = marked("phone", ("13800005521", "138****5521"), ("", ""))
    assert (shown(left), shown(right)) == ("138****5521", "未提供")
    assert not places(right)


def test_a_city_does_not_contradict_its_county():
    city, county = area_name("430100"), area_name("430102")
    left, right = marked("area", (county, county), (city, city))
    assert county.startswith(city)
    assert not places(left) + places(right)


@pytest.mark.parametrize("code", ["", "888888", "43", "430102"])
def test_an_unknown_area_is_shown_as_its_code(code):
    assert area_name(code) in {code, "湖南省", "长沙市 芙蓉区"}


def test_thresholds_are_log_odds():
    assert threshold(0.5) == 0
    assert threshold(DEFAULT.accept) > 13


def test_every_word_of_the_engine_is_known_to_the_catalogues():
    from insurance.linking import words
    from matching.linkage.labels import FLAGS, LEVELS

    assert {*LEVELS.values(), *FLAGS.values()} <= set(words.KNOWN)


def test_every_word_of_the_engine_and_the_desk_is_said_in_both_languages():
    from insurance.linking import words
    from matching.linkage import labels

    assert words.OWN_FLAGS.keys() == words.OWN_FLAGS_EN.keys()
    for say, names in (
        (words.flag, [*labels.FLAGS, *words.OWN_FLAGS]),
        (words.level, [*labels.LEVELS]),
    ):
        for name in names:
            with override("zh-hans"):
                assert any("\u4e00" <= letter <= "\u9fff" for letter in say(name))
            with override("en"):
                assert not any("\u4e00" <= letter <= "\u9fff" for letter in say(name)), name


def test_a_word_that_would_hide_a_name_hides_nothing_elsewhere():
    assert hidden(("女", "女"), ("女", "女"), of_name=False) == ""
    assert "来源本来就遮着" in hidden(
        ("4301****0028", "430*****0028"), ("4301****0028", "430*****0028"), of_name=False
    )

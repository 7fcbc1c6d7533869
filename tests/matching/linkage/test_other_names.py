"""Names that are another's: the same letters in another order, and names that were made up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score
from matching.linkage.values import normalise as n


def level(a: str, b: str) -> str:
    return score(PersonRecord(name=a), PersonRecord(name=b)).levels["name"]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("Ronald Smith", "Arnold Smith"), ("Amy Ray", "May Ray"), ("Brian Lee", "Brain Lee"), ("Li Xin", "林希"),
        ("Li An", "李娜"), ("Mary Jones", "Army Jones"), ("Wang Lian", "王丽娜"),
    ],
)  # fmt: skip
def test_the_same_letters_in_another_order_are_another_name(one, two):
    assert level(one, two) not in ("exact", "variant", "romanised")
    assert level(one, two) == level(two, one)


@pytest.mark.parametrize(
    "latin", ["Zhang Xiaosan", "Xiaosan Zhang", "ZHANG XIAO SAN", "Xiao San Zhang", "zhangxiaosan"]
)
def test_a_name_in_latin_letters_may_begin_with_either_part(latin):
    assert level(latin, "张小三") == "romanised"
    assert level(latin, "Xiaosan Zhang") in ("exact", "romanised")


@given(st.permutations(["anna", "maria", "smith"]))
def test_names_have_an_order_in_common_only_where_the_words_turn_round(words):
    turned = {("anna", "maria", "smith"), ("maria", "smith", "anna"), ("smith", "anna", "maria")}
    same = not n.orders(" ".join(words)).isdisjoint(n.orders("anna maria smith"))
    assert same == (tuple(words) in turned)


MADE_UP = [
    "陈小丽（化名）",
    "陈小丽(化名)",
    "陈小丽【化名】",
    "陈小丽 化名",
    "化名陈小丽",
    "化名：陈小丽",
    "陈小丽（假名）",
]


@pytest.mark.parametrize("name", MADE_UP)
def test_a_made_up_name_counts_as_a_hidden_one(name):
    assert n.is_masked_name(name)
    born = date(2010, 5, 6)
    a = PersonRecord(name=name, birth_date=born, phone="13800138000", id_number="11010519491231002X")
    b = PersonRecord(name="陈小丽", birth_date=born, phone="13800138000", id_number="11010519491231002X")
    found = score(a, b)
    assert found.levels["name"] == "masked_surname"
    assert "masked_name" in found.flags
    assert found.outcome == "review"


@pytest.mark.parametrize(
    "name", ["陈小丽（小名：毛毛）", "陈小丽（患者）", "陈小丽", "罗名扬", "陈小丽（儿子）"]
)
def test_what_stands_beside_a_real_name_does_not_hide_it(name):
    assert not n.is_masked_name(name)


def test_a_made_up_name_without_a_surname_says_nothing():
    assert level("化名小丽", "陈小丽") == "missing"

from dataclasses import replace
from datetime import date

import pytest

from matching.linkage import labels
from matching.linkage.model import Params
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, person_model, score

ZHANG = PersonRecord(
    name="张三丰", id_number="11010519491231002X", birth_date=date(1949, 12, 31), sex="F", phone="13800138000",
    area="110105", address="北京市朝阳区建国路1号",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "level"),
    [("张三丰", "exact"), ("張三豐", "exact"), ("章叁峰", "homophone"), ("张山丰", "sound"), ("Zhang Sanfeng", "romanised"),
     ("Sanfeng ZHANG", "romanised"), ("张*", "masked_surname"), ("张**", "masked_surname"), ("张某某", "masked_surname"),
     ("张*丰", "masked_given"), ("小张", "masked_surname"), ("张女士", "masked_surname"), ("李*", "masked_else"),
     ("张*三", "masked_else"), ("张三强", "one_off"), ("张丰三", "one_off"), ("张丰", "partial"), ("张国强", "surname"),
     ("李四", "else")],
)  # fmt: skip
def test_levels_of_names(name, level):
    assert score(ZHANG, PersonRecord(name=name)).evidence[0].level == level


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("单伟", "善伟"),
        ("仇英", "邱英"),
        ("解放", "谢放"),
        ("曾重", "增虫"),
        ("闫妮", "严妮"),
        ("朴树", "飘树"),
    ],
)
def test_homophones_by_any_reading(a, b):
    assert score(PersonRecord(name=a), PersonRecord(name=b)).evidence[0].level == "homophone"


@pytest.mark.parametrize(("a", "b"), [("闫妮", "阎妮"), ("肖红", "萧红"), ("傅聪", "付聪"), ("戴军", "代军")])
def test_variants_written_for_one_another(a, b):
    assert score(PersonRecord(name=a), PersonRecord(name=b)).evidence[0].level == "variant"


@pytest.mark.parametrize(
    ("number", "level"),
    [("11010519491231002X", "exact"), ("110105491231002", "exact"), ("11010519491231002", "near_1"),
     ("11010519491231012X", "near_1"), ("11010519491213002X", "near_1"), ("11010519491231112X", "near_2"),
     ("1101**********002X", "masked"), ("4301**********002X", "masked_else"), ("110105194912310046", "else")],
)  # fmt: skip
def test_levels_of_numbers(number, level):
    found = {
        e.field: e.level
        for e in score(PersonRecord(id_number="11010519491231002X"), PersonRecord(id_number=number)).evidence
    }
    assert found["id_number"] == level


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [((1980, 3, 5), (1980, 5, 3), "swapped"), ((1980, 3, 5), (1981, 3, 5), "edit"), ((1949, 8, 10), (1949, 10, 1), "lunar"),
     ((1980, 3, 5), (1980, 3, 17), "two_parts"), ((1980, 3, 5), (1980, 11, 28), "year"), ((1980, 3, 5), (1955, 11, 28), "else")],
)  # fmt: skip
def test_levels_of_birth_dates(a, b, level):
    found = score(PersonRecord(birth_date=date(*a)), PersonRecord(birth_date=date(*b)))
    assert [e.level for e in found.evidence] == [level]


def test_a_year_alone_agrees_as_a_year():
    found = score(ZHANG, PersonRecord(birth_year=1949))
    assert [(e.field, e.level) for e in found.evidence] == [("birth_date", "year")]


def test_birth_and_sex_do_not_count_again_inside_an_agreeing_number():
    found = score(ZHANG, replace(ZHANG, name="张三丰"))
    assert {"birth_date", "sex"} & {e.field for e in found.evidence} == set()


def test_area_does_not_count_again_inside_an_agreeing_address():
    fields = {e.field for e in score(ZHANG, ZHANG).evidence}
    assert "address" in fields
    assert "area" not in fields


def test_the_same_number_and_name_is_accepted():
    assert score(ZHANG, PersonRecord(name="张三丰", id_number="110105491231002")).outcome == "accept"


def test_one_number_under_two_names_goes_to_review_and_says_so():
    found = score(ZHANG, PersonRecord(name="李四", id_number="11010519491231002X", phone="13800138000"))
    assert found.outcome == "review"
    assert "shared_id_other_name" in found.flags


def test_two_valid_numbers_are_never_accepted():
    found = score(ZHANG, replace(ZHANG, id_number="110105194912310046"))
    assert found.outcome != "accept"
    assert "different_ids" in found.flags


def test_without_an_agreeing_number_or_phone_a_person_decides():
    plain = replace(ZHANG, id_number=None, phone=None)
    found = score(plain, plain)
    assert found.probability > 0.9999
    assert found.outcome == "review"
    assert "no_identifier" in found.flags


HOME = {"phone": "13800138000", "area": "110105", "address": "北京市朝阳区建国路1号"}


@pytest.mark.parametrize(
    ("relative", "flag"),
    [
        (PersonRecord(name="张国强", birth_date=date(1949, 12, 31), sex="F", **HOME), "twins"),
        (PersonRecord(name="张三强", birth_date=date(1949, 12, 31), sex="F", **HOME), "twins"),
        (PersonRecord(name="张三强", birth_date=date(1952, 3, 7), sex="F", **HOME), "relatives"),
        (PersonRecord(name="李四", birth_date=date(1950, 3, 7), sex="M", **HOME), "relatives"),
    ],
)
def test_a_household_is_kept_apart(relative, flag):
    found = score(replace(ZHANG, id_number=None), relative)
    assert flag in found.flags
    assert found.outcome != "accept"


def test_what_a_household_shares_is_taken_back():
    found = score(
        replace(ZHANG, id_number=None), PersonRecord(name="李四", birth_date=date(1920, 1, 1), **HOME)
    )
    household = [e for e in found.evidence if e.field == "household"]
    assert household
    assert household[0].weight < 0
    assert found.outcome == "reject"


def test_a_rare_surname_weighs_more_than_a_common_one():
    common = score(PersonRecord(name="王芳"), PersonRecord(name="王芳"))
    rare = score(PersonRecord(name="逄芳"), PersonRecord(name="逄芳"))
    assert rare.weight > common.weight + 3


def test_a_parameter_table_replays_the_same_score():
    replayed = Params.from_json(DEFAULT.to_json())
    other = PersonRecord(name="张三风", birth_date=date(1949, 12, 13), area="110108")
    assert score(ZHANG, other, replayed) == score(ZHANG, other, DEFAULT)


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="99"):
        Params.from_json('{"format": 99}')


def test_every_level_has_a_name_for_people():
    for comparison in person_model().comparisons:
        for level in comparison.levels:
            assert level in labels.LEVELS

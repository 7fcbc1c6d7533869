import hashlib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage import blocking
from matching.linkage.blocking import BROAD, KEYS, blocking_values, probing, undated
from matching.linkage.records import PersonRecord, Stay
from person_records import records

FULL = PersonRecord(
    name="张三丰", id_number="11010519491231002X", phone="13800138000", area="110105", hospital="北京协和医院",
    disease="肺癌",
)  # fmt: skip


def shared(a: PersonRecord, b: PersonRecord) -> set[str]:
    return {key for key, _ in set(blocking_values(a)) & set(blocking_values(b))}


def test_a_full_record_has_every_key():
    assert {key for key, _ in blocking_values(FULL)} == set(KEYS)


def test_no_value_is_a_surname_alone():
    for _, value in blocking_values(FULL):
        assert value not in ("张", "zhang")
    assert blocking_values(PersonRecord(name="张三")) == []


def test_a_slip_in_the_number_still_meets():
    typo = PersonRecord(id_number="11010519481231002X")
    assert "id_ends" in shared(FULL, typo)


def test_a_wrong_area_in_the_number_still_meets():
    assert "birth_tail" in shared(FULL, PersonRecord(id_number="12010519491231002X"))


def test_latin_in_either_order_meets_the_chinese_name():
    for name in ("Zhang Sanfeng", "SANFENG ZHANG"):
        other = PersonRecord(name=name, birth_date=date(1949, 12, 31))
        assert {"name_birth", "surname_birth"} <= shared(FULL, other)


def test_a_homophone_meets_by_name_and_birth():
    assert "name_birth" in shared(FULL, PersonRecord(name="章叁峰", birth_date=date(1949, 12, 31)))


CAMPAIGN = PersonRecord(
    name="张*", birth_year=1950, age=75, sex="F", area="110100", hospital="协和医院", disease="右肺癌晚期"
)
STAYS = {"hospital_disease_surname_year", "city_disease_surname_year", "city_hospital_surname_year"}


def sought(record: PersonRecord) -> set[str]:
    return {key for key, _ in probing(blocking_values(record))}


def test_a_masked_campaign_meets_by_what_it_shows():
    assert shared(FULL, CAMPAIGN) == {"surname_year_city_sex", *STAYS}


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ({"hospital": None}, "city_disease_surname_year"),
        ({"disease": None}, "city_hospital_surname_year"),
        ({"area": None}, "hospital_disease_surname_year"),
        ({"sex": None}, "city_disease_surname_year"),
        ({"hospital": None, "disease": None, "sex": None}, "surname_year_city_sex"),
        ({"name": "*某丰"}, "city_disease_given_year"),
        ({"name": "**丰", "hospital": None}, "city_disease_given_year"),
        ({"name": "**丰", "disease": None}, "city_hospital_given_year"),
        ({"name": "**丰", "area": None}, "hospital_disease_given_year"),
        ({"name": "张女士"}, "city_disease_surname_year"),
        ({"name": "小张"}, "city_disease_surname_year"),
    ],
)
def test_any_two_of_hospital_illness_and_city_are_enough(without, left):
    campaign = replace(CAMPAIGN, **without)
    assert left in {key for key, _ in set(blocking_values(FULL)) & set(probing(blocking_values(campaign)))}


@pytest.mark.parametrize("area", ["110000", "110100", "110105", "110108"])
def test_the_districts_of_a_municipality_are_one_city(area):
    assert "surname_year_city_sex" in shared(FULL, replace(CAMPAIGN, area=area))


def test_a_province_is_no_city():
    told = replace(CAMPAIGN, area="430000")
    assert not {key for key, _ in blocking_values(told)} & {
        "city_disease_surname_year",
        "surname_year_city_sex",
    }


def test_an_appeal_names_the_city_of_the_insurance_or_of_the_registration():
    moved = replace(FULL, area="440300")  # the number is Beijing's
    for area in ("110000", "440305"):
        assert "city_disease_surname_year" in shared(moved, replace(CAMPAIGN, area=area, hospital=None))


@pytest.mark.parametrize("name", ["**丰", "*丰", "*女士", "*某某", "**"])
def test_where_the_surname_is_hidden_what_is_shown_is_no_surname(name):
    keys = {key for key, _ in blocking_values(replace(CAMPAIGN, name=name))}
    assert not {key for key in keys if "surname" in key}


def test_surname_year_city_and_sex_alone_are_not_sought_where_hospital_and_illness_are_told():
    assert sought(CAMPAIGN) == STAYS
    assert "surname_year_city_sex" in sought(replace(CAMPAIGN, disease=None))
    assert "surname_year_city_sex" in sought(replace(CAMPAIGN, hospital=None))


def test_a_surname_is_sought_rather_than_a_last_character():
    assert sought(replace(CAMPAIGN, name="张*丰")) == STAYS


def test_a_childs_form_with_its_mothers_number_and_nothing_else_of_its_own_meets_by_name_city_and_illness():
    child = PersonRecord(
        name="张子涵", id_number="430102201403050010", birth_date=date(2014, 3, 5), phone="13800138000", area="430102",
        hospital="湖南省儿童医院", disease="C91.0",
    )  # fmt: skip
    form = PersonRecord(
        name="章子涵", id_number="430102198506120022", hospital="湖南儿童医院", disease="急淋", area="430103"
    )  # fmt: skip
    assert undated(form)
    looked_for = set(probing(blocking_values(form), undated(form)))
    assert {key for key, _ in set(blocking_values(child)) & looked_for} == {"name_city_disease"}
    dated = replace(form, birth_date=date(2014, 3, 5))
    keys = {key for key, _ in probing(blocking_values(dated), undated(dated))}
    assert "name_city_disease" not in keys, "what a birth date finds needs no wider key"


def test_who_says_all_is_sought_by_what_he_alone_has():
    assert not sought(FULL) & BROAD


@settings(max_examples=300, deadline=None)
@given(records, st.integers(-500, 5000) | st.none(), st.integers(-9999, 99999) | st.none())
def test_whatever_a_record_holds_its_keys_are_few_and_composite(record, age, year):
    values = blocking_values(replace(record, age=age, birth_year=year))
    assert len(values) <= 90
    for key, value in values:
        assert key in KEYS
        assert "|" in value or key in ("id18", "id_ends", "birth_tail", "phone"), value
        assert all(value.split("|"))
    assert set(probing(values)) <= set(values)


PINNED = (
    FULL,
    CAMPAIGN,
    replace(CAMPAIGN, name="**丰", sex=None),
    replace(CAMPAIGN, name="欧阳女士", area="430100", hospital="湘雅二医院", disease="急淋"),
    replace(FULL, name="单雄信", area="320583", hospital="苏州市第四人民医院", disease="C91.0"),
    PersonRecord(name="Zhang Sanfeng", birth_date=date(1949, 12, 31), phone="+86 138-0013-8000"),
    PersonRecord(name="Wang Xinyue", birth_date=date(2015, 6, 1), phone="13800138000/0731-84802999"),
    PersonRecord(name="新生儿2", birth_date=date(2024, 5, 6), phone="13800138000"),
    PersonRecord(name="王芳之子（大）", birth_date=date(2024, 5, 6), sex="M", area="430102"),
    PersonRecord(name="閆麗華", id_number="110105491231002", area="海南省文昌市", disease="尿毒症"),
    PersonRecord(
        name="阿卜杜拉·买买提", birth_date=date(1990, 2, 1), id_number="6501**********0012", sex="M"
    ),
    replace(
        FULL, further=(Stay("北京市朝阳区社区卫生服务中心", "感冒"), Stay("", "C91.0"), Stay("协和医院", ""))
    ),
)


def test_other_keys_need_a_new_version():
    """Records kept under older keys are found anew only if the version says that they are older: raise
    `blocking.VERSION` and put the new digest here. (What `values` says of a hospital or an illness makes keys too.)"""
    told = repr([blocking_values(record) for record in PINNED])
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    assert (blocking.VERSION, digest) == (10, "53af707152c6e46f")


def test_no_key_comes_twice():
    values = blocking_values(FULL)
    assert len(values) == len(set(values))

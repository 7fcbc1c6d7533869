from datetime import date

from matching.linkage.blocking import KEYS, blocking_values
from matching.linkage.records import PersonRecord

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


def test_a_masked_campaign_meets_by_what_it_shows():
    campaign = PersonRecord(
        name="张*", birth_year=1950, age=75, sex="F", area="110100", hospital="协和医院", disease="右肺癌晚期"
    )
    assert shared(FULL, campaign) == {"surname_year_city_sex", "hospital_disease_surname_year"}


def test_no_key_comes_twice():
    values = blocking_values(FULL)
    assert len(values) == len(set(values))

"""The columns that Splink is given are as good as an analyst would make them."""

import pytest

pytest.importorskip("opencc")
pytest.importorskip("pypinyin")

from bench.linkage.features import prepare

COLUMNS = ("name", "id_number", "birth_date", "age", "sex", "phone", "area", "address", "hospital", "disease",
           "recorded_on")  # fmt: skip


def prepared(oracle=False, **values):
    columns = {"record_id": ["1"]} | {name: [values.get(name)] for name in COLUMNS}
    return {name: column[0] for name, column in prepare(columns, oracle).items()}


def test_an_old_number_becomes_a_new_one_and_tells_birth_and_sex():
    got = prepared(id_number="110105491231002", birth_date="1950-01-01")
    assert got["id18"] == "11010519491231002X"
    assert (got["born"], got["year"], got["sex_clean"]) == ("1949-12-31", 1949, "2")


def test_a_number_with_a_wrong_check_digit_does_not_overrule_the_form():
    got = prepared(id_number="110105194912310021", birth_date="1950-01-01", sex="1")
    assert (got["born"], got["sex_clean"]) == ("1950-01-01", "1")


def test_masks_become_patterns_and_surnames_their_readings():
    assert prepared(name="张*三")["name_pattern"] == "张.+三"
    assert prepared(name="**丰")["surname"] is None
    assert prepared(name="單 雄信")["name_pinyin"] == "shan xiong xin"
    assert prepared(name="欧阳修")["surname"] == "欧阳"


def test_an_age_becomes_a_year():
    assert prepared(age="60", recorded_on="2026-03-01")["year"] == 1966


def test_places_in_words_and_in_codes_meet():
    words, code = prepared(area="湖南长沙望城区"), prepared(area="430122")
    assert (words["city"], words["county"]) == (code["city"], code["county"]) == ("4301", "430112")


def test_hospitals_meet_by_rule_or_by_the_corpus_own_table():
    assert (
        prepared(hospital="长沙市第七人民医院")["hospital_key"]
        == prepared(hospital="市七医院")["hospital_key"]
    )
    assert prepared(True, hospital="附一")["hospital_key"] == "H43010200011"

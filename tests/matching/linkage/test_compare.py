"""What single comparisons find, by the examples of people who tried them."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from matching.linkage.compare.numbers import Phone, clean_id
from matching.linkage.model import Model
from matching.linkage.outcomes import doubtful
from matching.linkage.pairwise import Features, address_level
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, _rows, person_model, score
from matching.linkage.values import hospitals
from matching.linkage.values import normalise as n


def level(field: str, one, other, **more) -> str:
    a, b = PersonRecord(**{field: one}, **more), PersonRecord(**{field: other}, **more)
    found = score(a, b)
    assert score(b, a).levels == found.levels
    return found.levels[field]


@pytest.mark.parametrize(
    "other", ["1380138000", "138000138000", "13800130800", "23800138000", "13800138001", "1380013800"]
)
def test_one_slip_in_a_phone_is_seen_wherever_it_is(other):
    assert level("phone", "13800138000", other) == "edit"


@given(
    st.text("0123456789", min_size=7, max_size=13),
    st.integers(0, 12),
    st.sampled_from("0123456789"),
    st.integers(0, 3),
)
def test_a_table_misses_no_phone_with_one_slip(number, place, digit, kind):
    place %= len(number)
    slip = (
        number[:place] + digit + number[place + 1 :], number[:place] + digit + number[place:],
        number[:place] + number[place + 1 :], number[:place] + number[place : place + 2][::-1] + number[place + 2 :],
    )[kind]  # fmt: skip
    prepared = Phone("phone", ["phone"]).prepare({"phone": [number, slip]})
    one, other = prepared.coded.codes
    if one < 0 or other < 0 or one == other:
        return
    near = OSA.distance(*prepared.coded.values) == 1
    found = prepared.compare(np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32))[0]
    assert (found == 2) == near


@pytest.mark.parametrize(
    "hidden",
    ["430104****0028", "4301****0028", "430104********0028", "430104**0028", "4301041949XXXX0028", "430104XXXXXXXX0028",
     "430104491231****"[:15], "430104491231***"],
)  # fmt: skip
def test_how_many_stars_hide_a_number_is_not_information(hidden):
    assert len(clean_id(hidden)) == 18
    assert level("id_number", hidden, "430104194912310028") == "masked"


def test_a_hidden_number_with_other_digits_is_another():
    assert level("id_number", "4301****0037", "430104194912310028") == "masked_else"
    assert level("id_number", "430104501231***", "430104194912310028") == "masked_else"


def test_a_lunar_birthday_in_a_leap_month_is_that_of_the_solar_date():
    for solar in (date(2020, 4, 23), date(2020, 5, 23)):
        assert level("birth_date", date(2020, 4, 1), solar) == "lunar"
    assert level("birth_date", date(2019, 4, 1), date(2019, 6, 3)) != "lunar"


@pytest.mark.parametrize(
    "hidden",
    [
        "张▲",
        "张△△",
        "张--",
        "张...",
        "张00",
        "张~",
        "张〇〇",
        "张口口",
        "张叉叉",
        "张○",
        "张O",
        "张…",
        "张某某",
    ],
)
def test_every_sign_that_hides_a_name_is_seen(hidden):
    assert level("name", hidden, "张明") == "masked_surname"
    assert "masked_name" in score(PersonRecord(name=hidden), PersonRecord(name="张明")).flags


@pytest.mark.parametrize(
    "familiar", ["阿王", "王总", "王师傅", "王医生", "王姐", "小王", "老王", "王女士", "王老师"]
)
def test_familiar_names_tell_the_surname(familiar):
    assert level("name", familiar, "王建国") == "masked_surname"
    assert level("name", familiar, "李建国") == "masked_else"


def test_familiar_names_of_two_characters_and_of_the_given_name():
    assert level("name", "小欧阳", "欧阳明") == "masked_surname"
    assert level("name", "小涵", "陈涵") == "masked_surname"  # as little as a surname
    assert level("name", "小涵", "陈明") == "masked_else"
    assert level("name", "王明先生", "王明") == "exact"


def test_the_second_character_of_a_surname_is_nothing_of_the_given_name():
    assert level("name", "欧阳*", "欧阳明") == "masked_surname"
    assert level("name", "欧阳*", "欧阳**") == "masked_surname"
    assert level("name", "欧阳*明", "欧阳小明") == "masked_given"
    assert level("name", "欧阳*", "欧*") == "masked_surname"


@pytest.mark.parametrize("nothing", ["***", "某某", "*", "W女士", "女士", "先生"])
def test_a_name_of_which_nothing_is_shown_weighs_nothing_and_is_never_accepted(nothing):
    assert level("name", nothing, "张明") == level("name", nothing, nothing) == "missing"
    found = score(PersonRecord(name=nothing), PersonRecord(name="张明"))
    assert "masked_name" in found.flags
    assert "relatives" not in found.flags


@pytest.mark.parametrize("latin", ["Lü Bu", "LYU BU", "Lu Bu", "LV BU", "Bu Lyu"])
def test_an_umlaut_is_written_in_four_ways(latin):
    assert level("name", "吕布", latin) == "romanised"


def test_surnames_of_two_characters_are_read_as_surnames():
    assert n.surname_pinyin("尉迟恭") == n.surname_pinyin("尉迟*") == "yuchi"
    assert n.surname_pinyin("单于明") == "chanyu"
    assert n.surname_pinyin("单明") == "shan"
    assert level("name", "尉迟恭", "Gong Yuchi") == "romanised"


@pytest.mark.parametrize(
    ("said", "house"),
    [
        ("郑大一附院", "郑州大学第一附属医院"), ("湘雅", "中南大学湘雅医院"), ("湘雅二院", "湘雅附二院"),
        ("湘雅二院", "中南大学湘雅二医院"), ("华西", "四川大学华西医院"), ("301", "解放军总医院"), ("301医院", "中国人民解放军总医院"),
        ("安贞", "首都医科大学附属北京安贞医院"), ("阜外", "中国医学科学院阜外医院"), ("中山一院", "中山大学附属第一医院"),
    ],
)  # fmt: skip
def test_what_people_call_a_hospital_is_that_hospital(said, house):
    assert level("hospital", said, house) == "exact"


@pytest.mark.parametrize(
    ("one", "other"),
    [("秦皇岛第一医院", "秦皇岛市第一医院"), ("长沙第三医院", "长沙市三医院"), ("株洲第二医院", "株洲市第二人民医院"),
     ("望城区人民医院", "望城人民医院")],
)  # fmt: skip
def test_one_house_of_a_city_has_a_number(one, other):
    assert level("hospital", one, other) == "same_house"


def test_other_numbers_are_other_houses():
    assert level("hospital", "长沙市第三医院", "长沙市第四医院") == "else"
    assert level("hospital", "湘雅二医院", "湘雅三医院") == "else"


@pytest.mark.parametrize("name", ["解放军总医院", "中山大学附属第一医院", "东方医院", "朝阳医院", "鼓楼医院"])
def test_no_place_is_read_where_a_hospital_name_only_looks_like_one(name):
    assert hospitals.parse(name).place in ("", "320106")


def test_places_inside_hospital_names_are_read():
    assert hospitals.parse("北京市海淀医院").place == "110108"
    assert hospitals.parse("秦皇岛第一医院").place == "130300"


@pytest.mark.parametrize(
    ("one", "other"),
    [("白血病", "C91.0"), ("急性白血病", "C91.0"), ("白血病", "急性淋巴细胞白血病"), ("急性白血病", "急髓"), ("肺占位", "C34.1"),
     ("脑瘤", "胶质瘤"), ("中风", "脑梗死"), ("心脏病", "先心病"), ("贫血", "再障")],
)  # fmt: skip
def test_an_illness_and_a_kind_of_it_are_related(one, other):
    assert level("disease", one, other) == "related"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("G12.2", "渐冻症", "group"), ("G12.2", "脊髓性肌萎缩症", "chapter"), ("肺CA", "肺癌", "group"), ("乳腺Ca", "C50.9", "group"),
     ("川崎病", "M30.3", "group"), ("H40.1", "H90.3", "else"), ("C91.0", "C92.0", "chapter"), ("癌症", "肺癌", "chapter")],
)  # fmt: skip
def test_illnesses_by_what_they_are(one, other, expected):
    assert level("disease", one, other) == expected


def test_what_is_related_weighs_between_the_same_and_the_same_chapter():
    weights = DEFAULT.weights(person_model().comparisons[person_model().names.index("disease")])
    disease = person_model().comparisons[person_model().names.index("disease")]
    group, related, chapter = (weights[disease.index(k)] for k in ("group", "related", "chapter"))
    assert group > related > chapter


def test_whoever_names_the_illness_by_and_large_is_found():
    from matching.linkage.blocking import blocking_values

    stay = {"name": "张三", "birth_year": 2017, "hospital": "湘雅医院"}
    one, other = (PersonRecord(**stay, disease=d) for d in ("白血病", "C91.0"))
    assert set(blocking_values(one)) == set(blocking_values(other))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("湖南省长沙市岳麓区麓山路2号", "長沙市嶽麓區麓山路2號", "exact"),
        ("麓山路2号", "湖南省长沙市岳麓区麓山路2号", "close"),
        ("长沙市麓山路2号", "湖南省长沙市岳麓区麓山路2号", "close"),
        ("长沙市岳麓区麓山路2号", "长沙市岳麓区麓山路20号", "street"),
        ("长沙市岳麓区麓山路2号3栋", "长沙市岳麓区麓山路2号4栋", "street"),
        ("长沙市岳麓区麓山路2号", "长沙市岳麓区麓山路188号", "street"),
        ("长沙市岳麓区麓山路2号", "长沙市岳麓区麓山路2号3栋402", "close"),
        ("长沙市岳麓区麓山路二号", "长沙市岳麓区麓山路2号", "exact"),
        ("长沙市岳麓区麓山路2号", "长沙市岳麓区鹿山路2号", "edit_1"),
        ("长沙市岳麓区麓山路2号", "长沙市天心区麓山路2号", "close"),
        ("长沙市岳麓区人民路2号", "武汉市江岸区人民路2号", "similar"),
        ("长沙市岳麓区", "长沙市岳麓区", "similar"),
        ("长沙市岳麓区", "长沙市天心区", "else"),
        ("北京市宣武区广安门内大街6号", "北京市西城区广安门内大街6号", "exact"),
        ("12 High Street", "14 High Street", "street"),
        ("Flat 2, 12 High Street", "12 High Street", "close"),
    ],
)  # fmt: skip
def test_addresses_by_place_street_and_house(one, other, expected):
    assert level("address", one, other) == expected


@given(
    st.text("长沙市岳麓区天心武汉麓山路人民号栋单元2340一十", max_size=14),
    st.text("长沙市岳麓区天心武汉麓山路人民号栋单元2340一十", max_size=14),
)
def test_an_address_is_compared_in_a_table_as_by_itself(one, other):
    table = person_model().prepare(_rows([PersonRecord(address=one), PersonRecord(address=other)]))
    position = person_model().names.index("address")
    found = table.prepared[position].compare(np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32))[0]
    assert Features(PersonRecord(address=one)) is not None
    assert address_level(Features(PersonRecord(address=one)), Features(PersonRecord(address=other))) == found


NUMBER = "430104194912310028"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # Registered in 长沙, living in 深圳; the other source knows the registered area.
        ({"area": "440305", "id_number": NUMBER}, {"area": "430104"}, "registered"),
        ({"area": "440305", "id_number": NUMBER}, {"area": "430100"}, "registered"),
        ({"id_number": NUMBER}, {"area": "430103"}, "registered"),
        ({"area": "440305", "id_number": NUMBER}, {"area": "440305"}, "county"),
        ({"area": "440305", "id_number": NUMBER}, {"area": "110101"}, "else"),
        ({"area": "440305", "id_number": NUMBER}, {"area": "430000"}, "else"),
        # Where an agreeing number was issued is no news; where one lives is.
        ({"area": "430104", "id_number": NUMBER}, {"area": "430104", "id_number": NUMBER}, "missing"),
        ({"area": "430104", "id_number": NUMBER}, {"area": "440305", "id_number": NUMBER}, "missing"),
        ({"area": "440305", "id_number": NUMBER}, {"id_number": NUMBER}, "missing"),
        ({"area": "440305", "id_number": NUMBER}, {"area": "440305", "id_number": NUMBER}, "county"),
        ({"area": "440305", "id_number": NUMBER}, {"area": "440305", "id_number": "430104********0028"}, "county"),
        ({"area": "430104", "id_number": NUMBER}, {"area": "430104", "id_number": "430104********0028"}, "missing"),
        ({"area": "500000"}, {"area": "500107"}, "city"),
    ],
)  # fmt: skip
def test_where_one_lives_and_where_one_is_registered(one, other, expected):
    a, b = PersonRecord(**one), PersonRecord(**other)
    assert score(a, b).levels["area"] == score(b, a).levels["area"] == expected
    table = person_model().prepare(_rows([a, b]))
    found = table.levels(np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32))
    position = person_model().names.index("area")
    assert person_model().comparisons[position].levels[found[0, position]] == expected


def parts(one: tuple[str, str], other: tuple[str, str]) -> list[str]:
    """Levels of surname and given name in two columns of their own."""
    rows = {"surname": [one[0], other[0]], "given": [one[1], other[1]]}
    model = Model.for_fields({"surname": "surname", "given": "given_name"})
    found = []
    for i, j in ((0, 1), (1, 0)):
        levels = model.prepare(rows).levels(np.array([i]), np.array([j]))[0]
        said = {c.name: c.levels[level] for c, level in zip(model.comparisons, levels, strict=True)}
        found.append([said["surname"], said["given"]])
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("张", "*明"), ("张", "小明"), ["exact", "masked_given"]),
        (("张", "小*"), ("张", "小明"), ["exact", "masked_given"]),
        (("张", "*明"), ("张", "小红"), ["exact", "else"]),
        (("张", "*明"), ("张", "*明"), ["exact", "masked_given"]),
        (("张", "小*"), ("张", "*明"), ["exact", "missing"]),
        (("张", "某某"), ("张", "明"), ["exact", "missing"]),
        (("王", "女士"), ("王", "明"), ["exact", "missing"]),
        (("闫", "明"), ("阎", "明"), ["exact", "exact"]), (("傅", "明"), ("付", "明"), ["exact", "exact"]),
        (("戴", "明"), ("代", "明"), ["exact", "exact"]), (("仇", "明"), ("丘", "明"), ["edit_1", "exact"]),
        (("单", "明"), ("Shan", "Ming"), ["edit_1", "edit_1"]), (("吕", "明"), ("Lyu", "Ming"), ["edit_1", "edit_1"]),
        (("李", "娜"), ("Li", "Na"), ["edit_1", "edit_1"]), (("Li", "Na"), ("Li", "Nan"), ["exact", "edit_1"]),
        (("明", "张"), ("张", "明"), ["missing", "crossed"]),
    ],
)  # fmt: skip
def test_names_in_two_columns_know_chinese(one, other, expected):
    assert parts(one, other) == expected


def test_a_hidden_given_name_in_a_column_of_its_own_is_never_accepted():
    model = Model.for_fields({"surname": "surname", "given": "given_name", "number": "id_number"})
    rows = {"surname": ["张", "张"], "given": ["*明", "小明"], "number": [NUMBER, NUMBER]}
    levels = model.prepare(rows).levels(np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32))
    assert doubtful(model, levels)[0]


def test_a_name_told_whole_and_in_parts_counts_once():
    model = Model.for_fields({"name": "name", "given": "given_name", "surname": "surname", "phone": "phone"})
    rows = {
        "name": ["张小明", "张小明", "Bob Smith", "Robert Smith", ""], "given": ["小明", "小明", "Bob", "Robert", "小明"],
        "surname": ["张", "张", "Smith", "Smith", "张"], "phone": ["1"] * 5,
    }  # fmt: skip
    table = model.prepare(rows)
    found = table.levels(np.array([0, 2, 0]), np.array([1, 3, 4]))
    said = [{c.name: c.levels[v] for c, v in zip(model.comparisons, row, strict=True)} for row in found]
    assert (said[0]["name"], said[0]["given"], said[0]["surname"]) == ("exact", "missing", "missing")
    assert (said[1]["name"], said[1]["given"], said[1]["surname"]) == ("missing", "short_form", "exact")
    assert (said[2]["name"], said[2]["given"], said[2]["surname"]) == ("missing", "exact", "exact")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("440305", "430104"), ("430104", "440305"), ("registered", "missing")),
        (("440305", "430104"), ("430103", ""), ("registered", "missing")),
        (("430104", "430104"), ("430104", "430104"), ("missing", "county")),
        (("430100", "430104"), ("430100", "430105"), ("missing", "city")),
        (("430104", "430100"), ("430104", "430100"), ("county", "missing")),
        (("440305", "430104"), ("440305", "430104"), ("county", "county")),
        (("440305", "430104"), ("110101", "320106"), ("else", "else")),
    ],
)  # fmt: skip
def test_two_columns_of_areas_are_two_places_of_one_person(one, other, expected):
    model = Model.for_fields({"home": "area", "registered": "area", "name": "name"})
    rows = {"home": [one[0], other[0]], "registered": [one[1], other[1]], "name": ["", ""]}
    for i, j in ((0, 1), (1, 0)):
        found = model.prepare(rows).levels(np.array([i]), np.array([j]))[0]
        said = {c.name: c.levels[level] for c, level in zip(model.comparisons, found, strict=True)}
        assert (said["home"], said["registered"]) == expected

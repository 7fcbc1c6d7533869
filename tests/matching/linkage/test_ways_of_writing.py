"""One thing written in many ways, as people, hospitals and offices do: pairs and tables alike."""

import numpy as np
import pytest

from matching.linkage.compare.names import PersonName
from matching.linkage.compare.numbers import IdNumber, Phone, clean_birth
from matching.linkage.compare.text import Address, DiseaseName, HospitalName
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score
from matching.linkage.values import normalise as n

ROMANISED = [
    ("王欣悦", "Wang Xinyue"), ("李天宇", "Li Tianyu"), ("陈晨宇", "Chenyu Chen"), ("单于明", "Ming Chanyu"), ("吕布", "Lyu Bu"),
    ("王晟", "Wang Sheng"), ("刘率", "Liu Shuai"), ("王长乐", "Changle Wang"), ("李茜", "Li Xi"), ("陈重", "Chen Chong"),
    ("孙乐", "Sun Yue"), ("牟平", "Mou Ping"), ("隗明", "Kui Ming"), ("覃明", "Tan Ming"), ("柏杨", "Bo Yang"), ("郗明", "Chi Ming"),
]  # fmt: skip
NAMES = [(han, latin, "romanised") for han, latin in ROMANISED] + [
    ("李娜", "Li An", "surname"), ("王*芳", "Wang Fang", "masked_surname"),
    ("张✱", "张三", "masked_surname"), ("张🙈", "张三", "masked_surname"), ("张丶丶", "张三丰", "masked_surname"),
    ("王&&", "王小明", "masked_surname"), ("张三😊", "张三", "exact"),
]  # fmt: skip
PHONES = [
    ("13800138000/13911112222", "13911112222", "edit"), ("13800138000 13911112222", "13911112222", "edit"),
    ("13800138000/13911112222", "13800138000", "exact"), ("0731-84802999", "84802999", "edit"),
    ("(0731)84802999", "0731-84802999-801", "exact"), ("13800138000、0731-84802999", "84802999", "edit"),
    ("13800138000/13911112222", "13511112223", "else"), ("0731-84802999", "84802111", "else"),
]  # fmt: skip
HOSPITALS = [
    ("瑞金", "上海瑞金医院", "exact"), ("北大人民", "北京大学人民医院", "exact"), ("上海市东方医院", "同济大学附属东方医院", "exact"),
    ("长沙市第三医院", "长沙市第三人民医院", "same_house"), ("望城县人民医院", "望城县中医院", "else"),
    ("湖南省人民医院", "湖南省肿瘤医院", "else"), ("长沙市第一医院", "长沙市第一中医院", "else"),
]  # fmt: skip
DISEASES = [
    ("先心", "Q21.0", "group"), ("先心病", "室缺", "group"), ("强直", "M45", "group"), ("新冠", "U07.1", "group"),
    ("骨转移", "C79.5", "group"), ("骨折", "S72.001", "group"), ("Z99.2", "尿毒症", "group"), ("Z51.1", "化疗", "group"),
    ("Z51.1", "肺癌", "chapter"), ("肺癌骨转移", "C34.9", "group"), ("Z51.1", "糖尿病", "else"),
    ("R50.9", "肺炎", "missing"), ("Z51.8", "肺癌", "missing"), ("患者", "肺癌", "missing"),
]  # fmt: skip
ADDRESSES = [
    ("城关镇王家村", "城关镇王庄村", "similar"), ("麓山路2号", "麓珊路2号", "edit_1"), ("麓山路2-3-402", "麓山路2号3栋402室", "close"),
    ("长沙市岳麓区麓山路2号3栋402", "麓山路2-3-402", "close"), ("麓山路2-3-402", "麓山路2-4-402", "street"),
]  # fmt: skip
NUMBERS = [
    (f"{before}430104198703050029{after}", "430104198703050029", "exact")
    for before, after in (("身份证", ""), ("ID:", ""), ("", "（本人）"), ("身份证号：", " 王芳"))
]
CASES = [
    (field, comparison, *case)
    for field, comparison, cases in (
        ("name", PersonName, NAMES), ("phone", Phone, PHONES), ("hospital", HospitalName, HOSPITALS), ("disease", DiseaseName, DISEASES),
        ("address", Address, ADDRESSES), ("id_number", IdNumber, NUMBERS),
    )
    for case in cases
]  # fmt: skip


@pytest.mark.parametrize(("field", "comparison", "one", "other", "level"), CASES)
def test_other_ways_of_writing_agree_as_they_should(field, comparison, one, other, level):
    for a, b in ((one, other), (other, one)):
        assert score(PersonRecord(**{field: a}), PersonRecord(**{field: b})).levels[field] == level
        rows = comparison(field, (field,)).prepare({field: [a, b]})
        assert comparison.levels[int(rows.compare(np.array([0]), np.array([1]))[0])] == level


def test_a_cell_keeps_all_of_its_numbers():
    assert n.phones("13800138000/0731-84802999、13911112222") == (
        "13800138000",
        "073184802999",
        "13911112222",
    )
    assert n.phones("13800138000") == ("13800138000",)
    assert n.phones("310/246-1501") == ("3102461501",)
    assert n.phones("无") == ()


def test_the_common_era_is_no_first_year():
    assert clean_birth("公元1960年6月15日") == clean_birth("公元一九六〇年六月十五日") == "19600615"

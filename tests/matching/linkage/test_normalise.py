import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.values import normalise as n


@pytest.mark.parametrize(
    ("a", "b"),
    [("張三豐", "张三丰"), ("閆妮", "阎妮"), ("闫妮", "阎妮"), ("蕭紅", "肖红"), ("傅聪", "付聪"), ("戴军", "代军"),
     ("王峯", "王峰"), ("𠮷田", "吉田"), (" 张 三 ", "张三"), ("买买提·艾力", "买买提•艾力"), ("José", "JOSE")],
)  # fmt: skip
def test_variants_of_one_name_come_out_the_same(a, b):
    assert n.name(a) == n.name(b)


def test_characters_that_only_look_traditional_stay():
    assert n.name("乾隆") != n.name("干隆")


@pytest.mark.parametrize(
    ("name", "reading"),
    [("单雄信", "shan"), ("仇英", "qiu"), ("解缙", "xie"), ("曾国藩", "zeng"), ("查良镛", "zha"), ("翟志刚", "zhai"),
     ("区寄", "ou"), ("覃塘", "qin"), ("缪昌期", "miao"), ("朴槿", "piao"), ("欧阳修", "ouyang"), ("小王", "wang"),
     ("王女士", "wang"), ("張*", "zhang")],
)  # fmt: skip
def test_surnames_are_read_as_surnames(name, reading):
    assert n.surname_pinyin(name) == reading


@pytest.mark.parametrize(
    "name", ["张*", "张*三", "张某某", "张XX", "小王", "老李", "王女士", "李先生", "*三丰"]
)
def test_hidden_names_are_noticed(name):
    assert n.is_masked_name(name)


@pytest.mark.parametrize("name", ["张三", "欧阳修", "Max Xu", "", "王小明"])
def test_whole_names_are_not_called_hidden(name):
    assert not n.is_masked_name(name)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("+86 138-0013-8000", "13800138000"), ("０１３８００１３８０００", "13800138000"), ("010-62345678", "01062345678"),
     ("张三", None), ("138****8000", None), ("", None), ("11111111111", None), ("123", None)],
)  # fmt: skip
def test_phone_numbers(raw, expected):
    assert n.phone(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("430102", "430102"), ("4301", "430100"), ("430102001001", "430102"), ("长沙市芙蓉区", "430102"),
     ("湖南省长沙市", "430100"), ("月亮", None), ("", None), ("990000", None)],
)  # fmt: skip
def test_areas(raw, expected):
    assert n.area(raw) == expected


@pytest.mark.parametrize("word", ["无", "不详", "null", "N/A", "-"])
def test_words_for_unknown_are_no_name(word):
    assert n.name(word) == ""


@given(st.one_of(st.none(), st.text(max_size=600)))
def test_nothing_raises_and_names_are_stable(raw):
    for function in (n.name, n.name_pinyin, n.surname_pinyin, n.is_masked_name, n.phone, n.area):
        function(raw)
    assert n.name(n.name(raw)) == n.name(raw)

"""What stands where a name should and is nobody's: placeholders, children without a name, relatives, two people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.values import nobody
from matching.linkage.values import normalise as n


@pytest.mark.parametrize(
    "filled",
    ["新生儿", "新生兒", "新生儿1", "新生儿（男）", "患儿2床", "3床", "NICU 12床", "无名氏", "無名氏3", "患儿", "婴儿", "未取名", "弃婴", "无名", "匿名",
     "家属", "本人", "同上", "不详", "未知", "测试", "测试1", "双胎A", "双胎大", "test", "Test 2", "UNKNOWN", "Baby Boy", "baby girl 2", "Twin A", "N/A",
     "Newborn", "Infant", "13800138000", "12345", "😀", "-"],
)  # fmt: skip
def test_what_only_fills_the_cell_is_no_name(filled):
    assert n.plain_name(filled) == ""


@pytest.mark.parametrize(
    "name",
    ["王羲之", "王献之", "张之洞", "李无名", "孔知新", "毛毛", "王新生", "白丁", "安本人", "温家宝", "李乙", "王甲", "匡无忌", "单小双", "陈家属", "李未知",
     "Max Newborn Smith", "Ann Test", "Bo Unknown", "Al Self"],
)  # fmt: skip
def test_true_names_that_hold_such_a_word_stay(name):
    assert n.plain_name(name) == name.casefold()
    assert nobody.kind(n.plain_name(name)) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("王芳之子（大）", "王芳之子（小）"), ("王芳之子A", "王芳之子B"), ("王芳之子1", "王芳之子2"), ("王芳之女(甲)", "王芳之女(乙)"), ("王芳之子①", "王芳之子②"),
     ("王芳之大子", "王芳之次子"), ("王芳双胎A", "王芳双胎B"), ("王芳A", "王芳B"), ("王芳 1", "王芳 2"), ("王芳（大）", "王芳（小）")],
)  # fmt: skip
def test_what_marks_one_of_several_is_not_lost(one, other):
    assert n.name(one) != n.name(other)
    assert n.name(one) == n.name(one.replace("（", " (").replace("）", ") "))


@pytest.mark.parametrize(
    ("one", "other"), [("王芳之子A", "王芳之子（大）"), ("王芳1", "王芳（A）"), ("王芳之子二", "王芳之子二")]
)
def test_the_first_of_several_is_the_first_however_it_is_written(one, other):
    assert n.name(one) == n.name(other)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("王芳之子", "child"), ("王某之女", "child"), ("王芳之子A", "child"), ("王芳女儿", "child"), ("王芳宝宝", "child"), ("王芳双胎", "child"),
     ("王芳新生儿", "child"), ("Baby Boy Smith", "child"), ("SMITH, BABY GIRL", "child"), ("王芳妈妈", "kin"), 
     ("王芳代办", "kin"), ("王芳/李强", "two"), ("王芳、李强", "two"), ("王芳和李强", "two"), ("W", "part"),
     ("王芳", ""), ("王芳(女)", ""), ("王芳（已故）", ""), ("王芳（Wang Fang）", ""), ("王芳 Amy", ""), ("买买提·艾力", ""), ("王妈妈", ""), ("李和平", ""),
     ("欧阳和平", ""), ("Tom Smith", ""), ("Li An", "")],
)  # fmt: skip
def test_what_a_name_is(value, kind):
    assert nobody.kind(n.plain_name(value)) == kind


@pytest.mark.parametrize(
    "name", ["王芳（女儿）", "王芳(代)", "王芳 （母亲）", "王芳【家属】", "李小明（之子）", "王芳（女兒）"]
)
def test_a_relation_in_brackets_is_seen_and_no_part_of_the_name(name):
    assert nobody.beside(name)
    assert n.plain_name(name) in ("王芳", "李小明")


@pytest.mark.parametrize(
    "name",
    ["王芳", "王芳（女）", "王芳（Wang Fang）", "王芳（回族）", "王芳（已故）", "李小明（家长王芳）", None],
)
def test_what_else_stands_in_brackets_is_no_relation(name):
    assert not nobody.beside(name)


@pytest.mark.parametrize("name", ["王", "王✱", "王&&", "张❌", "张丶", "王 Fang"])
def test_a_surname_alone_hides_the_rest(name):
    assert n.is_masked_name(name)
    assert n.surname_pinyin(name) in ("wang", "zhang")


@given(st.text(max_size=12))
def test_a_cleaned_name_stays_as_it_is(raw):
    once = n.plain_name(raw)
    assert nobody.kind(once) in ("", "child", "kin", "two", "part")
    assert not nobody.is_placeholder(once)


@pytest.mark.parametrize("value", ["13800138000", "12345", " 0731-8480 2999 ", "１２３"])
def test_a_number_is_told_from_an_empty_cell(value):
    assert n.is_number(value)


@pytest.mark.parametrize("value", [None, "", "😀", "王芳", "-", "2床"])
def test_what_is_no_number_is_none(value):
    assert not n.is_number(value)

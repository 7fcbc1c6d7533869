from __future__ import annotations

import itertools
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import appeals
from matching.linkage.values.extract import MAX_TEXT, _houses, _writers, extract


def found(text: str) -> dict[str, str]:
    return {e.field: e.value for e in extract(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "大家好，我叫张*三，今年56岁，来自湖南省长沙市岳麓区，在中南大学湘雅医院确诊为急性淋巴细胞白血病。",
            {"name": "张*三", "age": "56", "area": "430104", "hospital": "中南大学湘雅医院", "disease": "急性淋巴细胞白血病"},
        ),
        ("患者王某某，男，3岁，住进了郑州大学第一附属医院，尿毒症。",
         {"name": "王某某", "sex": "M", "age": "3", "hospital": "郑州大学第一附属医院", "disease": "尿毒症"}),
        ("我的父亲李建国，突发脑出血", {"name": "李建国", "sex": "M", "disease": "脑出血"}),
        ("请大家帮帮我们", {}),
        ("没有医保，没有存款", {}),
        ("", {}),
        *appeals.RULES,
    ],
)  # fmt: skip
def test_fields_are_read_from_an_appeal(text, expected):
    assert found(text) == expected


@pytest.mark.parametrize(
    ("unseen", "precision", "recall"), [(appeals.FIRST, 0.97, 0.93), (appeals.SECOND, 0.95, 0.9)]
)
def test_of_appeals_the_rules_were_not_written_with_most_is_read_and_little_is_wrong(
    unseen, precision, recall
):
    counts = Counter()
    for text, said in unseen:
        read = found(text)
        counts["right"] += sum(read[field] == value for field, value in said.items() if field in read)
        counts["read"] += len(read)
        counts["said"] += len(said)
    assert counts["right"] / counts["read"] >= precision
    assert counts["right"] / counts["said"] >= recall


@pytest.mark.parametrize("text", [text for text, _ in appeals.RULES + appeals.FIRST + appeals.SECOND])
def test_a_span_points_at_what_was_read(text):
    for part in extract(text):
        said = text[part.start : part.end]
        if part.field in ("name", "hospital", "disease"):
            assert said == part.value
        if part.field == "birth_year":
            assert part.value[-2:] in said
        # and what the span says is read again where nothing stands around it
        if part.field == "age" and said.endswith("岁"):
            assert found(said) == {"age": part.value}


@pytest.mark.parametrize(
    "text",
    [
        "陈小丽（化名）今年8岁",
        "化名陈小丽，今年8岁",
        "文中人物均为化名。患者陈小丽今年8岁",
        "W女士今年8岁",
        "发起人：陈小丽，孩子今年8岁",
        "主治医生陈小丽说，孩子今年8岁",
        "孩子今年8岁，女儿白血病，父亲常年在外",
    ],
)
def test_a_pseudonym_a_letter_or_another_s_name_is_no_name(text):
    read = found(text)
    assert "name" not in read
    assert read["age"] == "8"


@pytest.mark.parametrize(
    "text", ["奶奶78岁，孩子都上学", "孩子3岁那年母亲去世", "18岁以上可捐", "第3岁", "治疗6个月后", "300岁"]
)
def test_years_that_are_not_the_patient_s_age_are_not_read(text):
    assert "age" not in found(f"我女儿确诊白血病，{text}")


@pytest.mark.parametrize(
    "piece",
    ["我", "是", "医院", "一", "张*", "患者", "女儿今年", "在到于", "确诊白血病，", "1", "12岁", "来自湖南", " ", "，", "我是的",
     "张三李四王五", "某", "1988年", "小王，", "我叫王小明，", "附属", "第一", "ICU", "李明的爸爸是", "\n", "😭", "的", "𠮷",
     "去华西", "市人民医院，", "的市人民医院", "是的", "三岁", "是张三，"],
)  # fmt: skip
def test_a_hostile_text_is_read_to_its_end(piece):
    """Half a second at most; matching that explodes would never come back."""
    text = piece * (MAX_TEXT // len(piece))
    assert all(0 <= part.start < part.end <= len(text) for part in extract(text))


def effort(text: str) -> int:
    """How many functions are called to read it."""
    calls = 0

    def count(*_args: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        extract(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "piece", ["去华西", "市人民医院，", "第一附属医院", "我女儿", "是妈妈，", "确诊白血病，", "今年3岁，", "患者张三，"]
)  # fmt: skip
def test_twice_the_text_is_twice_the_effort(piece):
    for ill in ("妈妈确诊白血病，女儿", ""):
        extract(f"{ill}{piece}")  # the tables are read by now
        once, twice = (effort(ill + piece * (many // len(piece))) for many in (2_000, 4_000))
        assert twice < 2.5 * once


@given(st.lists(st.sampled_from(["市人民医院", "华西", "湘雅二院", "第一附属医院", "东院区", "（", "）", "，", "在", "长沙", "301",
                                 "北京协和", "医院", "一院", "附一院"]), max_size=20))  # fmt: skip
def test_no_two_hospitals_share_a_character(pieces):
    text = "".join(pieces)
    spans = _houses(text)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert all(0 <= start < end <= len(text) for start, end in spans)


@pytest.mark.parametrize(
    ("text", "writers"),
    [
        ("我是陈雨涵的妈妈，女儿9岁", ["妈妈"]),
        ("我是陈雨涵，妈妈病了", []),
        (f"是{'雨' * 12}的妈妈，", ["妈妈"]),
        (f"是{'雨' * 13}妈妈，", []),
        ("是女儿 儿子，", ["女儿"]),
        ("陈雨涵的妈妈，", []),
    ],
)
def test_who_writes_is_named_by_his_place_beside_the_patient(text, writers):
    assert [text[start : start + 2] for start in _writers(text)] == writers


def test_a_text_beyond_the_bound_is_read_to_the_bound():
    assert found("，" * (MAX_TEXT + 5) + "患者王某某，3岁") == {}


@given(st.text(max_size=400))
def test_no_text_crashes_it_and_spans_stay_inside(text):
    for part in extract(text):
        assert 0 <= part.start < part.end <= len(text)


@given(st.lists(st.sampled_from(["我女儿", "今年", "6岁", "六十五岁", "李某某", "确诊", "白血病", "，", "。", "在", "儿童医院",
                                 "来自", "湖南省", "长沙市", "1988年生", "患者", "的", "妈妈", "（化名）", "\n"]), max_size=30))  # fmt: skip
def test_pieces_of_appeals_give_each_field_once_inside_the_text(pieces):
    text = "".join(pieces)
    parts = extract(text)
    singles = Counter(part.field for part in parts)
    assert not singles or max(singles.values()) == 1
    for part in parts:
        assert text[part.start : part.end].strip()
        if part.field in ("name", "hospital", "disease"):
            assert text[part.start : part.end] == part.value

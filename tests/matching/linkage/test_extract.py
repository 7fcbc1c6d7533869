import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.linkage.values.extract import extract


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
        ("我的父亲李建国，突发脑出血", {"name": "李建国", "disease": "脑出血"}),
        ("请大家帮帮我们", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_fields_are_read_from_an_appeal(text, expected):
    assert found(text) == expected


def test_a_span_points_at_what_was_read():
    text = "我叫赵*，67岁，得了肺癌"
    for part in extract(text):
        assert text[part.start : part.end] == part.value


@given(st.text(max_size=400))
def test_no_text_crashes_it_and_spans_stay_inside(text):
    for part in extract(text):
        assert 0 <= part.start < part.end <= len(text)

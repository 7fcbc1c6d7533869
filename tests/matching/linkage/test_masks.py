"""Names that hide a part: what they show must fit, what both hide says nothing."""

import numpy as np
import pytest

from matching.linkage.model import Model
from matching.linkage.pairwise import Features, name_level
from matching.linkage.records import PersonRecord
from matching.linkage.values import normalise as n


def level(a: str, b: str) -> str:
    model = Model.for_fields({"name": "name"})
    table = model.prepare({"name": [a, b]})
    one, two = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    found, back = int(table.levels(one, two)[0, 0]), int(table.levels(two, one)[0, 0])
    assert found == back
    assert name_level(Features(PersonRecord(name=a)), Features(PersonRecord(name=b))) == found
    return model.comparisons[0].levels[found]


@pytest.mark.parametrize(
    ("hidden", "full", "expected"),
    [
        ("王*英", "王桂英", "masked_given"),
        ("王＊英", "王桂英", "masked_given"),
        ("王x", "王英", "masked_surname"),
        ("张XX", "张桂英", "masked_surname"),
        ("张某某", "张桂英", "masked_surname"),
        ("王……", "王桂英", "masked_surname"),
        ("患者王某", "王桂英", "masked_surname"),
        ("刘XX女士", "刘桂英", "masked_surname"),
        ("欧阳*", "欧阳修", "masked_surname"),
        ("欧阳*", "欧小华", "masked_else"),
        ("**丰", "李安丰", "masked_surname"),
        ("**丰", "李安平", "masked_else"),
        ("*雨*", "张雨霞", "masked_surname"),
        ("*雨*", "张小霞", "masked_else"),
        ("丰*", "李安丰", "masked_else"),
        ("**丰", "丰小华", "masked_else"),
        ("**丰", "李**", "missing"),
        ("*", "李安丰", "missing"),
    ],
)
def test_what_a_mask_shows_is_compared_and_nothing_else(hidden, full, expected):
    assert level(hidden, full) == expected


def test_a_hidden_surname_is_not_read_from_what_follows():
    assert n.surname_pinyin("**丰") == ""
    assert n.surname_pinyin("欧阳*") == "ouyang"

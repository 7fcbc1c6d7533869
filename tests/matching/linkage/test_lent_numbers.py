"""A relative's number on a form: never accepted, said to be odd, and the person's own record is still found."""

from datetime import date

import numpy as np
import pytest

from matching.linkage import online
from matching.linkage.model import Model
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import FIELDS, columns, score
from matching.linkage.values.idnumber import check_character

AT_HOME = {"phone": "13800138000", "address": "长沙市岳麓区麓山路2号", "area": "430104"}


def number(body: str) -> str:
    return body + check_character(body)


MOTHERS, CHILDS = number("43010219850612002"), number("43010220140305001")
MOTHER = PersonRecord(
    name="李桂英", id_number=MOTHERS, birth_date=date(1985, 6, 12), sex="F", source="insurer", **AT_HOME
)
CHILD = PersonRecord(
    name="张子涵", id_number=CHILDS, birth_date=date(2014, 3, 5), sex="M", source="insurer",
    hospital="中南大学湘雅医院", disease="急性淋巴细胞白血病", **AT_HOME,
)  # fmt: skip


@pytest.mark.parametrize("born", [date(2014, 3, 5), None])
def test_a_childs_form_with_its_mothers_number_goes_to_people_beside_both(born):
    form = PersonRecord(
        name="张子涵",
        id_number=MOTHERS,
        birth_date=born,
        source="application",
        hospital="湘雅医院",
        disease="急淋",
        **AT_HOME,
    )
    tables = online.for_size(1_000_000)
    of_mother, of_child = score(form, MOTHER, tables), score(form, CHILD, tables)
    assert of_mother.outcome == of_child.outcome == "review"
    assert "shared_id_other_name" in of_mother.flags
    assert "different_ids" in of_child.flags
    assert of_child.probability > of_mother.probability


def test_the_birthday_inside_a_lent_number_says_nothing_more_in_tables_either():
    form = PersonRecord(name="张子涵", id_number=MOTHERS, phone="13800138000")
    told = PersonRecord(name="张子涵", id_number=MOTHERS, birth_date=date(1999, 1, 1), sex="F")
    rows = columns([form, CHILD, told, MOTHER])
    table = Model.for_fields(FIELDS).prepare(rows)
    i, j = np.array([0, 2, 0], dtype=np.int32), np.array([1, 1, 3], dtype=np.int32)
    levels = table.levels(i, j)
    at = {name: table.model.names.index(name) for name in ("birth_date", "sex", "id_number")}
    assert levels[0, at["id_number"]] > 0
    assert levels[0, at["birth_date"]] == levels[0, at["sex"]] == 0
    assert levels[1, at["birth_date"]] > 0
    assert levels[1, at["sex"]] > 0
    assert levels[2, at["birth_date"]] == 0

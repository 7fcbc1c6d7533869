"""Two possible numbers that differ and say one birthday: twins, not one person with a lent card."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bench.corpus import generate
from matching.linkage import online
from matching.linkage.model import Model
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import DEFAULT, FIELDS, columns, person_model, score
from matching.linkage.tables.pipeline import link_tables
from matching.linkage.values.idnumber import check_character


def number(body: str) -> str:
    return body + check_character(body)


BORN = date(2014, 9, 30)
LEZHE = PersonRecord(
    name="李乐哲", id_number=number("43010220140930029"), birth_date=BORN, sex="M", phone="13800138000", area="430102"
)  # fmt: skip
LELE = replace(LEZHE, name="李乐乐", id_number=number("43010220140930031"))


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ({}, "in_numbers"),
        ({"birth_date": date(2014, 9, 3)}, "edit"),
        ({"birth_date": None}, "missing"),
        ({"id_number": None}, "exact"),
        ({"id_number": LEZHE.id_number}, "missing"),
        ({"id_number": number("43010219850612002")}, "exact"),
        ({"id_number": "110101201409300299"}, "exact"),  # no possible number
    ],
)
def test_a_birthday_that_two_numbers_say_is_told_apart(other, level):
    second = replace(LELE, **other)
    assert score(LEZHE, second).levels["birth_date"] == level
    table = Model.for_fields(FIELDS).prepare(columns([LEZHE, second]))
    found = table.levels(np.array([0]), np.array([1]))[0, table.model.names.index("birth_date")]
    assert person_model().comparisons[table.model.names.index("birth_date")].levels[found] == level


def test_it_weighs_less_than_a_birthday_alone_and_as_before_under_older_tables():
    mixed_up = replace(LELE, id_number=None)
    for table, less in ((DEFAULT, True), (online.for_size(1, "online-1").of("application–insurer"), False)):
        one, two = (
            {e.field: e.weight for e in score(LEZHE, other, table).evidence}["birth_date"]
            for other in (mixed_up, LELE)
        )
        assert (two < one - 3) if less else (two == one)


def test_twins_are_said_to_be_twins():
    assert {"twins", "different_ids"} <= set(score(LEZHE, LELE).flags)


def test_twins_whose_numbers_differ_are_not_one_person_in_a_table():
    corpus = generate(4, 2000)
    people = corpus.insurer + corpus.applications
    rows = {field: [record[field] for record in people] for field in ("record_id", *FIELDS)}
    found = link_tables(rows, None, FIELDS, "record_id")
    pairs = zip(found.pairs["left"], found.pairs["right"], found.pairs["flags"], strict=True)
    wrong = [
        flags for a, b, flags in pairs if corpus.truth[a] != corpus.truth[b] and "different_ids" in flags
    ]
    assert len(wrong) <= 1, "five were, when the day counted twice"
    birth = next(c for c in found.model.comparisons if c.name == "birth_date")
    weights = dict(zip(birth.levels, found.params.weights(birth), strict=True))
    assert weights["in_numbers"] < weights["exact"] - 5

"""People who are taken for one another, on purpose or by chance: never accepted unseen, whichever two sources say it and
however few people are registered."""

from dataclasses import replace
from datetime import date

import pytest

from insurance.linking.lookup import Scored, judge
from matching.linkage import online
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score, score_many
from matching.linkage.values.idnumber import check_character


def number(body: str) -> str:
    return body + check_character(body)


HOME = {"phone": "13800138000", "area": "430104"}
STAY = {"hospital": "湖南省星城儿童医院", "disease": "急性淋巴细胞白血病"}
FATHER = PersonRecord(
    name="王建国", id_number=number("43010419640305003"), birth_date=date(1964, 3, 5), sex="M", **HOME, **STAY
)  # fmt: skip
SON = replace(FATHER, id_number=number("43010419920919003"), birth_date=date(1992, 9, 19))
TWIN = PersonRecord(
    name="李乐哲", id_number=number("43010220140930029"), birth_date=date(2014, 9, 30), sex="M", **HOME, **STAY
)  # fmt: skip
OTHER_TWIN = replace(TWIN, name="李乐乐", id_number=number("43010220140930031"))
ALIKE_TWIN = replace(OTHER_TWIN, name="李乐柘")
MOTHER = PersonRecord(
    name="李桂英", id_number=number("43010219850612002"), birth_date=date(1985, 6, 12), sex="F", **HOME
)  # fmt: skip
NAMESAKE = PersonRecord(name="王芳", birth_date=date(1985, 6, 12), sex="F", area="430104", **STAY)

ATTACKS = {
    "twins, numbers that differ in the last digits": (TWIN, OTHER_TWIN),
    "twins whose names sound alike": (TWIN, ALIKE_TWIN),
    "twins, one without a number": (TWIN, replace(OTHER_TWIN, id_number=None)),
    "twins whose names sound alike, one without a number": (TWIN, replace(ALIKE_TWIN, id_number=None)),
    "brothers, one without number and birthday": (TWIN, replace(OTHER_TWIN, id_number=None, birth_date=None)),
    "brothers whose names sound alike, one without number and birthday": (
        TWIN,
        replace(ALIKE_TWIN, id_number=None, birth_date=None),
    ),
    "father and son of one name": (FATHER, SON),
    "father and son of one name, one without a number": (FATHER, replace(SON, id_number=None)),
    "father and son of one name, one without number and birthday": (
        FATHER,
        replace(SON, id_number=None, birth_date=None),
    ),
    "father and son of one name, a name and a phone": (FATHER, PersonRecord(name="王建国", phone=HOME["phone"])),
    "a child's form with its mother's number, beside the mother": (MOTHER, replace(TWIN, id_number=MOTHER.id_number)),
    "a child's form with its mother's number, beside the child": (TWIN, replace(TWIN, id_number=MOTHER.id_number)),
    "the same without birthday and phone": (
        TWIN,
        replace(TWIN, id_number=MOTHER.id_number, birth_date=None, phone=None),
    ),
    "a borrowed card": (FATHER, replace(FATHER, name="陈志强", birth_date=None, sex=None, phone=None)),
    "a borrowed card, a like name, another birthday": (FATHER, replace(FATHER, name="王建果", birth_date=date(1990, 1, 3))),
    "a borrowed card, the other sex": (FATHER, replace(FATHER, sex="F")),
    "a recycled phone": (TWIN, replace(FATHER, phone=TWIN.phone)),
    "a recycled phone, a namesake": (
        replace(NAMESAKE, phone="13800138000"),
        replace(NAMESAKE, phone="13800138000", birth_date=date(1990, 1, 3)),
    ),
    "one name, birthday and county": (NAMESAKE, NAMESAKE),
    "one name, birthday and county, other phones": (
        replace(NAMESAKE, phone="13800138000"),
        replace(NAMESAKE, phone="13900139000"),
    ),
    "one name, birthday and county, other numbers": (
        replace(NAMESAKE, id_number=number("43010419850612002")),
        replace(NAMESAKE, id_number=number("43010419850612004")),
    ),
}  # fmt: skip
SOURCES = [
    ("insurer", "insurer"),
    ("insurer", "application"),
    ("application", "insurer"),
    ("application", "application"),
]


@pytest.mark.parametrize("version", online.VERSIONS)
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(("known", "comes"), SOURCES)
def test_nobody_is_accepted_unseen_for_another(attack, known, comes, version):
    first, second = ATTACKS[attack]
    for size in (1, 1_000_000, 100_000_000):
        found = score(
            replace(second, source=comes), replace(first, source=known), online.for_size(size, version)
        )
        assert found.outcome != "accept", found


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize(("known", "comes"), SOURCES)
def test_the_look_up_gives_the_one_no_person_of_the_other(attack, known, comes):
    first, second = ATTACKS[attack]
    one_number = bool(first.id_number) and first.id_number == second.id_number
    held = [replace(first, source=known), *([replace(TWIN, source=known)] if first is MOTHER else [])]
    pairs = score_many(replace(second, source=comes), held, online.for_size(1_000_000))
    scored = [
        Scored(place, place, one_number and place == 0, record, pair)
        for place, (record, pair) in enumerate(zip(held, pairs, strict=True))
    ]
    assert judge(scored, masked=False).same is None


@pytest.mark.parametrize(("known", "comes"), SOURCES)
@pytest.mark.parametrize(
    ("first", "second"),
    [(TWIN, OTHER_TWIN), (FATHER, SON), (MOTHER, replace(TWIN, id_number=MOTHER.id_number))],
)
def test_where_all_is_told_they_are_likelier_two_people(first, second, known, comes):
    for size in (1, 1_000_000, 100_000_000):
        found = score(replace(second, source=comes), replace(first, source=known), online.for_size(size))
        assert found.probability < 0.5, found

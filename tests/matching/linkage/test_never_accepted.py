"""Pairs that no weight accepts: names that are nobody's, numbers without an end, twins, ages that contradict."""

import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage import labels, oddities, online, outcomes
from matching.linkage.model import Model
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score
from matching.linkage.tables.pipeline import link_tables
from matching.linkage.values.idnumber import check_character
from person_records import pair_of

TABLES = online.for_size(1_000_000)
BORN = date(1980, 1, 1)


def number(born: date = BORN, serial: int = 22, area: str = "430102") -> str:
    first = f"{area}{born:%Y%m%d}{serial:03d}"
    return first + check_character(first)


WANG = PersonRecord(
    name="王芳",
    id_number=number(),
    birth_date=BORN,
    sex="F",
    phone="13800138000",
    area="430102",
    source="insurer",
)
SOURCES = pytest.mark.parametrize("source", ["insurer", "application"])


def judged(fields: dict[str, str], *rows: dict) -> tuple[str, str]:
    """Outcome and flags of two rows of a table, however sure the weights are."""
    columns = {c: [r.get(c) for r in rows] for c in fields}
    model = Model.for_fields(fields, columns)
    table = model.prepare(columns)
    i, j = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    levels = table.levels(i, j)
    odd = oddities.find(table, levels, i, j)
    assert {flag for flags in odd.flags for flag in flags} <= labels.FLAGS.keys()
    return outcomes.decide(model, levels, np.ones(1), model.default_params(), odd=odd)[0], " ".join(
        odd.flags[0]
    )


# Names that are none

NONE = ["13800138000", "12345", "😀", "", None, "新生儿", "无名氏", "未取名", "本人", "Baby Boy", "test"]


@SOURCES
@pytest.mark.parametrize("name", NONE)
def test_a_number_alone_names_nobody(name, source):
    for other in (replace(WANG, name=name), replace(WANG, name=name, phone=None)):
        for mine in (WANG, other):
            found = score(mine, replace(other, source=source), TABLES)
            assert found.outcome == "review"
            assert "no_name" in found.flags
    assert ("name_is_number" in found.flags) == (name in ("13800138000", "12345"))


@SOURCES
@pytest.mark.parametrize("name", [name for name in NONE if name])
def test_one_word_for_everybody_weighs_as_an_empty_cell(name, source):
    ward = replace(WANG, id_number=None, birth_date=date(2024, 5, 5))
    filled, empty = (
        score(replace(ward, name=one), replace(ward, name=one, source=source), TABLES) for one in (name, None)
    )
    assert filled.weight == pytest.approx(empty.weight)
    assert filled.outcome != "accept"


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([*NONE, "王芳之子", "王芳（代）", "王芳/李强", "王", "张*"])
)
def test_no_weight_accepts_who_has_no_name_of_his_own(seed, name):
    a, b = pair_of(seed)
    assert score(replace(a, name=name), b, TABLES).outcome != "accept"
    assert score(replace(a, name=name), replace(a, name=name), TABLES).outcome != "accept"


PEOPLE = {"name": "name", "card": "id_number", "birth": "birth_date", "phone": "phone"}
ROW = {"name": "王芳", "card": WANG.id_number, "birth": "1980-01-01", "phone": "13800138000"}


@pytest.mark.parametrize("name", NONE)
def test_in_tables_too_a_number_alone_names_nobody(name):
    for other in (ROW, ROW | {"name": name}):
        outcome, flags = judged(PEOPLE, ROW | {"name": name}, other)
        assert (outcome, flags) == ("review", "no_name")


def test_a_table_without_names_is_judged_by_what_it_has():
    fields = {"card": "id_number", "birth": "birth_date", "phone": "phone"}
    assert judged(fields, ROW, ROW) == ("accept", "")


def test_of_two_columns_of_names_one_is_enough():
    fields = {"given": "given_name", "last": "surname", "birth": "birth_date", "card": "id_number"}
    row = {"given": "Ann", "last": "Smith", "birth": "1980-01-01", "card": number()}
    assert judged(fields, row, row | {"given": None}) == ("accept", "")
    assert judged(fields, row, row | {"given": None, "last": None}) == ("review", "no_name")


# Children before they have names, relatives, two in one cell


ODD_NAMES = [
    ("王芳之子（大）", "王芳之子（小）", "unnamed_child twins"), ("王芳之子A", "王芳之子B", "unnamed_child twins"), ("王芳之子1", "王芳之子2", "unnamed_child twins"),
    ("王芳之子", "王芳之女", "unnamed_child twins"), ("王芳之子", "王芳之子", "unnamed_child"), ("王芳双胎A", "王芳双胎B", "unnamed_child twins"),
    ("王芳A", "王芳B", "twins"), ("王芳", "王芳2", "twins"), ("王芳（女儿）", "王芳（女儿）", "name_of_kin"), ("王芳（女儿）", "王芳", "name_of_kin"), ("王芳（代）", "王芳（代）", "name_of_kin"),
    ("王芳妈妈", "王芳妈妈", "name_of_kin"), ("王芳/李强", "王芳/李强", "two_names"), ("王", "王", "masked_name"), ("Baby Smith", "Baby Smith", "unnamed_child"),
]  # fmt: skip


@SOURCES
@pytest.mark.parametrize(("one", "other", "flags"), ODD_NAMES)
def test_who_is_meant_is_asked(one, other, flags, source):
    born = replace(WANG, id_number=None, birth_date=date(2024, 5, 5))
    found = score(replace(born, name=one), replace(born, name=other, source=source), TABLES)
    assert found.outcome != "accept"
    assert set(flags.split()) <= set(found.flags)
    assert set(found.flags) <= labels.FLAGS.keys()


@pytest.mark.parametrize(("one", "other", "flags"), ODD_NAMES)
def test_in_tables_too_who_is_meant_is_asked(one, other, flags):
    child = ROW | {"card": None, "birth": "2024-05-05"}
    outcome, told = judged(PEOPLE, child | {"name": one}, child | {"name": other})
    assert outcome == "review"
    assert set(flags.split()) <= set(told.split())


@pytest.mark.parametrize("card", [None, WANG.id_number])
def test_a_mothers_number_does_not_tell_her_children_apart(card):
    child = ROW | {"card": card, "birth": "2024-05-05"}
    assert judged(PEOPLE, child | {"name": "王芳之子"}, child | {"name": "王芳之子"})[0] == "review"
    given = {"given": "given_name", "last": "surname", "birth": "birth_date", "card": "id_number"}
    for one, other in (
        ("Baby Boy", "Baby Boy"),
        ("Twin A", "Twin B"),
        ("之子", "之子"),
        ("新生儿", "新生儿"),
    ):
        rows = ({**child, "last": "王", "given": name} for name in (one, other))
        assert judged(given, *rows)[0] == "review"


# Numbers without an end


@SOURCES
@pytest.mark.parametrize("lost", ["000", "***"])
def test_a_number_without_its_end_is_an_area_and_a_birth_date(lost, source):
    mine = replace(WANG, id_number=WANG.id_number[:15] + lost)
    for other in (mine, WANG):
        stranger = score(mine, replace(other, phone="13900139000", source=source), TABLES)
        assert stranger.outcome == "review"
        assert {"number_without_end", "no_identifier"} <= set(stranger.flags)
        whole = score(WANG, replace(WANG, phone="13900139000", source=source), TABLES)
        assert stranger.weight < whole.weight
        namesake = score(mine, replace(other, name="王英", source=source), TABLES)
        assert namesake.outcome != "accept"
        assert "twins" in namesake.flags
    told = score(mine, replace(mine, id_number=None, source=source), TABLES)
    ended = score(mine, replace(mine, source=source), TABLES)
    assert ended.levels["birth_date"] == "missing"  # it is not told twice
    assert ended.weight < told.weight + 5  # an area, and a digit


@pytest.mark.parametrize("born", [True, False])
def test_in_tables_too_a_number_without_its_end_is_no_identifier(born):
    fields = {k: v for k, v in PEOPLE.items() if born or k != "birth"}
    row = ROW | {"card": WANG.id_number[:15] + "000"}
    outcome, flags = judged(fields, row, row | {"phone": "13900139000"})
    assert (outcome, flags) == ("review", "number_without_end")
    assert judged(fields, row, row) == ("accept", "number_without_end")
    assert judged(fields, row, row | {"name": "王英"})[0] == "review"


def test_a_number_with_its_end_is_one_however_much_of_the_middle_is_hidden():
    row = ROW | {"card": WANG.id_number[:6] + "********" + WANG.id_number[14:]}
    assert judged(PEOPLE, ROW, row | {"phone": "13900139000"}) == ("accept", "")


# Twins in two columns of Latin names

WEST = {"first": "given_name", "last": "surname", "dob": "birth_date", "line": "address", "phone": "phone"}
TIM = {
    "first": "Tim",
    "last": "Dunwood",
    "dob": "2010-02-05",
    "line": "190 Albert Drive",
    "phone": "13691425502",
}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tim", "Tom"), ("Eva", "Ava"), ("Anna", "Hanna"), ("Mia", "Mya"), ("Daniel", "Daniela")],
)
def test_given_names_a_letter_apart_are_twins(one, other):
    assert judged(WEST, TIM | {"first": one}, TIM | {"first": other}) == ("review", "twins")
    whole = {"name": "name", "dob": "birth_date", "phone": "phone"}
    rows = ({**TIM, "name": f"{first} Dunwood"} for first in (one, other))
    outcome, flags = judged(whole, *rows)
    assert outcome == "review"
    assert "twins" in flags


def test_given_names_a_letter_apart_and_two_birthdays_are_two_people_of_a_house():
    gary = TIM | {"first": "Gary", "dob": "2010-02-15", "phone": None}
    for last in ("Dunwood", None):
        mary = gary | {"first": "Mary", "dob": "2010-02-05", "last": last}
        assert judged(WEST, mary, gary) == ("review", "relatives")


def test_short_forms_are_one_name():
    assert judged(WEST, TIM | {"first": "Daniel"}, TIM | {"first": "Dan"}) == ("accept", "")


def test_a_number_of_ones_own_tells_twins_from_a_slip():
    rng = random.Random(1)
    fields = WEST | {"ssn": "text"}
    people = [
        TIM
        | {
            "first": f"{rng.choice('ABCDEFGH')}nn{k}",
            "ssn": str(rng.randrange(10**7, 10**8)),
            "dob": f"19{k:02d}-02-05",
        }
        for k in range(10, 90)
    ]
    rows = [
        *people,
        *people[:10],
        people[0] | {"first": people[0]["first"] + "a"},
        people[1] | {"first": "Annx", "ssn": "x"},
    ]
    model = Model.for_fields(fields)
    table = model.prepare({c: [r[c] for r in rows] for c in fields})
    i, j = np.array([0, 1], dtype=np.int32), np.array([90, 91], dtype=np.int32)
    levels = table.levels(i, j)
    levels[:, 0] = model.comparisons[0].index("edit_1")
    odd = oddities.find(table, levels, i, j)
    assert odd.flags == [(), ("twins",)]
    assert odd.never.tolist() == [False, True]


# One number: ages, passports, whole tables


def planted(fields: dict[str, str], odd: list[tuple[dict, dict]]) -> list[tuple[str, str]]:
    """Outcome and flags of pairs among 600 people, 120 of them twice."""
    rng = random.Random(4)
    rows = []
    for k in range(600):
        born = date(1950, 1, 1) + timedelta(days=rng.randrange(20_000))
        card = number(born, rng.randrange(1, 999), rng.choice(["430102", "430104", "430111"]))
        rows.append(
            {"name": rng.choice("王李张刘陈杨赵黄周吴") + "".join(rng.choices("伟芳娜秀英敏静丽强磊军洋勇艳杰涛明超霞平", k=2)), "card": card,
             "age": str(2024 - born.year), "birth": f"{born}", "sex": "男女"[int(card[16]) % 2 == 0], "phone": f"13{rng.randrange(10**9):09d}", "area": card[:6]}
        )  # fmt: skip
        if k % 5 == 0:
            rows.append(dict(rows[-1]))
    first = len(rows)
    for k, (one, other) in enumerate(odd):
        rows += [
            rows[k * 7] | {"phone": "13500000001"} | one,
            rows[k * 7] | {"phone": f"1350000010{k}"} | other,
        ]
    table = {c: [r.get(c) for r in rows] for c in fields} | {"id": list(range(len(rows)))}
    found = link_tables(table, None, fields, "id", threshold=0.01).pairs
    told = {
        frozenset(pair): (outcome, flags)
        for *pair, outcome, flags in zip(
            *(found[c] for c in ("left", "right", "outcome", "flags")), strict=True
        )
    }
    return [told.get(frozenset((first + 2 * k, first + 2 * k + 1)), ("none", "")) for k in range(len(odd))]


def test_ages_that_are_no_ones_are_asked_about():
    fields = {"name": "name", "card": "id_number", "age": "age", "sex": "sex", "phone": "phone"}
    card = {"card": number(date(1950, 3, 4)), "name": "王芳", "sex": "女"}
    odd = [({**card, "age": "74"}, {**card, "age": "30"}), ({**card, "age": None}, {**card, "age": "30"})]
    right = [({**card, "age": "74"}, {**card, "age": "72"}), ({**card, "age": None}, {**card, "age": "76"})]
    assert planted(fields, odd) == [("review", "id_other_birth")] * 2
    assert planted(fields, right) == [("accept", "")] * 2


def test_an_age_is_read_by_the_year_in_which_it_was_written():
    fields = {"name": "name", "card": "id_number", "age": "age", "phone": "phone"}
    rows = [
        {"name": "王芳", "card": number(), "age": age, "phone": "13800138000", "recorded_on": f"{year}-05-05"}
        for age, year in (("30", 2010), ("40", 2020), ("30", 2020))
    ]
    columns = {c: [r[c] for r in rows] for c in (*fields, "recorded_on")}
    table = Model.for_fields(fields, columns).prepare(columns)
    i, j = np.array([0, 0], dtype=np.int32), np.array([1, 2], dtype=np.int32)
    assert oddities.find(table, table.levels(i, j), i, j).flags == [(), ("id_other_birth",)]


def test_a_passport_alone_is_no_proof_in_tables():
    fields = {"name": "name", "card": "id_number", "birth": "birth_date", "phone": "phone"}
    bare = {"name": "王芳", "card": "E12345678", "birth": None}
    known = bare | {"birth": "1980-01-01"}
    phone = bare | {"phone": "13811112222"}
    assert planted(fields, [(bare, bare), (known, known), (phone, phone)]) == [
        ("review", "unchecked_document"), ("accept", ""), ("accept", ""),
    ]  # fmt: skip


def test_a_helpers_telephone_number_is_no_familys():
    fields = {"name": "name", "birth": "birth_date", "phone": "phone"}
    rows = [
        {"name": f"王{a}{b}", "birth": None, "phone": "13800138000"}
        for a in "伟芳娜秀英敏" for b in "静丽强"
    ]  # fmt: skip
    rows += [rows[0], rows[0] | {"birth": "1980-01-01"}, rows[0] | {"birth": "1980-01-01"}]
    columns = {c: [r[c] for r in rows] for c in fields}
    model = Model.for_fields(fields, columns)
    table = model.prepare(columns)
    i, j = np.array([0, 19], dtype=np.int32), np.array([18, 20], dtype=np.int32)
    odd = oddities.find(table, table.levels(i, j), i, j)
    assert all("crowded_phone" in flags for flags in odd.flags)
    assert odd.never.tolist() == [True, False]


# One name: fathers and sons, namesakes who got the number, names that only sound the same

HOME = {**PEOPLE, "address": "address"}
BOTH = ROW | {"card": None, "address": "湖南省长沙市幸福路12号3栋402"}
VILLAGE = BOTH | {"birth": None, "address": "湖南省湘西土家族苗族自治州永顺县石堤镇王家村"}


@pytest.mark.parametrize(
    ("one", "other", "flags"),
    [
        (
            {"birth": "1958-03-08"},
            {"birth": "1985-03-08"},
            "other_birth",
        ),  # a year's digits turned: a generation
        ({"birth": "1969-05-06"}, {"birth": "1999-05-06"}, "other_birth"),
        ({"birth": "1990-03-04"}, {"birth": "1962-11-20"}, "other_birth"),
        ({"birth": "1969-05-06"}, {"birth": None, "address": None}, "name_and_phone"),
        (VILLAGE, VILLAGE, "name_and_phone"),
        ({"name": "王喆"}, {"name": "王哲"}, "twins"),
        ({"name": "Chen Jia"}, {"name": "陈嘉"}, "pinyin_only"),
    ],
)
def test_one_name_is_not_always_one_person(one, other, flags):
    for a, b in ((one, other), (other, one)):
        assert judged(HOME, BOTH | a, BOTH | b) == ("review", flags)
    card = {"card": number(date(1969, 5, 6))}
    assert flags not in judged(HOME, BOTH | one | card, BOTH | other | card)[1].split()


def test_one_name_and_two_ages_are_asked_about():
    fields = {"first": "given_name", "last": "surname", "age": "age", "line": "address", "phone": "phone"}
    assert judged(fields, TIM | {"age": "48"}, TIM | {"age": "3"}) == ("review", "other_birth")
    assert judged(fields, TIM | {"age": "48"}, TIM | {"age": "50"}) == ("accept", "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"birth": "1980-01-01"}, {"birth": "1980-10-01"}),  # a slip
        ({"birth": "1980-01-01"}, {"birth": "1981-01-01"}),
        ({"birth": None}, {}),  # the house is one's own
        ({"name": "闫丽"}, {"name": "阎丽"}),
    ],
)
def test_a_slip_or_a_cell_left_empty_is_no_other_person(one, other):
    assert judged(HOME, BOTH | one, BOTH | other) == ("accept", "")


@SOURCES
@pytest.mark.parametrize(
    ("one", "other", "flag"),
    [
        ({"birth_date": date(1958, 3, 8)}, {"birth_date": date(1985, 3, 8)}, "other_birth"),
        ({"birth_date": date(1969, 5, 6)}, {"birth_date": date(1999, 5, 6)}, "other_birth"),
        ({"name": "王喆"}, {"name": "王哲"}, "twins"),
        ({"name": "Chen Jia"}, {"name": "陈嘉"}, "pinyin_only"),
    ],
)
def test_online_too_one_name_is_not_always_one_person(one, other, flag, source):
    bare = replace(WANG, id_number=None)
    found = score(replace(bare, **one), replace(bare, **other, source=source), TABLES)
    assert found.outcome != "accept"
    assert flag in found.flags
    with_number = score(replace(WANG, **one), replace(WANG, **other, source=source), TABLES)
    assert flag not in with_number.flags

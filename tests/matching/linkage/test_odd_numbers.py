"""What names a person and what only fills the cell; one number under two people."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage import labels, online
from matching.linkage.blocking import blocking_values
from matching.linkage.model import Model
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score
from matching.linkage.values import idnumber
from person_records import records

TABLES = online.for_size(1_000_000)
PLACEHOLDERS = [
    "111111111111111111", "000000000000000000", "111111111111111", "999999999999999999", "123456789012345678",
    "12345678901234567X", "121212121212121212", "123123123123123123", "430104000000000000", "430104111111111111",
    "1", "0", "99999", "111111", "123456", "无身份证", "外籍", "无证", "暂无", "ABCDEF", "******************", "****",
]  # fmt: skip


def number(born: date, serial: int, area: str = "430102") -> str:
    first = f"{area}{born:%Y%m%d}{serial:03d}"
    return first + idnumber.check_character(first)


BORN = date(2017, 3, 5)
MING = PersonRecord(
    name="李小明", id_number=number(BORN, 21), birth_date=BORN, sex="M", phone="13800138000", source="insurer"
)


def levels(a: PersonRecord, b: PersonRecord) -> dict[str, str]:
    return {e.field: e.level for e in score(a, b, TABLES).evidence}


@pytest.mark.parametrize("filled", PLACEHOLDERS)
@pytest.mark.parametrize("source", ["insurer", "application"])
def test_what_only_fills_the_cell_links_nobody(filled, source):
    a = PersonRecord(
        name="王芳", id_number=filled, birth_date=date(1980, 1, 1), phone="13800138000", source="insurer"
    )
    b = replace(a, birth_date=date(1980, 9, 9), phone="13900139000", source=source)
    found = score(a, b, TABLES)
    assert found.outcome == "reject"
    assert "id_number" not in levels(a, b)
    assert "no_identifier" in found.flags


@settings(max_examples=80, deadline=None)
@given(records, records, st.sampled_from(PLACEHOLDERS), st.sampled_from(PLACEHOLDERS))
def test_a_placeholder_weighs_as_an_empty_cell(a, b, one, two):
    empty = score(replace(a, id_number=None), replace(b, id_number=None))
    assert score(replace(a, id_number=one), replace(b, id_number=two)).weight == pytest.approx(empty.weight)


@pytest.mark.parametrize("filled", PLACEHOLDERS)
def test_a_placeholder_makes_no_key(filled):
    keys = {name for name, _ in blocking_values(replace(MING, id_number=filled))}
    assert not keys & {"id18", "id_ends", "birth_tail"}


@settings(max_examples=60, deadline=None)
@given(st.dates(date(1900, 1, 1), date(2029, 12, 31)), st.integers(1, 999))
def test_a_possible_number_is_never_a_placeholder(born, serial):
    valid = number(born, serial)
    assert idnumber.parse(valid) is not None
    assert not idnumber.is_placeholder(valid) or len(set(valid)) < 4


def test_an_impossible_number_written_twice_is_a_question():
    wrong = MING.id_number[:-1] + ("1" if MING.id_number[-1] != "1" else "2")
    found = score(
        replace(MING, id_number=wrong), replace(MING, id_number=wrong, source="application"), TABLES
    )
    assert found.levels["id_number"] == "unproven"
    assert found.outcome == "review"
    assert {"same_invalid_id", "invalid_id_number"} <= set(found.flags)
    alone = PersonRecord(name="王芳", id_number=wrong)
    assert "no_identifier" in score(alone, alone, TABLES).flags
    right, copied = (
        next(e for e in score(MING, b).evidence if e.field == "id_number").weight for b in (MING, MING)
    )
    assert right == copied
    weak = next(
        e
        for e in score(replace(MING, id_number=wrong), replace(MING, id_number=wrong)).evidence
        if e.field == "id_number"
    )
    assert 0 < weak.weight < right / 2


@pytest.mark.parametrize(
    ("paper", "kind"),
    [
        ("11010519491231002X", "resident"), ("E12345678", "passport"), ("EA1234567", "passport"), ("G87654321", "passport"),
        ("TK1234567", "passport"), ("H12345678", "permit"), ("M1234567801", "permit"), ("USA110190010112", "permit"),
        ("430102201703050011", "like_resident"), ("12345678", "other"), ("AB12", "other"),
    ],
)  # fmt: skip
def test_papers_by_their_form(paper, kind):
    assert idnumber.document(paper) == kind


def test_a_foreigners_permanent_residence_number_is_checked_as_a_residents():
    first = "911840" + "19800101" + "001"
    found = idnumber.parse(first + idnumber.check_character(first))
    assert found is not None
    assert (found.birth, found.sex, found.area6) == (date(1980, 1, 1), "M", "110000")


def test_a_passport_is_no_broken_number_but_needs_a_second_thing():
    mine = replace(MING, id_number="E12345679")
    found = score(mine, replace(mine, source="application"), TABLES)
    assert (found.outcome, found.flags) == ("accept", ())
    bare = PersonRecord(name="李小明", id_number="E12345679")
    assert score(bare, bare, TABLES).outcome == "review"
    assert "unchecked_document" in score(bare, bare, TABLES).flags


@pytest.mark.parametrize("other", ["E12345679", "G00000001", "H12345678", "12345678"])
def test_papers_of_two_kinds_say_nothing_of_one_another(other):
    assert "id_number" not in levels(MING, replace(MING, id_number=other))


def test_a_renewed_passport_is_no_disagreement_and_a_permit_is():
    one, two = (replace(MING, id_number=v) for v in ("E12345679", "EA7654321"))
    assert "id_number" not in levels(one, two)
    one, two = (replace(MING, id_number=v) for v in ("H12345678", "H12345679"))
    assert levels(one, two)["id_number"] == "else"
    assert levels(one, replace(one, id_number="H1234567802"))["id_number"] == "exact"


GIRL = PersonRecord(
    name="陈雨涵", id_number=number(BORN, 22), birth_date=BORN, sex="F", phone="13800138000", source="insurer"
)


@pytest.mark.parametrize("masked", ["430102********XXXX", "430102************", "4301************XX"])
def test_a_hidden_number_is_silent_about_what_it_hides(masked):
    campaign = PersonRecord(
        name="陈雨涵", id_number=masked, birth_date=date(1971, 11, 30), sex="M", source="campaign"
    )
    found = score(GIRL, campaign, TABLES)
    assert found.outcome == "reject"
    assert levels(GIRL, campaign)["birth_date"] == "else"
    assert levels(GIRL, campaign)["sex"] == "else"


@pytest.mark.parametrize(
    ("masked", "silent"),
    [
        (GIRL.id_number[:14] + "****", {"birth_date"}),
        ("43010220**********"[:10] + "*" * 4 + GIRL.id_number[14:], {"sex"}),
        (GIRL.id_number[:6] + "********" + GIRL.id_number[14:], {"sex"}),
        ("******" + GIRL.id_number[6:], {"birth_date", "sex"}),
    ],
)
def test_a_hidden_number_silences_what_can_be_seen_of_it(masked, silent):
    told = levels(GIRL, replace(GIRL, id_number=masked))
    assert told["id_number"] == "masked"
    assert {"birth_date", "sex"} - set(told) == silent


@pytest.mark.parametrize(
    ("other", "flag"),
    [
        (
            replace(MING, name="李小朋", birth_date=date(2012, 3, 9), phone="13900139000"),
            "shared_id_other_name",
        ),
        (replace(MING, name="李小朋"), "shared_id_other_name"),
        (replace(MING, name="李晓明", birth_date=None), "shared_id_other_name"),
        (replace(MING, name="李晓明", birth_date=date(2017, 3, 6)), "shared_id_other_name"),
        (replace(MING, name="李明"), "shared_id_other_name"),
        (replace(MING, name="李晓敏"), "shared_id_other_name"),
        (replace(MING, name="王国强"), "shared_id_other_name"),
        (replace(MING, birth_date=date(2012, 8, 19)), "id_other_birth"),
        (replace(MING, sex="F"), "id_other_sex"),
    ],
)
@pytest.mark.parametrize("source", ["insurer", "application", None])
def test_one_number_under_two_people_is_asked_about_in_words(other, flag, source):
    other = replace(other, source=source)
    for a, b in ((MING, other), (other, MING)):
        found = score(a, b, TABLES)
        assert found.outcome == "review"
        assert flag in found.flags
        assert flag in labels.FLAGS


@pytest.mark.parametrize(
    "other",
    [
        replace(MING, birth_date=date(2017, 3, 6)),  # one digit
        replace(MING, birth_date=date(2017, 5, 3)),  # day and month
        replace(MING, birth_date=date(2017, 4, 2)),  # another month, within a month
        replace(MING, birth_date=None, birth_year=2017),
        replace(MING, name="李小明", id_number=MING.id_number[:5] + "1" + MING.id_number[6:]),
    ],
)
def test_a_slip_beside_an_agreeing_number_needs_nobody(other):
    found = score(MING, replace(other, source="application"), TABLES)
    assert found.outcome in ("accept", "review")
    assert "id_other_birth" not in found.flags


@pytest.mark.parametrize(
    ("one", "two"), [("闫丽", "阎丽"), ("張偉", "张伟"), ("肖红", "萧红"), ("𠮷明", "吉明")]
)
def test_ways_to_write_one_name_are_no_other_name(one, two):
    found = score(replace(MING, name=one), replace(MING, name=two, source="application"), TABLES)
    assert (found.outcome, found.flags) == ("accept", ())


@pytest.mark.parametrize("phone", [MING.phone, None, "13900139000"])
def test_a_character_that_sounds_the_same_is_a_slip_where_number_and_birth_date_agree(phone):
    found = score(MING, replace(MING, name="李晓明", phone=phone, source="application"), TABLES)
    assert (found.levels["name"], found.flags) == ("homophone", ())
    assert found.outcome == "accept"  # unless somebody else bears that name (`lookup.judge`)


NAMES = st.sampled_from(
    ["陈佳", "陈嘉", "李小明", "李小朋", "李晓明", "王芳", "Li Ming", "李*", "欧阳一", "陈佳怡"]
)


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES, st.booleans(), st.booleans())
def test_no_weight_accepts_one_number_under_two_names(one, two, shared_phone, shared_birth):
    a = replace(MING, name=one)
    b = replace(
        MING, name=two, phone=MING.phone if shared_phone else None, birth_date=BORN if shared_birth else None
    )
    found = score(a, b, TABLES)
    slip = found.levels["name"] == "homophone" and shared_birth
    if found.levels["name"] not in ("exact", "variant", "romanised") and not slip:
        assert found.outcome == "review"
        assert {"shared_id_other_name", "masked_name"} & set(found.flags)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("陈佳", "陈嘉"),
        ("陈晶", "陈静"),
        ("王佳佳", "王嘉嘉"),
        ("刘洋", "刘阳"),
        ("李欣怡", "李心怡"),
        ("周林", "周凌"),
    ],
)
@pytest.mark.parametrize("source", ["insurer", "application", "campaign"])
def test_twins_with_names_that_sound_alike_are_asked_about(one, two, source):
    born = date(2010, 5, 6)
    a = PersonRecord(name=one, birth_date=born, phone="13800138000", source="insurer")
    found = score(a, replace(a, name=two, source=source), TABLES)
    assert found.outcome == "review"
    assert "twins" in found.flags


def test_a_date_that_stands_for_unknown_agrees_with_nothing():
    for unknown in (date(1900, 1, 1), date(9999, 9, 9), date(1899, 12, 30)):
        a = PersonRecord(name="王芳", birth_date=unknown, phone="13800138000", source="insurer")
        found = score(a, replace(a, source="application"), TABLES)
        assert "birth_date" not in {e.field for e in found.evidence}
        assert found.outcome == "review"
        assert "name_birth" not in dict(blocking_values(a))


def test_numbers_of_another_scheme_name_people_where_a_table_is_full_of_them():
    foreign = Model.for_fields(
        {"ssn": "id_number"}, {"ssn": ["530-42-1899", "612-33-0917", None, "000-00-0000"]}
    )
    table = foreign.prepare({"ssn": ["530-42-1899", "530421899", "000000000", "000-00-0000"]})
    import numpy as np

    i, j = np.array([0, 2], dtype=np.int32), np.array([1, 3], dtype=np.int32)
    assert table.levels(i, j)[:, 0].tolist() == [1, 0]
    chinese = Model.for_fields({"id": "id_number"}, {"id": [MING.id_number, GIRL.id_number, "99887766"]})
    assert not chinese.comparisons[0].any_scheme

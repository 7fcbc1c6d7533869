"""What is decided where a person has several descriptions: all of them speak."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from insurance.linking.lookup import Scored, judge
from matching.linkage import online
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import NEVER_ACCEPT, score_many
from matching.linkage.values.idnumber import check_character

TABLES = online.for_size(1_000_000)
NUMBER = "43010219800101022" + check_character("43010219800101022")
OTHER = "43010219800101024" + check_character("43010219800101024")
WANG = PersonRecord(
    name="王芳",
    id_number=NUMBER,
    birth_date=date(1980, 1, 1),
    sex="F",
    phone="13800138000",
    area="430102",
    source="insurer",
)
#: What stands against a description of 王芳 with her number, whatever else she is known by.
AGAINST = [
    replace(WANG, name="李强"), replace(WANG, name="李强", sex=None, phone=None), replace(WANG, birth_date=date(1955, 7, 9)),
    replace(WANG, sex="M"), replace(WANG, id_number=OTHER),
]  # fmt: skip
SILENT = [replace(WANG, name=name) for name in (None, "", "😀", "13800138000", "新生儿", "王*", "王芳之女")]
FITS = [WANG, replace(WANG, phone=None), replace(WANG, source="application"), replace(WANG, birth_date=None)]


def judged(new: PersonRecord, known: list[tuple[int, PersonRecord]]):
    pairs = score_many(new, [record for _, record in known], TABLES)
    return judge(
        [
            Scored(k, person, record.id_number == new.id_number, record, pair)
            for k, ((person, record), pair) in enumerate(zip(known, pairs, strict=True))
        ],
        masked=False,
    )


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.sampled_from([*FITS, *SILENT]), max_size=4), st.sampled_from(AGAINST), st.integers(0, 4),
    st.sampled_from(["insurer", "application"]),
)  # fmt: skip
def test_one_description_that_contradicts_is_heard_among_any_others(others, against, place, source):
    known = [(1, record) for record in [*others[:place], against, *others[place:]]]
    found = judged(replace(WANG, source=source), known)
    assert found.same is None
    assert [item.person_id for item in found.doubts] == [1]
    assert NEVER_ACCEPT & set(found.doubts[0].pair.flags)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(SILENT), min_size=1, max_size=4), st.sampled_from(SILENT))
def test_descriptions_without_a_name_link_nobody(known, new):
    assert judged(new, [(1, record) for record in known]).same is None
    assert judged(replace(WANG, name="李强"), [(1, record) for record in known]).same is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*FITS, *SILENT[:-1]]), max_size=4), st.randoms())
def test_descriptions_that_say_little_stand_in_nobodys_way(others, rng):
    known = [(1, record) for record in [WANG, *others]]
    rng.shuffle(known)
    found = judged(replace(WANG, source="application"), known)
    assert found.same is not None
    assert found.same.person_id == 1

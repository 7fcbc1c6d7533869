"""The online path on the real tables: what is found, what it costs when the input is bad, what is told about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

import factories as make
from insurance.linking import lookup, services
from insurance.linking.models import NotSame, Review
from matching.linkage.records import PersonRecord
from matching.linkage.scoring import score_many
from outbox import tasks
from people import index, registry
from people.models import BlockingKey, Identity, LinkageRecord, Person
from person_records import records
from scope import engine_scope

pytestmark = pytest.mark.django_db

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = "宝莲建国雪梅志强秀英海波文静晓东丽娟"


@settings(max_examples=60, deadline=None)
@given(records)
def test_a_record_comes_back_as_it_was_kept(record):
    assert lookup.decode(lookup.encode(record)) == record
    assert lookup.encode(record) == lookup.encode(replace(record))


def test_bytes_of_another_version_are_not_read():
    import msgspec

    body = msgspec.msgpack.decode(lookup.encode(PersonRecord(name="陈雨涵")))
    assert lookup.decode(msgspec.msgpack.encode([99, *body[1:]])) is None


def look(identity_id):
    with engine_scope("test"):
        identity = Identity.objects.get(pk=identity_id)
        mine = services.record_of(identity)
        keys = lookup.keys_of(identity, mine)
        return lookup.look_up(identity.pk, mine, keys)


def test_it_finds_by_number_first_and_only_linked_ones(people):
    known, person = people.linked()
    people.insurer(phone="13800005521", name="王建国", id_number="", id_valid=False)  # waits, is nobody yet
    (found,) = look(people.insurer(name="陈雨函", phone=""))
    assert (found.identity_id, found.person_id, found.by_number) == (known, person, True)
    assert found.record.name == "陈雨涵"


def test_a_no_of_the_reviewer_leaves_the_person_out(people):
    _, person = people.linked()
    asking = people.insurer(name="陈雨函", phone="")
    with engine_scope("test"):
        NotSame.objects.create(identity_id=asking, person_id=person, decided_by=1)
    assert look(asking) == []


def test_one_that_was_linked_without_the_index_is_read_from_its_description(people):
    known, _ = people.linked()
    before = look(people.insurer(phone=""))
    with engine_scope("test"):
        BlockingKey.objects.filter(identity_id=known).delete()
        LinkageRecord.objects.filter(identity_id=known).delete()
    (after,) = look(people.insurer(phone="", area=""))
    assert after.record == before[0].record
    assert after.by_number


def test_what_is_kept_to_compare_is_what_the_description_says(people):
    identity, _ = people.linked()
    people.bill(identity, hospital_name="示例市儿童医院", disease_name="急性淋巴细胞白血病")
    people.link(identity)
    with engine_scope("test"):
        kept = lookup.decode(LinkageRecord.objects.get(identity_id=identity).body)
        row = Identity.objects.get(pk=identity)
        assert kept == lookup.as_record(row, lookup.stays([identity])[identity])
    assert kept.hospital == "示例市儿童医院"


def test_a_masked_name_without_a_surname_is_found_by_hospital_illness_and_last_character(people):
    identity, person = people.linked()
    people.bill(identity, hospital_name="示例市儿童医院", disease_name="急性淋巴细胞白血病")
    people.link(identity)
    extra = {"age": 9, "birth_year": 2017, "hospital": "示例市儿童医院", "disease": "急性淋巴细胞白血病"}
    campaign = people.campaign(name="**涵", birth_date=None, sex="", area="", extra=extra)
    assert [one.person_id for one in look(campaign)] == [person]


@pytest.fixture
def crowd(people):
    """People of many names who all gave a volunteer's number: as many as a block holds, and a third more."""
    org = make.organisation("statutory_insurer")
    identities = []
    for n in range(130):
        born = date(1950 + n % 60, 1 + n % 12, 1 + n % 28)
        identity = people.insurer(
            org,
            name=SURNAMES[n % 30] + GIVEN[n % 17] + GIVEN[(n * 7) % 18],
            birth_date=born,
            id_number=people.number(born=born, serial=100 + n),
            phone="13900001111",
        )
        people.link(identity)
        identities.append(identity)
    return identities


def test_many_records_with_one_phone_are_not_compared_with_each_other(people, crowd, monkeypatch):
    compared = []
    real = lookup.score_many
    monkeypatch.setattr(
        lookup, "score_many", lambda a, rows, **kw: compared.append(len(rows)) or real(a, rows, **kw)
    )
    people.link(people.insurer(name="欧阳长青", phone="13900001111"))
    assert compared == [0], "a crowd's number finds nobody"
    known = look(crowd[50])
    assert len(known) < 10
    with engine_scope("test"):
        assert Person.objects.count() > 0.9 * len(crowd), "a shared number made nobody one person"


def test_the_query_reads_no_more_of_a_crowded_block_than_its_cap(people, crowd):
    with engine_scope("test"):
        identity = Identity.objects.get(pk=crowd[-1])
        key = lookup.keys_of(identity, lookup.as_record(identity)).phone
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE blocking_key")
            cursor.execute("SET LOCAL enable_seqscan = off")  # a table of these few pages would be read whole
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute(
                "EXPLAIN (ANALYZE, FORMAT JSON) " + lookup._SQL,
                {"keys": [key], "number": b"", "phone": None, "identity": 0},
            )
            plan = cursor.fetchone()[0][0]["Plan"]

    def scans(node):
        if node.get("Relation Name") == "blocking_key":
            yield node["Actual Rows"]
        for child in node.get("Plans", []):
            yield from scans(child)

    rows = list(scans(plan))
    assert rows
    assert max(rows) <= index.CANDIDATES_PER_KEY


def test_a_crowds_number_is_no_evidence_and_the_reviewer_is_told(people, crowd):
    with engine_scope("test"):
        known = Identity.objects.get(pk=crowd[5])
        values = {"name": known.name, "birth_date": known.birth_date, "phone": "13900001111"}
    result = people.link(people.insurer(id_number="", id_valid=False, sex="", **values))
    assert result.outcome == "review"
    with engine_scope("test"):
        review = Review.objects.get(candidate_id=known.person_id)
    assert {"crowded_phone", "no_identifier"} <= set(review.flags)
    (phone,) = [item for item in review.evidence if item["field"] == "phone"]
    assert phone["weight"] == 0


def test_a_family_is_no_crowd(people):
    _, person = people.linked()
    for n in range(5):
        people.linked(
            name=f"陈{GIVEN[n]}",
            birth_date=date(1980 + n, 1, 1),
            id_number=people.number(born=date(1980 + n, 1, 1)),
        )
    result = people.link(people.insurer(id_number="", id_valid=False))
    assert result.person_id == person


def test_two_people_with_one_number_are_asked_about_and_it_says_so(people):
    _, person = people.linked()
    result = people.link(
        people.insurer(name="赵建国", birth_date=date(1950, 1, 1), sex="1", phone="", area="110101")
    )
    assert result.outcome == "review"
    with engine_scope("test"):
        assert "shared_id_other_name" in Review.objects.get(candidate_id=person).flags


@pytest.mark.parametrize("name", ["😀😀😀", "陈" * 500, "张" + "😀" * 499, "1" * 500, "* " * 250])
def test_odd_names_are_looked_up_like_others(people, name):
    people.linked()
    asking = people.insurer(name=name)
    assert len(look(asking)) == 1
    assert people.link(asking).outcome == "review" or people.person_of(asking)


ALIKE = {"hospital": "示例市儿童医院", "disease": "急性淋巴细胞白血病"}


def multiplied(identity_id, times):
    """So many more persons whose descriptions have the same keys and say the same."""
    with engine_scope("test"), connection.cursor() as cursor:
        first = Identity.objects.get(pk=identity_id)
        people_ = Person.objects.bulk_create(Person() for _ in range(times))
        rows = Identity.objects.bulk_create(
            Identity(
                source="insurer", organisation_id=first.organisation_id, person=one, state="linked", method="new",
                fingerprint=one.pk.to_bytes(16, "big"), name=first.name, birth_date=first.birth_date,
                sex=first.sex, area=first.area,
            )
            for one in people_
        )  # fmt: skip
        ids = [row.pk for row in rows]
        cursor.execute(
            "INSERT INTO blocking_key (identity_id, key) SELECT i.id, k.key FROM unnest(%s::bigint[]) AS i(id),"
            " blocking_key k WHERE k.identity_id = %s",
            [ids, identity_id],
        )
        cursor.execute(
            "INSERT INTO linkage_record (identity_id, body) SELECT i.id, r.body FROM unnest(%s::bigint[]) AS i(id),"
            " linkage_record r WHERE r.identity_id = %s",
            [ids, identity_id],
        )


@pytest.fixture
def treated(people):
    """A child whose insurer says neither number nor phone, and where it was treated for what."""
    identity, person = people.linked(id_number="", id_valid=False, phone="")
    people.bill(identity, hospital_name=ALIKE["hospital"], disease_name=ALIKE["disease"])
    people.link(identity)
    return identity, person


def appeal(people, **fields):
    extra = {"age": 9, "birth_year": 2017, **ALIKE}
    return people.campaign(**{"name": "陈**", "birth_date": None, "extra": extra, **fields})


def test_two_thousand_of_one_surname_hospital_and_illness_cost_what_fifty_cost(people, treated):
    multiplied(treated[0], 2000)
    asking = appeal(people)
    assert len(look(asking)) == lookup.CANDIDATES
    assert people.link(asking).outcome == "waiting", "among so many nobody can say which"
    with engine_scope("test"):
        assert not Review.objects.exists()


def test_a_flood_of_appeals_hides_nobody_who_comes_later(people):
    for _ in range(index.CANDIDATES_PER_KEY + 10):
        people.link(appeal(people))
    identity, person = people.linked()
    people.bill(identity, hospital_name=ALIKE["hospital"], disease_name=ALIKE["disease"])
    people.link(identity)
    assert [one.person_id for one in look(appeal(people))] == [person]


def test_an_appeal_that_came_first_is_woken_by_the_bill(people):
    asking = appeal(people)
    assert people.link(asking).outcome == "waiting"
    identity, person = people.linked()
    people.bill(identity, hospital_name=ALIKE["hospital"], disease_name=ALIKE["disease"])
    people.link(identity)
    tasks.drain()
    with engine_scope("test"):
        assert Review.objects.get(identity_id=asking).candidate_id == person


def test_an_appeal_is_nobodys_candidate_even_when_it_is_somebody(people, treated):
    first = appeal(people)
    people.link(first)
    with engine_scope("test"):
        registry.assign(Identity.objects.get(pk=first), Person.objects.get(pk=treated[1]), "review")
    assert [one.identity_id for one in look(appeal(people))] == [treated[0]]


def test_a_dozen_alike_are_asked_about_by_the_likeliest_and_it_says_so(people, treated):
    multiplied(treated[0], 11)
    assert people.link(appeal(people)).outcome == "review"
    with engine_scope("test"):
        reviews = list(Review.objects.all())
    assert len(reviews) == services.REVIEWS_PER_IDENTITY
    assert all({"many_alike", "masked_name"} <= set(review.flags) for review in reviews)


def test_one_alone_is_not_said_to_be_one_of_many(people, treated):
    people.link(appeal(people))
    with engine_scope("test"):
        assert "many_alike" not in Review.objects.get(candidate_id=treated[1]).flags


def test_whoever_has_the_number_is_asked_about_among_however_many(people, treated):
    known, person = people.linked(name="赵建国", sex="1", area="110101", birth_date=date(1950, 1, 1))
    multiplied(treated[0], 200)
    result = people.link(people.insurer(phone=""))
    assert result.outcome == "review"
    with engine_scope("test"):
        assert Review.objects.filter(candidate_id=person, flags__contains=["shared_id_other_name"]).exists()


@pytest.mark.parametrize(
    "name", ["😀*😀", "陈*" * 250, "陈*Smith", "**", "*", "某某某", "13800138000", "陈\u202e涵*", "﷽" * 60]
)
@pytest.mark.parametrize("extra", [{}, {"age": 500, "birth_year": -3}, {"age": -7, "birth_year": 99999}])
def test_an_odd_appeal_is_kept_and_never_somebody_by_itself(people, treated, name, extra):
    stay = {"hospital": "医院" * 60, "disease": "😀" * 200}
    result = people.link(appeal(people, name=name, extra={**stay, **extra}))
    assert result.person_id is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.floats(-60, 60)), max_size=60))
def test_questions_are_about_those_who_hold_a_share_of_the_odds(weights):
    (plain,) = score_many(PersonRecord(name="陈*"), [PersonRecord(name="陈雨涵")])
    scored = [
        lookup.Scored(
            at, person, False, PersonRecord(), plain._replace(weight=weight, outcome="reject", flags=("masked_name",))
        )
        for at, (person, weight) in enumerate(weights)
    ]  # fmt: skip
    found = lookup.judge(scored, masked=True)
    assert found.same is None
    assert len(found.doubts) <= 1 / lookup.ASK
    best = {}
    for person, weight in weights:
        best[person] = max(weight, best.get(person, weight))
    total = 1 + sum(2.0**weight for weight in best.values())
    asked = {item.person_id: item.pair.weight for item in found.doubts}
    for person, weight in best.items():
        share = 2.0**weight / total
        if abs(share - lookup.ASK) > 1e-9:
            assert (person in asked) == (share > lookup.ASK)
            assert asked.get(person, weight) == weight

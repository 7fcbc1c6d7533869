"""A person has many bills; an appeal tells of one stay, seldom of the latest."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from insurance.linking import lookup, services
from insurance.linking.models import Review
from insurance.linking.pair import pair
from insurance.linking.reindexing import renew
from insurance.linking.stays import AT_MOST, Treatment, stays, telling
from matching.linkage import blocking
from matching.linkage.records import Stay
from outbox import tasks
from people.models import BlockingKey, Identity, LinkageRecord
from scope import engine_scope

BORN = date(1958, 10, 20)
CANCER = {"hospital_name": "中南大学湘雅医院", "disease_name": "支气管和肺恶性肿瘤", "disease": "C34.900"}
COLD = {
    "hospital_name": "长沙市岳麓区望月湖街道社区卫生服务中心",
    "disease_name": "急性上呼吸道感染",
    "disease": "J06.900",
}
TOLD = {"age": 68, "birth_year": 1958, "hospital": "湘雅医院", "disease": "肺癌"}


def somebody(people, *bills, **fields):
    """A man of the registry with these bills, in the order in which they came: (description, person)."""
    values = {
        "name": "曹建国", "birth_date": BORN, "sex": "1", "phone": "13900000001",
        "id_number": people.number(born=BORN, serial=41), **fields,
    }  # fmt: skip
    identity, person = people.linked(**values)
    for bill in bills:
        amount = bill.get("amount", "1000.00")
        people.bill(identity, amount, **{k: v for k, v in bill.items() if k != "amount"})
        people.link(identity)
    tasks.drain()
    return identity, person


def appeal(people, **fields):
    values = {"name": "曹*国", "birth_date": None, "sex": "1", "area": "430102", "extra": TOLD, **fields}
    return people.campaign(**values)


def asked(campaign):
    with engine_scope("test"):
        return list(Review.objects.filter(identity_id=campaign).values_list("candidate_id", flat=True))


def kept(identity):
    with engine_scope("test"):
        return lookup.decode(LinkageRecord.objects.get(identity_id=identity).body)


@pytest.mark.django_db
@pytest.mark.parametrize("area", ["430100", "430102"])
@pytest.mark.parametrize("name", ["曹*国", "曹**"])
@pytest.mark.parametrize("bills", [(CANCER,), (CANCER, COLD), (COLD, CANCER), (CANCER, COLD, COLD)])
def test_a_later_cold_hides_no_cancer(people, bills, name, area):
    _, person = somebody(people, *bills)
    campaign = appeal(people, name=name, area=area)
    assert people.link(campaign).outcome == "review"
    assert asked(campaign) == [person]


@pytest.mark.django_db
def test_the_reviewer_sees_the_stay_that_agreed_and_of_how_many(people):
    somebody(people, CANCER, COLD)
    campaign = appeal(people)
    people.link(campaign)
    with engine_scope("test"):
        shown = pair(Review.objects.get(identity_id=campaign))
    rows = {row.field: row for row in shown.rows}
    assert rows["hospital"].left[0].text == CANCER["hospital_name"]
    assert rows["disease"].left[0].text == CANCER["disease_name"]
    assert "2" in rows["stays"].left[0].text
    assert rows["stays"].weight == pytest.approx(-1, abs=0.05)
    told = shown.prior + sum(row.weight for row in shown.rows if row.weight)
    assert told == pytest.approx(shown.total, abs=0.02)


@pytest.mark.django_db
def test_with_one_stay_nothing_is_said_of_several(people):
    somebody(people, CANCER, CANCER)
    campaign = appeal(people)
    people.link(campaign)
    with engine_scope("test"):
        assert "stays" not in {row.field for row in pair(Review.objects.get(identity_id=campaign)).rows}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", "见诊断书", "恶性肿瘤"])
def test_a_code_tells_of_the_illness_where_its_name_does_not(people, name):
    identity, person = somebody(people, {**CANCER, "disease_name": name})
    campaign = appeal(people)
    people.link(campaign)
    assert asked(campaign) == [person]
    with engine_scope("test"):
        evidence = Review.objects.get(identity_id=campaign).evidence
    assert [item["level"] for item in evidence if item["field"] == "disease"] == ["group"]
    assert kept(identity).disease == "C34.900"


@pytest.mark.django_db
def test_an_appeal_that_waits_is_woken_by_the_third_bill(people):
    campaign = appeal(people)
    assert people.link(campaign).outcome == "waiting"
    _, person = somebody(people, COLD, COLD, CANCER)
    assert asked(campaign) == [person]


@pytest.mark.django_db
def test_what_was_kept_before_is_read_and_made_anew(people):
    identity, person = somebody(people, CANCER, COLD)
    whole = kept(identity)
    with engine_scope("test"):
        keys = set(BlockingKey.objects.filter(identity_id=identity).values_list("key", flat=True))
        version, *told = msgspec.msgpack.decode(lookup.encode(whole))
        told[9:11] = [COLD["hospital_name"], COLD["disease_name"]]
        LinkageRecord.objects.filter(identity_id=identity).update(
            body=msgspec.msgpack.encode([1, *told[:-1]]), keys_version=blocking.VERSION - 1
        )
        row = Identity.objects.get(pk=identity)
        one = lookup.as_record(row, [Stay(COLD["hospital_name"], COLD["disease_name"])])
        BlockingKey.objects.filter(identity_id=identity).exclude(
            key__in=lookup.keys_of(row, one).kept
        ).delete()
    assert version == lookup.VERSION
    assert kept(identity) == one
    campaign = appeal(people)
    assert people.link(campaign).outcome == "waiting"
    with engine_scope("test"):
        LinkageRecord.objects.filter(identity_id=campaign).update(keys_version=blocking.VERSION - 1)
    assert renew(10) == 2
    assert kept(identity) == whole
    with engine_scope("test"):
        assert set(BlockingKey.objects.filter(identity_id=identity).values_list("key", flat=True)) == keys
    tasks.drain()
    with engine_scope("test"):
        assert Review.objects.get().candidate_id == person, "the appeal that waited is looked at again"


HOUSES = ["中南大学湘雅医院", "湖南省肿瘤医院", "长沙市第一医院", "长沙市中心医院", "湖南省人民医院"]
ILLNESSES = [
    "支气管和肺恶性肿瘤",
    "胃恶性肿瘤",
    "肝细胞癌",
    "终末期肾病",
    "脑梗死",
    "急性心肌梗死",
    "乳腺恶性肿瘤",
    "白血病",
]


@pytest.mark.django_db
def test_who_was_everywhere_for_everything_draws_no_appeals(people):
    """As many bills as hospitals and illnesses there are: few are kept, and each counts for little."""
    everywhere = [{"hospital_name": h, "disease_name": d} for h in HOUSES for d in ILLNESSES]
    everywhere[0]["amount"] = "90000.00"  # the appeal's, so that it is among them
    magnet, drawn = somebody(people, *everywhere)
    born = date(1958, 3, 2)
    _, right = somebody(
        people,
        CANCER,
        name="曹志强",
        phone="",
        birth_date=born,
        id_number=people.number(born=born, serial=43),
    )
    assert len(kept(magnet).stays) == AT_MOST
    with engine_scope("test"):
        row = Identity.objects.get(pk=magnet)
        now = lookup.keys_of(row, services.record_of(row)).kept
    assert len(now) < 100
    campaign = appeal(people, name="曹**")
    people.link(campaign)
    with engine_scope("test"):
        weights = dict(Review.objects.filter(identity_id=campaign).values_list("candidate_id", "weight"))
    assert weights[drawn] == pytest.approx(weights[right] - math.log2(AT_MOST), abs=0.1)


@pytest.mark.django_db
def test_a_review_keeps_in_clear_what_bills_say_and_nothing_else(people):
    """What an appeal or an application tells of a stay is sealed, and stays so."""
    somebody(people, CANCER, COLD)
    campaign = appeal(people, extra={**TOLD, "hospital": "湘雅医院肿瘤科", "disease": "右肺癌晚期"})
    people.link(campaign)
    with engine_scope("test"):
        told = Review.objects.get(identity_id=campaign).stays
    assert told == {
        "identity": {"hospital": "", "disease": "", "which": 0, "of": 1},
        "candidate": {
            "hospital": CANCER["hospital_name"],
            "disease": CANCER["disease_name"],
            "which": 1,
            "of": 2,
        },
    }


@pytest.mark.django_db
def test_the_sealed_record_hides_every_stay(people):
    identity, _ = somebody(people, CANCER, COLD)
    with engine_scope("test"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM linkage_record WHERE identity_id = %s", [identity])
            (body,) = cursor.fetchone()
    for word in (CANCER["hospital_name"], CANCER["disease_name"], COLD["disease_name"], "C34", "湘雅"):
        assert word.encode() not in bytes(body)


def treatment(hospital="湘雅医院", name="肺癌", code="", cost="1000.00", last=1):
    return Treatment(hospital, name, code, Decimal(cost), last)


def test_what_cost_most_comes_first_and_the_newest_is_kept():
    serious = [treatment(name=name, cost=f"{90 - k}000.00", last=k) for k, name in enumerate(
        ["肺癌", "胃癌", "肝癌", "尿毒症", "脑梗死", "心肌梗死", "乳腺癌", "白血病", "骨折", "癫痫"]
    )]  # fmt: skip
    cold = treatment("望月湖社区卫生服务中心", "感冒", cost="80.00", last=50)
    found = telling([cold, *serious])
    assert found == (
        *(Stay("湘雅医院", one.name) for one in serious[: AT_MOST - 1]),
        Stay(cold.hospital, "感冒"),
    )
    older = treatment("望月湖社区卫生服务中心", "感冒", cost="80.00", last=-1)
    assert Stay(older.hospital, "感冒") not in telling([older, *serious])


def test_kinds_of_one_illness_in_one_hospital_are_one_stay():
    found = telling(
        [
            treatment(name="急性白血病", cost="500.00", last=3),
            treatment(name="急性淋巴细胞白血病", cost="90000.00", last=1),
            treatment(name="", code="C95.9", last=2),
        ]
    )
    assert found == (Stay("湘雅医院", "急性淋巴细胞白血病"),)


def test_a_bill_that_tells_less_than_another_is_no_stay_of_its_own():
    less = [treatment(name=""), treatment(hospital=""), treatment("", ""), treatment(name="", code="R69")]
    assert telling([*less, treatment(cost="1.00")]) == (Stay("湘雅医院", "肺癌"),)
    assert set(telling(less)) == {Stay("湘雅医院", ""), Stay("", "肺癌")}
    assert telling([treatment("", "")]) == ()


def test_the_order_in_which_bills_are_read_says_nothing():
    bills = [treatment(h, d, last=k) for k, (h, d) in enumerate((h, d) for h in HOUSES for d in ILLNESSES)]
    assert telling(bills) == telling(bills[::-1])
    assert len(telling(bills)) == AT_MOST


def test_of_ten_thousand_bills_two_hundred_are_read_and_the_newest():
    flood = [treatment(f"第{k}医院", f"病{k}", cost=f"{k}.00", last=k) for k in range(10_000)]
    cold = treatment("社区卫生服务中心", "感冒", cost="0.01", last=10_000)
    found = telling([*flood, cold])
    assert len(found) == AT_MOST
    assert {Stay("第9999医院", "病9999"), Stay(cold.hospital, cold.name)} <= set(found)


@pytest.mark.django_db
def test_bills_of_others_are_not_among_them(people):
    one, _ = somebody(people, CANCER)
    other, _ = somebody(people, COLD, name="李秀英", id_number=people.number(serial=7))
    with engine_scope("test"):
        assert {key: len(found) for key, found in stays([one, other]).items()} == {one: 1, other: 1}
        assert stays([other])[other] == (Stay(COLD["hospital_name"], COLD["disease_name"]),)

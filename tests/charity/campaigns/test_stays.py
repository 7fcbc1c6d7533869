"""Where and for what an appeal's patient was treated: by a code where no name is said, in two hospitals where two are named."""

from __future__ import annotations

import pytest

from charity.campaigns import counting
from charity.campaigns.models import CampaignLink
from insurance.linking import lookup, pair
from insurance.linking.models import Review
from matching.linkage.records import Stay
from outbox import tasks
from people.models import Identity
from scope import engine_scope

pytestmark = pytest.mark.django_db

STORY = "陈雨涵，9岁，8月确诊急性淋巴细胞白血病，目前在示例市儿童医院化疗。"


def described(result):
    with engine_scope("test"):
        identity = Identity.objects.get(source="campaign", source_id=result["id"])
        return lookup.as_record(identity).stays


@pytest.mark.parametrize(
    ("name", "code", "found"),
    [
        ("", "C91.0", "C91.0"),
        ("重病", "C91.0", "C91.0"),
        ("白血病", "C91.0", "白血病"),
        ("急淋", "", "急淋"),
        ("", "", ""),
    ],
)
def test_the_code_is_compared_where_its_name_says_less(platform, name, code, found):
    result = platform.one(beneficiary={"disease": name}, disease_code=code)
    tasks.drain()
    assert described(result) == (Stay("示例市儿童医院", found),)


def test_an_appeal_with_a_code_alone_is_asked_about(platform, patient):
    patient.bill()
    platform.one(beneficiary={"disease": ""}, disease_code="C91.0")
    tasks.drain()
    with engine_scope("test"):
        evidence = Review.objects.get(candidate_id=patient.person_id).evidence
    assert [item["level"] for item in evidence if item["field"] == "disease"] == ["group"]


def test_words_that_contradict_the_code_fill_nothing(platform):
    result = platform.one(
        beneficiary={"disease": ""}, disease_code="S72.0", appeal={"title": "求助", "story": STORY}
    )
    tasks.drain()
    assert described(result)[0].disease == "S72.0"


def test_a_hospital_that_the_words_name_beside_the_stated_one_is_another_stay(platform, patient):
    patient.bill()
    result = platform.one(beneficiary={"hospital": "北京协和医院"}, appeal={"title": "求助", "story": STORY})
    tasks.drain()
    illness = "急性淋巴细胞白血病"
    assert described(result) == (Stay("北京协和医院", illness), Stay("示例市儿童医院", illness))
    with engine_scope("test"):
        review = Review.objects.get(candidate_id=patient.person_id)
        shown = {row.field: row for row in pair.pair(review).rows}
    assert shown["hospital"].right[0].text == "示例市儿童医院"
    assert "北京" not in str(review.stays) + str(review.score)
    assert review.stays["identity"] == {"hospital": "", "disease": "", "which": 1, "of": 2}


def test_the_stated_hospital_said_again_is_no_other_stay(platform):
    result = platform.one(appeal={"title": "求助", "story": STORY})
    tasks.drain()
    assert len(described(result)) == 1


def test_who_was_linked_before_codes_counted_keeps_his_person(platform, shop, patient, monkeypatch):
    patient.bill()
    values = {"beneficiary": {"disease": ""}, "disease_code": "C91.0"}
    with monkeypatch.context() as before:
        before.setattr(counting, "describe", counting._described)
        result = platform.one(**values)
        tasks.drain()
        shop.answer("same")
    assert described(result)[0].disease == ""
    platform.one(**values, raised="20000.00")
    tasks.drain()
    assert described(result)[0].disease == "C91.0"
    with engine_scope("test"):
        assert CampaignLink.objects.get(pk=result["id"]).person_id == patient.person_id
        assert not Review.objects.filter(state="open").exists()

"""Other rules of reading: appeals that were read before are read anew, and nobody loses a person or a yuan by it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from audit.models import Entry
from charity.campaigns import rereading, tasks
from charity.campaigns.models import Campaign, CampaignLink, CampaignReading
from insurance.ledger import services as ledger
from insurance.linking import services as linking
from insurance.linking.models import Review
from matching.linkage.values import extract
from matching.linkage.values.extract import Extracted
from outbox.tasks import drain
from people.models import BlockingKey, Identity
from scope import engine_scope

pytestmark = pytest.mark.django_db
D = Decimal
STORY = "我女儿陈雨涵今年9岁，2017年3月8日出生。8月确诊急性淋巴细胞白血病，目前在示例市儿童医院化疗。"
NEWER = "appeal-next"


@pytest.fixture
def told(platform):
    """A campaign with its words, as it was read by the rules of its day."""

    def tell(story=STORY, **stated):
        nothing = {"name": "", "age": None, "sex": "", "area": "", "hospital": "", "disease": ""}
        result = platform.one(beneficiary={**nothing, **stated}, appeal={"title": "", "story": story})
        drain()
        return result["id"]

    return tell


@pytest.fixture
def newer(monkeypatch):
    """Rules that read the hospital otherwise, or whatever else they are told."""
    read = extract.extract

    def change(**instead):
        def other(text):
            found = [one for one in read(text) if one.field not in instead]
            for name, (value, said) in instead.items():
                start = text.index(said)
                found.append(Extracted(name, value, start, start + len(said)))
            return sorted(found, key=lambda one: (one.start, one.end))

        monkeypatch.setattr(extract, "extract", other)
        monkeypatch.setattr(extract, "VERSION", NEWER)

    return change


def identity_of(campaign):
    with engine_scope("test"):
        return Identity.objects.get(source="campaign", source_id=campaign)


def reading_of(campaign):
    with engine_scope("test"):
        return CampaignReading.objects.get(pk=campaign)


def audited(action):
    with engine_scope("test"):
        rows = Entry.objects.filter(action=action).select_related("content").order_by("pk")
        return [row.content.payload for row in rows]


def position(need):
    with engine_scope("test"):
        return ledger.need_position(need)


def test_what_the_rules_in_use_have_read_is_left_alone(told):
    campaign = told()
    before = reading_of(campaign).read_at
    assert rereading.renew(30.0) == 0
    assert reading_of(campaign).read_at == before
    assert audited("campaign.reread") == []


def test_other_rules_read_it_anew_once_and_it_is_in_the_log_without_a_word_of_it(told, newer):
    campaign = told()
    newer(hospital=("儿童医院", "儿童医院"))
    tasks.reread()
    drain()
    assert reading_of(campaign).extractor == NEWER
    assert identity_of(campaign).extra["hospital"] == "儿童医院"
    (payload,) = audited("campaign.reread")
    assert payload["fields"] == ["hospital"]
    assert payload["now"] == NEWER
    assert "儿童" not in str(payload)
    assert rereading.renew(30.0) == 0
    with engine_scope("test"):
        assert rereading.reread(campaign) is False
    assert len(audited("campaign.reread")) == 1


def test_the_same_reading_by_other_rules_asks_nobody_again(told, newer, patient):
    patient.bill()
    campaign = told(name="陈*涵")
    with engine_scope("test"):
        asked = Review.objects.get(identity_id=identity_of(campaign).pk)
        before = asked.weight, asked.state, asked.created_at
    newer()
    assert rereading.renew(30.0) == 1
    drain()
    with engine_scope("test"):
        asked.refresh_from_db()
        assert (asked.weight, asked.state, asked.created_at) == before
    assert audited("campaign.reread")[0]["fields"] == []


def test_who_waited_is_looked_for_by_what_is_read_now(told, newer, patient):
    patient.bill()
    campaign = told(
        "我女儿今年9岁，确诊急性淋巴细胞白血病，在示例市儿童医院化疗，名字不便写。", area="430100"
    )
    identity = identity_of(campaign)
    assert identity.person_id is None
    with engine_scope("test"):
        weight = {one.candidate_id: one.weight for one in Review.objects.filter(identity=identity)}
    newer(birth_year=("2017", "9岁"), age=("9", "9岁"), name=("陈*涵", "女儿"))
    assert rereading.renew(30.0) == 1
    drain()
    with engine_scope("test"):
        now = Review.objects.get(identity=identity, state="open")
    assert now.weight > weight.get(now.candidate_id, -100.0)


def answered(campaign):
    """A reviewer's yes to the one question about this campaign."""
    with engine_scope("test"):
        review = Review.objects.get(identity_id=identity_of(campaign).pk, state="open")
        Review.objects.filter(pk=review.pk).update(state="same", decided_by=7, decided_at=timezone.now())
        linking.apply_decision(review.pk)
    drain()
    return review.pk


def test_a_linked_one_keeps_its_person_and_its_money_whatever_is_read_now(told, newer, patient):
    need = patient.bill()
    campaign = told(name="陈*涵")
    review = answered(campaign)
    before, person = position(need), identity_of(campaign).person_id
    assert before.reserved + before.paid == D("18600.00")
    newer(hospital=("儿童医院", "儿童医院"))
    assert rereading.renew(30.0) == 1
    drain()
    identity = identity_of(campaign)
    assert (identity.person_id, identity.extra["hospital"]) == (person, "儿童医院")
    assert position(need) == before
    with engine_scope("test"):
        assert CampaignLink.objects.get(pk=campaign).need_id == need
        assert BlockingKey.objects.filter(identity=identity).exists()
        assert Review.objects.get(pk=review).again_at is None, "nothing contradicts"


def test_a_contradiction_of_a_linked_one_is_told_and_parts_nobody(told, newer, patient):
    need = patient.bill()
    campaign = told(name="陈*涵", age=9)
    review = answered(campaign)
    before = position(need)
    newer(age=("65", "9岁"))
    assert rereading.renew(30.0) == 1
    drain()
    with engine_scope("test"):
        now = Review.objects.get(pk=review)
    assert (now.state, now.flags[-1]) == ("same", "reread_contradicts")
    assert now.again_at is not None
    assert position(need) == before
    assert identity_of(campaign).person_id is not None
    assert audited("campaign.reread")[0]["contradicts"] == ["age"]
    (payload,) = audited("linking.contradicted")
    assert payload["words"] is True


def test_one_that_cannot_be_read_holds_up_no_other(told, newer, platform, monkeypatch):
    first = told()
    platform.one(external_id="P-2", beneficiary={"name": ""}, appeal={"title": "", "story": STORY})
    drain()
    newer()
    read = rereading.appeals.read

    def broken(campaign):
        if campaign.pk == first:
            raise RuntimeError("no rule for this")
        return read(campaign)

    monkeypatch.setattr(rereading.appeals, "read", broken)
    assert rereading.renew(30.0, chunk=1) == 1
    assert reading_of(first).extractor != NEWER
    with engine_scope("test"):
        other = Campaign.objects.exclude(pk=first).get()
    assert reading_of(other.pk).extractor == NEWER


def test_it_goes_on_in_turns(told, newer):
    told()
    newer()
    assert rereading.renew(0.0) == 0
    assert rereading.renew(30.0) == 1

from __future__ import annotations

import json

import pytest
from django.test import Client

import factories as make
from audit.models import Entry
from audit.services import trail
from charity.campaigns.models import Campaign, CampaignLink
from outbox.models import Event
from people.models import Identity
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


def kept():
    with engine_scope("test"):
        return list(Campaign.objects.order_by("pk"))


def codes(result):
    return [(reason["code"], reason["field"]) for reason in result["reasons"]]


def test_a_campaign_is_kept_told_and_recorded(platform):
    result = platform.one()
    assert (result["state"], result["version"], result["external_id"]) == ("accepted", 1, "P-1")
    (row,) = kept()
    assert (str(row.target), str(row.raised), str(row.paid_out)) == ("200000.00", "18600.00", "10000.00")
    assert row.beneficiary["name"] == "陈*涵"
    with engine_scope("test"):
        assert Event.objects.get(topic="campaign.received").ids == {"campaign_id": row.pk}
        assert Entry.objects.filter(action="campaign.received", subject=f"campaign:{row.pk}").exists()


def test_the_same_again_changes_nothing(platform):
    platform.one()
    result = platform.one()
    assert (result["state"], result["version"]) == ("duplicate", 1)
    with engine_scope("test"):
        assert Event.objects.filter(topic="campaign.received").count() == 1


def test_a_change_is_a_new_version(platform):
    platform.one()
    assert platform.one(raised="20000.00")["version"] == 2
    assert str(kept()[0].raised) == "20000.00"


def test_a_list_is_answered_record_by_record(platform, shop):
    body = [
        shop.campaign(),
        shop.campaign(external_id="P-2", raised="1.005"),
        7,
        shop.campaign(external_id="P-3"),
    ]
    answer = platform.push(body).json()
    assert [r["state"] for r in answer["results"]] == ["accepted", "refused", "refused", "accepted"]
    assert [r["position"] for r in answer["results"]] == [0, 1, 2, 3]
    assert answer["counts"] == {"accepted": 2, "duplicate": 0, "refused": 2}
    assert [row.external_id for row in kept()] == ["P-1", "P-3"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"raised": "18600.001"}, "not_an_amount", "raised"),
        ({"raised": "-1.00"}, "not_an_amount", "raised"),
        ({"raised": "1e5"}, "not_an_amount", "raised"),
        ({"raised": "NaN"}, "not_an_amount", "raised"),
        ({"raised": True}, "not_an_amount", "raised"),
        ({"raised": None}, "missing", "raised"),
        ({"raised": [1]}, "not_an_amount", "raised"),
        ({"target": "999999999.00"}, "absurd_amount", "target"),
        ({"paid_out": "18600.01"}, "paid_over_raised", "paid_out"),
        ({"currency": "USD"}, "unknown_currency", "currency"),
        ({"status": "closed"}, "unknown_status", "status"),
        ({"status": ["active"]}, "unknown_status", "status"),
        ({"external_id": ""}, "missing", "external_id"),
        ({"external_id": 12}, "wrong_type", "external_id"),
        ({"external_id": "x" * 65}, "too_long", "external_id"),
        ({"external_id": "a\u200bb"}, "bad_characters", "external_id"),
        ({"disease_code": "白血病"}, "unknown_code", "disease_code"),
        ({"started_at": "2026-02-30"}, "not_a_date", "started_at"),
        ({"started_at": "2999-01-01"}, "in_the_future", "started_at"),
        ({"beneficiary": {"age": 150}}, "absurd_age", "beneficiary.age"),
        ({"beneficiary": {"age": -1}}, "absurd_age", "beneficiary.age"),
        ({"beneficiary": {"name": ""}}, "missing", "beneficiary.name"),
        ({"beneficiary": {"name": {"x": 1}}}, "wrong_type", "beneficiary.name"),
        ({"beneficiary": {"name": "陈" * 61}}, "too_long", "beneficiary.name"),
        ({"beneficiary": {"sex": "both"}}, "unknown_sex", "beneficiary.sex"),
    ],
)
def test_it_refuses_by_name_and_keeps_nothing(platform, change, code, field):
    result = platform.one(**change)
    assert result["state"] == "refused"
    assert (code, field) in codes(result)
    assert result["reasons"][0]["message"]
    assert kept() == []


def test_it_refuses_a_record_without_a_beneficiary(platform, shop):
    body = shop.campaign()
    body["beneficiary"] = "陈雨涵"
    result = platform.push(body).json()["results"][0]
    assert codes(result) == [("missing", "beneficiary")]
    assert "陈雨涵" not in json.dumps(result, ensure_ascii=False)


def test_numbers_are_never_read_as_floats(platform, shop):
    body = json.dumps(shop.campaign()).replace('"18600.00"', "18600.10").replace('"10000.00"', "0.1")
    assert platform.push(body).json()["results"][0]["state"] == "accepted"
    (row,) = kept()
    assert (str(row.raised), str(row.paid_out)) == ("18600.10", "0.10")


def test_unknown_fields_are_named(platform):
    result = platform.one(donors=[1], beneficiary={"nickname": "涵涵"})
    assert result["unknown_fields"] == ["donors", "beneficiary.nickname"]
    assert result["state"] == "accepted"


@pytest.mark.parametrize("body", ["{", "", "[]", '"x"', "[1,", "\ufeff"])
def test_a_body_that_cannot_be_read_is_a_problem(platform, body):
    answer = platform.push(body)
    assert answer.status_code in {200, 400}
    if answer.status_code == 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
    else:
        assert answer.json()["results"][0]["state"] == "refused"
    assert kept() == []


def test_a_body_of_five_megabytes_is_refused(platform):
    answer = platform.push(b"[" + b" " * (5 * 1024 * 1024) + b"]")
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_too_many_records_are_refused_together(platform, shop):
    assert platform.push([shop.campaign(external_id=str(n)) for n in range(1001)]).status_code == 413
    assert kept() == []


def test_a_form_is_refused(platform):
    answer = Client().post("/api/v1/campaigns", {"a": 1}, headers=platform.headers)
    assert answer.status_code == 415


def test_without_a_token_nothing_is_taken(shop):
    answer = Client().post("/api/v1/campaigns", json.dumps(shop.campaign()), content_type="application/json")
    assert answer.status_code == 401
    assert kept() == []


def test_reading_alone_does_not_push(shop):
    reader = shop.Platform("campaigns:read")
    assert reader.push(shop.campaign()).status_code == 403
    assert reader.get().status_code == 200
    assert kept() == []


@pytest.mark.parametrize("kind", ["statutory_insurer", "hospital", "charity"])
def test_only_a_platform_pushes_campaigns(shop, kind):
    assert shop.Platform(kind=kind).push(shop.campaign()).status_code == 403


def test_two_platforms_may_use_the_same_number(platform, shop):
    other = shop.Platform()
    first, second = platform.one(), other.one(raised="5.00", paid_out="0.00")
    assert first["id"] != second["id"]
    assert second["version"] == 1
    assert [str(row.raised) for row in kept()] == ["18600.00", "5.00"]


def test_a_platform_reads_its_own_and_never_anothers(platform, shop):
    mine = platform.one()
    other = shop.Platform()
    theirs = other.one(external_id="P-9")
    assert [row["id"] for row in platform.get().json()["results"]] == [mine["id"]]
    assert platform.get(f"/{mine['id']}").json()["raised"] == "18600.00"
    absent, never = platform.get(f"/{theirs['id']}"), platform.get("/999999999")
    assert absent.status_code == never.status_code == 404
    assert {**absent.json(), "instance": ""} == {**never.json(), "instance": ""}
    assert platform.get("?external_id=P-9").json()["results"] == []


def test_what_a_platform_reads_of_its_campaigns_is_recorded_with_each_of_them(platform, shop):
    ids = [platform.one(external_id=name)["id"] for name in ("P-1", "P-2")]
    platform.get()
    platform.get(f"/{ids[0]}")
    platform.get("?external_id=P-9")  # shows nothing: no entry
    found = list(Entry.objects.filter(action__contains=".viewed").order_by("id"))
    assert [entry.action for entry in found] == ["campaigns.viewed", "campaign.viewed"]
    assert [len(entry.content.payload["subjects"]) for entry in found] == [2, 1]
    assert [one.entry_id for one in trail(f"campaign:{ids[1]}") if one.action == "campaigns.viewed"]


def test_a_long_list_comes_in_pages(platform, shop):
    platform.push([shop.campaign(external_id=str(n)) for n in range(130)])
    first = platform.get().json()
    second = platform.get(first["next"].removeprefix("/api/v1/campaigns")).json()
    assert (len(first["results"]), len(second["results"]), second["next"]) == (100, 30, None)
    assert platform.get("?cursor=x").status_code == 400


def test_what_is_answered_tells_nothing_of_a_link(platform, shop, patient):
    patient.bill()
    linked = platform.one()
    from outbox import tasks

    tasks.drain()
    shop.answer("same")
    unknown = platform.one(external_id="P-2", beneficiary={"name": "赵*", "area": "110000"})
    tasks.drain()
    a, b = (platform.get(f"/{r['id']}").json() for r in (linked, unknown))
    assert a.keys() == b.keys()
    with actor_scope(make.client_actor(platform.organisation, "campaigns:read")):
        assert CampaignLink.objects.count() == 0


def test_a_push_is_answered_before_anybody_is_looked_for(platform, shop, patient, monkeypatch):
    """Neither the answer nor the time that it takes tells whether the registry knows somebody like that."""
    from insurance.linking import lookup

    patient.bill()
    monkeypatch.setattr(lookup, "look_up", lambda *_: pytest.fail("a request looked for a person"))
    monkeypatch.setattr(lookup, "keys_of", lambda *_: pytest.fail("a request made a person's keys"))
    known = platform.one()
    stranger = platform.one(external_id="P-2", beneficiary={"name": "赵*", "area": "110000"})
    assert {**known, "external_id": "", "id": 0, "position": 0} == {
        **stranger, "external_id": "", "id": 0, "position": 0,
    }  # fmt: skip
    with engine_scope("test"):
        assert not Identity.objects.filter(source="campaign").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"external_id": "a" + "\u0315\u0300" * 20_000}, "too_long"),
        ({"beneficiary": {"name": "陈" + "\u0315\u0300" * 20_000}}, "too_long"),
        ({"appeal": {"title": "救", "story": "陈" + "\u0315\u0300" * 19_000}}, "bad_characters"),
    ],
)
def test_marks_piled_upon_one_letter_are_not_put_in_order_first(platform, changes, code):
    """That takes their square: a minute for a push of 4 MB."""
    result = platform.one(**changes)
    assert result["state"] == "refused"
    assert code in [reason["code"] for reason in result["reasons"]]


def test_a_text_with_half_a_letter_is_told_by_name_and_shuts_nothing(platform):
    for body in ({"beneficiary": {"name": "陈\ud800"}}, {"appeal": {"title": "\udfff", "story": "x"}}):
        answer = platform.push(
            json.dumps({"external_id": "P-1", "status": "active", "target": "1.00", **body})
        )
        assert answer.status_code in (200, 400), answer.content
        assert b"ud" not in answer.content

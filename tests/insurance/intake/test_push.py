"""Pushing: one result per record, whatever came in; nothing lost, nothing half-written."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

import factories
from audit.models import Entry
from insurance.intake.models import Batch, Record
from outbox.models import Event
from scope import engine_scope

pytestmark = pytest.mark.django_db


def stored(model):
    with engine_scope("test"):
        return model.objects.count()


def test_it_answers_each_record_in_the_senders_order(sender, intake):
    answer = sender.push([intake.like_06(), intake.like_07(), intake.like_11(), intake.like_12()])
    assert answer.status_code == 200
    body = answer.json()
    assert body["counts"] == {"accepted": 2, "duplicate": 0, "refused": 1, "quarantined": 1}
    assert [r["state"] for r in body["results"]] == ["accepted", "refused", "quarantined", "accepted"]
    assert [r["position"] for r in body["results"]] == [0, 1, 2, 3]
    assert body["results"][1]["reasons"][0]["code"] == "pre_settlement"
    broken = body["results"][2]["reasons"][0]
    assert (broken["code"], broken["left"], broken["right"], broken["difference"]) == (
        "identity_I1",
        "3300.00",
        "0.00",
        "3300.00",
    )
    assert "3300.00" in broken["message"]


def test_it_takes_one_record_and_a_named_list_alike(sender, intake):
    assert [r["state"] for r in sender.results(intake.bill("A"))] == ["accepted"]
    assert [r["state"] for r in sender.results({"records": [intake.bill("B")]})] == ["accepted"]


def test_it_writes_batch_audit_entry_and_one_event_for_each_accepted_record(sender, intake):
    results = sender.results([intake.bill("A"), intake.like_11(), intake.bill("B")])
    with engine_scope("test"):
        batch = Batch.objects.get()
        assert (batch.records, batch.accepted, batch.quarantined) == (3, 2, 1)
        entry = Entry.objects.filter(action="settlements.received").get()
        assert entry.subject == f"batch:{batch.pk}"
        ids = [e.ids["record_id"] for e in Event.objects.filter(topic="intake.received").order_by("id")]
    assert ids == [results[0]["record"], results[2]["record"]]


def test_the_same_push_again_changes_nothing(sender, intake):
    first = sender.results([intake.bill("A"), intake.like_11()])
    again = sender.results([intake.bill("A"), intake.like_11()])
    assert [r["state"] for r in again] == ["duplicate", "duplicate"]
    assert [r["duplicate_of"] for r in again] == [r["record"] for r in first]
    intake.deliver()
    assert intake.residuals() == ["40000.00"]


def test_a_duplicate_inside_one_batch_points_to_the_first(sender, intake):
    results = sender.results([intake.bill("A"), intake.bill("B"), intake.bill("A")])
    assert [r["state"] for r in results] == ["accepted", "accepted", "duplicate"]
    assert results[2]["duplicate_of"] == results[0]["record"]


def test_another_content_is_a_new_version(sender, intake):
    results = sender.results(
        [intake.bill("A"), intake.bill("A", "30000.00")],
    )
    assert [(r["state"], r["version"]) for r in results] == [("accepted", 1), ("accepted", 2)]
    (third,) = sender.results(intake.bill("A", "20000.00"))
    assert third["version"] == 3


def test_a_second_senders_copy_is_answered_as_if_new(sender, intake):
    sender.results(intake.bill("A"))
    other = intake.insurer("440100")
    (result,) = other.results(intake.bill("A"))
    assert (result["state"], result["version"], result["duplicate_of"]) == ("accepted", 1, None)


def test_the_same_key_and_body_give_the_stored_answer_again(sender, intake):
    batch = [intake.bill("A"), intake.like_07(), intake.like_11(), intake.bill("A")]
    first = sender.push(batch, key="job-1")
    again = sender.push(batch, key="job-1")
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert stored(Batch) == 1
    assert stored(Record) == 4


def test_the_same_key_with_another_body_is_a_problem(sender, intake):
    sender.push(intake.bill("A"), key="job-1")
    answer = sender.push(intake.bill("B"), key="job-1")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:jieli:problem:idempotency-conflict"
    assert stored(Record) == 1


def test_another_sender_may_use_the_same_key(sender, intake):
    sender.push(intake.bill("A"), key="job-1")
    assert intake.insurer("440100").push(intake.bill("B"), key="job-1").status_code == 200


@pytest.mark.parametrize("key", ["x" * 81, "a\u00e9"])
def test_it_refuses_an_idempotency_key_that_cannot_be_kept(sender, intake, key):
    answer = sender.push(intake.bill("A"), key=key.encode().decode("latin-1"))
    assert answer.status_code == 400
    assert stored(Batch) == 0


def test_it_refuses_a_foreign_centre_by_name(intake, db):
    other = intake.insurer("990000")
    (result,) = other.results(intake.bill("A"))
    assert result["state"] == "refused"
    assert result["reasons"][0]["code"] == "not_your_centre"
    assert "440100" in result["reasons"][0]["message"]
    intake.deliver()
    assert intake.residuals() == []


@pytest.mark.parametrize(
    ("area", "centre", "state"),
    [
        ("440106", "440199", "accepted"),
        ("440106", "440300", "refused"),
        ("", "440100", "refused"),
        ("440106", "4401000000000000", "refused"),
    ],
)
def test_without_a_list_a_sender_speaks_for_its_own_city(intake, db, area, centre, state):
    sender = intake.insurer(area=area)
    (result,) = sender.results(intake.bill("A", issuing_centre=centre))
    assert result["state"] == state


def test_a_hospital_may_push_and_a_charity_may_not(intake, db):
    hospital = intake.Sender(factories.organisation("hospital", centres=["440100"]))
    assert hospital.push(intake.bill("A")).status_code == 200
    charity = intake.Sender(factories.organisation("charity"))
    answer = charity.push(intake.bill("A"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:jieli:problem:organisation-kind")


def test_an_expired_token_is_a_401(intake, db):
    late = intake.Sender(
        factories.organisation("statutory_insurer", centres=["440100"]), expires=timedelta(hours=-1)
    )
    answer = late.push(intake.bill("A"))
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:jieli:problem:token-invalid")
    assert "WWW-Authenticate" in answer.headers
    assert stored(Batch) == 0


def test_no_token_is_a_401(db):
    answer = Client().post("/api/v1/settlements", b"{}", content_type="application/json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "application/problem+json")


def test_a_token_without_the_scope_is_a_403(intake, db):
    reader = intake.Sender(
        factories.organisation("statutory_insurer", centres=["440100"]), "settlements:read"
    )
    answer = reader.push(intake.bill("A"))
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:jieli:problem:scope-missing")
    assert answer.json()["required_scopes"] == ["settlements:write"]
    assert reader.get().status_code == 200
    assert stored(Batch) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty-body"),
        (b"[]", "no-records"),
        (b'[{"setl_id": 1},', "malformed-json"),
        (b'"text"', "not-an-object"),
        (b"[" * 100_000, "too-deep"),
        ('[{"名": 1}]'.encode("utf-16"), "not-utf8"),
        (b'{"records": 5}', "records-not-a-list"),
    ],
)
def test_what_cannot_be_read_is_a_problem(sender, body, code):
    answer = sender.push(body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["type"] == f"urn:jieli:problem:{code}"
    assert answer.json()["detail"]
    assert stored(Batch) == 0


def test_a_body_of_ten_megabytes_is_refused(sender, settings):
    answer = sender.push(b"[" + b" " * 10_000_000 + b"]")
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:jieli:problem:too-large")
    assert answer.json()["max_bytes"] == settings.JIELI_PUSH_MAX_BYTES


def test_two_gigabytes_are_refused_without_reading_a_byte(sender):
    class Untouched:
        def read(self, *args):
            raise AssertionError("the body was read")

        readline = read

    from django.test import RequestFactory

    from insurance.intake.api import BodyError, read_body

    request = RequestFactory().generic(
        "POST",
        "/api/v1/settlements",
        b"x",
        "application/json",
        **{"CONTENT_LENGTH": str(2 << 30), "wsgi.input": Untouched()},
    )
    with pytest.raises(BodyError) as refused:
        read_body(request, 1000)
    assert refused.value.answer.status_code == 413


def test_a_body_whose_length_lies_is_read_no_further_than_the_limit(sender, settings, intake):
    settings.JIELI_PUSH_MAX_BYTES = 500
    answer = sender.push([intake.bill("A"), intake.bill("B")])
    assert answer.status_code == 413
    assert stored(Batch) == 0


def test_too_many_records_are_a_problem(sender, settings, intake):
    settings.JIELI_PUSH_MAX_RECORDS = 2
    answer = sender.push([intake.bill(str(i)) for i in range(3)])
    assert (answer.status_code, answer.json()["count"]) == (413, "3")


def test_another_media_type_is_a_problem(sender):
    answer = sender.push(b"a=1", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["type"]) == (415, "urn:jieli:problem:unsupported-media-type")


def test_a_compressed_body_is_a_problem(sender):
    answer = Client().post(
        "/api/v1/settlements",
        b"\x1f\x8b",
        content_type="application/json",
        headers=sender.headers | {"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 415


def test_a_record_in_another_encoding_is_refused_alone(sender, intake):
    odd = json.dumps(intake.bill("A"), ensure_ascii=False).encode("gb18030")
    good, bad = sender.results(b"[" + json.dumps(intake.bill("B")).encode() + b", " + odd + b"]")
    assert good["state"] == "accepted"
    assert (bad["state"], bad["reasons"][0]["code"]) == ("refused", "not_utf8")


def test_a_lone_surrogate_costs_its_record_and_no_other(sender, intake):
    hostile = json.dumps(intake.bill("A")).replace("测试人".encode("unicode_escape").decode(), "\\ud800")
    assert "\\ud800" in hostile
    body = f"[{json.dumps(intake.bill('B'))}, {hostile}]".encode()
    good, bad = sender.results(body)
    assert good["state"] == "accepted"
    assert bad["state"] == "quarantined"
    assert bad["reasons"][0]["code"] == "bad_text"


@pytest.mark.parametrize(
    "field", ["\ud800", "a\u0000b", "x" * 5000, "'; DROP TABLE intake_record; --", "=cmd|' /C calc'!A0"]
)
def test_hostile_field_names_are_kept_and_reported(sender, intake, field):
    (result,) = sender.results(json.dumps([intake.bill("A") | {field: field}]).encode())
    assert result["state"] in {"accepted", "quarantined", "refused"}
    assert intake.record(result["record"]).state == result["state"]


@pytest.mark.parametrize("value", [[], {}, True, "x" * 9000, 1e300, "\u202e", -1, "NaN", None, "0" * 70])
@pytest.mark.parametrize(
    "field", ["setl_id", "issuing_centre", "total_fee", "settled_at", "person", "msgid", "kind"]
)
def test_wrong_values_get_a_result_and_are_stored(sender, intake, field, value):
    good, odd = sender.results([intake.bill("B"), intake.bill("A") | {field: value}])
    assert good["state"] == "accepted"
    assert intake.record(odd["record"]).state == odd["state"]


def test_a_record_that_our_reader_trips_over_is_refused_alone(sender, intake, monkeypatch):
    from insurance.intake import evaluation

    real = evaluation.read

    def read(value, dialect):
        if value["setl_id"] == "bad":
            raise RuntimeError("430102199001011234")
        return real(value, dialect)

    monkeypatch.setattr(evaluation, "read", read)
    good, bad = sender.results([intake.bill("A"), intake.bill("bad")])
    assert good["state"] == "accepted"
    assert (bad["state"], bad["reasons"][0]["code"]) == ("refused", "unreadable")


def test_amounts_come_through_exactly(sender, intake):
    body = json.dumps(intake.bill("A")).replace('"40000.00"', "0.1").replace('"60000.00"', "99999.9")
    (result,) = sender.results(body.encode())
    assert result["state"] == "accepted"
    intake.deliver()
    assert intake.residuals() == ["0.10"]


def test_the_raw_record_and_the_names_in_it_are_sealed(sender, intake):
    (result,) = sender.results(intake.bill("A"))
    from django.db import connection

    with engine_scope("test"), connection.cursor() as cursor:
        cursor.execute("SELECT r::text FROM intake_record r WHERE id = %s", [result["record"]])
        row = cursor.fetchone()[0]
    assert "测试人" not in row
    assert "11010519491231002X" not in row
    assert "测试人".encode().hex() not in row

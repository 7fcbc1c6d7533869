"""Reading one's own pushes and sending a corrected one: never another organisation's."""

from __future__ import annotations

import pytest

from audit.models import Entry
from insurance.formats.schema import EXAMPLES
from scope import engine_scope

pytestmark = pytest.mark.django_db


def test_it_lists_the_newest_first_and_pages_by_cursor(sender, intake):
    pushed = [r["record"] for r in sender.results([intake.bill(str(i)) for i in range(5)])]
    first = sender.get(limit=2).json()
    assert [r["record"] for r in first["results"]] == pushed[:2:-1]
    from django.test import Client

    second = Client().get(first["next"], headers=sender.headers).json()
    assert [r["record"] for r in second["results"]] == pushed[2:0:-1]
    third = Client().get(second["next"], headers=sender.headers).json()
    assert [r["record"] for r in third["results"]] == pushed[:1]
    assert third["next"] is None


def test_what_a_sender_reads_of_its_pushes_is_recorded_with_each_of_them(sender, intake):
    pushed = [r["record"] for r in sender.results([intake.bill(str(i)) for i in range(3)])]
    sender.get(limit=2)
    sender.get(f"/{pushed[0]}")
    sender.get(setl_id="none")  # shows nothing: no entry
    found = list(Entry.objects.filter(action__contains=".viewed").order_by("id"))
    assert [entry.action for entry in found] == ["records.viewed", "record.viewed"]
    assert found[0].content.payload["subjects"] == [f"record:{pk}" for pk in pushed[:0:-1]]
    assert found[1].content.payload["subjects"] == [f"record:{pushed[0]}"]
    assert all(entry.actor.startswith("client:") for entry in found)


def test_it_filters_by_state_progress_setl_id_and_time(sender, intake):
    sender.results([intake.bill("A"), intake.like_11(), intake.like_08(original="S1001")])
    intake.deliver()
    ids = lambda **query: [r["setl_id"] for r in sender.get(**query).json()["results"]]  # noqa: E731
    assert ids(state="quarantined") == ["310000000077"]
    assert ids(progress="awaiting_original") == ["S2001"]
    assert ids(setl_id="A") == ["A"]
    assert ids(since="2999-01-01") == []
    assert len(ids(since="2020-01-01T00:00:00+08:00")) == 3


@pytest.mark.parametrize(
    "query",
    [
        {"state": "x"},
        {"progress": "x"},
        {"since": "yesterday"},
        {"since": "2024-13-45"},
        {"cursor": "abc"},
        {"cursor": "9" * 30},
        {"limit": "100000"},
        {"setl_id": "a\x00b"},
    ],
)
def test_a_filter_that_cannot_be_read_is_a_problem(sender, query):
    answer = sender.get(**query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["parameter"] == next(iter(query))


def test_another_organisations_record_is_as_absent_as_none(sender, intake):
    (result,) = sender.results(intake.like_11())
    other = intake.insurer("131199")
    for path in (f"/{result['record']}", "/999999999", "/99999999999999999999999"):
        answer = other.get(path)
        assert answer.status_code == 404
    theirs, never = other.get(f"/{result['record']}"), other.get("/999999999")
    strip = lambda answer: {k: v for k, v in answer.json().items() if k != "instance"}  # noqa: E731
    assert strip(theirs) == strip(never)
    assert other.post(f"/{result['record']}/resend").status_code == 404
    assert other.get().json()["results"] == []


def test_resending_a_corrected_record_supersedes_the_old_one(sender, intake):
    broken = intake.bill("A") | {"total_fee": "90000.00", "own_expense": None}
    (old,) = sender.results(broken)
    assert old["state"] == "quarantined"
    answer = sender.post(f"/{old['record']}/resend", intake.bill("A"))
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "accepted"
    detail = sender.get(f"/{old['record']}").json()
    assert (detail["resent_as"], detail["progress"]) == (answer.json()["record"], "superseded")
    intake.deliver()
    assert intake.residuals() == ["40000.00"]
    with engine_scope("test"):
        assert Entry.objects.filter(action="settlement.resent", subject=f"record:{old['record']}").exists()


def test_resending_without_a_body_judges_again(sender, intake):
    sender.may_push_for("990000")
    (old,) = sender.results(intake.bill("A"))
    assert old["state"] == "refused"
    again = sender.post(f"/{old['record']}/resend").json()
    assert (again["record"], again["state"]) == (old["record"], "refused")
    sender.may_push_for("440100")
    now = sender.post(f"/{old['record']}/resend").json()
    assert now["state"] == "accepted"
    intake.deliver()
    assert intake.residuals() == ["40000.00"]
    assert sender.post(f"/{old['record']}/resend").status_code == 409


def test_amounts_stay_exact_when_a_stored_record_is_judged_again(sender, intake):
    import json

    sender.may_push_for("990000")
    raw = json.dumps(intake.bill("A")).replace('"40000.00"', "0.1").replace('"60000.00"', "99999.9")
    (old,) = sender.results(raw.encode())
    sender.may_push_for("440100")
    assert sender.post(f"/{old['record']}/resend").json()["state"] == "accepted"
    intake.deliver()
    assert intake.residuals() == ["0.10"]


def test_an_accepted_record_cannot_be_resent(sender, intake):
    (done,) = sender.results(intake.bill("A"))
    answer = sender.post(f"/{done['record']}/resend", intake.bill("A", "1.00"))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:jieli:problem:not-resendable")


def test_a_correction_is_one_record(sender, intake):
    (old,) = sender.results(intake.like_11())
    answer = sender.post(f"/{old['record']}/resend", [intake.bill("A"), intake.bill("B")])
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:jieli:problem:one-record")


def test_a_reader_may_not_resend(sender, intake):
    (old,) = sender.results(intake.like_11())
    reader = intake.Sender(sender.org, "settlements:read")
    assert reader.post(f"/{old['record']}/resend").status_code == 403


def test_the_api_document_names_the_operations_and_valid_examples(client):
    answer = client.get("/api/v1/schema/?format=json")
    assert answer.status_code == 200
    document = answer.json()
    push = document["paths"]["/api/v1/settlements"]["post"]
    assert push["operationId"] == "push_settlements"
    examples = push["requestBody"]["content"]["application/json"]["examples"]
    assert {
        example["value"]["setl_id"] for example in examples.values() if "setl_id" in example["value"]
    } == {
        EXAMPLES["settlement"]["setl_id"],
        EXAMPLES["setl_d"]["setl_id"],
    }
    assert {"200", "400", "401", "403", "413", "415", "422"} <= set(push["responses"])
    assert push["security"] == [{"oauth2": ["settlements:write"]}]


def test_every_example_of_the_document_is_accepted(sender):
    assert [r["state"] for r in sender.results(list(EXAMPLES.values()))] == ["accepted"] * 3

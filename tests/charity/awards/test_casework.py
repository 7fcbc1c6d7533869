"""Papers, identity, hardship and assignment."""

from __future__ import annotations

import pytest

import cases
import factories as make
from charity.applications import services as applications
from charity.applications.models import Application, Document, DocumentRequest
from charity.awards import casework
from charity.awards.models import Case, CaseEvent
from charity.awards.rules import AwardError
from outbox.models import Event
from outbox.tasks import drain
from scope import actor_scope, engine_scope

NEEDS_PAPER = {"documents": [cases.DIAGNOSIS_PAPER]}


def topics():
    with engine_scope("test"):
        return list(Event.objects.order_by("id").values_list("topic", "ids"))


def test_an_accepted_paper_with_the_right_seal_meets_the_condition(db):
    on = cases.stage(**NEEDS_PAPER)
    assert on.case.unknown == 1
    row = cases.paper(on)
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="department")
    drain()
    assert on.reload().unknown == 1
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="hospital")
    drain()
    assert (on.reload().unknown, on.case.met) == (0, 2)


def test_a_paper_uploaded_as_other_counts_as_what_staff_say_it_is(db):
    on = cases.stage(**NEEDS_PAPER)
    row = cases.paper(on, "other")
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="hospital", counts_as="diagnosis")
    drain()
    assert on.reload().unknown == 0


def test_a_rejected_paper_tells_the_family_what_to_do(db):
    on = cases.stage(**NEEDS_PAPER)
    row = cases.paper(on)
    with actor_scope(on.worker):
        with pytest.raises(AwardError):
            casework.reject_document(on.worker, on.case.pk, row.pk, reason="不行")
        casework.reject_document(on.worker, on.case.pk, row.pk, reason="要盖医院公章，请到医务处补盖。")
    with actor_scope(make.patient(on.account)):
        assert Document.objects.get(pk=row.pk).reason.startswith("要盖医院公章")
        assert CaseEvent.objects.filter(kind="document_rejected").exists()
        (asked,) = applications.open_requests(Application.objects.get(pk=on.application.pk))
        assert asked.note.startswith("要盖医院公章")
    assert on.reload().state == Case.State.WAITING_FAMILY


def test_another_applications_paper_is_not_found(db):
    on, other = cases.stage(), cases.stage()
    row = cases.paper(other)
    with actor_scope(on.worker), pytest.raises(AwardError) as caught:
        casework.accept_document(on.worker, on.case.pk, row.pk)
    assert caught.value.code == "not_found"


def test_accepting_the_paper_closes_the_request_and_the_case_moves_on(db):
    on = cases.stage()
    with actor_scope(on.worker):
        casework.request_document(on.worker, on.case.pk, kind="diagnosis", note="诊断证明要盖医院的章。")
    row = cases.paper(on)
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="hospital")
        assert not DocumentRequest.objects.filter(case_id=on.case.pk, closed_at=None).exists()
    assert on.reload().state == "new"


def test_a_family_is_reminded_at_most_once_a_day(db):
    on, quiet = cases.stage(), None
    quiet = cases.stage(org=on.org, fund=on.fund)
    with actor_scope(on.worker):
        casework.request_document(on.worker, on.case.pk, kind="diagnosis", note="诊断证明要盖医院的章。")
        assert casework.remind(on.worker, [on.case.pk, quiet.case.pk]) == casework.Bulk(1, 1)
        assert casework.remind(on.worker, [on.case.pk]) == casework.Bulk(0, 1)


def test_identity_is_confirmed_on_an_accepted_paper_only(db):
    on = cases.stage(proven=False)
    row = cases.paper(on, "id_card")
    with actor_scope(on.worker):
        with pytest.raises(AwardError):
            casework.confirm_identity(on.worker, on.case.pk, row.pk)
        casework.accept_document(on.worker, on.case.pk, row.pk)
        casework.confirm_identity(on.worker, on.case.pk, row.pk)
    assert (
        "application.identity_checked",
        {"application_id": on.application.pk, "user_id": on.worker.user_id, "org_id": on.org.pk},
    ) in topics()


def test_a_bill_does_not_prove_who_somebody_is(db):
    on = cases.stage(proven=False)
    row = cases.paper(on, "settlement")
    with actor_scope(on.worker):
        casework.accept_document(on.worker, on.case.pk, row.pk)
        with pytest.raises(AwardError) as caught:
            casework.confirm_identity(on.worker, on.case.pk, row.pk)
    assert caught.value.code == "kind"


def test_cases_are_given_to_colleagues_and_never_to_strangers(db):
    on = cases.stage()
    colleague = make.user(on.org, "case_worker")
    stranger = make.user(make.organisation(), "case_worker")
    other = cases.stage()
    with actor_scope(on.worker):
        assert casework.assign(on.worker, [on.case.pk, other.case.pk], colleague.pk) == casework.Bulk(1, 1)
        with pytest.raises(AwardError):
            casework.assign(on.worker, [on.case.pk], stranger.pk)
    assert on.reload().assignee_id == colleague.pk
    assert other.reload().assignee_id is None


def test_why_a_paper_was_refused_is_sealed_and_its_seal_is_a_code(db):
    from django.db import IntegrityError, connection, transaction

    on = cases.stage(**NEEDS_PAPER)
    row = cases.paper(on)
    with actor_scope(on.worker):
        casework.reject_document(on.worker, on.case.pk, row.pk, reason="陈雨涵的名字看不清，请重拍。")
        with connection.cursor() as cursor:
            cursor.execute("SELECT reason FROM document WHERE id = %s", [row.pk])
            assert "陈雨涵".encode() not in bytes(cursor.fetchone()[0])
        assert Document.objects.get(pk=row.pk).reason == "陈雨涵的名字看不清，请重拍。"
        casework.accept_document(on.worker, on.case.pk, row.pk, seal="hospital", counts_as="echo")
        found = Document.objects.get(pk=row.pk)
        assert (found.seal, found.counts_as, found.reason) == ("hospital", "echo", None)
        for column in ("seal", "counts_as"):
            with pytest.raises(IntegrityError), transaction.atomic():
                Document.objects.filter(pk=row.pk).update(**{column: "陈雨涵"})
        with pytest.raises(AwardError):
            casework.accept_document(on.worker, on.case.pk, row.pk, counts_as="chen yuhan")

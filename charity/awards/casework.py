"""Work on a case that moves no money: who has it, which papers, whether the identity is proven."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership
from charity.applications.models import Application, Document, DocumentKind, DocumentRequest, ReviewRequest
from outbox import emit
from scope import Actor

from .facts import SEALS
from .models import Award, Case, CaseEvent
from .rules import (
    AwardError,
    audited,
    lock_case,
    must_consent,
    must_have_role,
    one_transaction,
    write_event,
    written,
)

DUE_DAYS = 15
REMIND_AFTER = timedelta(hours=20)
IDENTITY_PAPERS = (DocumentKind.ID_CARD, DocumentKind.HOUSEHOLD)
MAX_BULK = 100
# as matching.eligibility names kinds of papers
KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Bulk:
    """How many cases a step in bulk reached, and how many it left as they were."""

    done: int
    skipped: int


def assign(actor: Actor, case_ids: Sequence[int], user_id: int | None) -> Bulk:
    """Give cases to a colleague of the same organisation (None: nobody). At most 100 at a time."""
    must_have_role(actor, "assign")
    if (
        user_id is not None
        and not Membership.objects.filter(
            user_id=user_id, organisation_id=actor.org_id or 0, is_active=True, user__is_active=True
        ).exists()
    ):
        raise AwardError("assignee", _("请选本机构的同事。"))
    done = 0
    wanted = sorted(set(case_ids))[:MAX_BULK]
    with one_transaction():
        for case_id in wanted:
            try:
                case = lock_case(actor, case_id, "assign")
            except AwardError:
                continue
            if case.assignee_id == user_id:
                continue
            case.assignee_id = user_id
            case.save(update_fields=["assignee"])
            write_event(case, "assigned", actor)
            audited("case.assigned", case, actor, to=user_id or 0)
            done += 1
    return Bulk(done, len(wanted) - done)


def request_document(actor: Actor, case_id: int, *, kind: str, note: str) -> DocumentRequest:
    """Ask the family for a paper, in words that they read; the case waits for them unless it is decided."""
    if kind not in DocumentKind.values:
        raise AwardError("kind", _("请选要补哪种材料。"))
    note = written(note, 5, _("要补什么、怎么补"))
    with one_transaction():
        case = lock_case(actor, case_id, "request")
        must_consent(case)
        row = DocumentRequest.objects.create(
            application_id=case.application_id,
            organisation_id=case.organisation_id,
            case_id=case.pk,
            kind=kind,
            note=note,
            due_on=timezone.localdate() + timedelta(days=DUE_DAYS),
            created_by=actor.user_id or 0,
        )
        if case.state == Case.State.NEW:
            case.state = Case.State.WAITING_FAMILY
            case.save(update_fields=["state"])
        write_event(case, "document_requested", actor, note=f"{row.get_kind_display()}：{note}", family=True)
        audited("document.requested", case, actor, request=row.pk, kind=kind)
        emit("document.requested", request_id=row.pk)
        return row


def remind(actor: Actor, case_ids: Sequence[int]) -> Bulk:
    """Remind families of papers that are still missing; each request at most once in 20 hours."""
    must_have_role(actor, "request")
    done = 0
    wanted = sorted(set(case_ids))[:MAX_BULK]
    now = timezone.now()
    with one_transaction():
        for case_id in wanted:
            try:
                case = lock_case(actor, case_id, "request")
            except AwardError:
                continue
            open_requests = [
                one
                for one in DocumentRequest.objects.filter(case_id=case.pk, closed_at=None, answered_by=None)
                if one.reminded_at is None or now - one.reminded_at > REMIND_AFTER
            ]
            if not open_requests:
                continue
            for one in open_requests:
                one.reminded_at = now
                one.save(update_fields=["reminded_at"])
                emit("document.requested", request_id=one.pk)
            write_event(case, "reminded", actor, family=True)
            audited("document.reminded", case, actor, requests=[one.pk for one in open_requests])
            done += 1
    return Bulk(done, len(wanted) - done)


def _document(case: Case, document_id: int) -> Document:
    row = (
        Document.objects.filter(pk=document_id, application_id=case.application_id)
        .exclude(state="removed")
        .defer("content")
        .first()
    )
    if row is None:
        raise AwardError("not_found", _("没有这份材料。"))
    return row


def _judge(
    actor: Actor,
    case: Case,
    row: Document,
    state: str,
    *,
    seal: str = "",
    counts_as: str = "",
    reason: str | None = None,
) -> None:
    row.state, row.seal, row.counts_as, row.reason = state, seal, counts_as, reason
    row.checked_by, row.checked_by_org, row.checked_at = actor.user_id, actor.org_id, timezone.now()
    row.save(
        update_fields=["state", "seal", "counts_as", "reason", "checked_by", "checked_by_org", "checked_at"]
    )
    audited(f"document.{state}", case, actor, document=row.pk)
    emit("document.changed", application_id=case.application_id)


def accept_document(
    actor: Actor, case_id: int, document_id: int, *, seal: str = "", counts_as: str = ""
) -> None:
    """Staff compared the paper: it counts. seal: hospital, medical_affairs, department, office or "" (none).

    counts_as: the rule's own kind (echo, marrow …) when the paper was uploaded as something else.
    """
    if seal and seal not in SEALS:
        raise AwardError("seal", _("请选盖的是什么章。"))
    if counts_as and not KIND.fullmatch(counts_as):
        raise AwardError("kind", _("请从列表里选材料种类。"))
    with one_transaction():
        case = lock_case(actor, case_id, "check")
        must_consent(case)
        row = _document(case, document_id)
        _judge(actor, case, row, "accepted", seal=seal, counts_as=counts_as)
        for request in DocumentRequest.objects.filter(case_id=case.pk, closed_at=None).filter(kind=row.kind):
            request.answered_by, request.closed_at = row, timezone.now()
            request.save(update_fields=["answered_by", "closed_at"])
        if (
            case.state == Case.State.WAITING_FAMILY
            and not DocumentRequest.objects.filter(case_id=case.pk, closed_at=None).exists()
        ):
            case.state = Case.State.NEW
            case.save(update_fields=["state"])
        write_event(case, "document_accepted", actor, note=str(row.get_kind_display()), family=True)


def reject_document(actor: Actor, case_id: int, document_id: int, *, reason: str) -> None:
    """The paper does not count; the reason is what the family reads, so it says what to do."""
    reason = written(reason, 5, _("哪里不行、怎么补"))
    if len(reason) > 200:
        raise AwardError("reason", _("最多 200 个字。"))
    with one_transaction():
        case = lock_case(actor, case_id, "check")
        must_consent(case)
        row = _document(case, document_id)
        _judge(actor, case, row, "rejected", reason=reason)
        write_event(case, "document_rejected", actor, note=f"{row.get_kind_display()}：{reason}", family=True)
        _ask_again(actor, case, row, reason)


def _ask_again(actor: Actor, case: Case, row: Document, reason: str) -> None:
    """A paper that does not count is asked for anew, with the reason, so that the family's page says so."""
    asked = list(DocumentRequest.objects.filter(case_id=case.pk, answered_by=row, closed_at=None))
    for one in asked:
        one.answered_by, one.note = None, reason
        one.save(update_fields=["answered_by", "note"])
    if not asked:
        asked = [
            DocumentRequest.objects.create(
                application_id=case.application_id,
                organisation_id=case.organisation_id,
                case_id=case.pk,
                kind=row.kind,
                note=reason,
                due_on=timezone.localdate() + timedelta(days=DUE_DAYS),
                created_by=actor.user_id or 0,
            )
        ]
    if case.state == Case.State.NEW:
        case.state = Case.State.WAITING_FAMILY
        case.save(update_fields=["state"])
    for one in asked:
        emit("document.requested", request_id=one.pk)


def confirm_identity(actor: Actor, case_id: int, document_id: int) -> None:
    """Staff compared an identity paper with the application: the engine then proves the identity."""
    with one_transaction():
        case = lock_case(actor, case_id, "check")
        must_consent(case)
        row = _document(case, document_id)
        if row.kind not in IDENTITY_PAPERS:
            raise AwardError("kind", _("核对身份要看身份证或户口簿。"))
        if row.state != "accepted":
            raise AwardError("state", _("请先核对这份材料，再确认身份。"))
        application = Application.objects.get(pk=case.application_id)
        if application.proof == Application.Proof.PROVEN:
            raise AwardError("state", _("身份已经核对过了。"))
        write_event(case, "identity_checked", actor, family=True)
        audited("identity.checked", case, actor, application=application.pk, document=row.pk)
        emit(
            "application.identity_checked",
            application_id=application.pk,
            user_id=actor.user_id or 0,
            org_id=actor.org_id or 0,
        )


def answer_review(actor: Actor, case_id: int, *, text: str, reopen: bool) -> None:
    """Somebody who did not take the decision looks again and answers the family; a refusal may be reopened."""
    text = written(text, 10, _("答复，家属会看到"))
    with one_transaction():
        case = lock_case(actor, case_id, "review")
        must_consent(case)
        asked = ReviewRequest.objects.select_for_update().filter(case_id=case.pk, answered_at=None).first()
        if asked is None:
            raise AwardError("state", _("没有等着答复的复核。"))
        decided = set(Award.objects.filter(case=case).values_list("approved_by_id", flat=True))
        refused = CaseEvent.objects.filter(case=case, kind="refused").values_list("user_id", flat=True)
        if actor.user_id in decided | set(refused):
            raise AwardError("same_person", _("复核要由没有做过这个决定的人来做。"))
        asked.answer, asked.answered_by, asked.answered_at = text, actor.user_id, timezone.now()
        asked.save(update_fields=["answer", "answered_by", "answered_at"])
        if reopen and case.state == Case.State.REFUSED:
            case.state, case.closed_at = Case.State.NEW, None
            case.save(update_fields=["state", "closed_at"])
            emit("document.changed", application_id=case.application_id)
        write_event(case, "reviewed", actor, note=text, family=True)
        audited("case.review_answered", case, actor, request=asked.pk, reopened=case.state == Case.State.NEW)

"""Checking a fact, taking a check back, the committee's decision, the bill of an award.

Every function takes the actor first, runs in one transaction with the case locked, needs the live consent with the
fact's category, appends one row, writes the audit entry (never a value) and wakes the engine, which evaluates the case
again (finding.recorded). Raises AwardError with a code and plain words; nothing is changed then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from charity.applications.models import Document
from charity.awards.models import Case
from charity.awards.rules import (
    AwardError,
    audited,
    lock_case,
    must_consent,
    one_transaction,
    write_event,
    written,
)
from insurance.intake.models import Settlement
from outbox import emit
from scope import Actor

from .models import CATEGORY, Fact, Finding
from .reading import newest

MIN_SOURCE = 4
MAX_SOURCE = 300
MEANS = ("document", "phone", "visit", "register", "insurer")


@dataclass(frozen=True)
class Recorded:
    """What stands now: the row's id, the fact and its outcome (found | not_found | withdrawn)."""

    finding_id: int
    fact: str
    outcome: str


def findings_of(case: Case) -> list[Finding]:
    """Every check of this case that the actor may read, oldest first (row-level security decides)."""
    rows = Finding.objects.filter(case_id=case.pk)
    return list(rows.select_related("recorded_by").order_by("pk"))


def record_finding(
    actor: Actor,
    case_id: int,
    fact: str,
    *,
    key: str = "",
    value: Mapping[str, Any] | None,
    means: str,
    source: str,
    checked_on: date,
    document_id: int | None = None,
    valid_until: date | None = None,
) -> Recorded:
    """Record what was found, or (value None) that it could not be verified, which leaves the fact unknown.

    value: as charity.findings.reading reads it; amounts as strings in yuan, days ISO. source: who or what said
    so, in words (sealed). document_id: an accepted paper of the same application, for means "document" only.
    """
    if fact not in CATEGORY or fact in {Fact.COMMITTEE, Fact.BILL}:
        raise AwardError("fact", _("没有这一项。"))
    if means not in MEANS:
        raise AwardError("means", _("请选是怎么核实的。"))
    _days(checked_on, valid_until)
    source = written(source, MIN_SOURCE, _("看了什么、问了谁"))
    if len(source) > MAX_SOURCE:
        raise AwardError("source", _("“看了什么、问了谁”最多 300 个字。"))
    with one_transaction():
        case = lock_case(actor, case_id, "check")
        _must_agree(case, fact)
        if means == "document":
            _accepted_paper(case, document_id)
        else:
            document_id = None
        return _append(
            actor,
            case,
            fact,
            key=key,
            value=value,
            outcome=Finding.Outcome.FOUND if value is not None else Finding.Outcome.NOT_FOUND,
            means=means,
            document_id=document_id,
            source=source,
            checked_on=checked_on,
            valid_until=valid_until if value is not None else None,
        )


def withdraw(actor: Actor, case_id: int, fact: str, *, key: str = "", reason: str) -> Recorded:
    """Take back the check that counts now: the fact is as unverified as before. The former row stays."""
    reason = written(reason, MIN_SOURCE, _("为什么撤回"))[:MAX_SOURCE]
    step = "committee" if fact == Fact.COMMITTEE else "bill" if fact == Fact.BILL else "check"
    with one_transaction():
        case = lock_case(actor, case_id, step)
        _must_agree(case, fact)
        last = newest(findings_of(case)).get((fact, key))
        if last is None or last.outcome == Finding.Outcome.WITHDRAWN:
            raise AwardError("state", _("这一项没有可以撤回的核实。"))
        return _append(
            actor,
            case,
            fact,
            key=key,
            value=None,
            outcome=Finding.Outcome.WITHDRAWN,
            means=Finding.Means.CHOICE,
            source=reason,
            checked_on=timezone.localdate(),
        )


def record_committee(
    actor: Actor,
    case_id: int,
    *,
    met_on: date,
    decision: str,
    present: int,
    votes_for: int,
    votes_against: int,
    quorum: int,
    minutes: str,
    no_conflict: bool,
    recused: str = "",
    amount: Decimal | None = None,
) -> Recorded:
    """What the fund's committee decided. decision: approved | refused | deferred (which leaves it unknown).

    present: members with a vote who took part; quorum: how many the fund's bylaws ask for; amount: the most it
    agreed to, yuan. no_conflict: nobody who took part has a tie to patient, hospital or payee (Charity Law 59);
    recused: who stayed out and why.
    """
    if decision not in {"approved", "refused", "deferred"}:
        raise AwardError("decision", _("请选评审会怎么决定。"))
    if not no_conflict:
        raise AwardError("conflict", _("请先声明参会的人都没有利益关系；有关系的人要回避，写在“谁回避了”。"))
    _days(met_on, None)
    if present < 1 or quorum < 1 or min(votes_for, votes_against) < 0:
        raise AwardError("votes", _("请填到会人数和票数。"))
    if present < quorum:
        raise AwardError("quorum", _("到会的人不够法定人数，这次会不能作数。"))
    if votes_for + votes_against > present:
        raise AwardError("votes", _("同意和不同意的票加起来，比到会的人还多。"))
    if decision == "approved" and votes_for <= votes_against:
        raise AwardError("votes", _("同意的票没有多过不同意的，不能记成“同意”。"))
    if decision == "refused" and votes_for > votes_against:
        raise AwardError("votes", _("同意的票多，不能记成“不同意”。"))
    if amount is not None and (amount <= 0 or amount != amount.quantize(Decimal("0.01"))):
        raise AwardError("amount", _("金额要大于 0，最多写到分。"))
    minutes = written(minutes, MIN_SOURCE, _("会议纪要的编号或要点"))[:MAX_SOURCE]
    approved = decision == "approved"
    value = {
        "approved": approved,
        "amount": str(amount) if approved and amount is not None else "",
        "present": present,
        "quorum": quorum,
        "for": votes_for,
        "against": votes_against,
        "recused": recused.strip()[:MAX_SOURCE],
        "no_conflict": True,
    }
    with one_transaction():
        case = lock_case(actor, case_id, "committee")
        _must_agree(case, Fact.COMMITTEE)
        if not ((case.rule.rule.get("process") or {}).get("committee") if case.rule else False):
            raise AwardError("fact", _("这个基金的规则里没有评审会。"))
        return _append(
            actor,
            case,
            Fact.COMMITTEE,
            value=None if decision == "deferred" else value,
            outcome=Finding.Outcome.NOT_FOUND if decision == "deferred" else Finding.Outcome.FOUND,
            means=Finding.Means.MEETING,
            source=minutes,
            checked_on=met_on,
        )


def choose_bill(actor: Actor, case_id: int, settlement_id: int) -> Recorded:
    """Bind what is proposed on this case to one bill, where the fund's rule looks at single bills."""
    with one_transaction():
        case = lock_case(actor, case_id, "bill")
        _must_agree(case, Fact.BILL)
        if not bill_scope(case):
            raise AwardError("fact", _("这个基金不按单张账单资助。"))
        bill = Settlement.objects.filter(pk=settlement_id, need_id=case.need_id or 0, status="active").first()
        if bill is None:
            raise AwardError("not_found", _("没有这张账单。"))
        return _append(
            actor,
            case,
            Fact.BILL,
            value={"bill": str(bill.pk)},
            outcome=Finding.Outcome.FOUND,
            means=Finding.Means.CHOICE,
            source=None,
            checked_on=timezone.localdate(),
        )


def bill_scope(case: Case) -> bool:
    """Does the rule in force look at single bills?"""
    return bool(case.rule and (case.rule.rule.get("residual") or {}).get("scope") == "bill")


def _days(checked_on: date, valid_until: date | None) -> None:
    today = timezone.localdate()
    if checked_on > today:
        raise AwardError("date", _("核实的日期还没到，请检查。"))
    if valid_until is not None and valid_until < today:
        raise AwardError("date", _("有效期已经过了，请看最新的证明。"))


def _must_agree(case: Case, fact: str) -> None:
    consent = must_consent(case)
    if CATEGORY[fact] not in consent.categories:
        raise AwardError("category", _("家属没有同意本基金看这一类资料，不能记。"))


def _accepted_paper(case: Case, document_id: int | None) -> None:
    row = (
        Document.objects.filter(pk=document_id or 0, application_id=case.application_id)
        .defer("content")
        .first()
    )
    if row is None or row.state != "accepted":
        raise AwardError("document", _("请选一份已经核对过的材料；还没核对的，先在“材料”里核对。"))


def _append(
    actor: Actor,
    case: Case,
    fact: str,
    *,
    value: Mapping[str, Any] | None,
    outcome: str,
    means: str,
    source: str | None,
    checked_on: date,
    key: str = "",
    document_id: int | None = None,
    valid_until: date | None = None,
) -> Recorded:
    row = Finding.objects.create(
        case=case,
        organisation_id=case.organisation_id,
        application_id=case.application_id,
        consent_id=case.consent_id,
        fact=fact,
        key=key,
        category=CATEGORY[fact],
        outcome=outcome,
        value=None if value is None else dict(value),
        means=means,
        document_id=document_id,
        source=source,
        checked_on=checked_on,
        valid_until=valid_until,
        recorded_by_id=actor.user_id or 0,
    )
    kinds = {"found": "fact_found", "not_found": "fact_not_found", "withdrawn": "fact_withdrawn"}
    write_event(case, kinds[outcome], actor, note=str(row.get_fact_display()))
    audited(
        "finding.recorded",
        case,
        actor,
        finding=row.pk,
        application=case.application_id,
        consent=case.consent_id,
        fact=fact,
        outcome=outcome,
        means=means,
        document=document_id or 0,
    )
    emit("finding.recorded", case_id=case.pk)
    return Recorded(row.pk, fact, outcome)

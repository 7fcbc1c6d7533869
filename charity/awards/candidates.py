"""Candidates: for each case the verdict, the amount and why. Recomputed on every relevant event, idempotent."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from audit import record
from charity.applications.models import Application
from charity.funds.models import Fund, RuleVersion
from consent.models import Consent
from insurance.ledger import services as ledger
from matching import eligibility
from outbox import emit
from people.models import Representation
from vault.index import blind

from .facts import facts_of, with_quota
from .models import Award, Case, CaseEvent, Evaluation
from .retention import forget

logger = logging.getLogger(__name__)
ZERO = Decimal("0.00")
EVALUATED = [
    "rule",
    "verdict",
    "offer",
    "binding",
    "met",
    "failed",
    "unknown",
    "evaluated_at",
]
OPEN_STATES = (Case.State.NEW, Case.State.WAITING_FAMILY, Case.State.PROPOSED, Case.State.APPROVED)


def search_keys(application: Application) -> tuple[bytes | None, bytes | None]:
    """Blind indexes of the patient's exact name and of the last four digits of the phone."""
    answers = application.answers or {}
    who, applicant = answers.get("identity") or {}, answers.get("applicant") or {}
    name, phone = str(who.get("name") or ""), str(who.get("phone") or applicant.get("phone") or "")
    return (
        blind("awards.name", name) if name else None,
        blind("awards.phone_tail", phone[-4:]) if len(phone) >= 4 else None,
    )


def rule_in_force(fund_id: int) -> RuleVersion | None:
    return (
        RuleVersion.objects.filter(fund_id=fund_id, effective_from__lte=timezone.localdate())
        .order_by("-version")
        .first()
    )


def open_case(consent_id: int) -> Case | None:
    """A live yes on a submitted application makes the case (handler of consent.given, application.submitted).

    None when there is none to make: no live yes, not submitted, or the fund is not the recipient's own.
    """
    case = _case_of(consent_id)
    if case is not None:
        evaluate_case(case)
    return case


def _opens(application: Application) -> tuple[int | None, int | None]:
    """(person, need) that a yes of the account opens. Nothing while it has to prove a joint record anew: it had proven
    one of two people, and a yes to one more house would show it the bills of the other."""
    speaks = Representation.objects.filter(
        account_id=application.account_id, person_id=application.person_id or 0, revoked_at=None
    )
    return (application.person_id, application.need_id) if speaks.exists() else (None, None)


def _case_of(consent_id: int) -> Case | None:
    """open_case() without the evaluation."""
    consent = Consent.objects.get(pk=consent_id)
    application = Application.objects.filter(pk=consent.application_id).first()
    if application is None or application.state != Application.State.SUBMITTED:
        return None
    if not consent.decision or consent.withdrawn_at is not None or consent.valid_until <= timezone.now():
        return None
    person_id, need_id = _opens(application)
    if need_id and consent.need_id != need_id:
        consent.person_id, consent.need_id = person_id, need_id
        consent.save(update_fields=["person_id", "need_id"])
    fund = Fund.objects.get(pk=consent.fund_id)
    if fund.organisation_id != consent.organisation_id:
        logger.warning("consent %s names a fund of another organisation: no case", consent.pk)
        return None
    case = Case.objects.filter(application_id=application.pk, fund=fund).first()
    if case is None:
        position = Case.objects.filter(application_id=application.pk).count() + 1
        case = Case.objects.create(
            number=f"{application.number}-{position}",
            application_id=application.pk,
            organisation_id=consent.organisation_id,
            fund=fund,
            consent_id=consent.pk,
            person_id=person_id,
            need_id=need_id,
            due_on=working_days_from(fund.decision_days),
        )
        CaseEvent.objects.create(
            case=case, organisation_id=case.organisation_id, kind="opened", visible_to_family=True
        )
        record("case.opened", f"case:{case.pk}", payload={"fund": fund.pk, "consent": consent.pk})
    elif case.consent_id != consent.pk:
        case.consent_id = consent.pk
        case.sealed_at = None
        if case.state in {Case.State.WITHDRAWN, Case.State.EXPIRED}:
            case.state = Case.State.NEW
            case.closed_at = None
        case.save(update_fields=["consent_id", "sealed_at", "state", "closed_at"])
        CaseEvent.objects.create(
            case=case, organisation_id=case.organisation_id, kind="consent_renewed", visible_to_family=True
        )
    return case


def working_days_from(days: int) -> date:
    """The date that many Monday-to-Friday days from today (public holidays are not known here)."""
    day = timezone.localdate()
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day


def evaluate_case(case: Case) -> None:
    """Compute the candidate from what is known now and keep it on the case."""
    case = Case.objects.select_for_update().get(pk=case.pk)
    if case.state not in OPEN_STATES:
        return
    consent = Consent.objects.get(pk=case.consent_id)
    if consent.withdrawn_at is not None or consent.valid_until <= timezone.now():
        return
    application = Application.objects.get(pk=case.application_id)
    version = rule_in_force(case.fund_id)
    if version is None:
        return
    rule = eligibility.parse_rule(version.rule)
    facts = with_quota(facts_of(case, application), rule, case)
    evaluation = eligibility.evaluate(rule, facts, timezone.localdate())
    before = _outcome(case)
    offer = evaluation.offer
    statuses = [result.status for result in evaluation.results]
    case.rule = version
    case.verdict = evaluation.verdict
    # what it can be at most while something is still unknown; the verdict says which of the two it is
    case.offer = ((offer.ceiling if offer.amount is None else offer.amount) or ZERO) if offer else ZERO
    names = offer.binding if offer else ()
    case.binding = "open" if "open" in names else names[0] if names else ""
    case.met, case.failed, case.unknown = (statuses.count(s) for s in ("met", "failed", "unknown"))
    criteria: list[dict[str, Any]] = [
        {
            "id": result.id,
            "status": result.status,
            "actual": str(result.actual),
            "required": str(result.required),
            "clause": result.clause,
            "text": str(result.text),
            "missing": str(result.missing),
            "action": str(result.action),
            "source": str(result.source),
            "tentative": result.tentative,
        }
        for result in evaluation.results
    ] + [
        {
            "bound": bound.name,
            "label": str(bound.label),
            "amount": None if bound.amount is None else str(bound.amount),
            "clause": bound.clause,
            "binds": bool(offer and bound.name in offer.binding),
        }
        for bound in (offer.bounds if offer else ())
    ]
    if rule.residual.scope == "bill" and facts.subject_bill.isdigit():
        criteria.append({"bill": int(facts.subject_bill)})
    name_blind, tail_blind = search_keys(application)
    Evaluation.objects.update_or_create(
        case=case,
        defaults={"criteria": criteria, "name_blind": name_blind, "tail_blind": tail_blind},
        create_defaults={
            "organisation_id": case.organisation_id,
            "application_id": case.application_id,
            "fund_id": case.fund_id,
            "criteria": criteria,
            "name_blind": name_blind,
            "tail_blind": tail_blind,
        },
    )
    case.evaluated_at = timezone.now()
    case.save(update_fields=EVALUATED)
    if _outcome(case) != before:  # the same again changes nothing
        record("case.evaluated", f"case:{case.pk}", payload=_outcome(case))


def _outcome(case: Case) -> dict[str, Any]:
    """What an evaluation says, as the log keeps it: the rule, the verdict, yuan and counts; no fact."""
    return {
        "rule": case.rule_id,
        "verdict": case.verdict,
        "offer": f"{case.offer:.2f}",
        "binding": case.binding,
        "criteria": [case.met, case.failed, case.unknown],
    }


def look_again(case: Case) -> bool:
    """evaluate_case() among many: what cannot be read (a rule, a check or an answer that came past the services) is
    undetermined and logged, and stops nobody else's case. False then."""
    try:
        with transaction.atomic():
            evaluate_case(case)
    except DatabaseError:
        raise  # a lock or a lost connection: all of it is tried again
    except Exception as error:
        logger.error("case %s cannot be looked at: %s", case.pk, type(error).__name__)
        Case.objects.filter(pk=case.pk).update(
            verdict="undetermined", offer=ZERO, binding="", evaluated_at=timezone.now()
        )
        return False
    return True


def application_changed(application_id: int) -> None:
    """Handler of application.submitted, application.proven and document.changed."""
    application = Application.objects.get(pk=application_id)
    if application.state != Application.State.SUBMITTED:
        return
    for consent in Consent.objects.filter(application_id=application_id, decision=True, withdrawn_at=None):
        _case_of(consent.pk)  # evaluated once, below
    cases = Case.objects.filter(application_id=application_id, state__in=OPEN_STATES)
    opened = _opens(application)
    for case in cases:
        if (case.person_id, case.need_id) != opened and (opened[0] or application.person_id is None):
            case.person_id, case.need_id = opened
            case.save(update_fields=["person_id", "need_id"])
        look_again(case)


def need_changed(need_id: int) -> None:
    """Handler of need.changed: what is open changed, so every open case on it is looked at again."""
    for case in Case.objects.filter(need_id=need_id, state__in=OPEN_STATES):
        look_again(case)


def consent_withdrawn(consent_id: int) -> None:
    """Reservations are released at once; a commitment stays as the notice says; what tells of the person goes.

    The recipient keeps number, decision, amounts and payments, without identity.
    """
    _seal(Consent.objects.get(pk=consent_id), "withdrawn", Case.State.WITHDRAWN)


def _seal(consent: Consent, why: str, state: str) -> bool:
    """Close to the recipient what the consent had opened. False when that was done already."""
    case = (
        Case.objects.select_for_update()
        .filter(application_id=consent.application_id, fund_id=consent.fund_id)
        .first()
    )
    if case is None or case.consent_id != consent.pk or case.sealed_at is not None:
        return False
    for award in Award.objects.select_for_update().filter(case=case, state=Award.State.PROPOSED):
        award.case = case
        release_award(award, why)
    if case.state in {Case.State.NEW, Case.State.WAITING_FAMILY, Case.State.PROPOSED}:
        case.state = state
        case.closed_at = timezone.now()
    case.sealed_at = timezone.now()
    case.save(update_fields=["state", "closed_at", "sealed_at"])
    CaseEvent.objects.create(
        case=case, organisation_id=case.organisation_id, kind=f"consent_{why}", visible_to_family=True
    )
    record("case.sealed", f"case:{case.pk}", payload={"consent": consent.pk, "why": why})
    forget(case)
    return True


def sweep_consents() -> int:
    """Cases whose consent ran out are closed like withdrawn ones. Returns how many (engine; beat calls it)."""
    ended = Consent.objects.filter(
        decision=True,
        withdrawn_at=None,
        valid_until__lte=timezone.now(),
        pk__in=Case.objects.filter(sealed_at=None).values("consent_id"),
    )
    count = 0
    for consent in ended:
        with transaction.atomic():
            count += _seal(consent, "expired", Case.State.EXPIRED)
    return count


def promise_of(award: Award) -> ledger.Promise:
    if award.case.need_id is None:
        raise ValueError("an award needs a proven person's need")
    return ledger.Promise(award.pk, award.case.need_id, award.fund_id, award.amount, award.settlement_id)


def release_award(award: Award, why: str) -> None:
    """Give a reservation back (in the caller's transaction)."""
    ledger.release(promise_of(award), step=f"release:{why}")
    award.state = Award.State.CANCELLED
    award.save(update_fields=["state"])
    record("award.released", f"award:{award.pk}", payload={"why": why, "amount": str(award.amount)})
    if award.case.need_id:
        emit("need.changed", need_id=award.case.need_id)


def sweep_expired() -> int:
    """Reservations whose time ran out are released. Returns how many (engine; beat calls it)."""
    expired = Award.objects.filter(
        state=Award.State.PROPOSED, hold_until__lt=timezone.localdate()
    ).values_list("pk", "case_id")
    count = 0
    for award_id, case_id in list(expired):
        with transaction.atomic():
            # the case first, as every step of staff does
            case = Case.objects.select_for_update(skip_locked=True).filter(pk=case_id).first()
            award = Award.objects.select_for_update().filter(pk=award_id, state=Award.State.PROPOSED).first()
            if case is None or award is None:
                continue
            award.case = case
            release_award(award, "expired")
            case.state = Case.State.NEW
            case.save(update_fields=["state"])
            CaseEvent.objects.create(
                case=case, organisation_id=case.organisation_id, kind="hold_expired", amount=award.amount
            )
        count += 1
    return count

"""Awards: propose, correct, send back, approve, refuse, cancel, pay, return. Maker, checker and payer are three people.

Every function takes the actor first, runs in one transaction with the case locked, posts to the ledger, writes
the audit entry and the case's history, and wakes the others (award.changed, need.changed). The ledger comes last:
its row of the fund is the hot one, and is locked until the commit. Amounts are Decimal yuan. Raises AwardError with a
code and plain words; nothing is changed then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from charity.applications.models import DocumentRequest
from charity.funds.models import Fund
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry
from outbox import emit
from scope import Actor

from .models import Award, Case, CaseText
from .recoveries import is_asked
from .rules import (
    AWARD_STEPS,
    CASE_STEPS,
    ZERO,
    AwardError,
    Limit,
    audited,
    bound_bill,
    limits_of,
    lock_award,
    lock_case,
    must_consent,
    one_transaction,
    results_of,
    write_event,
    written,
)

__all__ = ["AwardError", "Done", "Limit", "approve", "cancel", "correct", "pay", "propose", "refuse"]
MIN_REASON = 10


@dataclass(frozen=True)
class Done:
    """A step that was taken: the award (None for a refusal without one), its amount in yuan and the states now."""

    case_id: int
    award_id: int | None
    amount: Decimal
    award_state: str
    case_state: str


def _promise(award: Award, amount: Decimal | None = None) -> ledger.Promise:
    if award.case.need_id is None:
        raise AwardError("identity", _("先核对身份，才能办资助。"))
    return ledger.Promise(
        award.pk,
        award.case.need_id,
        award.fund_id,
        award.amount if amount is None else amount,
        award.settlement_id,
    )


def _move(case: Case, award: Award | None, step: str) -> None:
    target = CASE_STEPS[step][1]
    if target is not None:
        case.state = target
        case.closed_at = timezone.now() if target in {"refused", "paid"} else None
        case.save(update_fields=["state", "closed_at", "assignee"])
    if award is not None:
        award.state = AWARD_STEPS[step][1]
        award.save()


def _tell(case: Case, award: Award | None) -> None:
    if award is not None:
        emit("award.changed", award_id=award.pk)
    if case.need_id:
        emit("need.changed", need_id=case.need_id)


def _done(case: Case, award: Award | None) -> Done:
    return Done(
        case.pk,
        award.pk if award else None,
        award.amount if award else ZERO,
        award.state if award else "",
        case.state,
    )


def _within(case: Case, amount: Decimal) -> list[Limit]:
    """The limits, all of which the amount keeps. Raises AwardError("amount" | "identity" | "limit")."""
    if amount != amount.quantize(Decimal("0.01"), rounding=ROUND_DOWN) or amount <= 0:
        raise AwardError("amount", _("金额要大于 0，最多写到分。"))
    if case.need_id is None:
        raise AwardError("identity", _("先核对身份，才能看到还差多少、定资助金额。"))
    limits = limits_of(case)
    if not limits:
        raise AwardError("not_ready", _("还没算出可以资助多少，请稍后再试。"))
    least = limits[0]
    if amount > least.amount:
        raise AwardError(
            "limit",
            _("最多 ¥%(limit)s，由“%(label)s”限制。")
            % {"limit": f"{least.amount:,.2f}", "label": least.label},
        )
    return limits


def _within_caps(case: Case, award: Award) -> None:
    """The fund's caps per year and life over all cases of this person, counted now and under a lock, so that
    two applications of one person cannot both be the last that fits. Raises AwardError("cap")."""
    caps = [cap for cap in (case.rule.rule.get("caps") or []) if cap["per"] != "award"] if case.rule else []
    if not caps or case.person_id is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7402, %s)", [case.person_id % 2**31])
    others = Award.objects.filter(
        fund_id=case.fund_id,
        case__person_id=case.person_id,
        state__in=["proposed", "approved", "paid", "returned"],
    ).exclude(pk=award.pk)
    year = timezone.localdate(award.proposed_at).year
    for cap in caps:
        counted = sum(
            (
                one.amount - one.returned
                for one in others
                if cap["per"] == "life" or timezone.localdate(one.proposed_at).year == year
            ),
            award.amount,
        )
        if counted > Decimal(cap["amount"]):
            raise AwardError(
                "cap",
                _("这个人在本基金累计最多 ¥%(cap)s（%(clause)s），加上这笔就超过了。")
                % {"cap": f"{Decimal(cap['amount']):,.2f}", "clause": cap.get("clause", "")},
            )


def _bases(limits: list[Limit]) -> dict[str, str]:
    return {limit.name: str(limit.amount) for limit in limits}


def propose(
    actor: Actor,
    case_id: int,
    *,
    amount: Decimal,
    reason: str,
    payee: str,
    accepted: Mapping[str, str] | None = None,
) -> Done:
    """The case worker proposes an amount, which is reserved at once.

    payee: account holder and number, as text (sealed). accepted: criterion id → why it may stay unknown;
    every unknown criterion needs one, a failed one makes the proposal impossible.
    """
    accepted = {
        key: written(text, MIN_REASON, _("待核实的条件为什么可以先过"))
        for key, text in (accepted or {}).items()
    }
    with one_transaction():
        case = lock_case(actor, case_id, "propose")
        must_consent(case)
        if case.fund.status == Fund.Status.CLOSED:
            raise AwardError("fund_closed", _("这个基金已经结束，不能再资助。"))
        if results_of(case, "failed"):
            raise AwardError(
                "criteria", _("有条件不符合，不能建议资助。请写明理由，交审批人决定是否不予资助。")
            )
        open_ids = [entry["id"] for entry in results_of(case, "unknown")]
        left = [one for one in open_ids if one not in accepted]
        if left:
            raise AwardError(
                "unknown",
                _("还有 %(count)d 项待核实。请先核实，或逐项写明为什么可以先过。") % {"count": len(left)},
            )
        limits = _within(case, amount)
        reason = written(reason, MIN_REASON, _("理由"))
        payee = written(payee, 2, _("付给谁"))
        award = Award.objects.create(
            case=case,
            organisation_id=case.organisation_id,
            fund=case.fund,
            amount=amount,
            bases=_bases(limits),
            proposed_by_id=actor.user_id or 0,
            proposed_at=timezone.now(),
            hold_until=timezone.localdate() + timedelta(days=case.fund.hold_days),
            settlement_id=bound_bill(case),
        )
        CaseText.objects.bulk_create(
            [
                CaseText.about(award, CaseText.Kind.PAYEE, payee),
                CaseText.about(award, CaseText.Kind.REASON, reason),
            ]
        )
        _within_caps(case, award)
        case.assignee_id = case.assignee_id or actor.user_id
        _move(case, None, "propose")
        texts = {entry["id"]: entry["text"] or entry["id"] for entry in results_of(case, "unknown")}
        notes = [reason, *(f"{texts[key]}{text}" for key, text in accepted.items() if key in texts)]
        write_event(case, "proposed", actor, amount=amount, note=" ".join(notes))
        audited(
            "award.proposed",
            case,
            actor,
            award,
            binding=limits[0].name,
            accepted_unknown=[key for key in open_ids if key in accepted],
        )
        _tell(case, award)
        ledger.reserve(_promise(award))
        return _done(case, award)


def correct(actor: Actor, case_id: int, *, amount: Decimal, reason: str) -> Done:
    """The maker changes the amount of his own proposal; the reservation follows."""
    with one_transaction():
        case = lock_case(actor, case_id, "correct")
        must_consent(case)
        award = lock_award(case, "correct")
        if award.proposed_by_id != actor.user_id:
            raise AwardError("same_person", _("金额由提出建议的人改；您可以请审批人退回。"))
        limits = _within(case, amount)
        before = award.amount
        step = f"correct:{Entry.objects.filter(award_id=award.pk).count()}"
        award.amount, award.bases = amount, _bases(limits)
        reason = written(reason, MIN_REASON, _("为什么改"))
        award.save(update_fields=["amount", "bases"])
        _within_caps(case, award)
        write_event(case, "corrected", actor, amount=amount, note=reason)
        audited("award.corrected", case, actor, award, before=str(before))
        _tell(case, award)
        ledger.release(_promise(award, before), step=step)
        ledger.reserve(_promise(award), step=step)
        return _done(case, award)


def send_back(actor: Actor, case_id: int, *, reason: str) -> Done:
    """The approver returns it to the case worker; the reservation is released."""
    reason = written(reason, MIN_REASON, _("为什么退回"))
    with one_transaction():
        case = lock_case(actor, case_id, "send_back")
        award = lock_award(case, "send_back")
        _move(case, award, "send_back")
        write_event(case, "sent_back", actor, amount=award.amount, note=reason)
        audited("award.sent_back", case, actor, award)
        _tell(case, award)
        ledger.release(_promise(award), step="release:sent_back")
        return _done(case, award)


def approve(
    actor: Actor, case_id: int, *, reason: str, no_conflict: bool, amount: Decimal | None = None
) -> Done:
    """Another person approves: the reservation becomes a commitment.

    no_conflict: the declaration that he has no tie to patient, hospital or payee (Charity Law 59).
    amount: what he saw on the page; when it is no longer the award's, nothing is approved.
    """
    if not no_conflict:
        raise AwardError("conflict", _("请先声明您与患者、医院、收款方没有利益关系；有关系的，请同事审批。"))
    reason = written(reason, MIN_REASON, _("理由"))
    with one_transaction():
        case = lock_case(actor, case_id, "approve")
        must_consent(case)
        award = lock_award(case, "approve")
        if award.proposed_by_id == actor.user_id:
            raise AwardError("same_person", _("经办、审批、付款不能是同一个人。"))
        if amount is not None and amount != award.amount:
            raise AwardError("amount", _("金额刚刚改过，请看清楚再批准。"))
        if results_of(case, "failed"):
            raise AwardError("criteria", _("提出建议之后有条件变成不符合了，请退回或不予资助。"))
        _within_caps(case, award)
        award.approved_by_id, award.approved_at = actor.user_id, timezone.now()
        award.hold_until = None
        _move(case, award, "approve")
        write_event(case, "approved", actor, amount=award.amount, note=reason, family=True)
        audited("award.approved", case, actor, award, no_conflict=True)
        _tell(case, award)
        ledger.commit(_promise(award))
        return _done(case, award)


def refuse(actor: Actor, case_id: int, *, reason: str, clause: str) -> Done:
    """A person refuses, with the reason in words the family reads and the clause it rests on."""
    reason = written(reason, MIN_REASON, _("理由，患者会看到"))
    clause = written(clause, 2, _("依据哪一条"))
    with one_transaction():
        case = lock_case(actor, case_id, "refuse")
        must_consent(case)
        award = None
        if case.state == Case.State.PROPOSED:
            award = lock_award(case, "refuse")
            if award.proposed_by_id == actor.user_id:
                raise AwardError("same_person", _("经办、审批、付款不能是同一个人。"))
        _move(case, award, "refuse")
        write_event(case, "refused", actor, note=f"{clause}：{reason}", family=True)
        # The clause is typed text and stands, sealed, in the case's history: the log cannot forget a name in it.
        audited("award.refused", case, actor, award)
        _tell(case, award)
        if award is not None:
            ledger.release(_promise(award), step="release:refused")
        if award is None:
            emit("case.decided", case_id=case.pk)
        return _done(case, award)


def cancel(actor: Actor, case_id: int, *, reason: str) -> Done:
    """An approved award that will not be paid is given back to need and fund; the case is open again."""
    reason = written(reason, MIN_REASON, _("为什么取消"))
    with one_transaction():
        case = lock_case(actor, case_id, "cancel")
        award = lock_award(case, "cancel")
        _move(case, award, "cancel")
        write_event(case, "cancelled", actor, amount=award.amount, note=reason, family=True)
        audited("award.cancelled", case, actor, award)
        _tell(case, award)
        ledger.cancel(_promise(award))
        return _done(case, award)


def missing_documents(case: Case) -> list[DocumentRequest]:
    """Requests of this case that no accepted paper answers yet."""
    asked = (
        DocumentRequest.objects.filter(case_id=case.pk)
        .select_related("answered_by")
        .defer("answered_by__content")
    )
    return [
        one
        for one in asked
        if one.closed_at is None and (one.answered_by is None or one.answered_by.state != "accepted")
    ]


def pay(actor: Actor, case_id: int, *, reference: str) -> Done:
    """A third person records that the money went out. reference: the bank's or drug order's number."""
    reference = written(reference, 4, _("付款凭证号"))
    if len(reference) > 60:
        raise AwardError("reason", _("付款凭证号最多 60 个字。"))
    with one_transaction():
        case = lock_case(actor, case_id, "pay")
        award = lock_award(case, "pay")
        if actor.user_id in {award.proposed_by_id, award.approved_by_id}:
            raise AwardError("same_person", _("经办、审批、付款不能是同一个人。"))
        missing = missing_documents(case)
        if missing:
            names = "、".join(str(one.get_kind_display()) for one in missing)
            raise AwardError("documents", _("还缺材料，齐了才能付款：%(names)s。") % {"names": names})
        award.paid_by_id, award.paid_at, award.payment_reference = actor.user_id, timezone.now(), reference
        _move(case, award, "pay")
        write_event(case, "paid", actor, amount=award.amount, family=True)
        audited("award.paid", case, actor, award)
        _tell(case, award)
        ledger.pay(_promise(award))
        return _done(case, award)


def return_payment(actor: Actor, case_id: int, *, amount: Decimal, reason: str) -> Done:
    """Money that came back, in part or whole: need and fund are open again by that amount."""
    reason = written(reason, MIN_REASON, _("为什么退回来"))
    with one_transaction():
        case = lock_case(actor, case_id, "return")
        if is_asked(case):
            raise AwardError("recovery", _("这笔资助有钱要追回。请在“待追回”里登记，由另一位同事确认。"))
        award = lock_award(case, "return")
        if (
            amount <= 0
            or amount != amount.quantize(Decimal("0.01"))
            or amount > award.amount - award.returned
        ):
            raise AwardError(
                "amount", _("最多能退 ¥%(left)s。") % {"left": f"{award.amount - award.returned:,.2f}"}
            )
        award.returned += amount
        award.state = "returned" if award.returned == award.amount else "paid"
        award.save(update_fields=["returned", "state"])
        if award.state == "returned":
            case.state, case.closed_at = Case.State.CLOSED, timezone.now()
            case.save(update_fields=["state", "closed_at"])
        write_event(case, "returned", actor, amount=amount, note=reason, family=True)
        audited("award.returned", case, actor, award, returned=str(amount))
        _tell(case, award)
        number = Entry.objects.filter(award_id=award.pk, kind="return").count() + 1
        ledger.return_payment(_promise(award, amount), step=f"return:{number}")
        return _done(case, award)

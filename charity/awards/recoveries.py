"""Money to be got back: what came back, and what is no longer asked for. One colleague says so, another confirms.

Which amounts are asked back is the ledger's (insurance.ledger.recovery): more was aided than the need's bills come to
now, or a wrong person was paid. The web writes proposals and answers only; the engine posts the return, or writes the
claim off, and records both people. A return lowers what the award has paid, and so opens need and fund by as much;
a write-off moves no yuan. Amounts are Decimal yuan. Raises AwardError with a code and plain words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from insurance.ledger import recovery
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, RecoveryCase
from outbox import asked_by, emit
from scope import Actor

from .models import Award, Case, RecoveryAction
from .rules import AwardError, audited, must_have_role, one_transaction, write_event, written

MIN_NOTE = 10
PENDING = (RecoveryAction.State.PROPOSED, RecoveryAction.State.CONFIRMED)
Kind, State = RecoveryAction.Kind, RecoveryAction.State


@dataclass(frozen=True)
class Claim:
    """One amount to be got back, as one of the house's awards sees it (yuan).

    left: what of this award is paid and not given back; most_off: the most that this house may leave to the family,
    its own share of what is asked back by all who paid, once; pending: what a colleague proposed and nobody has answered.
    """

    recovery_id: int
    cause: str
    wrong_person: bool
    state: str
    amount: Decimal
    written_off: Decimal
    since: datetime
    until: datetime | None
    award: Award
    most_off: Decimal
    pending: RecoveryAction | None
    past: tuple[RecoveryAction, ...]

    @property
    def left(self) -> Decimal:
        return self.award.amount - self.award.returned if self.award.state == "paid" else Decimal("0.00")

    @property
    def asked(self) -> Decimal:
        """What the family was asked for last: nothing of it once the rest was left to them."""
        return Decimal("0.00") if self.state == "written_off" else self.amount

    @property
    def days(self) -> int:
        """Whole days that it is, or was, asked back."""
        return ((self.until or timezone.now()) - self.since).days


def own_awards(actor: Actor) -> QuerySet[Award]:
    """Awards of the house that may have to come back: promised, paid or returned."""
    return Award.objects.filter(
        organisation_id=actor.org_id or 0, state__in=["approved", "paid", "returned"]
    ).order_by("pk")


def concerning(actor: Actor) -> QuerySet[RecoveryCase]:
    """What is or was asked back where the house has given, oldest first (row-level security says the same)."""
    mine = own_awards(actor).filter(case__need_id=OuterRef("need_id"))
    return RecoveryCase.objects.filter(Exists(mine)).exclude(state="moved").order_by("opened_at", "pk")


def waits_for_an_answer() -> Exists:
    """Of a recovery case: a colleague proposed something that is not carried out yet."""
    return Exists(RecoveryAction.objects.filter(recovery_id=OuterRef("pk"), state__in=PENDING))


def claims(actor: Actor, rows: Iterable[RecoveryCase]) -> list[Claim]:
    """Each of them with each award of the house, in a handful of queries."""
    rows = list(rows)
    awards: dict[int, list[Award]] = {}
    found = own_awards(actor).filter(case__need_id__in={row.need_id for row in rows})
    for award in found.select_related("case", "fund"):
        awards.setdefault(award.case.need_id or 0, []).append(award)
    most_off = _waivable([(row.pk, award.pk) for row in rows for award in awards.get(row.need_id, [])])
    actions: dict[tuple[int, int], list[RecoveryAction]] = {}
    for one in (
        RecoveryAction.objects.filter(recovery_id__in=[row.pk for row in rows])
        .select_related("proposed_by", "decided_by", "event__words")
        .order_by("-pk")
    ):
        actions.setdefault((one.recovery_id, one.award_id), []).append(one)
    return [
        Claim(
            row.pk,
            row.cause,
            row.reference.startswith("undo:"),
            row.state,
            row.amount,
            row.written_off,
            row.opened_at,
            row.resolved_at,
            award,
            most_off[row.pk, award.pk],
            next((one for one in actions.get((row.pk, award.pk), []) if one.state in PENDING), None),
            tuple(one for one in actions.get((row.pk, award.pk), []) if one.state not in PENDING),
        )
        for row in rows
        for award in awards.get(row.need_id, [])
    ]


def _waivable(claimed: list[tuple[int, int]]) -> dict[tuple[int, int], Decimal]:
    """(recovery, award) → the most that the house may leave to the family (yuan; awards migration 0012)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r, a, recovery_waivable(r, a) FROM unnest(%s::bigint[], %s::bigint[]) AS asked(r, a)",
            [[one[0] for one in claimed], [one[1] for one in claimed]],
        )
        return {(r, a): yuan or Decimal("0.00") for r, a, yuan in cursor.fetchall()}


def of_case(actor: Actor, case: Case) -> list[Claim]:
    """What is or was asked back of this case's own award, open ones first."""
    if case.need_id is None:
        return []
    rows = (
        RecoveryCase.objects.filter(need_id=case.need_id).exclude(state="moved").order_by("opened_at", "pk")
    )
    found = [claim for claim in claims(actor, rows) if claim.award.case_id == case.pk]
    return sorted(found, key=lambda claim: claim.state != "open")


def current(found: list[Claim]) -> Claim | None:
    """The one to work on: that with a proposal to answer, else the oldest that is open."""
    waiting = (claim for claim in found if claim.pending is not None)
    return next(waiting, next((claim for claim in found if claim.state == "open"), None))


def is_asked(case: Case) -> bool:
    """Whether money of this case's need is asked back now."""
    return bool(case.need_id) and RecoveryCase.objects.filter(need_id=case.need_id, state="open").exists()


def propose(
    actor: Actor,
    case_id: int,
    recovery_id: int,
    *,
    kind: str,
    amount: Decimal,
    note: str,
    received_on: date | None = None,
) -> int:
    """Say that `amount` came back (received_on: the day), or should no longer be asked back. Returns the action's id.

    Nothing is posted before another colleague confirms.
    """
    must_have_role(actor, "recover")
    note = written(note, MIN_NOTE, _("经过或理由"))
    with one_transaction():
        case = Case.objects.filter(pk=case_id, organisation_id=actor.org_id or 0).first()
        found = of_case(actor, case) if case else []
        claim = next((one for one in found if one.recovery_id == recovery_id), None)
        if case is None or claim is None or claim.state != "open":
            raise AwardError("state", _("这笔钱已经不用追了。请刷新再看。"))
        if any(one.pending is not None for one in found):
            raise AwardError("state", _("同事已经登记了一笔，先等它确认。"))
        most = claim.left if kind == Kind.RETURNED else claim.most_off
        if not 0 < amount <= most or amount != amount.quantize(Decimal("0.01")):
            raise AwardError("amount", _("最多 ¥%(most)s。") % {"most": f"{most:,.2f}"})
        if kind == Kind.RETURNED and (received_on is None or received_on > timezone.localdate()):
            raise AwardError("day", _("请写钱到账的日期，不能晚于今天。"))
        event = write_event(case, f"{kind}_proposed", actor, amount=amount, note=note)
        action = RecoveryAction.objects.create(
            recovery_id=recovery_id,
            award=claim.award,
            case=case,
            organisation_id=case.organisation_id,
            kind=kind,
            amount=amount,
            received_on=received_on if kind == Kind.RETURNED else None,
            event=event,
            proposed_by_id=actor.user_id or 0,
            proposed_at=timezone.now(),
        )
        audited(
            "recovery.proposed",
            case,
            actor,
            claim.award,
            recovery=recovery_id,
            recovery_action=action.pk,
            kind=kind,
            amount=str(amount),
        )
        return action.pk


def decide(actor: Actor, case_id: int, action_id: int, *, yes: bool) -> RecoveryAction:
    """Another colleague confirms or declines; who proposed it may only take it back."""
    with one_transaction():
        action = (
            RecoveryAction.objects.select_for_update(of=("self",))
            .select_related("case", "award")
            .filter(pk=action_id, case_id=case_id, organisation_id=actor.org_id or 0, state=State.PROPOSED)
            .first()
        )
        if action is None:
            raise AwardError("state", _("同事刚办过。请刷新再看。"))
        own = action.proposed_by_id == actor.user_id
        if yes or not own:
            must_have_role(actor, "recovery_confirm")
        if yes and own:
            raise AwardError("same_person", _("这是您自己登记的，要另一位同事确认。"))
        action.state = State.CONFIRMED if yes else State.DECLINED
        action.decided_by_id, action.decided_at = actor.user_id, timezone.now()
        action.save(update_fields=["state", "decided_by", "decided_at"])
        returned = action.kind == Kind.RETURNED
        write_event(
            action.case,
            action.kind if yes else "recovery_declined",
            actor,
            amount=action.amount,
            family=yes and returned,
        )
        audited(
            "recovery.confirmed" if yes else "recovery.declined",
            action.case,
            actor,
            action.award,
            recovery=action.recovery_id,
            recovery_action=action.pk,
            kind=action.kind,
            amount=str(action.amount),
        )
        if yes:
            emit("recovery.confirmed", action_id=action.pk)
        return action


def carry_out(action_id: int) -> None:
    """Handler of recovery.confirmed (engine): the return is posted, or the claim written off. Idempotent."""
    action = RecoveryAction.objects.select_for_update().get(pk=action_id)
    if action.state != State.CONFIRMED or asked_by().org_id != action.organisation_id:
        return
    case = Case.objects.select_for_update().get(pk=action.case_id)
    award = Award.objects.select_for_update().get(pk=action.award_id)
    award.case = case
    done = (_post_return if action.kind == Kind.RETURNED else _write_off)(action, case, award)
    action.state, action.done_at = (State.DONE, timezone.now()) if done else (State.VOID, None)
    action.save(update_fields=["state", "done_at"])
    if not done:
        write_event(case, "recovery_void", Actor("engine"), amount=action.amount)
        audited("recovery.void", case, Actor("engine"), award, recovery_action=action.pk)
        return
    emit("award.changed", award_id=award.pk)
    if case.need_id is not None:
        emit("need.changed", need_id=case.need_id)


def _people(action: RecoveryAction) -> dict[str, int | str]:
    return {
        "recovery": action.recovery_id,
        "recovery_action": action.pk,
        "proposed_by": action.proposed_by_id,
        "confirmed_by": action.decided_by_id or 0,
    }


def _post_return(action: RecoveryAction, case: Case, award: Award) -> bool:
    if case.need_id is None or award.state != "paid" or action.amount > award.amount - award.returned:
        return False
    award.returned += action.amount
    award.state = "returned" if award.returned == award.amount else "paid"
    award.save(update_fields=["returned", "state"])
    if award.state == "returned" and case.state == Case.State.PAID:
        case.state, case.closed_at = Case.State.CLOSED, timezone.now()
        case.save(update_fields=["state", "closed_at"])
    number = Entry.objects.filter(award_id=award.pk, kind="return").count() + 1
    audited("award.returned", case, Actor("engine"), award, returned=str(action.amount), **_people(action))
    promise = ledger.Promise(award.pk, case.need_id, award.fund_id, action.amount, award.settlement_id)
    ledger.return_payment(promise, step=f"return:{number}")
    recovery.repaid(action.recovery_id, action.amount)
    return True


def _write_off(action: RecoveryAction, case: Case, award: Award) -> bool:
    try:
        recovery.write_off(action.recovery_id, action.amount)
    except recovery.NotAskedError:
        return False
    audited(
        "award.written_off", case, Actor("engine"), award, written_off=str(action.amount), **_people(action)
    )
    return True

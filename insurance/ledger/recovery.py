"""Asking money back: who opens, lowers and closes recovery cases, each with its audit entry on `need:N`.

The database opens a case itself wherever a need's `excess` grows (entry_apply); what it did is told here, in the
same transaction. Where the excess falls again, whatever moved it raises need.changed, and settle() asks for no more
than is still too much. Amounts are Decimal yuan. Everything runs as the engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.utils import timezone

from audit import record

from .models import NeedAccount, RecoveryCase

ZERO = Decimal("0.00")


@contextmanager
def told(*need_ids: int) -> Iterator[None]:
    """Whatever recovery cases of these needs open, close or come back meanwhile is in the audit log.

    Takes the needs' locks first (by id), so that nobody else's case is told as one's own.
    """
    list(NeedAccount.objects.select_for_update().filter(pk__in=need_ids).order_by("pk"))
    cases = RecoveryCase.objects.filter(need_id__in=need_ids).order_by("pk")
    before = {case.pk: case for case in cases}
    yield
    for case in cases.all():
        was = before.get(case.pk)
        if was is None or (was.state != "open" and case.state == "open"):
            _record("recovery.opened", case, cause=case.cause, again=was is not None)
        elif was.state == case.state == "open" and was.amount != case.amount:
            _record("recovery.lowered", case, was=str(was.amount))
        if case.state != "open" and (was is None or was.state == "open"):
            _record("recovery.closed", case, state=case.state)


def _record(action: str, case: RecoveryCase, **content: str | bool) -> None:
    payload = {"recovery": case.pk, "reference": case.reference, "amount": str(case.amount), **content}
    record(action, f"need:{case.need_id}", payload=payload)


def ask_back(need_id: int, amount: Decimal, reference: str) -> None:
    """A charity paid for the wrong person: `amount` is asked back for the need, whatever its bills come to.

    reference: 'undo:…', which tells it from what is asked back because it is more than the residual.
    """
    with told(need_id):
        RecoveryCase.objects.create(need_id=need_id, amount=amount, cause="unmerge", reference=reference)


def _asked(need_id: int, state: str) -> list[RecoveryCase]:
    """What is asked back because it is too much for the need's bills, oldest first."""
    cases = RecoveryCase.objects.filter(need_id=need_id, state=state).exclude(reference__startswith="undo:")
    return list(cases.order_by("pk"))


def settle(need_id: int) -> None:
    """What is no longer too much is no longer asked back, the newest first (handler of need.changed).

    Money came back, a promise was released, a campaign ended, or a later bill covers it.
    """
    if not _asked(need_id, "open"):
        return
    with told(need_id):
        still = _asked(need_id, "open")
        too_much = sum((case.amount for case in still), ZERO) - NeedAccount.objects.get(pk=need_id).excess
        for case in reversed(still):
            if too_much <= 0:
                break
            less = min(case.amount, too_much)
            too_much -= less
            if less == case.amount:
                _set(case, "resolved")
            else:
                case.amount -= less
                case.save(update_fields=["amount"])


def follow(from_need: int, to_need: int, references: Collection[str]) -> None:
    """No yuan is asked back twice because it moved: what now stands elsewhere is asked for there.

    references: of the entries that moved it; a case with one of them was opened a moment ago, by this very move.
    """
    excess = {row.pk: row.excess for row in NeedAccount.objects.filter(pk__in=[from_need, to_need])}
    for need_id in (from_need, to_need):
        still = _asked(need_id, "open")
        total = sum((case.amount for case in still), ZERO)
        if need_id == to_need:
            for case in _asked(need_id, "moved"):  # it comes back to where it was asked first
                fresh = sum((one.amount for one in still if one.reference in references), ZERO)
                if total - fresh + case.amount <= excess[need_id]:
                    _set(case, "open")
                    still.append(case)
                    total += case.amount
        for case in reversed(still):
            too_much = total - excess[need_id]
            if too_much <= 0:
                break
            if case.amount <= too_much:
                _set(case, "moved")
                total -= case.amount
            elif case.reference in references:
                case.amount -= too_much
                case.save(update_fields=["amount"])
                total -= too_much


def _set(case: RecoveryCase, state: str) -> None:
    case.state, case.resolved_at = state, None if state == "open" else timezone.now()
    case.save(update_fields=["state", "resolved_at"])

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
#: A case that only tells what was waived of another, which stands at another need: 'waived:<its id>'.
WAIVED = "waived:"


class NotAskedError(Exception):
    """Nothing, or less than that, is asked back here any more; nothing was changed."""


@contextmanager
def told(*need_ids: int) -> Iterator[set[int]]:
    """Whatever recovery cases of these needs open, close or come back meanwhile is in the audit log.

    Takes the needs' locks first (by id), so that nobody else's case is told as one's own. Yields the ids of cases of
    which somebody else tells how much of them is waived: to be added to.
    """
    list(NeedAccount.objects.select_for_update().filter(pk__in=need_ids).order_by("pk"))
    cases = RecoveryCase.objects.filter(need_id__in=need_ids).order_by("pk")
    before = {case.pk: case for case in cases}
    moved: set[int] = set()
    yield moved
    for case in cases.all():
        was = before.get(case.pk)
        if case.reference.startswith(WAIVED):
            was = was or case
        if was is None or (was.state != "open" and case.state == "open"):
            _record("recovery.opened", case, cause=case.cause, again=was is not None)
        elif was.state == case.state == "open" and was.amount != case.amount:
            _record("recovery.lowered", case, was=str(was.amount))
        if was is not None and was.written_off != case.written_off and case.pk not in moved:
            step = "written_off" if case.written_off > was.written_off else "covered"
            _record(f"recovery.{step}", case, by=str(abs(case.written_off - was.written_off)))
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
    return list(cases.exclude(reference__startswith=WAIVED).order_by("pk"))


def _forgiven(need_id: int) -> list[RecoveryCase]:
    """What was written off and is still too much, oldest first."""
    cases = RecoveryCase.objects.filter(need_id=need_id, written_off__gt=0)
    return list(cases.exclude(reference__startswith="undo:").order_by("pk"))


def _beyond(need_id: int) -> Decimal:
    """By how much more is asked back or written off than is still too much (yuan; negative: less)."""
    asked = sum((case.amount for case in _asked(need_id, "open")), ZERO)
    forgiven = sum((case.written_off for case in _forgiven(need_id)), ZERO)
    return asked + forgiven - NeedAccount.objects.get(pk=need_id).excess


def _lower(case: RecoveryCase, less: Decimal) -> None:
    if less >= case.amount:
        _set(case, "resolved")
    else:
        case.amount -= less
        case.save(update_fields=["amount"])


def settle(need_id: int) -> None:
    """What is no longer too much is no longer asked back, the newest first (handler of need.changed).

    Money came back, a promise was released, a campaign ended, or a later bill covers it. What was written off comes
    last: the family is asked for less before anybody's waiver is taken as covered.
    """
    if not _asked(need_id, "open") and not _forgiven(need_id):
        return
    with told(need_id):
        too_much = _beyond(need_id)
        for case in reversed(_asked(need_id, "open")):
            if too_much <= 0:
                return
            less = min(case.amount, too_much)
            too_much -= less
            _lower(case, less)
        for case in reversed(_forgiven(need_id)):
            if too_much <= 0:
                return
            less = min(case.written_off, too_much)
            too_much -= less
            case.written_off -= less
            case.save(update_fields=["written_off"])


def repaid(recovery_id: int, amount: Decimal) -> None:
    """After the return of `amount` was posted: this very case is asked for less, before the newer ones (engine)."""
    need_id = RecoveryCase.objects.values_list("need_id", flat=True).get(pk=recovery_id)
    with told(need_id):
        case = RecoveryCase.objects.get(pk=recovery_id)
        less = min(case.amount, amount)
        if not case.reference.startswith("undo:"):
            less = min(less, _beyond(need_id))
        if case.state == "open" and less > 0:
            _lower(case, less)


def write_off(recovery_id: int, amount: Decimal) -> None:
    """`amount` is not asked back any more, though it stays too much: no yuan moves (engine). Raises NotAskedError."""
    need_id = RecoveryCase.objects.values_list("need_id", flat=True).get(pk=recovery_id)
    with told(need_id):
        case = RecoveryCase.objects.get(pk=recovery_id)
        if case.state != "open" or not ZERO < amount <= case.amount:
            raise NotAskedError
        case.written_off += amount
        case.save(update_fields=["written_off"])
        if amount == case.amount:
            _set(case, "written_off")
        else:
            _lower(case, amount)


def _carry(from_need: int, to_need: int, excess: dict[int, Decimal], moved: set[int]) -> None:
    """What was waived goes along with what is too much: a debt that was forgiven is not asked for anew because two
    records turned out to be one person's (Civil Code 575), nor when they part again."""
    forgiven = _forgiven(from_need)
    too_much = sum((case.written_off for case in forgiven), ZERO) - excess[from_need]
    room = excess[to_need] - sum((case.written_off for case in _forgiven(to_need)), ZERO)
    for case in reversed(forgiven):
        part = min(case.written_off, too_much, room)
        if part <= 0:
            return
        too_much, room = too_much - part, room - part
        first = RecoveryCase.objects.get(pk=_first(case))
        if first.need_id != to_need:
            first, _new = RecoveryCase.objects.get_or_create(
                need_id=to_need,
                reference=f"{WAIVED}{first.pk}",
                defaults={"amount": ZERO, "cause": case.cause, "state": "moved"},
            )
        for one, more in ((case, -part), (first, part)):
            one.written_off += more
            if one.reference.startswith(WAIVED):
                one.amount = one.written_off
                one.state = "written_off" if one.written_off else "moved"
                one.resolved_at = timezone.now()
            one.save(update_fields=["written_off", "amount", "state", "resolved_at"])
            moved.add(one.pk)
        _record("recovery.waiver_moved", first, by=str(part), from_need=str(from_need))


def _first(case: RecoveryCase) -> int:
    """The id of the case of which this one tells what was waived: its own, where it is asked for itself."""
    return int(case.reference.removeprefix(WAIVED)) if case.reference.startswith(WAIVED) else case.pk


def follow(from_need: int, to_need: int, references: Collection[str], moved: set[int]) -> None:
    """No yuan is asked back twice because it moved: what now stands elsewhere is asked for there, or waived there.

    references: of the entries that moved it; a case with one of them was opened a moment ago, by this very move.
    moved: of told(); the waivers that went along are told here.
    """
    excess = {row.pk: row.excess for row in NeedAccount.objects.filter(pk__in=[from_need, to_need])}
    _carry(from_need, to_need, excess, moved)
    for need_id in (from_need, to_need):
        still = _asked(need_id, "open")
        total = sum((case.amount for case in still), ZERO)
        total += sum((case.written_off for case in _forgiven(need_id)), ZERO)
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

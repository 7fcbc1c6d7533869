"""The only room that moves aid amounts. Each function posts entries in the caller's transaction.

Amounts are Decimal yuan with two places. The database holds the invariant; these functions give its refusals
a name and a reason. A posting is identified by (reference, kind): the same one twice raises AlreadyPostedError.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from . import recovery
from .models import Entry, EntryKind, FundAccount, Layer, NeedAccount, SettlementBalance

ZERO = Decimal("0.00")
OWN_AMOUNTS = {"award_own_amounts", "entry_shape", "entry_finite", "entry_reference"}


class LedgerError(Exception):
    """A posting that the ledger refuses; nothing was changed."""


class ResidualExceededError(LedgerError):
    """More than is still open of this need (or this bill)."""


class BudgetExceededError(LedgerError):
    """More than the fund still has."""


class AwardAmountsError(LedgerError):
    """An award would release, commit, pay or return more than it holds."""


class AlreadyPostedError(LedgerError):
    """This posting stands already (same reference and kind)."""


@dataclass(frozen=True)
class Position:
    """Totals of a need, a bill or a fund in yuan. `open` is what nobody has promised yet (never negative)."""

    residual: Decimal
    reserved: Decimal
    committed: Decimal
    paid: Decimal
    excess: Decimal

    @property
    def open(self) -> Decimal:
        return max(ZERO, self.residual - self.reserved - self.committed - self.paid)

    @property
    def promised(self) -> Decimal:
        return self.reserved + self.committed + self.paid


NOTHING = Position(ZERO, ZERO, ZERO, ZERO, ZERO)


@dataclass(frozen=True)
class Promise:
    """One award's amount against a need and a fund, for reserve_many()."""

    award_id: int
    need_id: int
    fund_id: int
    amount: Decimal
    settlement_id: int | None = None


def _position(row: NeedAccount | SettlementBalance | FundAccount | None) -> Position:
    if row is None:
        return NOTHING
    return Position(row.residual, row.reserved, row.committed, row.paid, row.excess)


def need_position(need_id: int | None) -> Position:
    """Totals of a need as far as the actor may see it; NOTHING when he may not or there is none."""
    return _position(NeedAccount.objects.filter(pk=need_id).first() if need_id else None)


def fund_position(fund_id: int) -> Position:
    return _position(FundAccount.objects.filter(pk=fund_id).first())


@contextmanager
def _named_refusals() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        if name in {"needaccount_no_yuan_twice", "settlementbalance_no_yuan_twice"}:
            raise ResidualExceededError("more than is still open of this need") from error
        if name == "fundaccount_no_yuan_twice":
            raise BudgetExceededError("more than the fund still has") from error
        if name in OWN_AMOUNTS or name.endswith("_not_negative"):
            raise AwardAmountsError("the award does not hold that amount in that state") from error
        if name == "entry_once":
            raise AlreadyPostedError("this posting stands already") from error
        raise


def _post(entries: Sequence[Entry]) -> None:
    """One INSERT for all entries: the statement trigger applies them together, in lock order."""
    with _named_refusals():
        Entry.objects.bulk_create(entries)


def need_for(person_id: int, episode: str) -> NeedAccount:
    """The need of a person's illness episode, made if missing (engine only). Safe against a race."""
    need = NeedAccount.objects.filter(person_id=person_id, episode=episode).first()
    if need is None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO need_account (person_id, episode, residual, reserved, committed, paid, excess, created_at)"
                " VALUES (%s, %s, 0, 0, 0, 0, 0, now()) ON CONFLICT (person_id, episode) DO NOTHING",
                [person_id, episode],
            )
        need = NeedAccount.objects.get(person_id=person_id, episode=episode)
    return need


def _lock_needs(*need_ids: int) -> None:
    """Needs first, by id, as the trigger does (engine only): what is read afterwards stays true until commit."""
    list(NeedAccount.objects.select_for_update().filter(pk__in=need_ids).order_by("pk"))


def post_settlement(settlement_id: int, need_id: int, residual: Decimal, version: int) -> Position:
    """Bring a bill's residual in the ledger to `residual` yuan (0 after a reversal). Engine only.

    The first time it opens; afterwards the difference is a correction, which always records and opens a
    recovery case where more was promised than is left. Returns the need's position afterwards.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO settlement_balance (settlement_id, need_id, residual, reserved, committed, paid, excess)"
            " VALUES (%s, %s, 0, 0, 0, 0, 0) ON CONFLICT (settlement_id) DO NOTHING",
            [settlement_id, need_id],
        )
    balance = SettlementBalance.objects.get(pk=settlement_id)
    locked = None
    while locked != balance.need_id:  # the bill may have moved to another need before the lock was ours
        locked = balance.need_id
        _lock_needs(locked)
        balance.refresh_from_db()
    first = not Entry.objects.filter(settlement_id=settlement_id, kind=EntryKind.OPEN).exists()
    delta = residual - balance.residual
    entry = Entry(
        need_id=balance.need_id,
        settlement_id=settlement_id,
        kind=EntryKind.OPEN if first else EntryKind.CORRECT,
        layer=Layer.STATUTORY,
        reference=f"settlement:{settlement_id}:v{version}",
        d_residual=delta,
    )
    if first:
        _post([entry])
    elif delta:
        with recovery.told(balance.need_id):
            _post([entry])
    return need_position(balance.need_id)


def external(
    need_id: int, layer: str, reference: str, *, reserved: Decimal = ZERO, paid: Decimal = ZERO
) -> Position:
    """Record what a campaign or a commercial insurer raised (reserved) or paid, as differences (engine only).

    Always records; what is too much opens a recovery case.
    """
    if reserved or paid:
        entry = Entry(
            need_id=need_id,
            kind=EntryKind.EXTERNAL,
            layer=layer,
            reference=reference,
            d_reserved=reserved,
            d_paid=paid,
        )
        with recovery.told(need_id):
            _post([entry])
    return need_position(need_id)


def open_fund(fund_id: int, organisation_id: int) -> None:
    """The fund's account with a budget of nothing."""
    FundAccount.objects.create(fund_id=fund_id, organisation_id=organisation_id)


def change_budget(fund_id: int, difference: Decimal, reference: str) -> Position:
    """Raise or lower a budget. Lowering it under what is promised raises BudgetExceededError."""
    _post(
        [
            Entry(
                fund_id=fund_id,
                kind=EntryKind.BUDGET,
                layer=Layer.CHARITY,
                reference=reference,
                d_residual=difference,
            )
        ]
    )
    return fund_position(fund_id)


def _award_entry(kind: str, promise: Promise, step: str, **deltas: Decimal) -> Entry:
    return Entry(
        need_id=promise.need_id,
        settlement_id=promise.settlement_id,
        fund_id=promise.fund_id,
        award_id=promise.award_id,
        kind=kind,
        layer=Layer.CHARITY,
        reference=f"award:{promise.award_id}:{step}",
        **deltas,
    )


def reserve_many(promises: Iterable[Promise]) -> None:
    """All or none, in one statement: for rounds and hot funds."""
    _post([_award_entry(EntryKind.RESERVE, p, "reserve", d_reserved=p.amount) for p in promises])


def reserve(promise: Promise, step: str = "reserve") -> None:
    """Set an award's amount aside. Raises ResidualExceededError or BudgetExceededError; nothing is changed then."""
    _post([_award_entry(EntryKind.RESERVE, promise, step, d_reserved=promise.amount)])


def release(promise: Promise, step: str = "release") -> None:
    _post([_award_entry(EntryKind.RELEASE, promise, step, d_reserved=-promise.amount)])


def commit(promise: Promise, step: str = "commit") -> None:
    """The reservation becomes a commitment."""
    _post(
        [
            _award_entry(
                EntryKind.COMMIT, promise, step, d_reserved=-promise.amount, d_committed=promise.amount
            )
        ]
    )


def cancel(promise: Promise, step: str = "cancel") -> None:
    """A commitment that will not be paid is given back to need and fund."""
    _post([_award_entry(EntryKind.CANCEL, promise, step, d_committed=-promise.amount)])


def pay(promise: Promise, step: str = "pay") -> None:
    _post([_award_entry(EntryKind.PAY, promise, step, d_committed=-promise.amount, d_paid=promise.amount)])


def return_payment(promise: Promise, step: str) -> None:
    """Money that came back: need and fund are open again by that amount. `step` tells returns apart."""
    _post([_award_entry(EntryKind.RETURN, promise, step, d_paid=-promise.amount)])


@dataclass(frozen=True)
class Holding:
    """What one cause ('settlement:12', 'award:9', 'campaign:5') has standing in a need, in yuan."""

    cause: str
    layer: str
    settlement_id: int | None
    fund_id: int | None
    award_id: int | None
    residual: Decimal
    reserved: Decimal
    committed: Decimal
    paid: Decimal


def holdings(need_id: int) -> list[Holding]:
    """Everything that makes up a need's totals, cause by cause; they add up to its position."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rtrim(split_part(reference, ':', 1) || ':' || split_part(reference, ':', 2), ':'), layer,"
            " settlement_id, fund_id, award_id, sum(d_residual), sum(d_reserved), sum(d_committed), sum(d_paid)"
            " FROM entry WHERE need_id = %s GROUP BY 1, 2, 3, 4, 5"
            " HAVING sum(d_residual) <> 0 OR sum(d_reserved) <> 0 OR sum(d_committed) <> 0 OR sum(d_paid) <> 0"
            " ORDER BY 1, 2, 3, 4, 5",
            [need_id],
        )
        return [Holding(*row) for row in cursor.fetchall()]


def lock_needs(need_ids: Iterable[int]) -> None:
    """Needs, then their bills' balances, each by id: what is read afterwards stays true until commit (engine only)."""
    wanted = sorted(set(need_ids))
    _lock_needs(*wanted)
    list(SettlementBalance.objects.select_for_update().filter(need_id__in=wanted).order_by("pk"))


def move_need(
    from_need: int,
    to_need: int,
    reference: str,
    kind: str = EntryKind.MERGE,
    *,
    causes: Collection[str] | None = None,
    bills: Collection[int] = (),
) -> list[Holding]:
    """Merge or unmerge: what stands in one need becomes part of another (engine only). Returns what was moved.

    Each cause moves by two entries of its own, so that an award's, a campaign's and a bill's yuan stay theirs on
    either side; nothing is edited. causes: only these (None: all); bills: their balances follow (None above: all).
    Aid above the residual raises `excess` and opens a recovery case, for what none asks for yet.
    """
    if from_need == to_need:
        raise ValueError("a need is not merged into itself")
    lock_needs([from_need, to_need])
    moved = [one for one in holdings(from_need) if causes is None or one.cause in causes]
    entries = []
    for place, one in enumerate(moved):
        for need_id, side, sign in ((from_need, "from", -1), (to_need, "to", 1)):
            entries.append(
                Entry(
                    need_id=need_id,
                    settlement_id=one.settlement_id,
                    fund_id=one.fund_id,
                    award_id=one.award_id,
                    kind=kind,
                    layer=one.layer,
                    reference=f"{one.cause}:{reference}:{place}:{side}",
                    d_residual=sign * one.residual,
                    d_reserved=sign * one.reserved,
                    d_committed=sign * one.committed,
                    d_paid=sign * one.paid,
                )
            )
    with recovery.told(from_need, to_need) as moved_waivers:
        _post(entries)
        balances = SettlementBalance.objects.filter(need_id=from_need)
        (balances if causes is None else balances.filter(pk__in=bills)).update(need_id=to_need)
        recovery.follow(from_need, to_need, {entry.reference for entry in entries}, moved_waivers)
    return moved

"""How much one case can be offered: the least of its bounds, with the one that binds named. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal

FEN = Decimal("0.01")
ZERO = Decimal("0.00")


def floor_fen(amount: Decimal) -> Decimal:
    """Rounded down to the fen, never below zero."""
    return max(ZERO, amount.quantize(FEN, rounding=ROUND_DOWN))


@dataclass(frozen=True)
class Bound:
    """One upper limit in yuan. `amount` None: it applies, but nobody knows it yet.

    `name`: grant, prior_grant, committee, cap_award, cap_year, cap_life, residual, open, fund_available.
    `certain` False: the amount rests on something not verified, or is only the most that it can be; then
    `least` is what it is at least, whatever is learned (None: may be nothing).
    """

    name: str
    label: str
    amount: Decimal | None
    clause: str = ""
    certain: bool = True
    least: Decimal | None = None


@dataclass(frozen=True)
class Offer:
    """What may be offered.

    `amount`: yuan, None while a bound that is not certain could still lower or raise it. `ceiling`: the least bound as far as known or stated,
    None when none is. `binding`: names of the bounds that give the ceiling. `unknown`: names of the bounds
    that are not certain yet.
    """

    amount: Decimal | None
    ceiling: Decimal | None
    bounds: tuple[Bound, ...]
    binding: tuple[str, ...]
    unknown: tuple[str, ...]


def bounded_offer(bounds: Iterable[Bound]) -> Offer:
    """The least of the bounds, each rounded down to the fen and never below zero."""
    every = tuple(b if b.amount is None else replace(b, amount=floor_fen(b.amount)) for b in bounds)
    known = [bound.amount for bound in every if bound.amount is not None]
    ceiling = min(known) if known else None
    unknown = tuple(bound.name for bound in every if bound.amount is None or not bound.certain)
    sure = [b.amount for b in every if b.certain and b.amount is not None]
    # An uncertain bound does not matter when it cannot fall below the least certain one.
    loose = [
        ZERO if b.least is None or b.amount is None else min(b.least, b.amount)
        for b in every
        if b.amount is None or not b.certain
    ]
    settled = bool(sure) and all(floor_fen(least) >= min(sure) for least in loose)
    return Offer(
        amount=min(sure) if settled else None,
        ceiling=ceiling,
        bounds=every,
        binding=tuple(b.name for b in every if b.amount is not None and b.amount == ceiling),
        unknown=unknown,
    )

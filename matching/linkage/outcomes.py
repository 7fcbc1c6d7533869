"""Accept, review or reject: where the lines lie, by estimated error, and what no line accepts."""

import numpy as np

from .compare import names as compare_names
from .compare import numbers as compare_values
from .compare import text as compare_text
from .compare.columns import Bools, Levels
from .model import Limits, Model, Params
from .oddities import Odd

#: Of accepted pairs, this share at least shall be right.
TARGET = 0.9995
#: How far the model's own estimate of its error is trusted: real errors hang together more than it believes.
TRUST = 5.0
#: No estimate accepts below this probability.
LEAST = 0.99
#: The share of proposed pairs that people may have to look at, and the lines tried for that.
MOST_REVIEW = 0.10
LINES = (0.01, 0.02, 0.05, 0.1, 0.2)
#: Agreements of a given name that relatives do not show.
_SAME_GIVEN = ("exact", "short_form", "edit_1", "crossed", "edit_2")


def doubtful(model: Model, levels: Levels) -> Bools:
    """Pairs that are never accepted, whatever their weight, shape (pairs,).

    Hidden and plainly different names, two numbers that differ or cannot exist; and where no number agrees, names that
    brothers, sisters and twins share but for a character or a tone, and missing given names.
    """
    out = np.zeros(len(levels), dtype=bool)
    agree = np.zeros(len(levels), dtype=bool)
    named = np.zeros(len(levels), dtype=bool)
    for k, c in enumerate(model.comparisons):
        if isinstance(c, compare_values.IdNumber):
            agree |= (levels[:, k] > 0) & (levels[:, k] <= c.index("near_2"))
            out |= levels[:, k] >= c.index("unproven")
        elif isinstance(c, compare_names.PersonName):
            named |= levels[:, k] > 0  # then a given name beside it says nothing more
    for k, c in enumerate(model.comparisons):
        column = levels[:, k]
        if isinstance(c, compare_names.PersonName):
            for level in (*c.masked, "masked_else", "surname", "else"):
                out |= column == c.index(level)
            for level in ("homophone", "one_off", "sound", "partial"):
                out |= ~agree & (column == c.index(level))
        elif isinstance(c, compare_text.Parts) and c.given:
            out |= column == c.index("masked_given")
            out |= ~agree & ~(named & (column == 0)) & ~np.isin(column, [c.index(k) for k in _SAME_GIVEN])
    return out


def expected(model: Model, levels: Levels) -> Bools:
    """As `doubtful`, with what only the values tell (`oddities`): under one number too a name that is a character off is
    asked about. For drawing the lines."""
    out = doubtful(model, levels)
    for k, c in enumerate(model.comparisons):
        if isinstance(c, compare_names.PersonName):
            out |= np.isin(levels[:, k], [c.index(level) for level in ("one_off", "sound", "partial")])
    return out


def decide(
    model: Model,
    levels: Levels,
    probability: np.ndarray,
    params: Params,
    pair: str = "",
    alone: np.ndarray | None = None,
    odd: Odd | None = None,
    vouched: Bools | None = None,
) -> list[str]:
    """'accept', 'review' or 'reject' per pair of rows; ``pair`` names the two sources (`Params.limits`).

    ``alone`` is what the pair says without any third record: only that accepts, or two other records that are accepted with
    both rows (``vouched``). ``odd``: what else stands against it.
    """
    limit = params.limit(pair)
    sure = probability if alone is None else np.minimum(probability, alone)
    accept = sure >= limit.accept
    if vouched is not None:
        accept |= vouched
    accept &= ~doubtful(model, levels)
    asked = probability >= limit.review
    if odd is not None:
        accept &= ~odd.never
        asked |= odd.asked
    return np.where(accept, "accept", np.where(asked, "review", "reject")).tolist()


def choose(probability: np.ndarray, counts: np.ndarray, never: Bools) -> Limits:
    """The lines for pairs with these probabilities, ``counts`` of each; ``never``: not to be accepted.

    Accept from the lowest probability at which the estimated share of wrong pairs above it, times `TRUST`, stays
    within 1 - `TARGET`; review from the lowest of `LINES` that keeps people's share within `MOST_REVIEW`.
    """
    free = np.flatnonzero(~never & (probability >= LEAST) & (counts > 0))
    free = free[np.argsort(-probability[free], kind="stable")]
    wrong = np.cumsum((1 - probability[free]) * counts[free])
    share = wrong / np.maximum(np.cumsum(counts[free]), 1e-12)
    lines = np.floor(probability[free] * 1e6)
    last = np.append(lines[1:] != lines[:-1], True)[: len(lines)]  # a line takes all that lie on it
    good = np.flatnonzero(last & (share * TRUST <= 1 - TARGET))
    accept = float(lines[good[-1]] / 1e6) if len(good) else Params.accept
    accept = min(max(accept, LEAST), 0.999999)
    taken = ~never & (probability >= accept)
    accepted = float(counts[taken].sum())
    matches = max(float((probability * counts).sum()), 1e-12)
    line, looked = Params.review, 1.0
    for one in LINES:
        seen = float(counts[~taken & (probability >= one)].sum())
        looked = seen / max(seen + accepted, 1e-12)
        if looked <= MOST_REVIEW:
            line = one
            break
    else:
        seen = float(counts[~taken & (probability >= line)].sum())
        looked = seen / max(seen + accepted, 1e-12)
    lost = float((probability * counts)[probability < line].sum())
    return Limits(
        accept, line, false_accept=float(share[good[-1]]) if len(good) else 0.0, false_reject=lost / matches,
        reviewed=looked,
    )  # fmt: skip

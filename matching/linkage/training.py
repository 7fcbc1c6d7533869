"""Training without labels: u from random pairs, m by expectation maximisation.

Winkler (1988), Fellegi & Sunter (1969). One session per blocking key estimates m of the comparisons that the
key does not rest on; then a few rounds over all candidates settle m, u and the prior together.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from . import outcomes
from .compare.columns import Bools, Ints, Levels
from .compare.comparison import Comparison
from .model import Kin, Model, Params, Table, household
from .tables.candidates import (
    CHUNK,
    Key,
    Pairs,
    Sample,
    Split,
    chunks,
    pairs_of,
    proposed,
    random_pairs,
    rows_of,
)
from .tables.keys import in_order

SEED = 20240917
#: So many random pairs show what those have in common that no key proposes.
RANDOM_PAIRS = 200_000
#: So many of them show how common names are that differ by a slip.
SLIPS = 50_000
#: All pairs count as no more than this many where u is believed.
TRIED = 1_000_000
#: How many pairs' worth of belief the untrained m carry into the training.
BELIEF = 4.0
#: The same of families, as a share of their pairs: neighbours shall not pass for them.
FAMILY = 0.2
#: So many records of relatives a record has at most, on average.
RELATIVES = 4.0
#: BELIEF as a share of the matches, where there are too few columns to learn from.
LONELY = {2: 1.0, 3: 0.2}
#: Odds below this are none, of however many partners: what thousands of them add up to is in no parameter.
FAINT = 1e-8
#: Fewer pairs than this say nothing about a level.
RARE = 3.0
#: From this share of all pairs on, a table is of one person or a few.
CROWD = 0.2
#: Up to this many pairs in all, no level is so rare among strangers that a match would not change its share.
SMALL = 5_000
#: Up to this many pairs in all teach nothing: what is believed must do.
FEWEST = 15
#: The share of matches that may disagree on anything: mixed-up files, changed names.
IMPOSSIBLE = 3e-4


def _packed(levels: Levels, sizes: list[int]) -> np.ndarray | None:
    """A number for each row of levels, in the same order; None where there are too many columns for that."""
    if np.prod([float(s) for s in sizes]) >= 2**62:
        return None
    code = np.zeros(len(levels), dtype=np.int64)
    for position, size in enumerate(sizes):
        code *= size
        code += levels[:, position]
    return code


def _unpacked(code: np.ndarray, sizes: list[int]) -> Levels:
    """The inverse of `_packed`."""
    levels = np.empty((len(code), len(sizes)), dtype=np.uint8)
    for position, size in reversed(list(enumerate(sizes))):
        code, levels[:, position] = np.divmod(code, size)
    return levels


@dataclass(frozen=True)
class Patterns:
    """Distinct rows of levels and how many pairs have each."""

    levels: Levels
    counts: np.ndarray

    @staticmethod
    def numbered(levels: Levels, sizes: list[int]) -> tuple[Levels, np.ndarray]:
        """Distinct rows of ``levels`` in order, and the number of each row's."""
        code = _packed(levels, sizes)
        if code is None:
            rows, inverse = np.unique(levels, axis=0, return_inverse=True)
            return rows, inverse.ravel()
        distinct, inverse = np.unique(code, return_inverse=True)
        return _unpacked(distinct, sizes), inverse

    @classmethod
    def of(cls, levels: Levels, sizes: list[int]) -> "Patterns":
        """Count the rows of ``levels``; ``sizes`` are the numbers of levels per comparison."""
        code = _packed(levels, sizes)
        if code is None:
            rows, counts = np.unique(levels, axis=0, return_counts=True)
            return cls(rows, counts.astype(np.float64))
        distinct, counts = np.unique(code, return_counts=True)
        return cls(_unpacked(distinct, sizes), counts.astype(np.float64))

    @classmethod
    def joined(cls, parts: list["Patterns"], sizes: list[int]) -> "Patterns":
        """Patterns of several chunks as one."""
        rows, inverse = cls.numbered(np.concatenate([p.levels for p in parts]), sizes)
        return cls(rows, np.bincount(inverse, np.concatenate([p.counts for p in parts]), len(rows)))


@dataclass(frozen=True)
class Trained:
    """Parameters, the patterns that the candidates show, and the pattern of every candidate."""

    params: Params
    patterns: Patterns
    number: np.ndarray


def _logs(values: tuple[float, ...]) -> np.ndarray:
    return np.concatenate([[0.0], np.log2(np.maximum(np.array(values), 1e-12))])


def _weigh(
    found: Patterns, params: Params, table: Table, related: np.ndarray, without: tuple[int, ...] = ()
) -> np.ndarray:
    """Weights of patterns, without prior and term frequencies, less what relatives explain as well (`_related`)."""
    comparisons = table.model.comparisons
    parts = np.zeros((len(found.counts), len(comparisons)))
    for position, comparison in enumerate(comparisons):
        if position not in without:
            weights = _logs(params.m[comparison.name]) - _logs(params.u[comparison.name])
            parts[:, position] = weights[found.levels[:, position]]
    if not without and not params.kin:
        table.same_city(found.levels, parts, params)
    if not params.kin:
        return parts.sum(axis=1) + table.taken_back(found.levels, parts)
    return parts.sum(axis=1) + household(related, params)


def _related(found: Patterns, params: Params, table: Table, without: tuple[int, ...] = ()) -> np.ndarray:
    """Σ log2(h/u) of patterns, per group of people who belong together."""
    out = np.zeros((len(params.kin), len(found.counts)))
    for position, comparison in enumerate(table.model.comparisons):
        if position not in without:
            ratios = [kin.ratios(comparison, params.u[comparison.name]) for kin in params.kin]
            if ratios:
                out += np.array(ratios).take(found.levels[:, position], axis=1)
    return out


def _kin(params: Params, related: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Chance of each pattern to be of each group (shape: groups, patterns); ``p``: to be one person."""
    odds = np.exp2(np.clip(related + params.odds()[:, None], -200, 200))
    circles = {kin.circle: np.ones(len(p)) for kin in params.kin if kin.circle}
    for one, kin in zip(odds, params.kin, strict=True):
        if kin.circle:
            circles[kin.circle] += one
    strangers = np.prod(list(circles.values()), axis=0) if circles else np.ones(len(p))
    families = sum(
        (one for one, kin in zip(odds, params.kin, strict=True) if not kin.circle), np.zeros(len(p))
    )
    strange = (1 - p) * strangers / (strangers + families)
    out = np.empty_like(odds)
    for k, kin in enumerate(params.kin):
        if kin.circle:
            out[k] = strange * odds[k] / circles[kin.circle]
        else:
            out[k] = (1 - p) * odds[k] / (strangers + families)
    return out


def _learn_kin(
    found: Patterns,
    mass: np.ndarray,
    params: Params,
    model: Model,
    total: float,
    most: float,
    family: float,
    without: tuple[int, ...] = (),
) -> tuple[Kin, ...]:
    """The groups again, from how much of each pattern is theirs: what they share as seen, what is own by chance."""
    out = []
    for kin, own in zip(params.kin, mass, strict=True):
        h = dict(kin.h)
        for position, comparison in enumerate(model.comparisons):
            if position not in without and comparison.name in h:
                belief = np.array(comparison.default_h) / sum(comparison.default_h)
                tally = _counted(found, own, position, comparison)
                tally += (BELIEF + (0.0 if kin.circle else FAMILY * tally.sum())) * belief + 1e-3
                tally /= tally.sum()
                u, m = np.array(params.u[comparison.name]), np.array(params.m[comparison.name])
                tally = comparison.in_common(tally, u, m) if kin.circle else comparison.related(tally, u)
                h[comparison.name] = _normal(tally)
        limit = most if kin.circle else min(most, family)
        out.append(replace(kin, share=float(np.clip(own.sum() / total, 1e-12, limit)), h=h))
    return tuple(out)


def _bounded(comparison: Comparison, shares: tuple[float, ...]) -> tuple[float, ...]:
    """m with no more disagreement than matches can show."""
    values = np.array(shares)
    odd = np.zeros(len(values), dtype=bool)
    odd[[comparison.index(level) - 1 for level in comparison.disagree]] = True
    total = values[odd].sum()
    if total > comparison.most and (~odd).any():
        values[odd] *= comparison.most / total
        rest = values[~odd].sum()
        if rest > 0:
            values[~odd] *= (1 - comparison.most) / rest
    return tuple(float(v) for v in values)


def _probability(weight: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp2(-np.clip(weight, -200, 200)))


def _tally(found: Patterns, mass: np.ndarray, position: int, size: int) -> np.ndarray:
    # Of no pattern at all, `bincount` makes whole numbers.
    return np.bincount(found.levels[:, position], weights=mass, minlength=size)[1:size].astype(np.float64)


def _counted(found: Patterns, mass: np.ndarray, position: int, comparison: Comparison) -> np.ndarray:
    """The tally of relatives or strangers: what is lent is theirs (`Comparison.lent`)."""
    out = _tally(found, mass, position, comparison.size)
    for level, other in comparison.lent.items():
        out[comparison.index(other) - 1] += out[comparison.index(level) - 1]
        out[comparison.index(level) - 1] = 0.0
    return out


def _owned(found: Patterns, mass: np.ndarray, position: int, comparison: Comparison) -> np.ndarray:
    """The tally of one person: what is lent says nothing of how often his own agrees."""
    out = _tally(found, mass, position, comparison.size)
    for level in comparison.lent:
        out[comparison.index(level) - 1] = 0.0
    return out


def _with_lent(params: Params, model: Model) -> Params:
    """What is lent weighs among strangers and relatives as their own agreement, and for one person as for relatives."""
    m, u, kin = dict(params.m), dict(params.u), list(params.kin)
    for comparison in model.comparisons:
        name = comparison.name
        for level, other in comparison.lent.items():
            k, place = comparison.index(level) - 1, comparison.index(other) - 1
            families = [one.h[name][place] for one in kin if not one.circle]
            believed = comparison.default_h[place] / sum(comparison.default_h)
            m[name] = _put(m[name], k, max(families, default=believed))
            u[name] = _put(u[name], k, u[name][place])
            kin = [
                replace(one, h=one.h | {name: _put(one.h[name], k, one.h[name][place])})
                if name in one.h
                else one
                for one in kin
            ]
    return replace(params, m=m, u=u, kin=tuple(kin))


def _put(shares: tuple[float, ...], place: int, share: float) -> tuple[float, ...]:
    return (*shares[:place], share, *shares[place + 1 :])


def _normal(counts: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in counts / counts.sum())


def _tried(found: Patterns) -> np.ndarray:
    """The counts of patterns as if `TRIED` pairs, at most, had been looked at."""
    return found.counts * min(1.0, TRIED / max(found.counts.sum(), 1.0))


def estimate_u(
    found: Patterns, model: Model, alike: Mapping[str, np.ndarray] | None = None
) -> dict[str, tuple[float, ...]]:
    """u from the patterns of all pairs; ``alike``: how far each is to be left out of a comparison's count."""
    out = {}
    tried = _tried(found)
    for position, comparison in enumerate(model.comparisons):
        mass = tried if alike is None else tried * np.maximum(1.0 - alike[comparison.name], 0.0)
        belief = np.array(comparison.default_u) / sum(comparison.default_u)
        counts = _counted(found, mass, position, comparison)
        out[comparison.name] = _normal(counts + np.minimum(0.3, belief * counts.sum()) + belief * 2)
    return out


def _one_person(found: Patterns, params: Params, model: Model) -> dict[str, np.ndarray] | None:
    """How far each pattern is of one person where even random pairs are: a list of one patient's or few people's visits.

    There, how often two rows agree says nothing of strangers. That it is so is told by what is a person's own alone, as
    it is believed to agree before training: no crowd shares names and birthdays. Two of them have to say so, each without
    the other: one alone may be a number that was copied down its column. None for any other table.
    """
    parts = [params.weights(c)[found.levels[:, position]] for position, c in enumerate(model.comparisons)]
    nothing = np.zeros(len(found.counts))
    own = [part for part, c in zip(parts, model.comparisons, strict=True) if c.own]
    prior = np.log2(params.prior / (1 - params.prior))
    for left_out in range(-1, len(own)):
        weight = sum((part for place, part in enumerate(own) if place != left_out), nothing)
        if (_probability(weight + prior) * found.counts).sum() < CROWD * found.counts.sum():
            return None
    share = _probability(sum(parts, nothing))
    return {comparison.name: share for comparison in model.comparisons}


def _likely(found: Patterns, params: Params, model: Model) -> dict[str, np.ndarray]:
    """How far each pattern is believed to be of one person: in a small table a single match is no rarity among strangers."""
    parts = [params.weights(c)[found.levels[:, position]] for position, c in enumerate(model.comparisons)]
    share = _probability(sum(parts, np.full(len(found.counts), np.log2(params.prior / (1 - params.prior)))))
    return {comparison.name: share for comparison in model.comparisons}


def _session(
    found: Patterns, params: Params, table: Table, without: tuple[int, ...], rounds: int = 25
) -> tuple[dict[str, tuple[float, ...]], float]:
    """m of the comparisons outside the key, and the number of matches that the block holds."""
    model = table.model
    m = dict(params.m)
    share = 0.1
    total = found.counts.sum()
    current = replace(params, kin=tuple(replace(k, share=0.1) for k in params.kin))
    for _ in range(rounds):
        current = _with_lent(replace(current, m=m, prior=share), model)
        related = _related(found, current, table, without)
        p = _probability(_weigh(found, current, table, related, without) + np.log2(share / (1 - share)))
        mass = found.counts * p
        if params.kin:
            kin = found.counts * _kin(current, related, p)
            current = replace(
                current, kin=_learn_kin(found, kin, current, model, total, 0.9 / len(kin), 0.5, without)
            )
        share = float(np.clip(mass.sum() / total, 1e-6, 1 - 1e-6))
        before = m
        m = dict(m)
        for position, comparison in enumerate(model.comparisons):
            if position not in without:
                belief = np.array(comparison.default_m) / sum(comparison.default_m)
                tally = _owned(found, mass, position, comparison) + BELIEF * belief + 1e-3
                m[comparison.name] = _bounded(comparison, _normal(tally))
        if all(np.allclose(m[k], before[k], atol=1e-5) for k in m):
            break
    return m, share * total


def _choose(found: list[Key], comparisons: int) -> list[Key]:
    """Few keys, such that every comparison is trained in at least two sessions that leave it in."""
    chosen: list[Key] = []
    rested: dict[tuple[int, ...], int] = {}
    for key in sorted(found, key=lambda k: -min(k.pairs, 300_000)):
        if key.only is not None or key.pairs < 200 or rested.get(key.comparisons, 0) >= 1:
            continue
        if sum(set(key.comparisons) & set(other.comparisons) != set() for other in chosen) > 3:
            continue
        rested[key.comparisons] = rested.get(key.comparisons, 0) + 1
        chosen.append(key)
        if len(chosen) >= 6:
            break
    return chosen


def train(
    table: Table,
    split: Split,
    found: list[Key],
    candidates: Pairs,
    version: str = "trained-1",
    seed: int = SEED,
    progress: Callable[[str, float], None] | None = None,
) -> Trained:
    """Parameters for these rows; ``candidates`` hold the pairs of every key in ``found``.

    The same rows and seed give the same parameters.
    """
    model = table.model
    tell = progress or (lambda _stage, _share: None)
    prior = min(0.2 * split.whole.people / max(split.total, 1), 0.1)
    params = believed = model.default_params(version, prior=prior)
    tell("all candidates", 0.0)
    everything, pattern = _numbered(table, candidates)
    tell("random pairs", 0.0)
    whole = everything
    if len(candidates) < split.total:  # else every pair has been looked at
        # Keys propose pairs that agree: how often people agree shows only beside the pairs that none proposes.
        rest = _strangers(table, split, found, candidates, seed)
        whole = Patterns(
            np.concatenate([everything.levels, rest.levels]), np.concatenate([everything.counts, rest.counts])
        )
    few = _one_person(whole, params, model)
    alike = few if few or split.total > SMALL else _likely(whole, params, model)
    params = replace(params, u=estimate_u(whole, model, alike))
    if not any(c.home and everything.levels[:, k].any() for k, c in enumerate(model.comparisons)):
        # Hospital and illness alone: that the same city is meant is counted once by rule (`Table.same_city`).
        away = any(c.away for c in model.comparisons)
        params = replace(params, kin=tuple(k for k in params.kin if k.circle and not away))
    sessions = []
    chosen = _choose(found, len(model.comparisons))
    for number, key in enumerate(chosen):
        tell("sessions", number / len(chosen))
        held = np.zeros(len(everything.counts))
        for i, j in pairs_of(key, split):
            place, known = candidates.find(i, j)
            held += np.bincount(pattern[place[known]], minlength=len(held))
        some = np.flatnonzero(held)
        block = Patterns(everything.levels[some], held[some])
        m, matches = _session(block, params, table, key.comparisons)
        sessions.append((key, m, matches))
    if sessions:
        mixed = dict(params.m)
        for position, comparison in enumerate(model.comparisons):
            parts = [
                (np.array(m[comparison.name]), matches)
                for key, m, matches in sessions
                if position not in key.comparisons and matches >= 5
            ]
            if parts:
                weight = sum(w for _, w in parts)
                mixed[comparison.name] = _normal(
                    sum((v * w for v, w in parts), np.zeros(comparison.size - 1)) / weight
                )
        params = replace(params, m=mixed)
    if len(model.comparisons) == 1 or split.total <= FEWEST:
        # One column says how often a value comes, not whether that is one person: what is believed must do.
        params = believed
        return Trained(replace(params, tf=table.frequencies(params.prior)), everything, pattern)
    params, share = _settle(table, candidates, (everything, pattern), whole, params, split, few is not None)
    params = _unseen(everything, share, whole, params, model)
    limits = {"": outcomes.choose(share, everything.counts, outcomes.expected(model, everything.levels))}
    tf = table.frequencies(params.prior)
    if any(c.rarer for c in model.comparisons):
        i, j = (np.concatenate(rows) for rows in zip(*drawn(table, split, seed), strict=True))
        step = 1 + len(i) // SLIPS
        for name, slips in table.slips(params.prior, i[::step], j[::step]).items():
            tf[name] = tf.get(name, {}) | slips
    return Trained(replace(params, tf=tf, limits=limits), everything, pattern)


def _strangers(table: Table, split: Split, found: list[Key], candidates: Pairs, seed: int) -> Patterns:
    """Patterns of random pairs that are no candidates; their counts stand for all such pairs that there are."""
    sizes = [c.size for c in table.model.comparisons]
    parts: list[Patterns] = []
    looked = 0
    for (i, j), met in zip(
        drawn(table, split, seed), _met(table, split, found, candidates, seed), strict=True
    ):
        parts.append(Patterns.of(table.levels(i[~met], j[~met]), sizes))
        looked += len(i)
    rest = Patterns.joined(parts, sizes)
    return Patterns(rest.levels, rest.counts * (split.seen / looked))


def drawn(table: Table, split: Split, seed: int) -> Iterator[tuple[Ints, Ints]]:
    """Random pairs, the same whatever the order of the rows: drawn from the rows in an order of their own."""
    if isinstance(split, Sample):
        assert split.random is not None
        yield from chunks(*split.random)
        return
    if split.total <= RANDOM_PAIRS:
        yield from random_pairs(split, RANDOM_PAIRS, seed)
        return
    order = in_order(table, split)
    for i, j in random_pairs(split, RANDOM_PAIRS, seed):
        x, y = order[i], order[j]
        yield np.minimum(x, y), np.maximum(x, y)


def _met(table: Table, split: Split, found: list[Key], candidates: Pairs, seed: int) -> Iterator[np.ndarray]:
    """Which of the first random pairs are candidates, piece by piece."""
    if isinstance(split, Sample):
        assert split.met is not None
        for start in range(0, len(split.met), CHUNK):
            yield split.met[start : start + CHUNK]
        return
    pieces = drawn(table, split, seed)
    if split.share == 1.0:
        for i, j in pieces:
            yield candidates.find(i, j)[1]
        return
    # The candidates at hand are a part of those there are: the keys tell, each made once.
    i, j = (np.concatenate(rows) for rows in zip(*pieces, strict=True))
    met = proposed(found, i, j, split)
    for start in range(0, len(met), CHUNK):
        yield met[start : start + CHUNK]


def _numbered(table: Table, pairs: Pairs) -> tuple[Patterns, np.ndarray]:
    """Patterns of pairs, and the pattern of every pair."""
    sizes = [c.size for c in table.model.comparisons]
    numbers: dict[bytes, int] = {}
    rows: list[np.ndarray] = []
    out = np.empty(len(pairs), dtype=np.uint16)
    for piece, x, y in pairs.chunks():
        levels = table.levels(x, y)
        distinct, inverse = Patterns.numbered(levels, sizes)
        lookup = np.empty(len(distinct), dtype=np.int32)
        for k, row in enumerate(distinct):
            key = row.tobytes()
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(rows)
                rows.append(row)
            lookup[k] = number
        if len(rows) > np.iinfo(out.dtype).max:
            out = out.astype(np.int32)
        out[piece] = lookup[inverse]
    if not rows:
        return Patterns(np.zeros((0, len(sizes)), dtype=np.uint8), np.zeros(0)), out
    counts = np.bincount(out, minlength=len(rows)).astype(np.float64)
    return Patterns(np.array(rows, dtype=np.uint8), counts), out


def _settle(
    table: Table,
    candidates: Pairs,
    found: tuple[Patterns, np.ndarray],
    whole: Patterns,
    params: Params,
    split: Split,
    few: bool = False,
    rounds: int = 30,
) -> tuple[Params, np.ndarray]:
    """m, u and prior together over all candidates; what is no candidate counts as two people.

    Where the table is of one person or a ``few``, u stays as it is: there are hardly strangers to learn it from.

    Also returns the mean probability of each pattern. Between two tables the possible partners of a
    row exclude one another (see `pipeline.rivals`), which keeps fields that many people share, such as a
    hospital, from passing for identity.
    """
    model = table.model
    everything, number = found
    most = (2.0 if split.link else 20.0) * split.whole.people
    ceiling = min(0.5, most / split.total)
    family = min(0.2, RELATIVES * split.whole.rows / split.total)
    share = np.zeros(len(everything.counts))
    tells = table.tells() if split.link else None
    likely = np.ones(split.rows)
    again = _again(table, split, candidates) if split.link else None
    for _ in range(rounds):
        logit = np.log2(params.prior / (1 - params.prior))
        related = _related(whole, params, table)
        weight = _weigh(everything, params, table, related[:, : len(everything.counts)]) + logit
        share = _probability(weight)
        if split.link and len(number):
            odds = np.exp2(np.clip(weight, -60, 60))
            # Most pairs of strangers have no odds to speak of: they neither hold a partner nor are found.
            heard = odds > FAINT
            some = np.flatnonzero(heard[number])
            held = np.zeros(split.rows)
            for part in _slices(len(some)):
                at = some[part]
                i, j = rows_of(candidates.numbers[at], split)
                own = odds[number[at]] * likely[i] * likely[j]
                held += np.bincount(i, own / again[1][at] if again else own, split.rows)
                held += np.bincount(j, own / again[0][at] if again else own, split.rows)
            share = np.where(heard, 0.0, odds) * everything.counts
            matched = np.zeros(split.rows)
            for part in _slices(len(some)):
                at = some[part]
                i, j = rows_of(candidates.numbers[at], split)
                p = odds[number[at]] * likely[i] * likely[j] / (1 + np.maximum(held[i], held[j]))
                share += np.bincount(number[at], p, len(share))
                if tells is not None:
                    matched += np.bincount(i, p, split.rows) + np.bincount(j, p, split.rows)
            share /= np.maximum(everything.counts, 1)
            if tells is not None:
                even = split.even if isinstance(split, Sample) else None
                params = replace(params, stays=_stays(tells, matched, split.left, even))
                second = (np.arange(split.rows) >= split.left).astype(np.intp)
                likely = np.exp2(np.array(params.stays))[second, tells.astype(np.intp)]
        mass = everything.counts * share
        prior = float(np.clip(mass.sum() / split.seen, 1e-12, ceiling))
        m = {}
        for position, comparison in enumerate(model.comparisons):
            belief = np.array(comparison.default_m) / sum(comparison.default_m)
            tally = _owned(everything, mass, position, comparison)
            # Two columns cannot tell how often each of them is wrong, one still less.
            tally += (BELIEF + LONELY.get(len(model.comparisons), 0.0) * tally.sum()) * belief + 1e-3
            m[comparison.name] = _bounded(comparison, _normal(tally))
        same = np.concatenate([share, np.zeros(len(whole.counts) - len(share))])
        kin = _kin(params, related, same)
        alike = {
            c.name: same + sum((one for one, k in zip(kin, params.kin, strict=True) if c.name in k.h), 0.0)
            for c in model.comparisons
        }
        before = params
        params = replace(params, m=m, prior=prior, u=params.u if few else estimate_u(whole, model, alike))
        learnt = _learn_kin(whole, whole.counts * kin, params, model, split.seen, 0.4, family)
        params = _with_lent(replace(params, kin=learnt), model)
        if abs(params.prior - before.prior) < 1e-5 * before.prior:
            break
    return params, share


def _slices(count: int, size: int = 5 * CHUNK) -> Iterator[slice]:
    """Pieces of so many places, which bound the memory."""
    return (slice(start, start + size) for start in range(0, count, size))


def _stays(
    tells: Bools, matched: np.ndarray, left: int, even: Bools | None = None
) -> tuple[tuple[float, float], ...]:
    """`Params.stays`: how much likelier those of each table who tell of a stay, and who do not, are found in the other one
    (``matched``: how far each row is). ``even``: of a sample, the rows that stand for all."""
    out = []
    for side in (slice(None, left), slice(left, None)):
        share = float((tells[side] if even is None else tells[side][even[side]]).mean())
        if not 0 < share < 1:
            out.append((0.0, 0.0))
            continue
        found = (matched[side][tells[side]].sum() + BELIEF * share) / (matched[side].sum() + BELIEF)
        out.append((float(np.log2((1 - found) / (1 - share))), float(np.log2(found / share))))
    return tuple(out)


def _again(table: Table, split: Split, candidates: Pairs) -> tuple[np.ndarray, np.ndarray] | None:
    """How many partners of the other row say the same person as a pair's left row, and as its right row; None: one each.

    A patient's visits are no rivals of one another: who agrees on the two most telling fields of a person's own is told once.
    """
    own = [next(iter(p.keys.values()))().codes for p in table.prepared if p.comparison.own and p.keys]
    own = sorted(own, key=lambda codes: -int(codes.max(initial=-1)))[:2]
    if len(own) < 2:
        return None
    one, two = own
    kind = np.where((one >= 0) & (two >= 0), one.astype(np.int64) * (int(two.max(initial=0)) + 1) + two, -1)
    kind = (np.unique(kind, return_inverse=True)[1] - int((kind < 0).any())).astype(np.int32)
    width = int(kind.max(initial=0)) + 1
    # Who is told of once in his table is no rival of himself: of most tables nothing is left to be counted.
    often = np.zeros(split.rows, dtype=bool)
    for side in (slice(0, split.left), slice(split.left, split.rows)):
        times = np.bincount(kind[side][kind[side] >= 0], minlength=width)
        often[side] = (kind[side] >= 0) & (times[kind[side]] > 1)
    out = [np.ones(len(candidates), dtype=np.uint16) for _ in range(2)]
    for part, turned in zip(out, (True, False), strict=True):
        known, place = [], []
        for piece, i, j in candidates.chunks():
            mine, yours = (j, i) if turned else (i, j)
            some = np.flatnonzero(often[yours])
            known.append(some + piece.start)
            place.append(mine[some].astype(np.int64) * width + kind[yours[some]])
        if known:
            _, inverse, counts = np.unique(np.concatenate(place), return_inverse=True, return_counts=True)
            part[np.concatenate(known)] = np.minimum(counts, 2**16 - 1)[inverse]
    return (out[0], out[1]) if max(int(part.max(initial=1)) for part in out) > 1 else None


def _unseen(everything: Patterns, share: np.ndarray, whole: Patterns, params: Params, model: Model) -> Params:
    """Levels that the rows hardly show keep their untrained weight; no disagreement is held to be impossible."""
    mass = everything.counts * share
    m, u, kin = dict(params.m), dict(params.u), [dict(k.h) for k in params.kin]
    for position, comparison in enumerate(model.comparisons):
        matched = _tally(everything, mass, position, comparison.size)
        others = _tally(whole, _tried(whole), position, comparison.size)
        ratio = np.array(comparison.default_m) / np.array(comparison.default_u)
        own_m, own_u = np.array(m[comparison.name]), np.array(u[comparison.name])
        rare = (matched < RARE) & (others < RARE)
        scale = sum(comparison.default_u) / sum(comparison.default_m)
        own_m[rare] = np.minimum(own_u * ratio * scale, 1.0)[rare]
        own_m[-1] = max(own_m[-1], IMPOSSIBLE * own_u[-1])
        if comparison.masked:
            # Where nearly all names are hidden, a plain disagreement says what a hidden one was found to say.
            hidden = comparison.index("masked_else") - 1
            own_m[hidden] = max(own_m[hidden], IMPOSSIBLE * own_u[hidden])
            if rare[-1] and not rare[hidden]:
                own_m[-1] = min(own_m[-1], own_u[-1] * own_m[hidden] / own_u[hidden])
        # Weights take nothing below a millionth: what both shares are too small for keeps its ratio.
        small = rare & (own_m > 0) & (own_m < 1e-6)
        times = np.where(small, 1e-6 / np.where(small, own_m, 1.0), 1.0)
        own_m, own_u = own_m * times, own_u * times
        for h in kin:
            if comparison.name in h:
                h[comparison.name] = tuple((np.array(h[comparison.name]) * times).tolist())
        m[comparison.name] = tuple(float(v) for v in own_m)
        u[comparison.name] = tuple(float(v) for v in own_u)
    groups = tuple(replace(one, h=h) for one, h in zip(params.kin, kin, strict=True))
    return _with_lent(replace(params, m=m, u=u, kin=groups), model)

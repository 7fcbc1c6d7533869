"""Precision, recall and F1 over pairs, at the engine's own threshold and at the best one."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

Pair = tuple[str, str]


@dataclass(frozen=True)
class Run:
    """What one engine answered. pairs: (left, right) → probability, at least all with p ≥ 0.5.

    cpu, seconds: training, linking and clustering, end to end; peak_mb: above what the process had at its start;
    compared: pairs that blocking proposed; rate: of these scored a second, 0 if not measured.
    """

    pairs: dict[Pair, float]
    clusters: dict[str, Hashable] = field(default_factory=dict)
    outcomes: dict[Pair, str] = field(default_factory=dict)
    cpu: float = 0.0
    seconds: float = 0.0
    peak_mb: float = 0.0
    compared: int = 0
    rate: float = 0.0


@dataclass(frozen=True)
class Score:
    """Pairwise precision, recall and their harmonic mean; all 0–1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(found: Iterable[Pair], truth: set[Pair]) -> Score:
    """Score of a set of pairs against all true pairs (those that blocking lost count as missed)."""
    answer = set(found)
    right = len(answer & truth)
    return Score(right / len(answer) if answer else 1.0, right / len(truth) if truth else 1.0)


def at_threshold(pairs: Mapping[Pair, float], truth: set[Pair], threshold: float = 0.5) -> Score:
    """Score of the pairs with probability ≥ threshold."""
    return score((pair for pair, p in pairs.items() if p >= threshold), truth)


def best_threshold(pairs: Mapping[Pair, float], truth: set[Pair]) -> tuple[float, Score]:
    """(threshold, score) with the highest F1; ties of probability are taken together. (1.0, …) if nothing helps."""
    by_probability: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    for pair, p in pairs.items():
        by_probability[p][pair in truth] += 1
    right = wrong = 0
    best = (1.0, Score(1.0 if not pairs else 0.0, 0.0))
    for p in sorted(by_probability, reverse=True):
        wrong += by_probability[p][0]
        right += by_probability[p][1]
        here = Score(right / (right + wrong), right / len(truth) if truth else 1.0)
        if here.f1 > best[1].f1:
            best = (p, here)
    return best


def pairs_of_clusters(clusters: Mapping[str, Hashable], left: set[str] | None = None) -> set[Pair]:
    """All pairs within clusters; with `left`, only those of a left and a right record, left first."""
    members: dict[Hashable, list[str]] = defaultdict(list)
    for record, cluster in clusters.items():
        members[cluster].append(record)
    if left is None:
        return {pair for ids in members.values() for pair in combinations(sorted(ids), 2)}
    return {(a, b) for ids in members.values() for a in ids if a in left for b in ids if b not in left}


def components(pairs: Mapping[Pair, float], threshold: float = 0.5) -> dict[str, str]:
    """Connected components of the pairs at a threshold: record → smallest record of its component."""
    parent: dict[str, str] = {}

    def find(one: str) -> str:
        while parent.setdefault(one, one) != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for (a, b), p in pairs.items():
        if p >= threshold:
            low, high = sorted((find(a), find(b)))
            parent[high] = low
    return {record: find(record) for record in list(parent)}


@dataclass(frozen=True)
class Triage:
    """Three outcomes: precision of what is accepted unseen, share of proposed pairs that a person must see."""

    accepted: int
    precision: float
    review: int
    review_share: float
    recall_with_review: float


def triage(run: Run, truth: set[Pair], accept: float = 0.99, reject: float = 0.1) -> Triage:
    """Outcomes as the engine gave them, or from probabilities (accept ≥, review between) where it gave none."""
    outcomes = run.outcomes or {
        pair: "accept" if p >= accept else "review" if p >= reject else "reject"
        for pair, p in run.pairs.items()
    }
    accepted = {pair for pair, outcome in outcomes.items() if outcome == "accept"}
    review = {pair for pair, outcome in outcomes.items() if outcome == "review"}
    proposed = len(accepted) + len(review)
    return Triage(
        len(accepted),
        len(accepted & truth) / len(accepted) if accepted else 1.0,
        len(review),
        len(review) / proposed if proposed else 0.0,
        len((accepted | review) & truth) / len(truth) if truth else 1.0,
    )


def by_kind(
    pairs: Mapping[Pair, float], truth: set[Pair], threshold: float = 0.5
) -> dict[str, tuple[int, Score]]:
    """(true pairs, score) by the first letters of the two record ids, in alphabetical order: AI, CI, II …"""
    found: dict[str, set[Pair]] = defaultdict(set)
    true: dict[str, set[Pair]] = defaultdict(set)
    for pair, p in pairs.items():
        if p >= threshold:
            found["".join(sorted((pair[0][0], pair[1][0])))].add(pair)
    for pair in truth:
        true["".join(sorted((pair[0][0], pair[1][0])))].add(pair)
    return {kind: (len(true[kind]), score(found[kind], true[kind])) for kind in sorted({*found, *true})}


def recall_by_note(
    pairs: Mapping[Pair, float], truth: set[Pair], notes: Mapping[str, list[str]], threshold: float = 0.5
) -> dict[str, tuple[int, float]]:
    """(true pairs, recall) by what was done to either record, worst first."""
    total: dict[str, int] = defaultdict(int)
    right: dict[str, int] = defaultdict(int)
    for pair in truth:
        for note in {*notes.get(pair[0], ()), *notes.get(pair[1], ())}:
            total[note] += 1
            right[note] += pairs.get(pair, 0.0) >= threshold
    return dict(
        sorted(
            ((note, (n, right[note] / n)) for note, n in total.items()),
            key=lambda item: (item[1][1], item[0]),
        )
    )

"""python -m bench.linkage.sources [--persons N] [--towns N] [--seeds S …] [--versions V …] [--json FILE]

What the online tables say of each pair of sources, held against the truth of people whom no training has seen: every
record is looked up in memory as `insurance.linking.lookup` would (its keys, its scores, its judgement), with the prior of
a registry of so many persons. No database.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.linkage.parameters import Told, lists
from bench.platform.harness import setup

#: Seeds of nobody's training.
SEEDS = (91_000, 92_000, 93_000)
#: Who comes, and among whom he is looked for.
PAIRS = {
    "insurer–insurer": ("other_insurers", ("insurer",)),
    "application–insurer": ("forms", ("insurer", "other_insurers")),
    "application–application": ("more_forms", ("forms",)),
    "campaign–insurer": ("campaigns", ("insurer", "other_insurers")),
    "application–campaign": ("campaigns", ("forms",)),
}
#: Bounds of the bands of weight, in bits, for expected against observed precision.
BANDS = (-10.0, -6.0, -3.0, -1.0, 1.0, 3.0, 6.0, 10.0)


@dataclass
class Figures:
    """Of one pair of sources under one version. ``people``: (probability, weight, is it he) of every person with whom a
    record shares a key, those who fit alike sharing the odds."""

    people: list[tuple[float, float, bool]] = field(default_factory=list)
    queries: int = 0
    known: int = 0
    proposed: int = 0
    right: int = 0
    wrong: int = 0
    asked: int = 0
    asked_right: int = 0
    questions: int = 0
    errors: list[tuple[Told, Told]] = field(default_factory=list)

    def f1(self, threshold: float = 0.5) -> float:
        """F1 over people, those whom no key proposes counted as missed."""
        found = [same for p, _, same in self.people if p >= threshold]
        return 2 * sum(found) / max(len(found) + self.known, 1)

    def best(self) -> float:
        """The highest F1 of any threshold, found with the truth."""
        best = taken = right = 0.0
        rows = sorted(self.people, key=lambda row: -row[0])
        for place, (p, _, same) in enumerate(rows):
            taken, right = taken + 1, right + same
            if place + 1 == len(rows) or rows[place + 1][0] < p:
                best = max(best, 2 * right / max(taken + self.known, 1))
        return best

    def bands(self) -> list[tuple[str, int, float, float]]:
        """(band, pairs, expected precision, observed precision) by weight."""
        held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
        for p, weight, same in self.people:
            held[sum(weight >= bound for bound in BANDS)].append((p, same))
        edges = [-math.inf, *BANDS, math.inf]
        return [
            (
                f"{edges[k]:g} to {edges[k + 1]:g}",
                len(rows),
                math.fsum(p for p, _ in rows) / len(rows),
                sum(same for _, same in rows) / len(rows),
            )
            for k, rows in sorted(held.items())
        ]

    def row(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            "queries": self.queries, "known": self.known, "proposed": self.proposed, "f1": self.f1(),
            "best": self.best(), "right": self.right, "wrong": self.wrong, "asked": self.asked,
            "asked_right": self.asked_right, "questions": self.questions, "bands": self.bands(),
        }  # fmt: skip


def measure(known: dict[str, list[Told]], version: str, persons: int, into: dict[str, Figures]) -> None:
    """Look up every record of every pair of sources among the lists, under one version of the tables."""
    from insurance.linking.lookup import Scored, judge
    from matching.linkage import online
    from matching.linkage.scoring import score_many
    from matching.linkage.values.normalise import is_masked_name

    tables = online.Tables(version, math.ceil(math.log2(persons)))
    for pair, (name, among) in PAIRS.items():
        registry = [told for one in among for told in known[one]]
        found = into[pair]
        numbers: dict[str, int] = {}
        for told in registry:
            numbers.setdefault(told.person, len(numbers))
        for told, near in _candidates(known[name], registry):
            found.queries += 1
            found.known += told.person in numbers
            scores = score_many(told.record, [other.record for other in near], tables)
            scored = [
                Scored(place, numbers[other.person], _one_number(told, other), other.record, score)
                for place, (other, score) in enumerate(zip(near, scores, strict=True))
            ]
            people: dict[int, Scored] = {}
            who_is_it = numbers.get(told.person)
            for one in scored:
                if one.person_id not in people or one.pair.weight > people[one.person_id].pair.weight:
                    people[one.person_id] = one
            found.proposed += who_is_it in people
            odds = {who: 2.0 ** min(one.pair.weight, 200.0) for who, one in people.items()}
            total = 1.0 + math.fsum(odds.values())
            found.people += [
                (odds[who] / total, one.pair.weight, who == who_is_it) for who, one in people.items()
            ]
            judged = judge(scored, is_masked_name(told.record.name))
            if judged.same is not None:
                right = judged.same.person_id == who_is_it
                found.right += right
                found.wrong += not right
                if not right:
                    found.errors.append((told, near[judged.same.identity_id]))
            elif judged.doubts:
                found.asked += 1
                found.questions += min(len(judged.doubts), 5)
                found.asked_right += any(one.person_id == who_is_it for one in judged.doubts[:5])


def _one_number(one: Told, other: Told) -> bool:
    from matching.linkage.values import idnumber

    x, y = (idnumber.parse(told.record.id_number) if told.record.id_number else None for told in (one, other))
    return x is not None and y is not None and x.id18 == y.id18


def _candidates(coming: Iterable[Told], registry: list[Told]) -> Iterator[tuple[Told, list[Told]]]:
    """Each record and those of the registry that share a key under which it looks for people, at most 100 a key and 50 in
    all, those that share most first."""
    from insurance.linking.lookup import CANDIDATES
    from matching.linkage.blocking import blocking_values, probing, undated
    from people.index import CANDIDATES_PER_KEY

    kept: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, told in enumerate(registry):
        for key in blocking_values(told.record):
            kept[key].append(place)
    for told in coming:
        worth: dict[int, float] = defaultdict(float)
        for key in probing(blocking_values(told.record), undated(told.record)):
            block = kept.get(key, [])[:CANDIDATES_PER_KEY]
            for place in block:
                worth[place] += 1 / len(block)
        best = sorted(worth, key=lambda place: (-worth[place], place))[:CANDIDATES]
        yield told, [registry[place] for place in best]


def main(words: list[str] | None = None) -> dict[str, Any]:
    from matching.linkage import online

    parser = argparse.ArgumentParser(
        prog="python -m bench.linkage.sources",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--persons", type=int, default=12_000)
    parser.add_argument("--towns", type=int, default=3, help="pairs of cities that they live in")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--versions", nargs="+", default=online.VERSIONS[-2:])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args(words)
    report: dict[str, Any] = {}
    figures = {version: {pair: Figures() for pair in PAIRS} for version in given.versions}
    for seed in given.seeds:
        known = lists(given.persons, given.towns, seed)
        for version, into in figures.items():
            one = {pair: Figures() for pair in PAIRS}
            measure(known, version, given.persons, one)
            for pair, found in one.items():
                gap = found.best() - found.f1()
                print(f"  seed {seed} {version:<9} {pair:<24} F1 {found.f1():.4f} gap {gap:.4f}", flush=True)
                whole = into[pair]
                for name, value in vars(found).items():
                    setattr(whole, name, getattr(whole, name) + value)
    for version, into in figures.items():
        report[version] = {pair: found.row() for pair, found in into.items()}
        print(f"{version}, {len(given.seeds)} × {given.persons:,} persons")
        for pair, found in into.items():
            known_, queries = max(found.known, 1), max(found.queries, 1)
            print(
                f"  {pair:<24} {found.queries:,} records, {found.known:,} known, {found.proposed / known_:.4f} proposed;"
                f" F1 {found.f1():.4f}, best {found.best():.4f}; accepted right {found.right / known_:.4f} of the known,"
                f" WRONG {found.wrong}; asked {found.asked / queries:.4f} (of the known {found.asked_right / known_:.4f} with"
                f" the person among them), {found.questions / queries:.2f} questions a record"
            )
            print("      " + "; ".join(f"{band}: {n} {e:.3f}/{o:.3f}" for band, n, e, o in found.bands()))
            for told, other in found.errors[:5]:
                print(f"      WRONG: {told.record}\n             {other.record}")
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1, ensure_ascii=False))
    return report


if __name__ == "__main__":
    setup()
    main()

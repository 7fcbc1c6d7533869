"""Anybody's pairs against the truth of a corpus: the standard tasks, the standard figures.

pairs.csv: columns left, right and, if the engine gives one, probability (0 to 1) or score; without it every pair counts.
Ids are record_ids of the corpus, in either order. clusters.csv (optional): id, cluster. gz files are read too.
"""

import argparse
import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import TextIO

from bench.linkage import measures
from bench.linkage.measures import Pair, Score

TASKS = {
    "all": ("insurer", "applications", "campaigns"),
    "campaign-insurer": ("insurer", "campaigns"),
}
_PROBABILITY = ("probability", "match_probability", "p", "score")
_SIDES = (
    ("left", "right"),
    ("unique_id_l", "unique_id_r"),
    ("record_id_l", "record_id_r"),
    ("id_left", "id_right"),
    ("id1", "id2"),
)


class InputError(ValueError):
    """A file that cannot be scored; the message says what to do."""


def opened(path: Path) -> TextIO:
    """A CSV, packed or not."""
    found = path if path.exists() else path.with_name(path.name + ".gz")
    if not found.exists():
        raise InputError(f"{path} is not here")
    if found.suffix == ".gz":
        return gzip.open(found, "rt", encoding="utf-8-sig", newline="")
    return found.open(encoding="utf-8-sig", newline="")


def rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with opened(path) as file:
            yield from csv.DictReader(file)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 CSV: {error}") from error


def truth_of(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """record_id → person, record_id → source of a corpus's folder."""
    persons = {row["record_id"]: row["person"] for row in rows(folder / "truth.csv")}
    sources: dict[str, str] = {}
    for name in TASKS["all"]:
        sources.update((row["record_id"], name) for row in rows(folder / f"{name}.csv"))
    return persons, sources


def true_pairs(persons: Mapping[str, str], sources: Mapping[str, str], task: str) -> set[Pair]:
    """Pairs of one person; of campaign–insurer, one of each, the insurer's first."""
    groups: dict[str, list[str]] = defaultdict(list)
    for record in sorted(sources):
        if sources[record] in TASKS[task]:
            groups[persons[record]].append(record)
    if task == "all":
        return {pair for group in groups.values() for pair in combinations(group, 2)}
    return {
        (one, two)
        for group in groups.values()
        for one in group
        if sources[one] == "insurer"
        for two in group
        if sources[two] == "campaigns"
    }


def pairs_of(path: Path, sources: Mapping[str, str], task: str) -> dict[Pair, float]:
    """The engine's pairs with their probability, in the order of `true_pairs`; those of no use to the task left out."""
    found: dict[Pair, float] = {}
    sides: tuple[str, str] | None = None
    weighed: str | None = None
    for number, row in enumerate(rows(path), 2):
        if sides is None:
            names = [name or "" for name in row]
            sides = next((known for known in _SIDES if set(known) <= set(names)), None)
            if sides is None:
                raise InputError(
                    f"{path} needs columns left and right (and probability); it has {', '.join(names)}"
                )
            weighed = next((name for name in _PROBABILITY if name in names), None)
        one, two = (row[side] or "" for side in sides)
        unknown = next((record for record in (one, two) if record not in sources), None)
        if unknown is not None:
            raise InputError(f"{path}, line {number}: {unknown!r} is no record of this corpus")
        try:
            probability = float(row[weighed] or 0) if weighed else 1.0
        except ValueError as error:
            raise InputError(f"{path}, line {number}: {row[weighed or '']!r} is no number") from error
        pair = (one, two) if one < two else (two, one)
        if task != "all":
            if {sources[one], sources[two]} != {"insurer", "campaigns"}:
                continue
            pair = (one, two) if sources[one] == "insurer" else (two, one)
        if one != two:
            found[pair] = max(probability, found.get(pair, float("-inf")))
    return found


def _line(label: str, got: Score, more: str = "") -> str:
    return f"  {label:<34} {got.f1:7.4f} {got.precision:9.4f} {got.recall:7.4f}  {more}"


def report(
    pairs: Mapping[Pair, float],
    truth: set[Pair],
    sources: Mapping[str, str],
    notes: Mapping[str, Sequence[str]],
    threshold: float,
    clusters: Mapping[str, str] | None = None,
) -> str:
    """The figures in words: at the threshold, at the best one, by sources, by what was done to the records."""
    own = measures.at_threshold(pairs, truth, threshold)
    cut, best = measures.best_threshold(pairs, truth)
    out = [
        f"{len(pairs):,} pairs given, {len(truth):,} true",
        f"  {'':<34} {'F1':>7} {'precision':>9} {'recall':>7}",
        _line(f"threshold {threshold:g}", own),
        _line("best threshold", best, f"at {cut:.4f}; gap {best.f1 - own.f1:.4f}"),
    ]
    if clusters is not None:
        left = (
            {one for one, _ in truth} if truth and all(sources[a] != sources[b] for a, b in truth) else None
        )
        out.append(_line("clusters", measures.score(measures.pairs_of_clusters(clusters, left), truth)))
    for kind in sorted({_kind(pair, sources) for pair in truth}):
        wanted = {pair for pair in truth if _kind(pair, sources) == kind}
        given = {pair: p for pair, p in pairs.items() if _kind(pair, sources) == kind}
        out.append(
            _line(f"  {kind}", measures.at_threshold(given, wanted, threshold), f"{len(wanted):,} true")
        )
    lost = measures.recall_by_note(pairs, truth, {k: list(v) for k, v in notes.items()}, threshold)
    out += [f"    {note:<32} recall {recall:.4f} of {true:,}" for note, (true, recall) in lost.items()]
    return "\n".join(out)


def _kind(pair: Pair, sources: Mapping[str, str]) -> str:
    return "–".join(sorted(sources[record].removesuffix("s") for record in pair))


def main(words: Sequence[str]) -> int:
    """Exit status 2 for files that cannot be scored."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpus score",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus, or of a release")
    parser.add_argument("--task", choices=tuple(TASKS), default="all")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--clusters", type=Path)
    options = parser.parse_args(words)
    try:
        persons, sources = truth_of(options.corpus)
        notes = {row["record_id"]: row["noise"].split() for row in rows(options.corpus / "noise.csv")}
        pairs = pairs_of(options.pairs, sources, options.task)
        clusters = None
        if options.clusters:
            clusters = {row["id"]: row["cluster"] for row in rows(options.clusters)}
        truth = true_pairs(persons, sources, options.task)
        print(report(pairs, truth, sources, notes, options.threshold, clusters))
    except (InputError, KeyError) as error:
        print(
            f"cannot score: {error}" if isinstance(error, InputError) else f"cannot score: no column {error}"
        )
        return 2
    return 0

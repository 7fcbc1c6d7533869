"""Anybody's pairs against the truth of a corpus: the standard tasks, the standard figures.

pairs.csv: columns left, right and, if the engine gives one, probability (0 to 1) or score; without it every pair counts.
Ids are record_ids of the corpus, in either order. clusters.csv (optional): id, cluster. gz files are read too.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.corpus.generate import Corpus, FileError, rows
from bench.linkage import measures
from bench.linkage.measures import Pair, Score

TASKS = ("all", "campaign-insurer")
#: How record_ids begin, and of which source they are.
LETTERS = {"I": "insurer", "A": "application", "C": "campaign"}
_PROBABILITY = ("probability", "match_probability", "p", "score")
_SIDES = (
    ("left", "right"),
    ("unique_id_l", "unique_id_r"),
    ("record_id_l", "record_id_r"),
    ("id_left", "id_right"),
    ("id1", "id2"),
)


def true_pairs(corpus: Corpus, task: str) -> set[Pair]:
    """Pairs of one person; of campaign–insurer, one of each, the insurer's first."""
    if task == "all":
        return corpus.true_pairs(corpus.records)
    return corpus.true_pairs(corpus.insurer, corpus.campaigns)


def pairs_of(path: Path, corpus: Corpus, task: str) -> dict[Pair, float]:
    """The engine's pairs with their probability, in the order of `true_pairs`; those of no use to the task left out."""
    sources = {record["record_id"]: record["source"] for record in corpus.records}
    found: dict[Pair, float] = {}
    sides: tuple[str, str] | None = None
    weighed: str | None = None
    for number, row in enumerate(rows(path), 2):
        if sides is None:
            names = [name or "" for name in row]
            sides = next((known for known in _SIDES if set(known) <= set(names)), None)
            if sides is None:
                raise FileError(
                    f"{path} needs columns left and right (and probability); it has {', '.join(names)}"
                )
            weighed = next((name for name in _PROBABILITY if name in names), None)
        one, two = (row[side] or "" for side in sides)
        unknown = next((record for record in (one, two) if record not in sources), None)
        if unknown is not None:
            raise FileError(f"{path}, line {number}: {unknown!r} is no record of this corpus")
        try:
            probability = float(row[weighed] or 0) if weighed else 1.0
        except ValueError as error:
            raise FileError(f"{path}, line {number}: {row[weighed or '']!r} is no number") from error
        pair = (one, two) if one < two else (two, one)
        if task != "all":
            if {sources[one], sources[two]} != {"insurer", "campaign"}:
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
    notes: Mapping[str, list[str]],
    threshold: float,
    clusters: Mapping[str, str] | None = None,
    left: set[str] | None = None,
) -> str:
    """The figures in words: at the threshold, at the best one, by sources, by what was done to the records.

    left: of two tables, the records of the first.
    """
    own = measures.at_threshold(pairs, truth, threshold)
    cut, best = measures.best_threshold(pairs, truth)
    out = [
        f"{len(pairs):,} pairs given, {len(truth):,} true",
        f"  {'':<34} {'F1':>7} {'precision':>9} {'recall':>7}",
        _line(f"threshold {threshold:g}", own),
        _line("best threshold", best, f"at {cut:.4f}; gap {best.f1 - own.f1:.4f}"),
    ]
    if clusters is not None:
        out.append(_line("clusters", measures.score(measures.pairs_of_clusters(clusters, left), truth)))
    for kind, (true, found) in measures.by_kind(pairs, truth, threshold).items():
        out.append(_line("  " + "–".join(LETTERS[letter] for letter in kind), found, f"{true:,} true"))
    lost = measures.recall_by_note(pairs, truth, dict(notes), threshold)
    out += [f"    {note:<32} recall {recall:.4f} of {true:,}" for note, (true, recall) in lost.items()]
    return "\n".join(out)


def main(words: Sequence[str]) -> int:
    """Exit status 2 for files that cannot be scored."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.corpus score",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the corpus, or of a release")
    parser.add_argument("--task", choices=TASKS, default="all")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--clusters", type=Path)
    options = parser.parse_args(words)
    try:
        corpus = Corpus.read(options.corpus)
        pairs = pairs_of(options.pairs, corpus, options.task)
        clusters = None
        if options.clusters:
            clusters = {row["id"]: row["cluster"] for row in rows(options.clusters)}
        left = {record["record_id"] for record in corpus.insurer} if options.task != "all" else None
        print(
            report(pairs, true_pairs(corpus, options.task), corpus.noise, options.threshold, clusters, left)
        )
    except (FileError, KeyError) as error:
        print(
            f"cannot score: {error}" if isinstance(error, FileError) else f"cannot score: no column {error}"
        )
        return 2
    return 0

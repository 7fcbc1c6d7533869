"""python -m bench.linkage [--full] [--only WORD] [--no-peer] [--errors] [--strict] [--json FILE]

Links FEBRL 4, de-duplicates FEBRL 3 and Splink's fake_1000, and links the Jieli corpus, without labels in
training; each against Splink in the same run. Then one record is looked up among 100,000 persons (--full: a million,
as `make bench online`). Quick mode stays under four minutes on one core.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench.linkage import engine, measures, peer, tasks, whole
from bench.linkage.measures import Run
from bench.linkage.tasks import Task

QUICK_PERSONS, FULL_PERSONS, BATCH_PERSONS = 4000, 20000, 160_000


def load(options: argparse.Namespace) -> Iterator[Task]:
    wanted = options.only.lower()
    if wanted in "febrl4 link":
        yield tasks.febrl4()
    if wanted in "febrl3 dedupe":
        yield tasks.febrl3()
    if wanted in "fake_1000 dedupe":
        fake = tasks.fake_1000()
        if fake is None:
            missing = "fake_1000.csv is not here; set JIELI_SAMPLES to the folder that holds it"
            print(f"MISSING: {missing}. Left out.\n")
            left_over.append(f"NOT RUN {missing}")
        else:
            yield fake
    if wanted in "corpus campaign chinese":
        persons = options.persons or (FULL_PERSONS if options.full else QUICK_PERSONS)
        yield from tasks.corpus_tasks(persons, options.seed)


def figures(task: Task, run: Run) -> dict[str, Any]:
    own = measures.at_threshold(run.pairs, task.truth)
    threshold, best = measures.best_threshold(run.pairs, task.truth)
    left = set(map(str, task.a[task.id_col])) if task.b is not None else None
    clustered = measures.score(measures.pairs_of_clusters(run.clusters, left), task.truth)
    return {
        "f1": own.f1, "precision": own.precision, "recall": own.recall, "best_f1": best.f1,
        "best_threshold": threshold, "gap": best.f1 - own.f1, "clustered_f1": clustered.f1, "cpu": run.cpu,
        "seconds": run.seconds, "peak_mb": run.peak_mb,
        "compared": run.compared, "pairs_per_second": run.rate,
    }  # fmt: skip


def line(label: str, f: dict[str, Any]) -> str:
    return (
        f"  {label:<36} {f['f1']:7.4f} {f['precision']:7.4f} {f['recall']:7.4f} {f['best_f1']:7.4f} "
        f"{f['gap']:7.4f} {f['clustered_f1']:7.4f} {f['cpu']:7.1f} {f['peak_mb']:7.0f}"
    )


#: Figures that others published, which this machine does not run: they stand beside ours to be compared by eye.
PUBLISHED = {
    "FEBRL4": "best published: Splink 5 0.9993",
    "FEBRL3": "best published: GoldenMatch 0.9994 clustered; Splink 5 0.9926, 0.9979 clustered",
    "fake_1000": "best published: Splink 5 0.862, 0.949 clustered",
}
#: What was missed or could not be run, for the end of the run.
left_over: list[str] = []


def verdict(what: str, value: float, goal: float, least: bool = True, form: str = ".4f") -> str:
    met = value >= goal if least else value <= goal
    sign = "≥" if least else "≤"
    said = f"{what}: {value:{form}} (goal {sign} {goal:,})"
    if not met:
        left_over.append(f"MISSED {said}")
    return f"  {'met   ' if met else 'MISSED'} {said}"


def outcomes(task: Task, run: Run) -> dict[str, Any]:
    """Print the three outcomes. Masked names always go to review, so the share counts only full names."""
    everything = measures.triage(run, task.truth)
    print(
        f"  all: accepted unseen {everything.accepted:,}, review {everything.review:,} "
        f"({everything.review_share:.1%}); found by either {everything.recall_with_review:.4f}"
    )
    hidden = sum(o == "accept" and tasks.of_campaign(pair) for pair, o in run.outcomes.items())
    print(verdict("masked names accepted unseen", hidden, 0, least=False, form="d"))
    if task.b is not None:
        return {"all": everything.__dict__}
    shown = Run(
        {pair: p for pair, p in run.pairs.items() if not tasks.of_campaign(pair)},
        outcomes={pair: o for pair, o in run.outcomes.items() if not tasks.of_campaign(pair)},
    )
    full = measures.triage(shown, {pair for pair in task.truth if not tasks.of_campaign(pair)})
    print(
        f"  full names: accepted unseen {full.accepted:,}, review {full.review:,}; "
        f"found by either {full.recall_with_review:.4f}"
    )
    print(verdict("auto-accept precision, full names", full.precision, 0.999))
    print(verdict("review share of proposed pairs, full names", full.review_share, 0.10, least=False))
    own = measures.at_threshold(shown.pairs, {pair for pair in task.truth if not tasks.of_campaign(pair)})
    print(f"         F1 at p ≥ 0.5, full names only: {own.f1:.4f}")
    return {"all": everything.__dict__, "full_names": full.__dict__, "full_names_f1": own.f1}


def details(task: Task, run: Run) -> None:
    """Where the errors are: by the sources of the two records, and by what was done to them."""
    for kind, (true, got) in measures.by_kind(run.pairs, task.truth).items():
        print(f"    {kind}: {true:,} true pairs, precision {got.precision:.4f}, recall {got.recall:.4f}")
    for note, (true, recall) in measures.recall_by_note(run.pairs, task.truth, task.notes).items():
        print(f"    {note:<24} {true:6,} true pairs, recall {recall:.4f}")


def one(task: Task, options: argparse.Namespace) -> dict[str, Any]:
    print(f"{task.name}: {task.size:,} records, {len(task.truth):,} true pairs")
    start = len(left_over)
    print(
        f"  {'':<36} {'F1':>7} {'prec':>7} {'recall':>7} {'best F1':>7} {'gap':>7} {'clust.':>7} {'cpu s':>7} {'MB':>7}"
    )
    report: dict[str, Any] = {"records": task.size, "true_pairs": len(task.truth)}
    chinese = "corpus" in task.name
    ours = None
    try:
        run = engine.apart(engine.run, task)
        ours = report["jieli"] = figures(task, run)
        print(line("Jieli", ours), flush=True)
    except RuntimeError as error:
        print(f"  Jieli FAILED: {error}", flush=True)
        left_over.append(f"FAILED Jieli: {error}")
    for name in () if options.no_peer else task.peers:
        if name.endswith("oracle") and not options.full:
            continue
        try:
            theirs = figures(task, engine.apart(peer.run, task, name, 1e7 if options.full else 1e6))
        except RuntimeError as error:
            print(f"  {peer.LABELS[name]} FAILED: {error}", flush=True)
            left_over.append(f"FAILED {peer.LABELS[name]}: {error}")
            continue
        report[name] = theirs
        print(line(peer.LABELS[name], theirs), flush=True)
        if ours is None:
            continue
        ratio = ours["f1"] / theirs["f1"] if theirs["f1"] else float("inf")
        print(
            f"         F1, ours ÷ this: {ratio:.4f} ({ours['f1'] - theirs['f1']:+.4f}; "
            f"each at its best threshold {ours['best_f1'] - theirs['best_f1']:+.4f})"
        )
        if not name.endswith(("raw", "oracle")):
            try:
                report["files"] = files_to_files(whole.job_of(task, name), name)
            except RuntimeError as error:
                print(f"  files to files FAILED: {error}", flush=True)
                left_over.append(f"FAILED files to files: {error}")
        if chinese and not name.endswith("oracle"):
            goal = 0.20 if name.endswith("raw") else 0.02
            print(verdict(f"F1 above {peer.LABELS[name]}", ours["f1"] - theirs["f1"], goal))
    if ours is not None:
        if task.goal:
            print(verdict("pairs F1 at p ≥ 0.5", ours["f1"], task.goal))
        if task.clustered_goal:
            print(verdict("clustered F1", ours["clustered_f1"], task.clustered_goal))
        print(verdict("calibration gap (best F1 − own F1)", ours["gap"], 0.005, least=False))
        if chinese:
            report["triage"] = outcomes(task, run)
            if options.errors:
                details(task, run)
        if chinese and task.b is None:
            try:
                rate = engine.apart(engine.scoring_rate, task, 2_000_000 if options.full else 600_000)
                report["pairs_per_second"] = rate
                print(verdict("scoring, pairs/s on one core", rate, 700_000, form=",.0f"))
                for name in task.peers:
                    if name in report:
                        print(
                            f"         {peer.LABELS[name]}: {report[name]['pairs_per_second']:,.0f} pairs/s"
                        )
            except RuntimeError as error:
                print(f"  scoring rate FAILED: {error}")
                left_over.append(f"FAILED scoring rate: {error}")
    known = next((said for name, said in PUBLISHED.items() if task.name.startswith(name)), "")
    if known:
        print(f"         {known}")
    print(flush=True)
    left_over[start:] = [f"{said}, {task.name}" for said in left_over[start:]]
    return report


def files_to_files(job: AbstractContextManager[dict[str, Any]], name: str) -> dict[str, Any]:
    """Both engines as commands: processes of their own, all they do and load counted."""
    with job as given:
        both = {engine: whole.measured(given, engine) for engine in ("jieli", "splink")}
    ours, theirs = both["jieli"], both["splink"]
    print(
        f"  files to files, whole processes: Jieli {ours['cpu']:.1f} s CPU, {ours['peak_mb']:.0f} MB; "
        f"{peer.LABELS[name]} {theirs['cpu']:.1f} s, {theirs['peak_mb']:.0f} MB"
    )
    print(verdict("CPU, share of Splink's", ours["cpu"] / theirs["cpu"], 0.2, least=False))
    print(
        verdict("memory, share of Splink's", ours["peak_mb"] / theirs["peak_mb"], 0.2, least=False),
        flush=True,
    )
    return both


def batch(options: argparse.Namespace) -> dict[str, Any]:
    """A large table, files to files. Splink compares the raw columns, which costs it least."""
    persons = options.persons or BATCH_PERSONS
    task = next(tasks.corpus_tasks(persons, options.seed))
    print(f"batch: {task.size:,} records")
    if not options.no_peer:
        return files_to_files(whole.job_of(task, "chinese_raw"), "chinese_raw")
    with whole.job_of(task, "chinese_raw") as job:
        ours = whole.measured(job, "jieli")
    print(
        f"  files to files: {ours['cpu']:.1f} s CPU, {ours['peak_mb']:.0f} MB, {ours['pairs']:,.0f} pairs\n",
        flush=True,
    )
    return {"jieli": ours}


def online(options: argparse.Namespace) -> dict[str, Any]:
    """`bench.linkage.online` in a process of its own (it needs a database and Django); {} if it could not run."""
    persons = 1_000_000 if options.full else 100_000
    with tempfile.NamedTemporaryFile(suffix=".json") as figures_file:
        words = [f"--persons={persons}", f"--seed={options.seed}", f"--json={figures_file.name}"]
        words += ["--no-peer"] if options.no_peer else []
        done = subprocess.run([sys.executable, "-m", "bench.linkage.online", *words])
        if done.returncode != 0:
            print("  online FAILED")
            left_over.append("FAILED online")
            return {}
        found: dict[str, Any] = json.loads(Path(figures_file.name).read_text())
    left_over.extend(f"MISSED {said}, online" for said in found.get("missed", ()))
    print(flush=True)
    return found


def main() -> int:
    """Exit status 1 with --strict if a goal was missed or something did not run, 0 otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.linkage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--full", action="store_true", help=f"corpus of {FULL_PERSONS:,} persons, all peers")
    parser.add_argument(
        "--only", default="", metavar="WORD", help="febrl4, febrl3, fake_1000, corpus, online or batch"
    )
    parser.add_argument("--persons", type=int, default=0, help="size of the corpus")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true", help="without Splink")
    parser.add_argument("--errors", action="store_true", help="where the errors in the corpus are")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument("--strict", action="store_true", help="end with status 1 if anything was missed")
    options = parser.parse_args()
    started = time.perf_counter()
    report = {task.name: one(task, options) for task in load(options)}
    if options.only.lower() == "batch" or (options.full and not options.only):
        report["batch"] = batch(options)
    if options.only.lower() in "online":
        report["online"] = online(options)
    print(f"{time.perf_counter() - started:.0f} s in all; gap = what a better threshold would add to F1.")
    print("\n".join(["", "missed or not run:", *left_over] if left_over else ["", "every goal was met"]))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False))
    return int(options.strict and bool(left_over))


if __name__ == "__main__":
    sys.exit(main())

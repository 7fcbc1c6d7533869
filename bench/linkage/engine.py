"""Our engine on a task, and each engine in a process of its own so that time and memory are its own."""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.linkage.measures import Pair, Run
from bench.linkage.tasks import Task

LIMIT = 8 * 1024**3  # bytes of address space for one engine
SWEEP = 0.01  # lowest probability kept to look for the best threshold


def _pairs(task: Task, columns: dict[str, list[Any]], values: str) -> dict[Pair, Any]:
    found: dict[Pair, Any] = {}
    for left, right, value in zip(columns["left"], columns["right"], columns[values], strict=True):
        pair = (left, right) if task.b is not None or left <= right else (right, left)
        found[pair] = value
    return found


def run(task: Task) -> Run:
    """Train without labels, link, cluster at p ≥ 0.5; then once more with the same parameters for the sweep."""
    from matching.linkage.tables.pipeline import link_tables

    started, cpu = time.perf_counter(), time.process_time()
    result = link_tables(task.a, task.b, task.fields, task.id_col)
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - started
    wide = link_tables(task.a, task.b, task.fields, task.id_col, threshold=SWEEP, params=result.params)
    pairs = _pairs(task, wide.pairs, "probability")
    own = _pairs(task, result.pairs, "probability")
    missing = set(own) - set(pairs)
    if missing:
        raise RuntimeError(f"{len(missing)} pairs of p ≥ 0.5 are gone at a lower threshold")
    clusters = result.clusters
    if task.b is not None:
        clusters = {record: label for (_side, record), label in clusters.items()}
    return Run(
        pairs, clusters, _pairs(task, wide.pairs, "outcome"), cpu=cpu, seconds=seconds, compared=result.candidates
    )  # fmt: skip


def scoring_rate(task: Task, pairs: int) -> float:
    """Pairs a second on one core: levels and weights of the pairs that blocking proposes (median of five).

    Proposed pairs are the dearer ones: they agree on something, so that more has to be compared than for random
    pairs. Preparing the table, blocking and training are not in it.
    """
    import statistics

    import numpy as np

    from matching.linkage.model import Model
    from matching.linkage.tables import candidates
    from matching.linkage.tables.keys import keys
    from matching.linkage.tables.pipeline import combine

    rows, split = combine(task.a, task.b, task.fields)
    model = Model.for_fields(task.fields, rows)
    table = model.prepare(rows)
    params = model.default_params()
    i, j = candidates.union(keys(table, split, 40.0), split).part(slice(None))
    order = np.random.default_rng(1).permutation(len(i))[:pairs]
    x, y = i[order], j[order]
    rates = []
    for _ in range(5):
        started = time.process_time()
        table.weigh(table.levels(x, y), x, y, params)
        rates.append(len(x) / max(1e-6, time.process_time() - started))
    return statistics.median(rates)


def _memory(field: str) -> float:
    """VmRSS or VmHWM of this process in MB; 0 where /proc has none."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _child(sender: Any, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    # An engine that runs away fails alone: it must not take the machine with it.
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
    before = _memory("VmRSS")
    try:
        answer: Any = work(*arguments)
        if isinstance(answer, Run):
            answer = replace(answer, peak_mb=max(0.0, _memory("VmHWM") - before))
        sender.send((True, answer))
    except BaseException as error:
        sender.send((False, f"{type(error).__name__}: {str(error)[:400]}"))
    sender.close()


def apart(work: Callable[..., Any], *arguments: Any, limit: float = 900.0) -> Any:
    """work(*arguments) in a fresh process. Raises RuntimeError with its message if it fails or takes too long."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, work, arguments), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            raise RuntimeError(f"took more than {limit:.0f} s")
        fine, answer = receiver.recv()
    except EOFError:
        raise RuntimeError(f"ended without an answer (code {process.exitcode})") from None
    finally:
        process.join(1)
        if process.is_alive():
            process.kill()
        sys.stdout.flush()
    if not fine:
        raise RuntimeError(answer)
    return answer

"""One engine from files to files in a process of its own: `python -m bench.linkage.whole ENGINE JOB.json`.

What counts is all of it: start, imports, reading, training, linking, clustering, writing. The last line of the
output is a JSON object: cpu (s), peak_mb (of the whole process, by the kernel), pairs (written).
"""

import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # an engine's process loads nothing that is not its own
    from bench.linkage.tasks import Task


_compiled: set[str] = set()


def measured(job: Mapping[str, Any], engine: str, limit: float = 3600.0) -> dict[str, float]:
    """Run an engine on a job, its modules compiled as after an installation. Raises RuntimeError if it fails."""
    if engine not in _compiled:
        _compiled.add(engine)
        measured(job, engine, limit)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.json"
        path.write_text(
            json.dumps({**job, "out": f"{folder}/pairs.csv", "clusters": f"{folder}/clusters.csv"})
        )
        done = subprocess.run(
            [sys.executable, "-m", "bench.linkage.whole", engine, str(path)],
            capture_output=True, text=True, timeout=limit, check=False, env=environment,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1])
        with (Path(folder) / "pairs.csv").open(encoding="utf-8") as file:
            count = sum(1 for _ in file) - 1
        answer: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
        return {**answer, "pairs": count}


@contextmanager
def job_of(task: "Task", peer: str) -> Iterator[dict[str, Any]]:
    """A task as files, with the set-up that Splink takes."""
    with tempfile.TemporaryDirectory() as folder:
        job = {"id_col": task.id_col, "fields": task.fields, "peer": peer, "b": None}
        for name, columns in (("a", task.a), ("b", task.b)):
            if columns is not None:
                job[name] = f"{folder}/{name}.csv"
                write(columns, Path(job[name]))
        yield job


def write(columns: Mapping[str, list[str | None]], path: Path) -> None:
    """A table as csv, empty for None."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(["" if v is None else v for v in c] for c in columns.values()), strict=True))


def jieli(job: Mapping[str, Any]) -> None:
    """Our command line, as anyone calls it."""
    from matching.linkage.__main__ import main

    fields = ",".join(f"{kind}={column}" for column, kind in job["fields"].items())
    arguments = [job["a"], *([job["b"]] if job["b"] else []), "--id", job["id_col"], "--fields", fields]
    if main([*arguments, "--out", job["out"], "--clusters", job["clusters"]]):
        raise SystemExit(1)


def splink(job: Mapping[str, Any]) -> None:
    """Splink as its guides do it, DuckDB reading and writing the files."""
    from bench.linkage.peer import files

    files(job)


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as source:
        given = json.load(source)
    {"jieli": jieli, "splink": splink}[sys.argv[1]](given)
    used = resource.getrusage(resource.RUSAGE_SELF)
    # VmHWM belongs to this program alone; ru_maxrss would still know the process that started it.
    peak = next(
        (int(x.split()[1]) / 1024 for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")),
        used.ru_maxrss / 1024,
    )  # fmt: skip
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak_mb": peak}))

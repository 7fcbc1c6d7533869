"""What beat asks of this room, and batch linkage over the workers.

Batch linkage: a message carries a job's random name and numbers, never anything about a person.

The job's folder (``VAR_DIR/linkage``, mode 0700, gone when the job ends) holds the prepared table and the pairs; who
asks and the workers must see the same disk. A worker that dies loses nothing: its message is delivered again, or sent
again, and a bucket that was scored is not scored twice.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

from celery import shared_task
from django.conf import settings

from matching.linkage.tables import batch
from matching.linkage.words import say
from scope import engine_scope

from . import reindexing, sampling

#: So long one turn of indexing anew holds a worker, seconds.
RENEWING = 30.0
#: At most so many buckets per message, which loads the table once; fewer where there would be fewer messages than this.
SLICE = 8
#: Messages are sent again after so many seconds without any result, and given up after the second number.
AGAIN, NEVER = 120.0, 1800.0
STALE = 86_400.0
_NAME = re.compile(r"[0-9a-f]{32}")


@shared_task(name="linking.renew", ignore_result=True)
def renew() -> None:
    """After an upgrade, index the people anew whom older keys have indexed, some each minute."""
    reindexing.renew(RENEWING)


@shared_task(name="linking.sample", ignore_result=True)
def sample() -> None:
    """Once a day, lay some of the engine's decisions before the reviewers."""
    with engine_scope("linking sample"):
        sampling.draw(random.Random())  # noqa: S311 (nobody gains by guessing which)


def _home() -> Path:
    return Path(settings.VAR_DIR) / "linkage"


@shared_task(name="linkage.score", ignore_result=True)
def score(job: str, first: int, last: int) -> None:
    """Score the buckets ``first`` to ``last`` - 1 of a job. Nothing happens where the job is over."""
    folder = _home() / job
    if not _NAME.fullmatch(job) or not batch.private(folder):
        return
    try:
        batch.score_files(folder, first, last)
    except FileNotFoundError:
        if folder.exists():
            raise


@contextmanager
def job_folder() -> Iterator[Path]:
    """A folder for one job, closed to others and removed at the end; what a killed job left goes after a day."""
    _home().mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in _home().iterdir():
        with suppress(OSError):
            if time.time() - max(p.stat().st_mtime for p in (old, *old.iterdir())) > STALE:
                rmtree(old, ignore_errors=True)
    folder = _home() / uuid4().hex
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)


def spread(tell: Callable[[str, float], None] | None = None, pause: float = 0.2) -> batch.Spread:
    """For `pipeline.link`: give the buckets to the workers and wait. Raises ValueError where none answers."""

    def run(folder: Path, count: int) -> None:
        def missing() -> list[int]:
            return [k for k in range(count) if not batch.scored_path(folder, k).exists()]

        size = max(1, min(SLICE, count // SLICE))

        def send(wanted: list[int]) -> None:
            for first in sorted({k - k % size for k in wanted}):
                score.delay(folder.name, first, min(first + size, count))

        left = missing()
        send(left)
        moved = sent = time.monotonic()
        while left:
            time.sleep(pause)
            now = time.monotonic()
            if len(still := missing()) < len(left):
                left, moved = still, now
                if tell:
                    tell("score", 1 - len(left) / count)
            elif now - moved > NEVER:
                raise ValueError(
                    say(
                        f"后台进程 {NEVER:.0f} 秒没有回音，{count} 份里还缺 {len(left)} 份。请看它们是否在运行，再做一次",
                        f"no worker answered for {NEVER:.0f} s; {len(left)} of {count} buckets are missing",
                    )
                )
            elif now - max(moved, sent) > AGAIN:
                send(left)
                sent = now

    return run

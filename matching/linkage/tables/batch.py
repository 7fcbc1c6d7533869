"""Batch: the pairs of a large table lie in buckets on disk and are scored bucket by bucket.

A bucket holds row numbers alone. Buckets are scored in this process, in child processes that share its memory, or
by workers elsewhere that read the job's folder. A pair lies in one bucket only, so whoever scores it last writes
the same file as who scored it first.
"""

import os
import pickle
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ..compare.columns import Ints, Levels
from ..model import Params, Table
from ..words import say
from .candidates import Key, Split, chunks, distinct, pairs_of

#: Up to this many pairs are held in memory, and trained on.
ROOM = 2_000_000
#: Pairs of a bucket, about.
BUCKET = 1_000_000
#: Bytes that a pair needs while its bucket is made unique and scored.
PER_PAIR = 64
MAX_BUCKETS = 512
#: What a child process takes of its own, beside what it shares and its pairs.
CHILD_MB = 12.0

#: Pairs that are worth keeping: left rows, right rows, weights (log2).
Scored = tuple[Ints, Ints, np.ndarray]
#: Has every bucket of a job's folder scored, wherever; returns when the last one is.
Spread = Callable[[Path, int], None]
_TABLE = "table.pickle"


def resident_mb() -> float:
    """Memory of this process in MB; 0 where /proc does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def room_of(memory_mb: float, most: int = BUCKET) -> int:
    """How many pairs fit at a time into what a limit leaves. Raises ValueError where the table alone exceeds it."""
    if not memory_mb:
        return most
    left = memory_mb - resident_mb()
    if left < 8:
        raise ValueError(
            say(
                f"光是表格就要 {resident_mb():,.0f} MB 内存，--memory-mb {memory_mb:,.0f} 太小，请写大一些",
                f"the table alone takes {resident_mb():,.0f} MB: a limit of {memory_mb:,.0f} MB is too low",
            )
        )
    return int(min(most, max(20_000, left / 2 * 2**20 / PER_PAIR)))


def shares(memory_mb: float, workers: int, room: int) -> tuple[int, int]:
    """How many child processes fit into a limit beside this one, and the pairs of a bucket that each then has room for."""
    if not memory_mb or workers <= 1:
        return workers, min(BUCKET, room)
    left = memory_mb - resident_mb()
    workers = max(1, min(workers, int(left / (2 * CHILD_MB))))
    return workers, int(min(BUCKET, room, max(20_000, (left / workers - CHILD_MB) * 2**20 / PER_PAIR)))


class Buckets:
    """Files of pairs; all pairs of one left row are in one bucket, and which one is a matter of chance."""

    def __init__(self, folder: Path, count: int, rows: int) -> None:
        self.folder, self.count, self.rows = folder, min(max(count, 1), MAX_BUCKETS), rows

    def path(self, number: int) -> Path:
        return bucket_path(self.folder, number)

    def fill(self, found: list[Key], split: Split, progress: Callable[[float], None]) -> None:
        """Write the pairs of every key, a pair as often as keys find it."""
        files = [self.path(k).open("wb") for k in range(self.count)]
        try:
            for number, key in enumerate(found):
                for i, j in pairs_of(key, split):
                    self.put(files, i, j)
                progress((number + 1) / len(found))
        finally:
            for file in files:
                file.close()

    def put(self, files: Sequence[BinaryIO], i: Ints, j: Ints) -> None:
        """Some pairs into the open files of their buckets."""
        mixed = (i.astype(np.uint64) * np.uint64(0x9E3779B1) & np.uint64(0xFFFFFFFF)) >> np.uint64(12)
        bucket = (mixed % np.uint64(self.count)).astype(np.uint16)
        order = np.argsort(bucket, kind="stable")
        codes = (i.astype(np.int64) * self.rows + j)[order]
        ends = np.cumsum(np.bincount(bucket, minlength=self.count))
        for k, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            files[k].write(codes[start:end].data)

    def pairs(self, number: int) -> tuple[Ints, Ints]:
        """The pairs of a bucket, each once, in order of their rows."""
        return bucket_pairs(self.folder, number, self.rows)

    def sample(self, room: int) -> tuple[np.ndarray, float]:
        """The numbers of the pairs in whole buckets, about ``room``, in order; and these buckets' share of all."""
        parts: list[np.ndarray] = []
        size = 0
        for number in range(self.count):
            parts.append(distinct(np.fromfile(self.path(number), dtype=np.int64)))
            size += len(parts[-1])
            if size >= room:
                break
        codes = np.concatenate(parts)
        codes.sort()
        return codes, len(parts) / self.count


def bucket_path(folder: Path, number: int) -> Path:
    return folder / f"bucket-{number:04d}.pairs"


def scored_path(folder: Path, number: int) -> Path:
    return folder / f"scored-{number:04d}.npz"


def bucket_pairs(folder: Path, number: int, rows: int) -> tuple[Ints, Ints]:
    return _unpack(distinct(np.fromfile(bucket_path(folder, number), dtype=np.int64)), rows)


def _unpack(codes: np.ndarray, rows: int) -> tuple[Ints, Ints]:
    return (codes // rows).astype(np.int32), (codes % rows).astype(np.int32)


def score_pairs(table: Table, params: Params, i: Ints, j: Ints, low: float) -> Scored:
    """The pairs with a weight of at least ``low``."""
    parts: list[Scored] = []
    for x, y in chunks(i, j):
        parts.append(kept(table, params, table.levels(x, y), x, y, low))
    return joined(parts)


def kept(table: Table, params: Params, levels: Levels, i: Ints, j: Ints, low: float) -> Scored:
    """The pairs among a few with a weight of at least ``low``; most are seen from their levels to weigh less."""
    some = np.flatnonzero(table.at_most(levels, params) >= low)
    i, j = i[some], j[some]
    weight = table.weigh(levels[some], i, j, params).astype(np.float32)
    keep = weight >= low
    return i[keep], j[keep], weight[keep]


def joined(parts: list[Scored]) -> Scored:
    none = np.zeros(0, dtype=np.int32)
    return (
        np.concatenate([none, *(p[0] for p in parts)]),
        np.concatenate([none, *(p[1] for p in parts)]),
        np.concatenate([np.zeros(0, dtype=np.float32), *(p[2] for p in parts)]),
    )


Shared = tuple[Table, Params, Buckets, float]
_shared: Shared | None = None  # what child processes inherit


def _obedient() -> None:
    """A child process ends when its parent says so; Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _score_shared(number: int) -> tuple[Scored, int]:
    assert _shared is not None
    table, params, buckets, low = _shared
    i, j = buckets.pairs(number)
    return score_pairs(table, params, i, j, low), len(i)


def score_buckets(
    table: Table, params: Params, buckets: Buckets, low: float, workers: int = 1, spread: Spread | None = None
) -> Iterator[tuple[Scored, int]]:
    """Per bucket, in order: the pairs worth keeping, and how many were compared.

    The answer does not depend on who scores. ``workers`` are child processes; with ``spread`` the buckets are
    scored elsewhere.
    """
    global _shared
    if spread is not None:
        _write(
            buckets.folder / _TABLE,
            lambda file: pickle.dump((table, params, buckets.rows, low), file, protocol=5),
        )
        spread(buckets.folder, buckets.count)
        for number in range(buckets.count):
            with np.load(scored_path(buckets.folder, number), allow_pickle=False) as found:
                yield (found["i"], found["j"], found["weight"]), int(found["compared"])
        return
    _shared = (table, params, buckets, low)
    try:
        if workers <= 1:
            yield from map(_score_shared, range(buckets.count))
        else:
            import multiprocessing

            if "fork" not in multiprocessing.get_all_start_methods():
                raise ValueError(
                    say(
                        "这个系统上只能用一个进程，请不要写 --workers",
                        f"several workers need fork, which {sys.platform} does not have",
                    )
                )
            with multiprocessing.get_context("fork").Pool(workers, _obedient) as pool:
                yield from pool.imap(_score_shared, range(buckets.count))
    finally:
        _shared = None


def score_files(folder: Path, first: int, last: int) -> None:
    """Score some buckets of a job that another process prepared; each result appears whole or not at all.

    What is there already is not done again, so a slice may be given out twice. Raises FileNotFoundError where the
    job is over.
    """
    missing = [k for k in range(first, last) if not scored_path(folder, k).exists()]
    if not missing:
        return
    with (folder / _TABLE).open("rb") as file:
        table, params, rows, low = pickle.load(file)  # noqa: S301 (own folder, see `private`)
    for number in missing:
        i, j = bucket_pairs(folder, number, rows)
        x, y, weight = score_pairs(table, params, i, j, low)
        found = {"i": x, "j": y, "weight": weight, "compared": len(i)}
        _write(scored_path(folder, number), lambda file, found=found: np.savez(file, **found))


def private(folder: Path) -> bool:
    """Whether a folder is this user's own and closed to all others: its table is loaded as it is, and names people."""
    try:
        state = folder.stat(follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISDIR(state.st_mode) and state.st_uid == os.getuid() and not state.st_mode & 0o077


def _write(path: Path, fill: Callable[..., object]) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("wb") as file:
        fill(file)
    part.replace(path)

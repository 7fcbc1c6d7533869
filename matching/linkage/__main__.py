"""python -m matching.linkage A [B] --id COL --fields given_name=COL,… --out pairs.csv: files in, pairs out.

The same as `manage.py link_files`, without Django and so with less memory.
"""

import errno
import math
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

# No matrix is multiplied here: the threads that NumPy would keep for it take a fiftieth of a second.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .files.fields import parse_fields
from .files.linking import Done, link_files, proposal
from .model import Params
from .tables.batch import Spread
from .usage import check_tables, kinds_are, start
from .words import say, speak

if TYPE_CHECKING:
    from .splink.foreign import Imported

STAGES = {
    "prepare": "整理", "candidates": "找可能的对", "all candidates": "学习", "random pairs": "学习",
    "sessions": "学习", "score": "比较", "cluster": "分组",
}  # fmt: skip


def run(options: dict[str, Any], folder: Path | None = None, spread: Spread | None = None) -> str:
    """Do what the arguments say and tell it in a few words. Raises ValueError, OSError."""
    speak(options.get("language"))
    a, b = options["a"], options["b"]
    check_tables(options)
    if options.get("guess"):
        return _guessed(options)
    settings = options.get("splink_settings")
    lacking = [
        name for name in ("fields", "out") if not options.get(name) and not (settings and name == "fields")
    ]
    if lacking:
        proposed = "" if options.get("fields") else _guessed(options)
        raise ValueError(
            say(
                f"还缺 {'、'.join(f'--{n}' for n in lacking)}",
                f"{' and '.join(f'--{n}' for n in lacking)} is missing",
            )
            + (f"\n{proposed}" if proposed else "")
        )
    if b is None and (given := [f"--{n}-b" for n in ("id", "fields", "sheet") if options.get(f"{n}_b")]):
        raise ValueError(
            say(f"{'、'.join(given)} 要有第二张表才用得上", f"{', '.join(given)} needs a second table")
        )
    if not 0 < options["threshold"] < 1:
        raise ValueError(
            say(
                "--threshold 是概率，要在 0 和 1 之间，例如 0.5",
                "--threshold is a probability between 0 and 1",
            )
        )
    if not 0 <= options["memory_mb"] < math.inf:
        raise ValueError(
            say("--memory-mb 是多少 MB，例如 500", "--memory-mb is a number of megabytes, such as 500")
        )
    if options["workers"] < 1:
        raise ValueError(say("--workers 至少是 1", "--workers is at least 1"))
    bar = progress if sys.stderr.isatty() else None
    imported = _settings(options) if settings else None
    if spread is not None and options["backend"] != "own":
        raise ValueError(say("--celery 和 --backend 只能用一个", "--celery and --backend do not go together"))
    fields_b = options.get("fields_b")
    fields = imported.fields if imported else parse_fields(options["fields"])
    id_col = options["id_col"] or (imported.id_col if imported else None)
    result = link_files(
        a, b, fields, id_col, options["out"], clusters=options["clusters"],
        threshold=options["threshold"], progress=bar, params=_params(options["params"]), memory_mb=options["memory_mb"],
        fields_b=parse_fields(fields_b) if fields_b else None, id_b=options.get("id_b"), sheet=options.get("sheet"),
        sheet_b=options.get("sheet_b"), save_params=options["save_params"], imported=imported, tell=note,
        language=options.get("language"), when=datetime.now().astimezone(), workers=options["workers"],
        folder=folder, spread=spread, backend=options["backend"],
    )  # fmt: skip
    if bar:
        sys.stderr.write("\n")
    return _told(result, options["out"], options["clusters"])


def _settings(options: dict[str, Any]) -> "Imported":
    """The model of ``--splink-settings``."""
    from .splink.settings import imported

    path: Path = options["splink_settings"]
    names = ("fields", "fields_b", "params", "save_params")
    clash = [f"--{n.replace('_', '-')}" for n in names if options.get(n)]
    if options["backend"] != "own":
        clash.append("--backend")
    if clash:
        raise ValueError(
            say(
                f"--splink-settings 里什么都有了，不能再写 {'、'.join(clash)}",
                f"--splink-settings says it all: it does not go with {', '.join(clash)}",
            )
        )
    try:
        return imported(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _params(path: Path | None) -> Params | None:
    if path is None:
        return None
    try:
        return Params.from_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            say(
                f"{path.name} 不是 --save-params 存下的参数（{error}）",
                f"{path.name} is no parameter table of --save-params: {error}",
            )
        ) from error


def _guessed(options: dict[str, Any]) -> str:
    """A proposal per table."""
    lines = []
    for suffix in ("", "_b"):
        path = options["b" if suffix else "a"]
        if path is None:
            continue
        found = proposal(path, options.get(f"sheet{suffix}"), suffix.replace("_", "-"), note)
        lines.append(
            say(f"{path.name} 看表头可以写：{found}", f"{path.name}, by its headings: {found}")
            if found
            else say(
                f"{path.name} 的表头看不出各列是什么，请自己写 --fields 种类=列名。{kinds_are()}",
                f"{path.name}: its headings do not tell what they hold. {kinds_are()}",
            )
        )
    return "\n".join(lines)


def _told(done: Done, out: Path, clusters: Path | None) -> str:
    pairs, compared, counts = done.pairs, done.linked.candidates, done.outcomes
    where = str(out.resolve())
    if clusters:
        same = out.resolve().parent == clusters.resolve().parent
        where += say("、", ", ") + (clusters.name if same else str(clusters.resolve()))
    return say(
        f"找到 {pairs:,} 对（比较了 {compared:,} 对）：{counts['accept']:,} 对可以直接认，{counts['review']:,} 对请人看 → {where}",
        f"{pairs:,} pairs of {compared:,} compared: {counts['accept']:,} accepted, {counts['review']:,} for review → {where}",
    )


def note(text: str) -> None:
    """Something that a person should know, on the terminal beside the results."""
    # The bar stands in this line: it gives way.
    sys.stderr.write(f"\r\x1b[K{text}\n" if sys.stderr.isatty() else f"{text}\n")


def progress(stage: str, share: float) -> None:
    """A bar on the terminal."""
    sys.stderr.write(
        f"\r{say(STAGES.get(stage, stage), stage):<16} {'█' * int(share * 30):<30} {share:>4.0%}"
    )
    sys.stderr.flush()


def why(error: Exception) -> str:
    """An error in the words of who has to do something about it."""
    if not isinstance(error, OSError) or isinstance(error, ValueError):
        return str(error)
    closed = say(
        "没有权限打开。如果正在 Excel 里开着，请先关上",
        "it may not be opened; if a program has it open, close it first",
    )
    what = {
        errno.ENOENT: say("没有这个文件", "no such file") + _near(error.filename),
        errno.EACCES: closed,
        errno.EPERM: closed,
        errno.EBUSY: closed,
        errno.ENOSPC: say("磁盘满了，结果没有写；请腾出地方再试", "the disk is full; nothing was written"),
        errno.EDQUOT: say("磁盘配额满了，结果没有写", "the disk quota is full; nothing was written"),
        errno.EFBIG: say(
            "文件太大，这个盘放不下，结果没有写", "too large for this disk; nothing was written"
        ),
        errno.EROFS: say("这个盘只能读，不能写", "this disk is read-only"),
        errno.ENAMETOOLONG: say("文件名太长", "the file's name is too long"),
    }.get(error.errno or 0, error.strerror or str(error))
    return f"{error.filename}: {what}" if error.filename else what


def _near(name: Any) -> str:
    """A file of nearly that name beside it."""
    try:
        path = Path(os.fspath(name))
        there = {
            one.stem: one.name for one in path.parent.iterdir() if one.is_file() and one.name[:1] not in ".~"
        }
    except (TypeError, OSError):
        return ""
    near = get_close_matches(path.stem, there, 1, 0.6)
    return say(f"（是不是“{there[near[0]]}”？）", f" ({there[near[0]]!r}?)") if near else ""


def main(arguments: Sequence[str] | None = None, prog: str = "python -m matching.linkage") -> int:
    """The command line. Returns the exit code: 0, 1 for what is wrong with files, 130 where it was stopped."""
    options = start(arguments, prog)
    with suppress(ValueError):  # outside of the main thread
        signal.signal(signal.SIGTERM, _stop)
    try:
        if options["celery"]:
            raise ValueError(
                say(
                    "--celery 只有 manage.py link_files 才有，而且要写全",
                    "--celery belongs to manage.py link_files, written in full",
                )
            )
        print(run(options))
    except KeyboardInterrupt:
        print(say("\n停了，没有写任何结果", "\nstopped; nothing was written"), file=sys.stderr)
        return 130
    except (ValueError, KeyError, OSError, MemoryError) as error:
        reason = say("内存不够。请用 --memory-mb 定上限，或分几次做", "not enough memory: try --memory-mb")
        print(f"{prog}: {reason if isinstance(error, MemoryError) else why(error)}", file=sys.stderr)
        return 1
    return 0


def _stop(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

"""python -m matching.linkage A [B] --id COL --fields given_name=COL,… --out pairs.csv: files in, pairs out.

The same as `manage.py link_files`, without Django and so with less memory.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .model import KINDS, Params
from .tables.batch import Spread
from .tables.files import link_files, parse_fields, written

ABOUT = (
    "Find the same people within one table (A) or between two (A B): csv or parquet, no database, no labels. "
    "Field kinds: " + ", ".join(sorted(KINDS))
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command line, here and in Django."""
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path, nargs="?")
    parser.add_argument("--id", required=True, dest="id_col", help="the column that names a row")
    parser.add_argument("--fields", required=True, help="given_name=COL,surname=COL,birth_date=COL,…")
    parser.add_argument("--out", required=True, type=Path, help="pairs.csv")
    parser.add_argument("--clusters", type=Path, help="clusters.csv")
    parser.add_argument("--threshold", type=float, default=0.5, help="least probability of a pair (0.5)")
    parser.add_argument(
        "--memory-mb", type=float, default=0, help="memory that this process may take (no limit)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that score (1)")
    parser.add_argument("--params", type=Path, help="use this parameter table instead of training")
    parser.add_argument("--save-params", type=Path, help="write the trained parameter table here")
    parser.add_argument(
        "--backend", choices=("own", "duckdb"), default="own",
        help="duckdb: the same model in Splink on DuckDB (extra linkage-scale)",
    )  # fmt: skip


def run(options: dict[str, Any], folder: Path | None = None, spread: Spread | None = None) -> str:
    """Do what the arguments say and tell it in one line. Raises ValueError, OSError."""
    if not 0 < options["threshold"] < 1:
        raise ValueError("--threshold is a probability between 0 and 1")
    if options["workers"] < 1:
        raise ValueError("--workers is at least 1")
    given: Path | None = options["params"]
    params = Params.from_json(given.read_text(encoding="utf-8")) if given else None
    bar = progress if sys.stderr.isatty() else None
    fields = parse_fields(options["fields"])
    tables = (options["a"], options["b"], fields, options["id_col"], options["out"])
    if options["backend"] == "duckdb":
        from .tables.backend import scorer

        how: dict[str, Any] = {"scorer": scorer(options["memory_mb"], options["workers"])}
    else:
        how = {"workers": options["workers"], "folder": folder, "spread": spread}
    result = link_files(
        *tables, clusters=options["clusters"], threshold=options["threshold"], progress=bar, params=params,
        memory_mb=options["memory_mb"], **how,
    )  # fmt: skip
    if bar:
        sys.stderr.write("\n")
    if options["save_params"]:
        with written(options["save_params"]) as file:
            file.write(result.params.to_json())
    return f"{len(result.i):,} pairs of {result.candidates:,} compared → {options['out']}"


def progress(stage: str, share: float) -> None:
    """A bar on the terminal."""
    sys.stderr.write(f"\r{stage:<16} {'█' * int(share * 30):<30} {share:>4.0%}")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None, prog: str = "python -m matching.linkage") -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(prog=prog, description=ABOUT)
    add_arguments(parser)
    try:
        print(run(vars(parser.parse_args(arguments))))
    except (ValueError, KeyError, OSError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

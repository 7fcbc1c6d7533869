from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.linkage import files
from matching.linkage.model import KINDS


class Command(BaseCommand):
    help = (
        "Find the same people within one spreadsheet (A) or between two (A B): csv or parquet, no database, no labels. "
        "Field kinds: " + ", ".join(sorted(KINDS))
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("a", type=Path)
        parser.add_argument("b", type=Path, nargs="?")
        parser.add_argument("--id", required=True, dest="id_col", help="the column that names a row")
        parser.add_argument("--fields", required=True, help="given_name=COL,surname=COL,birth_date=COL,…")
        parser.add_argument("--out", required=True, type=Path, help="pairs.csv")
        parser.add_argument("--clusters", type=Path, help="clusters.csv")
        parser.add_argument("--threshold", type=float, default=0.5, help="least probability of a pair (0.5)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0 < options["threshold"] < 1:
            raise CommandError("--threshold is a probability between 0 and 1")
        try:
            fields = files.parse_fields(options["fields"])
            result = files.link_files(
                options["a"],
                options["b"],
                fields,
                options["id_col"],
                options["out"],
                clusters=options["clusters"],
                threshold=options["threshold"],
                progress=self._progress if sys.stderr.isatty() else None,
            )
        except (ValueError, KeyError, OSError, UnicodeError) as error:
            raise CommandError(str(error)) from None
        if sys.stderr.isatty():
            self.stderr.write("")
        self.stdout.write(
            f"{len(result.pairs['left']):,} pairs of {result.candidates:,} compared → {options['out']}"
        )

    def _progress(self, stage: str, share: float) -> None:
        bar = "█" * int(share * 30)
        self.stderr.write(f"\r{stage:<14} {bar:<30} {share:>4.0%}", ending="")

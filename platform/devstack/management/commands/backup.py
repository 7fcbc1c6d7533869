from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from devstack.backup import BackupError, backup


class Command(BaseCommand):
    help = "Write a backup archive (as the read-only role jieli_backup). The key file is not in it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("out", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backup(options["out"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        size = options["out"].stat().st_size / 1e6
        self.stdout.write(f"Backup of {manifest['made_at']} written to {options['out']} ({size:.1f} MB).")
        self.stdout.write(
            "Keep it apart from the key file (JIELI_KEYS_FILE): one without the other opens nothing."
        )

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.env import database
from devstack.backup import BackupError, restore
from scope.apps import store_scope_key


class Command(BaseCommand):
    help = "Restore an archive into the empty database of DATABASE_URL, then verify the audit log."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            kept = restore(options["archive"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        connection.close()
        connection.settings_dict.update(database("owner"))
        store_scope_key(using="default")
        self.stdout.write("Restored. Verifying the audit log against the archive's checkpoint:")
        words = ["--checkpoint", str(kept)] if kept else []
        call_command("audit_verify", *words)

from __future__ import annotations

import base64
import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Make a new key file (JSON, mode 0600) for JIELI_KEYS_FILE. Keep a copy apart from the database's backups."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="where to write; refused if the file exists")

    def handle(self, *args: Any, **options: Any) -> None:
        def fresh() -> str:
            return base64.b64encode(os.urandom(32)).decode()

        keys = {"vault": {"1": fresh()}, "vault_current": 1}
        keys |= {name: fresh() for name in ("index", "blocking", "scope", "audit_seed")}
        try:
            handle = os.open(options["path"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise CommandError(f"{options['path']} exists already; keys are never overwritten") from None
        with os.fdopen(handle, "w") as file:
            json.dump(keys, file, indent=2)
        self.stdout.write(f"Keys written to {options['path']} (mode 0600).")

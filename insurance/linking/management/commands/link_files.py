from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from matching.linkage.__main__ import ABOUT, add_arguments, run


class Command(BaseCommand):
    help = ABOUT
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(run(options))
        except (ValueError, KeyError, OSError) as error:
            raise CommandError(str(error)) from None

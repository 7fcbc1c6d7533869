from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from insurance.linking import tasks
from matching.linkage.__main__ import progress, run, why
from matching.linkage.usage import about, add_arguments, kinds_are


class Command(BaseCommand):
    help = about()
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = kinds_are()
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["celery"]:
                with tasks.job_folder() as folder:
                    bar = progress if sys.stderr.isatty() else None
                    self.stdout.write(run(options, folder, tasks.spread(bar)))
            else:
                self.stdout.write(run(options))
        except (ValueError, KeyError, OSError) as error:
            raise CommandError(why(error)) from None

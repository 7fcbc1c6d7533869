from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from insurance.linking import tasks
from matching.linkage.__main__ import ABOUT, KINDS_ARE, add_arguments, progress, run, why
from matching.linkage.tables.words import say


class Command(BaseCommand):
    help = ABOUT
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = KINDS_ARE
        add_arguments(parser)
        parser.add_argument(
            "--celery",
            action="store_true",
            help=say(
                "交给正在运行的后台进程比较（要用同一块盘）",
                "let the running workers score; they must see the same disk",
            ),
        )

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

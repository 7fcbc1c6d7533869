from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from audit import sequencer


class Command(BaseCommand):
    help = _("给等待中的审计记录编号并签检查点（以 JIELI_ROLE=engine 运行）")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", type=float, metavar="SECONDS", help=_("一直运行，每隔几秒一次"))

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["loop"]:
            done = sequencer.run()
            self.stdout.write(_("已编号 %(leaves)s 条。") % {"leaves": done.leaves})
            return
        while True:
            try:
                sequencer.run()
            except OperationalError as error:  # the database is away: nothing is lost, try again
                self.stderr.write(str(error).strip())
                connection.close()
            time.sleep(options["loop"])

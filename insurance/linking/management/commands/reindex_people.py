from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from insurance.linking.reindexing import CHUNK, Progress, reindex
from people.models import Identity
from scope import engine_scope


class Command(BaseCommand):
    help = _("升级后重建查人的索引，还没认出是谁的再认一遍（以 JIELI_ROLE=engine 运行；中断后可以接着做）")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--after", type=int, default=0, metavar="ID", help=_("从这个编号之后接着做"))
        parser.add_argument("--chunk", type=int, default=CHUNK, help=_("每次事务处理几条"))

    def handle(self, *args: Any, **options: Any) -> None:
        with engine_scope("reindex"):
            total = Identity.objects.filter(pk__gt=options["after"]).count()
        step = Progress(options["after"], 0, 0)
        for step in reindex(options["after"], max(1, options["chunk"])):
            if sys.stderr.isatty():
                self.stderr.write(f"\r{step.done:,} / {total:,}  --after {step.after}", ending="")
        if sys.stderr.isatty():
            self.stderr.write("")
        self.stdout.write(
            _("重建了 %(done)s 条，其中 %(again)s 条会再认一遍。") % {"done": step.done, "again": step.again}
        )

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit import export, record
from scope import Actor, actor_scope


class Command(BaseCommand):
    help = _("导出审计日志，供任何人独立检查（python -m audit.verify）")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--out", required=True, help=_("写到哪个文件；- 为标准输出"))
        parser.add_argument("--checkpoint-out", help=_("把最新的检查点另存到这个文件"))

    def handle(self, *args: Any, **options: Any) -> None:
        with actor_scope(Actor("system")):
            record("audit.exported", "audit:log")
        if options["out"] == "-":
            done = export.export(sys.stdout.buffer)
        else:
            target = Path(options["out"])
            part = target.with_name(target.name + ".part")
            try:
                with part.open("wb") as out:
                    done = export.export(out)
                os.replace(part, target)
            except OSError as error:
                raise CommandError(_("写不了 %(file)s：%(why)s") % {"file": target, "why": error.strerror})
            finally:
                part.unlink(missing_ok=True)
        if options["checkpoint_out"]:
            Path(options["checkpoint_out"]).write_text(done.last_checkpoint, encoding="utf-8")
        said = _("已导出 %(size)s 条记录、%(checkpoints)s 个检查点。") % vars(done)
        self.stderr.write(said, self.style.SUCCESS)

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit import verify, witnessing
from scope import engine_scope


class Command(BaseCommand):
    help = _("请见证人签检查点：request 写出请求，add 收下签好的（以 JIELI_ROLE=engine 运行）")

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="do", required=True)
        asked = commands.add_parser("request", help=_("从见证人上次看到的条数起，到最新的检查点"))
        asked.add_argument("--old", type=int, default=0, help=_("见证人上次看到多少条；第一次是 0"))
        asked.add_argument("--out", default="-", help=_("写到哪个文件；- 为标准输出"))
        added = commands.add_parser("add", help=_("收下见证人签好的检查点"))
        added.add_argument("cosigned", type=Path)
        added.add_argument("--key", required=True, help=_("见证人的公钥或公钥文件"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["do"] == "request":
                self._request(options)
            else:
                self._add(options)
        except (witnessing.WitnessError, OSError, UnicodeDecodeError) as error:
            raise CommandError(str(error)) from None

    def _request(self, options: dict[str, Any]) -> None:
        body = witnessing.request(options["old"])
        if options["out"] == "-":
            sys.stdout.write(body)
        else:
            Path(options["out"]).write_text(body, encoding="utf-8")

    def _add(self, options: dict[str, Any]) -> None:
        text = options["cosigned"].read_text(encoding="utf-8")
        with engine_scope("audit.witness"):
            added = witnessing.add(text, verify.text_or_file(options["key"]))
        said = _("见证人 %(witness)s 签到前 %(size)s 条。") % {"witness": added.witness, "size": added.size}
        self.stdout.write(said)

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from audit import export, keys, services, verify


class Command(BaseCommand):
    help = _("检查数据库里的审计日志（或一个导出文件）有没有被改过")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("export", nargs="?", type=Path, help=_("导出文件；不给就检查数据库"))
        parser.add_argument("--key", help=_("公钥；不给就用本机的"))
        parser.add_argument("--checkpoint", action="append", default=[], type=Path, help=_("另存的检查点"))
        parser.add_argument("--witness", action="append", default=[], help=_("见证人的公钥或公钥文件"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Leaves with the verifier's exit status: 0 holds, 1 changed, 2 could not be checked."""
        with tempfile.TemporaryDirectory() as folder:
            path = options["export"]
            if path is None:
                path = Path(folder) / "export.tar"
                with path.open("wb") as out:
                    export.export(out)
            words = [str(path), "--key", options["key"] or str(keys.verifier())]
            for kept in options["checkpoint"]:
                words += ["--checkpoint", str(kept)]
            for witness in options["witness"]:
                words += ["--witness", witness]
            status = verify.main(words)
        if options["export"] is None:
            wrong = services.index_drift()
            for entry, subject, problem in wrong:
                said = _("少了") if problem == "missing" else _("多了")
                where = {"entry": entry, "said": said, "subject": subject}
                self.stdout.write(_("索引不对：记录 %(entry)s %(said)s %(subject)s") % where)
            if wrong:
                self.stdout.write(
                    _("日志本身不受影响；由 jieli_owner 执行 SELECT audit_reindex() 重建索引。")
                )
                status = status or 1
        if status:
            sys.exit(status)

#!/usr/bin/env python3
"""Jieli's command line. `manage.py up` runs everything; the others are Django's and the rooms' commands."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    # Behind the standard library: a `platform` before it would shadow Python's own module.
    source = str(ROOT / "platform")
    if source not in sys.path:
        sys.path.append(source)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "up":
        from devstack.supervisor import main as up

        sys.exit(up(sys.argv[2:]))
    if command == "link_files" and "--celery" not in sys.argv:
        # Files in, files out: neither settings nor database, and a third of the memory.
        try:
            from matching.linkage.__main__ import main as link_files
        except KeyboardInterrupt:
            sys.exit(130)
        except ModuleNotFoundError as error:
            if error.name not in ("numpy", "rapidfuzz"):
                raise
            sys.exit(
                f"还缺程序库 {error.name}：先运行 make install，再用 .venv/bin/python manage.py link_files …\n"
                f"{error.name} is missing: run make install, then .venv/bin/python manage.py link_files …"
            )

        sys.exit(link_files(sys.argv[2:], "manage.py link_files"))
    from devstack.environment import prepare

    prepare(command)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

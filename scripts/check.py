#!/usr/bin/env python3
"""`make check`: every static check, each with one line; all run, and one failure fails the whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PYTHON = sys.executable
ROOMS = ("config", "scope", "vault", "audit", "outbox", "accounts", "people", "consent", "web", "devstack")
TYPED = [*(f"platform/{room}" for room in ROOMS), "matching", "insurance", "charity"]

STEPS: list[tuple[str, list[str]]] = [
    ("ruff", [str(BIN / "ruff"), "check", "--quiet", "--output-format=concise", "."]),
    ("format", [str(BIN / "ruff"), "format", "--check", "--quiet", "."]),
    ("platform trap", [PYTHON, "scripts/platform_trap.py"]),
    ("imports", [str(BIN / "lint-imports"), "--no-cache"]),
    ("django check", [PYTHON, "manage.py", "check"]),
    ("migrations", [PYTHON, "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"]),
    ("translations", [PYTHON, "scripts/translations.py", "check"]),
    ("mypy", [str(BIN / "mypy"), *TYPED]),
]


def main(wanted: list[str]) -> int:
    """Run the steps (or those named); the number of them that failed, at most 1 as exit status."""
    # No database is needed: an address where nobody listens keeps a developer's own out of it.
    env = {**os.environ, "JIELI_ENV": "test", "DATABASE_URL": "postgresql://127.0.0.1:9/none"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), str(ROOT)]))
    failed = []
    for name, command in STEPS:
        if wanted and name not in wanted:
            continue
        began = time.monotonic()
        try:
            done = subprocess.run(  # noqa: S603
                command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            status, output = done.returncode, done.stdout
        except OSError as error:
            status, output = 1, str(error)
        print(f"{'ok  ' if status == 0 else 'FAIL'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
        if status != 0:
            failed.append(name)
            print("\n".join(f"     {line}" for line in output.strip().splitlines()[-60:]), flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

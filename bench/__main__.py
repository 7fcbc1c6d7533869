"""`make bench`: every suite in a process of its own. `make bench linkage` runs one.

Suites of many minutes (`LONG`) run only when they are named.
"""

from __future__ import annotations

import subprocess
import sys

SUITES = {
    "audited": "bench.platform.audited",
    "award": "bench.platform.award",
    "push": "bench.platform.push",
    "case_page": "bench.platform.case_page",
    "link": "bench.platform.link",
    "linkage": "bench.linkage",
    "online": "bench.linkage.online",
}
LONG = {"online"}


def main(words: list[str]) -> int:
    """Exit status 1 if a suite could not run, 2 for an unknown name."""
    wanted = [word for word in words if not word.startswith("-")]
    options = [word for word in words if word.startswith("-")]
    unknown = [word for word in wanted if word not in SUITES]
    if unknown:
        print(f"no suite {', '.join(unknown)}; there are: {', '.join(SUITES)}")
        return 2
    failed = 0
    for name in wanted or [name for name in SUITES if name not in LONG]:
        print(f"\n== {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", SUITES[name], *options]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

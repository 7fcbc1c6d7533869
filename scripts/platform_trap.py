#!/usr/bin/env python3
"""platform/ is a source root, never a package: with an __init__.py it would be imported as Python's own `platform`,
and a room in it named like a module of the standard library would never be found behind it."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def faults(root: Path = ROOT) -> list[str]:
    """Sentences on what is wrong; empty when all is well."""
    source = root / "platform"
    found = []
    if (source / "__init__.py").exists():
        found.append("platform/__init__.py must not exist: it shadows Python's own platform module")
    for path in sorted(source.iterdir()):
        name = path.stem
        is_code = path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))
        if is_code and name in sys.stdlib_module_names:
            found.append(f"platform/{path.name} is named like a module of the standard library")
        if path.is_dir() and name in {"test", "tests"}:
            found.append(f"platform/{path.name}: tests live in tests/, outside the source root")
    return found


if __name__ == "__main__":
    print("\n".join(faults()) or "platform/ is a plain source root")
    sys.exit(bool(faults()))

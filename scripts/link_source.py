#!/usr/bin/env python3
"""Let the interpreter that runs this find our packages: the checkout and platform/ behind the standard library.

What an editable install would write, without building anything or asking any index.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    target = Path(sysconfig.get_paths()["purelib"]) / "jieli.pth"
    target.write_text(f"{ROOT}\n{ROOT / 'platform'}\n")

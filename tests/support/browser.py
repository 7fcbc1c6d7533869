"""The browser of the tests: Chromium by the name that .ci/run installs it under."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
needs_chromium = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium on this machine")


def launch(engine: Any) -> Any:
    """Chromium under a playwright engine; the caller closes it."""
    return engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

"""What tests of the command line share."""

import pytest

from matching.linkage.words import speak


@pytest.fixture
def chinese(monkeypatch):
    """A terminal that set no language, and nothing asked for: Chinese."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    speak(None)
    yield
    speak(None)

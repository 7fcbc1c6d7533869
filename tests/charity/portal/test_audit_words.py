"""An auditor reads words, never a bare code."""

import re
from pathlib import Path

from charity.portal.audit_words import ACTIONS

ROOT = Path(__file__).parents[3]
RECORDED = re.compile(r'(?:record|audit|audited|_record|write|seen)\(\s*(?:[\w.]+,\s*)?"([a-z_]+\.[a-z_]+)"')


def recorded():
    """Every action that stands as such in a call that writes the log."""
    for room in ("platform", "insurance", "charity"):
        for file in (ROOT / room).rglob("*.py"):
            if "migrations" not in file.parts:
                yield from RECORDED.findall(file.read_text())


def test_every_action_that_the_code_records_has_words():
    found = set(recorded())
    assert {"settlement.opened", "award.paid", "case.viewed", "recovery.opened"} <= found
    assert len(found) > 80
    assert sorted(found - set(ACTIONS)) == []


def test_no_two_actions_read_alike():
    words = [str(text) for text in ACTIONS.values()]
    assert sorted(words) == sorted(set(words))

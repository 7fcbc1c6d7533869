"""The log's owner shows a witness two histories at the same moment, to get both cosigned."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import time
from pathlib import Path

from audit import note, tree, witness

SIGNER = note.Signer.from_seed("jieli.example/log", b"\x07" * 32)


def note_of(size, mark):
    leaves = [tree.leaf_hash(bytes([mark, n])) for n in range(size)]
    return note.sign_checkpoint(SIGNER, size, tree.root_of(leaves))


def test_two_histories_at_once_are_judged_one_after_the_other(tmp_path):
    """Found by attack: both were held against the same state, and both were cosigned."""
    state, request = tmp_path / "seen.txt", tmp_path / "request.txt"
    request.write_text("old 0\n\n" + note_of(3, 1), encoding="utf-8")
    command = [
        sys.executable, str(Path(witness.__file__)), "check", str(request), "--log", str(SIGNER.verifier),
        "--state", str(state),
    ]  # fmt: skip
    with (tmp_path / "seen.txt.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another judgement is under way
        second = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        while second.poll() is None and time.monotonic() < deadline and not waits(second.pid):
            time.sleep(0.05)
        assert second.poll() is None
        state.write_text(note_of(3, 2), encoding="utf-8")
    said = second.communicate(timeout=30)[0].decode()
    assert second.returncode == 3, said
    assert state.read_text(encoding="utf-8") == note_of(3, 2)


def waits(pid):
    """Whether the process stands in the queue for a file lock."""
    return any(
        "->" in line and str(pid) in line.split() for line in Path("/proc/locks").read_text().splitlines()
    )

"""What is left to do when a supervisor is killed without a chance to clean up.

The kernel already tells every child to stop (PR_SET_PDEATHSIG), but a child's own children (a worker's
pool) hear nothing. The guardian is forked first, learns of every start through a pipe, and when the pipe
closes gives the groups a grace and then kills what remains.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

GRACE = 8.0  # seconds


def _group_lives(pgid: int) -> bool:
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Guardian:
    """Start before any child; tell it of each with watch(pid), and close() after an orderly stop."""

    def __init__(self) -> None:
        read, self._write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._write)
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            try:
                self._guard(read)
            finally:
                os._exit(0)
        os.close(read)

    def watch(self, pgid: int) -> None:
        os.write(self._write, f"{pgid}\n".encode())

    def close(self) -> None:
        """The groups known to it are gone or will be killed at once."""
        os.close(self._write)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    @staticmethod
    def _guard(read: int) -> None:
        with os.fdopen(read) as pipe:
            groups = [int(line) for line in pipe if line.strip().isdigit()]
        end = time.monotonic() + GRACE
        groups = [group for group in groups if _group_lives(group)]
        for group in reversed(groups):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(group, signal.SIGTERM)
        while groups and time.monotonic() < end:
            time.sleep(0.1)
            groups = [group for group in groups if _group_lives(group)]
        for group in groups:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)

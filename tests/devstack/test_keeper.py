"""The tests' PostgreSQL lives as long as somebody holds its lock, and no longer."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from devstack import keeper, process

USER = """
import sys, time
from pathlib import Path
from devstack import keeper
cluster, lock = keeper.acquire(Path(sys.argv[1]))
print(cluster.port, flush=True)
time.sleep(600)
"""


def start_user(home: Path) -> tuple[subprocess.Popen[str], int]:
    user = subprocess.Popen([sys.executable, "-c", USER, str(home)], stdout=subprocess.PIPE, text=True)
    assert user.stdout is not None
    return user, int(user.stdout.readline())


@pytest.mark.services
def test_users_share_one_server_and_it_ends_after_the_last_is_killed(tmp_path):
    first, port = start_user(tmp_path)
    second, same = start_user(tmp_path)
    assert port == same
    state = keeper._running(tmp_path)
    assert state is not None
    postmaster = int((process.place_for_service(tmp_path) / "data" / "postmaster.pid").read_text().split()[0])
    first.kill()
    first.wait()
    assert process.alive(postmaster)
    second.kill()
    second.wait()
    end = time.monotonic() + 60
    while process.alive(postmaster):
        assert time.monotonic() < end, "the server outlived its users"
        time.sleep(0.1)
    third, _port = start_user(tmp_path)  # and the same data serve the next
    third.kill()
    third.wait()

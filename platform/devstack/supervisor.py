"""`manage.py up`: everything that Jieli needs on one machine, started in order, stopped in reverse.

database → roles → migrate → static files → demo (once) → broker → worker → beat → web. With DATABASE_URL
or CELERY_BROKER_URL set, those are used instead of the embedded ones. Each child has a session of its own
and its log in var/log; a child that ends is started again, more slowly each time.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TextIO

from . import environment, postgres, process, roles, testing, valkey
from .guardian import Guardian
from .process import StartError

ROOT = environment.ROOT
# What reaches the console: trouble, and the codes that a developer's SMS back end prints.
LOUD = ("WARNING", "ERROR", "CRITICAL", "Error:", "Traceback", "sms to ", "验证码")
TOLERATED = ("SecurityWarning", "Timezone changed")
LOG_LIMIT = 5_000_000  # bytes, then one generation back


def say(name: str, text: str) -> None:
    print(f"{name:>8} │ {text}", flush=True)


@dataclass
class Service:
    """A child that must run: how to start it, how to ask it to stop, and how often it fell over."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10
    child: subprocess.Popen[bytes] | None = None
    started: float = 0
    falls: int = 0
    again_at: float | None = None


@dataclass
class Log:
    """A log file whose new lines go to the console when they are worth it."""

    path: Path
    offset: int = 0

    def echo(self, name: str, everything: bool) -> None:
        try:
            size = self.path.stat().st_size
            if size <= self.offset:
                return
            with self.path.open("rb") as file:
                file.seek(self.offset)
                chunk = file.read(65536)
        except OSError:
            return
        whole = chunk[: chunk.rfind(b"\n") + 1]
        self.offset += len(whole) or (len(chunk) if len(chunk) == 65536 else 0)
        for line in whole.decode(errors="replace").splitlines():
            loud = any(mark in line for mark in LOUD) and not any(mark in line for mark in TOLERATED)
            if everything or loud:
                say(name, line[:300])


@dataclass
class Supervisor:
    var: Path
    verbose: bool = False
    services: list[Service] = field(default_factory=list)
    logs: dict[str, Log] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    steps: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log_dir = self.var / "log"
        self.log_dir.mkdir(parents=True, exist_ok=True)
        self.guardian = Guardian()
        self.env = {**os.environ, **{k: v for k, v in self._secrets().items() if k not in os.environ}}
        self.env.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        self.env["PYTHONUNBUFFERED"] = "1"
        self.state_path = self.var / "up-state.json"

    def _secrets(self) -> dict[str, str]:
        kept = environment.secrets_of(self.var)
        return {
            k: v for k, v in kept.items() if k not in {"DATABASE_URL", "CELERY_BROKER_URL", "JIELI_BASE_URL"}
        }

    # -- children ------------------------------------------------------------------------------------------

    def log_of(self, name: str) -> Path:
        path = self.log_dir / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        if name not in self.logs:
            self.logs[name] = Log(path, path.stat().st_size if path.exists() else 0)
        return path

    def launch(self, name: str, argv: list[str], **extra: str) -> subprocess.Popen[bytes]:
        with self.log_of(name).open("ab") as out:
            return process.spawn(argv, stdout=out, env={**self.env, **extra}, cwd=ROOT)

    def add(self, service: Service) -> Service:
        self.services.append(service)
        self._begin(service)
        return service

    def _begin(self, service: Service) -> None:
        service.child = service.start()
        self.guardian.watch(service.child.pid)
        service.started = time.monotonic()
        service.again_at = None

    def run_step(self, name: str, *command: str, role: str, **extra: str) -> bool:
        """A management command in its own process, its output in the log; whether it succeeded."""
        return self.finish_step(name, self.begin_step(name, *command, role=role, **extra))

    def begin_step(self, name: str, *command: str, role: str, **extra: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, str(ROOT / "manage.py"), *command]
        child = self.launch(name, argv, **{"JIELI_ROLE": role, **extra})
        self.guardian.watch(child.pid)
        self.steps.append(child)
        return child

    def finish_step(self, name: str, child: subprocess.Popen[bytes]) -> bool:
        began = time.monotonic()
        status = child.wait()
        self.steps.remove(child)
        if status == 0:
            say(name, f"done ({time.monotonic() - began:.1f} s)")
            self.logs[name].offset = self.logs[name].path.stat().st_size
            return True
        say(name, f"failed with status {status}; the end of {self.log_of(name)}:")
        print(process.tail(self.log_of(name), 25), flush=True)
        return False

    # -- the order of things -------------------------------------------------------------------------------

    def start_database(self) -> None:
        if self.env.get("DATABASE_URL"):
            say("database", "using DATABASE_URL")
            if self.env.get("DATABASE_URL_ADMIN") and not self.run_step("roles", "db_roles", role="owner"):
                raise StartError("the roles could not be made")
            return
        home = self.var / "postgres"
        port: int | None = None
        with contextlib.suppress(KeyError, ValueError):
            port = int(environment.read(self.var / "devstack.env")["JIELI_PG_PORT"])
        running: dict[str, Any] = {}

        def start() -> subprocess.Popen[bytes]:
            wanted = running["cluster"].port if running else port
            server, running["cluster"] = postgres.start(home, port=wanted)
            return server

        began = time.monotonic()
        self.add(Service("database", start, signal.SIGINT, patience=20))
        cluster: postgres.Cluster = running["cluster"]
        self.env["DATABASE_URL"] = f"postgresql://{cluster.host}:{cluster.port}/{environment.DATABASE}"
        passwords = {
            role: self.env[f"JIELI_DB_{role.removeprefix('jieli_').upper()}_PASSWORD"]
            for role in (roles.OWNER, roles.APP, roles.ENGINE, roles.BACKUP, roles.DEMO)
        }
        with cluster.connect() as admin:
            roles.ensure_roles(admin, passwords)
            roles.ensure_database(admin, environment.DATABASE)
        with cluster.connect(environment.DATABASE) as admin:
            roles.ensure_schema(admin)
        self._remember(DATABASE_URL=self.env["DATABASE_URL"], JIELI_PG_PORT=str(cluster.port))
        say("database", f"ready in {time.monotonic() - began:.1f} s (127.0.0.1:{cluster.port})")

    def _remember(self, **values: str) -> None:
        path = self.var / "devstack.env"
        environment.write(path, {**environment.read(path), **values})

    def _database_mark(self) -> str:
        """Which database the remembered state speaks of: another one, or one made anew, has done nothing
        yet."""
        password = self.var / "postgres" / "password"
        born = password.stat().st_ino if password.exists() else 0
        url = os.environ.get("DATABASE_URL") or f"embedded-{born}"
        return hashlib.sha256(url.encode()).hexdigest()[:16]

    def prepare(self) -> None:
        """Migrate, grant, collect static files and load the demo, each only when something changed."""
        mark = self._database_mark()
        try:
            known = json.loads(self.state_path.read_text())
        except (OSError, ValueError):
            known = {}
        if known.get("database") != mark:
            known = {"database": mark, "static": known.get("static")}
        migrations, static = testing.migration_hash(), static_hash()
        collecting = None
        if known.get("static") != static or not (self.var / "static").exists():
            collecting = self.begin_step("static", "collectstatic", "--no-input", "--verbosity=0", role="app")
        if known.get("migrations") != migrations:
            if not self.run_step("migrate", "db_roles", "--tables-only", "--migrate", role="owner"):
                raise StartError("the database could not be migrated")
            known["migrations"] = migrations
            self._save(known)
        if collecting is not None:
            if not self.finish_step("static", collecting):
                raise StartError("the static files could not be collected")
            known["static"] = static
            self._save(known)
        demo = self.env.get("JIELI_DEMO", "1").lower() not in {"0", "false", "no", "off"}
        if demo and not known.get("demo") and has_command("load_demo"):
            say("demo", "loading, once")
            if self.run_step("demo", "load_demo", role="app", **environment.demo_login(self.env)):
                known["demo"] = True
                self._save(known)
            else:
                say("demo", "not loaded; the rest runs, and the next start tries again")

    def _save(self, known: dict[str, Any]) -> None:
        new = self.state_path.with_suffix(".new")
        new.write_text(json.dumps(known, indent=1))
        new.replace(self.state_path)

    def start_broker(self) -> None:
        if self.env.get("CELERY_BROKER_URL"):
            say("broker", "using CELERY_BROKER_URL")
            return
        running: dict[str, Any] = {}

        def start() -> subprocess.Popen[bytes]:
            server, running["url"] = valkey.start(self.var / "valkey", port=running.get("port"))
            running["port"] = int(running["url"].rsplit(":", 1)[1].split("/")[0])
            return server

        self.add(Service("broker", start))
        self.env["CELERY_BROKER_URL"] = running["url"]
        self._remember(CELERY_BROKER_URL=running["url"])
        say("broker", f"ready (127.0.0.1:{running['port']})")

    def start_celery(self) -> None:
        celery = [sys.executable, "-m", "celery", "-q", "-A", "config"]
        quiet = ["--without-gossip", "--without-mingle"]
        worker = [*celery, "worker", "--concurrency=2", "--loglevel=INFO", *quiet]
        beat = [
            *celery,
            "beat",
            "--loglevel=INFO",
            f"--schedule={self.var / 'celerybeat-schedule'}",
            "--pidfile=",
        ]
        for name, argv, patience in (("worker", worker, 15), ("beat", beat, 10)):
            service = Service(
                name, functools.partial(self.launch, name, argv, JIELI_ROLE="engine"), patience=patience
            )
            # Its turn comes once the page answers: a visitor should not wait for three Djangos to load.
            service.again_at = 0
            self.services.append(service)

    def start_web(self) -> str:
        host = self.env.get("JIELI_BIND", "127.0.0.1")
        wanted = int(self.env.get("PORT") or 8000)
        port = next((p for p in range(wanted, wanted + 50) if process.free_port(p) == p), None)
        if port is None:
            raise StartError(f"no free port between {wanted} and {wanted + 49}: set PORT")
        if port != wanted:
            say("web", f"port {wanted} is taken, using {port}")
        url = f"http://127.0.0.1:{port}"
        self.env.setdefault("JIELI_BASE_URL", url)
        self._remember(JIELI_BASE_URL=self.env["JIELI_BASE_URL"])
        gunicorn = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers=2", "--threads=4"]
        gunicorn += [
            "--worker-class=gthread",
            f"--bind={host}:{port}",
            "--timeout=60",
            "--graceful-timeout=8",
        ]
        gunicorn += ["--config=python:devstack.gunicorn_conf"]
        gunicorn += ["--worker-tmp-dir", str(self.var), "config.wsgi:application"]
        web = self.add(Service("web", lambda: self.launch("web", gunicorn, JIELI_ROLE="app")))
        assert web.child is not None
        try:
            process.wait_until(lambda: answers(port), web.child, 60, "the web server")
        except StartError as error:
            raise StartError(f"{error}; the end of {self.log_of('web')}:\n{process.tail(self.log_of('web'))}")
        return url

    # -- running -------------------------------------------------------------------------------------------

    def tend(self) -> None:
        """One round: show new log lines, notice who fell, start again whose time has come."""
        for name, log in self.logs.items():
            log.echo(name, self.verbose)
        now = time.monotonic()
        for service in self.services:
            if service.again_at is not None:
                if now >= service.again_at:
                    try:
                        first = service.child is None
                        self._begin(service)
                        say(service.name, "started" if first else "started again")
                    except StartError as error:
                        self._fell(service, str(error))
            elif service.child is not None and service.child.poll() is not None:
                if now - service.started > 60:
                    service.falls = 0
                self._fell(service, f"ended with status {service.child.returncode}")

    def _fell(self, service: Service, why: str) -> None:
        pause = min(30, 2**service.falls)
        service.falls += 1
        service.again_at = time.monotonic() + pause
        if service.child is not None:
            process.stop(service.child)  # whatever is left of its group
        say(service.name, f"{why}; again in {pause} s (log: {self.log_dir / service.name}.log)")

    def stop(self) -> None:
        for child in self.steps:
            process.stop(child)
        for service in reversed(self.services):
            if service.child is not None:
                process.stop(service.child, service.stop_signal, service.patience)
                say(service.name, "stopped")
        self.guardian.close()


def answers(port: int) -> bool:
    """Whether a web server on 127.0.0.1 answers, whatever it says."""
    try:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        link.request("GET", "/")
        link.getresponse().read()
        link.close()
    except (OSError, http.client.HTTPException):
        return False
    return True


def static_hash() -> str:
    """Changes whenever a static file of ours or an installed package changes."""
    digest = hashlib.sha256(testing.migration_hash().encode())
    for source in testing.SOURCES:
        for path in sorted((ROOT / source).rglob("static/**/*")):
            if path.is_file():
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def has_command(name: str) -> bool:
    """Whether one of our rooms has the management command, without starting Django."""
    return any(
        next((ROOT / source).rglob(f"management/commands/{name}.py"), None) is not None
        for source in testing.SOURCES
    )


def _lock(lock: TextIO, patience: float = 15) -> bool:
    """Take the lock; wait only for what a killed supervisor left stopping."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip()
            if time.monotonic() > end or (holder.isdigit() and process.alive(int(holder))):
                return False
            time.sleep(0.1)
            continue
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        return True


def _interrupted(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    """Run until Ctrl-C or a termination signal; 0 after an orderly stop, 1 when something would not start."""
    if os.environ.get("JIELI_ENV") == "production":
        print("up is for development; for production see docs/runbook.md", file=sys.stderr)
        return 1
    began = time.monotonic()
    var = environment.var_dir().resolve()
    var.mkdir(parents=True, exist_ok=True)
    with (var / "up.lock").open("a+") as lock:
        if not _lock(lock):
            lock.seek(0)
            print(f"Jieli already runs from this directory (process {lock.read().strip()}).", file=sys.stderr)
            return 1
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupted)
        supervisor = Supervisor(var, verbose="--verbose" in arguments or "-v" in arguments)
        status = 0
        try:
            supervisor.start_database()
            supervisor.prepare()
            supervisor.start_broker()
            supervisor.start_celery()
            url = supervisor.start_web()
            say("jieli", f"ready in {time.monotonic() - began:.1f} s: {url}   (Ctrl-C stops everything)")
            signins = var / "demo-signins.txt"
            if signins.exists():
                # Written when the demo was loaded; the port may be another one today.
                text = re.sub(r"http://127\.0\.0\.1:\d+", url, signins.read_text())
                signins.write_text(text)
                print(text, flush=True)
            while True:
                supervisor.tend()
                time.sleep(0.25)
        except KeyboardInterrupt:
            print(flush=True)
            say("jieli", "stopping")
        except StartError as error:
            print(f"\n{error}\n", file=sys.stderr, flush=True)
            status = 1
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()
        return status

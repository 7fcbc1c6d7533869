"""The environment of a developer's processes: secrets made once, kept in var/devstack.env (0600)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
OWNER_COMMANDS = {"migrate", "db_roles", "makemigrations", "showmigrations", "sqlmigrate", "audit_erase"}
ENGINE_COMMANDS = {"audit_sequence"}
DATABASE = "jieli"
SECRET_ROLES = ("OWNER", "APP", "ENGINE", "BACKUP", "DEMO")


def var_dir() -> Path:
    return Path(os.environ.get("JIELI_VAR") or ROOT / "var")


def role_of(command: str) -> str:
    """The database role that a management command runs as when JIELI_ROLE does not say."""
    if command in OWNER_COMMANDS:
        return "owner"
    return "engine" if command in ENGINE_COMMANDS else "app"


def read(path: Path) -> dict[str, str]:
    """KEY=value lines; anything else is ignored."""
    if not path.exists():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write(path: Path, values: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text("".join(f"{key}={value}\n" for key, value in sorted(values.items())))
    new.replace(path)


def secrets_of(var: Path) -> dict[str, str]:
    """This checkout's passwords and Django key, made at first use. (Vault keys stay the demo's: see
    runbook.)"""
    path = var / "devstack.env"
    known = read(path)
    wanted = [
        "DJANGO_SECRET_KEY",
        *(f"JIELI_DB_{role}_PASSWORD" for role in SECRET_ROLES),
    ]
    if any(name not in known for name in wanted):
        for name in wanted:
            known.setdefault(name, secrets.token_urlsafe(32))
        write(path, known)
    return known


def demo_login(env: Mapping[str, str]) -> dict[str, str]:
    """What load_demo needs besides: a login that acts as the application and may become the engine."""
    url, password = env.get("DATABASE_URL"), env.get("JIELI_DB_DEMO_PASSWORD")
    if not url or not password:
        return {}
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    query = "&".join(filter(None, [parts.query, "options=" + quote("-c role=jieli_app")]))
    whole = parts._replace(netloc=f"jieli_demo:{quote(password, safe='')}@{place}", query=query).geturl()
    return {"JIELI_ROLE": "app", "DATABASE_URL_APP": whole}


def prepare(command: str) -> None:
    """Before Django's settings: the role by command and, for a developer without DATABASE_URL,
    var/devstack.env."""
    if command != "load_demo":
        os.environ.setdefault("JIELI_ROLE", role_of(command))
    if os.environ.get("JIELI_ENV", "dev") != "dev" or "DATABASE_URL" in os.environ:
        return
    for key, value in read(var_dir() / "devstack.env").items():
        os.environ.setdefault(key, value)
    if command == "load_demo" and "DATABASE_URL_APP" not in os.environ:
        os.environ.update(demo_login(os.environ))

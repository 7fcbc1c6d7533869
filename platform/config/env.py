"""Reading the environment: typed, with one clear sentence for each thing that is wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

DEMO_SEED = "jieli-demo-secrets-never-for-production"


class ConfigurationError(Exception):
    """The environment cannot run this process; the message names what to set."""


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool = False) -> bool:
    return text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    raw = text(name)
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError:
        raise ConfigurationError(f"{name} must be a whole number, got {raw!r}") from None


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def demo_bytes(label: str) -> bytes:
    """32 bytes that anybody can compute: for a developer's machine only, refused in production."""
    return hashlib.sha256(f"{DEMO_SEED}:{label}".encode()).digest()


@dataclass(frozen=True)
class Keys:
    """Key material of the process, each with its own purpose (32 bytes each).

    vault: key version → AES-256 key; index and blocking: HMAC keys; scope: signs the database
    context; audit_seed: Ed25519 seed that signs checkpoints; demo: True if any was derived from the demo seed.
    """

    vault: dict[int, bytes]
    vault_current: int
    index: bytes
    blocking: bytes
    scope: bytes
    audit_seed: bytes
    demo: bool

    def __repr__(self) -> str:
        return f"<Keys vault={sorted(self.vault)} current={self.vault_current} demo={self.demo}>"


def _key(raw: Any, where: str) -> bytes:
    try:
        value = base64.b64decode(raw, validate=True)
    except (ValueError, TypeError):
        raise ConfigurationError(f"{where}: not base64; make one with: openssl rand -base64 32") from None
    if len(value) != 32:
        raise ConfigurationError(f"{where}: must be 32 bytes, got {len(value)}")
    return value


def load_keys() -> Keys:
    """From JIELI_KEYS_FILE (JSON) or JIELI_KEYS (JSON); else the demo keys.

    >>> # {"vault": {"1": "<base64>"}, "vault_current": 1, "index": "…", "blocking": "…",
    >>> #  "scope": "…", "audit_seed": "…"}
    """
    path, raw = text("JIELI_KEYS_FILE"), text("JIELI_KEYS")
    if path:
        try:
            raw = Path(path).read_text()
        except OSError as error:
            raise ConfigurationError(f"JIELI_KEYS_FILE cannot be read: {error.strerror}") from None
    if not raw:
        return Keys(
            vault={1: demo_bytes("vault-1")},
            vault_current=1,
            index=demo_bytes("index"),
            blocking=demo_bytes("blocking"),
            scope=demo_bytes("scope"),
            audit_seed=demo_bytes("audit"),
            demo=True,
        )
    try:
        data = json.loads(raw)
        vault = {
            int(version): _key(value, f"vault key {version}") for version, value in data["vault"].items()
        }
        keys = Keys(
            vault=vault,
            vault_current=int(data.get("vault_current", max(vault))),
            index=_key(data["index"], "index key"),
            blocking=_key(data["blocking"], "blocking key"),
            scope=_key(data["scope"], "scope key"),
            audit_seed=_key(data["audit_seed"], "audit_seed"),
            demo=False,
        )
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise ConfigurationError(f"JIELI_KEYS is not complete: {error}") from None
    if keys.vault_current not in keys.vault or not all(0 < version < 256 for version in keys.vault):
        raise ConfigurationError("JIELI_KEYS: vault_current must name one of the vault keys (1–255)")
    demo = {demo_bytes(label) for label in ("vault-1", "index", "blocking", "scope", "audit")}
    if demo & {*keys.vault.values(), keys.index, keys.blocking, keys.scope, keys.audit_seed}:
        return Keys(**{**keys.__dict__, "demo": True})
    return keys


ROLES = ("app", "engine", "owner", "backup")


def database(role: str) -> dict[str, Any]:
    """Django's settings of the one database for a process role (app, engine, owner, backup)."""
    url = text(f"DATABASE_URL_{role.upper()}") or text("DATABASE_URL", "postgresql://127.0.0.1:5432/jieli")
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigurationError(f"DATABASE_URL must begin with postgresql://, got {parts.scheme!r}")
    own_url = bool(text(f"DATABASE_URL_{role.upper()}"))
    options: dict[str, Any] = {}
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    host = unquote(query.pop("host", "")) or unquote(parts.hostname or "")
    options.update({key: unquote(value) for key, value in query.items()})
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "jieli",
        "USER": unquote(parts.username or "") if own_url else f"jieli_{role}",
        "PASSWORD": unquote(parts.password or "") if own_url else text(f"JIELI_DB_{role.upper()}_PASSWORD"),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "ATOMIC_REQUESTS": False,
    }

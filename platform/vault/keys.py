"""Key material by purpose. Where it comes from: config.env.load_keys (file, environment, later a KMS)."""

from __future__ import annotations

from django.conf import settings


def vault_key(version: int) -> bytes:
    try:
        return settings.KEYS.vault[version]
    except KeyError:
        raise UnknownKeyError(f"vault key version {version} is not in JIELI_KEYS_FILE") from None


def current_version() -> int:
    return settings.KEYS.vault_current


def index_key() -> bytes:
    return settings.KEYS.index


def blocking_secret() -> bytes:
    return settings.KEYS.blocking


class UnknownKeyError(RuntimeError):
    """A value was sealed with a key version that this process does not hold."""

"""AES-256-GCM sealing.

Layout of a sealed value: 1 byte format (1) · 1 byte key version · 12 bytes nonce · ciphertext with 16-byte tag.
The associated data is the purpose ("people.name"), so that a value moved to another column does not open.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import keys

FORMAT = 1
_ciphers: dict[bytes, AESGCM] = {}


class SealError(ValueError):
    """A sealed value does not open: wrong purpose, damaged bytes or another key."""


def _cipher(version: int) -> AESGCM:
    key = keys.vault_key(version)
    cipher = _ciphers.get(key)
    if cipher is None:
        cipher = _ciphers[key] = AESGCM(key)
    return cipher


def seal(purpose: str, value: bytes) -> bytes:
    version = keys.current_version()
    nonce = os.urandom(12)
    return bytes((FORMAT, version)) + nonce + _cipher(version).encrypt(nonce, value, purpose.encode())


def unseal(purpose: str, sealed: bytes) -> bytes:
    """Raises SealError, or UnknownKeyError when the key version is missing."""
    if len(sealed) < 30 or sealed[0] != FORMAT:
        raise SealError("not a sealed value")
    try:
        return _cipher(sealed[1]).decrypt(sealed[2:14], sealed[14:], purpose.encode())
    except InvalidTag:
        raise SealError(f"a sealed value does not open as {purpose}") from None


def key_version(sealed: bytes) -> int:
    return sealed[1]

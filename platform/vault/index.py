"""Keyed indexes: exact search on encrypted values without revealing them.

Both are HMAC-SHA256 under keys of their own (never the vault's), with the purpose in the message, so that equal
values of two columns do not look equal.
"""

from __future__ import annotations

import hmac
import unicodedata

from . import keys


def blind(purpose: str, value: str) -> bytes:
    """16-byte blind index of a value, after NFKC, trimming and upper-casing."""
    plain = unicodedata.normalize("NFKC", value).strip().upper()
    return hmac.digest(keys.index_key(), f"{purpose}\x00{plain}".encode(), "sha256")[:16]


def blocking_key(key_name: str, value: str) -> int:
    """A composite blocking value as a signed 64-bit integer for a btree index."""
    digest = hmac.digest(keys.blocking_secret(), f"{key_name}\x00{value}".encode(), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)


def code_hash(purpose: str, value: str) -> bytes:
    """32-byte keyed hash of a token or one-time code."""
    return hmac.digest(keys.index_key(), f"code:{purpose}\x00{value}".encode(), "sha256")

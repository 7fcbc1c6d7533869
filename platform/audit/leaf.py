"""Leaf format, version 1. It is final: a change would be version 2 beside it, never instead of it.

A leaf is the RFC 8785 canonical JSON of

    {"action": …, "actor": …, "id": …, "payload": …, "subject": …, "time": …, "v": 1}

where id is the entry's number, time the UTC microseconds since 1970, and payload the *commitment*
base64(SHA-256(salt || canonical JSON of the payload object)) with 32 random salt bytes. Payload and salt lie
in a table of their own and can be erased: the leaf still verifies, and nobody can guess back what it said.
An entry about several subjects has the first in the leaf and the others in the payload's "subjects".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import rfc8785

VERSION = 1
SALT_BYTES = 32
SUBJECTS = "subjects"  # the payload's key for whom else an entry names
MAX_PAYLOAD_BYTES = 64 * 1024
MAX_INT = 2**53 - 1
MAX_DEPTH = 32
ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
SUBJECT = re.compile(r"[a-z][a-z0-9_.]*:[A-Za-z0-9][A-Za-z0-9_.:/@-]*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class InvalidEntry(ValueError):
    """What was handed to record() cannot be an audit entry; the message says which part."""


def check_words(action: str, subject: str) -> None:
    """Raises InvalidEntry. Only ASCII: a name or a sentence can never slip into these two."""
    if len(action) > 80 or not ACTION.fullmatch(action):
        raise InvalidEntry(f"action reads like 'award.approved', got {action!r}")
    if len(subject) > 120 or not SUBJECT.fullmatch(subject):
        raise InvalidEntry("subject reads like 'settlement:12'")


def check_payload(value: Any, path: str = "payload", depth: int = 0) -> None:
    """Strings, whole numbers, booleans, None, lists and dicts of these; InvalidEntry names the place.

    audit_checkable() in the database says the same: keys below U+E000 have one order everywhere.
    """
    if depth >= MAX_DEPTH and isinstance(value, list | tuple | Mapping):
        raise InvalidEntry(f"payload: nested deeper than {MAX_DEPTH}")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if "\x00" in value or not _is_unicode(value):
            raise InvalidEntry(f"{path}: holds a character that cannot be stored")
    elif isinstance(value, int):
        if abs(value) > MAX_INT:
            raise InvalidEntry(f"{path}: a whole number beyond 2^53 goes in as a string")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            check_payload(item, f"{path}[{position}]", depth + 1)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidEntry(f"{path}: keys are strings, got {type(key).__name__}")
            check_payload(key, f"{path} key")
            if any(character >= "\ue000" for character in key):
                raise InvalidEntry(f"{path}: a key holds a character from U+E000 on")
            check_payload(item, f"{path}.{key}", depth + 1)
    else:
        raise InvalidEntry(
            f"{path}: {type(value).__name__} is not allowed (amounts and dates go in as strings)"
        )


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def canonical_payload(payload: Mapping[str, Any] | None) -> bytes:
    """Raises InvalidEntry for a value that has no exact JSON form or a payload above 64 KiB."""
    payload = {} if payload is None else payload
    if not isinstance(payload, Mapping):
        raise InvalidEntry("payload is a mapping")
    check_payload(payload)
    data = rfc8785.dumps(_plain(payload))
    if len(data) > MAX_PAYLOAD_BYTES:
        raise InvalidEntry(f"payload: {len(data)} bytes, at most {MAX_PAYLOAD_BYTES}")
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # A subclass (Django's TextChoices, IntEnum) is stored as its plain value.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


def commitment(salt: bytes, payload: bytes) -> bytes:
    """32 bytes; payload in canonical form."""
    return sha256(salt + payload).digest()


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def leaf_bytes(
    *, entry_id: int, time: int, actor: str, action: str, subject: str, payload_commitment: bytes
) -> bytes:
    return rfc8785.dumps(
        {
            "v": VERSION,
            "id": entry_id,
            "time": time,
            "actor": actor,
            "action": action,
            "subject": subject,
            "payload": base64.b64encode(payload_commitment).decode(),
        }
    )

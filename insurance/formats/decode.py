"""Request bytes to raw records, numbers as Decimal and never through float.

The fast path is msgspec, which also leaves each record's own bytes for the vault. Only when it fails is the
body walked record by record, to say where the fault is, or to get round one record's fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from .canonical import Refused
from .messages import SOURCE_LANGUAGE, message

MAX_BODY_BYTES = 24 * 1024 * 1024
"""Room for MAX_RECORDS of the longest dialect (about 2 KB a record)."""
MAX_RECORDS = 10_000
MAX_RECORD_BYTES = 256 * 1024

_BOM = b"\xef\xbb\xbf"
_SPACE = " \t\n\r"
_KEY = re.compile(rb'"[ \t\n\r]*:')


class RequestFault(Exception):
    """The request as a whole cannot be read. `status` is the HTTP status that says so; codes:
    malformed_json, not_utf8, empty_body, too_deep, no_records, records_not_a_list, not_an_object (400),
    too_large, too_many_records (413)."""

    def __init__(self, code: str, status: int = 400, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.params = params

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        return message(self.code, self.params, language)


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record of a request: its own bytes as sent, and its value or the fault for which it has none.

    `value` may be of any JSON type: `read` answers for it.
    """

    raw: bytes
    value: Any = None
    fault: Refused | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """The records in the sender's order; `dialect` when {"dialect": …, "records": […]} named one."""

    records: tuple[RawRecord, ...]
    dialect: str | None = None


def decode_body(body: bytes, *, max_bytes: int = MAX_BODY_BYTES, max_records: int = MAX_RECORDS) -> Body:
    """One object, a list of objects, or {"records": […]}, as raw records. Raises RequestFault."""
    if len(body) > max_bytes:
        raise RequestFault("too_large", 413, limit=str(max_bytes))
    body = body.removeprefix(_BOM).strip()
    if not body:
        raise RequestFault("empty_body")
    parts, dialect = _split(body, max_records)
    if len(parts) > max_records:
        raise RequestFault("too_many_records", 413, limit=str(max_records), count=str(len(parts)))
    if not parts:
        raise RequestFault("no_records")
    return Body(tuple(_raw_record(part) for part in parts), dialect)


def decode_record(raw: bytes) -> Any:
    """One record's JSON value, or Refused with the reason: malformed_json, not_utf8, too_deep, duplicate_key,
    number_too_long, record_too_large."""
    if len(raw) > MAX_RECORD_BYTES:
        return Refused("record_too_large", "", {"limit": str(MAX_RECORD_BYTES)})
    try:
        value = _ANY.decode(raw)
        plain = len(_KEY.findall(raw)) == _count_keys(value)
    except UnicodeDecodeError:
        return Refused("not_utf8")
    except msgspec.ValidationError:
        return Refused("number_too_long")
    except RecursionError:
        return Refused("too_deep")
    except msgspec.DecodeError:
        return _decode_slowly(raw)
    return value if plain else _decode_slowly(raw)  # a key twice, or a text that looks like a key


# the fast path --------------------------------------------------------------------------------------------


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond Decimal's own range
        return Decimal("NaN")


_ANY = msgspec.json.Decoder(float_hook=_number)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _raw_record(raw: bytes) -> RawRecord:
    value = decode_record(raw)
    if isinstance(value, Refused):
        return RawRecord(raw, fault=value)
    return RawRecord(raw, value)


def _count_keys(value: Any) -> int:
    if type(value) is dict:
        count = len(value)
        for item in value.values():
            if type(item) is dict or type(item) is list:
                count += _count_keys(item)
        return count
    if type(value) is list:
        return sum(_count_keys(item) for item in value)
    return 0


def _split(body: bytes, max_records: int) -> tuple[list[bytes], str | None]:
    opening = body[:1]
    if opening not in (b"[", b"{"):
        _fail(body)
        raise RequestFault("not_an_object")
    try:
        if opening == b"[":
            return [bytes(raw) for raw in _LIST.decode(body)], None
        parts = _OBJECT.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _split_slowly(body, max_records)
    records = parts.get("records")
    if records is None or "setl_id" in parts:
        return [body], None
    listed = bytes(records)
    if listed[:1] != b"[":
        raise RequestFault("records_not_a_list")
    _refuse_second_list(body, listed)
    return [bytes(raw) for raw in _LIST.decode(listed)], _dialect(parts.get("dialect"))


def _dialect(raw: msgspec.Raw | None) -> str | None:
    try:
        value = None if raw is None else _ANY.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, str) else None


def _refuse_second_list(body: bytes, listed: bytes) -> None:
    """A second "records" would silently replace the first: look around the list that was kept."""
    around = body.replace(listed, b"[]", 1)
    if isinstance(fault := _decode_slowly(around), Refused) and fault.code == "duplicate_key":
        raise RequestFault("duplicate_key", key="records")


# the slow path, for good messages -------------------------------------------------------------------------


class _DuplicateKey(Exception):
    def __init__(self, key: str) -> None:
        self.key = key


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _DuplicateKey(key)
        found[key] = value
    return found


def _whole_number(text: str) -> int | Decimal:
    return int(text) if len(text) <= 100 else Decimal("NaN")


def _not_json(name: str) -> Any:
    raise ValueError(name)


_SLOW = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_number, parse_int=_whole_number, parse_constant=_not_json
)
_SCAN = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_not_json).raw_decode


def _decode_slowly(raw: bytes) -> Any:
    try:
        return _SLOW.decode(raw.decode())
    except _DuplicateKey as duplicate:
        return Refused(
            "duplicate_key", "", {"key": "".join(c for c in duplicate.key[:64] if c.isprintable())}
        )
    except UnicodeDecodeError:
        return Refused("not_utf8")
    except RecursionError:
        return Refused("too_deep")
    except json.JSONDecodeError as fault:
        return Refused("malformed_json", "", {"line": str(fault.lineno), "column": str(fault.colno)})
    except ValueError:
        return Refused("malformed_json", "", {"line": "1", "column": "1"})


def _fail(body: bytes) -> None:
    """Raise the fault of a body that is no JSON; return when it is JSON after all."""
    _guarded(body, lambda text: _SCAN(text, 0))


def _split_slowly(body: bytes, max_records: int) -> tuple[list[bytes], str | None]:
    """Walk the body with the standard library, which takes lone surrogate escapes where msgspec gives up."""
    return _guarded(body, lambda text: _walk(text, max_records))


def _guarded(body: bytes, work: Callable[[str], Any]) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RequestFault("not_utf8") from None
    try:
        return work(text)
    except RecursionError:
        raise RequestFault("too_deep") from None
    except json.JSONDecodeError as fault:
        raise RequestFault("malformed_json", line=str(fault.lineno), column=str(fault.colno)) from None
    except StopIteration as fault:
        position = fault.value if isinstance(fault.value, int) else 0
        raise _malformed(text, position) from None
    except ValueError:
        raise _malformed(text, 0) from None


def _malformed(text: str, position: int) -> RequestFault:
    fault = json.JSONDecodeError("", text, position)
    return RequestFault("malformed_json", line=str(fault.lineno), column=str(fault.colno))


def _walk(text: str, max_records: int) -> tuple[list[bytes], str | None]:
    if text[0] == "{":
        value, end = _SCAN(text, 0)
        if end != len(text):
            raise _malformed(text, end)
        if isinstance(value.get("records"), list) and "setl_id" not in value:
            return [json.dumps(item).encode() for item in value["records"]], None
        return [text.encode()], None
    records: list[bytes] = []
    position = _skip(text, 1)
    while text[position : position + 1] != "]" or records:
        if len(records) > max_records:
            break
        start = position
        _, position = _SCAN(text, start)
        records.append(text[start:position].encode())
        position = _skip(text, position)
        closing = text[position : position + 1]
        if closing == "]":
            break
        if closing != ",":
            raise _malformed(text, position)
        position = _skip(text, position + 1)
    if len(records) <= max_records and position + 1 != len(text):
        raise _malformed(text, position + 1)
    return records, None


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position

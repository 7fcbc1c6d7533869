"""Single values out of hostile JSON. A function returns a clean value, None for null, or raises BadValue."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Context, Decimal
from typing import Any

from .canonical import SHANGHAI

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MAX_WHOLE = 99_999_999
NULLS = frozenset({"", "null", "NULL", "Null"})
"""Texts that senders write for null (both stand in real messages)."""

_EXACT = Context(prec=40, traps=[])
_AMOUNT = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?", re.ASCII)
_DASHED = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s?(Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})(?:\d{3})?)?", re.ASCII)
_EPOCH_MS = re.compile(r"\d{13}", re.ASCII)


class BadValue(Exception):
    """`code` is a key of messages.MESSAGES, `params` its parameters (without field)."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def is_null(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in NULLS)


def text(value: Any, limit: int) -> str:
    """A trimmed text, "" for null; whole numbers are taken as their digits, as real senders write ids so."""
    if value is None or value == "":
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        if value.bit_length() > 200:
            raise BadValue("too_long", limit=str(limit))
        value = str(value)
    elif not isinstance(value, str):
        raise BadValue("wrong_type", expected="text")
    if len(value) > limit * 4:
        raise BadValue("too_long", limit=str(limit))
    value = value.strip()
    if not value.isprintable():
        value = _printable(value)
    if value in NULLS:
        return ""
    if len(value) > limit:
        raise BadValue("too_long", limit=str(limit))
    return value


def _printable(value: str) -> str:
    """White space becomes one space and invisible format characters go; NUL, controls and surrogates are bad.

    Private-use characters stay: registers write rare names with them.
    """
    value = " ".join(value.split())
    kept = []
    for character in value:
        category = unicodedata.category(character)
        if category in ("Cc", "Cs"):
            raise BadValue("bad_text")
        if category != "Cf":
            kept.append(character)
    return "".join(kept).strip()


def amount(value: Any) -> Decimal | None:
    """Yuan with exactly two places, within ±99,999,999.99; None for null."""
    if type(value) is int and -MAX_WHOLE <= value <= MAX_WHOLE:
        return Decimal(value).quantize(CENT) if value else ZERO
    if value is None:
        return None
    if isinstance(value, str):
        value = value.strip()
        if value in NULLS:
            return None
        if not _AMOUNT.fullmatch(value):
            raise BadValue("bad_amount")
        value = Decimal(value)
    elif isinstance(value, bool):
        raise BadValue("wrong_type", expected="number")
    elif isinstance(value, int):
        if value.bit_length() > 64:
            raise BadValue("absurd_amount", value="…")
        value = Decimal(value)
    elif isinstance(value, float):  # a caller decoded without us: the shortest text is what was sent
        value = Decimal(repr(value))
    elif not isinstance(value, Decimal):
        raise BadValue("wrong_type", expected="number")
    if not value.is_finite():
        raise BadValue("bad_amount")
    if value and value.adjusted() > 7:
        raise BadValue("absurd_amount", value=f"{value:.3e}" if value.adjusted() > 20 else str(value)[:40])
    rounded = value.quantize(CENT, context=_EXACT)
    if rounded != value:
        raise BadValue("too_many_decimals")
    return rounded if rounded else ZERO


def timestamp(value: Any) -> dt.datetime | None:
    """An aware timestamp; naive ones are Asia/Shanghai. Reads ISO 8601, yyyyMMdd[HHmmss[SSS]], epoch ms."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**17:
        value = str(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadValue("wrong_type", expected="date")
    value = value.strip()
    if value in NULLS:
        return None
    if len(value) > 40:
        raise BadValue("bad_date")
    if found := (_DASHED.fullmatch(value) or _COMPACT.fullmatch(value)):
        year, month, day, hour, minute, second, *zone = found.groups()
        try:
            moment = dt.datetime(
                int(year),
                int(month),
                int(day),
                int(hour or 0),
                int(minute or 0),
                int(second or 0),
                tzinfo=SHANGHAI,
            )
            if zone and zone[0]:
                moment = moment.replace(tzinfo=_zone(zone[0])).astimezone(SHANGHAI)
        except (ValueError, OverflowError):
            raise BadValue("bad_date") from None
        return _plausible(moment)
    if _EPOCH_MS.fullmatch(value):
        return _plausible(dt.datetime.fromtimestamp(int(value) // 1000, SHANGHAI))
    raise BadValue("bad_date")


def _zone(name: str) -> dt.tzinfo:
    if name == "Z":
        return dt.UTC
    sign = -1 if name[0] == "-" else 1
    return dt.timezone(sign * dt.timedelta(hours=int(name[1:3]), minutes=int(name[-2:])))


def _plausible(moment: dt.datetime) -> dt.datetime:
    if moment.year < 1880:
        raise BadValue("bad_date")
    return moment


def date(value: Any) -> dt.date | None:
    moment = timestamp(value)
    return None if moment is None else moment.date()


MAX_KEPT_KEYS = 200
MAX_KEPT_TEXT = 2000
MAX_KEPT_DEPTH = 4


def kept(value: Any, depth: int = MAX_KEPT_DEPTH) -> tuple[Any, bool]:
    """A value nobody here understands, made safe for storage as JSON; and whether anything had to be cut."""
    if value is None or isinstance(value, bool):
        return value, False
    if isinstance(value, str):
        if len(value) <= MAX_KEPT_TEXT and value.isprintable():
            return value, False
        safe = "".join("\ufffd" if _unstorable(c) else c for c in value[:MAX_KEPT_TEXT])
        return safe, safe != value
    if isinstance(value, int):
        if value.bit_length() > 200:
            return None, True
        return (value if value.bit_length() <= 53 else str(value)), False
    if isinstance(value, float | Decimal):
        return str(value)[:MAX_KEPT_TEXT], False
    if depth == 0 or not isinstance(value, dict | list | tuple):
        return None, True
    cut = len(value) > MAX_KEPT_KEYS
    if isinstance(value, dict):
        pairs = {}
        for key, item in list(value.items())[:MAX_KEPT_KEYS]:
            pairs[key_name(key)], lost = kept(item, depth - 1)
            cut = cut or lost
        return pairs, cut or len(pairs) < min(len(value), MAX_KEPT_KEYS)
    items = []
    for item in value[:MAX_KEPT_KEYS]:
        safe_item, lost = kept(item, depth - 1)
        items.append(safe_item)
        cut = cut or lost
    return items, cut


def _unstorable(character: str) -> bool:
    """What PostgreSQL's jsonb cannot hold: NUL and lone surrogates."""
    return character == "\x00" or "\ud800" <= character <= "\udfff"


def key_name(key: Any) -> str:
    """A sender's key, short and printable enough to be shown back."""
    if not isinstance(key, str):
        return "?"
    if len(key) <= 64 and key.isprintable():
        return key
    return "".join(c if c.isprintable() else "\ufffd" for c in key[:64])

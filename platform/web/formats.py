"""How amounts, dates and shares are written for people.

Money is Decimal yuan with two places and is never a float; times are shown in Asia/Shanghai; a share below
one is never shown as 100 %, as if it were certain.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOTHING = "—"
MINUS = "−"
FEN = Decimal("0.01")

_LOOKS_LIKE_ID = re.compile(r"(?<!\d)(\d{3})\d{11}(\d{3}[\dXx])(?!\d)")
_LOOKS_LIKE_PHONE = re.compile(r"(?<!\d)(1\d{2})\d{4}(\d{4})(?!\d)")


def yuan(value: object) -> Decimal | None:
    """None for nothing; TypeError for a float, whose fen cannot be trusted; ValueError for no number."""
    if value is None or value == "":
        return None
    if isinstance(value, float | bool):
        raise TypeError("money is Decimal yuan or its string, never a float")
    try:
        amount = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("not an amount") from error
    if not amount.is_finite():
        raise ValueError("not an amount")
    return amount.quantize(FEN, rounding=ROUND_DOWN)


def money(value: object) -> str:
    """`12345.67` (yuan) → `¥12,345.67`; negative with a real minus sign; nothing → `—`."""
    amount = yuan(value)
    if amount is None:
        return NOTHING
    return f"{MINUS if amount < 0 else ''}¥{abs(amount):,.2f}"


def money_signed(value: object) -> str:
    """As `money`, with `+` before a gain; zero carries no sign."""
    amount = yuan(value)
    if amount is None:
        return NOTHING
    return f"+{money(amount)}" if amount > 0 else money(amount)


def weight(value: float | Decimal | None) -> str:
    """A match weight in log2 units with its sign and one place: `+5.8`, `−1.9`, nothing → `—`."""
    if value is None:
        return NOTHING
    number = Decimal(str(value)).quantize(Decimal("0.1"))
    return f"{MINUS if number < 0 else '+'}{abs(number)}"


def percent(value: float | Decimal | str | None, places: int = 0) -> str:
    """A share 0…1 → `78%`; what is less than all is never rounded up to 100 %; nothing → `—`."""
    if value is None or value == "":
        return NOTHING
    step = Decimal(1).scaleb(-int(places))
    share = Decimal(str(value)) * 100
    number = share.quantize(step, rounding=ROUND_HALF_UP)
    if share < 100 <= number:
        number = share.quantize(step, rounding=ROUND_DOWN)
    return f"{MINUS if number < 0 else ''}{abs(number)}%"


def _local(value: dt.datetime | dt.date | str) -> dt.datetime | dt.date:
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value) if len(value) > 10 else dt.date.fromisoformat(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(SHANGHAI)
    return value


def today() -> dt.date:
    """Today in Shanghai."""
    return dt.datetime.now(SHANGHAI).date()


def date_staff(value: dt.datetime | dt.date | str | None) -> str:
    """`2026-11-22`; a naive time counts as Shanghai's; nothing → `—`."""
    return _local(value).strftime("%Y-%m-%d") if value else NOTHING


def datetime_staff(value: dt.datetime | str | None, seconds: bool = False) -> str:
    """`2026-11-22 10:30` in Shanghai, with seconds on request; nothing → `—`."""
    if not value:
        return NOTHING
    return _local(value).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def date_patient(value: dt.datetime | dt.date | str | None, now: dt.date | None = None) -> str:
    """`11月22日`, with the year when it is not the current one; nothing → `—`."""
    if not value:
        return NOTHING
    day = _local(value)
    year = "" if day.year == (now or today()).year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def keep_masked(value: object) -> str:
    """The value as text; a whole ID number or mobile number that got here unmasked is masked anyway."""
    text = "" if value is None else str(value)
    text = _LOOKS_LIKE_ID.sub(r"\1***********\2", text)
    return _LOOKS_LIKE_PHONE.sub(r"\1****\2", text)

"""Resident ID numbers, GB 11643-1999: 17 digits and a MOD 11-2 check character; 15 digits before 1999."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_EIGHTEEN = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_FIFTEEN = re.compile(r"[1-9]\d{14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A number that passed every check: 18 characters, birth date, sex "1" male or "2" female."""

    number: str
    birth_date: dt.date
    sex: str


def check_character(seventeen: str) -> str:
    """The MOD 11-2 check character of the first 17 digits (GB 11643-1999, 4.2)."""
    return _CHECK[sum(w * (ord(c) - 48) for w, c in zip(_WEIGHTS, seventeen, strict=True)) % 11]


def parse(text: str) -> IdNumber | None:
    """The number, 15 digits widened to 18; None when form, date or check character is wrong."""
    number = text.upper()
    if _FIFTEEN.fullmatch(number):
        seventeen = number[:6] + "19" + number[6:]
        number = seventeen + check_character(seventeen)
    elif not _EIGHTEEN.fullmatch(number) or check_character(number[:17]) != number[17]:
        return None
    try:
        birth = dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    if birth.year < 1850:
        return None
    return IdNumber(number, birth, "1" if int(number[16]) % 2 else "2")

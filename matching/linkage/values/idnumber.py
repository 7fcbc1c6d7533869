"""Resident identity numbers (GB 11643-1999: 17 digits and an ISO 7064 mod 11-2 check character)."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from operator import mul
from typing import Literal

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
_ZEROS = 48 * sum(WEIGHTS)  # the digits are summed as ASCII codes
#: GB/T 2260 province prefixes; 83 is the residence permit of Taiwan, 91 that of foreigners' old numbers.
PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "71",
        "81",
        "82",
        "83",
        "91",
    ]
)
_DROP = re.compile(r"[\s\-_.·'’`,，:：]+")
_LOOKALIKE = str.maketrans(
    {
        "Х": "X",
        "х": "X",
        "×": "X",
        "✕": "X",
        "Ⅹ": "X",
        "＊": "*",
        "●": "*",
        "•": "*",
        "?": "*",
        "？": "*",
        "#": "*",
        "O": "0",
        "o": "0",
        "I": "1",
        "l": "1",
    }
)


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A possible resident number: 18 characters, and what it says about its owner."""

    id18: str
    birth: date
    sex: Literal["M", "F"]
    area6: str


def check_character(first17: str) -> str:
    """The 18th character of 17 digits (ISO 7064 mod 11-2)."""
    return CHECK[(sum(map(mul, WEIGHTS, first17.encode())) - _ZEROS) % 11]


#: A number of today's form, written without noise.
PLAIN = re.compile(r"\d{17}[\dX]", re.ASCII)


def _clean(raw: str) -> str:
    if PLAIN.fullmatch(raw := str(raw)):
        return raw
    text = unicodedata.normalize("NFKC", str(raw)[:200])
    return _DROP.sub("", text).translate(_LOOKALIKE).upper()


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def normalise(raw: str) -> str:
    """Upper case, full-width and look-alike characters folded, a 15-digit number widened to 18.

    Anything else (masked, too long, letters) comes back cleaned but otherwise as it was.
    """
    text = _clean(raw)
    if len(text) == 15 and _is_digits(text):
        # Sequence numbers 996 to 999 were set aside for people born in the 19th century.
        century = "18" if text[12:] in ("996", "997", "998", "999") else "19"
        body = text[:6] + century + text[6:]
        return body + check_character(body)
    return text


def _birth(id18: str) -> date | None:
    try:
        birth = date(int(id18[6:10]), int(id18[10:12]), int(id18[12:14]))
    except ValueError:
        return None
    return birth if 1850 <= birth.year <= 2100 else None


def problems(raw: str) -> list[str]:
    """What is wrong with a number: 'length', 'characters', 'check_digit', 'birth_date', 'area'."""
    text = normalise(raw)
    if len(text) != 18:
        shape_ok = len(text) in (15, 18)
        found = [] if shape_ok else ["length"]
        if not _is_digits(text[:17]) and text:
            found.append("characters")
        return found
    if not (_is_digits(text[:17]) and (_is_digits(text[17]) or text[17] == "X")):
        return ["characters"]
    found = []
    if check_character(text[:17]) != text[17]:
        found.append("check_digit")
    if _birth(text) is None:
        found.append("birth_date")
    if text[:2] not in PROVINCES:
        found.append("area")
    return found


def parse(raw: str) -> IdNumber | None:
    """The number's parts, or None where no such number can exist."""
    text = normalise(raw) if raw else ""
    # Not `problems`: this is asked of every candidate of a look-up. Nothing of it is kept in memory.
    if len(text) != 18 or not PLAIN.fullmatch(text) or text[:2] not in PROVINCES:
        return None
    birth = _birth(text)
    if birth is None or check_character(text[:17]) != text[17]:
        return None
    return IdNumber(text, birth, "M" if text[16] in "13579" else "F", text[:6])

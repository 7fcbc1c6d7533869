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
#: GB/T 2260 province prefixes; 81 to 83 are the residence permits of Hong Kong, Macau and Taiwan.
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
    """A possible resident number: 18 characters, and what it says about its owner.

    ``area6`` of a foreigner's permanent residence number is that of the province where it was asked for.
    """

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
    if not _area(text):
        found.append("area")
    return found


def _area(text: str) -> str:
    """The area in which a number of 18 characters was given; '' where there is none.

    Foreigners with permanent residence have a 9, the province, the country (ISO 3166) and the rest as residents
    have it (card of 2023).
    """
    if text[0] == "9":
        return f"{text[1:3]}0000" if text[1:3] in PROVINCES else ""
    return text[:6] if text[:2] in PROVINCES else ""


def parse(raw: str) -> IdNumber | None:
    """The number's parts, or None where no such number can exist."""
    text = normalise(raw) if raw else ""
    # Not `problems`: this is asked of every candidate of a look-up. Nothing of it is kept in memory.
    if len(text) != 18 or not PLAIN.fullmatch(text) or not (area := _area(text)):
        return None
    birth = _birth(text)
    if birth is None or check_character(text[:17]) != text[17]:
        return None
    return IdNumber(text, birth, "M" if text[16] in "13579" else "F", area)


_RUNS = tuple(run * 3 for run in ("1234567890", "9876543210"))
#: Mainland travel permits of Hong Kong and Macau (and how often they were issued), foreigners' residence cards until 2023.
_PERMIT = re.compile(r"[HM]\d{8}(\d\d)?|[A-Z]{3}\d{12}", re.ASCII)
#: One or two letters and six to eight digits, eight to ten characters in all: of China (E, EA, G, D, S, P) and most others.
_PASSPORT = re.compile(r"(?=.{8,10}$)[A-Z]{1,2}\d{6,8}[A-Z]?", re.ASCII)
_LIKE_RESIDENT = re.compile(r"\d{14,19}[\dX]?", re.ASCII)


def is_placeholder(raw: str) -> bool:
    """Whether a number only fills the cell: no digits, too few, one digit or two or three over and over, 1234567890.

    A number that hides digits is one where fewer than four are to be seen; a single X at the end is a check character.
    """
    text = raw if PLAIN.fullmatch(raw) else _clean(raw)
    digits = "".join(c for c in text if "0" <= c <= "9")
    if "*" in text:
        return len(digits) + (text.endswith("X") and not text.endswith("XX")) < 4
    if len(digits) < 4 or len(text) < 5 or len(set(digits)) == 1:
        return True
    if len(text) - len(digits) <= 1 and text[0] in "0123456789":
        if any(digits in run for run in _RUNS) or any(digits[k:] == digits[:-k] for k in (2, 3)):
            return True
        # An area and nothing behind it: 430104000000000000.
        return len(text) >= 15 and len(set(text[-8:])) == 1 and parse(text) is None
    return False


def document(text: str) -> str:
    """What a cleaned number is by its form: 'resident' (possible by GB 11643), 'permit', 'passport'; these name a person.

    'like_resident' looks like a resident number that no one can have; 'other' is anything else. Resident numbers have a
    check character, the others only their form.
    """
    if parse(text) is not None:
        return "resident"
    if _PERMIT.fullmatch(text):
        return "permit"
    if _PASSPORT.fullmatch(text):
        return "passport"
    return "like_resident" if _LIKE_RESIDENT.fullmatch(text) else "other"

"""What the command line says: in Chinese, in English where the terminal speaks English."""

import os
import re

#: What a terminal would obey, or show in another order than it stands: tables come from others.
_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def say(chinese: str, english: str) -> str:
    """One of the two, by LC_ALL, LC_MESSAGES and LANG; whoever has set none of them reads Chinese."""
    where = next((v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(k))), "")
    return _ORDERS.sub("\ufffd", english if where.casefold().startswith("en") else chinese)


def places(numbers: list[int], most: int = 5) -> str:
    """'3、5、8…' of row numbers."""
    return "、".join(map(str, numbers[:most])) + ("…" if len(numbers) > most else "")

"""What the command line says: in Chinese, in English where the terminal speaks English."""

import os
import re
from contextvars import ContextVar
from typing import Literal

#: What a terminal would obey, or show in another order than it stands: tables come from others.
_ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


#: What was asked for by `--language`.
_asked: ContextVar[str | None] = ContextVar("language", default=None)


def speak(asked: str | None) -> None:
    """From now on in the language that was asked for; None: in the terminal's."""
    _asked.set(asked)


def language() -> Literal["zh", "en"]:
    """Chinese, or English where it was asked for or LC_ALL, LC_MESSAGES or LANG says so; who set none reads Chinese."""
    where = _asked.get() or next(
        (v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(k))), ""
    )
    return "en" if where.casefold().startswith("en") else "zh"


def say(chinese: str, english: str) -> str:
    """One of the two, by `language`."""
    return _ORDERS.sub("\ufffd", english if language() == "en" else chinese)


def places(numbers: list[int], most: int = 5) -> str:
    """'3、5、8…' of row numbers."""
    return "、".join(map(str, numbers[:most])) + ("…" if len(numbers) > most else "")

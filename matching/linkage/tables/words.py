"""What the command line says: in Chinese, in English where the terminal speaks English."""

import os


def say(chinese: str, english: str) -> str:
    """One of the two, by LC_ALL, LC_MESSAGES and LANG; whoever has set none of them reads Chinese."""
    where = next((v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := os.environ.get(k))), "")
    return english if where.casefold().startswith("en") else chinese


def places(numbers: list[int], most: int = 5) -> str:
    """'3、5、8…' of row numbers."""
    return "、".join(map(str, numbers[:most])) + ("…" if len(numbers) > most else "")

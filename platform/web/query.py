"""What an address, a form or an API call carries, read without trusting it."""

from __future__ import annotations


def whole_number(text: str, digits: int = 15) -> int | None:
    """The number that `text` writes in 1 to `digits` ASCII digits; None for everything else.

    `int()` alone also reads signs, underscores, spaces and the digits of other scripts, and a number of any length:
    eighteen digits always fit a bigint of PostgreSQL, nineteen may not.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None

"""Birthdays, months and ages. A day that a month lacks is that month's last (民法典 第二百零二条)."""

from __future__ import annotations

import calendar
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """The corresponding day `months` later (or earlier, when negative)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def birthday(birth: date, years: int) -> date:
    """The `years`-th birthday; somebody born on 29 February has it on the 28th in a common year."""
    return add_months(birth, years * 12)


def age_starts(birth: date, years: int, turns: str) -> date:
    """The first day on which one counts as `years` old.

    `day_after_birthday`: Chinese legal counting (从周岁生日的第二天起为已满). `on_birthday`: the day itself.
    """
    if years == 0:
        return birth
    first = birthday(birth, years)
    return first + timedelta(days=1) if turns == "day_after_birthday" else first


def age_on(birth: date, day: date, turns: str) -> int:
    """Full years on `day`; -1 before birth."""
    if day < birth:
        return -1
    years = day.year - birth.year
    return years if day >= age_starts(birth, years, turns) else years - 1

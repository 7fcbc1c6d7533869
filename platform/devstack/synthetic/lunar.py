# ruff: noqa: SIM905
"""The Chinese lunar calendar, 1930–2030: what old people say when asked for their birthday.

One word a lunar year: the leap month (0 none), 1 if there is one, then one bit a month in order, 1 for 30 days.
Compared day by day with two published implementations, which differ from each other on 90 days of the century
(three months of 1933, 1954 and 1978 whose new moon falls at midnight); good enough for noise, not an almanac.
"""

from datetime import date

_FIRST_DAY = date(1930, 1, 30)  # first day of lunar 1930
_YEARS = """
    610c96 000d4a 000ea5 510d69 0005ad 0002b6 31126e 00092e 71192d 000c95
    000d4a 611b4a 000b55 00056a 41155b 00025d 00092d 21192b 000a95 711695
    0006ca 000b55 510ab5 0004da 000a5d 310a57 00052b 81152a 000e95 0006aa
    6115aa 000ab5 0004b6 4114ae 000a57 000526 311d26 000d95 710b55 00056a
    00096d 51095d 0004ad 000a4d 411a4d 000d25 811aa5 000b54 000b5a 6112da
    00095b 00049b 411497 000a4b a1164b 0006a5 0006d4 6115b4 000ab6 000957
    51092f 000497 00064b 310d4a 000ea5 810d65 0005ac 000ab6 51126d 00092e
    000c96 411a95 000d4a 000da5 210b55 00056a 71155b 00025d 00092d 51192b
    000a95 000b4a 4116aa 000ad5 910ab5 0004ba 000a5b 610a57 00052b 000a93
    410e95 0006aa 000ad5 2109b5 0004b6 6114ae 000a4e 000d26 511d26 000d53
    0005aa
""".split()


def to_lunar(day: date) -> tuple[int, int, int, bool]:
    """Lunar (year, month, day, is a leap month) of a Gregorian date.

    Raises ValueError outside lunar 1930–2030.
    """
    left = (day - _FIRST_DAY).days
    if left < 0:
        raise ValueError("before lunar 1930")
    for offset, word in enumerate(_YEARS):
        leap, months = int(word[0], 16), 12 + int(word[1])
        bits = int(word[2:], 16)
        number, is_leap = 0, False
        for position in range(months):
            if number == leap and leap and not is_leap:
                is_leap = True
            else:
                number, is_leap = number + 1, False
            length = 29 + ((bits >> (months - 1 - position)) & 1)
            if left < length:
                return 1930 + offset, number, left + 1, is_leap
            left -= length
    raise ValueError("after lunar 2030")


def lunar_as_typed(day: date) -> date | None:
    """The date that stands in a form when the lunar birthday is typed as if it were Gregorian.

    None where no such day exists in the Gregorian calendar (30 February), or outside the table.
    """
    try:
        year, month, number, _ = to_lunar(day)
        return date(year, month, number)
    except ValueError:
        return None


__all__ = ["lunar_as_typed", "to_lunar"]

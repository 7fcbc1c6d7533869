"""Birth dates as people and systems write them: yyyymmdd, with 00 for what is not said."""

import re
from datetime import date, timedelta
from functools import lru_cache

from . import normalise as n

#: Two digits of a year up to this one are of this century: nobody is born much later than today.
PIVOT = 30
#: Days since 1899-12-30, as spreadsheets count them; from 10000 (1927) a bare number is hardly anything else.
_SERIAL = (10_000, 47_500)
_EPOCH = date(1899, 12, 30)
#: Dates that stand for 'unknown'.
_NO_DATE = frozenset(
    (
        "00000000", "00010101", "11111111", "18000101", "18991230", "18991231", "19000101", "20991231", "99990101",
        "99991231", "99999999",
    )
)  # fmt: skip

_SEP = r"[^\d\n]{1,4}"
_FULL = re.compile(
    r"^\D{0,6}(\d{4})(?:[^\d\n]{1,3}(\d{1,2})[^\d\n]{1,3}(\d{1,2})|(\d{2})(\d{1,2}))(?:\D.*)?$"
)
_BACK = re.compile(rf"^\D{{0,6}}(\d{{1,2}}){_SEP}(\d{{1,2}}){_SEP}(\d{{4}})(?:\D.*)?$")
_SHORT = re.compile(
    r"^\D{0,6}(\d{1,2})([./年\-\s'’]{1,2})(\d{1,2})[./月\-\s'’]{1,2}(\d{1,2})\s*日?(?:\s*生)?$"
)
_YEAR = re.compile(r"^\D{0,3}(\d{4})\s*年?\D{0,2}$")
_YEAR_MONTH = re.compile(r"^\D{0,3}(\d{4})\s*[-./年\s]\s*(\d{1,2})\s*月?\D{0,2}$")
_SHORT_YEAR = re.compile(r"^(\d{2})\s*年(?:\s*(\d{1,2})\s*月)?\D{0,2}$")
_MONTH_YEAR = re.compile(r"^(\d{1,2})\s*[-./]\s*(\d{4})$")
_WORDS = re.compile(r"[^\W\d_]+")
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan janv janvier january januar jänner enero ene janeiro gennaio", "feb fev fév févr février february februar febrero fevereiro febbraio",
            "mar mär mrz mars march märz marzo março marco", "apr avr abr april avril abril aprile", "may mai mayo maio maggio",
            "jun juin june juni junio junho giugno", "jul juil juillet july juli julio julho luglio",
            "aug aoû août aout ago august agosto", "sep sept set september septembre septiembre setembro settembre",
            "oct okt out october oktober octobre octubre outubro ottobre", "nov november novembre noviembre novembro",
            "dec dez déc dic december dezember décembre diciembre dezembro dicembre",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
_DIGITS = {c: k for k, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0, "元": 1, "正": 1, "初": 0}
_NUMERAL = re.compile("[〇零○一二三四五六七八九十廿卅元正初冬腊]+")
_ERAS = {"民国": 1911, "昭和": 1925, "大正": 1911, "明治": 1867, "平成": 1988, "令和": 2018}
_ERA = re.compile(rf"({'|'.join(_ERAS)})\s*(\d{{1,3}})(?=\s*年|[./\-])")


def _number(word: str) -> str:
    """Chinese numerals: 一九八七 → 1987, 二十三 → 23, 初五 → 5, 廿三 → 23."""
    word = word.replace("冬", "十一").replace("腊", "十二").replace("廿", "二十").replace("卅", "三十")
    if "十" not in word:
        return "".join(str(_DIGITS[c]) for c in word)
    tens, _, ones = word.rpartition("十")
    return str(10 * (_DIGITS[tens[-1]] if tens else 1) + (_DIGITS[ones[-1]] if ones else 0))


def _century(year: int) -> int:
    return year if year > 99 else year + (2000 if year <= PIVOT else 1900)


def _valid(y: int, m: int, d: int) -> bool:
    try:
        date(y, m, d)
    except ValueError:
        return False
    return 1850 <= y <= 2100


def _said(y: int, m: int, d: int) -> str:
    out = f"{y:04d}{m:02d}{d:02d}"
    return "" if out in _NO_DATE or y in (0, 1, 9999) else out


def written(day: date) -> str:
    """A date as yyyymmdd; '' for those that stand for 'unknown' (1900-01-01, 9999-12-31)."""
    return _said(day.year, day.month, day.day)


@lru_cache(maxsize=4096)
def birth(raw: str, month_first: bool = False, short_year: bool = False) -> str:
    """A date as yyyymmdd, 0000 or 00 for month and day that are not said; '' where it is no date.

    ``month_first``: 3/25/1987 is the habit where the day does not tell; ``short_year``: six digits are yymmdd.
    Impossible days and months stay as written, for they are slips of something.
    """
    value = n.text(raw)
    if not value:
        return ""
    if value.endswith(".0") and value[:-2].isdigit():
        value = value[:-2]
    if value.isascii() and value.isdigit():
        return _bare(value, month_first, short_year)
    if not value.isascii():
        value = value.replace("公元", "")  # 元 is a first year elsewhere
        value = _ERA.sub(lambda hit: str(_ERAS[hit.group(1)] + int(hit.group(2))), value)
        value = _NUMERAL.sub(lambda hit: _number(hit.group()), value)
    words = [w for w in _WORDS.findall(value.casefold()) if w in _MONTHS]
    if words:
        return _worded(value, _MONTHS[words[0]])
    hit = _FULL.match(value)
    if hit:
        y, m, d = (int(v) for v in (hit.group(1), hit.group(2) or hit.group(4), hit.group(3) or hit.group(5)))
        if m > 12 >= d and _valid(y, d, m):
            m, d = d, m  # 1987-25-03
        return _said(y, m, d)
    hit = _BACK.match(value)
    if hit:
        return _ordered(int(hit.group(1)), int(hit.group(2)), int(hit.group(3)), month_first)
    hit = _YEAR_MONTH.match(value)
    if hit:
        return _said(int(hit.group(1)), int(hit.group(2)), 0)
    hit = _MONTH_YEAR.match(value)
    if hit:
        return _said(int(hit.group(2)), int(hit.group(1)), 0)
    hit = _YEAR.match(value)
    if hit:
        return _said(int(hit.group(1)), 0, 0)
    hit = _SHORT_YEAR.match(value)
    if hit:
        return _said(_century(int(hit.group(1))), int(hit.group(2) or 0), 0)
    hit = _SHORT.match(value)
    if hit:
        return _two_digits(hit, month_first)
    return ""


def _bare(value: str, month_first: bool, short_year: bool) -> str:
    """A date of digits alone."""
    size = len(value)
    if size == 14 and value[8:] < "24":
        value, size = value[:8], 8
    if size in (7, 8):
        y, rest = int(value[:4]), value[4:]
        if 1850 <= y <= 2100 or (size == 7 and value[0] in "12"):
            return _said(y, int(rest[:2]), int(rest[2:]))
        back = value.rjust(8, "0")
        one, two, year = int(back[:2]), int(back[2:4]), int(back[4:])
        if _valid(year, two, one) or _valid(year, one, two):
            return _ordered(one, two, year, month_first)
        return _said(y, int(rest[:2]), int(rest[2:]))
    if size == 4:
        return _said(int(value), 0, 0)
    if size == 5 and _SERIAL[0] <= int(value) <= _SERIAL[1]:
        return f"{_EPOCH + timedelta(days=int(value)):%Y%m%d}"
    if size == 6 and not short_year and 1900 <= int(value[:4]) <= 2100 and 1 <= int(value[4:]) <= 12:
        return _said(int(value[:4]), int(value[4:]), 0)
    if size in (5, 6):
        full = value.rjust(6, "0")
        y, m, d = _century(int(full[:2])), int(full[2:4]), int(full[4:])
        return _said(y, m, d) if _valid(y, m, d) else ""
    return ""


def _ordered(one: int, two: int, year: int, month_first: bool) -> str:
    """Day and month in the only order that is possible, else in the habit's."""
    if one > 12 >= two:
        return _said(year, two, one)
    if two > 12 >= one or month_first:
        return _said(year, one, two)
    return _said(year, two, one)


def _two_digits(hit: re.Match[str], month_first: bool) -> str:
    """5.3.87, 87-03-05, 87年3月5日: the year is where no day can be; before 年; else last, but first with '-'."""
    one, two, three = int(hit.group(1)), int(hit.group(3)), int(hit.group(4))
    first = (hit.group(2).strip() in ("年", "-") and three <= 31) or one > 31 or one == 0
    if first and two <= 31 and three <= 31:
        return _ordered(three, two, _century(one), False) if two <= 12 else _said(_century(one), three, two)
    return _ordered(one, two, _century(three), month_first)


def _worded(value: str, month: int) -> str:
    """5 Mar 87, Mar 5, 1987, March 1987."""
    numbers = [int(v) for v in re.findall(r"\d+", value)][:2]
    if not numbers:
        return ""
    if len(numbers) == 1:
        return _said(_century(numbers[0]), month, 0) if numbers[0] > 31 else ""
    day, year = numbers if numbers[0] <= 31 and (numbers[1] > 31 or len(numbers) == 2) else numbers[::-1]
    if day > 31:
        day, year = year, day
    return _said(_century(year), month, day)

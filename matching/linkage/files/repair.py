"""What a spreadsheet did to the cells of a column, undone where it can be."""

import re
from datetime import date, timedelta

from ..values import idnumber
from ..words import say

#: 1.38001E+10, as a spreadsheet shows a long number; 13800138000.0, as programs write one.
_EXPONENT = re.compile(r"(\d)(?:\.(\d*))?[eE]\+?(\d{1,2})", re.ASCII)
_WHOLE = re.compile(r"(\d+)\.0+", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
#: A number's cell keeps so many digits.
_KEPT = 15
#: Characters of a cell that are compared: nobody is told from another by more.
LONG = 1_000
_NUMBERS = ("id_number", "phone", "postcode", "area", "age")


class Repair:
    """Undoes what a spreadsheet did to the cells of a column, and counts it."""

    def __init__(self, column: str, kind: str, typed: bool = False) -> None:
        self.column, self.kind, self.typed = column, kind, typed
        self.cut = self.lost = self.serials = self.long = 0

    def __call__(self, text: str) -> str:
        if text[:1] in "='" and text:
            text = _literal(text)
        if not text:
            return text
        if len(text) > LONG and self.kind:
            self.long += 1
            text = text[:LONG]
        if self.kind in _NUMBERS:
            return self._number(text)
        return self._day(text) if self.kind in ("birth_date", "recorded_on") else text

    def _number(self, text: str) -> str:
        """What is left of a number: of an identity number all that is known, the rest hidden; of others all or nothing."""
        known, size = "", 0
        if hit := _EXPONENT.fullmatch(text):
            shown = hit.group(1) + (hit.group(2) or "")
            size = int(hit.group(3)) + 1
            if len(shown) >= size:
                return shown[:size]
            # Fewer digits than are kept were rounded when they were shown.
            known = shown[:_KEPT] if len(shown) >= _KEPT else shown[:-1]
        elif hit := _WHOLE.fullmatch(text):
            text = hit.group(1)
            known, size = (text[:_KEPT], len(text)) if len(text) > _KEPT else ("", 0)
        elif not self.typed and self.kind == "id_number" and _rounded(text):
            known, size = text[:_KEPT], 18
        if not size:
            return text
        if self.kind == "id_number" and size in (15, 18):
            self.cut += 1
            return known.ljust(size, "*")
        self.lost += 1
        return ""

    def _day(self, text: str) -> str:
        """Days counted from 1899-12-30, as a spreadsheet does, from 1927 to 2099: five digits."""
        if (hit := _SERIAL.fullmatch(text)) and 10_000 <= int(hit.group(1)) <= 73_050:
            self.serials += 1
            return (date(1899, 12, 30) + timedelta(days=int(hit.group(1)))).isoformat()
        return text

    def notes(self, file: str) -> list[str]:
        out = []
        if self.long:
            out.append(
                say(
                    f"{file}：“{self.column}”有 {self.long} 个格子超过 {LONG:,} 个字，只比对前 {LONG:,} 个字",
                    f"{file}: {self.long} cells of {self.column!r} hold more than {LONG:,} characters; the first {LONG:,} are "
                    "compared",
                )
            )
        if self.cut:
            out.append(
                say(
                    f"{file}：“{self.column}”有 {self.cut} 个号码存成了数字，Excel 只留下前 15 位，最后三位已经没有了。"
                    "这些只按前面的位数比对；要更准，请把这一列设成“文本”格式，从原来的登记重新录",
                    f"{file}: {self.cut} numbers in {self.column!r} were kept as numbers and lost their last digits; the rest "
                    "is compared. To do better, format the column as text and enter them anew",
                )
            )
        if self.lost:
            out.append(
                say(
                    f"{file}：“{self.column}”有 {self.lost} 个号码成了 1.38E+10 这样，后面的数字没有了，当作没填。"
                    "请在 Excel 里把这一列设成“文本”格式，再存一次",
                    f"{file}: {self.lost} numbers in {self.column!r} stand as 1.38E+10, their digits lost: taken as empty. Format the "
                    "column as text and save it again",
                )
            )
        if self.serials:
            out.append(
                say(
                    f"{file}：“{self.column}”有 {self.serials} 个日期是 Excel 的天数（如 36526），已换算成日期",
                    f"{file}: {self.serials} days in {self.column!r} were counted as a spreadsheet does, and read so",
                )
            )
        return out


def _rounded(text: str) -> bool:
    """Whether a text file's number is a resident's that a spreadsheet rounded and then wrote with all its zeros.

    Its place and birth date could be, its check character is wrong: of residents' numbers that truly end so (one in a
    thousand) it is right.
    """
    return len(text) == 18 and text.endswith("000") and idnumber.problems(text) == ["check_digit"]


def _literal(text: str) -> str:
    """What exporters write so that a spreadsheet keeps a number: ="0123" or '0123."""
    if text.startswith('="') and text.endswith('"') and len(text) > 3:
        return text[2:-1]
    return text[1:] if text[0] == "'" and text[1:2].isdigit() else text

"""What a spreadsheet did to the cells of a column, undone where it can be."""

import re
from datetime import date, timedelta

from ..values import idnumber
from .words import say

_EXPONENT = re.compile(r"(\d)(?:\.(\d*))?[eE]\+?(\d{1,2})")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)


class Repair:
    """Undoes what a spreadsheet did to the cells of a column, and counts it."""

    def __init__(self, column: str, kind: str) -> None:
        self.column, self.kind = column, kind
        self.cut = self.serials = 0
        self._kinds = {"id_number": self._number, "birth_date": self._day, "recorded_on": self._day}
        self._mend = self._kinds.get(kind)

    def __call__(self, text: str) -> str:
        if text[:1] in "='\"" and text:
            text = _literal(text)
        return self._mend(text) if self._mend and text else text

    def _number(self, text: str) -> str:
        """15 of 18 digits are left of a number in a number's cell: what is lost is hidden, not wrong."""
        known = ""
        if (hit := _EXPONENT.fullmatch(text)) and int(hit.group(3)) == 17:
            known = (hit.group(1) + hit.group(2))[:15]
            # Fewer digits than a cell keeps were rounded when they were shown.
            known = known if len(hit.group(2)) >= 14 else known[:-1]
        elif len(text) == 18 and text.endswith("000") and text.isdecimal() and idnumber.parse(text) is None:
            known = text[:15]
        if not known:
            return text
        self.cut += 1
        return known.ljust(18, "*")

    def _day(self, text: str) -> str:
        """Days counted from 1899-12-30, as a spreadsheet does, from 1927 to 2099: five digits."""
        if (hit := _SERIAL.fullmatch(text)) and 10_000 <= int(hit.group(1)) <= 73_050:
            self.serials += 1
            return (date(1899, 12, 30) + timedelta(days=int(hit.group(1)))).isoformat()
        return text

    def notes(self, file: str) -> list[str]:
        out = []
        if self.cut:
            out.append(
                say(
                    f"{file}：“{self.column}”有 {self.cut} 个号码存成了数字，Excel 只留下前 15 位，最后三位已经没有了。"
                    "这些只按前面的位数比对；要更准，请把这一列设成“文本”格式，从原来的登记重新录",
                    f"{file}: {self.cut} numbers in {self.column!r} were kept as numbers and lost their last digits; the rest "
                    "is compared. To do better, format the column as text and enter them anew",
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


def _literal(text: str) -> str:
    """What exporters write so that a spreadsheet keeps a number: ="0123" or '0123."""
    if text.startswith('="') and text.endswith('"') and len(text) > 3:
        return text[2:-1]
    return text[1:] if text[0] == "'" and text[1:2].isdigit() else text

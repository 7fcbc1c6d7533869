"""Spreadsheets, row by row: cells as the texts that a person sees.

.xlsx streams through `sheetxml`, openpyxl says what styles and texts mean; .xls is read by xlrd (both: extra
``spreadsheets``). What is merged over several rows stands in each of them.
"""

import io
import re
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, BinaryIO

from ..words import say
from .delimited import TOP, one_line
from .sheetxml import Cells, Merge, Rows, Said, filled_down, matters, merges

UNPACKED = 8 << 30
#: Texts and styles are held in memory, sheets are not.
HELD = 256 << 20
#: A part as large as this that became so many times smaller holds nothing that people wrote: sheets become 10 to 50
#: times smaller, nothing but one letter a thousand times.
BOMB, DENSE = 64 << 20, 250
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
Score = Callable[[Sequence[str]], int]


def cell_text(value: Any) -> str:
    """A number without '.0', with 15 digits and an exponent where it had more; a day as 1949-12-31; '' for nothing."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        if abs(value) >= 1e15:
            return f"{value:.14e}"  # a cell keeps 15 digits: what followed is lost
        return str(int(value)) if value.is_integer() else f"{value:.15g}"
    if isinstance(value, datetime):
        return str(value.date() if value.time() == time() else value.replace(microsecond=0))
    return value.isoformat() if isinstance(value, date | time) else str(value)


def rows(file: BinaryIO, name: str, sheet: str | None, score: Score) -> tuple[Rows, str | None]:
    """Rows with their numbers, and what is to be said about the choice of the sheet.

    ``sheet`` is a name or a number from 1; without it, the first visible sheet that is not empty, or where that has
    nothing of what ``score`` looks for (a cover), the one that has most. Raises ValueError, also while rows are read.
    """
    file.seek(0)
    old = file.read(4) == b"\xd0\xcf\x11\xe0"
    with _readable(name):
        book: _Xlsx | _Xls = _Xls(file, name) if old else _Xlsx(file, name)
        number, note = _chosen(book, name, sheet, score)
        found = book.merges(number)
    return _guarded(filled_down(book.rows(number), found, name), name), note


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Whatever a broken file makes a reader raise is said in one way."""
    try:
        yield
    except (Said, MemoryError):
        raise
    except Exception as error:
        raise Said(
            say(
                f"{name} 打不开，可能没有存完整。请用 Excel 打开，另存为 .xlsx 再试（{error}）",
                f"{name} cannot be read ({error}): open it in Excel and save it as .xlsx",
            )
        ) from error


def _guarded(found: Rows, name: str) -> Rows:
    with _readable(name):
        yield from found


def _chosen(book: "_Xlsx | _Xls", name: str, sheet: str | None, score: Score) -> tuple[int, str | None]:
    names = book.names
    if sheet is not None:
        if sheet in names:
            return names.index(sheet), None
        if sheet.isdecimal() and 1 <= int(sheet) <= len(names):
            return int(sheet) - 1, None
        raise Said(
            say(
                f"{name} 里没有工作表“{sheet}”，有：{'、'.join(names)}",
                f"{name} has no sheet {sheet!r}; it has {', '.join(names)}",
            )
        )
    if len(book.shown) == 1:
        return book.shown[0], None
    tops = {k: [one_line(row) for _, row in islice(book.rows(k), TOP)] for k in book.shown}
    filled = [k for k, top in tops.items() if top]
    number = (filled or book.shown or [0])[0]
    if len(filled) < 2:
        return number, None
    fits = {k: max(map(score, tops[k])) for k in filled}
    if not fits[number]:
        number = max(filled, key=fits.__getitem__)
    others = [names[k] for k in filled if k != number]
    return number, say(
        f"{name} 有 {len(filled)} 个工作表，用了“{names[number]}”；另外还有 {'、'.join(others)}，要用就写 --sheet",
        f"{name} has {len(filled)} sheets; {names[number]!r} was taken (--sheet chooses: {', '.join(others)})",
    )


def _password(name: str) -> Said:
    return Said(
        say(
            f"{name} 有密码。请用 Excel 打开，去掉密码后另存一份再试",
            f"{name} has a password: open it in Excel and save a copy without one",
        )
    )


def _day(serial: float, from_1904: bool) -> str:
    """A day and time counted from the start of 1900, in which Excel knows a 29th of February, or of 1904."""
    first = date(1904, 1, 1) if from_1904 else date(1899, 12, 30 if serial >= 60 else 31)
    try:
        found = datetime.combine(first, time()) + timedelta(seconds=round(serial * 86_400))
    except OverflowError:
        return cell_text(serial)
    return found.time().isoformat() if 0 <= serial < 1 else cell_text(found)


def _other(parts: set[str]) -> tuple[str, str] | None:
    """What an archive is that is no .xlsx."""
    if any(part.startswith("word/") for part in parts):
        return (
            "是 Word 文档：把里面的表格复制到一张 Excel 表里",
            "is a text document: copy its table into a sheet",
        )
    if "xl/workbook.bin" in parts:
        return "是 .xlsb", "is an .xlsb"
    if "content.xml" in parts or any(part.endswith(".iwa") for part in parts):
        return "是 .ods 或 Numbers 表格", "is an .ods or Numbers table"
    if "[Content_Types].xml" not in parts:
        return "是压缩包，不是表格：先解压", "is an archive, not a table: unpack it"
    return None


class _Xlsx:
    def __init__(self, file: BinaryIO, name: str) -> None:
        parts = zipfile.ZipFile(file).infolist()
        if (
            sum(part.file_size for part in parts) > UNPACKED
            or any(part.file_size > max(BOMB, DENSE * part.compress_size) for part in parts)
            or any(part.file_size > HELD for part in parts if "/worksheets/" not in part.filename)
        ):
            raise Said(
                say(
                    f"{name} 解压后太大。请在 Excel 里另存为 CSV，再用那个文件",
                    f"{name} is too large once unpacked: save it as csv",
                )
            )
        if other := _other({part.filename for part in parts}):
            raise Said(
                say(
                    f"{name} {other[0]}，再用 Excel 或 WPS 另存为 .xlsx",
                    f"{name} {other[1]}: open it in a spreadsheet program and save it as .xlsx",
                )
            )
        try:
            import openpyxl
        except ImportError as error:
            raise Said(
                say(
                    f"{name}：读 .xlsx 要先安装 openpyxl；也可以在 Excel 里另存为 CSV",
                    f"{name}: .xlsx needs the extra 'spreadsheets' (openpyxl); or save it as csv",
                )
            ) from error
        file.seek(0)
        self.name = name
        with warnings.catch_warnings(action="ignore"):  # of what a book has beside its cells
            self.sheets = openpyxl.load_workbook(
                file, read_only=True, data_only=True, keep_links=False
            ).worksheets
        self.names: list[str] = [sheet.title for sheet in self.sheets]
        self.shown = [k for k, sheet in enumerate(self.sheets) if sheet.sheet_state == "visible"]

    def rows(self, number: int) -> Rows:
        """Rows that hold something, as they stream by."""
        sheet = self.sheets[number]
        with sheet.parent._archive.open(sheet._worksheet_path) as part:
            yield from Cells(self.name, self._shown(sheet)).read(part)

    def merges(self, number: int) -> list[Merge]:
        """The cells that are merged with cells below."""
        sheet = self.sheets[number]
        with sheet.parent._archive.open(sheet._worksheet_path) as part:
            return merges(part, self.name)

    def _shown(self, sheet: Any) -> Callable[[str, str, str], str]:
        from openpyxl.utils.datetime import MAC_EPOCH

        strings = sheet._shared_strings
        book = sheet.parent
        from_1904 = book.epoch == MAC_EPOCH
        days = {str(k) for k in book._date_formats}
        spans = {str(k) for k in book._timedelta_formats}

        def shown(kind: str, style: str, text: str) -> str:
            if kind == "s":
                return _plain(strings[int(text)])
            if kind in ("str", "inlineStr"):
                return _plain(text)
            if kind == "n":
                if style not in days:
                    return _number(text)
                return (
                    cell_text(timedelta(days=float(text))) if style in spans else _day(float(text), from_1904)
                )
            if kind == "b":
                return "TRUE" if int(text) else "FALSE"
            if kind == "d":
                return _iso(text)
            return ""  # #N/A and the like: the cell could not be computed

        return shown


def _iso(text: str) -> str:
    try:
        return cell_text(datetime.fromisoformat(text))
    except ValueError:
        return text


def _number(text: str) -> str:
    """A number's cell. A program may write all digits of a long number; zeros behind fifteen are what Excel left."""
    if text.isascii() and text.isdecimal() and (len(text) <= 15 or len(text.rstrip("0")) > 15):
        return str(int(text)) if len(text) < 100 else text
    return cell_text(float(text))


def _plain(text: str) -> str:
    """Characters that XML cannot hold stand as _x000D_ in a text."""
    return _ESCAPED.sub(lambda hit: chr(int(hit.group(1), 16)), text) if "_x" in text else text


class _Xls:
    def __init__(self, file: BinaryIO, name: str) -> None:
        try:
            import xlrd
        except ImportError as error:
            raise Said(
                say(
                    f"{name}：读 .xls 要先安装 xlrd；也可以在 Excel 里另存为 .xlsx",
                    f"{name}: .xls needs the extra 'spreadsheets' (xlrd); or save it as .xlsx",
                )
            ) from error
        file.seek(0)
        content = file.read()
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise _password(name)
        try:
            self.book = xlrd.open_workbook(
                file_contents=content, on_demand=True, ragged_rows=True, logfile=io.StringIO()
            )
        except xlrd.XLRDError as error:
            if "encrypted" in str(error):
                raise _password(name) from error
            raise
        self.names: list[str] = self.book.sheet_names()
        self.shown = [k for k in range(len(self.names)) if not self.book.sheet_by_index(k).visibility]

    def rows(self, number: int) -> Rows:
        page = self.book.sheet_by_index(number)
        for k in range(page.nrows):
            cells = [self._value(cell) for cell in page.row(k)]
            if any(cells):
                yield k + 1, cells

    def merges(self, number: int) -> list[Merge]:
        """The cells that are merged with cells below: xlrd tells only with all formats, which take much memory.

        [MS-XLS] 2.4.168 MergeCells: a count, then first row, last row, first column, last column, each two bytes.
        """
        content, place, depth = self.book.mem, self.book._sh_abs_posn[number], 0
        if content is None or not isinstance(place, int) or place < 0:  # of before 1993
            return []
        out: list[Merge] = []
        while place + 4 <= len(content):
            code, size = struct.unpack_from("<HH", content, place)
            body = content[place + 4 : place + 4 + size]
            place += 4 + size
            depth += (code in (0x0809, 0x0409)) - (code == 0x000A)  # charts lie within
            if depth <= 0:
                break
            if code == 0x00E5 and len(body) >= 2:
                count = min(struct.unpack_from("<H", body)[0], (len(body) - 2) // 8)
                ranges = (struct.unpack_from("<4H", body, 2 + 8 * k) for k in range(count))
                found = ((first + 1, last + 1, left, right) for first, last, left, right in ranges)
                out += filter(matters, found)
        return sorted(out)

    def _value(self, cell: Any) -> str:
        if cell.ctype == 3:  # a day
            return _day(cell.value, bool(self.book.datemode))
        if cell.ctype == 4:
            return "TRUE" if cell.value else "FALSE"
        return "" if cell.ctype == 5 else cell_text(cell.value)

"""Spreadsheets, row by row: cells as the texts that a person sees.

.xlsx streams through openpyxl's reader, so that a stray cell in the last corner of a sheet takes no memory; .xls is
read by xlrd (both: extra ``spreadsheets``).
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from .words import say

UNPACKED = 8 << 30
#: A part as large as this that became so many times smaller holds nothing that people wrote: sheets become 10 to 50
#: times smaller, nothing but one letter a thousand times.
BOMB, DENSE = 64 << 20, 250
SHEET_ROWS = 1_048_576
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
Rows = Iterator[tuple[int, list[str]]]


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


def rows(file: BinaryIO, name: str, sheet: str | None) -> tuple[Rows, str | None]:
    """Rows with their numbers, and what is to be said about the choice of the sheet.

    ``sheet`` is a name or a number from 1; without it, the first visible sheet that is not empty. Raises ValueError,
    also while rows are read.
    """
    file.seek(0)
    old = file.read(4) == b"\xd0\xcf\x11\xe0"
    with _readable(name):
        book: _Xlsx | _Xls = _Xls(file, name) if old else _Xlsx(file, name)
        number, note = _chosen(book, name, sheet)
    return _guarded(book.rows(number), name), note


class Said(ValueError):
    """What is wrong with a file, in words for a person."""


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


def _chosen(book: "_Xlsx | _Xls", name: str, sheet: str | None) -> tuple[int, str | None]:
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
    filled = [k for k in book.shown if next(book.rows(k), None)]
    number = (filled or book.shown or [0])[0]
    if len(filled) < 2:
        return number, None
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


class _Xlsx:
    def __init__(self, file: BinaryIO, name: str) -> None:
        parts = zipfile.ZipFile(file).infolist()
        if sum(part.file_size for part in parts) > UNPACKED or any(
            part.file_size > max(BOMB, DENSE * part.compress_size) for part in parts
        ):
            raise Said(
                say(
                    f"{name} 解压后太大。请在 Excel 里另存为 CSV，再用那个文件",
                    f"{name} is too large once unpacked: save it as csv",
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
        with warnings.catch_warnings(action="ignore"):  # of what a sheet has beside its cells
            self.sheets = openpyxl.load_workbook(
                file, read_only=True, data_only=True, keep_links=False
            ).worksheets
        self.names: list[str] = [sheet.title for sheet in self.sheets]
        self.shown = [k for k, sheet in enumerate(self.sheets) if sheet.sheet_state == "visible"]

    def rows(self, number: int) -> Rows:
        """Rows that hold something, as they stream by."""
        sheet = self.sheets[number]
        sheet.reset_dimensions()  # what a file says of its size is often wrong
        with warnings.catch_warnings(action="ignore"):
            for row, cells in enumerate(sheet.iter_rows(), start=1):
                if row > SHEET_ROWS:  # rows that are left out are counted one by one
                    raise ValueError(f"row {row:,}")
                found = [self._value(cell) for cell in cells]
                if any(found):
                    yield row, found

    def _value(self, cell: Any) -> str:
        value = cell.value
        if value is None or cell.data_type == "e":  # #N/A and the like: the cell could not be computed
            return ""
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        return _plain(value) if isinstance(value, str) else cell_text(value)


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

    def _value(self, cell: Any) -> str:
        if cell.ctype == 3:  # a day
            return _day(cell.value, bool(self.book.datemode))
        if cell.ctype == 4:
            return "TRUE" if cell.value else "FALSE"
        return "" if cell.ctype == 5 else cell_text(cell.value)

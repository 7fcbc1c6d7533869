"""Spreadsheets, row by row: cells as the texts that a person sees.

.xlsx (ECMA-376, SpreadsheetML) is read as it streams out of its archive, so that neither a million rows nor a stray cell
in the last corner of the sheet takes memory; .xls through xlrd (extra ``spreadsheets``).
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from .words import say

UNPACKED = 8 << 30
#: Cells of a row beyond this one are not looked at: the last column of a sheet.
COLUMNS = 16_384
_BLOCK = 1 << 16
#: Number formats that are days or times (ECMA-376 part 1, 18.8.30), those of Chinese and Japanese Excel too.
_DAYS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
_QUOTED = re.compile(r'"[^"]*"|\[(?!h|m|s)[^\]]*\]|\\.|_.', re.IGNORECASE)
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
    return value.isoformat() if isinstance(value, date) else str(value)


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
        self.book = zipfile.ZipFile(file)
        if sum(part.file_size for part in self.book.infolist()) > UNPACKED:
            raise Said(
                say(
                    f"{name} 解压后太大。请在 Excel 里另存为 CSV，再用那个文件",
                    f"{name} is too large once unpacked: save it as csv",
                )
            )
        main = next(
            (t for _, kind, t in self._related("") if kind.endswith("/officeDocument")), "xl/workbook.xml"
        )
        self.names: list[str] = []
        self.shown: list[int] = []
        self._parts: list[str] = []
        self._from_1904 = False
        listed: list[dict[str, str]] = []
        with self.book.open(main) as part:
            for tag, attributes in _tags(part):
                if tag == "sheet":
                    listed.append(attributes)
                elif tag == "workbookPr":
                    self._from_1904 = attributes.get("date1904") in ("1", "true")
        related = list(self._related(main))
        targets = {number: target for number, kind, target in related if kind.endswith("/worksheet")}
        for sheet in listed:
            number = next((v for k, v in sheet.items() if k.rpartition(":")[2] == "id"), "")
            if number in targets:
                if sheet.get("state", "visible") == "visible":
                    self.shown.append(len(self.names))
                self.names.append(sheet.get("name", ""))
                self._parts.append(targets[number])
        self._days = self._day_styles(next((t for _, k, t in related if k.endswith("/styles")), ""))
        self._strings = next((t for _, k, t in related if k.endswith("/sharedStrings")), "")
        self._shared: list[str] | None = None

    def _related(self, part: str) -> Iterator[tuple[str, str, str]]:
        """(id, type, part) of what a part refers to."""
        folder = PurePosixPath(part).parent
        try:
            listed = self.book.open(str(folder / "_rels" / f"{PurePosixPath(part).name}.rels"))
        except KeyError:
            return
        with listed:
            for tag, attributes in _tags(listed):
                if tag == "Relationship":
                    target = attributes.get("Target", "")
                    where = target[1:] if target.startswith("/") else posixpath.normpath(str(folder / target))
                    yield attributes.get("Id", ""), attributes.get("Type", ""), where

    def _day_styles(self, part: str) -> set[int]:
        """The numbers of the cell formats that show days or times."""
        if part not in self.book.namelist():
            return set()
        days = set(_DAYS)
        found: set[int] = set()
        within = False
        count = 0
        with self.book.open(part) as styles:
            for tag, attributes in _tags(styles, ends=("cellXfs",)):
                if tag == "numFmt":
                    code = _QUOTED.sub("", attributes.get("formatCode", "").split(";")[0]).casefold()
                    if code != "general" and re.search("[ymdhs]", code):
                        days.add(int(attributes.get("numFmtId", -1)))
                elif tag in ("cellXfs", "/cellXfs"):
                    within = tag == "cellXfs"
                elif tag == "xf" and within:
                    if int(attributes.get("numFmtId", 0)) in days:
                        found.add(count)
                    count += 1
        return found

    def _texts(self) -> list[str]:
        if self._shared is None:
            self._shared = []
            if self._strings in self.book.namelist():
                with self.book.open(self._strings) as part:
                    for _, text in _items(part, "si"):
                        self._shared.append(_plain(text))
        return self._shared

    def rows(self, number: int) -> Rows:
        """Rows that hold something, as they stream by."""
        texts = self._texts()
        row: dict[int, str] = {}
        last = at = 0
        with self.book.open(self._parts[number]) as part:
            for attributes, text in _items(part, "c", "row"):
                if "\0row" in attributes:
                    if row:
                        yield last, [row.get(k, "") for k in range(max(row) + 1)]
                        row = {}
                    last, at = int(attributes.get("r") or last + 1), 0
                    continue
                at = _column(attributes.get("r", "")) or at + 1
                if text and at <= COLUMNS and (value := self._value(attributes, text, texts)):
                    row[at - 1] = value
        if row:
            yield last, [row.get(k, "") for k in range(max(row) + 1)]

    def _value(self, attributes: dict[str, str], text: str, texts: list[str]) -> str:
        kind = attributes.get("t", "n")
        if kind == "s":
            return texts[int(text)]
        if kind == "inlineStr":
            return _plain(text)
        if kind == "b":
            return "TRUE" if text.strip() == "1" else "FALSE"
        if kind == "e":
            return ""  # #N/A and the like: the cell could not be computed
        if kind != "n":
            return text
        if int(attributes.get("s", 0)) in self._days:
            return _day(float(text), self._from_1904)
        return text if text.isdecimal() else cell_text(float(text))


def _plain(text: str) -> str:
    """Characters that XML cannot hold stand as _x000D_ in a text."""
    return _ESCAPED.sub(lambda hit: chr(int(hit.group(1), 16)), text) if "_x" in text else text


def _column(place: str) -> int:
    """A1 → 1, XFD9 → 16384, '' → 0."""
    out = 0
    for letter in place:
        if not "A" <= letter <= "Z":
            break
        out = out * 26 + ord(letter) - 64
    return out


def _parsed(part: IO[bytes], parser: Any) -> Iterator[None]:
    """Feed a part to a parser, block by block. Parts that declare entities of their own are refused."""

    def refuse(*_: Any) -> None:
        raise ValueError("DOCTYPE")

    parser.StartDoctypeDeclHandler = refuse
    parser.buffer_text = True
    while block := part.read(_BLOCK):
        parser.Parse(block, False)
        yield
    parser.Parse(b"", True)
    yield


def _tags(part: IO[bytes], ends: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    """Names, without prefixes, and attributes of all elements; '/name' where one of ``ends`` is over."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append((name.rpartition(":")[2], attributes))

    def end(name: str) -> None:
        if (name := name.rpartition(":")[2]) in ends:
            found.append((f"/{name}", {}))

    parser.EndElementHandler = end
    for _ in _parsed(part, parser):
        yield from found
        found.clear()


def _items(part: IO[bytes], item: str, row: str = "") -> Iterator[tuple[dict[str, str], str]]:
    """Attributes and text of every ``item``: what stands in its <v> and <t>, but not how it is pronounced (<rPh>).

    Where a ``row`` begins, its attributes with the key '\\0row'.
    """
    found: list[tuple[dict[str, str], str]] = []
    text: list[str] = []
    attributes: dict[str, str] = {}
    taking = spoken = False

    def start(name: str, given: dict[str, str]) -> None:
        nonlocal attributes, taking, spoken
        name = name.rpartition(":")[2]
        if name == item:
            attributes = given
            text.clear()
        elif name in ("v", "t"):
            taking = not spoken
        elif name == "rPh":
            spoken = True
        elif name == row:
            found.append(({**given, "\0row": ""}, ""))

    def end(name: str) -> None:
        nonlocal taking, spoken
        name = name.rpartition(":")[2]
        if name in ("v", "t"):
            taking = False
        elif name == "rPh":
            spoken = False
        elif name == item:
            found.append((attributes, "".join(text)))

    def say_text(data: str) -> None:
        if taking:
            text.append(data)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, say_text
    for _ in _parsed(part, parser):
        yield from found
        found.clear()


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

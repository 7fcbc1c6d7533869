"""The cells of one sheet of an .xlsx, as they stream by: never more than a row of it in memory."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO
from xml.parsers import expat

from ..words import say

ROWS, COLUMNS = 1_048_576, 16_384  # of a sheet
CELL = 131_072  # characters of a cell, as in a csv; a spreadsheet itself holds 32,767
ROW = 1 << 22  # characters of a row
#: Vertical merges of a sheet, and bytes of a part in which nothing begins or ends.
MERGED, SILENT = 200_000, 1 << 22
#: Columns that a title covers.
TITLE = 3
#: Cells that are filled down, of a sheet.
FILLED = 5_000_000
_BLOCK = 1 << 16
_RANGE = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^<>]{0,200}?ref\s*=\s*["\']\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})["\']'
)
_PLACE = re.compile(r"([A-Za-z]{1,4})\d*", re.ASCII)
#: Rows with their numbers.
Rows = Iterator[tuple[int, list[str]]]
#: First row and last row of a merge from 1, first column and last column from 0.
Merge = tuple[int, int, int, int]
#: Kind and style of a cell and what stands in it → what a person sees.
Shown = Callable[[str, str, str], str]


class Said(ValueError):
    """What is wrong with a file, in words for a person."""


class Down(str):
    """What stands in a cell because it is merged with one above."""

    __slots__ = ()


class Across(str):
    """What stands in a cell that is merged over at least `TITLE` columns: alone in its row it is a title."""

    __slots__ = ()


def matters(one: Merge) -> bool:
    """Whether a merge says something about rows."""
    first, last, left, right = one
    return last > first or right - left >= TITLE - 1


def letters(text: str) -> int:
    """A column's letters as its number from 0."""
    out = 0
    for sign in text.upper():
        out = 26 * out + ord(sign) - 64
    return out - 1


def too_long(name: str, row: int) -> Said:
    """The error about a cell that nobody wrote."""
    return Said(
        say(
            f"{name} 第 {row} 行有一个格子超过 {CELL:,} 个字，不像一张表",
            f"{name}: a cell in row {row} is longer than {CELL:,} characters, which no table's is",
        )
    )


def _too_merged(name: str) -> Said:
    return Said(
        say(
            f"{name} 合并的格子太多，不像一张表。请在 Excel 里取消合并，再存一次",
            f"{name} has more merged cells than a table has: unmerge them and save it again",
        )
    )


def merges(file: BinaryIO, name: str) -> list[Merge]:
    """The merges of a sheet's XML that matter, from above. They stand behind all cells, so a sheet is read twice."""
    out: list[Merge] = []
    rest = b""
    while block := file.read(_BLOCK << 4):
        rest += block
        end = 0
        if b"mergeCell" in rest:
            for hit in _RANGE.finditer(rest):
                end = hit.end()
                one = int(hit[2]), int(hit[4]), letters(hit[1].decode()), letters(hit[3].decode())
                if matters(one):
                    out.append(one)
            if len(out) > MERGED:
                raise _too_merged(name)
        # A range that is cut here is found whole with the next block, and none twice.
        cut = max(rest.rfind(b"<"), end)
        rest = rest[cut:] if len(rest) - cut < 1000 else b""
    return sorted(out)


def filled_down(rows: Rows, found: Sequence[Merge], name: str) -> Rows:
    """Rows in which what stands in the first cell of a vertical merge stands in those below too, as `Down`, and what may
    be a title is `Across`.

    Rows that hold nothing of their own are not given, before and after.
    """
    if not found:
        yield from rows
        return
    waiting = deque(found)
    open_: dict[int, tuple[int, Down]] = {}
    count = 0
    for number, row in rows:
        open_ = {column: one for column, one in open_.items() if one[0] >= number}
        for column, (_, value) in open_.items():
            if column >= len(row):
                row += [""] * (column + 1 - len(row))
            if not row[column].strip():
                row[column] = value
                count += 1
        if count > FILLED:
            raise _too_merged(name)
        while waiting and waiting[0][0] <= number:
            first, last, column, right = waiting.popleft()
            if first == number and column < len(row) and row[column].strip():
                if last > first:
                    open_[column] = last, Down(row[column])
                if right - column >= TITLE - 1:
                    row[column] = Across(row[column])
        yield number, row


class Cells:
    """Rows of a sheet's XML that hold something: their numbers and what stands in their cells. Raises `Said`.

    What a spreadsheet program could not have written is refused: rows or cells that come twice or backwards, columns
    beyond the last one, entities, texts without end.
    """

    def __init__(self, name: str, shown: Shown) -> None:
        self.name, self.shown = name, shown
        self.rows: deque[tuple[int, dict[int, str]]] = deque()
        self._number = self._size = 0
        self._column = -1
        self._in_row = self._hears = self._reading = False
        self._row: dict[int, str] = {}
        self._parts: list[str] = []
        self._heard = 0
        self._kind = self._style = ""
        self._columns: dict[str, int] = {}
        self._local: dict[str, str] = {}
        parser = self._parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity

    def read(self, file: BinaryIO) -> Rows:
        """All rows, in order."""
        read = 0
        while block := file.read(_BLOCK):
            read += len(block)
            self._parser.Parse(block, False)
            if read - self._parser.CurrentByteIndex > SILENT:
                raise too_long(self.name, self._number + 1)
            while self.rows:
                number, found = self.rows.popleft()
                row = [""] * (max(found) + 1)
                for column, text in found.items():
                    row[column] = text
                yield number, row
        self._parser.Parse(b"", True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._local.get(tag) or self._local.setdefault(tag, tag.rpartition(" ")[2])
        if name == "v" or name == "t":
            self._hears = self._reading
        elif name == "c":
            if not self._in_row:
                return
            self._column = self._place(attributes.get("r"))
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "0")
            self._parts.clear()
            self._heard = 0
            self._reading = True
        elif name == "row":
            self._begin(attributes.get("r"))
        elif name == "rPh":  # how it is read, beside what is written
            self._reading = False

    def _end(self, tag: str) -> None:
        name = self._local[tag]
        if name == "v" or name == "t":
            self._hears = False
        elif name == "c":
            self._reading = False
            if self._in_row and self._parts:
                text = self.shown(self._kind, self._style, "".join(self._parts))
                self._parts.clear()
                if text:
                    self._keep(text)
        elif name == "rPh":
            self._reading = self._in_row
        elif name == "row":
            self._in_row = False
            if self._row:
                self.rows.append((self._number, self._row))
                self._row = {}

    def _text(self, text: str) -> None:
        if self._hears:
            self._heard += len(text)
            if self._heard > CELL:
                raise too_long(self.name, self._number)
            self._parts.append(text)

    def _entity(self, *_: Any) -> None:
        raise ValueError("entities")

    def _begin(self, number: str | None) -> None:
        row = self._number + 1 if number is None else int(float(number))
        if row > ROWS:  # rows that are left out are counted one by one
            raise ValueError(f"row {row:,}")
        if row <= self._number or self._in_row:
            raise Said(
                say(
                    f"{self.name} 第 {self._number} 行后面又是第 {row} 行，文件里行的次序乱了，照着读会漏行。"
                    "请用 Excel 打开看一眼，另存为 .xlsx 再试",
                    f"{self.name}: row {row} comes after row {self._number}: rows would be lost. Open it in a spreadsheet "
                    "program, look, and save it anew as .xlsx",
                )
            )
        self._number, self._size, self._in_row, self._column = row, 0, True, -1

    def _place(self, place: str | None) -> int:
        if place is None:
            column = self._column + 1
        else:
            hit = _PLACE.match(place)
            if not hit:
                raise ValueError(f"a cell at {place[:20]!r}")
            column = self._columns.get(hit[1], -1)
            if column < 0:
                column = letters(hit[1])
                if column < COLUMNS:
                    self._columns[hit[1]] = column
        if column >= COLUMNS:
            raise Said(
                say(
                    f"{self.name} 第 {self._number} 行有一格在 XFD 列（第 {COLUMNS:,} 列）以外，Excel 没有这样的格子。"
                    "请用 Excel 打开，另存为 .xlsx 再试",
                    f"{self.name}: a cell of row {self._number} lies beyond column XFD, the last one: open it in a spreadsheet "
                    "program and save it anew as .xlsx",
                )
            )
        return column

    def _keep(self, text: str) -> None:
        if self._column in self._row:
            raise Said(
                say(
                    f"{self.name} 第 {self._number} 行第 {self._column + 1} 列的格子出现了两次，不知道哪个对。"
                    "请用 Excel 打开，另存为 .xlsx 再试",
                    f"{self.name}: row {self._number} has column {self._column + 1} twice: open it in a spreadsheet program and "
                    "save it anew as .xlsx",
                )
            )
        self._row[self._column] = text
        self._size += len(text)
        if len(text) > CELL:
            raise too_long(self.name, self._number)
        if self._size > ROW:
            raise Said(
                say(
                    f"{self.name} 第 {self._number} 行太长（超过 {ROW >> 20} 百万字），不像一张表",
                    f"{self.name}: row {self._number} is longer than {ROW >> 20} million characters, which no table's is",
                )
            )

"""Text files of cells between marks (csv), as spreadsheets and people leave them: encodings, broken lines, open quotes."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from ..words import places, say

TOP = 30  # the header stands among the first rows
_LINE = 1 << 22  # no row of a table is longer
WIDE = 16_384  # no header has more columns
_GB_BOM = b"\x84\x31\x95\x33"
_MARKS = ",;\t|"
Rows = Iterator[tuple[int, list[str]]]


def one_line(row: Sequence[str]) -> list[str]:
    """The cells of what may be a header without the line breaks within them."""
    return [re.sub(r"\s*[\r\n]+\s*", "", c).strip() for c in row[:WIDE]]


def rows(
    file: BinaryIO, name: str, head: bytes, score: Callable[[Sequence[str]], int]
) -> tuple[Rows, bool, Callable[[], list[str]]]:
    """Rows with their numbers, whether Excel wrote the file, and what is to be said once all were read.

    ``head`` is how the file begins; ``score`` tells how much of what is looked for a row of headings has: the mark between
    cells is the one by which the header fits best. Raises ValueError, also while rows are read.
    """
    lines = _Lines(file, name, head)
    top: list[str] = []
    size = 0
    for line in islice(lines, 4 * TOP):
        top.append(line)
        size += len(line)
        if size > _LINE:
            break
    best = (-1, -1, ",")
    for mark in _MARKS:
        try:
            found = [row[:WIDE] for row in islice(csv.reader(top, delimiter=mark), TOP) if any(row)]
        except csv.Error:
            continue
        header = max(found, key=lambda row: score(one_line(row)), default=[])
        best = max(best, (score(one_line(header)), len(header), mark), key=lambda x: x[:2])
    lines.put_back(top)
    return _records(lines, name, best[2]), lines.excel, lines.notes


class _Lines:
    """Lines of a text file: mostly in one encoding, some in another, some broken; zero bytes left out."""

    def __init__(self, file: BinaryIO, name: str, head: bytes) -> None:
        self.name = name
        self.number = self.quotes = self.size = 0
        self.excel = False
        self.other: list[int] = []
        self.broken: list[int] = []
        self.main = "utf-8"
        wide = _wide(head)
        if wide:
            self.excel = True
            self.main = wide
        else:
            self.main = _encoding(head)
            self.excel = self.main != "utf-8" or head.startswith(codecs.BOM_UTF8)
            self._mark = next((m for m in (codecs.BOM_UTF8, _GB_BOM) if head.startswith(m)), b"")
        self._again: list[str] = []
        self.first = 1 << 62  # no row has begun yet
        if wide or (b"\n" not in head and b"\r" in head):
            text = io.TextIOWrapper(file, encoding=self.main, errors="replace", newline="")
            self._lines: Iterator[str] = self._plain(text)
        else:
            self._lines = self._decoded(file)

    def _plain(self, text: io.TextIOWrapper) -> Iterator[str]:
        for number, line in enumerate(iter(lambda: text.readline(_LINE + 1), ""), start=1):
            self._not_endless(len(line), number)
            if "\ufffd" in line:
                self.broken.append(number)
            yield line.replace("\0", "").removeprefix("\ufeff")
        text.detach()

    def _decoded(self, file: BinaryIO) -> Iterator[str]:
        for number, raw in enumerate(iter(lambda: file.readline(_LINE + 1), b""), start=1):
            self._not_endless(len(raw), number)
            if number == 1:
                raw = raw.removeprefix(self._mark)
            try:
                line = raw.decode(self.main)
            except UnicodeDecodeError:
                line = self._otherwise(raw, number)
            yield line.replace("\0", "") if "\0" in line else line

    def _not_endless(self, size: int, number: int) -> None:
        if size > _LINE:
            raise ValueError(
                say(
                    f"{self.name} 第 {number} 行太长（超过 {_LINE >> 20} MB），不像一张表",
                    f"{self.name}: row {number} is longer than {_LINE >> 20} MB, which no table's is",
                )
            )

    def _otherwise(self, raw: bytes, number: int) -> str:
        """A line that is not in the file's encoding: in the other one, or with broken characters."""
        line = raw.decode("utf-8", "replace")
        lost = line.count("\ufffd")
        if self.main != "utf-8" and not lost:
            self.other.append(number)
            return line
        if self.main == "utf-8" and 2 * lost > sum(c > "\x7f" for c in line):
            try:
                line = raw.decode("gb18030")
            except UnicodeDecodeError:
                pass
            else:
                self.other.append(number)
                return line
        self.broken.append(number)
        return raw.decode(self.main, "replace")

    def put_back(self, lines: list[str]) -> None:
        self._again = lines
        self.number = 0
        self.begin()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop(0) if self._again else next(self._lines)
        self.number += 1
        self.quotes += line.count('"')
        self.size += len(line)
        if self.size > _LINE and self.number > self.first:
            raise _unclosed(self.name, self.first)
        return line

    def begin(self) -> int:
        """A row begins with the next line, whose number comes back."""
        self.quotes = self.size = 0
        self.first = self.number + 1
        return self.first

    def notes(self) -> list[str]:
        out = []
        if self.other:
            out.append(
                say(
                    f"{self.name}：第 {places(self.other)} 行（共 {len(self.other)} 行）的编码和别的行不同，已分别读出",
                    f"{self.name}: {len(self.other)} rows in another encoding than the rest (rows {places(self.other)})",
                )
            )
        if self.broken:
            out.append(
                say(
                    f"{self.name}：第 {places(self.broken)} 行（共 {len(self.broken)} 行）有认不出的字，读成了 \ufffd。请看一眼",
                    f"{self.name}: characters in {len(self.broken)} rows could not be read (rows {places(self.broken)})",
                )
            )
        return out


def _wide(head: bytes) -> str:
    """UTF-16 with a mark, or without: every other byte is zero then."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    some = head[:2000]
    if len(some) >= 8 and some.count(0) > len(some) / 8:
        even, odd = some[0::2].count(0), some[1::2].count(0)
        if min(even, odd) * 10 < max(even, odd):
            return "utf-16-le" if odd > even else "utf-16-be"
    return ""


def _encoding(head: bytes) -> str:
    """UTF-8 or GB 18030: in which most lines that are not plain ASCII can be read."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if head.startswith(_GB_BOM):
        return "gb18030"
    good: Counter[str] = Counter()
    lines = [line for line in head.splitlines() if not line.isascii()]
    for line in lines[:-1] or lines:  # the last one may be cut
        for code in ("utf-8", "gb18030"):
            try:
                line.decode(code)
            except UnicodeDecodeError:
                continue
            good[code] += 1
    return "utf-8" if 2 * good["utf-8"] >= len(lines[:-1] or lines) else "gb18030"


def _records(lines: _Lines, name: str, mark: str) -> Rows:
    reader = csv.reader(lines, delimiter=mark)
    while True:
        first = lines.begin()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.quotes % 2 or lines.number > first:
                raise _unclosed(name, first) from error
            most = csv.field_size_limit()
            raise ValueError(
                say(
                    f"{name} 第 {first} 行有一个格子超过 {most:,} 个字，不像一张表",
                    f"{name}: a cell in row {first} is longer than {most:,} characters, which no table's is",
                )
            ) from error
        if lines.quotes % 2 and (lines.number > first or (row and row[-1].endswith(("\n", "\r")))):
            raise _unclosed(name, first)
        yield first, row[: WIDE + 1]  # that it is longer than the header is all that matters


def _unclosed(name: str, number: int) -> ValueError:
    return ValueError(
        say(
            f'{name} 第 {number} 行有一个引号（"）没有关上，后面的行会连成一片。请补上或删掉这个引号，或者在 Excel 里另存为 .xlsx',
            f'{name}: a quote (") in row {number} is never closed: close or delete it, or save the table as .xlsx',
        )
    )

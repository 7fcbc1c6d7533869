"""Tables as charities have them: .xlsx, .xls, csv in any of the usual encodings, parquet. Columns wait on disk."""

import codecs
import csv
import io
import re
import shutil
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

from ..values import idnumber
from . import spreadsheet
from .fields import Missing, guess, guess_id, missing, place_of, squeezed
from .words import places, say

ROWS = 5_000  # read and written at a time
_END = "\0"
_BLOCK = 1 << 16
_SPOOL = 1 << 19  # bytes of a column that stay in memory
_SAMPLE = 1 << 20
_LINE = 1 << 24  # no line of a table is longer
_TOP = 30  # the header stands among the first rows
_MARKS = ",;\t|"
_OLE, _ZIP, _PARQUET = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"PAR1"
Rows = Iterator[tuple[int, list[str]]]


class Spilled(Sequence[Any]):
    """A column that waits on disk: read from the start as often as wanted; empty cells are None."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 (lives with the column)
        self._size = 0

    def extend(self, values: list[str]) -> None:
        """More cells; zero bytes in them are lost."""
        text = "".join(f"{v.replace(_END, '')}{_END}" for v in values)
        self._file.write(text.encode("utf-8", "surrogatepass"))
        self._size += len(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str | None]:
        self._file.seek(0)
        rest = b""
        place = 0
        while True:
            self._file.seek(place)
            block = self._file.read(_BLOCK)
            if not block:
                return
            place += len(block)
            *cells, rest = (rest + block).split(b"\0")
            for cell in cells:
                yield cell.decode("utf-8", "surrogatepass") or None

    def __getitem__(self, place: Any) -> Any:
        return next(islice(self, place, None))


@dataclass
class Sheet:
    """Columns of one file by name; the number of each row as the file's own program shows it; what is to be said."""

    name: str
    columns: dict[str, Sequence[Any]]
    numbers: Sequence[int]
    notes: list[str] = field(default_factory=list)
    #: Whether Excel made the file, and so will open what is made of it.
    excel: bool = False


@dataclass
class _Source:
    rows: Rows
    notes: list[str]
    excel: bool = False
    finish: Callable[[], list[str]] = list  # what is known once all rows were read


def read(
    path: Path,
    columns: Mapping[str, str],
    kinds: Mapping[str, str] | None = None,
    if_there: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> Sheet:
    """Columns of a file, as label → heading; those ``if_there`` may be missing.

    ``kinds`` (label → kind) tell what to mend of what Excel did. ``sheet`` is a sheet's name or number from 1.

    The header is the row among the first `_TOP` that has most of the columns. Empty cells are None, empty rows are
    left out. Raises ValueError for what cannot be read as a table, OSError where there is no such file.
    """
    asked = list(dict.fromkeys(columns.values()))

    def score(names: Sequence[str]) -> int:
        there = {squeezed(n) for n in names}
        return sum(squeezed(c) in there for c in asked)

    with _opened(path) as file:
        if _head(file)[:4] == _PARQUET:
            return _parquet(file, path, columns, if_there, kinds or {})
        source = _source(file, path, sheet, score)
        header, width, rows = _header(source, path, score)
        wanted = _wanted(path, columns, if_there, header)
        cells = {c: Spilled() for c in wanted}
        repairs = {c: Repair(header[k], (kinds or {}).get(c, "")) for c, k in wanted.items()}
        numbers = array("L")
        long: list[int] = []
        again = 0
        while piece := list(islice(rows, ROWS)):
            kept = []
            for number, row in piece:
                if row and row[0].strip() == header[0] and [c.strip() for c in row[:width]] == header:
                    again += 1
                    continue
                if not any(row[place].strip() for place in wanted.values() if place < len(row)):
                    continue  # a sum, a signature, a note beside the table
                if len(row) > width and any(map(str.strip, row[width:])):
                    long.append(number)
                kept.append(row)
                numbers.append(number)
            for column, place in wanted.items():
                mend = repairs[column]
                cells[column].extend([mend(row[place].strip()) if place < len(row) else "" for row in kept])
    notes = [*source.notes, *source.finish()]
    if long:
        notes.append(
            say(
                f"{path.name}：第 {places(long)} 行（共 {len(long)} 行）比表头长，多半是内容里有没加引号的逗号，列会错位。请看一眼",
                f"{path.name}: {len(long)} rows have more cells than the header (rows {places(long)}): are their columns shifted?",
            )
        )
    if again:
        notes.append(
            say(
                f"{path.name}：表头重复了 {again} 次，已跳过",
                f"{path.name}: {again} repeated headers left out",
            )
        )
    notes += [note for mend in repairs.values() for note in mend.notes(path.name)]
    if not numbers:
        notes.append(say(f"{path.name}：表头下面没有数据", f"{path.name}: no rows below the header"))
    return Sheet(path.name, dict(cells), numbers, notes, source.excel)


def headings(path: Path, sheet: str | None = None) -> tuple[list[str], list[str]]:
    """The headings of a table that nobody has described yet, and what is to be said about them."""

    def known(names: Sequence[str]) -> int:
        return len(guess(names)) + len(guess_id(names))

    with _opened(path) as file:
        if _head(file)[:4] == _PARQUET:
            return list(_arrow().read_schema(file).names), []
        source = _source(file, path, sheet, known)
        header, _, _ = _header(source, path, known)
        return [h for h in header if h], source.notes


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, to be read from any place: what comes through a pipe is laid aside first."""
    if path.is_dir():
        raise ValueError(say(f"{path} 是文件夹，不是表格", f"{path} is a folder, not a table"))
    with path.open("rb") as file:
        if file.seekable() and path.is_file():
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            yield copy  # type: ignore[misc]


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(_SAMPLE)
    file.seek(0)
    return head


def _source(file: BinaryIO, path: Path, sheet: str | None, score: Callable[[Sequence[str]], int]) -> _Source:
    head = _head(file)
    if not head.strip(b"\0\r\n\t ,;"):
        raise ValueError(say(f"{path.name} 是空的", f"{path.name} is empty"))
    if head.startswith((_OLE, _ZIP)):
        rows, note = spreadsheet.rows(file, path.name, sheet)
        return _Source(rows, [note] if note else [], excel=True)
    if re.match(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|table|\?xml|meta)", head[:200], re.IGNORECASE):
        raise ValueError(
            say(
                f"{path.name} 其实是网页格式。请用 Excel 或 WPS 打开，另存为 .xlsx 再试",
                f"{path.name} is a web page: open it in Excel and save it as .xlsx",
            )
        )
    if head.startswith(b"%PDF") or head[:3] in (b"\xff\xd8\xff", b"\x89PN"):
        raise ValueError(
            say(
                f"{path.name} 不是表格，是 PDF 或图片。请先录成 Excel 表",
                f"{path.name} is no table but a PDF or a picture",
            )
        )
    if sheet is not None:
        raise ValueError(say(f"{path.name} 不是 Excel 表，不用写 --sheet", f"{path.name} has no sheets"))
    return _text(file, path, head, score)


def _text(file: BinaryIO, path: Path, head: bytes, score: Callable[[Sequence[str]], int]) -> _Source:
    """A csv file: encoding line by line, the mark between cells by which the header fits best."""
    lines = _Lines(file, path, head)
    top = list(islice(lines, 4 * _TOP))
    best = (-1, -1, ",")
    for mark in _MARKS:
        try:
            rows = [row for row in islice(csv.reader(top, delimiter=mark), _TOP) if any(row)]
        except csv.Error:
            continue
        names = max(rows, key=lambda row: score(_names(row)), default=[])
        best = max(best, (score(_names(names)), len(names), mark), key=lambda x: x[:2])
    lines.put_back(top)
    return _Source(_records(lines, path, best[2]), [], lines.excel, lines.notes)


class _Lines:
    """Lines of a text file: mostly in one encoding, some in another, some broken; zero bytes left out."""

    def __init__(self, file: BinaryIO, path: Path, head: bytes) -> None:
        self.path = path
        self.number = self.quotes = 0
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
        self._again: list[str] = []
        if wide or (b"\n" not in head and b"\r" in head):
            text = io.TextIOWrapper(file, encoding=self.main, errors="replace", newline="")
            self._lines: Iterator[str] = self._plain(text)
        else:
            self._lines = self._decoded(file)

    def _plain(self, text: io.TextIOWrapper) -> Iterator[str]:
        for number, line in enumerate(text, start=1):
            if "\ufffd" in line:
                self.broken.append(number)
            yield line.replace("\0", "").removeprefix("\ufeff")
        text.detach()

    def _decoded(self, file: BinaryIO) -> Iterator[str]:
        for number, raw in enumerate(iter(lambda: file.readline(_LINE + 1), b""), start=1):
            if len(raw) > _LINE:
                raise ValueError(
                    say(
                        f"{self.path.name} 第 {number} 行太长（超过 {_LINE >> 20} MB），不像一张表",
                        f"{self.path.name}: row {number} is longer than {_LINE >> 20} MB, which no table's is",
                    )
                )
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            try:
                line = raw.decode(self.main)
            except UnicodeDecodeError:
                line = self._otherwise(raw, number)
            yield line.replace("\0", "") if "\0" in line else line

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
        self.number = self.quotes = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop(0) if self._again else next(self._lines)
        self.number += 1
        self.quotes += line.count('"')
        return line

    def notes(self) -> list[str]:
        out = []
        if self.other:
            out.append(
                say(
                    f"{self.path.name}：第 {places(self.other)} 行（共 {len(self.other)} 行）的编码和别的行不同，已分别读出",
                    f"{self.path.name}: {len(self.other)} rows in another encoding than the rest (rows {places(self.other)})",
                )
            )
        if self.broken:
            out.append(
                say(
                    f"{self.path.name}：第 {places(self.broken)} 行（共 {len(self.broken)} 行）有认不出的字，读成了 \ufffd。请看一眼",
                    f"{self.path.name}: characters in {len(self.broken)} rows could not be read (rows {places(self.broken)})",
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
    good: Counter[str] = Counter()
    lines = [line for line in head.splitlines() if not line.isascii()]
    for line in lines[:-1] or lines:  # the last one may be cut
        for name in ("utf-8", "gb18030"):
            try:
                line.decode(name)
            except UnicodeDecodeError:
                continue
            good[name] += 1
    return "utf-8" if 2 * good["utf-8"] >= len(lines[:-1] or lines) else "gb18030"


def _records(lines: _Lines, path: Path, mark: str) -> Rows:
    reader = csv.reader(lines, delimiter=mark)
    while True:
        first = lines.number + 1
        lines.quotes = 0
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unclosed(path, first) from error
        if lines.quotes % 2 and (lines.number > first or (row and row[-1].endswith(("\n", "\r")))):
            raise _unclosed(path, first)
        yield first, row


def _unclosed(path: Path, number: int) -> ValueError:
    return ValueError(
        say(
            f'{path.name} 第 {number} 行有一个引号（"）没有关上，后面的行会连成一片。请补上或删掉这个引号，或者在 Excel 里另存为 .xlsx',
            f'{path.name}: a quote (") in row {number} is never closed: close or delete it, or save the table as .xlsx',
        )
    )


def _names(row: Sequence[str]) -> list[str]:
    return [re.sub(r"\s*[\r\n]+\s*", "", c).strip() for c in row]


def _header(
    source: _Source, path: Path, score: Callable[[Sequence[str]], int]
) -> tuple[list[str], int, Rows]:
    """The headings, how many cells a row has, and the rows below.

    A header of two rows (a group above, names below) is read where one row alone says less.
    """
    top = list(islice(source.rows, _TOP))
    filled = [(k, _names(row)) for k, (_, row) in enumerate(top) if any(map(str.strip, row))]
    if not filled:
        raise ValueError(say(f"{path.name} 是空的", f"{path.name} is empty"))
    # Where no row has any of the names, the one with most cells is shown to the reader.
    found = max(filled, key=lambda x: (score(x[1]), sum(map(bool, x[1]))))
    place, names = found
    if not score(names) and place and sum(map(bool, filled[0][1])) > 1:
        place, names = filled[0]
    for (_, above), (k, below) in pairwise(filled):
        both = [b or a for a, b in zip([*above, *[""] * len(below)], below, strict=False)]
        both += above[len(below) :]
        if score(both) > score(names):
            place, names = k, both
    while len(names) > 1 and not names[-1]:
        names.pop()
    if place:
        source.notes.append(
            say(
                f"{path.name}：表头取自第 {top[place][0]} 行，上面的 {place} 行当作标题",
                f"{path.name}: the header was taken from row {top[place][0]}",
            )
        )
    return names, len(names), chain(top[place + 1 :], source.rows)


def _wanted(
    path: Path, columns: Mapping[str, str], if_there: Mapping[str, str] | None, names: Sequence[str]
) -> dict[str, int]:
    found = {label: place_of(c, names) for label, c in columns.items()}
    if lacking := list(dict.fromkeys(columns[label] for label, place in found.items() if place is None)):
        raise missing(path.name, lacking, names)
    for label, column in (if_there or {}).items():
        found.setdefault(label, place_of(column, names))
    return {label: place for label, place in found.items() if place is not None}


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


_EXPONENT = re.compile(r"(\d)(?:\.(\d*))?[eE]\+?(\d{1,2})")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)


def _literal(text: str) -> str:
    """What exporters write so that a spreadsheet keeps a number: ="0123" or '0123."""
    if text.startswith('="') and text.endswith('"') and len(text) > 3:
        return text[2:-1]
    return text[1:] if text[0] == "'" and text[1:2].isdigit() else text


def _arrow() -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError(
            say(
                "读 parquet 要先安装 pyarrow；也可以另存为 CSV",
                "parquet files need the extra 'parquet' (pyarrow)",
            )
        ) from error
    return parquet


def _parquet(
    file: BinaryIO,
    path: Path,
    columns: Mapping[str, str],
    if_there: Mapping[str, str] | None,
    kinds: Mapping[str, str],
) -> Sheet:
    parquet = _arrow()
    try:
        table = parquet.ParquetFile(file)
        names = table.schema_arrow.names
        wanted = _wanted(path, columns, if_there, names)
        types = [str(t) for t in table.schema_arrow.types]
        # Days and whole numbers stay what they are.
        as_text = {c for c, k in wanted.items() if types[k] in ("string", "large_string", "double", "float")}
        out: dict[str, Any] = {c: Spilled() if c in as_text else [] for c in wanted}
        repairs = {c: Repair(names[wanted[c]], kinds.get(c, "")) for c in as_text}
        rows = 0
        for batch in table.iter_batches(ROWS, columns=sorted({names[k] for k in wanted.values()})):
            rows += batch.num_rows
            for column, place in wanted.items():
                values: Iterable[Any] = batch.column(names[place]).to_pylist()
                if column in as_text:
                    values = [repairs[column](spreadsheet.cell_text(v).strip()) for v in values]
                out[column].extend(values)
    except Missing:
        raise
    except Exception as error:
        raise ValueError(
            say(f"{path.name} 打不开（{error}）", f"{path.name} cannot be read: {error}")
        ) from error
    notes = [note for mend in repairs.values() for note in mend.notes(path.name)]
    return Sheet(path.name, out, range(1, rows + 1), notes)

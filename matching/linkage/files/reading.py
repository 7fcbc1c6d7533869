"""Tables as charities have them: .xlsx, .xls, csv in any of the usual encodings, parquet. Columns wait on disk."""

import re
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, BinaryIO

from ..words import places, say
from . import delimited
from .delimited import TOP, Rows, one_line
from .fields import Missing, guess, guess_id, missing, place_of, squeezed
from .repair import Repair
from .sheetxml import Across, Down

ROWS = 5_000  # read and written at a time
ROOM = 1 << 22  # characters that wait for it
_END = "\0"
_BLOCK = 1 << 16
_SPOOL = 1 << 19  # bytes of a column that stay in memory
_SAMPLE = 1 << 20
_SUMS = frozenset(["合计", "合计：", "合计:", "总计", "小计", "共计", "累计", "本页小计", "本页合计"])
_OLE, _ZIP, _PARQUET = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"PAR1"


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
    #: Whether texts and numbers are told apart: a text was never rounded.
    typed: bool = False
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

    The header is the row among the first `TOP` that has most of the columns. Empty cells are None, empty rows are
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
        which = list(source.notes)  # of several sheets
        header, width, rows = _header(source, path, score)
        try:
            wanted = _wanted(path, columns, if_there, header)
        except Missing as error:
            raise Missing("\n".join([str(error), *which])) from None
        cells = {c: Spilled() for c in wanted}
        repairs = {c: Repair(header[k], (kinds or {}).get(c, ""), source.typed) for c, k in wanted.items()}
        down = dict.fromkeys(wanted, 0)
        numbers = array("L")
        long: list[int] = []
        sums: list[int] = []
        again = 0
        same: list[int] = []
        titles: list[int] = []
        places_ = list(wanted.values())
        kept: list[list[str]] = []
        waiting = 0

        def put_away() -> None:
            for k, (column, mend) in enumerate(repairs.items()):
                cells[column].extend([mend(row[k]) for row in kept])
            kept.clear()

        for number, row in rows:
            if row and row[0].lstrip()[:1] == header[0][:1] and one_line(row[:width]) == header:
                again += 1
                continue
            some = [row[place] if place < len(row) else "" for place in places_]
            own = [c for c in some if c and c.strip()]
            if not own:
                continue  # a note beside the table
            if type(own[0]) is Down and all(type(c) is Down for c in own):
                same.append(number)
                continue
            if type(own[0]) is Across and sum(map(bool, map(str.strip, row))) == 1:
                titles.append(number)
                continue
            if (
                re.sub(r"\s", "", next(c for c in filter(None, row) if c.strip() and type(c) is not Down))
                in _SUMS
            ):
                sums.append(number)
                continue
            if len(row) > width and any(map(str.strip, filter(None, row[width:]))):
                long.append(number)
            if source.typed:
                for column, cell in zip(wanted, some, strict=True):
                    down[column] += type(cell) is Down
            kept.append([c.strip() for c in some])
            numbers.append(number)
            waiting += sum(map(len, some))
            if len(kept) >= ROWS or waiting >= ROOM:
                put_away()
                waiting = 0
        put_away()
    notes = [*source.notes, *source.finish()]
    if any(down.values()):
        shown = say("、", ", ").join(f"{header[wanted[c]]} {n}" for c, n in down.items() if n)
        notes.append(
            say(
                f"{path.name}：合并的格子，下面各行都照最上面一行填上了（{shown}）。一家人合并的电话、地址就是这样",
                f"{path.name}: what is merged over several rows was read in each of them ({shown})",
            )
        )
    if titles:
        notes.append(
            say(
                f"{path.name}：第 {places(titles)} 行是合并的小标题，已跳过",
                f"{path.name}: merged titles left out (rows {places(titles)})",
            )
        )
    if same:
        notes.append(
            say(
                f"{path.name}：第 {places(same)} 行（共 {len(same)} 行）是合并格子里的续行，和上一行是同一条，没有另算",
                f"{path.name}: {len(same)} rows only continue the merged row above and were not counted again (rows {places(same)})",
            )
        )
    if long and source.typed:
        notes.append(
            say(
                f"{path.name}：第 {places(long)} 行（共 {len(long)} 行）在表头右边还有内容，没有列名，没有用到",
                f"{path.name}: {len(long)} rows hold something to the right of the header (rows {places(long)}); it is not used",
            )
        )
    elif long:
        notes.append(
            say(
                f"{path.name}：第 {places(long)} 行（共 {len(long)} 行）比表头长，多半是内容里有没加引号的逗号，列会错位。请看一眼",
                f"{path.name}: {len(long)} rows have more cells than the header (rows {places(long)}): are their columns shifted?",
            )
        )
    if sums:
        notes.append(
            say(
                f"{path.name}：第 {places(sums)} 行是合计，已跳过",
                f"{path.name}: sums left out (rows {places(sums)})",
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
        from . import spreadsheet  # most tables are csv

        rows, note = spreadsheet.rows(file, path.name, sheet, score)
        return _Source(rows, [note] if note else [], excel=True, typed=True)
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
    rows, excel, notes = delimited.rows(file, path.name, head, score)
    return _Source(rows, [], excel, finish=notes)


def _header(
    source: _Source, path: Path, score: Callable[[Sequence[str]], int]
) -> tuple[list[str], int, Rows]:
    """The headings, how many cells a row has, and the rows below.

    A header of two rows (a group above, names below) is read where one row alone says less.
    """
    top = list(islice(source.rows, TOP))
    filled = [(k, one_line(row)) for k, (_, row) in enumerate(top) if any(map(str.strip, row))]
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
        from .spreadsheet import cell_text

        as_text = {c for c, k in wanted.items() if types[k] in ("string", "large_string", "double", "float")}
        out: dict[str, Any] = {c: Spilled() if c in as_text else [] for c in wanted}
        repairs = {c: Repair(names[wanted[c]], kinds.get(c, ""), typed=True) for c in as_text}
        rows = 0
        for batch in table.iter_batches(ROWS, columns=sorted({names[k] for k in wanted.values()})):
            rows += batch.num_rows
            for column, place in wanted.items():
                values: Iterable[Any] = batch.column(names[place]).to_pylist()
                if column in as_text:
                    values = [repairs[column](cell_text(v).strip()) for v in values]
                out[column].extend(values)
    except Missing:
        raise
    except Exception as error:
        raise ValueError(
            say(f"{path.name} 打不开（{error}）", f"{path.name} cannot be read: {error}")
        ) from error
    notes = [note for mend in repairs.values() for note in mend.notes(path.name)]
    return Sheet(path.name, out, range(1, rows + 1), notes)

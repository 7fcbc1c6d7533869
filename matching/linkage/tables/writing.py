"""Results as .csv, .xlsx or .parquet: whole or not at all, and nothing in them that a spreadsheet would run."""

import csv
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .words import say

#: A row of cells, and columns by name: what a sink takes.
Rows = Iterable[Sequence[Any]]
Sink = Callable[[Rows], object]
KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".pq")
SHEET_ROWS = 1_048_576  # of a sheet
#: What a spreadsheet would take for a formula; quotes before it too, so that two values never become one.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|[\s\ufeff\u200b]*[=+\-@＝＋－＠])")
_PLAIN = re.compile(r"\w")  # most values begin with a letter or a digit: no formula does
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check(outputs: Sequence[Path | None], inputs: Sequence[Path | None]) -> None:
    """Raise ValueError for results that could not be written, before anything is computed."""
    seen: list[Path] = []
    for out in filter(None, outputs):
        place = out.resolve()
        if not place.parent.is_dir():
            raise ValueError(
                say(
                    f"没有这个文件夹：{out.parent}。请先建好，或换个地方",
                    f"there is no folder {out.parent}: make it first",
                )
            )
        if out.exists() and not stat.S_ISREG(out.stat().st_mode):
            raise ValueError(
                say(f"{out} 不是普通文件，结果写不进去", f"{out} is no regular file: name another one")
            )
        if not os.access(place.parent, os.W_OK):
            raise ValueError(
                say(
                    f"没有权限写进文件夹 {out.parent}，请换个地方",
                    f"the folder {out.parent} may not be written to",
                )
            )
        for given in filter(None, inputs):
            if given.exists() and out.exists() and given.samefile(out):
                raise ValueError(
                    say(
                        f"结果不能写进原来的表格 {out}，请换个文件名",
                        f"{out} is one of the tables: results need another name",
                    )
                )
        if place in seen:
            raise ValueError(say(f"两个结果不能写进同一个文件 {out}", f"two results cannot both be {out}"))
        seen.append(place)


def check_kind(out: Path | None) -> None:
    """Raise ValueError for a result of a kind that is not written here."""
    if out is not None and out.suffix.casefold() not in KINDS:
        raise ValueError(
            say(
                f"{out.name}：结果可以写成 .xlsx、.csv 或 .parquet，请用这样的文件名",
                f"{out.name}: results are .xlsx, .csv or .parquet",
            )
        )


@contextmanager
def complete(*outputs: Path | None) -> Iterator[list[Path | None]]:
    """Places to write to; all take their names together once everything is written, and nothing stays of an error.

    The places lie in folders of the writer's own, beside the results: others who may write there too could else have
    put a link under the name of a part, and so name the file that is written over.
    """
    targets = [out.resolve() if out else None for out in outputs]
    with ExitStack() as stack:
        parts: list[Path | None] = []
        for target in targets:
            place = target and Path(
                stack.enter_context(TemporaryDirectory(prefix=".linkage-", dir=target.parent))
            )
            parts.append(place and target and place / f"part{target.suffix.casefold()}")
        yield parts
        for part, target in zip(parts, targets, strict=True):
            if part and target:
                part.replace(target)


def rows_into(stack: ExitStack, part: Path, header: Sequence[str], excel: bool = False) -> Sink:
    """What takes the rows of one result, below its header.

    ``excel`` marks a csv as UTF-8, which Excel would else take for GBK. Numbers stay numbers in all kinds.
    """
    kind = part.suffix.casefold()
    if kind == ".xlsx":
        return _xlsx(stack, part, header)
    if kind in (".parquet", ".pq"):
        return _parquet(stack, part, header)
    file = stack.enter_context(part.open("w", encoding="utf-8-sig" if excel else "utf-8", newline=""))
    writer = csv.writer(file, delimiter="\t" if kind == ".tsv" else ",")
    writer.writerow([guarded(name) for name in header])
    return writer.writerows


def runs(text: str) -> bool:
    """Whether a spreadsheet that opens a csv would take this for a formula."""
    return not _PLAIN.match(text) and bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def guarded(text: str) -> str:
    """The text with a ' before it where it would run; taking the first ' away gives back what it was."""
    return f"'{text}" if runs(text) else text


def is_text(out: Path) -> bool:
    """Whether a result is a csv, in which a spreadsheet guesses what a cell is."""
    return out.suffix.casefold() in (".csv", ".tsv", ".txt")


def _parquet(stack: ExitStack, part: Path, header: Sequence[str]) -> Sink:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError(
            say(
                "写 .parquet 要先安装 pyarrow；也可以写 .csv",
                "parquet files need the extra 'parquet' (pyarrow)",
            )
        ) from error
    kinds = {"weight": pyarrow.float64(), "probability": pyarrow.float64(), "cluster": pyarrow.int64()}
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in header])
    writer = stack.enter_context(parquet.ParquetWriter(part, schema))

    def sink(rows: Rows) -> None:
        table = list(zip(*rows, strict=True)) or [()] * len(header)
        arrays = [
            pyarrow.array([_clean(v) for v in column], kind)
            for column, kind in zip(table, schema.types, strict=True)
        ]
        writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))

    return sink


def _clean(value: Any) -> Any:
    return _NOT_XML.sub("\ufffd", value) if type(value) is str else value


def _xlsx(stack: ExitStack, part: Path, header: Sequence[str]) -> Sink:
    """One sheet, row by row; every text is a text's cell, so that no number is rounded and no formula run."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.utils import get_column_letter
    except ImportError as error:
        raise ValueError(
            say(
                "写 .xlsx 要先安装 openpyxl；也可以写 .csv",
                ".xlsx files need the extra 'spreadsheets' (openpyxl)",
            )
        ) from error
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for column in range(1, len(header) + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 16
    count = 0

    def end(error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{count}"
            book.save(part)
        else:
            sheet.close()

    stack.push(end)

    def cell(value: Any) -> Any:
        if type(value) is not str:
            return value
        # A cell holds 32,767 characters.
        text = WriteOnlyCell(sheet, _NOT_XML.sub("\ufffd", _ESCAPE.sub("_x005F_", value))[:32_767])
        text.data_type = "s"  # also where it begins like a formula or says #N/A
        return text

    def sink(rows: Rows) -> None:
        nonlocal count
        for row in rows:
            count += 1
            if count > SHEET_ROWS:
                raise ValueError(
                    say(
                        f"结果超过 {SHEET_ROWS:,} 行，Excel 放不下，请写成 .csv",
                        f"more than {SHEET_ROWS:,} rows do not fit into a sheet: write a .csv",
                    )
                )
            sheet.append([cell(value) for value in row])

    sink([header])
    return sink

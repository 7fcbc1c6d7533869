"""Results as .csv, .xlsx or .parquet: whole or not at all, and nothing in them that a spreadsheet would run."""

import csv
import math
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..labels import COLUMNS
from ..words import say

#: A row of cells, and columns by name: what a sink takes.
Rows = Iterable[Sequence[Any]]
Sink = Callable[[Rows], object]
#: Who wrote a sheet, until somebody saves it anew.
MADE_BY = "Jieli"
KINDS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".pq")
SHEET_ROWS = 1_048_576  # of a sheet
#: What a spreadsheet would take for a formula; quotes before it too, so that two values never become one.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|[\s\ufeff\u200b]*[=+\-@＝＋－＠])")
_PLAIN = re.compile(r"\w")  # most values begin with a letter or a digit: no formula does
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Page:
    """How a sheet is laid out for a person.

    ``about``: the lines of a first sheet, each a word and what it says. Rows whose cell in a column holds a word
    (``mark``) are shaded, light enough to print; where the column ``group`` changes, a line is drawn.
    """

    title: str
    about: Sequence[tuple[str, str]]
    widths: Sequence[float]
    mark: tuple[int, str]
    frozen: str = "A2"
    group: int | None = None


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
        if out.exists() and not os.access(out, os.W_OK):
            raise ValueError(
                say(
                    f"{out} 设成了只读，不能换成新的。请换个文件名",
                    f"{out} is read-only and is not replaced: name another file",
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
def complete(*outputs: Path | None, keep: Mapping[Path, Path] | None = None) -> Iterator[list[Path | None]]:
    """Places to write to; all take their names together once everything is written, and nothing stays of an error.

    What stands at an output is replaced; where ``keep`` names another place for it, it goes there first.

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
        for old, place in (keep or {}).items():
            old.resolve().rename(place)
        for part, target in zip(parts, targets, strict=True):
            if part and target:
                part.replace(target)


def rows_into(
    stack: ExitStack, part: Path, header: Sequence[str], excel: bool = False, page: Page | None = None
) -> Sink:
    """What takes the rows of one result, below its header.

    ``excel`` marks a csv as UTF-8, which Excel would else take for GBK; ``page`` lays out a sheet. Numbers stay numbers
    in all kinds.
    """
    kind = part.suffix.casefold()
    if kind == ".xlsx":
        return _xlsx(stack, part, header, page or Page("1", (), [16] * len(header), (0, "")))
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


def is_sheet(out: Path) -> bool:
    """Whether a result is a sheet, which people open."""
    return out.suffix.casefold() == ".xlsx"


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
    numbers = {"weight": pyarrow.float64(), "probability": pyarrow.float64(), "cluster": pyarrow.int64()}
    kinds = {**numbers, **{COLUMNS[name]: kind for name, kind in numbers.items()}}
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


def _xlsx(stack: ExitStack, part: Path, header: Sequence[str], page: Page) -> Sink:
    """Row by row; every text is a text's cell, so that no number is rounded and no formula run."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
        from openpyxl.utils import get_column_letter
    except ImportError as error:
        raise ValueError(
            say(
                "写 .xlsx 要先安装 openpyxl；也可以写 .csv",
                ".xlsx files need the extra 'spreadsheets' (openpyxl)",
            )
        ) from error
    book = Workbook(write_only=True)
    book.properties.creator = book.properties.lastModifiedBy = MADE_BY
    plain = Alignment(horizontal="left", vertical="top")
    wrap = Alignment(horizontal="left", vertical="top", wrap_text=True)
    bold = Font(bold=True)
    shade = PatternFill("solid", fgColor="FFF2CC")  # a light grey on paper
    head = PatternFill("solid", fgColor="D9D9D9")
    line = Border(top=Side("thin", color="808080"))
    sheets = []

    def leaf(title: str, widths: Sequence[float], frozen: str | None) -> Any:
        sheet = book.create_sheet(title)
        sheet.freeze_panes = frozen
        for column, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.page_setup.paperSize = 9  # A4
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
        sheet.oddFooter.center.text = "&P / &N"
        sheets.append(sheet)
        return sheet

    def styled(**style: Any) -> Any:
        """A style that many cells share: what openpyxl finds out about one for each cell takes half of its time."""
        one = WriteOnlyCell(sheets[0])
        for name, value in style.items():
            setattr(one, name, value)
        return one._style

    def cell(sheet: Any, value: Any, style: Any) -> Any:
        if type(value) is str:
            # A cell holds 32,767 characters.
            value = _NOT_XML.sub("\ufffd", _ESCAPE.sub("_x005F_", value))[:32_767]
        out = WriteOnlyCell(sheet, value)
        if type(value) is str:
            out.data_type = "s"  # also where it begins like a formula or says #N/A
        out._style = style
        return out

    if page.about:
        first = leaf(say("说明", "about"), [16, 96], None)
        name_, text_ = styled(font=bold, alignment=wrap), styled(alignment=wrap)
        for number, (what, said) in enumerate(page.about, start=1):
            first.row_dimensions[number].height = 16 * _lines(said, 96)
            first.append([cell(first, what, name_), cell(first, said, text_)])
    sheet = leaf(page.title, page.widths, page.frozen)
    sheet.page_setup.orientation = "landscape"
    sheet.print_title_rows = "1:1"
    count = 1
    group: Any = None

    def end(error: type[BaseException] | None, *_: object) -> None:
        try:
            if error is None:
                sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{count}"
                _save(book, part)
        finally:
            for one in sheets:
                with suppress(Exception):  # the first error is the one to be told
                    one.close()

    stack.push(end)
    sheet.row_dimensions[1].height = 15 * max(map(_lines, header, page.widths))
    heading = styled(font=bold, fill=head, alignment=wrap)
    sheet.append([cell(sheet, name, heading) for name in header])
    styles = {
        (shaded, lined, wrapped): styled(
            alignment=wrap if wrapped else plain, **({"fill": shade} if shaded else {}), **({"border": line} if lined else {})
        )
        for shaded in (False, True) for lined in (False, True) for wrapped in (False, True)
    }  # fmt: skip

    def sink(rows: Rows) -> None:
        nonlocal count, group
        for row in rows:
            count += 1
            if count > SHEET_ROWS:
                raise ValueError(
                    say(
                        f"结果超过 {SHEET_ROWS:,} 行，Excel 放不下，请写成 .csv",
                        f"more than {SHEET_ROWS:,} rows do not fit into a sheet: write a .csv",
                    )
                )
            shaded = row[page.mark[0]] == page.mark[1]
            lined = page.group is not None and row[page.group] != group
            if lined and page.group is not None:
                group = row[page.group]
            high = max(map(_lines, row, page.widths))
            if high > 1:
                sheet.row_dimensions[count].height = 15 * min(high, 20)
            style = styles[shaded, lined, high > 1]
            sheet.append(
                [cell(sheet, value, style) if value is not None or shaded or lined else None for value in row]
            )
            sheet.row_dimensions.pop(
                count, None
            )  # written with the row; a million of them would take a gigabyte

    return sink


def _save(book: Any, part: Path) -> None:
    """As a workbook saves itself; where the disk is full the archive is closed at once, not with an outcry later."""
    import zipfile

    from openpyxl.writer.excel import ExcelWriter

    archive = zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
    try:
        ExcelWriter(book, archive).save()
    except BaseException:
        with suppress(OSError, ValueError):
            archive.close()
        raise


def _lines(value: Any, width: float) -> int:
    """Lines that a text takes in a column; a Chinese character is as wide as two others."""
    if type(value) is not str or (len(value) * 2 < width and "\n" not in value):
        return 1
    return sum(
        max(math.ceil(sum(1 if c < "\u1100" else 2 for c in line[:2_000]) / width), 1)
        for line in value[:2_000].split("\n")
    )

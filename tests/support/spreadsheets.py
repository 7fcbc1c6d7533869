"""Small .xlsx files, written as Excel writes them: numbers as numbers, days as days with a format."""

import datetime
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cells(sheet: Any) -> dict[str, list[Any]]:
    """The columns of a sheet that was read, as lists."""
    return {name: list(column) for name, column in sheet.columns.items()}


def _letters(column: int) -> str:
    out = ""
    while column >= 0:
        out = chr(65 + column % 26) + out
        column = column // 26 - 1
    return out


def _cell(place: str, value: object) -> str:
    if value is None or value == "":
        return f'<c r="{place}" s="0"/>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime.date):
        return f'<c r="{place}" s="1"><v>{(value - datetime.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value:.15g}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def write_xlsx(
    path: Path, sheets: dict[str, list[list]], extra: str = "", before: str = "", after: str = ""
) -> None:
    """Sheets by name as rows of cells; XML: ``extra`` behind the last row of each, ``after`` behind all, ``before`` above."""
    numbers = range(1, len(sheets) + 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{_KIND}.sheet.main+xml"/><Override PartName="/xl/styles.xml" '
            f'ContentType="{_KIND}.styles+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        listed = "".join(
            f'<sheet name="{name}" sheetId="{k}" r:id="r{k}"/>'
            for k, name in zip(numbers, sheets, strict=True)
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>',
        )
        targets = "".join(
            f'<Relationship Id="r{k}" Type="{_REL}/worksheet" Target="worksheets/sheet{k}.xml"/>'
            for k in numbers
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{targets}<Relationship Id="styles" '
            f'Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
        )
        book.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        )
        for k, rows in zip(numbers, sheets.values(), strict=True):
            body = "".join(
                f'<row r="{y}">{"".join(_cell(f"{_letters(x)}{y}", v) for x, v in enumerate(row))}</row>'
                for y, row in enumerate(rows, start=1)
            )
            book.writestr(
                f"xl/worksheets/sheet{k}.xml",
                f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{body}{extra}</sheetData>{after}</worksheet>',
            )

"""Sheets: what is merged over several rows, and sheets that no spreadsheet program could have written."""

import datetime
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage.files import sheetxml
from matching.linkage.files.reading import read
from matching.linkage.files.repair import Repair
from matching.linkage.files.sheetxml import Down, filled_down
from matching.linkage.files.spreadsheet import _Xlsx, cell_text
from spreadsheets import cells, write_xlsx

MERGED = Path(__file__).parent / "data" / "merged.xls"
HEAD = ["编号", "姓名", "住址", "电话"]


pytestmark = pytest.mark.usefixtures("chinese")


def sheet(tmp_path, rows, merged=(), wanted=HEAD, extra=""):
    """A sheet with these ranges merged."""
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    after = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    path = tmp_path / "a.xlsx"
    write_xlsx(path, {"一": rows}, extra=extra, after=after)
    return read(path, {c: c for c in wanted})


FAMILY = [
    ["登记表"], HEAD,
    [1, "张三", "文昌路1号", "13800138000"],
    [2, "张小", "", ""],
    [3, "张大", "", "13900139000"],
    [4, "李四", "", ""],
]  # fmt: skip


def test_what_is_merged_over_several_rows_stands_in_each_of_them_and_is_counted(tmp_path):
    found = sheet(tmp_path, FAMILY, ["A1:D1", "C3:C5", "D3:D4"])
    assert cells(found) == {
        "编号": ["1", "2", "3", "4"], "姓名": ["张三", "张小", "张大", "李四"],
        "住址": ["文昌路1号"] * 3 + [None], "电话": ["13800138000", "13800138000", "13900139000", None],
    }  # fmt: skip
    assert "照最上面一行填上了（住址 2、电话 1）" in found.notes[1]


def test_a_spreadsheet_of_old_tells_its_merged_cells_too():
    pytest.importorskip("xlrd")
    found = read(MERGED, {c: c for c in HEAD})
    assert cells(found)["住址"] == ["文昌路1号", "文昌路1号", "文昌路1号", None]
    assert cells(found)["电话"] == ["13800138000", "13800138000", "13900139000", None]
    assert list(found.numbers) == [3, 4, 5, 6]


def test_a_merged_title_and_a_merged_heading_stay_what_they_are(tmp_path):
    rows = [
        ["受助人登记表"], [], ["编号", "姓名", "家里"], ["", "", "住址", "电话"], [1, "张三", "甲", "138"],
    ]  # fmt: skip
    found = sheet(tmp_path, rows, ["A1:D2", "A3:A4", "B3:B4", "C3:D3"])
    assert cells(found) == {"编号": ["1"], "姓名": ["张三"], "住址": ["甲"], "电话": ["138"]}
    assert list(found.numbers) == [5]
    assert [n for n in found.notes if "合并" in n] == []


def test_a_merged_title_between_the_rows_is_no_person(tmp_path):
    rows = [HEAD, [1, "张三", "甲", "138"], ["第二批"], [2, "李四", "乙", "139"], [3], ["第三批"]]
    found = sheet(tmp_path, rows, ["A3:D3", "A5:B5"])
    assert cells(found)["编号"] == ["1", "2", "3", "第三批"]
    assert found.notes == ["a.xlsx：第 3 行是合并的小标题，已跳过"]


def test_lines_of_one_entry_are_one_entry(tmp_path):
    """A person's cells are merged over the lines of his hospital stays: the lines below are no second person."""
    rows = [
        [*HEAD, "住院"],
        [1, "张三", "甲", "138", "3月"],
        ["", "", "", "", "5月"],
        [2, "李四", "乙", "139", "4月"],
    ]
    found = sheet(tmp_path, rows, ["A2:A3", "B2:B3", "C2:C3", "D2:D3"])
    assert cells(found)["编号"] == ["1", "2"]
    assert list(found.numbers) == [2, 4]
    assert "第 3 行（共 1 行）是合并格子里的续行" in found.notes[0]


def test_without_merged_cells_empty_cells_stay_empty(tmp_path):
    assert cells(sheet(tmp_path, FAMILY))["住址"] == ["文昌路1号", None, None, None]


def test_a_merge_without_content_or_across_columns_fills_nothing(tmp_path):
    found = sheet(tmp_path, FAMILY, ["C6:C9", "A3:B3", "$B$3:$D$3"])
    assert cells(found)["住址"] == ["文昌路1号", None, None, None]


def test_a_range_that_lies_on_the_border_of_two_blocks_is_found_once(tmp_path, monkeypatch):
    monkeypatch.setattr(sheetxml, "_BLOCK", 3)
    rows = [HEAD] + [[k, f"名{k}", "甲" if k % 2 else "", ""] for k in range(1, 41)]
    path = tmp_path / "a.xlsx"
    ranges = "".join(f'<x:mergeCell foo="" ref="C{k}:C{k + 1}"/>' for k in range(2, 42, 2))
    write_xlsx(path, {"一": rows}, after=f'<x:mergeCells xmlns:x="u">{ranges}</x:mergeCells>')
    assert len(sheetxml.merges(_part(path), "a")) == 20
    monkeypatch.undo()
    assert cells(read(path, {"编号": "编号", "住址": "住址"}))["住址"] == ["甲"] * 40


def _part(path):
    import zipfile

    return zipfile.ZipFile(path).open("xl/worksheets/sheet1.xml")


def test_more_merges_than_a_table_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheetxml, "MERGED", 3)
    with pytest.raises(ValueError, match="合并的格子太多"):
        sheet(tmp_path, FAMILY, [f"A{k}:A{k + 1}" for k in range(1, 9, 2)])
    monkeypatch.setattr(sheetxml, "FILLED", 3)
    with pytest.raises(ValueError, match="合并的格子太多"):
        list(filled_down(iter([(k, ["x", "y"][: 2 - (k > 1)]) for k in range(1, 9)]), [(1, 9, 1, 1)], "a"))


def test_filled_cells_can_be_told_from_others():
    rows = list(
        filled_down(iter([(1, ["a", "b"]), (3, ["c"]), (4, ["d", "e"]), (9, ["f"])]), [(1, 8, 1, 1)], "a")
    )
    assert rows == [(1, ["a", "b"]), (3, ["c", "b"]), (4, ["d", "e"]), (9, ["f"])]
    assert type(rows[1][1][1]) is Down


GRID = st.lists(st.lists(st.sampled_from(["", "甲", "乙"]), min_size=3, max_size=3), min_size=1, max_size=8)


@given(GRID, st.lists(st.tuples(st.integers(1, 8), st.integers(0, 3), st.integers(0, 2)), max_size=4))
def test_what_is_filled_down_is_what_the_file_says(grid, ranges):
    taken: set[tuple[int, int]] = set()
    found = []
    for first, more, column in ranges:
        places = {(row, column) for row in range(first, first + more + 1)}
        if more and not places & taken:
            taken |= places
            found.append((first, first + more, column, column))
    expected = [list(row) for row in grid]
    for first, last, column, _ in found:
        value = grid[first - 1][column] if first <= len(grid) else ""
        for number in range(first, min(last, len(grid)) + 1):
            expected[number - 1][column] = expected[number - 1][column] or value
    rows = filled_down(((k, list(row)) for k, row in enumerate(grid, start=1)), sorted(found), "a")
    assert [row for _, row in rows] == expected


CELL = st.one_of(
    st.none(), st.booleans(), st.integers(1 - 10**15, 10**15 - 1), st.floats(-(2.0**40), 2.0**40, width=32),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=6),
    st.dates(datetime.date(1905, 1, 1), datetime.date(2100, 1, 1)),
    st.datetimes(datetime.datetime(1905, 1, 1), datetime.datetime(2100, 1, 1)).map(lambda d: d.replace(microsecond=0)),
    st.times().map(lambda t: t.replace(microsecond=0)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELL, max_size=4), max_size=5), st.booleans())
def test_cells_are_read_as_the_library_reads_them(rows, since_1904):
    """Every kind of cell, as `openpyxl` itself sees it after the way through a file."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    if since_1904:
        book.epoch = openpyxl.utils.datetime.MAC_EPOCH
    for y, row in enumerate(rows, start=1):
        for x, value in enumerate(row, start=1):
            cell = book.active.cell(y, x, value)
            if isinstance(value, str):
                cell.data_type = "s"
    file = io.BytesIO()
    book.save(file)
    seen = openpyxl.load_workbook(file, data_only=True).active
    expected = []
    for number, row in enumerate(seen.iter_rows(values_only=True), start=1):
        shown = ["TRUE" if v is True else "FALSE" if v is False else cell_text(v) for v in row]
        while shown and not shown[-1]:
            shown.pop()
        if shown:
            expected.append((number, shown))
    assert list(_Xlsx(file, "a").rows(0)) == expected


# What no program writes


def row(number, *found):
    return f'<row r="{number}">' + "".join(f'<c r="{at}"><v>{v}</v></c>' for at, v in found) + "</row>"


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (row(9, ("A9", 9)) + row(8, ("A8", 8)), "第 9 行后面又是第 8 行"),
        (row(9, ("A9", 9)) + row(9, ("A9", 8)), "第 9 行后面又是第 9 行"),
        (row(9, ("A9", 9), ("A9", 8)), "第 9 行第 1 列的格子出现了两次"),
        (row(9, ("ZZZ9", 9)), "第 9 行有一格在 XFD 列"),
        (row(9, ("ZZZZ9", 9)), "第 9 行有一格在 XFD 列"),
    ],
)
def test_what_would_be_lost_is_said_and_not_lost(tmp_path, extra, said):
    with pytest.raises(ValueError, match=said):
        sheet(tmp_path, FAMILY, extra=extra)


def test_cells_of_a_row_may_come_in_any_order(tmp_path):
    found = sheet(tmp_path, FAMILY, extra=row(9, ("D9", 138), ("A9", 9)))
    assert [column[-1] for column in cells(found).values()] == ["9", None, None, "138"]


def test_rows_and_cells_without_a_place_follow_one_another(tmp_path):
    found = sheet(tmp_path, [HEAD], extra="<row><c><v>1</v></c><c/><c><v>2</v></c></row>")
    assert cells(found) == {"编号": ["1"], "姓名": [None], "住址": ["2"], "电话": [None]}
    assert list(found.numbers) == [2]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("word/document.xml", "是 Word 文档"),
        ("xl/workbook.bin", "是 .xlsb"),
        ("content.xml", "是 .ods"),
        ("受助人.xlsx", "是压缩包"),
    ],
)
def test_another_kind_of_file_is_called_by_its_name(tmp_path, part, said):
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as book:
        book.writestr(part, "x")
    with pytest.raises(ValueError, match=said):
        read(tmp_path / "a.xlsx", {"编号": "编号"})


@pytest.mark.parametrize("kind", ["cell", "row"])
def test_texts_without_end_are_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(sheetxml, "CELL", 1000)
    monkeypatch.setattr(sheetxml, "ROW", 1000)
    rows = [[9, "长" * 1001]] if kind == "cell" else [[9, "长" * 600, "长" * 600]]
    with pytest.raises(ValueError, match="第 7 行有一个格子超过" if kind == "cell" else "第 7 行太长"):
        sheet(tmp_path, FAMILY + rows)


def test_a_tag_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheetxml, "SILENT", 1 << 18)
    with pytest.raises(ValueError, match="有一个格子超过"):
        sheet(tmp_path, FAMILY, extra=f'<row r="9" x="{"a" * (1 << 20)}"/>')


def test_wide_rows_and_long_cells_take_no_memory(tmp_path):
    wide = "".join(row(k, (f"A{k}", k), (f"XFD{k}", "1")) for k in range(9, 309))
    (tmp_path / "b.csv").write_text("编号,姓名\n" + "".join(f"{k},{'长' * 100_000}\n" for k in range(60)))
    tracemalloc.start()
    found = sheet(tmp_path, FAMILY, extra=wide)
    assert len(found.numbers) == 304
    assert "（共 300 行）在表头右边还有内容" in found.notes[-1]
    found = read(tmp_path / "b.csv", {"编号": "编号", "姓名": "姓名"}, {"姓名": "name"})
    assert tracemalloc.get_traced_memory()[1] < 40 << 20
    tracemalloc.stop()
    assert {len(v) for v in found.columns["姓名"]} == {1000}
    assert "“姓名”有 60 个格子超过 1,000 个字" in found.notes[0]


def test_a_row_of_a_megabyte_in_a_csv_takes_no_memory_and_is_said(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("编号,姓名\n" + "".join(f"{k},{'张,' * 300_000}\n" for k in range(12)), encoding="utf-8")
    tracemalloc.start()
    found = read(path, {"编号": "编号", "姓名": "姓名"})
    assert tracemalloc.get_traced_memory()[1] < 120 << 20
    tracemalloc.stop()
    assert cells(found) == {"编号": [str(k) for k in range(12)], "姓名": ["张"] * 12}
    assert "（共 12 行）比表头长" in found.notes[0]


def test_rows_without_end_between_quotes_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("matching.linkage.files.delimited._LINE", 2000)
    rows = '1,"' + '\n","'.join(["张三"] * 2000)
    (tmp_path / "a.csv").write_text(f"编号,姓名\n{rows}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="第 2 行有一个引号"):
        read(tmp_path / "a.csv", {"编号": "编号"})


def test_a_gb_18030_file_may_begin_with_its_mark(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\x84\x31\x95\x33" + "编号,姓名\n1,张三\n".encode("gb18030"))
    assert cells(read(tmp_path / "a.csv", {"编号": "编号", "姓名": "姓名"})) == {
        "编号": ["1"],
        "姓名": ["张三"],
    }


# Numbers that end in zeros


@pytest.mark.parametrize(
    "number", ["110105194912310000", "6222021001116245000", "13800138000", "622202100111624000"]
)
def test_a_text_that_ends_in_zeros_was_not_ruined(tmp_path, number):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, {"一": [["号"], [number]]})
    for kind in ("id_number", "phone"):
        found = read(path, {"号": "号"}, {"号": kind})
        assert (list(found.columns["号"]), found.notes) == ([number], [])


def test_a_number_that_ends_in_zeros_may_have_been(tmp_path):
    cell = "<row><c><v>110105194912310000</v></c></row><row><c><v>110105194912310020</v></c></row><row><c><v>110105194912000</v></c></row>"
    write_xlsx(tmp_path / "a.xlsx", {"一": [["号"]]}, extra=cell)
    found = read(tmp_path / "a.xlsx", {"号": "号"}, {"号": "id_number"})
    assert list(found.columns["号"]) == ["110105194912310***", "110105194912310020", "110105194912000"]
    assert "有 1 个号码存成了数字" in found.notes[0]


def test_in_a_csv_only_a_residents_number_is_taken_for_a_rounded_one():
    assert Repair("号", "id_number")("110105194912310000") == "110105194912310***"
    assert Repair("号", "id_number")("622202100111624000") == "622202100111624000"
    assert Repair("号", "phone")("110105194912310000") == "110105194912310000"

"""Old spreadsheets as charities have them: what is read, what is said, and what is written."""

import csv
import datetime
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage.files import fields as columns_
from matching.linkage.files.fields import guess, pair, parse_fields
from matching.linkage.files.linking import link_files, proposal
from matching.linkage.files.reading import headings, read
from matching.linkage.files.repair import Repair
from spreadsheets import cells, write_xlsx

HEAD = "编号,姓名,身份证,生日\n"
ROWS = "1,张三丰,11010519491231002X,1949-12-31\n2,張三豐,110105491231002,\n3,李四,,1980-01-01\n\n"
WANTED = {"编号": "编号", "生日": "生日"}
FOUND = {"编号": ["1", "2", "3"], "生日": ["1949-12-31", None, "1980-01-01"]}


OLD = Path(__file__).parent / "data" / "old.xls"


pytestmark = pytest.mark.usefixtures("chinese")


def table(tmp_path, text: str | bytes, columns=WANTED, kinds=None, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(path, columns, kinds)


# Fields


def test_fields_are_read_as_kind_and_column():
    assert parse_fields("given_name=first, surname=last,phone") == {
        "first": "given_name", "last": "surname", "phone": "phone",
    }  # fmt: skip


def test_fields_are_read_as_a_chinese_keyboard_writes_them():
    assert parse_fields("姓名＝受助人，电话=手机") == {"受助人": "name", "手机": "phone"}


@pytest.mark.parametrize(
    "text",
    ["姓名,手机", "“name=姓名，phone=手机”", "name:姓名,phone：手机", "姓名、手机", '"name=姓名,phone=手机"'],
)
def test_fields_are_read_as_people_type_them(text):
    assert parse_fields(text) == {"姓名": "name", "手机": "phone"}


@pytest.mark.parametrize("text", ["", "shoe=a", "name=a,surname=a", "recorded_on=a"])
def test_wrong_field_lists_are_refused(text):
    with pytest.raises(ValueError):
        parse_fields(text)


def test_a_kind_that_does_not_exist_is_answered_with_the_kinds_and_the_nearest():
    with pytest.raises(ValueError, match=r"phonee.*是不是 phone？.*id_number（身份证号）"):
        parse_fields("phonee=手机")


def test_messages_are_english_where_the_terminal_is(monkeypatch):
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    with pytest.raises(ValueError, match=r"unknown field kind 'shoe'"):
        parse_fields("shoe=a")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("姓名", "name"), ("姓 名", "name"), ("受助人姓名", "name"), ("患儿姓名*", "name"), ("身份证号码", "id_number"),
        ("证件号码", "id_number"), ("公民身份号码", "id_number"), ("身份证号（18位）", "id_number"), ("手机号码", "phone"),
        ("联系电话", "phone"), ("联系方式", "phone"), ("出生年月", "birth_date"), ("出生日期", "birth_date"), ("性别", "sex"),
        ("年龄(岁)", "age"), ("家庭住址", "address"), ("就诊医院", "hospital"), ("所患疾病", "disease"), ("诊断", "disease"),
        ("邮编", "postcode"), ("户籍所在地", "area"), ("电子邮箱", "email"), ("given_name", "given_name"),
        ("Surname", "surname"), ("date_of_birth", "birth_date"), ("soc_sec_id", "id_number"), ("address_1", "address"),
        ("postcode", "postcode"), ("phone_number", "phone"),
    ],
)  # fmt: skip
def test_a_heading_tells_its_kind(heading, kind):
    assert guess([heading]) == {heading: kind}


@pytest.mark.parametrize(
    "heading", ["监护人姓名", "备注", "金额", "父亲电话", "银行卡号", "", "状态", "审核日期"]
)
def test_a_heading_of_something_else_is_not_guessed(heading):
    assert guess([heading]) == {}


@pytest.mark.parametrize(
    ("headings", "kinds"),
    [
        ("fname_c1,fname_c2,lname_c1,lname_c2,by,bm,bd", "given_name given_name surname surname birth_date birth_date birth_date"),
        ("Last,First,MI,DOB", "surname given_name given_name birth_date"),
        ("name,birth_year,birth_month,birth_day", "name birth_date birth_date birth_date"),
        ("last_name,first_name,midl_name,sex_code,full_phone_num", "surname given_name given_name sex phone"),
        ("Vorname,Nachname,Geburtsdatum,PLZ,Ort", "given_name surname birth_date postcode area"),
    ],
)  # fmt: skip
def test_second_names_and_the_parts_of_a_birth_date_are_guessed_beside_the_first(headings, kinds):
    assert list(guess(headings.split(",")).items()) == list(
        zip(headings.split(","), kinds.split(), strict=True)
    )


def test_a_part_alone_and_a_middle_name_without_a_first_are_not_guessed():
    assert guess(["name", "by", "bd"]) == {"name": "name"}
    assert guess(["姓名", "出生日期", "出生年份"]) == {"姓名": "name", "出生日期": "birth_date"}
    assert guess(["mi", "middle"]) == {}


def test_when_rows_were_written_matters_only_beside_an_age():
    assert guess(["姓名", "登记日期"]) == {"姓名": "name"}
    assert guess(["姓名", "年龄", "登记日期"]) == {"姓名": "name", "年龄": "age", "登记日期": "recorded_on"}


def test_two_tables_are_paired_by_kind_in_order():
    kinds, a, b = pair(
        {"姓名": "name", "手机": "phone", "座机": "phone"},
        {"电话1": "phone", "患者": "name", "电话2": "phone"},
    )
    assert kinds == {"姓名": "name", "手机": "phone", "座机": "phone"}
    assert a == {"姓名": ("姓名",), "手机": ("手机",), "座机": ("座机",)}
    assert b == {"姓名": ("患者",), "手机": ("电话1",), "座机": ("电话2",)}


def test_a_kind_that_only_one_table_has_is_said():
    with pytest.raises(ValueError, match="phone 一边 1 列，另一边 0 列"):
        pair({"姓名": "name", "手机": "phone"}, {"患者": "name"})


def test_a_surname_and_a_given_name_are_a_whole_name():
    whole = columns_.WholeName(["张", "Smith", None, "李", None], ["三", "Ann", "四", None, None])
    assert list(whole) == ["张三", "Ann Smith", "四", "李", None]
    assert (len(whole), whole[1]) == (5, "Ann Smith")


# Text files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_is_read_as_spreadsheets_write_it(tmp_path, encoding, mark, end):
    text = (HEAD + ROWS).replace(",", mark).replace("\n", end)
    found = table(tmp_path, text.encode(encoding))
    assert cells(found) == FOUND
    assert list(found.numbers) == [2, 3, 4]
    assert found.notes == []
    assert found.excel is (encoding != "utf-8")


def test_lines_of_another_encoding_are_read_and_said(tmp_path):
    text = HEAD.encode() + "1,张三丰,,\n".encode() + "2,李四,,甲\n".encode("gb18030") + "3,王五,,\n".encode()
    found = table(tmp_path, text, {"姓名": "姓名", "生日": "生日"})
    assert cells(found) == {"姓名": ["张三丰", "李四", "王五"], "生日": [None, "甲", None]}
    assert "第 3 行（共 1 行）的编码和别的行不同" in found.notes[0]


def test_a_broken_character_costs_that_character_alone_and_is_said(tmp_path):
    text = (
        (HEAD + "1,张三丰,,\n2,李四四,,\n").encode().replace("四四".encode(), "四".encode() + b"\xed\xa0\x80")
    )
    found = table(tmp_path, text, {"姓名": "姓名"})
    first, second = found.columns["姓名"]
    assert first == "张三丰"
    assert second.startswith("李四\ufffd")
    assert "第 3 行（共 1 行）有认不出的字" in found.notes[0]


def test_zero_bytes_and_blank_rows_and_repeated_headers_are_left_out(tmp_path):
    found = table(tmp_path, HEAD + "1,张\0三,,\n,,,\n" + HEAD + "2,李四,,\n   ,\n", {"姓名": "姓名"})
    assert cells(found) == {"姓名": ["张三", "李四"]}
    assert list(found.numbers) == [2, 5]
    assert "表头重复了 1 次" in found.notes[0]


def test_sums_and_what_stands_beside_the_table_are_left_out(tmp_path):
    found = table(
        tmp_path, "编号,姓名,备注\n1,张三,\n,,审核：王\n,合 计,2\n小计,1,\n", {"编号": "编号", "姓名": "姓名"}
    )
    assert cells(found) == {"编号": ["1"], "姓名": ["张三"]}
    assert found.notes == ["a.csv：第 4、5 行是合计，已跳过"]


def test_short_rows_are_filled_and_long_ones_said(tmp_path):
    found = table(
        tmp_path, HEAD + "1,张三\n2,李四,,1980-01-01,又,多\n3,王五,,,,,\n", {"姓名": "姓名", "生日": "生日"}
    )
    assert cells(found) == {"姓名": ["张三", "李四", "王五"], "生日": [None, "1980-01-01", None]}
    assert len(found.notes) == 1
    assert "第 3 行（共 1 行）比表头长" in found.notes[0]


@pytest.mark.parametrize(
    "rows",
    [
        '1,"张三,,\n2,李四,,\n3,王五,,\n',
        '1,张三,,\n2,李四,,\n3,"王五,,\n',
        '1,"张三,,\n' + "2,李四四四四四四四四四,,\n" * 20_000,
    ],
)
def test_a_quote_that_is_never_closed_is_said_with_its_row(tmp_path, rows):
    number = 4 if rows.startswith("1,张") else 2
    with pytest.raises(ValueError, match=f"第 {number} 行有一个引号"):
        table(tmp_path, HEAD + rows)


def test_quotes_and_line_breaks_within_cells_are_no_trouble(tmp_path):
    found = table(tmp_path, HEAD + '1,"张""三",,\n2,"李\n四",,\n3,5" 管,,\n', {"姓名": "姓名"})
    assert cells(found) == {"姓名": ['张"三', "李\n四", '5" 管']}
    assert list(found.numbers) == [2, 3, 5]


def test_a_cell_without_end_is_refused(tmp_path):
    with pytest.raises(ValueError, match="第 3 行有一个格子超过 131,072 个字"):
        table(tmp_path, HEAD + "1,a,,\n2," + "长" * 140_000 + "\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_end_is_refused(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr("matching.linkage.files.delimited._LINE", 1000)
    with pytest.raises(ValueError, match="第 2 行太长"):
        table(tmp_path, (HEAD + "1," + "长" * 1000 + "\n").encode(encoding))


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "\0\0\0", ",,,\n,,\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path, text):
    with pytest.raises(ValueError, match="是空的"):
        table(tmp_path, text)


def test_a_header_alone_is_a_table_without_rows(tmp_path):
    found = table(tmp_path, HEAD)
    assert cells(found) == {"编号": [], "生日": []}
    assert "没有数据" in found.notes[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><table><tr><td>1</td></tr></table>", "网页"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "网页"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04 no zip at all", "打不开"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no ole at all", "打不开"),
    ],
)
def test_what_is_no_table_is_said_whatever_its_name(tmp_path, content, said):
    for name in ("a.xls", "a.csv"):
        with pytest.raises(ValueError, match=said):
            table(tmp_path, content, name=name)


def test_a_csv_by_another_name_is_read(tmp_path):
    assert cells(table(tmp_path, HEAD + ROWS, name="a.xls")) == FOUND
    assert cells(table(tmp_path, HEAD + ROWS, name="a")) == FOUND


def test_a_pipe_is_read(tmp_path):
    import os
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: pipe.write_text(HEAD + ROWS, encoding="utf-8"))
    thread.start()
    assert cells(read(pipe, WANTED)) == FOUND
    thread.join()


# Headers


def test_titles_above_the_header_are_skipped_and_the_row_is_said(tmp_path):
    found = table(tmp_path, "2019年受助人,,,\n填表人：王,,,\n" + HEAD + ROWS)
    assert cells(found) == FOUND
    assert list(found.numbers) == [4, 5, 6]
    assert "表头取自第 3 行，上面的 2 行" in found.notes[0]


def test_a_header_of_two_rows_is_read_as_one(tmp_path):
    found = table(
        tmp_path, "编号,姓名,监护人,\n,,姓名,电话\n1,张三,张父,138\n",
        {"编号": "编号", "电话": "电话"},
    )  # fmt: skip
    assert cells(found) == {"编号": ["1"], "电话": ["138"]}


def test_headings_with_spaces_and_line_breaks_are_the_same_headings(tmp_path):
    found = table(
        tmp_path,
        '编 号,"身份证\n号码",出生日期（公历）\n1,2,3\n',
        {"a": "编号", "b": "身份证号码", "c": "出生日期"},
    )
    assert cells(found) == {"a": ["1"], "b": ["2"], "c": ["3"]}


def test_a_missing_column_is_named_with_what_comes_near_and_those_there_are(tmp_path):
    with pytest.raises(
        ValueError, match="没有这一列：“身份证号码”（是不是“身份证”？）.*表里有：编号、姓名、身份证、生日"
    ):
        table(tmp_path, HEAD + ROWS, {"a": "身份证号码"})


def test_a_heading_that_stands_twice_is_refused_only_where_it_is_asked_for(tmp_path):
    text = "编号,姓名,姓名\n1,张三,张父\n"
    assert cells(table(tmp_path, text, {"编号": "编号"})) == {"编号": ["1"]}
    with pytest.raises(ValueError, match="有 2 列都叫“姓名”（第 2、3 列）"):
        table(tmp_path, text, {"姓名": "姓名"})


def test_ten_thousand_columns_are_no_trouble(tmp_path):
    text = ",".join(f"c{k}" for k in range(10_000)) + ",编号,生日\n" + ",".join("x" * 10_000) + ",1,2\n"
    assert cells(table(tmp_path, text)) == {"编号": ["1"], "生日": ["2"]}
    with pytest.raises(ValueError, match="共 10002 列") as error:
        table(tmp_path, text, {"x": "没有"})
    assert len(str(error.value)) < 1000


# What Excel did


def test_an_id_number_that_lost_its_last_digits_hides_them_and_is_counted(tmp_path):
    text = (
        "号\n1.10105E+17\n1.10105194912310E+17\n110105194912310000\n11010519491231002X\n430102198001010000\n"
    )
    found = table(tmp_path, text, {"号": "号"}, {"号": "id_number"})
    assert list(found.columns["号"]) == [
        "11010*************", "110105194912310***", "110105194912310***", "11010519491231002X", "430102198001010***",
    ]  # fmt: skip
    assert "“号”有 4 个号码存成了数字" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("13800138000", "13800138000"), ("13800138000.0", "13800138000"), ("1.3800138E+10", ""), ("1.38E+10", ""),
        ("1.3800138000E+10", "13800138000"), ("1E+10", ""), ("1e5", ""), ("0731-8888.0000", "0731-8888.0000"), ("E+10", "E+10"),
    ],
)  # fmt: skip
def test_a_phone_number_is_whole_or_it_is_none(text, left):
    repair = Repair("手机", "phone")
    assert repair(text) == left
    assert bool(repair.notes("a.csv")) is (left == "")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("1E+17", "*" * 18), ("110105491231002.0", "110105491231002"), ("110105194912310016.0", "110105194912310***"),
        ("1.10105491231002E+14", "110105491231002"), ("1.10105E+14", "11010**********"), ("1.1e+30", ""),
    ],
)  # fmt: skip
def test_of_an_identity_number_all_that_is_known_is_kept(text, left):
    assert Repair("号", "id_number")(text) == left


def test_days_as_numbers_become_days_and_are_counted(tmp_path):
    found = table(
        tmp_path, "生日\n36526\n18263.0\n1949\n19491231\n99999\n", {"生日": "生日"}, {"生日": "birth_date"}
    )
    assert list(found.columns["生日"]) == ["2000-01-01", "1949-12-31", "1949", "19491231", "99999"]
    assert "有 2 个日期是 Excel 的天数" in found.notes[0]


def test_what_exporters_write_to_keep_a_number_is_taken_off(tmp_path):
    found = table(tmp_path, '号\n"=""0138"""\n\'0139\n\t0140\n\'n Beetje\n', {"号": "号"})
    assert list(found.columns["号"]) == ["0138", "0139", "0140", "'n Beetje"]


# Spreadsheets

SHEET = [
    ["2019年受助人登记表"],
    [],
    ["编号", "姓名", "身份证", "生日", "手机"],
    [1, "张三丰", "11010519491231002X", datetime.date(1949, 12, 31), 13800138000],
    [2, "張三豐", 110105194912310020, 18263, "13800138000"],
    [3.5, "李四", "", "", True],
    [None, None, "", " "],
]


def test_a_spreadsheet_is_read_as_a_person_sees_it(tmp_path):
    write_xlsx(tmp_path / "a.xlsx", {"受助人": SHEET})
    kinds = {"身份证": "id_number", "生日": "birth_date"}
    found = read(tmp_path / "a.xlsx", {c: c for c in SHEET[2]}, kinds)
    assert cells(found) == {
        "编号": ["1", "2", "3.5"], "姓名": ["张三丰", "張三豐", "李四"],
        "身份证": ["11010519491231002X", "110105194912310***", None],
        "生日": ["1949-12-31", "1949-12-31", None], "手机": ["13800138000", "13800138000", "TRUE"],
    }  # fmt: skip
    assert list(found.numbers) == [4, 5, 6]
    assert [n.split("：")[1][:6] for n in found.notes] == ["表头取自第 ", "“身份证”有", "“生日”有 "]


def test_a_spreadsheet_of_old_is_read_too():
    pytest.importorskip("xlrd")
    path, kinds = OLD, {"身份证号": "id_number", "出生日期": "birth_date"}
    found = read(path, {c: c for c in ("编号", "姓名", "身份证号", "出生日期", "电话")}, kinds)
    assert cells(found) == {
        "编号": ["1", "2"], "姓名": ["张三丰", "張三豐"], "身份证号": ["11010519491231002X", "110105194912310***"],
        "出生日期": ["1949-12-31", "1949-12-31"], "电话": ["13800138000", None],
    }  # fmt: skip
    assert list(found.numbers) == [3, 4]
    assert "表头取自第 2 行" in found.notes[0]  # the first sheet is hidden
    assert cells(read(path, {"a": "内部"}, sheet="说明")) == {"a": []}


def test_a_spreadsheet_under_a_password_is_said(tmp_path):
    pytest.importorskip("xlrd")
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(ValueError, match="有密码"):
        table(tmp_path, content, name="a.xlsx")


def test_texts_of_a_spreadsheet_come_in_several_ways(tmp_path):
    rows = (
        '<row><c t="inlineStr"><is><r><t>张</t></r><r><t>三</t></r><rPh sb="0" eb="1"><t>zhang</t></rPh></is></c>'
        '<c t="str"><f>A1</f><v>李四</v></c><c t="e"><v>#N/A</v></c><c t="b"><v>1</v></c>'
        '<c t="inlineStr"><is><t>a_x000D__x005F_x</t></is></c></row>'
    )
    write_xlsx(tmp_path / "a.xlsx", {"一": [["甲", "乙", "丙", "丁", "戊"]]}, extra=rows)
    found = read(tmp_path / "a.xlsx", {c: c for c in "甲乙丙丁戊"})
    assert cells(found) == {"甲": ["张三"], "乙": ["李四"], "丙": [None], "丁": ["TRUE"], "戊": ["a\r_x"]}
    assert list(found.numbers) == [2]


def test_the_sheet_with_content_is_taken_and_another_on_request(tmp_path):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, {"空": [], "一": [["编号"], ["1"]], "二": [["编号"], ["2"]]})
    first = read(path, {"编号": "编号"})
    assert cells(first) == {"编号": ["1"]}
    assert "用了“一”；另外还有 二" in first.notes[0]
    assert cells(read(path, {"编号": "编号"}, sheet="二")) == {"编号": ["2"]}
    assert cells(read(path, {"编号": "编号"}, sheet="3")) == {"编号": ["2"]}
    with pytest.raises(ValueError, match="没有工作表“三”，有：空、一、二"):
        read(path, {"编号": "编号"}, sheet="三")


def test_a_csv_has_no_sheets(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD + ROWS, encoding="utf-8")
    with pytest.raises(ValueError, match="不用写 --sheet"):
        read(tmp_path / "a.csv", WANTED, sheet="一")


@pytest.mark.parametrize("cell", ['<c r="XFD1048576"><v>1</v></c>', '<c r="XFD1048576" s="1"/>'])
def test_a_cell_far_outside_costs_nothing(tmp_path, cell):
    write_xlsx(tmp_path / "a.xlsx", {"一": [["编号"], ["1"]]}, extra=f'<row r="1048576">{cell}</row>')
    assert cells(read(tmp_path / "a.xlsx", {"编号": "编号"})) == {"编号": ["1"]}


def test_entities_that_multiply_are_refused(tmp_path):
    declared = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 20}">' for k in range(1, 8))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "ha">{declared}]>'
    row = '<row><c t="inlineStr"><is><t>&e7;</t></is></c></row>'
    write_xlsx(tmp_path / "a.xlsx", {"一": [["编号"], ["1"]]}, extra=row, before=bomb)
    with pytest.raises(ValueError, match="打不开"):
        read(tmp_path / "a.xlsx", {"编号": "编号"})


def test_a_file_that_unpacks_to_more_than_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("matching.linkage.files.spreadsheet.UNPACKED", 1000)
    write_xlsx(tmp_path / "a.xlsx", {"一": [["编号"], ["1"]]})
    with pytest.raises(ValueError, match="解压后太大"):
        read(tmp_path / "a.xlsx", {"编号": "编号"})


def test_parquet_is_read(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    day = datetime.date(1980, 1, 2)
    columns = {
        "id": [1, 2], "name": ["张三", None], "born": [day, None], "phone": [13800138000.0, None],
        "number": [1.1010519491231002e17, None],
    }  # fmt: skip
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", {c: c for c in columns}, {"number": "id_number"})
    assert cells(found) == {
        **columns, "phone": ["13800138000", None], "number": ["110105194912310***", None],
    }  # fmt: skip
    assert "“number”有 1 个号码" in found.notes[0]
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(ValueError, match="打不开"):
        read(tmp_path / "b.parquet", {"id": "id"})


# Anything at all

SEEDS = [(HEAD + ROWS).encode(e) for e in ("utf-8", "gb18030", "utf-16")]
CHANGES = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 40), st.sampled_from([b"", b"\0", b'"', b"\n", b"\r", b"\xff\xfe", b",", b"=1", b"\xed\xa0\x80", b"PK\x03\x04", b"<a>"])),
    max_size=5,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 4), CHANGES)
def test_whatever_happened_to_a_file_it_is_a_table_or_it_is_said_why_not(which, changes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        if which == 3:
            write_xlsx(path, {"一": SHEET})
        content = bytearray([*SEEDS, path.read_bytes() if which == 3 else b"", OLD.read_bytes()][which])
        for place, gone, put in changes:
            place %= len(content) + 1
            content[place : place + gone] = put
        path.write_bytes(content)
        for ask in (lambda: read(path, WANTED, {"生日": "birth_date"}), lambda: proposal(path)):
            said = "a.xlsx"
            try:
                ask()
            except ValueError as error:
                said = str(error)
            assert "a.xlsx" in said


# From file to file

FIELDS = "name=姓名,id_number=身份证,birth_date=生日"


def people(seed=5, count=120):
    rng = random.Random(seed)
    rows = []
    for k in range(count):
        born = datetime.date(1950, 1, 1) + datetime.timedelta(days=rng.randrange(20_000))
        name = rng.choice("王李张刘陈杨黄赵吴周") + "".join(
            rng.choices("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明", k=2)
        )
        rows.append([f"p{k}", name, born.isoformat(), f"13{rng.randrange(10**9):09d}"])
    return rows


def csv_of(path, head, rows, encoding="utf-8"):
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return path


def found_in(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_files_become_pairs_and_clusters(tmp_path):
    path, out, clusters = tmp_path / "a.csv", tmp_path / "pairs.csv", tmp_path / "clusters.csv"
    path.write_text(HEAD + ROWS, encoding="utf-8")
    stages: list[str] = []
    link_files(
        path,
        None,
        parse_fields(FIELDS),
        "编号",
        out,
        clusters,
        progress=lambda stage, _share: stages.append(stage),
    )
    with out.open(encoding="utf-8") as file:  # no mark where the input had none
        rows = list(csv.DictReader(file))
    assert [(r["left"], r["right"], r["姓名"], r["身份证"]) for r in rows] == [("1", "2", "exact", "exact")]
    labels = {r["id"]: r["cluster"] for r in found_in(clusters)}
    assert labels["1"] == labels["2"] != labels["3"]
    assert stages[0] == "prepare"


def test_two_tables_that_call_their_columns_otherwise_are_linked(tmp_path):
    rows = people()
    a = csv_of(tmp_path / "a.csv", ["编号", "姓名", "生日", "手机"], rows)
    split = [
        [n.replace("p", "q"), name[0], name[1:], born.replace("-", ""), phone]
        for n, name, born, phone in rows[:60]
    ]
    b = csv_of(tmp_path / "b.csv", ["id", "姓", "名", "出生年月日", "电话"], split, "gb18030")
    fields_b = parse_fields("surname=姓,given_name=名,birth_date=出生年月日,phone=电话")
    fields = parse_fields("name=姓名,birth_date=生日,phone=手机")
    for one, other, how in ((a, b, (fields, fields_b)), (b, a, (fields_b, fields))):
        out = tmp_path / "out.csv"
        ids = ("编号", "id") if one is a else ("id", "编号")
        link_files(one, other, how[0], ids[0], out, fields_b=how[1], id_b=ids[1])
        pairs = {(r["left"].strip("pq"), r["right"].strip("pq")) for r in found_in(out)}
        assert pairs == {(str(k), str(k)) for k in range(60)}
        assert out.read_bytes().startswith(b"\xef\xbb\xbfleft")  # one of them came from Excel


def test_a_second_table_with_other_headings_is_answered_with_what_to_write(tmp_path):
    a = csv_of(tmp_path / "a.csv", ["编号", "姓名", "手机"], [["1", "张三", "138"]])
    b = csv_of(tmp_path / "b.csv", ["编号", "患者姓名", "联系电话"], [["1", "张三", "138"]])
    with pytest.raises(ValueError, match="--fields-b name=患者姓名,phone=联系电话"):
        link_files(a, b, parse_fields("name=姓名,phone=手机"), "编号", tmp_path / "o.csv")


def test_a_name_in_two_columns_and_another_id_are_proposed_too(tmp_path):
    a = csv_of(tmp_path / "a.csv", ["编号", "姓名", "手机"], [["1", "张三", "138"]])
    b = csv_of(tmp_path / "b.csv", ["档案号", "姓", "名", "联系电话"], [["1", "张", "三", "138"]])
    with pytest.raises(
        ValueError, match="例如：--id-b 档案号 --fields-b surname=姓,given_name=名,phone=联系电话"
    ) as error:
        link_files(a, b, parse_fields("name=姓名,phone=手机"), "编号", tmp_path / "o.csv")
    assert "两边都不写 --id" not in str(error.value)


def test_without_ids_rows_go_by_their_number_in_the_file(tmp_path):
    rows = people(count=30)
    sheet = [["登记表"], ["姓名", "生日", "手机"], *[r[1:] for r in rows], rows[0][1:]]
    write_xlsx(tmp_path / "a.xlsx", {"一": sheet})
    fields = parse_fields("name=姓名,birth_date=生日,phone=手机")
    link_files(tmp_path / "a.xlsx", None, fields, None, tmp_path / "o.csv")
    assert [(r["left"], r["right"]) for r in found_in(tmp_path / "o.csv")] == [("3", "33")]


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        (["1", "2", "1", "3", "1"], "“编号”有 1 个值不止一行有，例如第 2、4、6 行"),
        (["1", "", "2", None, "3"], "“编号”在第 3、5 行是空的（共 2 行）"),
    ],
)
def test_ids_that_name_no_row_are_said_with_their_rows(tmp_path, ids, said):
    path = csv_of(tmp_path / "a.csv", ["编号", "姓名"], [[v, "张三"] for v in ids])
    with pytest.raises(ValueError, match=said):
        link_files(path, None, {"姓名": "name"}, "编号", tmp_path / "o.csv")
    assert not (tmp_path / "o.csv").exists()


def test_the_id_may_be_a_field_too_and_stays_as_it_was_written(tmp_path):
    rows = [["110105194912310000", "张三丰", "1949-12-31"], ["11010519491231002X", "张三丰", "1949-12-31"]]
    path = csv_of(tmp_path / "a.csv", ["身份证", "姓名", "生日"], rows)
    link_files(path, None, parse_fields(FIELDS), "身份证", tmp_path / "o.csv", tmp_path / "c.csv")
    assert [r["id"] for r in found_in(tmp_path / "c.csv")] == [row[0] for row in rows]


def test_the_day_a_row_was_written_may_have_any_heading(tmp_path):
    rows = [[f"{k}", n, 2019 - int(b[:4]), "2019-05-01"] for k, (_, n, b, _) in enumerate(people(count=40))]
    path = csv_of(tmp_path / "a.csv", ["编号", "姓名", "年龄", "登记日期"], rows)
    fields = parse_fields("name=姓名,age=年龄,recorded_on=登记日期")
    done = link_files(path, None, fields, "编号", tmp_path / "o.csv")
    assert done.linked.model.names == ("姓名", "年龄")


def test_one_number_under_two_names_is_told_though_the_pair_is_none(tmp_path):
    rows = [[*row, ""] for row in people()]
    number = "11010519491231002X"
    for k in (3, 7, 50):
        rows[k][4] = number if k != 7 else "110105491231002"
    rows.append(["q", rows[3][1], *rows[9][2:4], number])
    path = csv_of(tmp_path / "a.csv", ["编号", "姓名", "生日", "手机", "身份证"], rows)
    told: list[str] = []
    fields = parse_fields(FIELDS + ",phone=手机")
    link_files(path, None, fields, "编号", tmp_path / "o.csv", tell=told.append)
    assert len(told) == 1
    assert "有 3 处身份证号相同、名字不同：p3 – p7；p7 – p50；p50 – q。可能写错，也可能借用证件" in told[0]
    rows[7][4] = rows[50][4] = ""
    csv_of(path, ["编号", "姓名", "生日", "手机", "身份证"], rows)
    link_files(path, None, fields, "编号", tmp_path / "again.csv", tell=told.append)
    assert len(told) == 1


ODD = {
    "one phone": {3: "13800138000"},
    "one name": {1: "张伟"},
    "one name and one phone": {1: "张伟", 3: "13800138000"},
    "all the same": {1: "张伟", 2: "1980-01-01", 3: "13800138000", 4: "11010519491231002X"},
    "nothing at all": {1: "", 2: "", 3: "", 4: ""},
    "one number": {4: "11010519491231002X"},
    "impossible days": {2: "1980-13-45"},
    "names of smileys": {1: "😀😀"},
    "very long names": {1: "长" * 500},
    "formulas": {1: "=1+1", 2: "=1+1", 3: "=1+1", 4: "=1+1"},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_table_is_linked_without_a_square_of_pairs(tmp_path, odd):
    rows = [[*row, ""] for row in people(count=2000)]
    for row in rows:
        for place, value in ODD[odd].items():
            row[place] = value
        if odd == "impossible days":
            row[3] = row[1]  # a name used as a phone
    path = csv_of(tmp_path / "a.csv", ["编号", "姓名", "生日", "手机", "身份证"], rows)
    fields = parse_fields(FIELDS + ",phone=手机")
    done = link_files(path, None, fields, "编号", tmp_path / "o.csv", tmp_path / "c.csv")
    assert done.linked.candidates <= 60 * 2000
    assert [row["id"] for row in found_in(tmp_path / "c.csv")] == [row[0] for row in rows]
    if odd == "all the same":  # one person's row, pasted again and again
        assert {row["cluster"] for row in found_in(tmp_path / "c.csv")} == {"0"}
        assert sum(done.outcomes.values()) < 2 * 2000
    else:
        assert done.outcomes["accept"] == 0


def test_a_proposal_for_a_table_that_nobody_described(tmp_path):
    write_xlsx(
        tmp_path / "a.xlsx",
        {"一": [["受助人登记表"], ["序号", "姓名", "手机号码", "监护人姓名", "备注"], [1, "张三", "138"]]},
    )
    assert proposal(tmp_path / "a.xlsx") == "--id 序号 --fields name=姓名,phone=手机号码"
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    assert proposal(tmp_path / "b.csv") == ""


def test_where_the_first_sheet_is_a_cover_the_one_with_the_columns_is_taken_and_said(tmp_path):
    book = {"说明": [["本表由志愿者整理"]], "2024": [["姓名", "手机"], ["张三", "138"]]}
    write_xlsx(tmp_path / "a.xlsx", book)
    heard: list[str] = []
    assert proposal(tmp_path / "a.xlsx", tell=heard.append) == "--fields name=姓名,phone=手机"
    assert "用了“2024”；另外还有 说明" in heard[0]
    assert cells(read(tmp_path / "a.xlsx", {"姓名": "姓名"})) == {"姓名": ["张三"]}
    with pytest.raises(ValueError, match="没有这一列：“住址”(.|\n)*“说明”(.|\n)*2024(.|\n)*--sheet"):
        link_files(tmp_path / "a.xlsx", None, {"住址": "address"}, None, tmp_path / "o.csv")


def test_one_file_named_twice_is_said_to_meet_itself(tmp_path):
    path = csv_of(tmp_path / "a.csv", ["编号", "姓名", "手机"], [["1", "张三", "13800138000"]])
    heard: list[str] = []
    link_files(path, path, {"姓名": "name", "手机": "phone"}, "编号", tmp_path / "o.csv", tell=heard.append)
    assert any("同一个文件" in one for one in heard)


def test_kind_and_column_the_wrong_way_round_are_shown_the_right_way():
    with pytest.raises(ValueError, match="phone=手机，不是 手机=phone"):
        parse_fields("name=姓名,手机=phone")


def test_where_only_the_first_table_numbers_its_rows_both_may_go_by_row_numbers(tmp_path):
    a = csv_of(tmp_path / "a.csv", ["编号", "姓名"], [["1", "张三"]])
    b = csv_of(tmp_path / "b.csv", ["患者姓名"], [["张三"]])
    with pytest.raises(ValueError, match="两边都不写 --id"):
        link_files(a, b, {"姓名": "name"}, "编号", tmp_path / "o.csv", fields_b={"患者姓名": "name"})


def test_a_spreadsheet_of_pairs_shows_both_rows_and_a_csv_does_not(tmp_path):
    rows = [["7", "张三", "13800138000"], ["8", "李四", "13911112222"], ["9", "张三", "13800138000"]]
    path = csv_of(tmp_path / "a.csv", ["编号", "姓名", "手机"], rows)
    for out in ("o.xlsx", "o.csv"):
        link_files(path, None, {"姓名": "name", "手机": "phone"}, "编号", tmp_path / out)
    shown = read(tmp_path / "o.xlsx", {c: c for c in ("左编号", "右编号", "姓名", "手机", "手机 比对")})
    assert [list(column) for column in shown.columns.values()] == [
        ["7"], ["9"], ["张三"], ["13800138000"], ["一致"],
    ]  # fmt: skip
    assert "13800138000" not in (tmp_path / "o.csv").read_text()


def test_of_very_many_pairs_a_spreadsheet_holds_the_ids_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("matching.linkage.files.linking.BESIDE", 0)
    path = csv_of(tmp_path / "a.csv", ["姓名", "手机"], [["张三", "13800138000"]] * 2)
    heard: list[str] = []
    link_files(path, None, {"姓名": "name", "手机": "phone"}, None, tmp_path / "o.xlsx", tell=heard.append)
    assert "只有编号" in heard[-1]
    assert "姓名" not in headings(tmp_path / "o.xlsx")[0]

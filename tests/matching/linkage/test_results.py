"""What people open, in words and in order; what programs read, under names that never change; what stood there before."""

import argparse
import csv
import errno
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from matching.linkage.__main__ import main
from matching.linkage.files import earlier
from matching.linkage.files.fields import parse_fields
from matching.linkage.files.linking import link_files
from matching.linkage.labels import COLUMNS, FLAGS, FLAGS_EN, LEVELS, OUTCOMES
from matching.linkage.model import KINDS, Model
from matching.linkage.usage import Parser, add_arguments
from matching.linkage.words import language, speak

openpyxl = pytest.importorskip("openpyxl")
FIELDS = "name=姓名,id_number=身份证,birth_date=生日,phone=手机"
WHEN = datetime(2026, 11, 22, 13, 5)


pytestmark = pytest.mark.usefixtures("chinese")


def number(seed: int) -> str:
    from matching.linkage.values.idnumber import check_character

    body = f"43010219{50 + seed % 40}0{seed % 9 + 1}1{seed % 9}{seed:03d}"
    return body + check_character(body)


def table(path: Path, extra=()) -> Path:
    """Thirty people, of whom the first six stand twice; ``extra`` rows."""
    rows = [
        [f"{k}", "王李张刘陈杨黄赵吴周"[k % 10] + "伟芳娜秀英敏静丽强磊"[k * 7 % 10] + "军洋勇"[k % 3], number(k),
         f"{number(k)[6:10]}-{number(k)[10:12]}-{number(k)[12:14]}", f"1380013{k:04d}"]
        for k in range(30)
    ]  # fmt: skip
    rows += [[f"{100 + k}", *rows[k][1:]] for k in range(6)]
    rows += extra
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["编号", "姓名", "身份证", "生日", "手机"], *rows])
    return path


BORROWED = ["200", "欧阳大山", number(20), "1931-07-07", "13912345678"]


def linked(tmp_path, out="相同的人.xlsx", clusters="分组.xlsx", extra=(BORROWED,), **how):
    told: list[str] = []
    link_files(
        table(tmp_path / "a.csv", extra), None, parse_fields(FIELDS), "编号", tmp_path / out,
        tmp_path / clusters if clusters else None, tell=told.append, when=WHEN, **how,
    )  # fmt: skip
    return told


def page(path, number=1):
    return [list(row) for row in openpyxl.load_workbook(path).worksheets[number].iter_rows(values_only=True)]


# Words


def test_every_level_flag_and_outcome_has_a_word():
    fields = {f"{kind}{k}": kind for kind in KINDS for k in range(2 if kind in ("address", "area") else 1)}
    levels = {level for c in Model.for_fields(fields).comparisons for level in c.levels}
    assert levels <= set(LEVELS)
    assert set(OUTCOMES) == {"accept", "review", "reject"}
    assert len(set(COLUMNS.values())) == len(COLUMNS)


def test_people_read_words_and_programs_read_names(tmp_path):
    linked(tmp_path)
    linked(tmp_path, "o.csv", "c.csv")
    header, first, *rest = page(tmp_path / "相同的人.xlsx")
    assert header == [
        "结论", "左编号", "右编号", "要留意", "姓名", "姓名 比对", "身份证", "身份证 比对", "生日", "生日 比对", "手机",
        "手机 比对", "概率", "权重",
    ]  # fmt: skip
    assert first[:6] == [
        "请人看", 20, 200, FLAGS["shared_id_other_name"] + "；" + FLAGS["id_other_birth"] + "；" + FLAGS["birth_contradicts_id"],
        "王伟勇\n欧阳大山", "不一致",
    ]  # fmt: skip
    assert {row[0] for row in rest} == {"可以认"}
    assert [row[6:8] for row in rest] == [[number(row[1]), "一致"] for row in rest]
    with (tmp_path / "o.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "left",
        "right",
        "weight",
        "probability",
        "outcome",
        "flags",
        *("姓名", "生日", "身份证", "手机"),
    ]
    assert {row["outcome"] for row in rows} == {"accept", "review"}
    assert {row["身份证"] for row in rows} == {"exact"}
    assert (tmp_path / "c.csv").read_text().startswith("source,id,cluster\n")


def test_what_was_said_elsewhere_is_not_shown_as_missing(tmp_path):
    linked(tmp_path)
    birth = [row[9] for row in page(tmp_path / "相同的人.xlsx")[1:]]
    assert set(birth) == {"不另计"}  # the number says it


def test_a_csv_speaks_chinese_or_codes_where_that_was_asked_for(tmp_path):
    linked(tmp_path, "zh.csv", "c.csv", language="zh")
    assert (tmp_path / "zh.csv").read_text().startswith("左编号,右编号,权重,概率,结论,要留意,姓名 比对,")
    assert ",可以认," in (tmp_path / "zh.csv").read_text()
    assert (tmp_path / "c.csv").read_text().startswith("哪张表,编号,组号\n")
    linked(tmp_path, "en.csv", None, language="en")
    assert "shared_id_other_name id_other_birth" in (tmp_path / "en.csv").read_text()


def test_a_parquet_with_chinese_headings_keeps_its_numbers(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    linked(tmp_path, "o.parquet", "c.parquet", language="zh")
    assert [str(t) for t in parquet.read_schema(tmp_path / "o.parquet").types[2:4]] == ["double", "double"]
    assert str(parquet.read_schema(tmp_path / "c.parquet").field("组号").type) == "int64"


def test_a_sheet_is_english_where_the_terminal_is(tmp_path, monkeypatch):
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    linked(tmp_path)
    header, first, *_ = page(tmp_path / "相同的人.xlsx")
    assert header[:6] == ["outcome", "left", "right", "flags", "姓名", "姓名 level"]
    assert first[0] == "review"
    assert first[3].startswith(FLAGS_EN["shared_id_other_name"] + "; ")
    assert first[5:10:2] == ["disagrees", "agrees", "said elsewhere"]
    assert page(tmp_path / "相同的人.xlsx", 0)[0] == ["what", "the same people within a.csv"]
    speak("zh")
    assert language() == "zh"


# Groups, and the first page


def test_groups_have_size_and_content_and_those_to_be_looked_at_come_first(tmp_path):
    linked(tmp_path)
    header, *rows = page(tmp_path / "分组.xlsx")
    assert header == ["组号", "几条", "结论", "编号", "姓名", "身份证", "生日", "手机", "可能还是"]
    assert [row[:4] for row in rows[:2]] == [[1, 1, "请人看", 20], [2, 1, "请人看", 200]]
    assert [row[8] for row in rows[:2]] == ["第 2 组", "第 1 组"]
    assert [row[:4] for row in rows[2:4]] == [[3, 2, "可以认", 0], [3, 2, "可以认", 100]]
    assert [row[:3] for row in rows[14:]] == [[k, 1, None] for k in range(9, 9 + len(rows) - 14)]
    assert sorted(row[3] for row in rows) == sorted([*range(30), *range(100, 106), 200])
    assert all(row[4] for row in rows)


def test_groups_of_two_tables_say_whose_a_row_is(tmp_path):
    a, b = table(tmp_path / "甲.csv"), table(tmp_path / "乙.csv")
    link_files(a, b, parse_fields(FIELDS), "编号", tmp_path / "o.csv", tmp_path / "g.xlsx")
    header, *rows = page(tmp_path / "g.xlsx")
    assert header[3] == "哪张表"
    assert {row[3] for row in rows} == {"甲.csv", "乙.csv"}


def test_of_very_many_rows_those_alone_have_their_id_only(tmp_path, monkeypatch):
    monkeypatch.setattr("matching.linkage.files.linking.BESIDE", 14)
    told = linked(tmp_path)
    rows = page(tmp_path / "分组.xlsx")[1:]
    assert {bool(row[4]) for row in rows[:14]} == {True}
    assert {bool(row[4]) for row in rows[14:]} == {False}
    assert any("只有编号" in one for one in told)


def test_the_first_page_says_what_was_done_and_what_to_do(tmp_path):
    told = linked(tmp_path)
    for name in ("相同的人.xlsx", "分组.xlsx"):
        lines = dict(page(tmp_path / name, 0))
        assert lines["做了什么"] == "在 a.csv 里找同一个人"
        assert lines["什么时候"] == "2026-11-22 13:05"
        assert lines["比对的列"] == "姓名、身份证（身份证号）、生日（出生日期）、手机（电话）"
        assert lines["多少行"] == "a.csv 37 行"
        assert lines["多少对"] == "7 对：1 对请人看，6 对可以认"
        assert lines["多少组"] == "31 组，6 组不止一条；2 组请人看"
        assert lines["留意"] == told[-1]
        assert "真名真号" in lines["保管"]


def test_a_sheet_can_be_read_on_a_screen_and_on_paper(tmp_path):
    linked(tmp_path)
    for name, group in (("相同的人.xlsx", "D2"), ("分组.xlsx", "D2")):
        sheet = openpyxl.load_workbook(tmp_path / name).worksheets[1]
        assert sheet.freeze_panes == group
        assert sheet.print_title_rows == "$1:$1"
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet["A2"].fill.fgColor.rgb == "00FFF2CC"
        assert sheet.cell(sheet.max_row, 1).fill.fill_type is None
        assert sheet.column_dimensions["A"].width < 10
        if name == "相同的人.xlsx":  # what is of two lines is as high
            assert [sheet.row_dimensions[k].height for k in (2, 3)] == [15 * 5, None]
    assert sheet["A2"].border.top.style == sheet["A4"].border.top.style == "thin"
    assert sheet["A5"].border.top.style is None  # the same group


# What stood there before


def test_a_result_that_nobody_touched_is_replaced_and_that_is_said(tmp_path):
    for out, clusters in (("o.xlsx", "c.xlsx"), ("o.csv", "c.csv")):
        assert not any(
            "换成了" in one for one in linked(tmp_path, out, clusters, save_params=tmp_path / "p.json")
        )
        told = linked(tmp_path, out, clusters, save_params=tmp_path / "p.json")
        assert f"{out}、{clusters}、p.json 原来就有，换成了这次的结果" in told
        (tmp_path / "p.json").unlink()
    assert len(list(tmp_path.iterdir())) == 5


def test_what_people_did_to_a_result_is_kept_under_another_name(tmp_path):
    linked(tmp_path)
    for k in (1, 2):
        book = openpyxl.load_workbook(tmp_path / "相同的人.xlsx")
        book.worksheets[1]["O2"] = f"查过了 {k}"
        book.properties.lastModifiedBy = "小王"
        book.save(tmp_path / "相同的人.xlsx")
        told = linked(tmp_path)
        kept = f"相同的人（改过{' 2' if k == 2 else ''}）.xlsx"
        assert f"相同的人.xlsx 里有您改过的东西，没有盖掉，改名成了 {kept}" in told
        assert page(tmp_path / kept)[1][14] == f"查过了 {k}"
        assert len(page(tmp_path / "相同的人.xlsx")[1]) == 14


def test_an_error_leaves_an_edited_result_where_it_was(tmp_path, monkeypatch):
    linked(tmp_path)
    book = openpyxl.load_workbook(tmp_path / "相同的人.xlsx")
    book.properties.lastModifiedBy = "小王"
    book.save(tmp_path / "相同的人.xlsx")
    before = sorted(p.name for p in tmp_path.iterdir())

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("matching.linkage.files.linking.show_groups", full)
    with pytest.raises(OSError):
        linked(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", ["o.xlsx", "o.csv", "o.parquet"])
def test_another_table_is_never_replaced(tmp_path, name):
    other = tmp_path / name
    if name == "o.xlsx":
        book = openpyxl.Workbook()
        book.active.append(["姓名"])
        book.save(other)
    else:
        other.write_bytes(b"PAR1 broken" if name == "o.parquet" else "编号,姓名\n1,张三\n".encode("gb18030"))
    before = other.read_bytes()
    with pytest.raises(ValueError, match="不是查重的结果，不能盖掉"):
        linked(tmp_path, name, None)
    assert other.read_bytes() == before
    other.write_bytes(b"")  # an empty file is nothing that could be lost
    linked(tmp_path, name, None)
    assert other.stat().st_size


@pytest.mark.parametrize("lock", ["~$o.xlsx", ".~lock.o.xlsx#", ".~o.xlsx"])
def test_a_result_that_is_open_in_a_spreadsheet_program_is_said_before_anything_is_computed(tmp_path, lock):
    linked(tmp_path, "o.xlsx", None)
    (tmp_path / lock).touch()
    with pytest.raises(ValueError, match="正在 Excel（或 WPS）里开着"):
        linked(tmp_path, "o.xlsx", None)


def test_a_result_that_was_made_read_only_is_not_replaced(tmp_path, monkeypatch):
    linked(tmp_path, "o.xlsx", None)
    before = (tmp_path / "o.xlsx").read_bytes()
    monkeypatch.setattr("os.access", lambda path, _how: Path(path).is_dir())
    with pytest.raises(ValueError, match="设成了只读"):
        linked(tmp_path, "o.xlsx", None)
    assert (tmp_path / "o.xlsx").read_bytes() == before


def test_a_broken_file_is_no_earlier_result(tmp_path):
    (tmp_path / "o.xlsx").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="不能盖掉"):
        earlier.edited([tmp_path / "o.xlsx"])
    with zipfile.ZipFile(tmp_path / "o.xlsx", "w") as book:
        book.writestr("x", "y")
    with pytest.raises(ValueError, match="不能盖掉"):
        earlier.edited([tmp_path / "o.xlsx", None])


# The command line


def run(capsys, *arguments):
    try:
        code = main([*map(str, arguments)], "link_files")
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "还没写是哪个表格"),
        (["a.csv", "--out"], "--out 后面还没写内容"),
        (["a.csv", "--threshold", "高"], "--threshold 要写数字，不能是“高”"),
        (["a.csv", "--workers", "1.5"], "--workers 要写整数，不能是“1.5”"),
        (["a.csv", "--backend", "x"], "--backend 不能写“x”，可以写："),
        (["a.csv", "--guess=x"], "--guess 后面不用写内容"),
        (["a.csv", "--fie", "x"], "--fie 没有写全，可能是：--fields, --fields-b"),
        (["a.csv", "--feilds", "name=姓名"], "不认得 --feilds（是不是 --fields？）"),
        (["a.csv", "b.csv", "c.csv"], "最多两张表，多出来的是：c.csv。文件名里有空格的，要用引号括起来"),
        (["a.csv", "--fields", "name=姓名,", "phone=手机", "sex=性别"], "sex=性别 前面多了空格"),
        (["a.csv", "b.csv", "——out", "o.csv"], "不认得 ——out（是不是 --out？）"),
    ],
)
def test_what_cannot_be_followed_is_said_in_chinese(capsys, arguments, said):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.splitlines()[-1] == "怎么写，看 link_files --help"
    assert not [word for word in ("usage", "argument", "error", "required") if word in err]


def test_english_is_spoken_where_it_was_asked_for(capsys, tmp_path):
    assert "the following arguments are required: a" in run(capsys, "--language", "en")[2]
    assert "usage: link_files" in run(capsys, "--language=en", "--help")[1]
    a = table(tmp_path / "a.csv")
    code, out, _ = run(capsys, a, "--fields", FIELDS, "--out", tmp_path / "o.csv", "--language", "en")
    assert code == 0
    assert "6 pairs of" in out
    assert "找到 6 对" in run(capsys, a, "--fields", FIELDS, "--out", tmp_path / "o.csv")[1]


def test_help_is_chinese_throughout(capsys):
    code, out, _ = run(capsys, "-h")
    assert code == 0
    assert out.startswith("用法：link_files")
    for word in ("usage", "options:", "positional", "show this help"):
        assert word not in out


def test_what_was_taken_for_a_table_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "受助人.csv")
    (tmp_path / "~$受助人.csv").touch()
    for arguments, said in (
        (["受助人.csv", "phone=手机", "--fields", "name=姓名,", "--out", "o.csv"], "phone=手机 前面多了空格"),
        (["受助人.csv", "——guess"], "前面要用两个减号：--guess"),
        (["~$受助人.csv", "--guess"], "是表格开着时的临时文件"),
        (["受助人", "--guess"], "受助人: 没有这个文件（是不是“受助人.csv”？）"),
        (["受助人.xlsx", "--guess"], "没有这个文件（是不是“受助人.csv”？）"),
        (
            ["受助人.csv", "--fields", "name=姓名", "--out", "o.csv", "--celery"],
            "--celery 只有 manage.py link_files 才有",
        ),
    ):
        code, _, err = run(capsys, *arguments)
        assert code == 1
        assert said in err


def test_names_with_spaces_and_chinese_characters_are_names_as_others(tmp_path, capsys):
    folder = tmp_path / "我的 表格（2019）"
    folder.mkdir()
    a = table(folder / "受助人 名单.csv")
    code, out, _ = run(capsys, a, "--fields", FIELDS, "--out", folder / "相同 的人.xlsx")
    assert code == 0
    assert (folder / "相同 的人.xlsx").exists()
    assert "相同 的人.xlsx" in out


def test_a_terminal_that_cannot_show_chinese_is_no_reason_to_stop(tmp_path):
    import os
    import subprocess

    a = table(tmp_path / "a.csv")
    done = subprocess.run(
        [sys.executable, "-m", "matching.linkage", str(a), "--fields", FIELDS, "--out", str(tmp_path / "o.csv")],
        env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, b"6" in done.stdout) == (0, True)


def test_both_ways_to_call_the_command_have_the_same_options():
    from django.core.management import load_command_class

    def options(parser):
        return {tuple(a.option_strings) or a.dest: (a.dest, a.default, a.nargs) for a in parser._actions}

    mine = argparse.ArgumentParser(add_help=False)
    add_arguments(mine)
    command = load_command_class("insurance.linking", "link_files")
    django = options(command.create_parser("manage.py", "link_files"))
    plain = options(load_command_class("django.core", "check").create_parser("manage.py", "check"))
    own = {k: v for k, v in django.items() if k not in plain or k in options(mine)}
    assert own == options(mine)
    helped = options(Parser("manage.py link_files"))
    assert ("--celery",) in helped
    assert set(helped) - {("-h", "--help")} == set(own)


def test_the_disk_that_is_read_only_and_the_folder_that_is_closed_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(ValueError, match="没有权限写进文件夹"):
        linked(tmp_path, "o.xlsx", None)

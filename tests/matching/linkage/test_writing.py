"""Results: whole or not at all, in kinds that people open, and nothing in them that would run."""

import csv
import errno
import os
import signal
import stat
import subprocess
import sys
import zipfile

import pytest

from matching.linkage.__main__ import main, why
from matching.linkage.files import linking as files
from matching.linkage.files.fields import parse_fields
from matching.linkage.files.linking import link_files
from matching.linkage.files.reading import read
from matching.linkage.files.writing import check, complete, guarded, runs
from matching.linkage.words import say

FIELDS = parse_fields("name=姓名,birth_date=生日,phone=手机")
NAMES = ["张三丰", "李四光", "王五一", "赵六六", "陈七七", "杨八八"]


pytestmark = pytest.mark.usefixtures("chinese")


def sheet(path, ids, encoding="utf-8"):
    """Persons, each standing twice, under these ids."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["编号", "姓名", "生日", "手机"])
        for k, name in enumerate(ids):
            who = k // 2
            writer.writerow(
                [name, NAMES[who % 6], f"19{50 + who}-0{who % 9 + 1}-1{who % 9}", f"1380013{who:04d}"]
            )
    return path


IDS = [f"n{k}" for k in range(24)]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "'=1",
        "''=1",
        " =1",
        "'\u3000@A1",
        "\ufeff=1",
        "＝1",
        "－1+1",
    ],
)
def test_what_a_spreadsheet_would_run_is_kept_from_it_and_can_be_had_back(text):
    assert runs(text)
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1", "-5", "+86", "-1.5", "张三", "a=b", "'n", "'", "a-b"])
def test_what_runs_nowhere_stays(text):
    assert guarded(text) == text


def test_ids_never_run_and_stay_different(tmp_path):
    ids = [*IDS, '=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")']
    told: list[str] = []
    a = sheet(tmp_path / "a.csv", ids)
    for name in ("o.csv", "o.xlsx"):
        link_files(a, None, FIELDS, "编号", tmp_path / name, tmp_path / f"c-{name}", tell=told.append)
    out = read(tmp_path / "c-o.csv", {"id": "id"})
    raw = (tmp_path / "c-o.csv").read_text(encoding="utf-8")
    assert "\"'=HYPERLINK" in raw
    assert "\"''=HYPERLINK" in raw
    assert ",=HYPERLINK" not in raw
    assert ',"=HYPERLINK' not in raw
    assert len(set(out.columns["id"])) == len(ids)
    assert sorted(read(tmp_path / "c-o.xlsx", {"id": "编号"}).columns["id"]) == sorted(ids)
    for sheet_ in ("sheet1", "sheet2"):
        assert (
            "<f>" not in zipfile.ZipFile(tmp_path / "c-o.xlsx").read(f"xl/worksheets/{sheet_}.xml").decode()
        )
    assert [t for t in told if "2 个编号以 = + - @ 开头" in t]


def test_long_ids_stay_whole_in_a_spreadsheet_and_a_csv_says_what_excel_does(tmp_path):
    ids = [f"2019{k:014d}" for k in range(24)]
    a = sheet(tmp_path / "a.csv", ids)
    told: list[str] = []
    link_files(a, None, FIELDS, "编号", tmp_path / "o.xlsx", tmp_path / "c.xlsx", tell=told.append)
    assert told == []
    assert list(read(tmp_path / "c.xlsx", {"id": "编号"}).columns["id"]) == ids
    link_files(a, None, FIELDS, "编号", tmp_path / "o.csv", tell=told.append)
    assert "1.1E+17" in told[0]


@pytest.mark.parametrize(
    ("ids", "numbers"),
    [
        (["7", "80", "0"], True),
        (["07", "80", "1"], False),
        (["7", "138001380001", "1"], False),
        (["7", "A", "1"], False),
    ],
)
def test_ids_can_be_looked_up_in_the_table_they_came_from(tmp_path, ids, numbers):
    a = sheet(tmp_path / "a.csv", ids)
    link_files(a, None, FIELDS, "编号", tmp_path / "o.xlsx", tmp_path / "c.xlsx")
    page = zipfile.ZipFile(tmp_path / "c.xlsx").read("xl/worksheets/sheet2.xml").decode()
    assert ("<v>7</v>" in page) is numbers
    assert '<autoFilter ref="A1:H4"' in page
    assert list(read(tmp_path / "c.xlsx", {"id": "编号"}).columns["id"]) == ids


@pytest.mark.parametrize("kind", ["csv", "tsv", "xlsx", "parquet"])
def test_every_kind_of_result_says_the_same(tmp_path, kind):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    a = sheet(tmp_path / "a.csv", IDS, "gb18030")
    link_files(a, None, FIELDS, "编号", tmp_path / f"o.{kind}", tmp_path / f"c.{kind}")
    columns = ["left", "right", "weight", "probability", "outcome", "姓名", "生日", "手机"]
    if kind == "xlsx":
        columns = ["左编号", "右编号", "权重", "概率", "结论", "姓名 比对", "生日 比对", "手机 比对"]
    found = read(tmp_path / f"o.{kind}", {c: c for c in columns})
    rows = list(zip(*found.columns.values(), strict=True))
    assert [tuple(r[:2]) for r in sorted(rows, key=lambda r: int(r[0][1:]))] == [
        (f"n{k}", f"n{k + 1}") for k in range(0, 24, 2)
    ]
    assert all(float(r[2]) > 5 and 0.9 < float(r[3]) <= 1 for r in rows)
    assert {r[4:] for r in rows} == {
        ("可以认", *["一致"] * 3) if kind == "xlsx" else ("accept", *["exact"] * 3)
    }
    id_ = "编号" if kind == "xlsx" else "id"
    assert len(list(read(tmp_path / f"c.{kind}", {"id": id_}).columns["id"])) == 24


def test_more_rows_than_a_sheet_holds_are_said(tmp_path, monkeypatch):
    monkeypatch.setattr("matching.linkage.files.writing.SHEET_ROWS", 10)
    a = sheet(tmp_path / "a.csv", IDS)
    with pytest.raises(ValueError, match="请写成 .csv"):
        link_files(a, None, FIELDS, "编号", tmp_path / "o.xlsx")
    assert os.listdir(tmp_path) == ["a.csv"]


# Before anything is computed


def test_what_could_not_be_written_is_said_at_once(tmp_path):
    a = sheet(tmp_path / "a.csv", IDS)
    (tmp_path / "same.csv").symlink_to(a)
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for out, said in (
        (a, "不能写进原来的表格"),
        (tmp_path / "same.csv", "不能写进原来的表格"),
        (tmp_path / "none" / "o.csv", "没有这个文件夹"),
        (tmp_path / "folder.csv", "不是普通文件"),
        (tmp_path / "pipe.csv", "不是普通文件"),
    ):
        with pytest.raises(ValueError, match=said):
            check([out], [a])
    with pytest.raises(ValueError, match="同一个文件"):
        check([tmp_path / "o.csv", tmp_path / "." / "o.csv"], [a])
    with pytest.raises(ValueError, match=r"可以写成 \.xlsx"):
        link_files(a, None, FIELDS, "编号", tmp_path / "o.doc")
    check([tmp_path / "o.csv", None], [a, None])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(ValueError, match="没有权限"):
        check([tmp_path / "closed" / "o.csv"], [])


# Whole or not at all


def test_nothing_stays_of_an_error_and_what_was_there_is_kept(tmp_path):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("old")
    with pytest.raises(RuntimeError), complete(first, None, second) as (one, none, two):
        assert none is None
        one.write_text("half")
        two.write_text("half")
        raise RuntimeError
    assert first.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]


def test_a_link_laid_where_a_part_would_stand_is_not_followed(tmp_path):
    """In a folder into which others may write too."""
    kept = tmp_path / "kept"
    kept.write_text("mine")
    before = set(os.listdir(tmp_path))
    for k in range(3):
        (tmp_path / f".{os.getpid()}.{k}.part.csv").symlink_to(kept)
    with complete(tmp_path / "o.csv") as (part,):
        assert stat.S_IMODE(part.parent.stat().st_mode) == 0o700
        assert part.parent.name not in before
        part.write_text("new")
    assert kept.read_text() == "mine"
    assert (tmp_path / "o.csv").read_text() == "new"


def test_what_a_table_says_to_the_terminal_is_shown_and_not_obeyed():
    assert say("编号 \x1b]0;x\x07 和 \u202e1 \x9b2J\n", "") == "编号 \ufffd]0;x\ufffd 和 \ufffd1 \ufffd2J\n"


def test_a_link_stays_a_link_to_the_new_result(tmp_path):
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    with complete(link) as (part,):
        part.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_full_disk_leaves_no_half_of_the_results(tmp_path, monkeypatch, capsys):
    a = sheet(tmp_path / "a.csv", IDS)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "write_clusters", full)
    arguments = [
        "--id",
        "编号",
        "--fields",
        "name=姓名",
        "--out",
        f"{tmp_path}/o.csv",
        "--clusters",
        f"{tmp_path}/c.csv",
    ]
    assert main([str(a), *arguments]) == 1
    assert "磁盘满了，结果没有写" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("most", [2000, 4000, 6000])
def test_a_disk_that_is_full_in_the_middle_of_a_sheet_is_said_without_an_outcry(tmp_path, most):
    a = sheet(tmp_path / "a.csv", IDS)
    code = (
        "import resource, signal, sys\nfrom matching.linkage.__main__ import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most}))\nsys.exit(main(sys.argv[1:]))"
    )
    arguments = [
        "--fields",
        "name=姓名,phone=手机",
        "--out",
        str(tmp_path / "o.xlsx"),
        "--clusters",
        str(tmp_path / "c.xlsx"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", code, str(a), *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "结果没有写" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_is_stopped_leaves_nothing(tmp_path, number):
    a = sheet(tmp_path / "a.csv", IDS)
    code = (
        "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nfrom matching.linkage import __main__ as m\nfrom matching.linkage.files import linking as files\n"
        "def slow(result, ids, part, *_):\n    part.write_text('half'); print('writing', flush=True); time.sleep(60)\n"
        "files.write_pairs = slow\nsys.exit(m.main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(a), "--id", "编号", "--fields", "name=姓名", "--out", str(tmp_path / "o.csv")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "writing\n"
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "没有写任何结果" in said
    assert os.listdir(tmp_path) == ["a.csv"]


def test_workers_that_are_stopped_say_nothing_of_their_own(tmp_path):
    a = sheet(tmp_path / "a.csv", IDS)
    code = (
        "import signal, sys, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nfrom matching.linkage import __main__ as m\nfrom matching.linkage.tables import batch\n"
        "def slow(*_):\n    sys.stdout.write('scoring\\n'); sys.stdout.flush(); time.sleep(60)\n"
        "batch.ROOM, batch.BUCKET, batch.score_pairs = 100, 50, slow\nsys.exit(m.main(sys.argv[1:]))"
    )
    arguments = [
        str(a),
        "--fields",
        "name=姓名,phone=手机",
        "--out",
        str(tmp_path / "o.csv"),
        "--workers",
        "2",
    ]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert [process.stdout.readline() for _ in range(2)] == ["scoring\n"] * 2
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said == "\n停了，没有写任何结果\n"
    assert os.listdir(tmp_path) == ["a.csv"]


# The command line


def run(tmp_path, capsys, *arguments):
    code = main([*map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_who_says_nothing_is_told_what_could_be_said(tmp_path, capsys):
    a = sheet(tmp_path / "a.csv", IDS)
    proposal = "--id 编号 --fields name=姓名,birth_date=生日,phone=手机"
    code, out, _ = run(tmp_path, capsys, a, "--guess")
    assert (code, out) == (0, f"a.csv 看表头可以写：{proposal}\n")
    code, _, err = run(tmp_path, capsys, a)
    assert code == 1
    assert "还缺 --fields、--out" in err
    assert proposal in err
    _, out, _ = run(tmp_path, capsys, a, a, "--guess")
    assert "--id-b 编号 --fields-b name=姓名" in out


def test_the_last_line_tells_how_many_and_what_to_do_with_them(tmp_path, capsys):
    a = sheet(tmp_path / "a.csv", IDS)
    code, out, err = run(
        tmp_path, capsys, a, "--id", "编号", "--fields", "name=姓名,birth_date=生日,phone=手机", "--out", tmp_path / "o.csv",
        "--save-params", tmp_path / "p.json",
    )  # fmt: skip
    assert code == 0
    assert "找到 12 对（比较了 276 对）" in out
    assert out.endswith(f"→ {(tmp_path / 'o.csv').resolve()}\n")
    assert err == ""
    again = tmp_path / "again.csv"
    arguments = [
        "--id",
        "编号",
        "--fields",
        "name=姓名,birth_date=生日,phone=手机",
        "--out",
        again,
        "--params",
    ]
    assert run(tmp_path, capsys, a, *arguments, tmp_path / "p.json")[0] == 0
    assert again.read_bytes() == (tmp_path / "o.csv").read_bytes()
    code, _, err = run(tmp_path, capsys, a, *arguments, a)
    assert code == 1
    assert "不是 --save-params 存下的参数" in err
    arguments = ["--fields", "name=姓名,text=编号", "--out", again, "--params", tmp_path / "p.json"]
    code, _, err = run(tmp_path, capsys, a, *arguments)
    assert code == 1
    assert "是从这些列学的" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--threshold", "2"], "是概率"),
        (["--workers", "0"], "至少是 1"),
        (["--memory-mb", "nan"], "是多少 MB"),
        (["--memory-mb", "-3"], "是多少 MB"),
        (["--id-b", "x"], "要有第二张表"),
        (["--sheet", "1"], "不用写 --sheet"),
        (["--params", "none.json"], "none.json: 没有这个文件"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_code_1(tmp_path, capsys, arguments, said):
    a = sheet(tmp_path / "a.csv", IDS)
    code, out, err = run(
        tmp_path, capsys, a, "--fields", "name=姓名", "--out", tmp_path / "o.csv", *arguments
    )
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_an_error_of_the_system_is_said_in_words():
    assert (
        why(OSError(errno.ENOSPC, "No space left on device", "/x/o.csv"))
        == "/x/o.csv: 磁盘满了，结果没有写；请腾出地方再试"
    )
    assert why(OSError(errno.EIO, "Input/output error")) == "Input/output error"
    assert why(ValueError("so")) == "so"

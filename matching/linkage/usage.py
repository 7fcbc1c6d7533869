"""The command line: its arguments, and what is said where it was typed in a way that nobody can follow."""

import argparse
import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, NoReturn

from .files.fields import known_kinds
from .words import language, say, speak


def about() -> str:
    """What the command does."""
    return say(
        "在一张表（A）里，或两张表（A、B）之间，找出同一个人。表格可以是 .xlsx、.xls、.csv 或 .parquet；"
        "不用数据库，不用先标注，表格不离开这台电脑。",
        "Find the same people within one table (A) or between two (A B): .xlsx, .xls, .csv or .parquet, no database, no labels.",
    )


def kinds_are() -> str:
    """The kinds of fields."""
    return say("--fields 的种类：", "Kinds of fields: ") + known_kinds()


def asked_language(arguments: Sequence[str]) -> str | None:
    """What stands behind --language, before anything else is read: help and errors speak it too."""
    for place, one in enumerate(arguments):
        name, _, value = one.partition("=")
        if name == "--language":
            value = value or (arguments[place + 1] if place + 1 < len(arguments) else "")
            return value if value in ("zh", "en") else None
    return None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command line, here and in Django."""
    add = parser.add_argument
    add("a", type=Path, help=say("表格", "a table"))
    add(
        "b",
        type=Path,
        nargs="?",
        help=say("第二张表格：和第一张对", "another table, to be linked with the first"),
    )
    add(
        "--guess", action="store_true",
        help=say("只看表头，告诉您 --id 和 --fields 可以怎么写", "only propose --id and --fields, judged by the headings"),
    )  # fmt: skip
    add(
        "--id",
        dest="id_col",
        help=say("编号列，每行不同；不写就用行号", "the column that names a row (its number)"),
    )
    add("--id-b", help=say("第二张表的编号列，名字不同时写", "the same in B, where it is called otherwise"))
    add(
        "--fields",
        help=say(
            "种类=列名，用逗号隔开：name=姓名,phone=手机,…", "kind=COLUMN,…: given_name=COL,phone=COL,…"
        ),
    )
    add(
        "--fields-b",
        help=say(
            "第二张表的列名，和 --fields 不同时写", "the same for B, where its columns are called otherwise"
        ),
    )
    add(
        "--sheet",
        help=say(
            "Excel 的哪个工作表，名字或第几个（第一个有内容的）",
            "a sheet's name or number (the first with content)",
        ),
    )
    add("--sheet-b", help=say("第二张表的工作表", "the same in B"))
    add(
        "--out",
        type=Path,
        help=say("结果：相同的人.xlsx（或 .csv、.parquet）", "pairs.xlsx (or .csv, .parquet)"),
    )
    add("--clusters", type=Path, help=say("分组：每条记录属于谁", "clusters.xlsx (or .csv, .parquet)"))
    add(
        "--threshold",
        type=float,
        default=0.5,
        help=say(
            "概率从多少起列出（0.5）；同一个证件号的总会列出",
            "least probability of a pair (0.5); rows with one identity number are listed in any case",
        ),
    )
    add(
        "--memory-mb", type=float, default=0,
        help=say("最多用多少内存，连 --workers 在内（不限）", "memory that may be taken, --workers included (no limit)"),
    )  # fmt: skip
    add("--workers", type=int, default=1, help=say("几个进程一起比较（1）", "processes that score (1)"))
    add(
        "--params",
        type=Path,
        help=say("用存下的参数，不再学习", "use this parameter table instead of training"),
    )
    add("--save-params", type=Path, help=say("把学到的参数存下来", "write the trained parameter table here"))
    add(
        "--splink-settings", type=Path, metavar="JSON",
        help=say(
            "用 Splink 存下的模型，不写 --fields，不再学习", "run a model saved by Splink: no --fields, no training"
        ),
    )  # fmt: skip
    add(
        "--language", choices=("zh", "en"),
        help=say(
            "用中文（zh）还是英文（en）。不写时，提示和 .xlsx 跟终端走，.csv 的列名不变",
            "Chinese (zh) or English (en); without it messages and .xlsx follow the terminal, names in .csv never change",
        ),
    )  # fmt: skip
    add(
        "--backend", choices=("own", "duckdb", "spark"), default="own",
        help=say(
            "比内存大的表：duckdb 在 Splink 的 DuckDB 上算，行放在 --out 旁边的盘上；spark 在 Spark 上比较",
            "tables larger than memory: duckdb (Splink on DuckDB, rows on disk beside --out), spark (compared on Spark)",
        ),
    )  # fmt: skip
    add(
        "--celery", action="store_true",
        help=say(
            "交给正在运行的后台进程比较（只在 manage.py link_files 里有；要用同一块盘）",
            "let the running workers score (manage.py link_files only); they must see the same disk",
        ),
    )  # fmt: skip


def _values(hit: re.Match[str]) -> list[str]:
    return [re.sub("['\"]", "", part) for part in hit.groups()]


#: What argparse says, and how that is said here. The option, what was typed, …
_SAID: tuple[tuple[str, str], ...] = (
    (r"the following arguments are required: a", "还没写是哪个表格。写文件名，或者把表格拖进终端"),
    (r"argument (\S+): expected one argument", "{0} 后面还没写内容"),
    (r"argument (\S+): invalid float value: (.+)", "{0} 要写数字，不能是“{1}”"),
    (r"argument (\S+): invalid int value: (.+)", "{0} 要写整数，不能是“{1}”"),
    (r"argument (\S+): invalid choice: (.+?) \(choose from (.+)\)", "{0} 不能写“{1}”，可以写：{2}"),
    (r"argument (\S+): ignored explicit argument (.+)", "{0} 后面不用写内容（写了“{1}”）"),
    (r"ambiguous option: (\S+) could match (.+)", "{0} 没有写全，可能是：{1}"),
)


class Parser(argparse.ArgumentParser):
    """An argument parser that speaks Chinese where its user does, and says what to write instead."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, description=about(), epilog=kinds_are(), add_help=False)
        self._positionals.title = say("表格", "tables")
        self._optionals.title = say("可以写的", "options")
        self.add_argument(
            "-h", "--help", action="help", help=say("看这个说明", "show this help message and exit")
        )
        add_arguments(self)

    def format_help(self) -> str:
        return re.sub(r"^usage: ", say("用法：", "usage: "), super().format_help())

    def error(self, message: str) -> NoReturn:
        hint = say(f"怎么写，看 {self.prog} --help", f"see {self.prog} --help")
        self.exit(2, f"{self.prog}: {self._put(message)}\n{hint}\n")

    def _put(self, message: str) -> str:
        if hit := re.fullmatch(r"unrecognized arguments: (.+)", message, re.DOTALL):
            return self._unknown(hit[1].split())
        if language() == "en":
            return say(message, message)
        for pattern, words in _SAID:
            if hit := re.fullmatch(pattern, message, re.DOTALL):
                return say(words.format(*_values(hit)), message)
        return say(f"用法不对：{message}", message)

    def _unknown(self, given: Sequence[str]) -> str:
        """What nobody knows: options of another name or sign, files too many, spaces where none belong."""
        lines = []
        known = [name for action in self._actions for name in action.option_strings]
        for one in given:
            bare = one.lstrip("-—–－―")
            if bare != one:
                near = get_close_matches(f"--{bare.partition('=')[0]}", known, 1, 0.6)
                lines.append(
                    say(f"不认得 {one}", f"unknown option {one}")
                    + (say(f"（是不是 {near[0]}？）", f" ({near[0]}?)") if near else "")
                )
        rest = [one for one in given if one[0] not in "-—–－―"]
        if loose := [one for one in rest if "=" in one or "＝" in one]:
            lines.append(_loose(loose))
        elif rest and not lines:
            shown = say("、", ", ").join(rest)
            lines.append(
                say(
                    f"最多两张表，多出来的是：{shown}。文件名里有空格的，要用引号括起来",
                    f"two tables at most; left over: {shown}. Put names with spaces in quotes",
                )
            )
        return say("；", "; ").join(lines)


def _loose(parts: Sequence[str]) -> str:
    return say(
        f"{'、'.join(parts)} 前面多了空格：--fields 的各项用逗号连着写，中间不要空格，或者整个用引号括起来",
        f"a space stands before {', '.join(parts)}: write --fields without spaces, or put it in quotes",
    )


def check_tables(options: dict[str, Any]) -> None:
    """Raise ValueError where a part of --fields, or an option with another sign, was taken for a table."""
    for path in filter(None, (options["a"], options["b"])):
        name = str(path)
        if path.exists():
            if path.name.startswith(("~$", ".~")):
                raise ValueError(
                    say(
                        f"{name} 是表格开着时的临时文件，不是表格：去掉前面的 {path.name[:2]}",
                        f"{name} is the lock of a table that is open, not the table",
                    )
                )
            continue
        if re.match("[—–－―]", name):
            raise ValueError(
                say(
                    f"{name} 前面要用两个减号：--{name.lstrip('—–－―')}",
                    f"{name}: options begin with two minus signs",
                )
            )
        if re.search("[=＝]", name) and not path.suffix:
            raise ValueError(_loose([name]))


def out_to(stream: IO[str]) -> None:
    """Characters that a terminal cannot show are no reason to stop."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")


def start(arguments: Sequence[str] | None, prog: str) -> dict[str, Any]:
    """The options of a command line. Exits with 2 where it cannot be followed."""
    given = sys.argv[1:] if arguments is None else arguments
    speak(asked_language(given))
    for stream in (sys.stdout, sys.stderr):
        out_to(stream)
    return vars(Parser(prog).parse_args(given))

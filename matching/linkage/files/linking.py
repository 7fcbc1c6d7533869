"""File to file: tables in, scored pairs and clusters out. No database."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compare.fill import RECORDED_ON
from ..model import Params
from ..tables.batch import Spread
from ..tables.oddities import lent
from ..tables.pipeline import Below, Linked, link
from ..words import places, say
from .about import about_lines
from .earlier import aside, edited, tell_replaced
from .fields import Missing, WholeName, guess, guess_id, pair, place_of, written_out
from .reading import ROWS, Sheet, headings, read
from .results import Groups, Tally, Worded, show_groups, show_pairs, write_clusters, write_pairs
from .writing import check, check_kind, complete, guarded, is_sheet, is_text, runs

if TYPE_CHECKING:
    from ..ondisk.linking import OnDisk
    from ..splink.foreign import Imported

_ID = "\0id"  # where a table keeps its ids, apart from the same column as a field
_TEXT = np.dtypes.StringDType()
BESIDE = 20_000  # pairs of which a spreadsheet shows both rows; rows of groups that it shows
_SHOWN = re.compile("0|[1-9][0-9]{0,10}")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Done:
    """What was written: the pairs in row numbers, and how many of them are accepted, for review, rejected."""

    linked: "Linked | OnDisk"
    outcomes: Counter[str]
    pairs: int


def link_files(
    a: Path,
    b: Path | None,
    fields: dict[str, str],
    id_col: str | None,
    out: Path,
    clusters: Path | None = None,
    threshold: float = 0.5,
    progress: Callable[[str, float], None] | None = None,
    params: Params | None = None,
    memory_mb: float = 0,
    workers: int = 1,
    folder: Path | None = None,
    spread: Spread | None = None,
    backend: str = "own",
    *,
    fields_b: dict[str, str] | None = None,
    id_b: str | None = None,
    sheet: str | None = None,
    sheet_b: str | None = None,
    save_params: Path | None = None,
    imported: "Imported | None" = None,
    tell: Tell = lambda _note: None,
    language: str | None = None,
    when: datetime | None = None,
) -> Done:
    """Link two files, or de-duplicate one, and write pairs (and clusters).

    Pairs: left, right, weight (log2, 4 places), probability (6 places), outcome, flags (what is odd, in words), one column
    of levels per field; two rows with one number that names a person also below the threshold. Clusters: source (a or
    b), id, cluster. In .xlsx, for people: in words, what needs a look first, with what the rows hold (up to `BESIDE`), and
    a first sheet that says what was done, ``when``. ``language``: 'zh' words in the other kinds too, 'en' flags as codes.

    The files appear all together, whole, or none does; what stood there is replaced if it was a result that nobody
    touched. Without ``id_col`` a row's id is its number in its file. ``fields_b`` and ``id_b`` say how ``b`` calls its
    columns; ``tell`` hears what a person should know; ``imported`` is a model from Splink, with the fields that it needs.
    ``backend`` 'duckdb' and 'spark' take tables larger than memory (`ondisk`), and write csv or parquet. The rest as in
    `pipeline.link`. Raises ValueError, OSError.
    """
    outputs = (out, clusters, save_params)
    check(outputs, [a, b])
    for path in (out, clusters):
        check_kind(path)
        if backend != "own" and path and is_sheet(path):
            raise ValueError(
                say(
                    f"--backend {backend} 的结果给程序用，{path.name} 请写成 .csv 或 .parquet",
                    f"--backend {backend} writes .csv or .parquet, not {path.name}",
                )
            )
    said: list[str] = []

    def hear(note: str) -> None:
        said.append(note)
        tell(note)

    old = {path: aside(path.resolve()) for path in edited(outputs)}
    there = [path for path in outputs if path and path not in old and path.exists() and path.stat().st_size]
    kinds, made_a, made_b = pair(fields, fields_b)
    sheets = [_read(a, made_a, kinds, id_col, sheet)]
    if b:
        try:
            sheets.append(_read(b, made_b, kinds, id_b or id_col, sheet_b))
        except Missing as error:
            hint = _other_names(b, fields, fields_b, sheet_b, None if id_b else id_col)
            names = headings(b, sheet_b)[0]
            if id_col and not id_b and place_of(id_col, names) is None and not guess_id(names):
                hint += say(
                    f"\n{b.name} 没有编号列的话，两边都不写 --id，就用行号",
                    f"\nif {b.name} has no column of ids, leave out --id: rows go by their number",
                )
            raise ValueError(f"{error}\n{hint}") from error
    for one in sheets:
        for note in one.notes:
            hear(note)
    if b and sheet == sheet_b and a.exists() and b.exists() and a.samefile(b):
        hear(
            say(
                f"两张表是同一个文件 {a.name}，每一行都会和自己配成一对；要在一张表里找重复，文件只写一次",
                f"both tables are {a.name}, so every row meets itself; to find what stands twice in it, name it once",
            )
        )
    if len({RECORDED_ON in one.columns for one in sheets}) > 1:
        for one in sheets:
            one.columns.pop(RECORDED_ON, None)
    if backend != "own":
        from ..ondisk.linking import Twice, opened

        columns = sheets[0].columns, sheets[1].columns if b else None
        numbered = Below([one.columns[_ID] for one in sheets])
        compared = {c: k for c, k in kinds.items() if k != RECORDED_ON}
        try:
            with opened(
                *columns, compared, numbered, out.resolve().parent, spark=backend == "spark", threshold=threshold,
                progress=progress, params=params, memory_mb=memory_mb, threads=workers, tell=hear,
            ) as large:  # fmt: skip
                excel = any(one.excel for one in sheets)
                outcomes = _write_large(large, (out, clusters, save_params), old, language, excel, hear)
        except Twice:
            for one in sheets:
                _distinct(one, id_col)
            raise
        tell_replaced(there, old, tell)
        return Done(large, outcomes, large.count)
    for one in sheets:
        _distinct(one, id_col)
    ids = _ids(sheets)
    result = link(
        sheets[0].columns, sheets[1].columns if b else None, {c: k for c, k in kinds.items() if k != RECORDED_ON}, _ID,
        threshold=threshold, progress=progress, params=params, memory_mb=memory_mb, workers=workers, folder=folder,
        spread=spread, imported=imported,
    )  # fmt: skip
    excel = any(one.excel for one in sheets)
    for note in imported.notes if imported is not None else ():
        hear(note)
    first, second = lent(result)
    some = list(zip(first[:3].tolist(), second[:3].tolist(), strict=True))
    _tell_lent(some, len(first), lambda rows: {row: str(ids[row]) for row in rows}, hear)
    labels = list(made_a)
    for_people = [path for path in (out, clusters) if path and is_sheet(path)]
    tally = Tally.of(result) if for_people else None
    groups = Groups.of(result, tally) if tally and clusters in for_people else None
    seen = _seen(sheets, _shown(result, out, groups, hear), labels)
    tables = [one.name for one in sheets]
    lines = [(one.name, len(one.numbers)) for one in sheets]
    del sheets
    how = (
        say("Splink 的模型", "a model of Splink") if imported is not None
        else say("以前存下的参数", "parameters that were saved") if params is not None
        else say("从这次的表里学来的", "learnt from these rows")
    )  # fmt: skip
    with complete(*outputs, keep=old) as (pairs_part, clusters_part, params_part):
        assert pairs_part is not None
        safe = _safe(ids, [p for p in (out, clusters) if p], hear)
        about = about_lines(lines, kinds, result, tally, groups, said, threshold, how, when) if tally else []
        shown = safe if is_text(out) else _cells(ids, out)
        if tally and is_sheet(out):
            beside = seen if len(result.i) <= BESIDE else {}
            outcomes = show_pairs(tally.first(result), shown, pairs_part, about, beside, kinds)
        else:
            outcomes = write_pairs(result, shown, pairs_part, Worded.of(out, language), excel)
        if clusters_part and clusters:
            shown = safe if is_text(clusters) else _cells(ids, clusters)
            if groups is not None:
                show_groups(result, shown, clusters_part, groups, about, tables, seen, kinds)
            else:
                write_clusters(result, shown, clusters_part, Worded.of(clusters, language), excel)
        if params_part:
            params_part.write_text(result.params.to_json(), encoding="utf-8")
    tell_replaced(there, old, tell)
    return Done(result, outcomes, len(result.i))


def _write_large(
    found: "OnDisk",
    outputs: tuple[Path, Path | None, Path | None],
    old: Any,
    language: str | None,
    excel: bool,
    tell: Tell,
) -> Counter[str]:
    """The results of a table on disk, all together or none."""
    from ..ondisk.linking import Names

    out, clusters, _ = outputs
    names = Names(found.store)
    texts = [path for path in (out, clusters) if path and is_text(path)]
    running, long = 0, False
    for start in range(0, len(names), ROWS):
        some = names[start : start + ROWS].tolist()
        running += sum(map(runs, some))
        long = long or (start < 1000 and any(len(v) > 11 and v.isdecimal() for v in some[:1000]))
    if texts:
        _tell_ids(running, long, tell)
    _tell_lent(found.lent_some, found.lent, found.names, tell)
    with complete(*outputs, keep=old) as (pairs_part, clusters_part, params_part):
        assert pairs_part is not None
        names.how = guarded if running and is_text(out) else None
        outcomes = write_pairs(found, names, pairs_part, Worded.of(out, language), excel)
        if clusters_part and clusters:
            names.how = guarded if running and is_text(clusters) else None
            write_clusters(found, names, clusters_part, Worded.of(clusters, language), excel)
        if params_part:
            params_part.write_text(found.params.to_json(), encoding="utf-8")
            if found.cut:
                tell(
                    say(
                        "不同的值太多，参数里只存了最常见的：用它再算，少见的名字分量会轻一些",
                        "too many values: the table keeps the commonest, and rare ones will weigh less where it is used again",
                    )
                )
    return outcomes


def _shown(result: Linked, out: Path, groups: Groups | None, tell: Tell) -> set[int]:
    """The rows that sheets show: those of the pairs, and of groups as many as fit."""
    rows: set[int] = set()
    if is_sheet(out):
        if len(result.i) <= BESIDE:
            rows = {*result.i.tolist(), *result.j.tolist()}
        else:
            tell(
                say(
                    f"超过 {BESIDE:,} 对，{out.name} 里不抄两边的内容，只有编号",
                    f"more than {BESIDE:,} pairs: {out.name} has their ids, but not what stands in the rows",
                )
            )
    if groups is not None:
        some = np.flatnonzero(groups.look | (groups.size > 1)) if len(groups.size) > BESIDE else groups.order
        if len(some) < len(groups.size):
            some = some[:BESIDE]
            tell(
                say(
                    f"超过 {BESIDE:,} 条，分组里只抄要看的和多条一组的内容，别的只有编号",
                    f"more than {BESIDE:,} rows: of who stands alone the groups have the ids only",
                )
            )
        rows.update(some.tolist())
    return rows


def _tell_lent(
    pairs: Sequence[tuple[int, int]], count: int, names: Callable[[Iterable[int]], dict[int, str]], tell: Tell
) -> None:
    if not count:
        return
    ids = names(row for pair in pairs for row in pair)
    some = [f"{ids[i][:20]} – {ids[j][:20]}" for i, j in pairs[:3]]
    tell(
        say(
            f"有 {count} 处身份证号相同、名字不同：{'；'.join(some)}{'……' if count > 3 else ''}。"
            "可能写错，也可能借用证件，请核对",
            f"{count} times one identity number stands under different names: {'; '.join(some)}"
            f"{' …' if count > 3 else ''}. A slip or a borrowed card: please look",
        )
    )


def proposal(path: Path, sheet: str | None = None, suffix: str = "", tell: Tell = lambda _note: None) -> str:
    """What could stand behind --id and --fields, judged by the headings. Raises ValueError, OSError."""
    found, notes = headings(path, sheet)
    for note in notes:
        tell(note)
    names = ["".join(name.split()) for name in found]
    fields = guess(names)
    options = [f"--id{suffix} {_quoted(name)}" for name in guess_id(names)[:1]]
    if fields:
        options.append(f"--fields{suffix} {_quoted(written_out(fields))}")
    return " ".join(options)


def _quoted(text: str) -> str:
    return shlex.quote(text) if re.search(r"""[\s"'$&|;<>()*?\\`!#]""", text) else text


def _other_names(
    b: Path, fields: dict[str, str], fields_b: dict[str, str] | None, sheet: str | None, id_col: str | None
) -> str:
    """What to do where the second table has other headings."""
    if fields_b is not None:
        return say("请核对 --fields-b 和 --id-b", "look at --fields-b and --id-b")
    hint = say(
        "两张表列名不同时，第二张的写在 --fields-b（编号列写在 --id-b）",
        "name the second table's columns in --fields-b (--id-b)",
    )
    names = headings(b, sheet)[0]
    guessed = guess(names)
    kinds = Counter(fields.values())
    if (
        kinds["name"]
        and "name" not in guessed.values()
        and {"surname", "given_name"} <= set(guessed.values())
    ):
        kinds -= Counter(["name"])  # they are put together
        kinds += Counter(["surname", "given_name"])
    found = {c: k for c, k in guessed.items() if k in kinds}
    if Counter(found.values()) == kinds:
        shown = " ".join(
            [
                *(f"--id-b {_quoted(name)}" for name in guess_id(names)[:1] if id_col),
                f"--fields-b {_quoted(written_out(found))}",
            ]
        )
        hint += say(f"，例如：{shown}", f", as: {shown}")
    return hint


def _read(
    path: Path, made: dict[str, tuple[str, ...]], kinds: dict[str, str], id_col: str | None, sheet: str | None
) -> Sheet:
    """A table with its columns under the names of the comparison, and its ids."""
    wanted: dict[str, str] = {} if id_col is None else {_ID: id_col}
    how: dict[str, str] = {RECORDED_ON: RECORDED_ON}
    for label, columns in made.items():
        for k, column in enumerate(columns):
            wanted[f"{k}\0{label}"] = column
            how[f"{k}\0{label}"] = kinds[label]
    found = read(path, wanted, how, {RECORDED_ON: RECORDED_ON}, sheet)
    columns_: dict[str, Sequence[Any]] = {_ID: found.columns[_ID] if id_col is not None else found.numbers}
    if RECORDED_ON in found.columns:
        columns_[RECORDED_ON] = found.columns[RECORDED_ON]
    for label, parts in made.items():
        first = found.columns[f"0\0{label}"]
        label = RECORDED_ON if kinds[label] == RECORDED_ON else label
        columns_[label] = WholeName(first, found.columns[f"1\0{label}"]) if len(parts) == 2 else first
    return Sheet(found.name, columns_, found.numbers, found.notes, found.excel)


def _distinct(sheet: Sheet, id_col: str | None) -> None:
    """Raise ValueError where a row has no id, or another row's."""
    if id_col is None:
        return
    ids, numbers = sheet.columns[_ID], sheet.numbers
    if empty := [n for n, v in zip(numbers, ids, strict=True) if v is None]:
        raise ValueError(
            say(
                f"{sheet.name}：“{id_col}”在第 {places(empty)} 行是空的（共 {len(empty)} 行）。"
                "请补上，或者不写 --id，就用行号当编号",
                f"{sheet.name}: {id_col!r} is empty in {len(empty)} rows (rows {places(empty)}): fill it in, or leave out --id "
                "and rows go by their number",
            )
        )
    if len(set(map(str, ids))) == len(numbers):
        return
    count = Counter(map(str, ids))
    value = next(v for v in map(str, ids) if count[v] > 1)
    rows = [n for n, v in zip(numbers, ids, strict=True) if str(v) == value]
    twice = sum(n > 1 for n in count.values())
    raise ValueError(
        say(
            f"{sheet.name}：“{id_col}”有 {twice} 个值不止一行有，例如第 {places(rows)} 行。"
            "编号要每行不同；不写 --id，就用行号当编号",
            f"{sheet.name}: {twice} values of {id_col!r} stand in several rows (such as rows {places(rows)}): ids "
            "must differ; leave out --id and rows go by their number",
        )
    )


def _ids(sheets: Sequence[Sheet]) -> np.ndarray:
    """The ids of all rows as text, compactly."""
    parts: list[np.ndarray] = [np.zeros(0, dtype=_TEXT)]
    for sheet in sheets:
        ids = iter(sheet.columns[_ID])
        while piece := list(islice(ids, ROWS)):
            parts.append(np.array([str(v) for v in piece], dtype=_TEXT))
    return np.concatenate(parts)


def _safe(ids: np.ndarray, outputs: Sequence[Path], tell: Tell) -> np.ndarray:
    """The ids as they may stand in a csv that Excel opens; tells what Excel would do to them."""
    if not any(map(is_text, outputs)):
        return ids
    running = [
        k
        for start in range(0, len(ids), ROWS)
        for k, v in enumerate(ids[start : start + ROWS].tolist(), start)
        if runs(v)
    ]
    if running:
        ids = ids.copy()
        ids[running] = np.array([guarded(v) for v in ids[running].tolist()], dtype=_TEXT)
    _tell_ids(len(running), any(len(v) > 11 and v.isdecimal() for v in ids[:1000].tolist()), tell)
    return ids


def _tell_ids(running: int, long: bool, tell: Tell) -> None:
    """What Excel would do to the ids of a csv."""
    if running:
        tell(
            say(
                f"有 {running} 个编号以 = + - @ 开头，结果里前面加了 '，免得 Excel 当成公式运行；写成 .xlsx 就不用加",
                f"{running} ids begin with = + - @: a ' was put before them, lest a spreadsheet run them (not in .xlsx)",
            )
        )
    if long:
        tell(
            say(
                "编号很长，Excel 直接打开 csv 会显示成 1.1E+17：请把结果写成 .xlsx",
                "the ids are long: Excel shows them as 1.1E+17 when it opens a csv; write .xlsx",
            )
        )


def _cells(ids: np.ndarray, out: Path) -> np.ndarray:
    """The ids as a spreadsheet holds them: numbers, where all are and none is too long to be shown whole.

    Who looks one up in the table it came from finds it only by its own kind.
    """
    if out.suffix.casefold() != ".xlsx":
        return ids
    for start in range(0, len(ids), ROWS):
        if not all(map(_SHOWN.fullmatch, ids[start : start + ROWS].tolist())):
            return ids
    return ids.astype(np.int64)


def _seen(sheets: Sequence[Sheet], rows: set[int], labels: Sequence[str]) -> dict[str, dict[int, str]]:
    """What stands in some rows, column by column, for a sheet in which a person compares them."""
    if not rows:
        return {}
    return {
        label: {
            k: str(v)
            for k, v in enumerate(chain.from_iterable(one.columns[label] for one in sheets))
            if k in rows and v is not None
        }
        for label in labels
        if all(label in one.columns for one in sheets)
    }

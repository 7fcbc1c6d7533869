"""What stands already where a result is to be written: an earlier result may go, what people did to it stays."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..labels import COLUMNS
from ..words import say
from .writing import MADE_BY, is_sheet

_FIRST = tuple(
    tuple(names)
    for stable in (("left", "right", "weight"), ("source", "id", "cluster"))
    for names in (stable, [COLUMNS[name] for name in stable])
)
_CORE = "docProps/core.xml"
_SOME = 1 << 16


def edited(outputs: Sequence[Path | None]) -> list[Path]:
    """Those of the places of results where people worked on an earlier one. Raises ValueError for a place where
    something else stands, or that is open in a spreadsheet program."""
    out = []
    for path in filter(None, outputs):
        _not_open(path)
        if not path.is_file() or not path.stat().st_size:
            continue
        ours, touched = _sheet(path) if is_sheet(path) else (_text(path), False)
        if not ours:
            raise ValueError(
                say(
                    f"{path} 已经有了，里面不是查重的结果，不能盖掉。请换个文件名，或先把它移走",
                    f"{path} is there already and is no result of this command: name another file, or move it away",
                )
            )
        if touched:
            out.append(path)
    return out


def aside(path: Path) -> Path:
    """A free name beside a file."""
    word = say("改过", "edited")
    for k in range(1, 1000):
        place = path.with_name(f"{path.stem}（{word}{f' {k}' if k > 1 else ''}）{path.suffix}")
        if not place.exists():
            return place
    raise ValueError(
        say(f"{path.parent} 里旧结果太多，请先清理", f"too many earlier results in {path.parent}")
    )


def _not_open(path: Path) -> None:
    """Excel, LibreOffice and WPS lay a file beside the one that they have open."""
    for name in (f"~${path.name}", f".~lock.{path.name}#", f".~{path.name}"):
        if path.with_name(name).exists():
            raise ValueError(
                say(
                    f"{path} 正在 Excel（或 WPS）里开着，请先关上再运行。如果没有开着，把同一个文件夹里的 {name} 删掉",
                    f"{path} is open in a spreadsheet program: close it first. If it is not, delete {name} beside it",
                )
            )


def _sheet(path: Path) -> tuple[bool, bool]:
    """Whether this command made a sheet, and whether somebody saved it since."""
    import zipfile  # few runs find a sheet in their way

    try:
        with zipfile.ZipFile(path) as book, book.open(_CORE) as part:
            core = part.read(_SOME).decode("utf-8", "replace")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False, False
    made, last = (
        re.search(rf"<(?:\w+:)?{name}\b[^>]*>([^<]*)<", core) for name in ("creator", "lastModifiedBy")
    )
    ours = made is not None and made[1] == MADE_BY
    return ours, ours and (last is None or last[1] != MADE_BY)


def _text(path: Path) -> bool:
    """Whether a text, a parquet or a table of parameters is one of ours."""
    with path.open("rb") as file:
        head = file.read(_SOME)
    if head[:4] == b"PAR1":
        try:
            from pyarrow import parquet

            return tuple(parquet.read_schema(path).names[:3]) in _FIRST
        except Exception:  # whatever is broken in it, it is none of ours
            return False
    text = head.decode("utf-8", "replace").removeprefix("\ufeff")
    if path.suffix.casefold() == ".json":
        return text.startswith("{") and '"accept"' in text[:200]
    return tuple(re.split(r"[,\t\r\n]", text)[:3]) in _FIRST


def tell_replaced(there: Sequence[Path], old: Mapping[Path, Path], tell: Callable[[str], None]) -> None:
    """Say which earlier results went, and where those went that people had worked on."""
    if there:
        names = [path.name for path in there]
        tell(
            say(
                f"{'、'.join(names)} 原来就有，换成了这次的结果",
                f"{', '.join(names)}: the earlier result was replaced",
            )
        )
    for path, place in old.items():
        tell(
            say(
                f"{path.name} 里有您改过的东西，没有盖掉，改名成了 {place.name}",
                f"{path.name} had been edited: it was kept as {place.name}",
            )
        )

"""File to file: csv or parquet in, scored pairs and clusters out. No database."""

import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from ..compare.fill import RECORDED_ON
from ..model import KINDS, Params
from .batch import Spread
from .pipeline import Linked, Scorer, link

_ENCODINGS = ("utf-8-sig", "gb18030")
_END = "\0"
_ROWS = 5_000  # read and written at a time
_BLOCK = 1 << 16
_SPOOL = 1 << 19  # bytes of a column that stay in memory


def parse_fields(text: str) -> dict[str, str]:
    """'given_name=first,surname=last' → {'first': 'given_name', 'last': 'surname'}.

    A kind may stand several times. Raises ValueError for what is no such list.
    """
    out: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        kind, _, column = part.partition("=")
        kind, column = kind.strip(), column.strip() or kind.strip()
        if kind not in KINDS:
            raise ValueError(f"unknown field kind {kind!r}; known: {', '.join(KINDS)}")
        if column in out:
            raise ValueError(f"column {column!r} is named twice")
        out[column] = kind
    if not out:
        raise ValueError("no fields given")
    return out


class Spilled(Sequence[Any]):
    """A column that waits on disk: read from the start as often as wanted; empty cells are None."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115 (lives with the column)
        self._size = 0

    def extend(self, values: list[str]) -> None:
        """More cells; zero bytes in them are lost."""
        text = "".join(f"{v.replace(_END, '')}{_END}" for v in values)
        self._file.write(text.encode("utf-8", "surrogatepass"))
        self._size += len(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str | None]:
        self._file.seek(0)
        rest = b""
        place = 0
        while True:
            self._file.seek(place)
            block = self._file.read(_BLOCK)
            if not block:
                return
            place += len(block)
            *cells, rest = (rest + block).split(b"\0")
            for cell in cells:
                yield cell.decode("utf-8", "surrogatepass") or None

    def __getitem__(self, place: Any) -> Any:
        return next(islice(self, place, None))


def read_table(path: Path, columns: list[str]) -> dict[str, list[Any]]:
    """The named columns of a csv file (UTF-8 or GB 18030) or a parquet file; empty cells are None.

    Raises ValueError for a missing column or another kind of file, OSError where it cannot be read.
    """
    return {name: list(column) for name, column in read_columns(path, columns).items()}


def read_columns(path: Path, columns: list[str], if_there: Sequence[str] = ()) -> dict[str, Sequence[Any]]:
    """As `read_table`, without holding the file in memory; columns ``if_there`` may be missing."""
    suffix = path.suffix.casefold()
    if suffix in (".parquet", ".pq"):
        return _parquet(path, columns, if_there)
    if suffix not in (".csv", ".tsv", ".txt"):
        raise ValueError(f"{path.name}: expected .csv or .parquet")
    for encoding in _ENCODINGS:
        try:
            return _csv(path, columns, if_there, encoding, "\t" if suffix == ".tsv" else "")
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{path.name}: neither UTF-8 nor GB 18030")


def _csv(
    path: Path, columns: list[str], if_there: Sequence[str], encoding: str, delimiter: str
) -> dict[str, Sequence[Any]]:
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
        file.seek(0)
        mark = delimiter or max(",;\t|", key=head.count)
        reader = csv.reader(file, delimiter=mark)
        names = [c.strip() for c in next(reader, [])]
        columns = _wanted(path, columns, if_there, names)
        places = [names.index(c) for c in columns]
        out = {c: Spilled() for c in columns}
        filled = filter(any, reader)
        while rows := list(islice(filled, _ROWS)):
            for column, place in zip(out.values(), places, strict=True):
                column.extend([row[place].strip() if place < len(row) else "" for row in rows])
    return dict(out)


def _wanted(path: Path, columns: list[str], if_there: Sequence[str], names: list[str]) -> list[str]:
    missing = [c for c in columns if c not in names]
    if missing:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}; it has {', '.join(names)}")
    return list(dict.fromkeys([*columns, *(c for c in if_there if c in names)]))


def _parquet(path: Path, columns: list[str], if_there: Sequence[str]) -> dict[str, Sequence[Any]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError("parquet files need the extra 'parquet' (pyarrow)") from error
    columns = _wanted(path, columns, if_there, parquet.read_schema(path).names)
    file = parquet.ParquetFile(path)
    text = {f.name for f in file.schema_arrow if str(f.type) in ("string", "large_string")}
    out: dict[str, Any] = {c: Spilled() if c in text else [] for c in columns}
    for batch in file.iter_batches(_ROWS, columns=columns):
        for name in columns:
            values = batch.column(name).to_pylist()
            # Dates and numbers stay what they are.
            out[name].extend(["" if v is None else v for v in values] if name in text else values)
    return out


def link_files(
    a: Path,
    b: Path | None,
    fields: dict[str, str],
    id_col: str,
    out: Path,
    clusters: Path | None = None,
    threshold: float = 0.5,
    progress: Callable[[str, float], None] | None = None,
    params: Params | None = None,
    memory_mb: float = 0,
    workers: int = 1,
    folder: Path | None = None,
    spread: Spread | None = None,
    scorer: Scorer | None = None,
) -> Linked:
    """Link two files, or de-duplicate one, and write pairs (and clusters) as csv.

    Pairs: left, right, weight (log2, 4 places), probability (6 places), outcome, one column of levels per field.
    Clusters: source (a or b), id, cluster. Both files appear whole or not at all. The rest as in `pipeline.link`.
    """
    columns = list(dict.fromkeys([id_col, *fields]))
    tables = [read_columns(path, columns, (RECORDED_ON,)) for path in ((a, b) if b else (a,))]
    result = link(
        tables[0], tables[1] if b else None, fields, id_col, threshold=threshold, progress=progress, params=params,
        memory_mb=memory_mb, workers=workers, folder=folder, spread=spread, scorer=scorer,
    )  # fmt: skip
    ids = _ids([table[id_col] for table in tables])
    with written(out) as file:
        write_pairs(result, ids, file)
    if clusters:
        with written(clusters) as file:
            write_clusters(result, ids, file)
    return result


def _ids(columns: list[Sequence[Any]]) -> np.ndarray:
    """The ids of all rows as text, compactly."""
    parts = []
    for column in columns:
        ids = iter(column)
        while piece := list(islice(ids, _ROWS)):
            parts.append(
                np.array(["" if v is None else str(v) for v in piece], dtype=np.dtypes.StringDType())
            )
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.dtypes.StringDType())


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A file that takes its name once it is complete; nothing stays of it after an error."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_pairs(result: Linked, ids: np.ndarray, file: TextIO) -> None:
    """The pairs of a result as csv."""
    writer = csv.writer(file)
    writer.writerow(["left", "right", "weight", "probability", "outcome", *result.model.names])
    for part in result.pieces():
        columns = [
            ids[part.i].tolist(), ids[part.j].tolist(), [f"{w:.4f}" for w in part.weight.tolist()],
            [f"{p:.6f}" for p in part.probability.tolist()], part.outcome, *part.levels.values(),
        ]  # fmt: skip
        writer.writerows(zip(*columns, strict=True))


def write_clusters(result: Linked, ids: np.ndarray, file: TextIO) -> None:
    """The clusters of a result as csv, every record on its line."""
    writer = csv.writer(file)
    writer.writerow(["source", "id", "cluster"])
    for start in range(0, len(ids), _ROWS):
        piece = slice(start, start + _ROWS)
        sources = [
            "a" if k < result.split.left or not result.split.link else "b"
            for k in range(*piece.indices(len(ids)))
        ]
        writer.writerows(zip(sources, ids[piece].tolist(), result.label[piece].tolist(), strict=True))

"""File to file: csv or parquet in, scored pairs and clusters out. No database."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .model import KINDS
from .pipeline import LinkResult, link_tables

_ENCODINGS = ("utf-8-sig", "gb18030")


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


def read_table(path: Path, columns: list[str]) -> dict[str, list[Any]]:
    """The named columns of a csv file (UTF-8 or GB 18030) or a parquet file; empty cells are None.

    Raises ValueError for a missing column or another kind of file, OSError where it cannot be read.
    """
    suffix = path.suffix.casefold()
    if suffix in (".parquet", ".pq"):
        return _parquet(path, columns)
    if suffix not in (".csv", ".tsv", ".txt"):
        raise ValueError(f"{path.name}: expected .csv or .parquet")
    for encoding in _ENCODINGS:
        try:
            return _csv(path, columns, encoding, "\t" if suffix == ".tsv" else "")
        except UnicodeDecodeError:
            continue
    raise ValueError(f"{path.name}: neither UTF-8 nor GB 18030")


def _csv(path: Path, columns: list[str], encoding: str, delimiter: str) -> dict[str, list[Any]]:
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
        file.seek(0)
        mark = delimiter or max(",;\t|", key=head.count)
        reader = csv.reader(file, delimiter=mark)
        names = [c.strip() for c in next(reader, [])]
        missing = [c for c in columns if c not in names]
        if missing:
            raise ValueError(f"{path.name} has no column {', '.join(missing)}; it has {', '.join(names)}")
        places = [names.index(c) for c in columns]
        out: list[list[Any]] = [[] for _ in columns]
        for row in reader:
            if not any(row):
                continue
            for target, place in zip(out, places, strict=True):
                value = row[place].strip() if place < len(row) else ""
                target.append(value or None)
    return dict(zip(columns, out, strict=True))


def _parquet(path: Path, columns: list[str]) -> dict[str, list[Any]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError("parquet files need the extra 'parquet' (pyarrow)") from error
    names = parquet.read_schema(path).names
    missing = [c for c in columns if c not in names]
    if missing:
        raise ValueError(f"{path.name} has no column {', '.join(missing)}; it has {', '.join(names)}")
    table = parquet.read_table(path, columns=columns)
    return {c: table.column(c).to_pylist() for c in columns}


def link_files(
    a: Path,
    b: Path | None,
    fields: dict[str, str],
    id_col: str,
    out: Path,
    clusters: Path | None = None,
    threshold: float = 0.5,
    progress: Callable[[str, float], None] | None = None,
) -> LinkResult:
    """Link two files, or de-duplicate one, and write pairs (and clusters) as csv.

    Pairs: left, right, weight (log2, 4 places), probability (6 places), outcome, one column of levels per field.
    Clusters: source (a or b), id, cluster.
    """
    columns = [id_col, *(c for c in fields if c != id_col)]
    left = read_table(a, columns)
    right = read_table(b, columns) if b else None
    result = link_tables(left, right, fields, id_col, threshold=threshold, progress=progress)
    write_pairs(result, out)
    if clusters:
        write_clusters(result, clusters)
    return result


def write_pairs(result: LinkResult, path: Path) -> None:
    """The pairs of a result as csv."""
    names = list(result.pairs)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in zip(*(result.pairs[name] for name in names), strict=True):
            left, right, weight, probability, *rest = row
            writer.writerow([left, right, f"{weight:.4f}", f"{probability:.6f}", *rest])


def write_clusters(result: LinkResult, path: Path) -> None:
    """The clusters of a result as csv, every record on its line."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["source", "id", "cluster"])
        for key, label in result.clusters.items():
            source, identity = key if isinstance(key, tuple) else ("a", key)
            writer.writerow([source, identity, label])

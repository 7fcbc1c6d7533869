"""The same model in Splink on DuckDB: DuckDB joins and scores on disk, what is likely is weighed once more here.

Needs the extra ``linkage-scale``. SQL cannot say everything that a comparison here says (see `splink.to_splink`);
so DuckDB decides only which pairs are worth a look, with a margin, and their weights are the engine's own.
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..model import Model, Params, Table
from . import batch
from .batch import Scored
from .candidates import Blocks, Key, Split
from .features import features_of
from .splink import to_splink

#: So much lower (log2) than the engine's own bound may Splink's weight of a pair be: what the two see differently.
MARGIN = 6.0
_ROWS = 50_000


def settings_of(model: Model, params: Params, split: Split, keys: list[Key]) -> dict[str, Any]:
    """Splink settings with the keys as blocking rules. Raises ValueError naming what cannot be exported."""
    return {
        **to_splink(model, params, "link_only" if split.link else "dedupe_only"),
        "blocking_rules_to_generate_predictions": [f'l."key_{k}" = r."key_{k}"' for k in range(len(keys))],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def predict(
    table: Table,
    params: Params,
    split: Split,
    keys: list[Key],
    low: float,
    memory_mb: float = 0,
    threads: int = 1,
) -> Scored:
    """Pairs of rows to which Splink gives a weight of at least ``low`` (log2), with that weight."""
    try:
        import duckdb
        from splink import DuckDBAPI, Linker, SettingsCreator
    except ImportError as error:
        raise ValueError("--backend duckdb needs the extra 'linkage-scale' (splink)") from error
    settings = settings_of(table.model, params, split, keys)
    logging.getLogger("splink").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="linkage-") as folder:
        connection = duckdb.connect(
            str(Path(folder) / "pairs.duckdb"),
            config={
                "threads": threads, "temp_directory": folder,
                **({"memory_limit": f"{max(int(memory_mb - batch.resident_mb()), 256)}MB"} if memory_mb else {}),
            },
        )  # fmt: skip
        try:
            connection.execute("set enable_progress_bar = false")
            parts = [(0, split.left), (split.left, split.rows)] if split.link else [(0, split.rows)]
            names = [
                _load(connection, f"rows_{k}", table, keys, split, *part) for k, part in enumerate(parts)
            ]
            api = DuckDBAPI(connection)
            inputs = [api.register(name) for name in names]
            linker = Linker(
                inputs if split.link else inputs[0],
                SettingsCreator(**settings),
                log_level=logging.ERROR,
            )
            found = linker.inference.predict(threshold_match_weight=low)
            got = connection.execute(
                f"select unique_id_l, unique_id_r, match_weight from {found.physical_name}"  # noqa: S608
            ).fetchnumpy()
        finally:
            connection.close()
    one, two = (np.asarray(got[f"unique_id_{side}"], dtype=np.int32) for side in "lr")
    return np.minimum(one, two), np.maximum(one, two), np.asarray(got["match_weight"], dtype=np.float32)


def _load(
    connection: Any, name: str, table: Table, keys: list[Key], split: Split, first: int, last: int
) -> str:
    """Rows ``first`` to ``last`` as a table of DuckDB: prepared columns and a code per key."""
    import pandas as pd

    codes = [_coded(key, split) for key in keys]
    for start in range(first, last, _ROWS):
        end = min(start + _ROWS, last)
        frame = pd.DataFrame(features_of(table, slice(start, end)), dtype=object)
        frame.insert(0, "unique_id", np.arange(start, end))
        for k, code in enumerate(codes):
            frame[f"key_{k}"] = pd.array(np.where(code[start:end] < 0, 0, code[start:end]), dtype="Int64")
            frame.loc[code[start:end] < 0, f"key_{k}"] = pd.NA
        connection.register("piece", frame)
        if start == first:
            kinds = ", ".join(f'"{c}" {_kind(c, frame)}' for c in frame.columns)
            connection.execute(f"create table {name} ({kinds})")
        connection.execute(f"insert into {name} select * from piece")  # noqa: S608
        connection.unregister("piece")
    return name


def _kind(column: str, frame: Any) -> str:
    """Texts as they are; features that are numbers are so in every row."""
    if column == "unique_id" or column.startswith("key_"):
        return "bigint"
    first = next((v for v in frame[column] if v is not None), "")
    return "varchar" if isinstance(first, str) else "bigint"


def _coded(key: Key, split: Split) -> np.ndarray:
    """The key's codes without those of blocks that are too large."""
    codes = key.codes
    out = np.full(len(codes), -1, dtype=np.int64)
    rows = Blocks.of(codes, split).rows
    out[rows] = codes[rows]
    return out


def scorer(
    memory_mb: float = 0, threads: int = 1
) -> Callable[[Table, Params, list[Key], Split, float], tuple[Scored, int]]:
    """For `pipeline.link`: candidates by DuckDB, their weights by the engine."""

    def score(table: Table, params: Params, keys: list[Key], split: Split, low: float) -> tuple[Scored, int]:
        # SQL joins all rows that share a key: those meant for a few rows alone would be too wide.
        keys = [key for key in keys if key.only is None]
        i, j, _ = predict(table, params, split, keys, low - MARGIN, memory_mb, threads)
        order = np.lexsort((j, i))
        return batch.score_pairs(table, params, i[order], j[order], low), len(i)

    return score

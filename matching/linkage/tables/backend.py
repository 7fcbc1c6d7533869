"""The same model in Splink on DuckDB: DuckDB joins and scores on disk, what is likely is weighed once more here.

Needs the extra ``linkage-scale``. The rows are prepared in this process; DuckDB holds their pairs. SQL cannot say
everything that a comparison here says (see `splink.to_splink`); so DuckDB decides only which pairs are worth a look,
with a margin, and their weights are the engine's own. What lies outside of the margin is lost.
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
from .candidates import ALL_PAIRS, MAX_BLOCK, Blocks, Key, Split
from .features import features_of, numbers
from .splink import to_splink

#: So much lower (log2) than the engine's own bound may Splink's weight of a pair be: what the two see differently.
MARGIN = 6.0
_ROWS = 50_000


def settings_of(model: Model, params: Params, split: Split, keys: list[Key]) -> dict[str, Any]:
    """Splink settings with the keys as blocking rules. Raises ValueError naming what cannot be exported."""
    return {
        **to_splink(model, params, "link_only" if split.link else "dedupe_only"),
        "blocking_rules_to_generate_predictions": [_rule(k, key) for k, key in enumerate(keys)] or ["1 = 1"],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _rule(number: int, key: Key) -> str:
    """A key as a blocking rule; where it is for some rows alone, one of the two must be one of them."""
    same = f'l."key_{number}" = r."key_{number}"'
    return same if key.only is None else f'{same} AND (l."only_{number}" OR r."only_{number}")'


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
                SettingsCreator.from_path_or_dict(settings),
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
    """Rows ``first`` to ``last`` as a table of DuckDB: prepared columns, a code per key, and who meets others by it."""
    import pyarrow as pa

    codes = [_coded(key, split) for key in keys]
    whole = numbers(table.model)
    for start in range(first, last, _ROWS):
        end = min(start + _ROWS, last)
        columns: dict[str, Any] = {"unique_id": pa.array(np.arange(start, end), pa.int64())}
        for column, values in features_of(table, slice(start, end)).items():
            columns[column] = pa.array(values, pa.int64() if column in whole else pa.string())
        for k, (key, code) in enumerate(zip(keys, codes, strict=True)):
            columns[f"key_{k}"] = pa.array(code[start:end], pa.int64(), mask=code[start:end] < 0)
            if key.only is not None:
                columns[f"only_{k}"] = pa.array(np.isin(np.arange(start, end), key.only))
        connection.register("piece", pa.table(columns))
        if start == first:
            connection.execute(f"create table {name} as select * from piece")  # noqa: S608
        else:
            connection.execute(f"insert into {name} select * from piece")  # noqa: S608
        connection.unregister("piece")
    return name


def _coded(key: Key, split: Split) -> np.ndarray:
    """The key's codes without those of blocks that are too large for it."""
    codes = key.codes
    if key.only is not None:
        _, code, count = np.unique(codes, return_inverse=True, return_counts=True)
        return np.where((codes >= 0) & (count[code] <= MAX_BLOCK), codes, -1)
    out = np.full(len(codes), -1, dtype=np.int64)
    rows = Blocks.of(codes, split).rows
    out[rows] = codes[rows]
    return out


def scorer(
    memory_mb: float = 0, threads: int = 1
) -> Callable[[Table, Params, list[Key], Split, float], tuple[Scored, int]]:
    """For `pipeline.link`: candidates by DuckDB, their weights by the engine."""

    def score(table: Table, params: Params, keys: list[Key], split: Split, low: float) -> tuple[Scored, int]:
        # As in the engine: of a small table all pairs are looked at, by no key.
        if split.total <= ALL_PAIRS:
            keys = []
        i, j, _ = predict(table, params, split, keys, low - MARGIN, memory_mb, threads)
        order = np.lexsort((j, i))
        return batch.score_pairs(table, params, i[order], j[order], low), len(i)

    return score

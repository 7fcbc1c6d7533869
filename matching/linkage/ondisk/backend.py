"""Splink as the engine that scores pairs: on DuckDB, some pairs at a time, or on Spark.

SQL cannot say everything that a comparison here says (see `splink.to_splink`); so Splink decides only which pairs are
worth a look, with a margin, and their weights are the engine's own (`ondisk`). What lies outside of the margin is lost.
"""

# ruff: noqa: S608 (names of tables and columns are our own; what people wrote is never part of a question)

import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..compare.columns import Ints
from ..model import Model, Params
from ..splink.settings import Dialect, to_splink
from ..words import say
from .store import Store, needs

#: So much lower (log2) than the engine's own bound may Splink's weight of a pair be: what the two see differently.
MARGIN = 6.0


def settings_of(model: Model, params: Params, dialect: Dialect) -> dict[str, Any]:
    """Splink settings; which pairs there are is told besides. Raises ValueError naming what cannot be exported."""
    # Frequencies are counted there; here they say only whether there are any.
    bare = {
        name: {table: replace(f, values={}) for table, f in tables.items()}
        for name, tables in params.tf.items()
    }
    return {
        **to_splink(model, replace(params, tf=bare), "dedupe_only", dialect),
        "blocking_rules_to_generate_predictions": ["1 = 1"],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


class DuckDb:
    """Splink in the store's own DuckDB."""

    def __init__(self, store: Store, params: Params, low: float) -> None:
        try:
            from splink import DuckDBAPI, Linker, SettingsCreator
        except ImportError as error:
            raise ValueError(needs()) from error
        logging.getLogger("splink").setLevel(logging.ERROR)
        self.store, self.low = store, low
        self.settings = settings_of(store.model, params, "duckdb")
        self.api = DuckDBAPI(store.connection)
        self.linker = Linker(
            self.api.register("rows"),
            SettingsCreator.from_path_or_dict(self.settings),
            log_level=logging.ERROR,
        )
        if not hasattr(self.linker.table_management, "register_blocked_pairs_for_predict"):
            raise ValueError(needs())
        self.blocked: Any = None

    def weigh(self, i: Ints, j: Ints) -> tuple[Ints, Ints, np.ndarray]:
        """Of these pairs those to which Splink gives a weight of at least ``low`` (log2), with that weight."""
        store = self.store
        store.pairs_to("blocked", i, j)
        if self.blocked is None:
            self.blocked = self.api.register("blocked")
        self.linker.table_management.register_blocked_pairs_for_predict(self.blocked)
        scored = self.linker.inference.predict(threshold_match_weight=self.low, warning_mode="never")
        got = store.execute(
            f"select unique_id_l, unique_id_r, match_weight from {scored.physical_name}"
        ).fetchnumpy()
        scored.drop_table_from_database_and_remove_from_cache()
        one, two = (np.asarray(got[f"unique_id_{side}"], dtype=np.int32) for side in "lr")
        return np.minimum(one, two), np.maximum(one, two), np.asarray(got["match_weight"], dtype=np.float32)


def spark_needs() -> str:
    """What to install for Spark."""
    return say(
        "--backend spark 要先安装 splink、pyspark 和 Java 17：pip install 'splink>=5' 'pyspark>=3.5,<5' pyarrow",
        "--backend spark needs Java 17 and: pip install 'splink>=5' 'pyspark>=3.5,<5' pyarrow",
    )


class Spark:
    """Splink on Spark: rows and pairs go there as parquet files, and so do likely pairs come back.

    The session is that of `PYSPARK_SUBMIT_ARGS` (``--master …``), else one on this machine; ``folder`` must be on storage that
    all of its workers see.
    """

    def __init__(self, folder: Path, threads: int = 1, memory_mb: float = 0) -> None:
        try:
            from pyspark.sql import SparkSession
            from splink.internals.spark.jar_location import similarity_jar_location
        except ImportError as error:
            raise ValueError(spark_needs()) from error
        builder = SparkSession.builder.appName("linkage").config("spark.jars", similarity_jar_location())
        builder = builder.config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        if "PYSPARK_SUBMIT_ARGS" not in os.environ:
            local = {
                "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false",
                "spark.sql.shuffle.partitions": str(4 * threads), "spark.default.parallelism": str(4 * threads),
                **({"spark.driver.memory": f"{int(memory_mb)}m"} if memory_mb else {}),
            }  # fmt: skip
            builder = builder.master(f"local[{threads}]").config(map=local)
        try:
            self.session = builder.getOrCreate()
        except Exception as error:  # Java is missing or too old: py4j says it in many ways
            raise ValueError(f"{spark_needs()} ({str(error).splitlines()[0]})") from error
        self.session.sparkContext.setLogLevel("ERROR")
        self.session.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
        self.folder = folder

    def stop(self) -> None:
        self.session.stop()

    def weigh(
        self, store: Store, params: Params, pairs: Iterable[tuple[Ints, Ints]], low: float
    ) -> Iterator[tuple[Ints, Ints, np.ndarray]]:
        """Of these pairs those to which Splink gives a weight of at least ``low`` (log2), with that weight, some at a time."""
        from splink import Linker, SettingsCreator, SparkAPI

        rows, blocked, found = (self.folder / name for name in ("rows.parquet", "pairs", "likely"))
        blocked.mkdir()
        for number, (i, j) in enumerate(pairs):
            store.pairs_to(blocked / f"{number:05d}.parquet", i, j)
        store.execute(f"copy rows to '{rows}' (format parquet)")
        logging.getLogger("splink").setLevel(logging.ERROR)
        api = SparkAPI(spark_session=self.session, break_lineage_method="parquet")
        linker = Linker(
            api.register(self.session.read.parquet(str(rows))),
            SettingsCreator.from_path_or_dict(settings_of(store.model, params, "spark")),
            log_level=logging.ERROR,
        )
        known = api.register(self.session.read.parquet(str(blocked)))
        linker.table_management.register_blocked_pairs_for_predict(known)
        scored = linker.inference.predict(threshold_match_weight=low, warning_mode="never")
        frame = self.session.table(scored.physical_name).select("unique_id_l", "unique_id_r", "match_weight")
        frame.write.parquet(str(found))
        for one, two, weight in store.arrays(
            f"select * from read_parquet('{found}/*.parquet') order by 1, 2"
        ):
            one, two = one.astype(np.int32), two.astype(np.int32)
            yield np.minimum(one, two), np.maximum(one, two), weight.astype(np.float32)

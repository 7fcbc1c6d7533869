"""Splink on the same tables, set up as its own guides do it, so that the comparison is a fair one.

`…_raw` compares the columns as they come; `…_features` gets prepared columns (`bench.linkage.features`) of the kind
that our engine derives for itself; `…_oracle` moreover knows every hospital's everyday names.
"""

import logging
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from bench.linkage.features import prepare
from bench.linkage.measures import Pair, Run, components
from bench.linkage.tasks import Columns, Task


@dataclass(frozen=True)
class SetUp:
    """What Splink is told: comparisons, blocking rules, rules for the prior with their recall, EM sessions."""

    comparisons: list[Any]
    blocking: list[Any]
    certain: list[Any]
    recall: float
    sessions: list[Any]


def _febrl() -> SetUp:
    import splink.comparison_library as cl
    from splink import block_on

    return SetUp(
        [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1]).configure(term_frequency_adjustments=True),
        ],
        [
            block_on("given_name", "surname"),
            "l.given_name = r.surname and l.surname = r.given_name",
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        [
            "l.soc_sec_id = r.soc_sec_id",
            "l.given_name = r.given_name and l.surname = r.surname and l.date_of_birth = r.date_of_birth",
        ],
        0.9,
        [block_on("date_of_birth"), block_on("postcode"), block_on("given_name", "surname")],
    )


def _fake() -> SetUp:
    import splink.comparison_library as cl
    from splink import block_on

    return SetUp(
        [
            cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ],
        [
            block_on("first_name"),
            block_on("surname"),
            block_on("dob"),
            block_on("email"),
            block_on("substr(dob, 1, 4)", "city"),
            block_on("substr(dob, 1, 4)", "substr(first_name, 1, 1)"),
            block_on("substr(email, 1, 6)"),
        ],
        [block_on("first_name", "dob"), block_on("first_name", "surname", "dob"), "l.email = r.email"],
        0.7,
        [block_on("dob"), block_on("first_name", "surname")],
    )


def _chinese_raw() -> SetUp:
    import splink.comparison_library as cl
    from splink import block_on

    return SetUp(
        [
            cl.JaroWinklerAtThresholds("name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("id_number", [1, 2]),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.ExactMatch("age"),
            cl.ExactMatch("sex"),
            cl.DamerauLevenshteinAtThresholds("phone", [1]),
            cl.ExactMatch("area"),
            cl.JaroWinklerAtThresholds("address", [0.9, 0.8]),
            cl.JaroWinklerAtThresholds("hospital", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("disease", [0.9, 0.7]).configure(term_frequency_adjustments=True),
        ],
        [
            block_on("id_number"),
            block_on("phone"),
            block_on("name", "birth_date"),
            block_on("name", "area"),
            block_on("birth_date", "sex"),
            block_on("substr(name, 1, 1)", "hospital"),
            block_on("substr(name, 1, 1)", "disease"),
        ],
        [block_on("id_number"), block_on("name", "birth_date", "sex"), block_on("name", "phone")],
        0.7,
        [block_on("id_number"), block_on("name", "birth_date"), block_on("phone")],
    )


def _chinese_features() -> SetUp:
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl
    from splink import block_on

    masked = "(name_pattern_l is not null or name_pattern_r is not null)"
    fits = (
        f"{masked} and regexp_full_match(name_r, coalesce(name_pattern_l, '.*'))"
        " and regexp_full_match(name_l, coalesce(name_pattern_r, '.*'))"
    )
    name = cl.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            cll.NullLevel("name"),
            cll.CustomLevel(fits, "fits the mask").configure(tf_adjustment_column="surname"),
            cll.ExactMatchLevel("name").configure(tf_adjustment_column="name"),
            cll.ExactMatchLevel("name_pinyin").configure(tf_adjustment_column="name_pinyin"),
            cll.CustomLevel(f"not {masked} and levenshtein(name_pinyin_l, name_pinyin_r) <= 1", "one letter"),
            cll.CustomLevel(f"not {masked} and levenshtein(name_l, name_r) <= 1", "one character"),
            cll.ExactMatchLevel("surname").configure(tf_adjustment_column="surname"),
            cll.ElseLevel(),
        ],
    )
    born = cl.CustomComparison(
        output_column_name="birth",
        comparison_levels=[
            cll.CustomLevel("year_l is null or year_r is null", "null").configure(is_null_level=True),
            cll.CustomLevel("born_l = born_r", "same day"),
            cll.CustomLevel(
                "born_l is not null and born_r is not null and damerau_levenshtein(born_l, born_r) <= 1",
                "one edit",
            ),
            cll.CustomLevel("(born_l is null or born_r is null) and year_l = year_r", "same year"),
            cll.CustomLevel(
                "(born_l is null or born_r is null) and abs(year_l - year_r) <= 1", "year beside"
            ),
            cll.CustomLevel("year_l = year_r", "same year, other day"),
            cll.ElseLevel(),
        ],
    )
    return SetUp(
        [
            name,
            cl.CustomComparison(
                output_column_name="id18",
                comparison_levels=[
                    cll.NullLevel("id18"),
                    cll.ExactMatchLevel("id18"),
                    cll.CustomLevel("damerau_levenshtein(id18_l, id18_r) <= 1", "one edit"),
                    cll.CustomLevel("damerau_levenshtein(id18_l, id18_r) <= 2", "two edits"),
                    cll.CustomLevel("substr(id18_l, 1, 14) = substr(id18_r, 1, 14)", "same place and day"),
                    cll.ElseLevel(),
                ],
            ),
            born,
            cl.ExactMatch("sex_clean"),
            cl.DamerauLevenshteinAtThresholds("phone", [1]),
            cl.CustomComparison(
                output_column_name="area",
                comparison_levels=[
                    cll.NullLevel("city"),
                    cll.CustomLevel("county_l = county_r", "same county"),
                    cll.CustomLevel("city_l = city_r", "same city"),
                    cll.ElseLevel(),
                ],
            ),
            cl.JaroWinklerAtThresholds("street", [0.9, 0.75]),
            cl.ExactMatch("hospital_key").configure(term_frequency_adjustments=True),
            cl.CustomComparison(
                output_column_name="disease",
                comparison_levels=[
                    cll.NullLevel("disease_group"),
                    cll.ExactMatchLevel("disease_key").configure(tf_adjustment_column="disease_key"),
                    cll.ExactMatchLevel("disease_group").configure(tf_adjustment_column="disease_group"),
                    cll.ElseLevel(),
                ],
            ),
        ],
        [
            block_on("id18"),
            block_on("phone"),
            block_on("name_pinyin", "born"),
            block_on("name_pinyin", "year"),
            block_on("name_pinyin", "city"),
            block_on("surname_pinyin", "born"),
            block_on("surname", "year", "city"),
            block_on("surname", "hospital_key", "disease_group"),
            "l.surname = r.surname and l.year = r.year + 1 and l.hospital_key = r.hospital_key",
            "l.surname = r.surname and l.year + 1 = r.year and l.hospital_key = r.hospital_key",
            "l.hospital_key = r.hospital_key and l.disease_group = r.disease_group and l.year = r.year"
            " and l.city = r.city",
        ],
        [block_on("id18"), block_on("name", "born", "sex_clean"), block_on("name", "phone")],
        0.75,
        [
            block_on("id18"),
            block_on("name", "born"),
            block_on("phone"),
            block_on("surname", "hospital_key", "year"),
        ],
    )


def _campaign_raw() -> SetUp:
    from splink import block_on

    return replace(
        _chinese_raw(),
        certain=[block_on("substr(name, 1, 1)", "hospital", "disease")],
        recall=0.15,
        sessions=[block_on("substr(name, 1, 1)", "hospital"), block_on("substr(name, 1, 1)", "disease")],
    )


def _campaign_features() -> SetUp:
    from splink import block_on

    return replace(
        _chinese_features(),
        blocking=[
            block_on("surname", "year"),
            "l.surname = r.surname and l.year = r.year + 1",
            "l.surname = r.surname and l.year + 1 = r.year",
            block_on("hospital_key", "disease_group", "year"),
        ],
        certain=[block_on("surname", "year", "hospital_key", "disease_group")],
        recall=0.6,
        sessions=[
            block_on("surname", "hospital_key"),
            block_on("surname", "year"),
            block_on("hospital_key", "disease_group", "year"),
        ],
    )


SET_UPS = {
    "chinese_oracle": _chinese_features,
    "campaign_oracle": _campaign_features,
    "campaign_raw": _campaign_raw, "campaign_features": _campaign_features, "febrl": _febrl, "fake": _fake, "chinese_raw": _chinese_raw, "chinese_features": _chinese_features,
}  # fmt: skip
LABELS = {
    "febrl": "Splink",
    "fake": "Splink",
    "campaign_raw": "Splink, raw columns",
    "chinese_oracle": "Splink, features + hospital aliases",
    "campaign_oracle": "Splink, features + hospital aliases",
    "campaign_features": "Splink, same features",
    "chinese_raw": "Splink, raw columns",
    "chinese_features": "Splink, same features",
}


def files(job: Mapping[str, Any]) -> None:
    """Train on csv files, link them and write pairs and clusters of p ≥ 0.5, all inside DuckDB where it can.

    ``job``: a, b (None: de-duplicate), id_col, fields, peer, out, clusters; prepared columns are made in Python.
    """
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator

    warnings.filterwarnings("ignore")
    logging.getLogger("splink").setLevel(logging.ERROR)
    how = SET_UPS[job["peer"]]()
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": job.get("limit", "3GB")})
    connection.execute("set enable_progress_bar = false")
    api = DuckDBAPI(connection)
    tables = []
    for name in ("a", "b") if job["b"] else ("a",):
        source = f"read_csv('{job[name]}', all_varchar = true)"
        if job["peer"].endswith(("features", "oracle")):
            import pandas as pd

            rows = connection.execute(f"select * from {source}").fetchall()
            names = [column[0] for column in connection.description or ()]
            plain = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            frame = pd.DataFrame(prepare(plain, oracle=job["peer"].endswith("oracle"))).astype(object)
            frame["unique_id"] = frame.pop(job["id_col"]).astype("string")
            frame["year"] = frame["year"].astype("Int64")
            tables.append(api.register(frame, dataset_display_name=name))
            continue
        connection.execute(
            f'create table "{name}_in" as select "{job["id_col"]}" as unique_id, * exclude ("{job["id_col"]}") from {source}'
        )
        tables.append(api.register(f"{name}_in", dataset_display_name=name))
    settings = SettingsCreator(
        link_type="link_only" if job["b"] else "dedupe_only",
        comparisons=how.comparisons,
        blocking_rules_to_generate_predictions=how.blocking,
        retain_matching_columns=False,
    )
    linker = Linker(tables if job["b"] else tables[0], settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(how.certain, recall=how.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for session in how.sessions:
        with suppress(Exception):  # a session without pairs; Splink says so in several ways
            linker.training.estimate_parameters_using_expectation_maximisation(
                session, record_sample_proportion=1.0
            )
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=0.5
    )
    for table, path in ((pairs, job["out"]), (clusters, job["clusters"])):
        connection.execute(f"copy {table.physical_name} to '{path}' (header)")


def run(task: Task, peer: str, max_pairs: float = 1e6) -> Run:
    """Train Splink on the task without labels (fixed seed, one thread) and predict all pairs with p ≥ 0.001."""
    import duckdb
    import pandas as pd
    from splink import DuckDBAPI, Linker, SettingsCreator

    warnings.filterwarnings("ignore")
    logging.getLogger("splink").setLevel(logging.ERROR)
    how = SET_UPS[peer]()

    def frame(columns: Columns) -> Any:
        if peer.endswith(("features", "oracle")):
            columns = prepare(columns, oracle=peer.endswith("oracle"))
        data = pd.DataFrame({k: v for k, v in columns.items() if k != task.id_col}).astype(object)
        for whole in ("year",):
            if whole in data:
                data[whole] = pd.array(columns[whole], dtype="Int64")
        data.insert(0, "unique_id", pd.Series(columns[task.id_col], dtype="string"))
        return data

    started, cpu = time.perf_counter(), time.process_time()
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "3GB"})
    connection.execute("set enable_progress_bar = false")
    api = DuckDBAPI(connection)
    tables = [api.register(frame(task.a), dataset_display_name="a")]
    if task.b is not None:
        tables.append(api.register(frame(task.b), dataset_display_name="b"))
    settings = SettingsCreator(
        link_type="dedupe_only" if task.b is None else "link_only",
        comparisons=how.comparisons,
        blocking_rules_to_generate_predictions=how.blocking,
        retain_matching_columns=False,
    )
    linker = Linker(tables if len(tables) > 1 else tables[0], settings, log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(how.certain, recall=how.recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=max_pairs, seed=1)
    for number, session in enumerate(how.sessions, 1):
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                session, record_sample_proportion=1.0
            )
        except Exception as error:  # a session without pairs; Splink says so in several ways
            print(f"    Splink: EM session {number} left out ({type(error).__name__})")
    trained, trained_cpu = time.perf_counter(), time.process_time()
    blocked = linker.inference.compute_blocked_pairs_for_predict()
    counted = connection.execute(f"select count(*) from {blocked.physical_name}").fetchall()[0]
    compared = int(counted[0])
    # Blocking is done again inside predict; what it cost is taken off the scoring rate and off the total.
    blocking, blocking_cpu = time.perf_counter() - trained, time.process_time() - trained_cpu
    started, cpu = started + blocking, cpu + blocking_cpu
    begun = time.process_time()
    prediction = linker.inference.predict(threshold_match_probability=0.001)
    scoring = max(1e-3, time.process_time() - begun - blocking_cpu)
    rows = prediction.as_pandas_dataframe()
    pairs: dict[Pair, float] = {}
    for left, right, p, *source in zip(
        rows["unique_id_l"], rows["unique_id_r"], rows["match_probability"],
        *([rows["source_dataset_l"]] if task.b is not None else []), strict=True,
    ):  # fmt: skip
        if task.b is None:
            pair = (left, right) if left <= right else (right, left)
        else:
            pair = (left, right) if source[0] == "a" else (right, left)
        pairs[pair] = max(float(p), pairs.get(pair, 0.0))
    return Run(
        pairs,
        components(pairs),
        cpu=time.process_time() - cpu,
        seconds=time.perf_counter() - started,
        compared=compared,
        rate=compared / scoring,
    )

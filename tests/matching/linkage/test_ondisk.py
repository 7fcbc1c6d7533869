"""Tables larger than memory: rows on disk, a sample to learn from, and the answer that memory gives."""

import csv
import random
import shutil
import subprocess
import sys
import warnings
from contextlib import contextmanager

import numpy as np
import pytest

pytest.importorskip("duckdb")
pytest.importorskip("splink")

from matching.linkage.__main__ import main
from matching.linkage.files.linking import link_files
from matching.linkage.model import Model
from matching.linkage.ondisk import backend, store
from matching.linkage.ondisk import linking as ondisk
from matching.linkage.tables import batch
from matching.linkage.tables import candidates as blocks
from matching.linkage.tables.keys import keys as keys_of
from matching.linkage.tables.pipeline import combine, link

FIELDS = {"name": "name", "birth": "birth_date", "age": "age", "phone": "phone", "town": "text"}
SURNAMES, GIVEN = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡林",
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂文华建国玉兰",
)
TOWNS = [
    "长沙 岳麓",
    "长沙 芙蓉",
    "株洲 荷塘",
    "湘潭 雨湖",
    "衡阳 珠晖",
    "邵阳 大祥",
    "岳阳 君山",
    "常德 武陵",
]


def people(count: int, seed: int) -> list[list[str | None]]:
    """Persons, one in three twice with something missing or hidden."""
    rng = random.Random(seed)
    rows: list[list[str | None]] = []
    for _ in range(count):
        year = rng.randint(1940, 2010)
        row: list[str | None] = [
            rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=2)),
            f"{year}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}",
            None,
            "13" + "".join(rng.choices("0123456789", k=9)),
            rng.choice(TOWNS),
        ]
        rows.append(row)
        if rng.random() < 0.35:
            again = list(row)
            again[2], again[1] = (str(2020 - year), None) if rng.random() < 0.2 else (None, row[1])
            if rng.random() < 0.5:
                again[rng.choice([1, 3, 4])] = None
            if rng.random() < 0.1:
                again[0] = f"{row[0][:1]}*"
            rows.append(again)
    rng.shuffle(rows)
    return rows


def columns(rows: list[list[str | None]], prefix: str = "r") -> dict[str, list]:
    named = {c: list(v) for c, v in zip(FIELDS, zip(*rows, strict=True), strict=True)}
    return {"id": [f"{prefix}{k}" for k in range(len(rows))], **named}


@pytest.fixture(scope="module")
def table() -> dict[str, list]:
    return columns(people(1800, 5))


@pytest.fixture(scope="module")
def two() -> tuple[dict[str, list], dict[str, list]]:
    rows = people(2000, 6)
    return columns(rows[:1500], "a"), columns(rows[1500:], "b")


@pytest.fixture(scope="module")
def own(table):
    return link(table, None, FIELDS, "id", threshold=0.3)


@pytest.fixture
def small_pieces(monkeypatch):
    """Everything some rows at a time, and no frequency by heart."""
    monkeypatch.setattr(store, "PIECE", 300)
    monkeypatch.setattr(store, "KEPT", 0)
    monkeypatch.setattr(ondisk, "WEIGHED", 500)
    monkeypatch.setattr(ondisk, "ROWS", 100)
    monkeypatch.setattr(batch, "BUCKET", 7_000)


@contextmanager
def opened(a, b, place, **how):
    ids = [*a["id"], *(b["id"] if b else [])]
    with ondisk.opened(a, b, FIELDS, ids, place, threshold=0.3, **how) as found:
        yield found


def pairs_of(found: ondisk.OnDisk) -> dict[tuple[int, int], tuple[float, float]]:
    out = {}
    for _, _, piece in found.named(ondisk.Names(found.store)):
        out |= dict(zip(zip(piece.i.tolist(), piece.j.tolist(), strict=True),
                        zip(piece.weight.tolist(), piece.probability.tolist(), strict=True), strict=True))  # fmt: skip
    return out


def held(linked) -> dict[tuple[int, int], tuple[float, float]]:
    ends = zip(linked.i.tolist(), linked.j.tolist(), strict=True)
    return dict(zip(ends, zip(linked.weight.tolist(), linked.probability.tolist(), strict=True), strict=True))


def same(one, other) -> None:
    """The same pairs; the weights and probabilities differ by rounding alone."""
    assert one.keys() == other.keys()
    for pair, (weight, probability) in one.items():
        assert other[pair] == pytest.approx((weight, probability), abs=1e-4)


def test_what_was_learnt_is_applied_piece_by_piece_as_in_one_piece(table, own, small_pieces, tmp_path):
    mine = link(table, None, FIELDS, "id", threshold=0.3, params=own.params)
    with opened(table, None, tmp_path, params=own.params) as found:
        same(held(mine), pairs_of(found))
        assert (found.label == mine.label).all()
        assert found.params == own.params


def test_where_all_can_be_learnt_from_the_same_is_learnt(table, own, small_pieces, tmp_path):
    with opened(table, None, tmp_path) as found:
        same(held(own), pairs_of(found))
        assert found.params.prior == pytest.approx(own.params.prior, rel=1e-9)
        assert found.candidates == own.candidates
        assert (found.label == own.label).all()


def test_two_tables_are_linked_as_in_memory(two, small_pieces, tmp_path):
    mine = link(*two, FIELDS, "id", threshold=0.3)
    with opened(*two, tmp_path) as found:
        same(held(mine), pairs_of(found))
        assert (found.label == mine.label).all()


def test_a_small_table_is_compared_in_full(tmp_path):
    rows = columns(people(120, 3))
    mine = link(rows, None, FIELDS, "id", threshold=0.3)
    with opened(rows, None, tmp_path) as found:
        assert found.candidates == mine.split.total
        same(held(mine), pairs_of(found))


@pytest.mark.parametrize("times", [30, 500])
@pytest.mark.parametrize("linked", [False, True])
def test_a_row_pasted_very_often_is_one_person_at_a_cost_that_grows_with_the_rows(times, linked, tmp_path):
    rows = people(700, 9)
    pasted = [row for row in rows if row[1] and row[3]][:2]
    many = rows + [list(row) for row in pasted for _ in range(times)]
    random.Random(1).shuffle(many)
    sides = (
        (columns(rows[:300] + many[:50], "a"), columns(many[50:], "b")) if linked else (columns(many), None)
    )
    mine = link(*sides, FIELDS, "id", threshold=0.3)
    with opened(*sides, tmp_path) as found:
        same(held(mine), pairs_of(found))
        assert found.count == len(mine.i)
        assert (found.label == mine.label).all()
        assert found.candidates == mine.candidates


@pytest.mark.parametrize("linked", [False, True])
def test_a_sample_teaches_what_the_whole_table_would(table, own, two, linked, monkeypatch, tmp_path):
    """One candidate in three is learnt from. The margin: the prior within three standard errors of the number of matches that
    such a sample holds, one pair in fifty more or less, probabilities within 0.01 on average."""
    monkeypatch.setattr(ondisk, "EVEN", 800)
    sides = two if linked else (table, None)
    mine = link(*two, FIELDS, "id", threshold=0.3) if linked else own
    monkeypatch.setattr(ondisk, "LEARNT", mine.candidates // 3)
    monkeypatch.setattr(blocks, "ALL_PAIRS", 1000)
    with opened(*sides, tmp_path) as found:
        theirs = pairs_of(found)
        matches = mine.params.prior * found.split.total
        assert found.params.prior == pytest.approx(mine.params.prior, rel=3 * (2 / matches) ** 0.5)
        # Frequencies are counted over all rows, whatever the sample; people met twice are taken out of them by the prior.
        apart = abs(found.params.prior - mine.params.prior) + 1e-9
        for name in ("name", "phone", "town"):
            for level, tf in mine.params.tf[name].items():
                assert found.params.tf[name][level].mean == pytest.approx(tf.mean, abs=apart)
                assert set(found.params.tf[name][level].values) == set(tf.values)
    both = held(mine)
    common = both.keys() & theirs.keys()
    assert len(common) > 0.98 * max(len(both), len(theirs))
    gap = np.array([abs(both[pair][1] - theirs[pair][1]) for pair in common])
    assert gap.mean() < 0.01
    weights = np.array([abs(both[pair][0] - theirs[pair][0]) for pair in common])
    assert (
        np.median(weights) < 2.5
    )  # of a table so small one telephone number met by chance is worth two bits


def test_a_pair_is_learnt_from_by_the_draw_of_its_lower_row_alone(table, tmp_path, monkeypatch):
    """So every candidate has the same chance, however the rows came into the sample."""
    seen = []

    def learn(*args, **_):
        seen.append(args)
        raise LookupError

    monkeypatch.setattr(ondisk, "train", learn)
    monkeypatch.setattr(ondisk, "LEARNT", 9_000)
    monkeypatch.setattr(ondisk, "EVEN", 500)
    with pytest.raises(LookupError), opened(table, None, tmp_path):
        pass
    _, split, keys, candidates = seen[0]
    whole = split.whole
    assert split.total == whole.total == whole.rows * (whole.rows - 1) // 2
    assert split.seen == pytest.approx(whole.total * split.share)
    rows, _ = combine(table, None, FIELDS)
    model = Model.for_fields(FIELDS, rows)
    prepared = model.prepare(rows)
    every = keys_of(prepared, whole)
    assert [key.name for key in keys] == [key.name for key in every]
    assert [key.pairs for key in keys] == [key.pairs for key in every]
    chosen = np.array([store.draw(name) < split.share * store.DRAWS for name in table["id"]])
    union = blocks.union(every, whole)
    i, _ = union.part(slice(None))
    assert len(candidates) == chosen[i].sum()
    # Of the random pairs those are met that some key of the whole table makes.
    names = {
        k: row for row, k in enumerate(np.sort(np.unique(np.concatenate(_rows_of(union, chosen, split)))))
    }
    assert len(names) == split.rows


def _rows_of(union, chosen, split):
    i, j = union.part(slice(None))
    even = np.flatnonzero([store.draw(f"r{k}") >= store.DRAWS - int(500 / split.whole.rows * store.DRAWS)
                           for k in range(split.whole.rows)])  # fmt: skip
    return i[chosen[i]], j[chosen[i]], even


def test_a_draw_is_even_and_the_same_in_every_order():
    draws = np.array([store.draw(f"r{k}") for k in range(4000)]) / store.DRAWS
    assert abs(np.sort(draws) - np.linspace(0, 1, 4000)).max() < 0.04


def written(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows)
        writer.writerows(zip(*(["" if v is None else v for v in c] for c in rows.values()), strict=True))
    return path


def test_files_are_the_same_to_the_byte_and_nothing_else_stays(table, tmp_path):
    sheet = written(tmp_path / "a.csv", table)
    told = []
    for name in ("own", "duckdb"):
        link_files(
            sheet, None, FIELDS, "id", tmp_path / f"{name}.csv", tmp_path / f"{name}-clusters.csv", backend=name,
            progress=lambda stage, share: told.append((stage, share)), save_params=tmp_path / f"{name}.json",
        )  # fmt: skip
    for kind in (".csv", "-clusters.csv"):
        assert (tmp_path / f"own{kind}").read_bytes() == (tmp_path / f"duckdb{kind}").read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {
        "a.csv", *(f"{n}{k}" for n in ("own", "duckdb") for k in (".csv", "-clusters.csv", ".json")),
    }  # fmt: skip
    assert {"prepare", "candidates", "score", "cluster"} <= {stage for stage, _ in told}
    assert all(0 <= share <= 1 for _, share in told)
    # What was learnt on disk serves in memory.
    call = [str(sheet), "--id", "id", "--fields", ",".join(f"{k}={c}" for c, k in FIELDS.items())]
    assert main([*call, "--params", str(tmp_path / "duckdb.json"), "--out", str(tmp_path / "again.csv")]) == 0
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()


@pytest.mark.parametrize("stage", ["prepare", "candidates", "score", "cluster"])
def test_who_stops_it_finds_nothing_half_written(table, tmp_path, stage):
    sheet = written(tmp_path / "a.csv", table)

    def stop(at: str, share: float) -> None:
        if at == stage and share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        link_files(sheet, None, FIELDS, "id", tmp_path / "x.csv", progress=stop, backend="duckdb")
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_where_the_disk_is_too_small_it_says_so_and_how_much_is_needed(table, tmp_path, monkeypatch):
    monkeypatch.setattr(
        ondisk.shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 10**9, 1000)
    )
    with pytest.raises(ValueError, match=r"GB"), opened(table, None, tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_limit_that_no_engine_can_keep_is_refused(table, tmp_path):
    with pytest.raises(ValueError, match="600"), opened(table, None, tmp_path, memory_mb=200):
        pass


def test_duckdb_keeps_to_its_part_of_the_limit(table, tmp_path):
    with opened(table, None, tmp_path, memory_mb=900) as found:
        limit = found.store.value("select current_setting('memory_limit')")
        assert limit.startswith(("343", "360"))  # 900 MB less two fifths, and of that two thirds: 360 MB
        spill = found.store.value("select current_setting('temp_directory')")
        assert spill.startswith(str(tmp_path))


def test_ids_that_stand_twice_or_nowhere_are_named_with_their_rows(table, tmp_path):
    for ids, said in ((["r0", *table["id"][:-1]], "r0|2、3|第"), (["", *table["id"][1:]], "第 2")):
        sheet = written(tmp_path / "a.csv", {**table, "id": ids})
        with pytest.raises(ValueError, match=said):
            link_files(sheet, None, FIELDS, "id", tmp_path / "x.csv", backend="duckdb")


def test_what_cannot_be_exported_is_named(table, tmp_path):
    rows = {'na"me': table["name"], "id": table["id"]}
    with (
        pytest.raises(ValueError, match='na"me'),
        ondisk.opened(rows, None, {'na"me': "name"}, rows["id"], tmp_path),
    ):
        pass


def test_without_splink_it_says_what_to_install(table, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "splink", None)
    with pytest.raises(ValueError, match="splink"), opened(table, None, tmp_path):
        pass


def test_without_pyspark_it_says_what_to_install(table, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(ValueError, match="pyspark"), opened(table, None, tmp_path, spark=True):
        pass
    assert not list(tmp_path.iterdir())


def test_celery_and_another_backend_do_not_go_together(table, tmp_path):
    from matching.linkage.__main__ import run

    options = {
        "a": written(tmp_path / "a.csv", table), "b": None, "fields": "name=name", "out": tmp_path / "x.csv", "threshold": 0.5, "memory_mb": 0,
        "workers": 1, "backend": "duckdb",
    }  # fmt: skip
    with pytest.raises(ValueError, match="celery"):
        run(options, tmp_path, lambda _folder, _count: None)


def test_splink_weighs_what_sql_can_say_as_the_engine_does(table, own, tmp_path):
    plain = own.params.__class__("x", own.params.prior, own.params.m, own.params.u)
    with opened(table, None, tmp_path, params=plain) as found:
        duck = backend.DuckDb(found.store, plain, -20.0)
        i, j = blocks.everything(found.split).part(slice(0, 200_000))
        i, j, weight = duck.weigh(i, j)
        prepared = found.store.table(np.arange(found.split.rows, dtype=np.int32))
        levels = prepared.levels(i, j)
        exact = (levels <= 1).all(axis=1)  # missing or equal: the same in SQL
        assert exact.sum() > 20
        assert np.abs(prepared.weigh(levels, i, j, plain)[exact] - weight[exact]).max() < 0.01


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_the_settings_are_plain_sql_of_their_engine(table, own, dialect):
    sqlglot = pytest.importorskip("sqlglot")
    settings = backend.settings_of(own.model, own.params, dialect)
    assert settings["sql_dialect"] == dialect
    assert not any(tf["values"] for one in settings["comparisons"] if "params" in one["comparison_description"]
                   for c in [__import__("json").loads(one["comparison_description"].removeprefix("jieli "))["params"]["tf"]]
                   for tables in c.values() for tf in tables.values())  # fmt: skip
    for entry in settings["comparisons"]:
        for level in entry["comparison_levels"][:-1]:
            assert sqlglot.parse_one(level["sql_condition"], dialect=dialect).find(sqlglot.exp.Column)


def _spark_missing() -> str:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed"
    java = shutil.which("java")
    if java is None or subprocess.run([java, "-version"], capture_output=True, check=False).returncode:
        return "there is no Java"
    return ""


@pytest.mark.slow
def test_spark_finds_what_the_engine_finds(own, tmp_path):
    """On a real Spark, where there is one; where there is none, that is said aloud."""
    if missing := _spark_missing():
        warnings.warn(f"Spark was NOT run: {missing}", stacklevel=1)
        pytest.skip(f"Spark was NOT run: {missing}")
    rows = columns(people(300, 8))
    params = own.params
    mine = held(link(rows, None, FIELDS, "id", threshold=0.3, params=params))
    with opened(rows, None, tmp_path, params=params, spark=True) as found:
        theirs = pairs_of(found)
    assert len(mine.keys() & theirs.keys()) > 0.98 * len(mine)
    assert not theirs.keys() - mine.keys()
    for pair, (weight, _) in theirs.items():
        assert weight == pytest.approx(mine[pair][0], abs=1e-4)

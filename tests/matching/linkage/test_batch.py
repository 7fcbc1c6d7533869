"""However the pairs of a table are scored, here or elsewhere, the answer is the same."""

import csv
import random
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.linkage.compare.columns import COMPACT, Coded, strings
from matching.linkage.files.linking import link_files
from matching.linkage.tables import batch
from matching.linkage.tables.candidates import (
    Blocks,
    Key,
    Split,
    distinct,
    everything,
    pair_numbers,
    pairs_of,
    rows_of,
)
from matching.linkage.tables.pipeline import link

SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周", "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂文华建国玉兰"
FIELDS = {"name": "name", "birth": "birth_date", "phone": "phone", "town": "text"}


@pytest.fixture(scope="module")
def table() -> dict[str, list]:
    rng = random.Random(11)
    rows = []
    for _ in range(1600):
        row = [
            rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=2)),
            f"{rng.randint(1940, 2010)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}",
            "13" + "".join(rng.choices("0123456789", k=9)),
            rng.choice(["长沙", "株洲", "湘潭", "衡阳", "邵阳", "岳阳", "常德"]),
        ]
        rows.append(row)
        if rng.random() < 0.3:
            again = list(row)
            again[rng.randrange(4)] = None
            rows.append(again)
    rng.shuffle(rows)
    return {
        "id": [f"r{k}" for k in range(len(rows))],
        **{c: list(v) for c, v in zip(FIELDS, zip(*rows, strict=True), strict=True)},
    }


@pytest.fixture
def small_rooms(monkeypatch):
    monkeypatch.setattr(batch, "ROOM", 5_000)
    monkeypatch.setattr(batch, "BUCKET", 2_000)


def seen(result):
    return (
        list(zip(result.i.tolist(), result.j.tolist(), strict=True)),
        result.weight.tolist(),
        result.probability.tolist(),
        result.label.tolist(),
    )


@pytest.fixture(scope="module")
def trained(table):
    return link(table, None, FIELDS, "id").params


def test_buckets_workers_and_others_give_one_answer(table, trained, small_rooms, tmp_path, monkeypatch):
    calls = []

    def spread(folder, count):
        for first in reversed(range(0, count, 3)):
            calls.append(first)
            batch.score_files(folder, first, min(first + 3, count))

    one = link(table, None, FIELDS, "id", params=trained)
    two = link(table, None, FIELDS, "id", params=trained, workers=2)
    three = link(table, None, FIELDS, "id", params=trained, folder=tmp_path, spread=spread)
    assert len(one.i) > 300
    assert len(calls) > 3
    assert seen(one) == seen(two) == seen(three)
    assert one.candidates == two.candidates == three.candidates


def test_what_waits_on_disk_is_what_would_stand_in_memory(table, trained, monkeypatch):
    monkeypatch.setattr("matching.linkage.tables.candidates.ALL_PAIRS", 0)
    whole = link(table, None, FIELDS, "id", params=trained)
    monkeypatch.setattr(batch, "ROOM", 5_000)
    monkeypatch.setattr(batch, "BUCKET", 2_000)
    split = link(table, None, FIELDS, "id", params=trained)
    assert whole.candidates == split.candidates
    assert seen(whole) == seen(split)


def test_training_on_some_buckets_is_near_to_training_on_all(table, trained, small_rooms):
    sampled = link(table, None, FIELDS, "id").params
    assert abs(np.log2(sampled.prior / trained.prior)) < 1
    for name, m in trained.m.items():
        assert np.abs(np.array(m) - np.array(sampled.m[name])).max() < 0.15


def test_a_dead_worker_loses_nothing(table, trained, small_rooms, tmp_path, monkeypatch):
    expected = seen(link(table, None, FIELDS, "id", params=trained))
    real = batch.score_pairs

    def spread(folder, count):
        left = iter(range(3))

        def dying(*arguments):
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(*arguments)

        monkeypatch.setattr(batch, "score_pairs", dying)
        with pytest.raises(KeyboardInterrupt):
            batch.score_files(folder, 0, count)
        monkeypatch.setattr(batch, "score_pairs", real)
        done = sorted(folder.glob("scored-*"))
        assert len(done) == 3
        stamps = [path.stat().st_mtime_ns for path in done]
        batch.score_files(folder, 0, count)
        assert [path.stat().st_mtime_ns for path in done] == stamps
        assert len(list(folder.glob("scored-*"))) == count

    assert seen(link(table, None, FIELDS, "id", params=trained, folder=tmp_path, spread=spread)) == expected


def test_a_limit_that_the_table_alone_exceeds_is_said(table):
    with pytest.raises(ValueError, match="太小，请写大一些|too low"):
        link(table, None, FIELDS, "id", memory_mb=10)


def test_a_limit_holds_for_the_workers_too(monkeypatch):
    monkeypatch.setattr(batch, "resident_mb", lambda: 100.0)
    assert batch.shares(0, 4, batch.ROOM) == (4, batch.BUCKET)
    assert batch.shares(150, 1, 400_000) == (1, 400_000)
    for limit in (130, 160, 200, 400, 4000):
        workers, pairs = batch.shares(limit, 4, batch.room_of(limit, batch.ROOM))
        assert 1 <= workers <= 4
        own = batch.CHILD_MB + pairs * batch.PER_PAIR / 2**20
        assert workers * own <= limit - 100
    assert workers == 4


def test_only_a_private_folder_is_trusted(tmp_path):
    closed, open_ = tmp_path / "closed", tmp_path / "open"
    closed.mkdir(mode=0o700)
    open_.mkdir(mode=0o700)
    open_.chmod(0o750)
    (tmp_path / "link").symlink_to(closed)
    assert batch.private(closed)
    assert not batch.private(open_)
    assert not batch.private(tmp_path / "link")
    assert not batch.private(tmp_path / "nothing")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-1, 5), max_size=40), st.integers(0, 40), st.booleans())
def test_blocks_hold_every_pair_that_shares_a_code_once(codes, left, linked):
    split = Split(max(len(codes), 1), min(left, len(codes)), linked)
    i, j = (
        np.concatenate([np.zeros(0, dtype=np.int32), *found])
        for found in zip(*pairs_of(Key("k", (0,), 0, lambda: np.array(codes, dtype=np.int32)), split), strict=True)
    ) if len(list(Blocks.of(np.array(codes, dtype=np.int32), split).pieces())) else (np.zeros(0, int), np.zeros(0, int))  # fmt: skip
    wanted = {
        (a, b)
        for b in range(len(codes))
        for a in range(b)
        if codes[a] == codes[b] >= 0 and (not linked or a < split.left <= b)
    }
    assert sorted(zip(i.tolist(), j.tolist(), strict=True)) == sorted(wanted)


@pytest.mark.parametrize("rows", [2, 7, 70_000])
def test_pair_numbers_are_read_back(rows):
    split = Split(rows, rows, False)
    i, j = everything(Split(min(rows, 50), 0, False)).part(slice(-5, None))
    i, j = i + np.int32(rows - min(rows, 50)), j + np.int32(rows - min(rows, 50))
    back = rows_of(distinct(pair_numbers(i, j, split)), split)
    assert (back[0] == i).all()
    assert (back[1] == j).all()


def test_many_texts_stand_in_one_block_and_read_the_same():
    values = [f"路{k}号" for k in range(COMPACT)]
    block = strings(values)
    assert block.dtype != object
    coded = Coded([values[5], None, values[7], values[5], ""])
    assert list(coded) == [values[5], None, values[7], values[5], None]
    assert block[[0, 99_999, COMPACT]].tolist() == [values[0], values[99_999], ""]
    assert strings(["\ud842", *values])[:1].tolist() == ["\ud842"]


def test_files_in_buckets_are_the_files_of_one_piece(table, small_rooms, tmp_path, monkeypatch):
    sheet = tmp_path / "a.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table)
        writer.writerows(zip(*(["" if v is None else v for v in c] for c in table.values()), strict=True))
    params = link_files(sheet, None, FIELDS, "id", tmp_path / "x.csv", tmp_path / "y.csv").linked.params
    link_files(sheet, None, FIELDS, "id", tmp_path / "u.csv", tmp_path / "v.csv", params=params, workers=2)
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "u.csv").read_bytes()
    assert (tmp_path / "y.csv").read_bytes() == (tmp_path / "v.csv").read_bytes()
    assert len((tmp_path / "y.csv").read_text().splitlines()) == len(table["id"]) + 1


def test_the_job_folder_may_go_at_any_time(tmp_path):
    folder = tmp_path / "job"
    folder.mkdir(mode=0o700)
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError):
        batch.score_files(folder, 0, 1)

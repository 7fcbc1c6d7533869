"""python -m bench.linkage.online [--persons N] [--queries N] [--cities N] [--bills several|one] [--minutes M] [--no-peer]
    [--seed S] [--json FILE]

One incoming record against a registry of N persons (default 1,000,000; a scratch database, the real tables, sealed
fields, keyed hashes and policies, read as the engine): the look-up of `insurance.linking` as the product calls it.
As in registers people have one to thirteen bills, and an appeal tells of any of them; with --bills=one, of their only one.
Beside it Splink's `predict_between` for one record, on the same persons. Needs about 4 GB of disk and eight minutes
for a million; memory does not grow with the number of persons, except Splink's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import statistics
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from bench.platform.harness import scratch_database, setup

CHUNK = 20_000
#: Of the corpus's people so many have an insurer that sends.
INSURED = 0.93
#: Ids of one chunk's persons; a registry's numbers are nearly as many as its persons, and the prior goes by them.
STRIDE = round(CHUNK * INSURED * 1.02)
#: Records of one telephone number, for the bad case; people like the one whom an appeal is about, for another.
CROWD, ALIKE = 10_000, 5_000
PARTS = ("keys", "query", "open", "score", "judge")
SOURCES = ("insurer", "application", "campaign")
SPLINK_COLUMNS = (
    "unique_id", "name", "id_number", "birth_date", "age", "sex", "phone", "area", "address", "hospital", "disease",
)  # fmt: skip


@dataclass(frozen=True)
class Query:
    """One incoming record, and the registry's number of its person (None: unknown there)."""

    source: str
    person: int | None
    values: dict[str, Any]  # of people.registry.Description
    hospital: str
    disease: str
    row: dict[str, str]  # as Splink gets it


@dataclass
class Chunk:
    """Text of COPY for the tables, rows for Splink, and queries about its people."""

    copies: dict[str, bytes]
    rows: list[tuple[str, ...]]
    queries: list[Query]
    persons: int


def cities(count: int) -> list[tuple[str, str, str]]:
    """(four digits, province, city) of as many cities, spread over the country."""
    from matching.linkage.values.areas import parts_of

    codes = (f"{province}{city:02d}00" for province in range(11, 66) for city in range(1, 35))
    known = [(code[:4], parts[0], parts[1]) for code in codes if len(parts := parts_of(code)) == 2]
    step = max(1, len(known) // count)
    return known[::step][:count]


class Elsewhere:
    """Moves the corpus's two cities to two others: codes, numbers, words of addresses and hospitals."""

    def __init__(self, first: tuple[str, str, str], second: tuple[str, str, str]) -> None:
        self.codes = {"4301": first[0], "1303": second[0]}
        self.words = {
            "湖南省": first[1], "湖南": first[1], "长沙市": first[2], "长沙": first[2].removesuffix("市"),
            "河北省": second[1], "河北": second[1], "秦皇岛市": second[2], "秦皇岛": second[2].removesuffix("市"),
        }  # fmt: skip
        self.any = re.compile("|".join(sorted(self.words, key=len, reverse=True)))

    def code(self, text: str) -> str:
        return self.codes.get(text[:4], text[:4]) + text[4:]

    def number(self, text: str) -> str:
        from matching.linkage.values.idnumber import check_character

        if text[:4] not in self.codes:
            return text
        moved = self.code(text)
        right = len(text) == 18 and text[:17].isdigit() and check_character(text[:17]) == text[17]
        return moved[:17] + check_character(moved[:17]) if right else moved

    def place(self, text: str) -> str:
        return self.any.sub(lambda hit: self.words[hit.group()], text)


def description(record: dict[str, str], moved: Elsewhere) -> tuple[dict[str, Any], str, str]:
    """(values of a Description, hospital, illness) as the rooms of the three sources would make them."""
    from matching.linkage.values import idnumber
    from matching.linkage.values import normalise as n

    source = record["source"]
    number = moved.number(record["id_number"]) if record["id_number"] else ""
    parsed = idnumber.parse(number) if number else None
    try:
        born = date.fromisoformat(record["birth_date"]) if record["birth_date"] else None
    except ValueError:
        born = None
    code = n.area(record["area"]) if record["area"] else None
    hospital, disease = moved.place(record["hospital"]), record["disease"]
    extra: dict[str, Any] = {}
    if source != "insurer":
        extra = {key: value for key, value in (("hospital", hospital), ("disease", disease)) if value}
    if record["age"]:
        extra["age"] = int(record["age"])
        extra["birth_year"] = int(record["recorded_on"][:4]) - extra["age"]
    values = {
        "name": record["name"],
        "id_number": parsed.id18 if parsed else number,
        "id_valid": parsed is not None,
        "cert_type": "01" if number else "",
        "birth_date": born,
        "sex": record["sex"],
        "phone": record["phone"],
        "area": moved.code(code) if code else "",
        "address": moved.place(record["address"]) if source == "application" else "",
        "extra": extra,
    }
    return values, hospital if source == "insurer" else "", disease if source == "insurer" else ""


#: What most bills are for: name, code, median yuan.
MINOR = (
    ("急性上呼吸道感染", "J06.9", 300), ("原发性高血压", "I10", 900), ("慢性胃炎", "K29.5", 1200), ("支气管炎", "J20.9", 2600),
    ("腰椎间盘突出症", "M51.2", 5200), ("老年性白内障", "H25.9", 4800), ("急性阑尾炎", "K35.8", 9000), ("肠息肉", "K63.5", 4100),
)  # fmt: skip
#: How many bills somebody has beside the one that the corpus knows.
MORE = ((0, 1, 2, 3, 5, 8, 12), (35, 25, 15, 10, 8, 5, 2))


def bills(record: dict[str, str], moved: Elsewhere, hospital: str, disease: str, rng: Random) -> list[Any]:
    """A person's bills as treatments, in any order of time: that of the corpus, to which appeals and forms refer, and more;
    at least one. One in ten names its illness by a code alone."""
    from devstack.synthetic.places import HOSPITALS
    from devstack.synthetic.settlements import DISEASES
    from insurance.linking.stays import Treatment

    known = {one.name: one for one in DISEASES}
    told: list[tuple[str, str, str, int]] = []
    if hospital or disease:
        one = known.get(disease)
        told.append((hospital, disease, one.code if one else "", one.yuan if one else 3000))
    houses = HOSPITALS["1303" if record["area"].startswith("1303") else "4301"]
    for _ in range(max(rng.choices(*MORE)[0], 1 - len(told))):
        if rng.random() < 0.7:
            name, code, yuan = rng.choice(MINOR)
        else:
            grave = rng.choices(DISEASES, [one.weight for one in DISEASES])[0]
            name, code, yuan = grave.name, grave.code, grave.yuan
        told.append((moved.place(rng.choice(houses).name), name, code, yuan))
    rng.shuffle(told)
    return [
        Treatment(
            house, "" if code and rng.random() < 0.1 else name, code,
            Decimal(round(yuan * rng.lognormvariate(0.0, 0.6))), last,
        )
        for last, (house, name, code, yuan) in enumerate(told)
    ]  # fmt: skip


def chunk(
    number: int, size: int, seed: int, spread: int, wanted: int, organisation: int, several: bool = True
) -> Chunk:
    """People `number * CHUNK` and on: everything about them that does not need the database."""
    from bench.corpus import generate
    from insurance.linking import lookup, stays
    from matching.linkage import blocking
    from people.models import BlockingKey, Identity, LinkageRecord
    from people.registry import Description, _values
    from vault.cipher import seal
    from vault.fields import SealedField

    corpus = generate(seed * 1000 + number, max(size, 50))
    places = cities(spread)
    moved = Elsewhere(places[2 * number % len(places)], places[(2 * number + 1) % len(places)])
    base = number * STRIDE
    fields = [f for f in Identity._meta.concrete_fields if f.attname != "id"]
    identities, keys, bodies, persons, rows = [], [], [], [], []
    first: dict[str, int] = {}
    second = []
    treated = Random(f"{seed}-{number}-bills")
    for record in corpus.insurer:
        who = corpus.truth[record["record_id"]]
        if who in first:
            second.append(record)
            continue
        position = first[who] = base + len(first) + 1
        values, hospital, disease = description(record, moved)
        told = Description(**values)
        identity = Identity(
            id=position, source="insurer", organisation_id=organisation, person_id=position, state="linked",
            method="new", **_values(told),
        )  # fmt: skip
        if several:
            all_stays = stays.telling(bills(record, moved, hospital, disease, treated))
        else:
            all_stays = (lookup.Stay(hospital, disease),)
        kept = lookup.as_record(identity, all_stays)
        cells = [str(position)]
        for one in fields:
            value = getattr(identity, one.attname)
            if isinstance(one, SealedField) and value is not None:
                value = seal(one.purpose, one.to_bytes(value))
            cells.append(_cell(value) if one.attname != "created_at" else "2026-01-01 00:00:00+00")
        identities.append("\t".join(cells))
        persons.append(f"{position}\t00000000-0000-4000-8000-{position:012d}\t\\N\t2026-01-01 00:00:00+00")
        keys += [f"{position}\t{key}" for key in lookup.keys_of(identity, kept).kept]
        bodies.append(
            f"{position}\t{_cell(seal(LinkageRecord.PURPOSE, lookup.encode(kept)))}\t{blocking.VERSION}"
        )
        rows.append(_splink(str(position), values, hospital, disease))
    rng = Random(f"{seed}-{number}")
    queries = []
    for records in (second, corpus.applications, corpus.campaigns):
        for record in rng.sample(records, min(wanted, len(records))):
            values, hospital, disease = description(record, moved)
            row = dict(zip(SPLINK_COLUMNS, _splink("new", values, hospital, disease), strict=True))
            person = first.get(corpus.truth[record["record_id"]])
            queries.append(Query(record["source"], person, values, hospital, disease, row))
    columns = ["id", *(str(f.column) for f in fields)]
    copies = {
        "person (id, uid, merged_into_id, created_at)": persons,
        f"identity ({', '.join(columns)})": identities,
        f"{BlockingKey._meta.db_table} (identity_id, key)": keys,
        f"{LinkageRecord._meta.db_table} (identity_id, body, keys_version)": bodies,
    }
    return Chunk(
        {table: ("\n".join(lines) + "\n").encode() for table, lines in copies.items()},
        rows, queries, len(first),
    )  # fmt: skip


def _cell(value: Any) -> str:
    """One value in COPY's text format."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    return str(value).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")


def _splink(number: str, values: dict[str, Any], hospital: str, disease: str) -> tuple[str, ...]:
    extra = values["extra"]
    return (
        number, values["name"], values["id_number"], str(values["birth_date"] or ""), str(extra.get("age", "")),
        values["sex"], values["phone"], values["area"], values["address"], extra.get("hospital", hospital),
        extra.get("disease", disease),
    )  # fmt: skip


def _child(arguments: tuple[int, int, int, int, int, int, bool]) -> Chunk:
    return chunk(*arguments)


def load(
    real: Any,
    persons: int,
    seed: int,
    spread: int,
    queries: int,
    organisation: int,
    rows_to: Path | None,
    seconds: float,
    several: bool,
) -> tuple[int, list[Query]]:
    """Fill the registry's tables with COPY, indexes made afterwards; (persons loaded, queries).

    rows_to: where Splink's rows are written, None where it does not take part. seconds: after which no more persons
    are loaded.
    """
    people = round(persons / INSURED)
    pieces = [(k, min(CHUNK, people - k * CHUNK)) for k in range(-(-people // CHUNK))]
    each = -(-queries // len(pieces) // len(SOURCES))
    asked: list[Query] = []
    loaded, began = 0, time.perf_counter()
    workers = min(os.cpu_count() or 1, 4)
    tables = ("blocking_key", "linkage_record", "identity", "person")
    with real.superuser() as admin, (rows_to or Path(os.devnull)).open("w", encoding="utf-8") as out:
        admin.execute("SET maintenance_work_mem = '1GB'")
        rebuild = _drop_indexes(admin, tables)
        with multiprocessing.get_context("fork").Pool(workers, os.nice, (10,)) as pool:
            jobs = ((k, size, seed, spread, each, organisation, several) for k, size in pieces)
            for made in pool.imap(_child, jobs):
                for table, body in made.copies.items():
                    with admin.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
                        copy.write(body)
                if rows_to is not None:
                    out.writelines(
                        "\t".join(cell.replace("\t", " ") for cell in row) + "\n" for row in made.rows
                    )
                asked += made.queries
                loaded += made.persons
                print(f"\r  {loaded:,} persons", end="", flush=True)
                if time.perf_counter() - began > seconds:
                    break
        print(f" in {time.perf_counter() - began:.0f} s; indexes, statistics", end="", flush=True)
        for statement in rebuild:
            admin.execute(statement)
        admin.execute(f"VACUUM (ANALYZE) {', '.join(tables)}")
        sizes = admin.execute(
            "SELECT sum(pg_table_size(c::regclass)), sum(pg_indexes_size(c::regclass)) FROM unnest(%s::text[]) c",
            [list(tables)],
        ).fetchone()
    print(f"; tables {float(sizes[0]) / 1e9:.2f} GB, indexes {float(sizes[1]) / 1e9:.2f} GB", flush=True)
    return loaded, asked


def _drop_indexes(admin: Any, tables: tuple[str, ...]) -> list[str]:
    """Drop what slows a bulk load down; the statements that make it again."""
    rebuild: list[str] = []
    drop: list[str] = []
    for kind in ("f", "pu"):
        for table, name, definition in admin.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = ANY(%s) AND (conrelid::regclass::text = ANY(%s) OR confrelid::regclass::text = ANY(%s))",
            [list(kind), list(tables), list(tables)],
        ).fetchall():
            drop.append(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            statement = f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"
            rebuild.insert(0 if kind == "pu" else len(rebuild), statement)
    for statement in drop:
        admin.execute(statement)
    for name, definition in admin.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid::regclass::text = ANY(%s)",
        [list(tables)],
    ).fetchall():
        admin.execute(f"DROP INDEX {name}")
        rebuild.insert(0, definition)
    return rebuild


class Clock:
    """Splits one look-up into its parts by standing around the functions that it calls."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def around(self, part: str, function: Any) -> Any:
        def timed(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.spent[part] += time.perf_counter() - start

        return timed


@dataclass
class Result:
    """Milliseconds of one kind of record; counts of what became of it."""

    total: list[float] = field(default_factory=list)
    processor: list[float] = field(
        default_factory=list
    )  # of this process and the database's; empty if unknown
    parts: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    candidates: list[int] = field(default_factory=list)
    known: int = 0
    among: int = 0
    questions: int = 0
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def _database_time() -> float | None:
    """Seconds on the processor of this connection's server process; None where /proc has none of it."""
    from django.db import connection

    try:
        spent = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text().split()[0]
        return int(spent) / 1e9
    except (OSError, ValueError, IndexError):
        return None


def ask(queries: list[Query], phone: str = "") -> Result:
    """Every query once, as the link service asks: normalise, keys, query, open, score, judge."""
    from insurance.linking import lookup
    from insurance.linking.services import REVIEWS_PER_IDENTITY
    from matching.linkage.values.normalise import is_masked_name
    from people.models import Identity
    from people.registry import Description, _values
    from scope import engine_scope

    clock, result = Clock(), Result()
    names = {"search": "query", "opened": "open", "score_many": "score"}
    plain = {name: getattr(lookup, name) for name in names}
    for name, part in names.items():
        setattr(lookup, name, clock.around(part, plain[name]))
    try:
        for query in queries:
            values = {**query.values, **({"phone": phone} if phone else {})}
            identity = Identity(id=0, source=query.source, **_values(Description(**values)))
            stay = lookup.Stay(query.hospital, query.disease)
            clock.spent.clear()
            with engine_scope("bench"):
                theirs, ours = _database_time(), time.thread_time()
                start = time.perf_counter()
                record = lookup.as_record(identity, [stay])
                keys = lookup.keys_of(identity, record)
                clock.spent["keys"] = time.perf_counter() - start
                scored = lookup.look_up(0, record, keys)
                judged = time.perf_counter()
                found = lookup.judge(scored, is_masked_name(record.name))
                end = time.perf_counter()
                ours = time.thread_time() - ours
                after = _database_time()
            if theirs is not None and after is not None:
                result.processor.append((ours + after - theirs) * 1000)
            clock.spent["judge"] = end - judged
            result.total.append((end - start) * 1000)
            for part in PARTS:
                result.parts[part].append(clock.spent[part] * 1000)
            result.candidates.append(len(scored))
            result.questions += len(found.doubts[:REVIEWS_PER_IDENTITY])
            result.known += query.person is not None
            result.among += any(one.person_id == query.person for one in scored)
            result.counts[_verdict(found, query.person)] += 1
    finally:
        for name, function in plain.items():
            setattr(lookup, name, function)
    return result


def sought(query: Query) -> tuple[int, ...]:
    """The keys under which somebody is looked for."""
    from insurance.linking import lookup
    from people.models import Identity
    from people.registry import Description, _values

    identity = Identity(id=0, source=query.source, **_values(Description(**query.values)))
    record = lookup.as_record(identity, [lookup.Stay(query.hospital, query.disease)])
    return lookup.keys_of(identity, record).sought


def _verdict(found: Any, person: int | None) -> str:
    from insurance.linking.services import REVIEWS_PER_IDENTITY

    if found.same is not None:
        return "accepted, right" if found.same.person_id == person else "accepted, WRONG"
    if found.doubts:
        asked = found.doubts[:REVIEWS_PER_IDENTITY]
        return "review, person among" if any(d.person_id == person for d in asked) else "review, other"
    return "nobody, right" if person is None else "nobody, missed"


def percentile(values: list[float], share: int) -> float:
    return statistics.quantiles(values, n=100)[share - 1] if len(values) > 1 else values[0]


def show(name: str, result: Result) -> None:
    parts = "  ".join(f"{part} {statistics.median(result.parts[part]):.2f}" for part in PARTS)
    print(
        f"  {name:<28} p50 {percentile(result.total, 50):6.2f}  p90 {percentile(result.total, 90):6.2f}"
        f"  p99 {percentile(result.total, 99):6.2f} ms   medians: {parts}"
    )
    if result.processor:
        print(
            f"  {'  time on the processors':<28} p50 {percentile(result.processor, 50):6.2f}"
            f"  p90 {percentile(result.processor, 90):6.2f}  p99 {percentile(result.processor, 99):6.2f} ms"
        )
    spread = result.candidates
    print(
        f"  {'':<28} candidates p50 {statistics.median(spread):.0f}, p99 {percentile(list(map(float, spread)), 99):.0f};"
        f" true person among them {result.among / max(result.known, 1):.4f};"
        f" questions a record {result.questions / len(result.total):.2f};"
        f" {', '.join(f'{k} {v / len(result.total):.3f}' for k, v in sorted(result.counts.items()))}",
        flush=True,
    )


def splink(rows: Path, queries: list[Query], rounds: int) -> dict[str, float]:
    """Milliseconds of `predict_between` of one record with all persons: median, minimum; seconds to register."""
    import logging
    import warnings

    import duckdb
    import pandas as pd
    from splink import DuckDBAPI, Linker, SettingsCreator

    from bench.linkage.peer import SET_UPS

    warnings.filterwarnings("ignore")
    logging.getLogger("splink").setLevel(logging.ERROR)
    how = SET_UPS["chinese_raw"]()
    connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "5GB"})
    connection.execute("set enable_progress_bar = false")
    columns = dict.fromkeys(SPLINK_COLUMNS, "VARCHAR")
    started = time.perf_counter()
    connection.execute(
        f"CREATE TABLE persons AS SELECT * FROM read_csv('{rows}', delim='\t', header=false, quote='', escape='',"
        f" columns={columns}, nullstr='')"
    )
    api = DuckDBAPI(connection)
    persons = api.register(connection.table("persons"), dataset_display_name="registry")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=how.comparisons,
        blocking_rules_to_generate_predictions=how.blocking,
        retain_matching_columns=False,
    )
    linker = Linker(persons, settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e5, seed=1)
    for column in ("name", "hospital", "disease"):
        linker.table_management.compute_tf_table(column)
    ready = time.perf_counter() - started
    times, found = [], 0
    for position, query in enumerate(queries[: rounds + 1]):
        frame = pd.DataFrame([{k: v or None for k, v in query.row.items()}]).astype("string")
        new = api.register(frame, dataset_display_name=f"new_{position}")
        start = time.perf_counter()
        answer = linker.inference.predict_between(
            persons, new, threshold_match_probability=0.001, warning_mode="never"
        ).as_record_list()
        times.append((time.perf_counter() - start) * 1000)
        found += bool(answer)
    times = times[1:]  # the first one warms up
    return {"median": statistics.median(times), "least": min(times), "ready": ready, "found": found}


def measure(
    persons: int,
    count: int,
    spread: int,
    seed: int,
    peer: bool,
    rounds: int,
    seconds: float = float("inf"),
    several: bool = True,
) -> dict[str, Any]:
    """Load, warm, ask, compare; prints as it goes. Returns the figures."""
    report: dict[str, Any] = {"persons": persons}
    with tempfile.TemporaryDirectory(dir=_var()) as folder, scratch_database() as real:
        import factories as make
        from people import index
        from vault.index import blocking_key

        rows = Path(folder) / "persons.tsv"
        organisation = make.organisation("statutory_insurer").pk
        began = time.perf_counter()
        loaded, queries = load(
            real, persons, seed, spread, count, organisation, rows if peer else None, seconds, several
        )
        report["persons"] = loaded
        print(f"  loaded in {time.perf_counter() - began:.0f} s; {len(queries):,} records to look up")
        Random(seed).shuffle(queries)
        ask(queries)  # warm: plans, pages, tables of characters
        everything = ask(queries)
        show("all three sources", everything)
        for source in SOURCES:
            show(source, ask([query for query in queries if query.source == source]))
        phone = "13900001111"
        with real.superuser() as admin:
            admin.execute(
                "INSERT INTO blocking_key (identity_id, key) SELECT id, %s FROM identity ORDER BY id LIMIT %s",
                [blocking_key("phone", phone), CROWD],
            )
            admin.execute("ANALYZE blocking_key")
        crowd = [query for query in queries if query.source == "application"]
        ask(crowd[:100], phone)
        show(f"one phone in {min(CROWD, loaded):,} records", ask(crowd, phone))
        assert index.CANDIDATES_PER_KEY <= 100
        appeal = next(query for query in queries if query.source == "campaign" and len(sought(query)) >= 9)
        with real.superuser() as admin:
            admin.execute(
                "INSERT INTO blocking_key (identity_id, key) SELECT i.id, k.key FROM unnest(%s::bigint[]) AS k(key),"
                " (SELECT id FROM identity ORDER BY id LIMIT %s) i ON CONFLICT DO NOTHING",
                [list(sought(appeal)), ALIKE],
            )
            admin.execute("ANALYZE blocking_key")
        show(f"one appeal, {min(ALIKE, loaded):,} like it", ask([appeal] * 200))
        p50, p99 = percentile(everything.total, 50), percentile(everything.total, 99)
        report |= {
            "p50": p50, "p90": percentile(everything.total, 90), "p99": p99,
            "processor_p50": percentile(everything.processor, 50) if everything.processor else None,
            "processor_p99": percentile(everything.processor, 99) if everything.processor else None,
            "parts": {part: statistics.median(everything.parts[part]) for part in PARTS},
            "recall": everything.among / max(everything.known, 1), "outcomes": dict(everything.counts),
        }  # fmt: skip
        busy = os.getloadavg()[0] / (os.cpu_count() or 1)
        if busy > 0.8:
            print(f"  the machine is busy ({busy:.1f} runnable a core): the times hold waiting for others")
        missed = _goal("p50 of one look-up, ms", p50, 1.0, loaded)
        missed += _goal("p99 of one look-up, ms", p99, 5.0, loaded)
        report["missed"] = missed
        if peer:
            from bench.linkage import engine

            try:
                theirs = engine.apart(splink, rows, [_plain(q) for q in queries], rounds, limit=1800.0)
            except RuntimeError as error:
                print(f"  Splink FAILED: {error}")
                return report
            ratio = theirs["median"] / p50
            print(
                f"  Splink predict_between, one record, raw columns, one thread: median {theirs['median']:,.0f} ms,"
                f" least {theirs['least']:,.0f} ms ({rounds} records; {theirs['ready']:.0f} s to register and index)"
            )
            missed += _goal("Splink ÷ ours, medians", ratio, 100.0, loaded, least=True)
            report |= {"splink": theirs, "ratio": ratio}
    return report


def _plain(query: Query) -> Query:
    return Query(query.source, query.person, {}, "", "", query.row)


#: The size for which the goals are set; other sizes are measured, not judged.
GOAL_PERSONS = 1_000_000


def _goal(what: str, value: float, goal: float, persons: int, least: bool = False) -> list[str]:
    """Print a figure beside its goal; what was missed, to be said again at the end."""
    said = f"{what}: {value:,.2f} (goal {'≥' if least else '≤'} {goal:g})"
    if not 0.9 * GOAL_PERSONS <= persons <= 1.1 * GOAL_PERSONS:
        print(f"         {said[:-1]} with {GOAL_PERSONS:,} persons; here {persons:,})", flush=True)
        return []
    met = value >= goal if least else value <= goal
    print(f"  {'met   ' if met else 'MISSED'} {said}", flush=True)
    return [] if met else [said]


def _var() -> str:
    from bench.platform.harness import ROOT

    folder = Path(os.environ.get("JIELI_VAR") or ROOT / "var")
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def main(words: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(
        prog="python -m bench.linkage.online",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=3000, help="records looked up, a third of each source")
    parser.add_argument("--cities", type=int, default=20, help="cities that the persons live in")
    parser.add_argument(
        "--bills", choices=("several", "one"), default="several", help="bills that people have"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="load no longer than this; what is loaded is measured",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-peer", action="store_true", help="without Splink")
    parser.add_argument("--rounds", type=int, default=9, help="records that Splink looks up")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    given = parser.parse_args(words)
    print(f"online: one record against {given.persons:,} persons in {given.cities} cities", flush=True)
    report = measure(
        given.persons,
        given.queries,
        given.cities,
        given.seed,
        not given.no_peer,
        given.rounds,
        given.minutes * 60,
        given.bills == "several",
    )
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(report, indent=1, ensure_ascii=False))
    return report


if __name__ == "__main__":
    setup()
    main()

"""python -m bench.linkage.parameters [--persons N] [--towns N] [--seed S] [--out FILE]

Makes the parameter table of the online path again: trained without labels on synthetic people, one table per pair of
sources, records made comparable as `insurance.linking.lookup` does. The same arguments give the same file.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.platform.harness import setup

#: The next table: one that was in use is never written again (`matching.linkage.online.VERSIONS`).
VERSION = "online-3"
#: Corpora of the benches have other seeds.
SEED = 77_000
SOURCES = ("insurer", "application", "campaign")
#: Insurers among themselves have too few persons in common to learn from without labels; there the untrained table is
#: kept. The lines that training draws trust its own estimate five times less than it says. Held against the truth of
#: other synthetic people (docs/reference/linkage.md), no application was accepted wrongly by score from 0.99 on.
ACCEPT = {"application": 0.998, "campaign": 0.9999}


def records(persons: int, towns: int, seed: int) -> dict[str, list[Any]]:
    """Comparison records per source of `persons` people in `towns` pairs of cities."""
    from bench.corpus import generate
    from bench.linkage.online import Elsewhere, cities, description
    from insurance.linking import lookup
    from people.models import Identity
    from people.registry import Description, _values

    out: dict[str, list[Any]] = {source: [] for source in SOURCES}
    places = cities(2 * towns)
    for number in range(towns):
        corpus = generate(seed + number, persons // towns)
        moved = Elsewhere(places[2 * number % len(places)], places[(2 * number + 1) % len(places)])
        for told in (*corpus.insurer, *corpus.applications, *corpus.campaigns):
            values, hospital, disease = description(told, moved)
            identity = Identity(source=told["source"], **_values(Description(**values)))
            out[told["source"]].append(lookup.as_record(identity, lookup.Stay(hospital, disease)))
    return out


def train(persons: int, towns: int, seed: int) -> dict[str, Any]:
    """The tables of every pair of sources with the errors that their training expects, as JSON values."""
    from matching.linkage import scoring
    from matching.linkage.tables.pipeline import link

    known = records(persons, towns, seed)
    tables, chosen = {}, {}
    for other, accept in ACCEPT.items():
        a, b = scoring.columns(known["insurer"]), scoring.columns(known[other])
        a["id"], b["id"] = list(range(len(known["insurer"]))), list(range(len(known[other])))
        found = link(a, b, scoring.FIELDS, "id")
        pair = "–".join(sorted(("insurer", other)))
        print(f"{pair}: {found.candidates:,} pairs; {found.params.limits}", flush=True)
        params = replace(
            found.params,
            version=VERSION,
            tf={"name": scoring.DEFAULT.tf["name"]},
            limits={pair: _drawn(found.params.limits[""], accept)},
        )
        chosen[pair] = found.params.limits[""].accept
        tables[pair] = _rounded(json.loads(params.to_json()))
    return {
        "version": VERSION,
        "source": f"python -m bench.linkage.parameters --persons={persons} --towns={towns} --seed={seed}",
        "accept_of_training": chosen,
        "records": {source: len(rows) for source, rows in known.items()},
        "tables": tables,
    }


def _drawn(limits: Any, accept: float) -> Any:
    """The lines with another one for accepting; what training expected of its own says nothing about that."""
    return (
        limits
        if limits.accept == accept
        else replace(limits, accept=accept, false_accept=None, reviewed=None)
    )


def _rounded(value: Any) -> Any:
    """Six significant digits: more would only be noise."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else value
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.linkage.parameters", description=__doc__)
    parser.add_argument("--persons", type=int, default=24_000)
    parser.add_argument("--towns", type=int, default=6, help="pairs of cities that they live in")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path(f"matching/linkage/data/{VERSION}.json"))
    given = parser.parse_args(words)
    body = train(given.persons, given.towns, given.seed)
    given.out.write_text(
        json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    setup()
    main()

"""python -m bench.linkage.parameters [--persons N] [--towns N] [--sets N] [--seed S] [--out FILE]

Makes the parameter table of the online path again: trained without labels on synthetic people, one table per pair of
sources, records made comparable as `insurance.linking.lookup` does. Several sets of people are learnt from independently
and pooled. The same arguments give the same file.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.platform.harness import setup

if TYPE_CHECKING:
    from matching.linkage.model import Kin, Params
    from matching.linkage.records import PersonRecord

#: The next table: one that was in use is never written again (`matching.linkage.online.VERSIONS`).
VERSION = "online-3"
#: Corpora of the benches have other seeds.
SEED = 77_000
#: Which two lists teach a pair of sources. Each is of one organisation, which knows a person once.
PAIRS = {
    "application–application": ("forms", "more_forms"),
    "application–campaign": ("forms", "campaigns"),
    "application–insurer": ("insurer", "forms"),
    "campaign–insurer": ("insurer", "campaigns"),
    "insurer–insurer": ("insurer", "other_insurers"),
}
#: The lines that training draws trust its own estimate five times less than it says. Held against the truth of other
#: synthetic people (docs/reference/linkage.md), no application was accepted wrongly by score from 0.99 on. Campaigns
#: hide names and are never accepted.
ACCEPT = {"application–insurer": 0.998, "campaign–insurer": 0.9999, "application–campaign": 0.9999}


@dataclass(frozen=True, slots=True)
class Told:
    """A record as the look-up compares it, and whose it is."""

    record: PersonRecord
    person: str


def lists(persons: int, towns: int, seed: int) -> dict[str, list[Told]]:
    """What organisations know of `persons` people in `towns` pairs of cities: a basic insurer ('insurer'), the insurers
    elsewhere and the commercial ones ('other_insurers'), the first charity to which each applied ('forms') and the
    others ('more_forms'), a platform ('campaigns') and the others ('more_campaigns')."""
    from bench.corpus import generate
    from bench.linkage.online import Elsewhere, cities, description
    from insurance.linking import lookup
    from people.models import Identity
    from people.registry import Description, _values

    out: dict[str, list[Told]] = {
        name: []
        for name in ("insurer", "other_insurers", "forms", "more_forms", "campaigns", "more_campaigns")
    }
    places = cities(2 * towns)
    for number in range(towns):
        corpus = generate(seed + number, persons // towns, second=True)
        moved = Elsewhere(places[2 * number % len(places)], places[(2 * number + 1) % len(places)])
        for records, first, others in (
            (corpus.insurer + corpus.second, "insurer", "other_insurers"),
            (corpus.applications, "forms", "more_forms"),
            (corpus.campaigns, "campaigns", "more_campaigns"),
        ):
            known: set[str] = set()
            for told in records:
                person = f"{number}-{corpus.truth[told['record_id']]}"
                again = person in known or told["record_id"].startswith("S")
                known.add(person)
                values, hospital, disease = description(told, moved)
                identity = Identity(source=told["source"], **_values(Description(**values)))
                record = lookup.as_record(identity, [lookup.Stay(hospital, disease)])
                out[others if again else first].append(Told(record, person))
    return out


def train(persons: int, towns: int, sets: int, seed: int) -> dict[str, Any]:
    """The tables of every pair of sources with the errors that their training expects, as JSON values."""
    from matching.linkage import scoring
    from matching.linkage.tables.pipeline import link

    learnt: dict[str, list[tuple[Params, float]]] = {pair: [] for pair in PAIRS}
    counts: dict[str, int] = {}
    for number in range(sets):
        known = lists(persons, towns, seed + number * towns)
        for name in {name for names in PAIRS.values() for name in names}:
            counts[name] = counts.get(name, 0) + len(known[name])
        for pair, names in PAIRS.items():
            a, b = (scoring.columns([told.record for told in known[name]]) for name in names)
            for table, name in ((a, names[0]), (b, names[1])):
                table["id"] = list(range(len(known[name])))
            found = link(a, b, scoring.FIELDS, "id")
            matches = found.params.prior * len(known[names[0]]) * len(known[names[1]])
            print(
                f"{pair}: {found.candidates:,} pairs, {matches:.0f} believed to be one person; {found.params.limits['']}",
                flush=True,
            )
            learnt[pair].append((found.params, matches))
    tables, chosen, apart = {}, {}, {}
    for pair, several in learnt.items():
        params = pooled([one for one, _ in several], [matches for _, matches in several])
        drawn = params.limits[""]
        params = replace(
            params,
            version=VERSION,
            stays=(),  # everybody whom an insurer describes has had a stay
            tf={"name": scoring.DEFAULT.tf["name"]},
            limits={pair: _drawn(drawn, ACCEPT.get(pair, drawn.accept))},
        )
        chosen[pair] = drawn.accept
        apart[pair] = spread([one for one, _ in several], params)
        tables[pair] = _rounded(json.loads(params.to_json()))
    return {
        "version": VERSION,
        "source": f"python -m bench.linkage.parameters --persons={persons} --towns={towns} --sets={sets} --seed={seed}",
        "accept_of_training": chosen,
        "spread": _rounded(apart),
        "records": counts,
        "tables": tables,
    }


def pooled(several: list[Params], matches: list[float]) -> Params:
    """Tables of independent sets of people as one: shares are means, each set counting by its matches. Of the lines the
    most careful: accept where all accept, ask where one asks."""
    share = np.array(matches) / sum(matches)

    def mean(rows: list[tuple[float, ...]]) -> tuple[float, ...]:
        return tuple(float(v) for v in share @ np.array(rows))

    first = several[0]
    prior = float(share @ np.array([one.prior for one in several]))
    kin: list[Kin] = []
    for place, group in enumerate(first.kin):
        same = [one.kin[place] for one in several]
        if any(one.circle != group.circle or set(one.h) != set(group.h) for one in same):
            raise ValueError("sets of people with other groups cannot be pooled")
        # The share of a family goes with the prior.
        times = [prior / one.prior if not group.circle else 1.0 for one in several]
        held = np.array([k.share * t for k, t in zip(same, times, strict=True)])
        kin.append(
            replace(
                group,
                share=float(share @ held),
                h={name: mean([k.h[name] for k in same]) for name in group.h},
            )
        )
    lines = [one.limits[""] for one in several]
    return replace(
        first,
        prior=prior,
        m={name: mean([one.m[name] for one in several]) for name in first.m},
        u={name: mean([one.u[name] for one in several]) for name in first.u},
        kin=tuple(kin),
        limits={
            "": replace(
                max(lines, key=lambda line: line.accept),
                review=min(line.review for line in lines),
                false_reject=max(line.false_reject or 0.0 for line in lines),
            )
        },
    )


def spread(several: list[Params], params: Params) -> dict[str, float]:
    """How far the sets' weights lie apart: per field the mean distance of a weight from the pooled one, in bits, where one
    match in a hundred at least shows the level."""
    from matching.linkage.scoring import person_model

    out = {}
    for comparison in person_model().comparisons:
        m = np.array(comparison.known(params.m[comparison.name], comparison.default_m))
        often = m >= 0.01
        if len(several) > 1 and often.any():
            base = params.weights(comparison)[1:]
            gaps = [np.abs(one.weights(comparison)[1:] - base)[often] for one in several]
            out[comparison.name] = float(np.mean(gaps))
    return out


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
    parser.add_argument("--sets", type=int, default=4, help="independent sets of people, pooled")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, default=Path(f"matching/linkage/data/{VERSION}.json"))
    given = parser.parse_args(words)
    body = train(given.persons, given.towns, given.sets, given.seed)
    given.out.write_text(
        json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    setup()
    main()

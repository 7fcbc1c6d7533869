"""Parameters of the online path: versioned tables per pair of sources, and the prior of a registry of some size.

The tables lie in data/<version>.json and are made by `python -m bench.linkage.parameters`. A pair of sources without
one keeps `scoring.DEFAULT`. A version that was ever in use stays: with the prior, the levels and the rarity that a score
kept, it gives that score again (`replay`).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from .model import Params
from .scoring import DEFAULT, UNTRAINED, replayed_weight, untrained

VERSION = "online-3"
VERSIONS = ("online-1", "online-2", VERSION)
#: A registry of fewer persons mostly hears of people who are not in it: counted as one of so many.
LEAST = 2**17


@dataclass(frozen=True)
class Tables:
    """Parameters per pair of sources; ``bits``: the prior is 2 to the minus so many."""

    version: str
    bits: int

    def of(self, pair: str) -> Params:
        """The table of a pair of sources ('application–insurer', in alphabetical order), with the prior."""
        return _with_prior(self.version, pair, self.bits)


def for_size(persons: int, version: str = VERSION) -> Tables:
    """Tables for a registry of so many persons: a record is any one of them by chance with 1 / persons.

    The number is rounded up to a power of two, so that the prior changes seldom, and is never below `LEAST`.
    """
    return Tables(version, math.ceil(math.log2(max(persons, LEAST))))


def replayed(version: str, pair: str, prior_weight: float) -> Params:
    """The parameters that gave a past score, from what was kept of it. Raises ValueError for an unknown version."""
    base = _untrained(version or UNTRAINED[0]) if version in ("", *UNTRAINED) else _shipped(version).get(pair)
    if base is None:
        raise ValueError(f"version {version!r} has no table for {pair!r}")
    kept = math.log2(base.prior / (1 - base.prior))
    return base if kept == prior_weight else with_prior(base, 1 / (1 + 2.0**-prior_weight))


def replay(version: str, pair: str, prior_weight: float, kept: Mapping[str, Any]) -> float:
    """The match weight (log2) of a past score from what was kept of it (`scoring.PairScore.kept`), by its own table.

    Comparisons learn (a former district, another way to write a name): the records compared today may agree otherwise.
    The levels are what was seen then. Raises ValueError for an unknown version or level.
    """
    return replayed_weight(replayed(version, pair, prior_weight), kept)


def with_prior(params: Params, prior: float) -> Params:
    """The same table for another prior. A person has as many relatives in a large registry as in a small one, so the
    share of families goes with the prior; what strangers share by chance stays."""
    times = prior / params.prior
    kin = tuple(one if one.circle else replace(one, share=one.share * times) for one in params.kin)
    return replace(params, prior=prior, kin=kin)


@cache
def _untrained(version: str) -> Params:
    return DEFAULT if version == DEFAULT.version else untrained(version)


@cache
def _with_prior(version: str, pair: str, bits: int) -> Params:
    known = _shipped(version).get(pair)
    if known is not None:
        return with_prior(known, 2.0**-bits)
    # What nobody trained is trusted less: its prior falls with the registry, but never rises.
    return DEFAULT if 2.0**-bits >= DEFAULT.prior else with_prior(DEFAULT, 2.0**-bits)


@cache
def _shipped(version: str) -> dict[str, Params]:
    if version not in VERSIONS:
        raise ValueError(f"no parameter table of version {version!r}")
    text = files("matching.linkage").joinpath(f"data/{version}.json").read_text(encoding="utf-8")
    return {pair: Params.from_json(json.dumps(body)) for pair, body in json.loads(text)["tables"].items()}

"""Score person records one by one: log2 weights per field that sum, with the prior, to the total."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from . import idnumber, labels
from . import normalise as n
from .compare_values import clean_birth
from .defaults import SURNAMES
from .model import Frequencies, Model, Params
from .records import PersonRecord

Outcome = Literal["accept", "review", "reject"]
FIELDS = {
    "name": "name", "id_number": "id_number", "birth_date": "birth_date", "sex": "sex", "phone": "phone",
    "address": "address", "area": "area", "hospital": "hospital", "disease": "disease",
}  # fmt: skip
#: Odd things that a person has to look at, however high the weight.
NEVER_ACCEPT = frozenset(
    {"masked_name", "shared_id_other_name", "different_ids", "relatives", "twins", "no_identifier"}
)


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """What one field says: its agreement level, its weight (log2 of m/u) and a note for people."""

    field: str
    level: str
    weight: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class PairScore:
    """A scored pair. ``weight`` = ``prior_weight`` + the sum of the evidence (all log2)."""

    weight: float
    probability: float
    prior_weight: float
    evidence: tuple[FieldEvidence, ...]
    outcome: Outcome
    flags: tuple[str, ...] = ()


@cache
def person_model() -> Model:
    """The comparisons of a `PersonRecord`; train it on columns of these names to replace `DEFAULT`."""
    return Model.for_fields(FIELDS)


def _default() -> Params:
    base = person_model().default_params("untrained-2", prior=1e-7)
    mean = sum(f * f for f in SURNAMES.values())
    surnames = Frequencies(mean, 2e-5, SURNAMES)
    return Params(base.version, base.prior, base.m, base.u, {"name": {"surname": surnames}})


DEFAULT = _default()


def _rows(records: Sequence[PersonRecord]) -> dict[str, list[Any]]:
    births: list[Any] = []
    for r in records:
        births.append(r.birth_date if r.birth_date else f"{r.birth_year:04d}" if r.birth_year else None)
    return {
        "name": [r.name for r in records],
        "id_number": [r.id_number for r in records],
        "birth_date": births,
        "sex": [r.sex for r in records],
        "phone": [r.phone for r in records],
        "address": [r.address for r in records],
        "area": [r.area for r in records],
        "hospital": [r.hospital for r in records],
        "disease": [r.disease for r in records],
    }


def score(a: PersonRecord, b: PersonRecord, params: Params = DEFAULT) -> PairScore:
    """Compare two records; symmetric; never raises on what a record holds."""
    return score_many(a, [b], params)[0]


def score_many(a: PersonRecord, others: Sequence[PersonRecord], params: Params = DEFAULT) -> list[PairScore]:
    """Compare one record with many, in one pass; the scores stand in the order of ``others``."""
    if not others:
        return []
    model = person_model()
    table = model.prepare(_rows([a, *others]))
    j = np.arange(1, len(others) + 1, dtype=np.int32)
    i = np.zeros(len(others), dtype=np.int32)
    levels = table.levels(i, j)
    parts = table.contributions(levels, i, j, params)
    return [_explain(model, a, other, levels[k], parts[k], params) for k, other in enumerate(others)]


def _explain(
    model: Model, a: PersonRecord, b: PersonRecord, levels: np.ndarray, parts: np.ndarray, params: Params
) -> PairScore:
    evidence: list[FieldEvidence] = []
    names: dict[str, str] = {}
    for position, comparison in enumerate(model.comparisons):
        level = comparison.levels[levels[position]]
        if level == "missing":
            continue
        names[comparison.name] = level
        weight = round(float(parts[position]), 4)
        evidence.append(FieldEvidence(comparison.name, level, weight, labels.LEVELS.get(level, "")))
    if parts[-1]:
        evidence.append(
            FieldEvidence("household", "relatives", round(float(parts[-1]), 4), labels.LEVELS["relatives"])
        )
    prior = math.log2(params.prior / (1 - params.prior))
    weight = prior + math.fsum(e.weight for e in evidence)
    probability = 1 / (1 + 2 ** -max(min(weight, 500.0), -500.0))
    flags = _flags(a, b, names)
    outcome: Outcome = "reject"
    if probability >= params.review or "shared_id_other_name" in flags:
        outcome = "review"
    if probability >= params.accept and not NEVER_ACCEPT & set(flags):
        outcome = "accept"
    return PairScore(weight, probability, prior, tuple(evidence), outcome, flags)


def _flags(a: PersonRecord, b: PersonRecord, levels: dict[str, str]) -> tuple[str, ...]:
    flags: list[str] = []
    if n.is_masked_name(a.name) or n.is_masked_name(b.name):
        flags.append("masked_name")
    other_name = levels.get("name") in ("surname", "else", "masked_else")
    ids = levels.get("id_number")
    agreeing = ids in ("exact", "near_1", "near_2", "masked")
    if levels.get("name") in ("one_off", "partial") and not agreeing:
        born = levels.get("birth_date")
        if born == "exact":
            flags.append("twins")
        elif born in ("two_parts", "month_off", "year", "year_off", "ten_years", "else"):
            flags.append("relatives")
    if ids == "exact" and other_name:
        flags.append("shared_id_other_name")
    if ids == "else" and idnumber.parse(a.id_number or "") and idnumber.parse(b.id_number or ""):
        flags.append("different_ids")
    if other_name and not agreeing:
        if levels.get("name") == "surname" and levels.get("birth_date") == "exact":
            flags.append("twins")
        if levels.get("phone") == "exact" or levels.get("address") in ("exact", "edit_1"):
            flags.append("relatives")
    if not agreeing and levels.get("phone") != "exact":
        flags.append("no_identifier")
    for record in (a, b):
        number = idnumber.parse(record.id_number) if record.id_number else None
        if record.id_number and not number and "*" not in idnumber.normalise(record.id_number):
            flags.append("invalid_id_number")
        if number and record.birth_date and number.birth != record.birth_date:
            flags.append("birth_contradicts_id")
        if record.name and not n.name(record.name) and n.phone(record.name):
            flags.append("name_is_number")
    return tuple(dict.fromkeys(flags))


def columns(records: Sequence[PersonRecord]) -> dict[str, list[Any]]:
    """Records as columns of the person model, for training; birth dates as yyyymmdd."""
    rows = _rows(records)
    rows["birth_date"] = [clean_birth(v) if v else None for v in rows["birth_date"]]
    return rows

"""Score two person records: log2 weights per field that sum, with the prior, to the total."""

from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz.distance import OSA

from . import diseases, hospitals, idnumber
from . import normalise as n
from .records import PersonRecord

Outcome = Literal["accept", "review", "reject"]


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


@dataclass(frozen=True)
class Params:
    """Weights (log2) per field and level, the prior, and the thresholds (probabilities)."""

    version: str = "untrained-1"
    prior: float = -17.0
    accept: float = 0.9999
    review: float = 0.05
    weights: dict[str, dict[str, float]] = field(default_factory=lambda: _WEIGHTS)


_WEIGHTS = {
    "name": {"exact": 12.0, "variant": 10.0, "homophone": 8.0, "one_off": 4.0, "masked": 4.0, "surname": 0.0,
             "else": -6.0},
    "id_number": {"exact": 26.0, "near": 16.0, "masked": 12.0, "else": -7.0},
    "birth_date": {"exact": 13.0, "near": 6.0, "swap": 7.0, "year": 4.0, "near_year": 2.0, "else": -5.0},
    "sex": {"exact": 1.0, "else": -5.0},
    "phone": {"exact": 15.0, "near": 8.0, "else": -1.0},
    "area": {"exact": 6.0, "city": 4.0, "province": 1.5, "else": -2.0},
    "hospital": {"exact": 6.0, "near": 3.0, "else": -1.0},
    "disease": {"exact": 4.0, "chapter": 1.0, "else": -2.0},
}  # fmt: skip
DEFAULT = Params()


def _name(a: str, b: str) -> str:
    if n.plain_name(a) == n.plain_name(b) and not n.is_masked_name(a):
        return "exact"
    x, y = n.name(a), n.name(b)
    if n.is_masked_name(a) or n.is_masked_name(b):
        return "masked" if n.surname_pinyin(a) == n.surname_pinyin(b) else "else"
    if x == y:
        return "variant"
    if sorted(n.name_pinyin(a)) == sorted(n.name_pinyin(b)):
        return "homophone"
    if OSA.distance(x, y) == 1 and len(x) > 2:
        return "one_off"
    return "surname" if n.surname_pinyin(a) == n.surname_pinyin(b) else "else"


def _id(a: str, b: str) -> str:
    x, y = idnumber.normalise(a), idnumber.normalise(b)
    if "*" in x + y:
        same = len(x) == len(y) and all(p == q or "*" in (p, q) for p, q in zip(x, y, strict=True))
        return "masked" if same else "else"
    return "exact" if x == y else "near" if OSA.distance(x, y) <= 2 else "else"


def score(a: PersonRecord, b: PersonRecord, params: Params = DEFAULT) -> PairScore:
    """Compare two records; symmetric; never raises on what a record holds."""
    levels: dict[str, str] = {}
    if n.name(a.name) and n.name(b.name):
        levels["name"] = _name(a.name or "", b.name or "")
    ida, idb = idnumber.parse(a.id_number or ""), idnumber.parse(b.id_number or "")
    if a.id_number and b.id_number:
        levels["id_number"] = _id(a.id_number, b.id_number)
    birth_a, birth_b = a.birth_date or (ida and ida.birth), b.birth_date or (idb and idb.birth)
    year_a, year_b = (birth_a and birth_a.year) or a.birth_year, (birth_b and birth_b.year) or b.birth_year
    agree = levels.get("id_number") in ("exact", "near")
    if not agree:
        if birth_a and birth_b:
            p, q = f"{birth_a:%Y%m%d}", f"{birth_b:%Y%m%d}"
            swap = birth_a.year == birth_b.year and (birth_a.month, birth_a.day) == (
                birth_b.day,
                birth_b.month,
            )
            levels["birth_date"] = (
                "exact" if p == q else "swap" if swap else "near" if OSA.distance(p, q) == 1 else "else"
            )
        elif year_a and year_b:
            gap = abs(year_a - year_b)
            levels["birth_date"] = "year" if gap == 0 else "near_year" if gap == 1 else "else"
        sex_a, sex_b = a.sex or (ida and ida.sex), b.sex or (idb and idb.sex)
        if sex_a and sex_b:
            levels["sex"] = "exact" if sex_a == sex_b else "else"
    phone_a, phone_b = n.phone(a.phone), n.phone(b.phone)
    if phone_a and phone_b:
        gap = OSA.distance(phone_a, phone_b)
        levels["phone"] = "exact" if gap == 0 else "near" if gap == 1 else "else"
    area_a, area_b = n.area(a.area), n.area(b.area)
    if area_a and area_b:
        levels["area"] = next(
            (name for k, name in ((6, "exact"), (4, "city"), (2, "province")) if area_a[:k] == area_b[:k]),
            "else",
        )
    if a.hospital and b.hospital:
        p, q = hospitals.parse(a.hospital), hospitals.parse(b.hospital)
        near = p.number == q.number and p.kind == q.kind
        levels["hospital"] = "exact" if p.plain == q.plain else "near" if near else "else"
    if a.disease and b.disease:
        d, e = diseases.classify(a.disease), diseases.classify(b.disease)
        same = d.plain == e.plain or (d.group and d.group == e.group)
        levels["disease"] = "exact" if same else "chapter" if d.chapter == e.chapter else "else"

    evidence = [FieldEvidence(f, level, params.weights[f][level]) for f, level in levels.items()]
    flags = []
    if n.is_masked_name(a.name) or n.is_masked_name(b.name):
        flags.append("masked_name")
    if levels.get("id_number") == "exact" and levels.get("name") in ("surname", "else"):
        flags.append("shared_id_other_name")
    given_differs = levels.get("name") in ("surname", "else")
    if given_differs and levels.get("phone") == "exact":
        flags.append("same_phone_other_name")
        evidence.append(FieldEvidence("household", "relatives", -12.0, "one phone, other given name"))
    weight = params.prior + sum(e.weight for e in evidence)
    probability = 1 / (1 + 2 ** -max(min(weight, 500.0), -500.0))
    outcome: Outcome = "reject"
    if probability >= params.review or "shared_id_other_name" in flags:
        outcome = "review"
    if probability >= params.accept and not flags:
        outcome = "accept"
    return PairScore(weight, probability, params.prior, tuple(evidence), outcome, tuple(flags))

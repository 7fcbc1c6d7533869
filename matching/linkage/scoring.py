"""Score person records one by one: log2 weights per field that sum, with the prior, to the total."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple, Protocol

from . import labels
from .compare.numbers import IdNumber, clean_birth
from .defaults import SURNAMES
from .model import Frequencies, Model, Params
from .oddities import ALIKE, KINDS, OTHER
from .pairwise import Features, Scorer, Shared, birth_level, births_apart, generations, id_says, sex_level
from .records import PersonRecord, Stay

Outcome = Literal["accept", "review", "reject"]
FIELDS = {
    "name": "name", "id_number": "id_number", "birth_date": "birth_date", "sex": "sex", "phone": "phone",
    "address": "address", "area": "area", "hospital": "hospital", "disease": "disease",
}  # fmt: skip
#: Odd things that a person has to look at, however high the weight.
NEVER_ACCEPT = frozenset(
    {
        "masked_name", "shared_id_other_name", "near_id_other_name", "id_other_birth", "id_other_sex", "same_invalid_id",
        "unchecked_document", "different_ids", "relatives", "twins", "no_identifier", "other_birth", "name_and_phone",
        "no_name", "name_is_number", "unnamed_child", "name_of_kin", "two_names", "pinyin_only",
    }
)  # fmt: skip
#: One number, two people: a person is asked whatever the probability.
BORROWED = frozenset({"shared_id_other_name", "id_other_birth", "id_other_sex"})


@dataclass(frozen=True, slots=True)
class FieldEvidence:
    """What one field says: its agreement level, its weight (log2 of m/u) and a note for people."""

    field: str
    level: str
    weight: float
    note: str = ""


class PairScore(NamedTuple):
    """A scored pair. ``weight`` = ``prior_weight`` + the sum of the evidence (all log2); ``version`` of the table.

    ``stays``: which stay of each record (``at``) agrees best and so stands for hospital and illness, ``among`` how many;
    ``spread`` (log2, never above 0): that the others agree less, for any might have been meant; ``each``: what each said.
    """

    weight: float
    probability: float
    prior_weight: float
    outcome: Outcome
    flags: tuple[str, ...]
    levels: dict[str, str]
    weights: list[float]
    version: str = ""
    rarity: tuple[float, ...] = ()
    pair: str = ""
    stays: tuple[Stay, Stay] = (Stay(), Stay())
    at: tuple[int, int] = (0, 0)
    among: tuple[int, int] = (1, 1)
    spread: float = 0.0
    each: tuple[tuple[int, int, float, float, int], ...] = ()

    @property
    def kept(self) -> dict[str, Any]:
        """What is to be kept of a score so that it can be replayed (`online.replay`), whatever the comparisons have
        learnt since: levels, and log2 of what rare values added. No values of anybody."""
        rare = zip(self.levels, self.rarity, strict=False)
        model = person_model()
        houses, illnesses = (model.comparisons[model.names.index(k)].levels for k in ("hospital", "disease"))
        stays = [[houses[a], illnesses[b], more, too, times] for a, b, more, too, times in self.each]
        return {
            **({"stays": stays} if stays else {}),
            "pair": self.pair,
            "levels": {name: level for name, level in self.levels.items() if level != "missing"},
            "rarity": {name: more for name, more in rare if more},
            "silent": ["phone"] if "crowded_phone" in self.flags else [],
        }

    @property
    def evidence(self) -> tuple[FieldEvidence, ...]:
        """What each field says that both records have, and what a household takes back; put into words when asked."""
        out = [
            FieldEvidence(name, level, weight, labels.LEVELS.get(level, ""))
            for (name, level), weight in zip(self.levels.items(), self.weights, strict=False)
            if level != "missing"
        ]
        if self.spread:
            out.append(FieldEvidence("stays", "of_several", self.spread, labels.LEVELS["of_several"]))
        if self.weights[-1]:
            out.append(FieldEvidence("household", "relatives", self.weights[-1], labels.LEVELS["relatives"]))
        return tuple(out)


class TablePerPair(Protocol):
    """Parameters for each pair of sources (`online.Tables`)."""

    def of(self, pair: str) -> Params: ...


@cache
def person_model() -> Model:
    """The comparisons of a `PersonRecord`; train it on columns of these names to replace `DEFAULT`."""
    model = Model.for_fields(FIELDS)
    for comparison in model.comparisons:
        if isinstance(comparison, IdNumber):
            comparison.checked(resident=True)  # whoever is covered by an insurer has such a number
    return model


def believed(version: str) -> Params:
    """What the code believes of records before any training."""
    base = person_model().default_params(version, prior=1e-7)
    mean = sum(f * f for f in SURNAMES.values())
    surnames = Frequencies(mean, 2e-5, SURNAMES)
    return Params(base.version, base.prior, base.m, base.u, {"name": {"surname": surnames}})


def untrained(version: str) -> Params:
    """An untrained table as it was when it came into use: data/<version>.json, so that its scores come again.

    Raises ValueError for a version that never was.
    """
    if version not in UNTRAINED:
        raise ValueError(f"no untrained table of version {version!r}")
    text = files("matching.linkage").joinpath(f"data/{version}.json").read_text(encoding="utf-8")
    return Params.from_json(text)


#: All that were ever in use, the last one now. A change of what the code believes asks for another version.
UNTRAINED = ("untrained-2", "untrained-4", "untrained-5", "untrained-6")
DEFAULT = untrained(UNTRAINED[-1])


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


def score(a: PersonRecord, b: PersonRecord, params: Params | TablePerPair = DEFAULT) -> PairScore:
    """Compare two records; symmetric; never raises on what a record holds."""
    return score_many(a, [b], params)[0]


def score_many(
    a: PersonRecord,
    others: Sequence[PersonRecord],
    params: Params | TablePerPair = DEFAULT,
    crowded: Collection[str] = (),
) -> list[PairScore]:
    """Compare one record with many; the scores stand in the order of ``others``.

    ``crowded`` names fields of ``a`` whose value very many records share ('phone': a volunteer's or a ward's
    number): agreeing there says nothing. ``params``: one table, or one per pair of sources.
    """
    if not others:
        return []
    mine = Features(a)
    scorers: dict[str, Scorer] = {}
    out = []
    for other in others:
        pair = _sources(a, other)
        scorer = scorers.get(pair)
        if scorer is None:
            scorer = scorers[pair] = _scorer(params if isinstance(params, Params) else params.of(pair))
        out.append(_judge(scorer, mine, Features(other), crowded, pair))
    return out


def _sources(a: PersonRecord, b: PersonRecord) -> str:
    return pair_of(a.source, b.source)


def pair_of(one: str | None, other: str | None) -> str:
    """The name of a pair of sources, as in `Params.limits`; '' where one is unknown."""
    return "–".join(sorted((one, other))) if one and other else ""


_scorers: list[Scorer] = []


def _scorer(params: Params) -> Scorer:
    """The scorer of a parameter table; the last few are kept."""
    for known in _scorers:
        if known.params is params:
            return known
    made = Scorer(person_model(), params)
    _scorers.insert(0, made)
    del _scorers[8:]
    return made


def _judge(scorer: Scorer, x: Features, y: Features, crowded: Collection[str], pair: str) -> PairScore:
    stays = scorer.shared(x, y)
    found = heard = scorer.levels(x, y, stays)
    if crowded:
        heard = list(found)
        for name in crowded:
            position = scorer.names.index(name)
            if scorer.comparisons[position].levels[found[position]] == "exact":
                heard[position] = 0
    rare = scorer.rarity(heard, x, y, stays)
    weights = scorer.parts(heard, rare, stays)
    levels = {c.name: c.levels[level] for c, level in zip(scorer.comparisons, found, strict=True)}
    spread = stays.told.spread if stays else 0.0
    weight = scorer.prior + math.fsum(weights) + spread
    i, j = stays.at if stays else (0, 0)
    probability = 1 / (1 + 2.0 ** -max(min(weight, 500.0), -500.0))
    flags = _flags(x, y, levels, "phone" in crowded)
    outcome: Outcome = "reject"
    limit = scorer.params.limit(pair)
    if probability >= limit.review or (levels["id_number"] == "exact" and BORROWED.intersection(flags)):
        outcome = "review"
    if probability >= limit.accept and not NEVER_ACCEPT.intersection(flags):
        outcome = "accept"
    return PairScore(
        weight, probability, scorer.prior, outcome, flags, levels, weights, scorer.params.version, tuple(rare), pair,
        (x.told[i], y.told[j]), (i, j), (len(x.told), len(y.told)), spread, stays.each if stays else (),
    )  # fmt: skip


def replayed_weight(params: Params, kept: Mapping[str, Any]) -> float:
    """The match weight (log2) of a score of which `PairScore.kept` is known, under its table. Raises ValueError for
    levels that the table's comparisons do not have."""
    scorer = _scorer(params)
    levels, rare = [], []
    for comparison in scorer.comparisons:
        level = kept["levels"].get(comparison.name, "missing")
        if level not in comparison.levels:
            raise ValueError(f"{comparison.name} has no level {level!r}")
        heard = comparison.name not in kept.get("silent", ())
        levels.append(comparison.index(level) if heard else 0)
        rare.append(float(kept["rarity"].get(comparison.name, 0.0)))
    if unknown := {*kept["levels"], *kept["rarity"]} - set(scorer.names):
        raise ValueError(f"no comparison {', '.join(sorted(unknown))}")
    stays = _stays_again(scorer, kept.get("stays"))
    spread = stays.told.spread if stays else 0.0
    return scorer.prior + math.fsum(scorer.parts(levels, rare, stays)) + spread


def _stays_again(scorer: Scorer, kept: list[list[Any]] | None) -> Shared | None:
    if not kept:
        return None
    houses, illnesses = (scorer.comparisons[at].levels for at in (scorer.at_hospital, scorer.at_disease))
    each = tuple(
        (houses.index(a), illnesses.index(b), float(more), float(too), int(times))
        for a, b, more, too, times in kept
    )
    return Shared((0, 0), each, scorer.together(each))


#: Ways to write one name.
_ONE_NAME = ("exact", "variant", "romanised")
_MASKED = IdNumber.levels.index("masked")


def _flags(x: Features, y: Features, levels: dict[str, str], crowded: bool) -> tuple[str, ...]:
    kinds = {x.name_kind, y.name_kind}
    flags = [flag for kind, flag in KINDS.items() if kind in kinds]
    if (x.masked_name or y.masked_name) and "masked_name" not in flags:
        flags.append("masked_name")
    name, born, phone = levels["name"], levels["birth_date"], levels["phone"]
    if born == "in_numbers":
        born = "exact"
    ids = levels["id_number"]
    agreeing = ids in ("exact", "near_1", "near_2", "masked")
    if ids == "masked" and (x.open_end or y.open_end):
        # An area and a birth date, as everybody has who was born there on that day.
        flags.append("number_without_end")
        agreeing = False
        born = "exact" if born == "missing" and id_says(x, y, _MASKED)[0] else born
    if agreeing:
        # One character typed for another that sounds the same, as people do; both say one birth date beside the number.
        told = x.birth_told or y.birth_told
        slip = name == "homophone" and ids == "exact" and birth_level(x, y) == 1 and not told
        if name in OTHER or (name in ALIKE and not slip):
            flags.append("shared_id_other_name" if ids == "exact" else "near_id_other_name")
        if births_apart(x, y):
            flags.append("id_other_birth")
        if sex_level(x, y) > 1:
            flags.append("id_other_sex")
        if ids == "exact" and not x.id_valid and born != "exact" and (phone != "exact" or crowded):
            flags.append("unchecked_document")
    elif ids == "unproven":
        flags.append("same_invalid_id")
    elif ids == "else" and x.id_valid and y.id_valid:
        flags.append("different_ids")
    if not agreeing and name in ALIKE:
        flags.append("twins" if born == "exact" else "relatives")
    if not agreeing and name == "variant" and born == "exact" and x.given != y.given:
        flags.append("twins")  # 王喆 and 王哲 are written so on purpose
    if not agreeing and name == "romanised" and x.han != y.han:
        flags.append("pinyin_only")
    if not agreeing and name in OTHER:
        if name == "surname" and born == "exact":
            flags.append("twins")
        if (phone == "exact" and not crowded) or levels["address"] in ("exact", "edit_1"):
            flags.append("relatives")
    if not agreeing and name in _ONE_NAME:
        # A father and his son of one name, or whoever has got the number after a namesake.
        if births_apart(x, y) or generations(x, y):
            flags.append("other_birth")
        elif born == "missing" and phone == "exact" and not crowded:
            flags.append("name_and_phone")
    if phone == "exact" and crowded:
        flags.append("crowded_phone")
    if not agreeing and (phone != "exact" or crowded):
        flags.append("no_identifier")
    for side in (x, y):
        if side.id_invalid:
            flags.append("invalid_id_number")
        if side.birth_contradicts:
            flags.append("birth_contradicts_id")
        if side.name_is_number:
            flags.append("name_is_number")
    return tuple(dict.fromkeys(flags))


def columns(records: Sequence[PersonRecord]) -> dict[str, list[Any]]:
    """Records as columns of the person model, for training; birth dates as yyyymmdd."""
    rows = _rows(records)
    rows["birth_date"] = [clean_birth(v) if v else None for v in rows["birth_date"]]
    return rows

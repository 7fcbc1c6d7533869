"""Where and for what a description's person was treated, from its bills.

An appeal tells of one stay, most often not of the latest: all of them are compared, as many as tell anybody apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Max, Sum

from insurance.intake.models import Settlement
from matching.linkage.records import Stay
from matching.linkage.scoring import PairScore
from matching.linkage.values import diseases, hospitals
from people.models import Source

#: So many stays of one description are compared: the newest, and those that cost most, for people ask for help with them.
AT_MOST = 8

#: No person has more bills that differ; a sender may write what it will.
LOOKED_AT = 200


@dataclass(frozen=True)
class Treatment:
    """Bills of one hospital and illness. cost: yuan in all, before any insurance; last: greater where one came later."""

    hospital: str
    name: str
    code: str
    cost: Decimal
    last: int


def stays(identity_ids: Sequence[int]) -> dict[int, tuple[Stay, ...]]:
    """The stays of each description that has bills, those that cost most first. A description itself holds none."""
    found: dict[int, list[Treatment]] = {}
    bills = (
        Settlement.objects.filter(identity_id__in=identity_ids)
        .order_by()
        .values_list("identity_id", "hospital_name", "disease_name", "disease_code")
        .annotate(cost=Sum("total_fee"), last=Max("pk"))
    )
    for key, *told in bills:
        found.setdefault(key, []).append(Treatment(*told))
    return {key: telling(treatments) for key, treatments in found.items()}


def telling(treatments: Iterable[Treatment]) -> tuple[Stay, ...]:
    """Of a person's treatments at most AT_MOST stays that differ in hospital or illness, those that cost most first.

    Kinds of one illness in one hospital are one stay, named by what cost most; one that tells less than another (the
    same hospital without an illness) is none of its own. The newest is kept whatever it cost.
    """
    merged: dict[tuple[str, str], tuple[Stay, Decimal, int]] = {}
    ranked = sorted(treatments, key=lambda one: (-one.cost, -one.last))
    latest = max(ranked, key=lambda one: one.last, default=None)
    for one in (*ranked[:LOOKED_AT], *([latest] if latest in ranked[LOOKED_AT:] else [])):
        illness = diseases.told(one.name, one.code)
        key = hospitals.parse(one.hospital).plain, diseases.family(diseases.classify(illness))
        if not any(key):
            continue
        stay, cost, last = merged.get(key, (Stay(one.hospital, illness), Decimal(0), 0))
        merged[key] = stay, cost + one.cost, max(last, one.last)
    houses = {house for house, illness in merged if illness}
    illnesses = {illness for house, illness in merged if house}
    kept = [
        value
        for (house, illness), value in merged.items()
        if (house and illness) or (house and house not in houses) or (illness and illness not in illnesses)
    ]
    newest = max(kept, key=lambda value: value[2], default=None)
    kept.sort(key=lambda value: (value is not newest, -value[1], -value[2]))
    first = sorted(kept[:AT_MOST], key=lambda value: (-value[1], -value[2]))
    return tuple(stay for stay, _cost, _last in first)


def compared(pair: PairScore, identity: str, candidate: str) -> dict[str, Any]:
    """Which stay of each side agreed best, and of how many, as a review keeps it; the arguments name the sources, in the
    order in which the pair was scored. Only what stands in bills: what a description says itself stays sealed there."""
    return {
        side: {**(stay if source == Source.INSURER else Stay())._asdict(), "which": at, "of": count}
        for side, source, stay, at, count in zip(
            ("identity", "candidate"), (identity, candidate), pair.stays, pair.at, pair.among, strict=True
        )
    }

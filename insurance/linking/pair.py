"""A doubtful pair as the reviewer sees it: always masked, differing places marked, every field with its weight."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from matching.linkage.online import replayed
from matching.linkage.scoring import pair_of
from matching.linkage.values import areas
from matching.linkage.values.normalise import is_masked_name
from people.models import Identity, Source
from vault import masking

from . import words
from .models import Review

#: Fields in the order of the page; those in OPTIONAL only when the evidence has them.
ROWS = (
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "area",
    "hospital",
    "disease",
    "stays",
    "address",
    "household",
)
OPTIONAL = frozenset({"stays", "address", "household"})


@dataclass(frozen=True)
class Part:
    """A piece of a masked value; `differs` where the other side has something else in this place."""

    text: str
    differs: bool


@dataclass(frozen=True)
class Row:
    """One field of both sides. weight: log2, None where a side lacks the field; note: the agreement in words;
    hidden: what is to be said where both look the same and may not be."""

    field: str
    label: str
    left: tuple[Part, ...]
    right: tuple[Part, ...]
    note: str
    weight: float | None
    hidden: str = ""


@dataclass(frozen=True)
class Side:
    title: str
    about: str


@dataclass(frozen=True)
class Pair:
    """left: the person's description in the registry; right: the description that is asked about.

    The weights of the rows and `prior` add up to `total` (log2); thresholds in the same unit.
    """

    left: Side
    right: Side
    rows: tuple[Row, ...]
    flags: tuple[str, ...]
    prior: float
    total: float
    probability: float
    accept_at: float
    review_at: float


def labels() -> dict[str, str]:
    return {
        "name": _("姓名"),
        "id_number": _("证件号"),
        "birth_date": _("出生日期"),
        "sex": _("性别"),
        "phone": _("手机"),
        "area": _("地区"),
        "hospital": _("医院"),
        "disease": _("疾病"),
        "stays": _("就诊"),
        "address": _("住址"),
        "household": _("家人"),
    }


def pair(review: Review) -> Pair:
    """Both sides of a review; needs the identities readable (the reviewer's or the engine's scope)."""
    left, right = review.candidate_identity, review.identity
    evidence = {item["field"]: item for item in review.evidence}
    sides = [
        values(left, review.stays.get("candidate", {})),
        values(right, review.stays.get("identity", {})),
    ]
    named = labels()
    rows = []
    for field in ROWS:
        item = evidence.get(field)
        plain = [side.get(field, ("", "")) for side in sides]
        if field in OPTIONAL and item is None:
            continue
        a, b = marked(field, plain[0], plain[1])
        note, weight = _("缺一边，不计"), None
        if plain[0][1] and plain[1][1]:
            # What an agreeing number says already does not count twice.
            note = _("证件号里已经有，不重复计")
        if item is not None:
            note, weight = words.level(item["level"]), float(item["weight"])
        if field == "household":
            a = b = (Part("", False),)
        rows.append(Row(field, named[field], a, b, note, weight, hidden(plain[0], plain[1], field == "name")))
    # The lines of the table that gave the score, which may not be the one in use now.
    sources = pair_of(left.source, right.source)
    limit = replayed(review.params, sources, review.prior_weight).limit(sources)
    return Pair(
        left=Side(str(Source(left.source).label), _about(left)),
        right=Side(str(Source(right.source).label), _about(right)),
        rows=tuple(rows),
        flags=tuple(words.flag(flag) for flag in review.flags),
        prior=review.prior_weight,
        total=review.weight,
        probability=review.probability,
        accept_at=threshold(limit.accept),
        review_at=threshold(limit.review),
    )


def threshold(probability: float) -> float:
    """A probability as log2 odds, the unit of the weights."""
    return math.log2(probability / (1 - probability))


def _about(identity: Identity) -> str:
    organisation = identity.organisation.short_name if identity.organisation else ""
    return f"{organisation} {identity.created_at:%Y-%m-%d}".strip()


def values(identity: Identity, stay: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Per field (clear value, how it is shown). The clear one never leaves this module."""
    row: Any = identity
    extra: dict[str, Any] = row.extra or {}
    born = row.birth_date
    age = extra.get("age")
    sex = {"1": _("男"), "2": _("女")}.get(identity.sex, "")
    area = area_name(identity.area)
    told = [[extra.get("hospital"), extra.get("disease")], *(extra.get("stays") or ())]
    which = stay.get("which", 0)
    own = told[which] if which < len(told) else told[0]
    hospital = str(own[0] or stay.get("hospital") or "")
    disease = str(own[1] or stay.get("disease") or "")
    found = {
        "name": (row.name or "", masking.name(row.name)),
        "id_number": (row.id_number or "", masking.id_number(row.id_number)),
        "sex": (sex, sex),
        "phone": (row.phone or "", masking.phone(row.phone)),
        "area": (area, area),
        "hospital": (hospital, hospital),
        "disease": (disease, disease),
        "stays": ("", str(_("共 %(count)s 次")) % {"count": stay.get("of", 1)}),
        "address": (row.address or "", masking.address(row.address)),
    }
    if isinstance(born, date):
        found["birth_date"] = (f"{born:%Y-%m-%d}", f"{born:%Y}-**-**")
    elif age is not None:
        found["birth_date"] = ("", _("%(age)s 岁") % {"age": age})
    elif extra.get("birth_year"):
        found["birth_date"] = ("", str(extra["birth_year"]))
    return {field: value for field, value in found.items() if value[1] not in {"", "—"}}


def area_name(code: str) -> str:
    """示例市 清河县: names of the city and county of an area code, or the code."""
    parts = areas.parts_of(code)
    if code[:2] not in areas.MUNICIPALITIES:
        parts = parts[1:] or parts
    return " ".join(parts) or code


def marked(
    field: str, left: tuple[str, str], right: tuple[str, str]
) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The two masked values in parts, with the places marked where the clear values differ."""
    if not left[1] or not right[1]:
        missing = (Part(_("未提供"), False),)
        return (
            (Part(left[1], False),) if left[1] else missing,
            (Part(right[1], False),) if right[1] else missing,
        )
    if not left[0] or not right[0] or left[0] == right[0]:
        return (Part(left[1], False),), (Part(right[1], False),)
    same_places = len({len(left[0]), len(left[1]), len(right[0]), len(right[1])}) == 1
    if not same_places:
        # 长沙市 and 长沙市 芙蓉区 do not contradict each other.
        differs = not (left[1].startswith(right[1]) or right[1].startswith(left[1]))
        return (Part(left[1], False),), (Part(right[1], differs),)
    differing = [a != b and "*" not in (a, b) for a, b in zip(left[0].upper(), right[0].upper(), strict=True)]
    return tuple(_runs(left[1], differing)), tuple(_runs(right[1], differing))


def hidden(left: tuple[str, str], right: tuple[str, str], of_name: bool = True) -> str:
    """What is said of two values that look the same on the page, yet differ, or may differ, in what is hidden.

    of_name: whether they are names, which hide by 某 and 女士 as well as by stars.
    """
    if not left[0] or not right[0] or left[1] != right[1]:
        return ""
    by_source = ["*" in value or (of_name and _hides(value)) for value, _shown in (left, right)]
    if any(by_source):
        return _("来源本来就遮着，遮掩处不能比较")
    return "" if left[0].upper() == right[0].upper() else _("遮掩处不同，页面上不能比较")


def _hides(value: str) -> bool:
    """Whether the source itself hid a part of a name without a star."""
    return is_masked_name(value) and not value.isascii()


def _runs(text: str, differing: list[bool]) -> Iterator[Part]:
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or differing[place] != differing[start]:
            yield Part(text[start:place], differing[start])
            start = place

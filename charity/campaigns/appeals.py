"""What an appeal's own words say of the person for whom it asks: read by the engine, shown to the reviewer masked.

What the platform states wins; the text fills what is not stated. Where both say different things the reviewer is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from insurance.linking.passages import Passage
from matching.linkage.values import diseases, extract, normalise
from matching.linkage.values.extract import Extracted
from vault import masking

from .models import Campaign, CampaignAppeal, CampaignReading

#: Characters shown on either side of what was read.
AROUND = 14
STOPS = "。！？!?；;\n"
#: Fields of one fact: when one is stated, the others are not filled from the text against it.
_BIRTH = frozenset(["age", "birth_date", "birth_year"])


@dataclass(frozen=True)
class Read:
    """A field of the text. where: title | story; start, end: characters of that text."""

    field: str
    value: str
    where: str
    start: int
    end: int
    used: bool = False
    contradicts: bool = False


def read(campaign: Campaign) -> tuple[list[Read], dict[str, str]]:
    """(what the text says, the texts by where). Nothing where no text was pushed."""
    appeal = CampaignAppeal.objects.filter(pk=campaign.pk).first()
    if appeal is None:
        return [], {}
    texts = {"title": str(appeal.title or ""), "story": str(appeal.story or "")}
    found = [
        _placed(one, len(texts["title"])) for one in extract.extract(f"{texts['title']}\n{texts['story']}")
    ]
    said: dict[str, Any] = campaign.beneficiary or {}  # type: ignore[assignment]
    started = (
        date.fromisoformat(said["started_on"]) if said.get("started_on") else campaign.received_at.date()
    )
    return [_weighed(one, said, started.year, campaign.disease_code) for one in found], texts


def filled(campaign: Campaign, found: Sequence[Read]) -> dict[str, Any]:
    """The beneficiary as stated, with what the text fills."""
    said: dict[str, Any] = dict(campaign.beneficiary or {})  # type: ignore[call-overload]
    for one in found:
        if one.used:
            value: Any = one.value
            if one.field == "sex":
                value = {"M": "1", "F": "2"}[value]
            elif one.field in ("age", "birth_year"):
                value = int(value)
            said[one.field] = value
    return said


def keep(campaign: Campaign, identity_id: int, found: Sequence[Read], texts: dict[str, str]) -> None:
    """Remember what was read, from which version by which rules, or that nothing is to be read any more."""
    if not texts and not CampaignReading.objects.filter(pk=campaign.pk).exists():
        return
    names = [one.value for one in found if one.field == "name"]
    names.append(str((campaign.beneficiary or {}).get("name") or ""))  # type: ignore[attr-defined]
    hidden = {where: masked(text, names) for where, text in texts.items()}
    CampaignReading.objects.update_or_create(
        campaign=campaign,
        defaults={
            "identity_id": identity_id,
            "version": campaign.version,
            "extractor": extract.VERSION,
            "found": [asdict(one) for one in found],
            "passages": [asdict(passage(one, texts[one.where], hidden[one.where])) for one in found],
        },
    )


def passages_of(identity_ids: Sequence[int]) -> dict[int, tuple[Passage, ...]]:
    """For the reviewer's page; row-level security shows him the identities under review only."""
    rows = CampaignReading.objects.filter(identity_id__in=list(identity_ids)).only("identity_id", "passages")
    return {row.identity_id: tuple(Passage(**one) for one in row.passages) for row in rows}  # type: ignore[attr-defined]


def _placed(one: Extracted, title: int) -> Read:
    if one.start <= title and one.end <= title:
        return Read(one.field, one.value, "title", one.start, one.end)
    return Read(one.field, one.value, "story", one.start - title - 1, one.end - title - 1)


def _weighed(one: Read, said: dict[str, Any], year: int, code: str) -> Read:
    """Whether it fills the description, and whether it contradicts what the platform states."""
    if one.field in _BIRTH:
        stated = _born(said, year)
        told = year - int(one.value) if one.field == "age" else int(one.value[:4])
        against = stated is not None and abs(stated - told) > 1
        # A day of birth says more than an age that agrees with it.
        fills = (
            said.get(one.field) in (None, "")
            and not against
            and not (one.field == "age" and stated is not None)
        )
        return replace(one, used=fills, contradicts=against)
    stated_value = str(said.get(one.field) or "")
    if one.field == "disease":
        stated_value = stated_value or code
    against = bool(stated_value) and _against(one.field, stated_value, one.value)
    return replace(one, used=said.get(one.field) in (None, "") and not against, contradicts=against)


def _born(said: dict[str, Any], year: int) -> int | None:
    if said.get("birth_date"):
        return int(str(said["birth_date"])[:4])
    return year - int(said["age"]) if said.get("age") not in (None, "") else None


def _against(field: str, stated: str, told: str) -> bool:
    """Whether two values cannot be meant alike. Hospitals can: people are treated in several."""
    if field == "sex":
        return stated != {"M": "1", "F": "2"}[told]
    if field == "area":
        return stated[:2] != told[:2]
    if field == "disease":
        left, right = diseases.classify(stated), diseases.classify(told)
        return bool(left.group and right.group and left.chapter != right.chapter)
    if field == "name":
        left_name, right_name = normalise.name(stated), normalise.name(told)
        if (
            "*" in left_name + right_name
            or normalise.nickname_surname(stated)
            or normalise.nickname_surname(told)
        ):
            left_surname, right_surname = normalise.surname_pinyin(stated), normalise.surname_pinyin(told)
            return bool(left_surname and right_surname and left_surname != right_surname)
        return left_name != right_name
    return False


def passage(one: Read, text: str, hidden: str) -> Passage:
    """What was read and the words around it. hidden: the whole text, masked."""
    start = max(_edge(text, one.start - AROUND, one.start), 0)
    end = min(len(text), one.end + AROUND)
    end = min([end, *(place for stop in STOPS if (place := text.find(stop, one.end, end)) >= 0)])
    cut = start > 0 and text[start - 1] not in STOPS, end < len(text) and text[end] not in STOPS
    shown = hidden[start:end]
    said = (
        masking.name(text[one.start : one.end])
        if one.field == "name"
        else shown[one.start - start : one.end - start]
    )
    return Passage(
        one.field,
        one.where,
        "…" * cut[0] + shown[: one.start - start],
        said,
        # What follows a district is somebody's home.
        "" if one.field == "area" else shown[one.end - start :] + "…" * cut[1],
        one.used,
        one.contradicts,
    )


def _edge(text: str, start: int, end: int) -> int:
    """Behind the last full stop before what was read."""
    return max([start, *(text.rfind(stop, max(0, start), end) + 1 for stop in STOPS)])


_DAY = "[0-9０-９一二三四五六七八九十正冬腊初廿卅]{1,3}"
_PERSONAL = (
    re.compile(r"[0-9０-９A-Za-z_@.\-]{6,}"),  # numbers of phones, cards and accounts, addresses of mail
    re.compile(
        r"\d(?:[\s\-.]{0,2}\d){6,}|[〇零○一二三四五六七八九幺]{7,}"
    ),  # the same in groups, or in words
    re.compile(r"(?<=\d{4}[\-./])\d{1,2}[\-./]\d{1,2}"),
    re.compile(rf"(?<=年)\s?(?:[农阴古]历)?{_DAY}\s?月"),
    re.compile(rf"{_DAY}\s?月\s?(?:{_DAY}\s?[日号]|[初廿][一二三四五六七八九十])"),
    re.compile(
        r"(?:[\u4e00-\u9fff]{1,4}(?<![农乡山本])[村屯组弄巷]|[\u4e00-\u9fff]{1,4}(?:小区|街道?|路))(?:\s?\d{1,5}[号栋组室弄]?){0,4}"
    ),
    re.compile(r"\d{1,5}\s?[号栋室弄组](?!楼?的?(?:开始|就))"),
)


def masked(text: str, names: Sequence[str]) -> str:
    """The text with everybody's names, numbers, days of birth and homes as *; every letter in its place."""
    letters = list(text)
    for pattern in _PERSONAL:
        for hit in pattern.finditer(text):
            for place in range(*hit.span()):
                if letters[place] not in "年月日号-./ ":
                    letters[place] = "*"
    for start, end in extract.names(text):
        letters[start:end] = masking.name(text[start:end]).ljust(end - start, "*")[: end - start]
    for name in names:
        given = name[1:] if len(name) < 4 else name[2:]
        for part in {name, given}:
            if len(part) < 2 or "*" in part:
                continue
            for hit in re.finditer(re.escape(part), text):
                letters[hit.start() : hit.end()] = "*" * len(part)
                if part == name:
                    letters[hit.start()] = text[hit.start()]
    return "".join(letters)

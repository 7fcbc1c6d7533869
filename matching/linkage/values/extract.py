"""Fields inside the free text of an appeal for help, each with the span where it stands."""

import re
from dataclasses import dataclass
from typing import Literal

from ..defaults import SURNAMES
from . import diseases
from .areas import locate

FieldName = Literal["name", "age", "sex", "hospital", "disease", "area"]
MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Extracted:
    """A value found in a text: ``text[start:end]`` is what it was read from."""

    field: FieldName
    value: str
    start: int
    end: int


_SURNAME = "".join(sorted({s for s in SURNAMES if len(s) == 1} | set("肖闫傅戴邱")))
_MASK = r"[*＊某xX×]"
_NAME = (
    re.compile(
        rf"(?:我叫|名叫|叫做|名字叫|姓名[:：]?|患者[:：]?|求助人[:：]?|(?:父亲|母亲|儿子|女儿|丈夫|妻子|爱人|弟弟|妹妹|哥哥|姐姐)叫?)"
        rf"\s*([{_SURNAME}](?:{_MASK}{{1,3}}[\u4e00-\u9fff]?|[\u4e00-\u9fff]{{1,2}}))(?=[，,。.、；;！!（(\s]|今年|是|$)"
    ),
    re.compile(rf"([{_SURNAME}](?:[*＊]{{1,3}}[\u4e00-\u9fff]?|某某?))(?![\u4e00-\u9fff]?医院)"),
)
_AGE = re.compile(r"(?<!\d)(\d{1,3})\s*(?:周岁|岁)(?!以[上下])")
_MONTHS = re.compile(r"(?<!\d)(\d{1,2})\s*个月大")
_HOSPITAL = re.compile(r"[\u4e00-\u9fff\d]{2,24}?(?:妇幼保健院|卫生院|卫生服务中心|附院|医院)")
_HOSPITAL_LEAD = re.compile(
    r"^.*(?:送到了?|送往|转到了?|转至|转入|住进了?|前往|来到|去了?|在|到|于|至|被|由|经|往|和|及|的|后|是)"
)
_SEX = (
    ("M", re.compile(r"性别[:：]?\s*男|(?<![\u4e00-\u9fff])男[，,、\s]")),
    ("F", re.compile(r"性别[:：]?\s*女|(?<![\u4e00-\u9fff])女[，,、\s]")),
)
_AREA = re.compile(r"(?:来自|家住|家在|住在|籍贯[:：]?|户籍[:：]?|老家在?)\s*([\u4e00-\u9fff]{2,20})")


def _disease(text: str) -> Extracted | None:
    upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
    best: tuple[int, int, str] | None = None
    for name, group, _ in diseases._NAMES:
        if name in ("癌", "肿瘤", "ALL") or group == "cancer" or (name.isascii() and len(name) < 4):
            continue
        place = upper.find(name)
        if place >= 0 and (
            best is None or place < best[0] or (place == best[0] and len(name) > best[1] - best[0])
        ):
            best = (place, place + len(name), name)
    if best is None:
        return None
    return Extracted("disease", text[best[0] : best[1]], best[0], best[1])


def extract(text: str) -> list[Extracted]:
    """At most one value per field, the first that stands in the text; in order of their places.

    Spans count characters of ``text`` (cut at `MAX_TEXT`). Nothing is guessed: a field that is not said is
    not there.
    """
    text = (text or "")[:MAX_TEXT]
    out: list[Extracted] = []
    for pattern in _NAME:
        hit = pattern.search(text)
        if hit:
            out.append(Extracted("name", hit.group(1), hit.start(1), hit.end(1)))
            break
    hit = _AGE.search(text)
    if hit and int(hit.group(1)) < 120:
        out.append(Extracted("age", hit.group(1), hit.start(1), hit.end(1)))
    elif not hit and (hit := _MONTHS.search(text)):
        out.append(Extracted("age", "0", hit.start(), hit.end()))
    for sex, pattern in _SEX:
        if hit := pattern.search(text):
            out.append(Extracted("sex", sex, hit.start(), hit.end()))
            break
    for hit in _HOSPITAL.finditer(text):
        lead = _HOSPITAL_LEAD.match(hit.group())
        start = hit.start() + (lead.end() if lead else 0)
        value = text[start : hit.end()]
        if len(value) >= 4:
            out.append(Extracted("hospital", value, start, hit.end()))
            break
    found = _disease(text)
    if found:
        out.append(found)
    if hit := _AREA.search(text):
        place = locate(hit.group(1))
        if place.code:
            end = hit.end(1) - len(place.rest)
            out.append(Extracted("area", place.code, hit.start(1), end))
    return sorted(out, key=lambda e: (e.start, e.end))

"""Small tables for the form: illnesses with their ICD-10 codes, places of the demo cities."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from matching.linkage.values import areas

DATA = Path(__file__).parent / "data"
OTHER_PLACE = "other"


@cache
def _data(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "").upper()


def illness_names() -> list[str]:
    return [row["name"] for row in _data("illnesses")]


def icd10_of(text: str) -> str:
    """The code of an illness as people write it: the name, another name, or the longest name inside the text.

    '' where the table does not know it: the words stay, a code is never guessed.
    """
    plain = _plain(text)
    if not plain:
        return ""
    best = ("", "")
    for row in _data("illnesses"):
        for name in (row["name"], *row["also"]):
            key = _plain(name)
            if key == plain:
                return row["icd10"]
            # Short Latin names (ALL, MMA) inside other words mean nothing.
            if not key.isascii() and key in plain and len(key) > len(best[0]):
                best = (key, row["icd10"])
    return best[1]


@cache
def illness_name(icd10: str) -> str:
    """The name of an ICD-10 code, national subdivisions too (C91.000x003 → 急性淋巴细胞白血病); '' if not known."""
    names = {row["icd10"]: row["name"] for row in reversed(_data("illnesses"))}
    code = icd10.strip().upper()
    return names.get(code) or names.get(code[:5]) or ""


def area_choices() -> list[tuple[str, Any]]:
    groups: list[tuple[str, Any]] = [("", "请选择")]
    groups += [(city["city"], [tuple(pair) for pair in city["areas"]]) for city in _data("areas")]
    return [*groups, (OTHER_PLACE, "其他地方")]


def place_name(code: str) -> str:
    """湖南省长沙市岳麓区 for 430104; the code itself where the table does not have it."""
    for city in _data("areas"):
        for area, name in city["areas"]:
            if area == code:
                return f"{city['city']}{name}"
    return code


def area_of(text: str) -> str:
    """The GB/T 2260 code of a place as written (province, city, county), '' where it names none."""
    return areas.code_of(text) or ""

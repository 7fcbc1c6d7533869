"""Prepared columns for Splink on Chinese records: what a good analyst would derive before calling it.

Uses pypinyin, OpenCC and the corpus's own table of disease words, and nothing of `matching/linkage`.
"""

import re
from datetime import date
from functools import cache
from typing import Any

from bench.corpus.errors import DISEASE_WORDS
from bench.linkage.tasks import Columns
from devstack.synthetic.names import COMPOUND_SURNAMES
from devstack.synthetic.noise import has_valid_check_digit
from devstack.synthetic.people import check_digit
from devstack.synthetic.places import AREA_NAMES, CITIES, FORMER_CODES, HOSPITALS
from devstack.synthetic.settlements import DISEASES

_SURNAME_READINGS = {"单": "shan", "仇": "qiu", "解": "xie", "曾": "zeng", "查": "zha", "翟": "zhai", "区": "ou",
                     "覃": "qin", "缪": "miao", "朴": "piao", "盖": "ge"}  # fmt: skip
_HOSPITAL_KEYS = {
    name: h.code for hospitals in HOSPITALS.values() for h in hospitals for name in (h.name, *h.aliases)
}
_DISEASE_NAMES = {d.name: d.code for d in DISEASES}
_TODAY_CODE = {old: new for new, (old, _) in FORMER_CODES.items()}


def _disease_keys() -> tuple[dict[str, str], dict[str, str]]:
    codes: dict[str, set[str]] = {}
    for code, words in DISEASE_WORDS.items():
        for word in words:
            codes.setdefault(word, set()).add(code)
    exact = {word: next(iter(found)) for word, found in codes.items() if len(found) == 1} | _DISEASE_NAMES
    group = {word: min(found)[:1] + min(found)[1:3] for word, found in codes.items()}
    group |= {name: code[:3] for name, code in _DISEASE_NAMES.items()}
    # C91 and C92 are both said 白血病: one group.
    return exact, {word: {"C92": "C91", "I21": "I25"}.get(g, g) for word, g in group.items()}


_DISEASE_KEY, _DISEASE_GROUP = _disease_keys()


_DIGITS = (("十二", "12"), ("十一", "11"), ("十", "10"), ("一", "1"), ("二", "2"), ("三", "3"), ("四", "4"),
           ("五", "5"), ("六", "6"), ("七", "7"), ("八", "8"), ("九", "9"))  # fmt: skip


@cache
def _hospital_by_rule(name: str) -> str:
    """Number and place of a hospital's name, without the words that all of them share."""
    for chinese, digits in _DIGITS:
        name = name.replace(chinese, digits)
    name = re.sub("湖南|长沙|河北|秦皇岛", "", name) or name
    return re.sub("[省市县区第附属院]|人民|大学|医院|中心|卫生|服务", "", name) or name


@cache
def _simplified(text: str) -> str:
    from opencc import OpenCC

    global _CONVERTER
    if _CONVERTER is None:
        _CONVERTER = OpenCC("t2s")
    return str(_CONVERTER.convert(text))


_CONVERTER: Any = None


@cache
def _pinyin(text: str) -> str:
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(text))


def _split(name: str) -> tuple[str, str]:
    cut = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1
    return name[:cut], name[cut:]


def _id18(number: str | None) -> str | None:
    if not number or "*" in number:
        return None
    number = number.upper()
    if len(number) == 15 and number.isdigit():
        body = number[:6] + "19" + number[6:]
        return body + check_digit(body)
    return number


def _one(record: dict[str, str | None], oracle: bool) -> dict[str, Any]:
    name = re.sub(r"\s", "", _simplified(record["name"] or ""))
    masked = "*" in name or "某" in name
    surname, given = _split(name) if name else ("", "")
    pattern = None
    if masked:
        pattern = re.sub(r"[*某]+", ".+", name)
        surname = "" if surname.startswith(("*", "某")) else surname
    number = _id18(record["id_number"])
    born = record["birth_date"]
    sex = record["sex"]
    if number and has_valid_check_digit(number):
        born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        sex = "1" if int(number[16]) % 2 else "2"
    year = int(born[:4]) if born else None
    if born and len(born) == 4:
        born = None
    if year is None and record["age"] and record["recorded_on"]:
        year = date.fromisoformat(record["recorded_on"]).year - int(record["age"])
    area = record["area"] or ""
    county: str | None = None
    city: str | None = None
    if area.isdigit():
        county = _TODAY_CODE.get(area, area)
        city = county[:4]
    elif area:
        city = next((c.code for c in CITIES if c.name.removesuffix("市") in area), None)
        county = next((code for code, label in AREA_NAMES.items() if area.endswith(label)), None)
    street = re.sub(r"^.*?(省|自治区)|^.*?市|^.*?(?:[区县])", "", record["address"] or "")
    street = re.sub(r"^.*?[市区县]", "", street) if street else ""
    hospital, disease = record["hospital"], record["disease"]
    return {
        "name": name or None,
        "name_pattern": pattern,
        "name_pinyin": None if masked or not name else
        f"{_SURNAME_READINGS.get(surname, _pinyin(surname))} {_pinyin(given)}",
        "surname": surname or None,
        "surname_pinyin": _SURNAME_READINGS.get(surname, _pinyin(surname)) if surname else None,
        "id18": number,
        "born": born,
        "year": year,
        "sex_clean": sex,
        "phone": record["phone"],
        "city": city,
        "county": county,
        "street": street or None,
        "hospital_key": (_HOSPITAL_KEYS.get(hospital, hospital) if oracle else _hospital_by_rule(hospital))
        if hospital else None,
        "disease_key": _DISEASE_KEY.get(disease or ""),
        "disease_group": _DISEASE_GROUP.get(disease or ""),
    }  # fmt: skip


def prepare(columns: Columns, oracle: bool = False) -> Any:
    """Columns of the corpus → prepared columns (same rows, same order), the record's id kept.

    oracle: hospitals by the corpus's own table of aliases, which nobody has in life.
    """
    names = list(columns)
    rows = [
        _one(dict(zip(names, values, strict=True)), oracle) for values in zip(*columns.values(), strict=True)
    ]
    return {"record_id": columns["record_id"]} | {name: [row[name] for row in rows] for name in rows[0]}

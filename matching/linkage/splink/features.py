"""The columns that exported conditions speak of: normalised values and what is derived from them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..compare import names as compare_names
from ..compare import numbers as compare_values
from ..compare import text as compare_text
from ..compare.columns import Ints
from ..compare.comparison import Comparison
from ..model import Model, Table
from ..values import hospitals, idnumber, nicknames
from ..values import normalise as n
from ..values.characters import accent
from ..values.diseases import classify, wider_groups

#: What a comparison is called in exported settings.
KINDS: dict[type[Comparison], str] = {
    compare_names.PersonName: "name", compare_values.BirthDate: "birth_date", compare_values.Age: "age",
    compare_values.Sex: "sex", compare_values.IdNumber: "id_number", compare_values.Phone: "phone",
    compare_text.Email: "email", compare_values.Area: "area", compare_values.Postcode: "postcode",
    compare_text.HospitalName: "hospital", compare_text.DiseaseName: "disease", compare_text.Text: "text",
    compare_text.Address: "address", compare_text.Parts: "part", compare_text.Place: "place",
}  # fmt: skip


def _ascii(value: str) -> str:
    """One ASCII sign for each character: the distances of DuckDB count bytes, of which a Chinese character has three.

    What is near stays near; of two different characters one in ninety is taken for the same.
    """
    return (
        value if value.isascii() else "".join(ch if ch.isascii() else chr(33 + ord(ch) % 89) for ch in value)
    )


def _like(value: str) -> str:
    """What a hidden name may stand for, as a LIKE pattern; '' for a whole one."""
    nick = n.nickname_surname(value)
    if nick:
        return n.name(nick) + "%"
    return re.sub(r"\*+", "_%", n.name(value)) if "*" in value else ""


def _name(value: str) -> dict[str, Any]:
    plain = n.plain_name(value)
    hidden = n.is_masked_name(value)
    like = _like(plain)
    surname = n.name(n.split_name(n.nickname_surname(plain) or plain)[0])
    reading = n.syllables(plain)
    return {
        "exact": None if hidden else plain, "plain": n.name(plain) if hidden else plain, "fold": n.name(plain), "hidden": int(hidden), "like": like or None,
        "ascii": _ascii(n.name(plain)), "bare": int(hidden and (like.rstrip("_%") == surname)), "surname": surname or None, "length": len(plain),
        "reading": " ".join(reading), "letters": "".join(sorted("".join(reading))),
        "accent": " ".join(accent(s) for s in reading),
    }  # fmt: skip


def _birth(value: str) -> dict[str, Any]:
    year, month, day = value[:4], value[4:6], value[6:]
    whole = day != "00"
    lunar = compare_values._lunar_number(value)
    number = compare_values._day_number(value)
    return {
        "whole": int(whole), "swapped": year + day + month if whole else None, "number": number, "year": int(year),
        "ym": year + month if whole else None, "yd": year + day if whole else None, "md": month + day if whole else None,
        "lunar": _from_number(lunar) if lunar > 0 else None, "never": None,
    }  # fmt: skip


def _from_number(number: int) -> str:
    year, rest = divmod(number - 1, 372)
    return f"{year:04d}{rest // 31 + 1:02d}{rest % 31 + 1:02d}"


def _area(value: str) -> dict[str, Any]:
    depth = 6 if value[4:] != "00" else 4 if value[2:4] != "00" else 2
    return {"depth": depth, "city": value[:4], "province": value[:2], "never": None}


def _extras(kind: str, value: str) -> dict[str, Any]:
    if kind == "name":
        return _name(value)
    if kind == "birth_date":
        return _birth(value)
    if kind == "area":
        return _area(value)
    if kind == "id_number":
        masked = "*" in value
        like = value.replace("*", "_") if masked else None
        named = compare_values.id_group(value) > 0 and not masked
        valid = int(idnumber.parse(value) is not None)
        return {"masked": int(masked), "like": like, "valid": valid, "named": int(named)}
    if kind == "hospital":
        found = hospitals.parse(value)
        return {
            "ascii": _ascii(value),
            "key": hospitals.key(value),
            "kind": f"{found.kind}{found.number}" if found.kind else None,
        }
    if kind == "disease":
        illness = classify(value)
        wider = (*wider_groups(illness.group), None, None)
        return {
            "ascii": _ascii(value), "group": illness.group or illness.plain or None, "chapter": illness.chapter or None,
            "wider": wider[0], "widest": wider[1],
        }  # fmt: skip
    if kind == "address":
        parts = compare_text.address_parts(value)
        return {"ascii": _ascii(value), "words": _ascii(parts.words), "digits": " ".join(parts.numbers)}
    if kind == "email":
        return {"mailbox": value.split("@")[0]}
    if kind == "part":
        groups = sorted(nicknames.groups(value))
        return {
            "ascii": _ascii(value),
            "length": len(value),
            "short": groups[0] if groups else None,
            "never": None,
        }
    return {"ascii": _ascii(value)} if kind in ("text", "place") else {}


def features(model: Model, rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The columns that exported conditions speak of: normalised values and what is derived from them."""
    out = {}
    for name, (codes, values) in features_of(model.prepare(rows)).items():
        out[name] = [values[k] if k >= 0 else None for k in codes.tolist()]
    return out


def features_of(table: Table) -> dict[str, tuple[Ints, list[Any]]]:
    """The same of a prepared table: per column a code per row (-1: missing) and the value of each code."""
    out: dict[str, tuple[Ints, list[Any]]] = {}
    for comparison, prepared in zip(table.model.comparisons, table.prepared, strict=True):
        kind = KINDS.get(type(comparison), "text")
        coded = getattr(prepared, "coded", None) or prepared.tf["value"]
        codes = coded.codes
        values: list[Any] = coded.values.tolist()
        extras = [_extras(kind, v) for v in values] or [_extras(kind, _SAMPLES.get(kind, ""))]
        if kind == "phone":
            values = [compare_values.first_phone(v) for v in values]
        if kind == "age":
            values = [int(v) for v in values]
        out[comparison.name] = codes, values
        for key in extras[0]:
            out[f"{comparison.name}__{key}"] = codes, [extra[key] for extra in extras]
    return out


#: A value of a kind, to know its columns where every row is empty.
_SAMPLES = {"birth_date": "20000101", "area": "110105"}
#: Derived columns that hold whole numbers.
_WHOLE = ("hidden", "bare", "length", "short", "whole", "number", "year", "depth", "masked", "valid", "named")


def numbers(model: Model) -> set[str]:
    """The columns of `features` that hold whole numbers, whatever the rows; all others hold text."""
    ages = {c.name for c in model.comparisons if KINDS.get(type(c)) == "age"}
    return ages | {f"{name}__{key}" for name in model.names for key in _WHOLE}

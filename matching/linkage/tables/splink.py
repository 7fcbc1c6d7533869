"""Splink settings JSON in and out.

Out: the model's levels as SQL conditions over prepared columns (`features`), so that the same model runs on
Splink's DuckDB or Spark back end. In: any settings whose conditions `sql` can read become a model here; settings
that this module wrote become the native model again, with the same parameters.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..compare import names as compare_names
from ..compare import numbers as compare_values
from ..compare import text as compare_text
from ..compare.columns import Coded, Ints, Levels
from ..compare.comparison import Comparison, Prepared
from ..model import Model, Params, Table
from ..values import hospitals, idnumber, nicknames
from ..values import normalise as n
from ..values.diseases import classify, wider_groups
from .sql import Expression, Parser

_MARK = "jieli"
_KINDS: dict[type[Comparison], str] = {
    compare_names.PersonName: "name", compare_values.BirthDate: "birth_date", compare_values.Age: "age",
    compare_values.Sex: "sex", compare_values.IdNumber: "id_number", compare_values.Phone: "phone",
    compare_text.Email: "email", compare_values.Area: "area", compare_values.Postcode: "postcode",
    compare_text.HospitalName: "hospital", compare_text.DiseaseName: "disease", compare_text.Text: "text",
    compare_text.Address: "address", compare_text.Parts: "part", compare_text.Place: "text",
}  # fmt: skip


def _same(column: str) -> str:
    return f'"{column}_l" = "{column}_r"'


def _conditions(kind: str, c: str, partner: str = "") -> dict[str, str]:
    """SQL per level over the feature columns of column ``c``; {c}__x are made by `features`."""

    def crossed(limit: float) -> str:
        if not partner:
            return _same(f"{c}__never")
        if limit == 1:
            return f'"{c}_l" = "{partner}_r" AND "{partner}_l" = "{c}_r"'
        return (
            f'jaro_winkler_similarity("{c}_l", "{partner}_r") >= {limit} AND '
            f'jaro_winkler_similarity("{partner}_l", "{c}_r") >= {limit}'
        )

    def similar(column: str, limit: float) -> str:
        return f'jaro_winkler_similarity("{column}_l", "{column}_r") >= {limit}'

    def edit(column: str, limit: int) -> str:
        return f'damerau_levenshtein("{column}_l", "{column}_r") <= {limit}'

    hidden = f'("{c}__hidden_l" = 1 OR "{c}__hidden_r" = 1)'
    likes = f'("{c}__plain_l" LIKE "{c}__like_r" OR "{c}__plain_r" LIKE "{c}__like_l")'
    bare = f'("{c}__bare_l" = 1 OR "{c}__bare_r" = 1)'
    number = f'"{c}__number_l" - "{c}__number_r"'
    year = f'"{c}__year_l" - "{c}__year_r"'
    proven = f'"{c}__valid_l" + "{c}__valid_r" < 2 AND "{c}__named_l" + "{c}__named_r" >= 1'
    digits = _same(f"{c}__digits")
    related = " OR ".join(
        f'"{c}__{one}_l" = "{c}__group_r" OR "{c}__group_l" = "{c}__{one}_r"' for one in ("wider", "widest")
    )
    tables: dict[str, dict[str, str]] = {
        "name": {
            "exact": _same(f"{c}__exact"), "variant": f"{_same(f'{c}__fold')} AND NOT {hidden}",
            "homophone": f"{_same(f'{c}__reading')} AND NOT {hidden}", "romanised": f"{_same(f'{c}__letters')} AND NOT {hidden}",
            "masked_given": f"{hidden} AND {likes} AND NOT {bare}",
            "one_off": f'{_same(f"{c}__length")} AND "{c}__length_l" >= 3 AND {edit(f"{c}__fold", 1)} AND NOT {hidden}',
            "sound": f"{_same(f'{c}__accent')} AND NOT {hidden}",
            "masked_surname": f"{hidden} AND {likes}",
            "partial": f'{_same(f"{c}__surname")} AND {edit(f"{c}__fold", 1)} AND "{c}__length_l" + "{c}__length_r" >= 5',
            "surname": f"{_same(f'{c}__surname')} AND NOT {hidden}", "masked_else": hidden,
        },
        "id_number": {
            "exact": f'{_same(c)} AND "{c}__masked_l" = 0 AND "{c}__named_l" = 1',
            "near_1": f"{edit(c, 1)} AND {proven}",
            "masked": f'("{c}_l" LIKE "{c}__like_r" OR "{c}_r" LIKE "{c}__like_l")',
            "near_2": f"{edit(c, 2)} AND {proven}",
            "unproven": f'{edit(c, 2)} AND "{c}__named_l" + "{c}__named_r" = 0 AND "{c}__masked_l" + "{c}__masked_r" = 0',
            "masked_else": f'"{c}__masked_l" + "{c}__masked_r" >= 1',
        },
        "birth_date": {
            "exact": f'{_same(c)} AND "{c}__whole_l" = 1', "swapped": f'"{c}_l" = "{c}__swapped_r"',
            "edit": f'{edit(c, 1)} AND "{c}__whole_l" + "{c}__whole_r" = 2',
            "lunar": f'"{c}_l" = "{c}__lunar_r" OR "{c}__lunar_l" = "{c}_r"',
            "two_parts": f"{_same(f'{c}__ym')} OR {_same(f'{c}__yd')} OR {_same(f'{c}__md')}",
            "month_off": f'ABS({number}) <= 31 AND "{c}__whole_l" + "{c}__whole_r" = 2',
            "year": _same(f"{c}__year"), "year_off": f"ABS({year}) <= 1", "ten_years": f"ABS({year}) <= 10",
        },
        "age": {"exact": _same(c), "one_off": f'ABS("{c}_l" - "{c}_r") <= 1', "five": f'ABS("{c}_l" - "{c}_r") <= 5'},
        "sex": {"exact": _same(c)},
        "phone": {"exact": _same(c), "edit": edit(c, 1)},
        "postcode": {"exact": _same(c), "edit": edit(c, 1), "prefix": f'SUBSTR("{c}_l", 1, 2) = SUBSTR("{c}_r", 1, 2)'},
        "area": {
            "county": f"{_same(c)} AND \"{c}__depth_l\" = 6", "city": f"{_same(f'{c}__city')} AND \"{c}__depth_l\" >= 4 AND \"{c}__depth_r\" >= 4",
            "registered": _same(f"{c}__never"), "province": _same(f"{c}__province"),
        },
        "hospital": {
            "exact": _same(c), "same_house": _same(f"{c}__key"), "similar": similar(c, 0.9), "kind": _same(f"{c}__kind"),
        },
        "disease": {
            "exact": _same(c), "group": _same(f"{c}__group"), "related": related, "similar": similar(c, 0.9), "chapter": _same(f"{c}__chapter"),
        },
        "email": {
            "exact": _same(c), "edit_1": edit(c, 1), "mailbox": _same(f"{c}__mailbox"), "close": similar(c, 0.95),
            "similar": similar(c, 0.88),
        },
        "address": {
            "exact": _same(c), "edit_1": f"{edit(c, 1)} AND {digits}", "close": f"{similar(c, 0.93)} AND {digits}",
            "street": similar(f"{c}__words", 0.93), "similar": similar(c, 0.85),
        },
        "part": {
            "exact": _same(c), "short_form": _same(f"{c}__short"), "edit_1": edit(c, 1), "crossed": crossed(1),
            "edit_2": f"{similar(c, 0.93)} OR {edit(c, 2)}", "crossed_close": crossed(0.88), "similar": similar(c, 0.82),
            "masked_given": _same(f"{c}__never"),
            "initial": f'SUBSTR("{c}_l", 1, 1) = SUBSTR("{c}_r", 1, 1) AND ("{c}__length_l" = 1 OR "{c}__length_r" = 1)',
        },
    }  # fmt: skip
    text = {"exact": _same(c), "edit_1": edit(c, 1), "close": similar(c, 0.93), "similar": similar(c, 0.85)}
    return tables.get(kind, text)


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
    from ..values.characters import accent

    return {
        "exact": None if hidden else plain, "plain": n.name(plain) if hidden else plain, "fold": n.name(plain), "hidden": int(hidden), "like": like or None,
        "bare": int(hidden and (like.rstrip("_%") == surname)), "surname": surname or None, "length": len(plain),
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
        "lunar": _from_number(lunar) if lunar > 0 else None,
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
        return {"key": hospitals.key(value), "kind": f"{found.kind}{found.number}" if found.kind else None}
    if kind == "disease":
        illness = classify(value)
        wider = (*wider_groups(illness.group), None, None)
        return {
            "group": illness.group or illness.plain or None, "chapter": illness.chapter or None,
            "wider": wider[0], "widest": wider[1],
        }  # fmt: skip
    if kind == "address":
        parts = compare_text.address_parts(value)
        return {"words": parts.words, "digits": " ".join(parts.numbers)}
    if kind == "email":
        return {"mailbox": value.split("@")[0]}
    if kind == "part":
        groups = sorted(nicknames.groups(value))
        return {"length": len(value), "short": groups[0] if groups else None, "never": None}
    return {}


def features(model: Model, rows: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """The columns that exported conditions speak of: normalised values and what is derived from them."""
    return features_of(model.prepare(rows))


def features_of(table: Table, rows: slice = slice(None)) -> dict[str, list[Any]]:
    """The same of some rows of a prepared table."""
    out: dict[str, list[Any]] = {}
    for comparison, prepared in zip(table.model.comparisons, table.prepared, strict=True):
        kind = _KINDS.get(type(comparison), "text")
        coded = getattr(prepared, "coded", None) or prepared.tf["value"]
        codes = coded.codes[rows]
        known = np.unique(codes[codes >= 0])
        place = np.searchsorted(known, codes)
        values: list[Any] = coded.objects[known].tolist()
        extras = [_extras(kind, v) for v in values] or [_extras(kind, _SAMPLES.get(kind, ""))]
        if kind == "age":
            values = [int(v) for v in values]
        spots = [int(k) if code >= 0 else -1 for k, code in zip(place, codes, strict=True)]
        out[comparison.name] = [values[k] if k >= 0 else None for k in spots]
        for key in extras[0]:
            out[f"{comparison.name}__{key}"] = [extras[k][key] if k >= 0 else None for k in spots]
    return out


#: A value of a kind, to know its columns where every row is empty.
_SAMPLES = {"birth_date": "20000101", "area": "110105"}


def to_splink(model: Model, params: Params, link_type: str = "dedupe_only") -> dict[str, Any]:
    """Settings for Splink over the columns that `features` makes (DuckDB and Spark dialects)."""
    comparisons = []
    for comparison in model.comparisons:
        kind = _KINDS.get(type(comparison), "text")
        c = comparison.name
        levels: list[dict[str, Any]] = [
            {"sql_condition": f'"{c}_l" IS NULL OR "{c}_r" IS NULL', "label_for_charts": "missing", "is_null_level": True}
        ]  # fmt: skip
        partner = comparison.columns[1] if kind == "part" and len(comparison.columns) > 1 else ""
        conditions = _conditions(kind, c, partner)
        for position, level in enumerate(comparison.levels[1:]):
            entry = {
                "sql_condition": "ELSE" if level == "else" else conditions[level], "label_for_charts": level,
                "m_probability": comparison.known(params.m[c], comparison.default_m)[position],
                "u_probability": comparison.known(params.u[c], comparison.default_u)[position],
            }  # fmt: skip
            # Splink adjusts for term frequency only where a level is the bare equality of one column.
            bare = re.fullmatch(r'"(.+)_l" = "(.+)_r"', str(entry["sql_condition"]))
            known = "value" in params.tf.get(c, {})
            if comparison.tf.get(level) == "value" and bare and known:
                entry |= {"tf_adjustment_column": bare.group(1), "tf_adjustment_weight": 1.0}
            levels.append(entry)
        comparisons.append(
            {
                "output_column_name": c,
                "comparison_description": ":".join(
                    [_MARK, kind, str(getattr(comparison, "position", 0)), *comparison.columns]
                ),
                "comparison_levels": levels,
            }
        )
    return {
        "link_type": link_type,
        "probability_two_random_records_match": params.prior,
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


class SqlComparison(Comparison):
    """A comparison read from Splink settings; slow, but it replays what was trained elsewhere."""

    def __init__(
        self, name: str, conditions: Sequence[tuple[str, str]], null: str, tf: dict[str, str]
    ) -> None:
        self.conditions: list[tuple[str, Expression]] = []
        columns: set[str] = set()
        for label, text in [("missing", null), *conditions]:
            parser = Parser(text)
            self.conditions.append((label, parser.parse()))
            columns |= parser.columns
        super().__init__(name, sorted(columns))
        self.levels = ("missing", *(label for label, _ in conditions), "else")
        self.tf = tf
        share = 1 / (len(self.levels) - 1)
        self.default_m = self.default_u = (share,) * (len(self.levels) - 1)

    def prepare(self, rows: Mapping[str, Sequence[Any]]) -> "PreparedSql":
        return PreparedSql(self, rows)


class PreparedSql(Prepared):
    def __init__(self, comparison: SqlComparison, rows: Mapping[str, Sequence[Any]]) -> None:
        super().__init__(comparison)
        self.conditions = comparison.conditions
        self.rows = {
            c: [None if v is None or v != v or v == "" else v for v in rows[c]] for c in comparison.columns
        }
        for table in set(comparison.tf.values()):
            self.tf[table] = Coded(self.rows[table])
        for column in comparison.columns:
            coded = Coded(self.rows[column])
            self.keys[column] = lambda coded=coded: coded  # type: ignore[misc]

    def compare(self, i: Ints, j: Ints) -> Levels:
        row: dict[str, list[Any]] = {}
        for column, values in self.rows.items():
            row[f"{column}_l"] = [values[k] for k in i]
            row[f"{column}_r"] = [values[k] for k in j]
        out = self.full(len(i))
        open_ = np.ones(len(i), dtype=bool)
        for position, (_, condition) in enumerate(self.conditions):
            hit = np.array([bool(v) for v in condition(row, len(i))], dtype=bool) & open_
            out[hit] = position
            open_ &= ~hit
        return out


def from_splink(settings: Mapping[str, Any] | str) -> tuple[Model, Params]:
    """A model and its parameters from Splink settings (a dict or JSON text).

    Levels without trained probabilities get equal shares. Raises ValueError for conditions it cannot read.
    """
    body = json.loads(settings) if isinstance(settings, str) else settings
    comparisons: list[Comparison] = []
    m: dict[str, tuple[float, ...]] = {}
    u: dict[str, tuple[float, ...]] = {}
    for number, entry in enumerate(body["comparisons"]):
        name = entry.get("output_column_name") or f"comparison_{number}"
        levels = entry["comparison_levels"]
        rest = [x for x in levels if not x.get("is_null_level")]
        native = str(entry.get("comparison_description", "")).split(":")
        if native[0] == _MARK:
            comparisons.append(_native(native))
        else:
            null = next((x["sql_condition"] for x in levels if x.get("is_null_level")), "FALSE")
            named = _unique([str(x.get("label_for_charts", "level")) for x in rest if not _is_else(x)])
            conditions = [
                (label, x["sql_condition"])
                for label, x in zip(named, [x for x in rest if not _is_else(x)], strict=True)
            ]
            tf = {
                label: x["tf_adjustment_column"]
                for label, x in zip(named, [x for x in rest if not _is_else(x)], strict=True)
                if x.get("tf_adjustment_column")
            }
            comparisons.append(SqlComparison(name, conditions, null, tf))
        share = 1 / max(len(rest), 1)
        m[name] = tuple(float(x.get("m_probability") or share) for x in rest)
        u[name] = tuple(float(x.get("u_probability") or share) for x in rest)
    prior = float(body.get("probability_two_random_records_match") or 1e-4)
    return Model(comparisons), Params("splink", prior, m, u)


def _is_else(level: Mapping[str, Any]) -> bool:
    return str(level["sql_condition"]).strip().upper() == "ELSE"


def _unique(labels: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    out = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        out.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return out


def _native(mark: list[str]) -> Comparison:
    _, kind, position, *columns = mark
    if kind == "part":
        return compare_text.Parts(columns[0], columns, int(position))
    if kind == "address":
        return compare_text.Address(columns[0], columns)
    chosen = {name: cls for cls, name in _KINDS.items()}.get(kind)
    if chosen is None:
        raise ValueError(f"unknown comparison kind {kind!r}")
    return chosen(columns[0], columns)

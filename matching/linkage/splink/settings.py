"""Splink settings JSON in and out.

Out: the model's levels as SQL conditions over prepared columns (`features`), for Splink on DuckDB or Spark. Splink
refuses keys that it does not know, so what its JSON cannot say (families and circles, term frequencies, lines of accept
and review, version, what a comparison is) stands in ``comparison_description``, which it does not read (nor
keep when it saves a model itself: `from_splink` then takes both).
In: settings that this module wrote become the same model with the same parameters; others are read by `foreign`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from .. import stored
from ..compare import text as compare_text
from ..compare.comparison import Comparison
from ..model import CIRCLES, Model, Params
from ..words import say
from . import foreign, rules
from .features import KINDS, features
from .foreign import Imported, SqlComparison

__all__ = ["SqlComparison", "features", "from_splink", "imported", "to_splink"]

Dialect = Literal["duckdb", "spark"]
#: Before what stands in a description for `from_splink`.
_MARK = "jieli "
#: What a model may have set on a comparison, beside its name and columns.
_SET = ("position", "given", "circle", "home", "away", "own", "disagree", "most", "default_h", "any_scheme")


#: Splink names its tables of frequencies after columns without quoting them.
_RESERVED = frozenset((
    "all", "and", "any", "as", "asc", "between", "by", "case", "cast", "check", "collate", "column", "constraint", "create",
    "cross", "default", "desc", "distinct", "do", "else", "end", "except", "exists", "false", "for", "foreign", "from", "full",
    "grant", "group", "having", "in", "inner", "intersect", "into", "is", "join", "left", "like", "limit", "natural", "not",
    "null", "offset", "on", "only", "or", "order", "outer", "primary", "references", "right", "select", "set", "some", "table",
    "then", "to", "true", "union", "unique", "using", "values", "when", "where", "window", "with",
))  # fmt: skip


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
            f'jaro_winkler_similarity("{c}__ascii_l", "{partner}__ascii_r") >= {limit} AND '
            f'jaro_winkler_similarity("{partner}__ascii_l", "{c}__ascii_r") >= {limit}'
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
    ascii_ = f"{c}__ascii"
    tables: dict[str, dict[str, str]] = {
        "name": {
            "exact": _same(f"{c}__exact"), "variant": f"{_same(f'{c}__fold')} AND NOT {hidden}",
            "homophone": f"{_same(f'{c}__reading')} AND NOT {hidden}", "romanised": f"{_same(f'{c}__letters')} AND NOT {hidden}",
            "masked_given": f"{hidden} AND {likes} AND NOT {bare}",
            "one_off": f'{_same(f"{c}__length")} AND "{c}__length_l" >= 3 AND {edit(ascii_, 1)} AND NOT {hidden}',
            "sound": f"{_same(f'{c}__accent')} AND NOT {hidden}",
            "masked_surname": f"{hidden} AND {likes}",
            "partial": f'{_same(f"{c}__surname")} AND {edit(ascii_, 1)} AND "{c}__length_l" + "{c}__length_r" >= 5',
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
            "exact": f'{_same(c)} AND "{c}__whole_l" = 1', "in_numbers": _same(f"{c}__never"),
            "swapped": f'"{c}_l" = "{c}__swapped_r"',
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
            "exact": _same(c), "same_house": _same(f"{c}__key"), "similar": similar(ascii_, 0.9), "kind": _same(f"{c}__kind"),
        },
        "disease": {
            "exact": _same(c), "group": _same(f"{c}__group"), "related": related, "similar": similar(ascii_, 0.9), "chapter": _same(f"{c}__chapter"),
        },
        "email": {
            "exact": _same(c), "edit_1": edit(c, 1), "mailbox": _same(f"{c}__mailbox"), "close": similar(c, 0.95),
            "similar": similar(c, 0.88),
        },
        "address": {
            "exact": _same(c), "edit_1": f"{edit(ascii_, 1)} AND {digits}", "close": f"{similar(ascii_, 0.93)} AND {digits}",
            "street": similar(f"{c}__words", 0.93), "similar": similar(ascii_, 0.85),
        },
        "part": {
            "exact": _same(c), "short_form": _same(f"{c}__short"), "edit_1": edit(ascii_, 1), "crossed": crossed(1),
            "edit_2": f"{similar(ascii_, 0.93)} OR {edit(ascii_, 2)}", "crossed_close": crossed(0.88), "similar": similar(ascii_, 0.82),
            "masked_given": _same(f"{c}__never"),
            "initial": f'SUBSTR("{c}_l", 1, 1) = SUBSTR("{c}_r", 1, 1) AND ("{c}__length_l" = 1 OR "{c}__length_r" = 1)',
        },
    }  # fmt: skip
    text = {
        "exact": _same(c),
        "edit_1": edit(ascii_, 1),
        "close": similar(ascii_, 0.93),
        "similar": f'{similar(ascii_, 0.85)} OR SUBSTR("{c}_l", 1, 1) = SUBSTR("{c}_r", 1, 1) AND (LENGTH("{c}_l") = 1 OR LENGTH("{c}_r") = 1)',
    }
    return tables.get(kind, text)


def _in_dialect(condition: str, dialect: Dialect) -> str:
    """A condition of `_conditions`, where double quotes stand around columns alone, for one engine."""
    if dialect == "duckdb":
        return condition
    return condition.replace('"', "`").replace("jaro_winkler_similarity(", "jaro_winkler(")


def to_splink(
    model: Model, params: Params, link_type: str = "dedupe_only", dialect: Dialect = "duckdb"
) -> dict[str, Any]:
    """Settings for Splink over the columns that `features` makes.

    Spark needs the functions of Splink's jar (jaro_winkler, damerau_levenshtein). Splink alone leaves out what only
    the description holds: it weighs no families, and term frequencies only where a level is the equality of one
    column, from the table at hand. Raises ValueError for comparisons read from foreign settings, quotes in a name.
    """
    alien = [
        f"{c.name} (read from foreign settings)" for c in model.comparisons if isinstance(c, SqlComparison)
    ]
    odd = [
        f"{c.name} (quotes in a name)"
        for c in model.comparisons
        if re.search('["`]', "".join((c.name, *c.columns)))
    ] + [
        f"{c.name} (a name that SQL reads otherwise)"
        for c in model.comparisons
        if c.tf and (c.name.casefold() in _RESERVED or re.search(r"[!#-/:-@\[-^{-~]", c.name))
    ]
    if alien or odd:
        raise ValueError("this cannot be exported to Splink: " + ", ".join([*alien, *odd]))
    names = {c.columns[0]: c.name for c in model.comparisons}
    comparisons = []
    for number, comparison in enumerate(model.comparisons):
        kind = KINDS.get(type(comparison), "text")
        c = comparison.name
        levels: list[dict[str, Any]] = [
            {"sql_condition": f'"{c}_l" IS NULL OR "{c}_r" IS NULL', "label_for_charts": "missing", "is_null_level": True}
        ]  # fmt: skip
        partner = comparison.columns[1] if kind == "part" and len(comparison.columns) > 1 else ""
        conditions = _conditions(kind, c, names.get(partner, ""))
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
        for entry in levels:
            entry["sql_condition"] = _in_dialect(str(entry["sql_condition"]), dialect)
        body: dict[str, Any] = {"kind": kind, "columns": comparison.columns} | {
            key: value for key, value in vars(comparison).items() if key in _SET
        }
        if not number:
            body["params"] = json.loads(params.to_json())
        comparisons.append(
            {
                "output_column_name": c,
                "comparison_description": _MARK + json.dumps(body, ensure_ascii=False),
                "comparison_levels": levels,
            }
        )
    return {
        "link_type": link_type,
        "sql_dialect": dialect,
        "probability_two_random_records_match": params.prior,
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
    }


def from_splink(
    settings: Mapping[str, Any] | str, exported: Mapping[str, Any] | str | None = None
) -> tuple[Model, Params]:
    """A model and its parameters from Splink settings (a dict or JSON text).

    Settings of `to_splink` give the same model and table back; where m, u or the prior were changed since, theirs
    count and the version says so. Splink 5 drops the descriptions when it saves a model: give what was ``exported``
    beside it. Raises ValueError for what cannot be read, by name.
    """
    body = foreign.document(settings)
    entries = body["comparisons"]
    if exported is not None:
        before = {x["output_column_name"]: x for x in foreign.document(exported)["comparisons"]}
        if set(before) != {x.get("output_column_name") for x in entries}:
            raise ValueError("what was exported has other comparisons")
        entries = [
            {**x, "comparison_description": before[x["output_column_name"]].get("comparison_description")}
            for x in entries
        ]
    said = [str(entry.get("comparison_description") or "") for entry in entries]
    own = [text.startswith(_MARK) for text in said]
    if not entries or not all(own):
        return foreign.read(body)
    try:
        described = [json.loads(text.removeprefix(_MARK)) for text in said]
        made = [
            _native(str(entry["output_column_name"]), one)
            for entry, one in zip(entries, described, strict=True)
        ]
        params = Params.from_json(json.dumps(described[0]["params"]))
        model = Model(made)
        m, u = dict(params.m), dict(params.u)
        for comparison, entry in zip(made, entries, strict=True):
            name = comparison.name
            levels = [x for x in entry["comparison_levels"] if not x.get("is_null_level")]
            for table, key, believed in (
                (m, "m_probability", comparison.default_m),
                (u, "u_probability", comparison.default_u),
            ):
                kept = tuple(comparison.known(table[name], believed))
                now = tuple(
                    old if x.get(key) is None else float(x[key]) for x, old in zip(levels, kept, strict=True)
                )
                if now != kept:
                    table[name] = now
        prior = float(body.get("probability_two_random_records_match", params.prior))
        if not all(0 <= x <= 1 for one in (m, u) for row in one.values() for x in row) or not 0 < prior < 1:
            raise ValueError("m, u or the prior are no probabilities")
    except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
        raise ValueError(
            say(
                f"这份设置里只有 Jieli 读的部分被改过，读不了（{error}）",
                f"these settings were changed in what only Jieli reads ({error})",
            )
        ) from error
    if (m, u, prior) != (params.m, params.u, params.prior):
        params = replace(params, version=f"{params.version}+splink", m=m, u=u, prior=prior)
    return model, params


def imported(settings: Mapping[str, Any] | str) -> Imported:
    """Settings ready to be run on files. Raises ValueError naming what cannot be read."""
    body = foreign.document(settings)
    model, params = from_splink(body)
    notes: list[str] = []
    if any(isinstance(c, SqlComparison) for c in model.comparisons):
        ruled = rules.read(body)
        columns = {column for c in model.comparisons for column in c.columns}
        fields = dict.fromkeys(sorted(columns.union(*(rule.columns for rule in ruled))), "text")
        if unseen := foreign.untrained(body):
            notes.append(
                say(
                    f"这些等级没有学到 m 或 u，用的是 Splink 的默认值：{'；'.join(unseen)}",
                    f"levels without a learnt m or u have Splink's defaults: {'; '.join(unseen)}",
                )
            )
    else:
        # Our keys are found anew; rules that were added for Splink speak of exported columns.
        ruled = []
        fields = {}
        for c in model.comparisons:
            kind = KINDS.get(type(c), "text")
            if isinstance(c, compare_text.Parts):
                kind = "address" if c.circle != "name" else "given_name" if c.given else "surname"
            fields[c.columns[0]] = "text" if kind == "place" else kind
    return Imported(
        model, params, ruled, fields, str(body.get("unique_id_column_name") or "unique_id"), notes
    )


def _native(name: str, body: Mapping[str, Any]) -> Comparison:
    """The comparison that a description tells of."""
    columns = [str(c) for c in body["columns"]]
    made: Comparison
    if body["kind"] == "part":
        made = compare_text.Parts(
            name, columns, int(body["position"]), bool(body["given"]), str(body["circle"])
        )
    else:
        chosen = {kind: cls for cls, kind in KINDS.items()}.get(body["kind"])
        if chosen is None:
            raise ValueError(f"unknown comparison kind {body['kind']!r}")
        made = chosen(name, columns)
    for key in _SET:
        if key in body:
            setattr(made, key, _set(made, key, body[key]))
    return made


def _set(made: Comparison, key: str, value: Any) -> Any:
    """What a description says of a comparison. Raises ValueError for what it cannot be."""
    if key in ("given", "home", "away", "any_scheme"):
        if type(value) is not bool:
            raise ValueError(f"{key} is {value!r}")
        return value
    if key == "position":
        if value not in (0, 1) or type(value) is not int:
            raise ValueError(f"{key} is {value!r}")
        return value
    if key == "circle":
        if value not in ("", *CIRCLES):
            raise ValueError(f"{key} is {value!r}")
        return value
    if key == "most":
        return stored.share(value, key)
    if key == "default_h":
        found = stored.shares(value, key)
        if len(found) != made.size - 1:
            raise ValueError(f"{key} has {len(found)} levels, not {made.size - 1}")
        return found
    levels = (
        stored.each(value, key, stored.share) if key == "own" else tuple(map(str, stored.listed(value, key)))
    )
    if unknown := set(levels) - set(made.levels):
        raise ValueError(f"{key} names unknown levels {sorted(unknown)}")
    return levels

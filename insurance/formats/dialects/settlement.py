"""Jieli's own JSON: the names of `Settlement`, with `person` and `pays` nested
(docs/reference/settlement-format.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import codes
from ..canonical import CORE_AMOUNTS, DETAIL_AMOUNTS
from .base import Dialect

NESTED = ("person", "pays", "hardship")

_PLAIN_TEXT = """
    kind setl_id issuing_centre insured_area insutype med_type hospital_code hospital_name medins_setl_id
    mdtrt_id original_setl_id original_msgid msgid admitted_on discharged_on settled_at disease_code
    disease_name
"""
_PERSON = ("psn_no", "cert_type", "cert_no", "name", "sex", "birth_date", "phone", "area")

DIALECT = Dialect(
    "settlement",
    {
        name: (name,)
        for name in (
            *_PLAIN_TEXT.split(),
            *CORE_AMOUNTS,
            *DETAIL_AMOUNTS,
            *(f"pays.{key}" for key in codes.PAYS),
            *(f"person.{key}" for key in _PERSON),
            "hardship.psn_idet_type",
            "hardship.mat_idet_code",
        )
    },
)


def looks_like(record: Mapping[str, Any]) -> bool:
    return any(
        name in record for name in ("total_fee", "person_paid", "issuing_centre", "fund_paid")
    ) or isinstance(record.get("person"), dict)


def flatten(record: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """`person.name` and so on as flat keys; and the names of nested parts that are not objects."""
    flat: dict[str, Any] = {}
    wrong = []
    for key, value in record.items():
        if key not in NESTED:
            flat[key] = value
        elif isinstance(value, dict):
            flat.update({f"{key}.{name}": item for name, item in value.items()})
        elif value is not None:
            wrong.append(key)
    return flat, wrong

"""Code tables of the national platform that the readers need; data and source stand in `codes.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DATA: dict[str, Any] = json.loads(Path(__file__).with_name("codes.json").read_text(encoding="utf-8"))

SOURCE: str = _DATA["source"]
INSUTYPE: dict[str, str] = _DATA["insutype"]
CERT_TYPE: dict[str, str] = _DATA["psn_cert_type"]
SEX: dict[str, str] = _DATA["gend"]
MED_TYPE: dict[str, str] = _DATA["med_type"]
PROVINCES = frozenset(_DATA["provinces"])

RESIDENT_ID_CARD = "01"

PAYS: dict[str, str] = {
    "basic": "hifp_pay",
    "civil_servant": "cvlserv_pay",
    "enterprise": "hifes_pay",
    "catastrophic": "hifmi_pay",
    "large_amount": "hifob_pay",
    "other_supplement": "hifdm_pay",
    "assistance": "maf_pay",
    "other": "oth_pay",
}
"""Keys of `Settlement.pays` → the national field that I2 sums (the personal account is not among them)."""

LAYER: dict[str, str] = {
    "basic": "basic",
    "civil_servant": "supplement",
    "enterprise": "supplement",
    "catastrophic": "catastrophic",
    "large_amount": "supplement",
    "other_supplement": "supplement",
    "assistance": "assistance",
    "other": "other",
}
"""Keys of `Settlement.pays` → layer of protection (domain.md, "The layers")."""


def is_known_area(code: str) -> bool:
    """Six digits that begin with a province. Wider than GB/T 2260: 430199 is "city level itself"."""
    return len(code) == 6 and code.isascii() and code.isdigit() and code[:2] in PROVINCES


def hardship_class(field: str, code: str, area: str) -> str | None:
    """The hardship class that `code` means in the province of `area`; None when no table says so.

    `field` is the record's field: psn_idet_type or mat_idet_code. Extension codes are provincial: a code
    that is known in one province says nothing in another.
    """
    tables = _DATA["hardship"].get(field)
    if tables is None:
        return None
    found = tables.get(area[:2], {}).get(code) or tables["*"].get(code)
    return found

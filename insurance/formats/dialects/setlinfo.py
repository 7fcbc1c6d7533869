"""The hospital interface's settlement answer `setlinfo` (2207, 2208, 2304, 2305; queries 5203, 5261),
alone or inside its envelope, with the request beside the answer where the sender has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..canonical import Refused
from ..scalars import is_null
from .base import Dialect
from .national import KNOWN, aliases

DIALECT = Dialect("setlinfo", aliases(), KNOWN)

SETTLEMENTS = frozenset({"2207", "2304"})
REVERSALS = frozenset({"2208", "2305"})
PRE_SETTLEMENTS = frozenset({"2206", "2303", "2310"})
QUERIES = frozenset({"5203", "5261"})
UNDO = "2601"
"""Undoes another transaction, named by omsgid and oinfno."""

_ENVELOPE_TEXT = """
    infno msgid mdtrtarea_admvs insuplc_admdvs recer_sys_code dev_no dev_safe_info cainfo signtype
    infver opter_type opter opter_name inf_time fixmedins_code fixmedins_name sign_no input infcode
    inf_refmsgid refmsg_time respond_time enctype err_msg warn_msg output request response
"""
_ENVELOPE = frozenset(_ENVELOPE_TEXT.split())


def looks_like(record: Mapping[str, Any]) -> bool:
    return any(isinstance(record.get(key), dict | list) for key in ("setlinfo", "output", "response")) or (
        "infno" in record and "input" in record
    )


def unwrap(record: Mapping[str, Any]) -> tuple[dict[str, Any], str] | Refused:
    """The flat settlement with what the envelope adds to it, and the transaction number ("" when not sent).

    The envelope adds msgid (of a settlement, not of a query), insured area, hospital, and from the request's
    input the ids of what is reversed.
    """
    request, response = _dict(record.get("request")), _dict(record.get("response"))
    envelope = {**_plain(record), **_plain(response), **_plain(request)}
    infno = _short(envelope.get("infno"))
    failed = envelope.get("infcode")
    if not is_null(failed) and _short(failed) not in ("0", ""):
        return Refused("sender_failed", "infcode", {"infcode": _short(failed)})
    if infno in PRE_SETTLEMENTS:
        return Refused("pre_settlement", "infno", {"infno": infno})
    if infno and infno not in SETTLEMENTS | REVERSALS | QUERIES | {UNDO}:
        return Refused("not_a_settlement", "infno", {"infno": infno})

    output = _dict(response.get("output")) or _dict(record.get("output")) or response or record
    info = output.get("setlinfo")
    if isinstance(info, list):
        if len(info) != 1:
            return Refused("several_settlements", "setlinfo", {"count": str(len(info))})
        info = info[0]
    if not isinstance(info, dict):
        return Refused("no_setlinfo", "setlinfo")

    flat = dict(info)
    if "setldetail" in output:
        flat.setdefault("setldetail", output["setldetail"])
    for key in ("insuplc_admdvs", "fixmedins_code", "fixmedins_name"):
        area_under_another_name = key == "insuplc_admdvs" and not is_null(flat.get("insu_admdvs"))
        if is_null(flat.get(key)) and not area_under_another_name and not is_null(envelope.get(key)):
            flat[key] = envelope[key]
    if infno not in QUERIES and is_null(flat.get("msgid")) and not is_null(envelope.get("msgid")):
        flat["msgid"] = envelope["msgid"]
    if infno in REVERSALS or infno == UNDO:
        asked = _dict(request.get("input")) or _dict(record.get("input"))
        asked = _dict(asked.get("data")) or asked
        if is_null(flat.get("init_setl_id")) and asked.get("setl_id") != flat.get("setl_id"):
            flat["init_setl_id"] = asked.get("setl_id")
        if is_null(flat.get("omsgid")):
            flat["omsgid"] = asked.get("omsgid")
    for key, value in record.items():
        if key not in _ENVELOPE and key not in ("setlinfo", "setldetail") and output is not record:
            flat.setdefault(key, value)
    return flat, infno


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if not isinstance(value, dict | list)}


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()[:20]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9:
        return str(value)
    return "" if value is None else "?"

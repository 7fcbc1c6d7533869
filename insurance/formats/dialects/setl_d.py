"""The insurer's own settlement table, SETL_D: one flat row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Dialect
from .national import KNOWN, aliases

DIALECT = Dialect(
    "setl_d",
    aliases(
        person_paid="psn_pay",
        cash_paid="cash_payamt",
        hospital_borne="ownpay_hosp_part",
        in_scope="inscp_amt",
        insured_area="insu_admdvs",
        **{"pays.other": "othfund_pay"},
    ),
    KNOWN,
)

_MARKS = ("psn_pay", "cash_payamt", "refd_setl_flag", "inscp_amt", "othfund_pay", "ownpay_hosp_part")


def looks_like(record: Mapping[str, Any]) -> bool:
    return any(mark in record for mark in _MARKS)

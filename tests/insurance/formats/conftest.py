"""Records made up for these tests, in the shapes that real senders use. Nobody is in them."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from insurance.formats import ReadResult, decode_body, read
from insurance.formats.schema import EXAMPLE_SETL_D, EXAMPLE_SETLINFO, EXAMPLE_SETTLEMENT

NOW = dt.datetime(2024, 6, 1, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))

# a query 5261: drift names, "" for null, and nobody pays the 3,300
QUERY: dict[str, Any] = {
    "output": {
        "setlinfo": {
            "setl_id": "310000000077",
            "mdtrt_id": "310000000001",
            "setl_time": "2024-04-09 13:49:42",
            "insu_admdvs": "",
            "clr_optins": "460400",
            "insutype": "310",
            "med_type": "2101",
            "psn_no": "4600000000000077",
            "psn_name": "测**",
            "psn_cert_type": "01",
            "cert_no": "460000198301010000",
            "gend": "2",
            "brdy": "1983-01-01 00:00:00",
            "med_fee_sumamt": 3300.0,
            "fund_pay_sumamt": 0.0,
            "psn_part_amt": 0,
            "psn_pay": "",
            "hosp_part_amt": 0,
            "acct_pay": 0.0,
            "acct_mulaid_pay": "",
            "psnCash_pay": 0,
            "cash_payamt": "",
            "fulamt_ownpay_amt": 3300.0,
            "overlmt_selfpay": 0.0,
            "prese_ifpay_amt": 0.0,
            "inscp_scp_amt": "",
            "inscp_amt": "",
            "hifp_pay": 0.0,
            "cvlserv_pay": 0.0,
            "hifes_pay": 0.0,
            "hifmi_pay": 0.0,
            "hifob_pay": 0.0,
            "maf_pay": 0.0,
            "oth_pay": 0,
            "othfund_pay": "",
            "refd_setl_flag": "",
        }
    },
    "infcode": "0",
    "err_msg": "",
}


def encoded(record: Any) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


def read_sent(record: Any, dialect: str | None = None) -> ReadResult:
    """What a sender gets for `record` after it has gone over the wire."""
    (raw,) = decode_body(encoded([record])).records
    return raw.fault or read(raw.value, dialect, now=NOW)


@pytest.fixture
def send() -> Callable[..., ReadResult]:
    return read_sent


@pytest.fixture
def outpatient() -> dict[str, Any]:
    return copy.deepcopy(EXAMPLE_SETLINFO)


@pytest.fixture
def info(outpatient: dict[str, Any]) -> dict[str, Any]:
    """The bare setlinfo of the outpatient settlement."""
    return outpatient["output"]["setlinfo"]


@pytest.fixture
def row() -> dict[str, Any]:
    return copy.deepcopy(EXAMPLE_SETL_D)


@pytest.fixture
def query() -> dict[str, Any]:
    return copy.deepcopy(QUERY)


@pytest.fixture
def canonical() -> dict[str, Any]:
    return copy.deepcopy(EXAMPLE_SETTLEMENT)

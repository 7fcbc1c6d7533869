"""Records made up for these tests, in the shapes that real senders use. Nobody is in them."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from insurance.formats import ReadResult, decode_body, read

NOW = dt.datetime(2024, 6, 1, 12, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))

# the hospital interface's answer 2207: all of 4.52 from the personal account
OUTPATIENT: dict[str, Any] = {
    "infcode": 0,
    "inf_refmsgid": "130000202403021015300000000001",
    "err_msg": None,
    "output": {
        "setlinfo": {
            "setl_id": "S1001",
            "mdtrt_id": "M1001",
            "medins_setl_id": "H13000000001202403021015300001",
            "setl_time": "2024-03-02 10:15:30",
            "clr_optins": "131199",
            "insutype": "310",
            "med_type": "11",
            "psn_no": "1303000000000001",
            "psn_name": "测*人",
            "psn_cert_type": "01",
            "certno": "130000198601010000",
            "gend": "1",
            "brdy": "1986-01-01",
            "medfee_sumamt": 4.52,
            "fund_pay_sumamt": 0,
            "psn_part_amt": 4.52,
            "hosp_part_amt": 0,
            "acct_pay": 4.52,
            "acct_mulaid_pay": 0,
            "psn_cash_pay": 0,
            "fulamt_ownpay_amt": 0,
            "overlmt_selfpay": 0,
            "preselfpay_amt": 0.23,
            "inscp_scp_amt": 4.29,
            "act_pay_dedc": 4.29,
            "hifp_pay": 0,
            "cvlserv_pay": 0,
            "hifes_pay": 0,
            "hifmi_pay": 0,
            "hifob_pay": 0,
            "maf_pay": 0,
            "oth_pay": 0,
            "balc": 100.0,
            "age": 38.0,
            "clr_type": "11",
        },
        "setldetail": [{"fund_pay_type": "310200", "fund_payamt": 4.52, "crt_payb_lmt_amt": None}],
    },
}

# the insurer's own table: 366.07 in cash
CENTRE_ROW: dict[str, Any] = {
    "setl_id": "30000077",
    "mdtrt_id": "50000077",
    "psn_name": "测试人",
    "psn_cert_type": "01",
    "psn_cert_type_name": "居民身份证（户口簿）",
    "certno": "430000193301010000",
    "psn_no": "4300000000000077",
    "gend": "2",
    "insutype": "390",
    "begndate": "2024-01-05",
    "enddate": "2024-01-05",
    "setl_time": "2024-01-05 08:09:49",
    "medfee_sumamt": 576.07,
    "fund_pay_sumamt": 210,
    "psn_pay": 366.07,
    "acct_pay": 0,
    "cash_payamt": 366.07,
    "fulamt_ownpay_amt": 0,
    "preselfpay_amt": 0,
    "inscp_amt": 576.07,
    "act_pay_dedc": 0,
    "hifp_pay": 210,
    "cvlserv_pay": 0,
    "hifes_pay": 0,
    "hifmi_pay": 0,
    "hifob_pay": 0,
    "hifdm_pay": 0,
    "maf_pay": 0,
    "othfund_pay": 0,
    "insu_admdvs": "430105",
    "fixmedins_code": "P43000000077",
    "fixmedins_name": "示例药店",
    "med_type": "14",
    "clr_optins": "430199",
    "refd_setl_flag": "0",
    "dise_no": "M01603",
    "dise_name": "糖尿病并发症",
}

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

CANONICAL: dict[str, Any] = {
    "setl_id": "C1",
    "issuing_centre": "440100",
    "insured_area": "440106",
    "insutype": "390",
    "med_type": "2101",
    "settled_at": "2024-05-20T09:30:00+08:00",
    "admitted_on": "2024-05-10",
    "discharged_on": "2024-05-20",
    "disease_code": "C91.000",
    "total_fee": "100000.00",
    "fund_paid": "60000.00",
    "person_paid": "40000.00",
    "cash_paid": "40000.00",
    "own_expense": "10000.00",
    "over_limit": "0.00",
    "first_self_pay": "5000.00",
    "in_scope": "85000.00",
    "pays": {"basic": "50000.00", "catastrophic": "10000.00"},
    "person": {
        "cert_type": "01",
        "cert_no": "11010519491231002X",
        "name": "测试人",
        "sex": "2",
        "birth_date": "1949-12-31",
        "phone": "13800000000",
    },
    "hardship": {"psn_idet_type": "2303"},
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
    return copy.deepcopy(OUTPATIENT)


@pytest.fixture
def info(outpatient: dict[str, Any]) -> dict[str, Any]:
    """The bare setlinfo of the outpatient settlement."""
    return outpatient["output"]["setlinfo"]


@pytest.fixture
def row() -> dict[str, Any]:
    return copy.deepcopy(CENTRE_ROW)


@pytest.fixture
def query() -> dict[str, Any]:
    return copy.deepcopy(QUERY)


@pytest.fixture
def canonical() -> dict[str, Any]:
    return copy.deepcopy(CANONICAL)

"""JSON Schema and examples of what may be pushed, as plain dicts for the OpenAPI document. Nobody is in the examples.

The reader takes more than the schema shows (other date forms, numbers for texts, drifted names); the schema is
what a sender should write.
"""

from __future__ import annotations

from typing import Any

from . import codes
from .canonical import CORE_AMOUNTS, DETAIL_AMOUNTS
from .decode import MAX_RECORDS

EXAMPLE_SETTLEMENT: dict[str, Any] = {
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
"""Jieli's own JSON: a leukaemia inpatient bill of 100,000 with 40,000 left to the person."""

EXAMPLE_SETLINFO: dict[str, Any] = {
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
"""The hospital interface's answer 2207: all of 4.52 from the personal account."""

EXAMPLE_SETL_D: dict[str, Any] = {
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
"""A row of the insurer's own table: 366.07 in cash."""

EXAMPLES: dict[str, Any] = {
    "settlement": EXAMPLE_SETTLEMENT,
    "setlinfo": EXAMPLE_SETLINFO,
    "setl_d": EXAMPLE_SETL_D,
}
"""Dialect → an example that is accepted."""

_AMOUNT: dict[str, Any] = {
    "oneOf": [
        {"type": "string", "pattern": r"^-?\d{1,8}(\.\d{1,2})?$"},
        {"type": "number", "minimum": -99999999.99, "maximum": 99999999.99, "multipleOf": 0.01},
    ],
    "description": "元，最多两位小数；建议写成字符串",
    "example": "366.07",
}
_NULLABLE_AMOUNT: dict[str, Any] = {**_AMOUNT, "oneOf": [*_AMOUNT["oneOf"], {"type": "null"}]}
_TEXT: dict[str, Any] = {"type": "string", "maxLength": 64}
_DATE: dict[str, Any] = {"type": "string", "format": "date"}

SETTLEMENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["setl_id", "issuing_centre", "settled_at", "total_fee", "fund_paid", "person_paid"],
    "properties": {
        "kind": {"type": "string", "enum": ["settlement", "reversal"], "default": "settlement"},
        "setl_id": {**_TEXT, "minLength": 1, "description": "结算编号，预结算没有"},
        "issuing_centre": {**_TEXT, "description": "清算经办机构（clr_optins）"},
        "insured_area": {"type": "string", "pattern": r"^\d{6}$", "description": "参保地"},
        "insutype": {**_TEXT, "enum": sorted(codes.INSUTYPE), "description": "险种"},
        "med_type": {**_TEXT, "enum": sorted(codes.MED_TYPE), "description": "医疗类别"},
        "hospital_code": _TEXT,
        "hospital_name": {"type": "string", "maxLength": 200},
        "medins_setl_id": {**_TEXT, "description": "医药机构结算编号"},
        "mdtrt_id": {**_TEXT, "description": "就诊编号"},
        "original_setl_id": {**_TEXT, "description": "冲正：被冲正的结算编号"},
        "original_msgid": {**_TEXT, "description": "冲正：被冲正交易的报文编号"},
        "msgid": {**_TEXT, "description": "结算交易的报文编号"},
        "admitted_on": _DATE,
        "discharged_on": _DATE,
        "settled_at": {"type": "string", "format": "date-time", "description": "没有时区时按北京时间"},
        "disease_code": {"type": "string", "maxLength": 60},
        "disease_name": {"type": "string", "maxLength": 500},
        **dict.fromkeys(CORE_AMOUNTS, _AMOUNT),
        **dict.fromkeys(DETAIL_AMOUNTS, _NULLABLE_AMOUNT),
        "pays": {
            "type": "object",
            "description": "各项基金支付；没有的按 0",
            "properties": {
                key: {**_AMOUNT, "description": f"国家字段 {field}"} for key, field in codes.PAYS.items()
            },
        },
        "person": {
            "type": "object",
            "properties": {
                "psn_no": _TEXT,
                "cert_type": {**_TEXT, "enum": sorted(codes.CERT_TYPE)},
                "cert_no": _TEXT,
                "name": {"type": "string", "maxLength": 100},
                "sex": {"type": "string", "enum": sorted(codes.SEX)},
                "birth_date": _DATE,
                "phone": {"type": "string", "maxLength": 40},
                "area": _TEXT,
            },
        },
        "hardship": {
            "type": "object",
            "properties": {
                name: {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}
                for name in ("psn_idet_type", "mat_idet_code")
            },
        },
    },
    "additionalProperties": True,
}

NATIONAL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "国家接口的 setlinfo（可带信封）或经办机构的 SETL_D 一行；字段名见参考文档",
    "additionalProperties": True,
}

_RECORD: dict[str, Any] = {"oneOf": [SETTLEMENT_SCHEMA, NATIONAL_SCHEMA]}

PUSH_SCHEMA: dict[str, Any] = {
    "oneOf": [
        _RECORD,
        {"type": "array", "items": _RECORD, "minItems": 1, "maxItems": MAX_RECORDS},
        {
            "type": "object",
            "required": ["records"],
            "properties": {
                "dialect": {"type": "string", "enum": sorted(EXAMPLES)},
                "records": {"type": "array", "items": _RECORD, "minItems": 1, "maxItems": MAX_RECORDS},
            },
        },
    ],
}
"""The request body of a push."""

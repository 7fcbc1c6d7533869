"""What the OpenAPI document says of the push API: bodies, answers, examples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from insurance.formats.schema import EXAMPLES, PUSH_SCHEMA, SETTLEMENT_SCHEMA

from .models import Progress, RecordState

TAGS = ["结算单推送 settlements"]
_TEXT: dict[str, Any] = {"type": "string"}
_ID: dict[str, Any] = {"type": "integer", "format": "int64"}
_SAID: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["code", "field", "message"],
        "properties": {
            "code": {**_TEXT, "description": "固定不变的代码，见参考文档"},
            "field": {**_TEXT, "description": "您报文里的字段名"},
            "message": {**_TEXT, "description": "给人看的说明"},
            "left": _TEXT,
            "right": _TEXT,
            "difference": {**_TEXT, "description": "元"},
        },
    },
}
RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["position", "state", "record", "setl_id", "reasons", "warnings", "unknown_fields"],
    "properties": {
        "position": {"type": "integer", "description": "在请求里的位置，从 0 开始"},
        "state": {"type": "string", "enum": RecordState.values},
        "record": {**_ID, "description": "接力的记录号，用它查询和重发"},
        "setl_id": _TEXT,
        "kind": {"type": "string", "enum": ["", "settlement", "reversal"]},
        "version": {"type": "integer", "description": "同一张结算单的第几版"},
        "duplicate_of": {**_ID, "nullable": True, "description": "重复时：先前那条的记录号"},
        "reasons": _SAID,
        "warnings": _SAID,
        "unknown_fields": {"type": "array", "items": _TEXT},
    },
}
RECORD: dict[str, Any] = {
    "type": "object",
    "properties": {
        **RESULT["properties"],
        "batch": _ID,
        "progress": {"type": "string", "enum": Progress.values},
        "dialect": _TEXT,
        "issuing_centre": _TEXT,
        "resent_as": {**_ID, "nullable": True},
        "created_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}
RECEIPT: dict[str, Any] = {
    "type": "object",
    "required": ["batch", "counts", "results"],
    "properties": {
        "batch": _ID,
        "counts": {
            "type": "object",
            "properties": {state: {"type": "integer"} for state in RecordState.values},
        },
        "results": {"type": "array", "items": RESULT},
    },
}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status"],
    "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
}


def _problems(**cases: str) -> dict[Any, OpenApiResponse]:
    return {
        (int(status[1:]), "application/problem+json"): OpenApiResponse(PROBLEM, description)
        for status, description in cases.items()
    }


_DOOR = {"_401": "没有令牌，或已过期", "_403": "缺少权限，或不是这类机构的接口"}
_RECORD_ID = OpenApiParameter("record", OpenApiTypes.INT64, OpenApiParameter.PATH, description="记录号")
_EXAMPLES = [
    OpenApiExample(name, value=value, request_only=True, media_type="application/json")
    for name, value in EXAMPLES.items()
]
_ANSWER = OpenApiExample(
    "answer",
    value={
        "batch": 12,
        "counts": {"accepted": 1, "duplicate": 0, "refused": 0, "quarantined": 1},
        "results": [
            {
                "position": 0,
                "state": "accepted",
                "record": 345,
                "setl_id": "C1",
                "kind": "settlement",
                "version": 1,
                "duplicate_of": None,
                "reasons": [],
                "warnings": [],
                "unknown_fields": [],
            },
            {
                "position": 1,
                "state": "quarantined",
                "record": 346,
                "setl_id": "C2",
                "kind": "settlement",
                "version": 1,
                "duplicate_of": None,
                "reasons": [
                    {
                        "code": "identity_I1",
                        "field": "total_fee",
                        "message": "总费用 3300.00 不等于基金、个人、医院三方之和 0.00，相差 3300.00 元。",
                        "left": "3300.00",
                        "right": "0.00",
                        "difference": "3300.00",
                    }
                ],
                "warnings": [],
                "unknown_fields": [],
            },
        ],
    },
    response_only=True,
    status_codes=["200"],
)

PUSH: dict[str, Any] = {
    "operation_id": "push_settlements",
    "auth": [{"oauth2": ["settlements:write"]}],
    "tags": TAGS,
    "summary": "推送结算单",
    "description": (
        '一条、一个列表或 `{"records": […]}`；三种格式（settlement、setlinfo、setl_d）自动识别。'
        "请求读得懂就回 200，每条记录各有结果：accepted 已收下、duplicate 重复、refused 不收、quarantined 待核对。"
        "原样重发不会产生第二份。"
    ),
    "parameters": [
        OpenApiParameter(
            "Idempotency-Key",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="1–80 个可见 ASCII 字符。同一个键和同一份正文再来，回原来的答复",
        )
    ],
    "request": {"application/json": PUSH_SCHEMA},
    "responses": {
        (200, "application/json"): OpenApiResponse(RECEIPT, "每条记录的结果"),
        **_problems(
            _400="正文不是有效的 JSON、是空的，或 Idempotency-Key 不对",
            **_DOOR,
            _413="太大，或条数太多",
            _415="不是 application/json，或压缩过",
            _422="同一个 Idempotency-Key，另一份正文",
        ),
    },
    "examples": [*_EXAMPLES, _ANSWER],
}
LIST: dict[str, Any] = {
    "operation_id": "list_settlements",
    "tags": TAGS,
    "summary": "自己推送过的记录，新的在前",
    "parameters": [
        OpenApiParameter("state", OpenApiTypes.STR, enum=RecordState.values),
        OpenApiParameter("progress", OpenApiTypes.STR, enum=Progress.values),
        OpenApiParameter("since", OpenApiTypes.STR, description="收到时间不早于，ISO 8601"),
        OpenApiParameter("setl_id", OpenApiTypes.STR),
        OpenApiParameter("batch", OpenApiTypes.INT64),
        OpenApiParameter("cursor", OpenApiTypes.STR, description="用上一页的 next"),
        OpenApiParameter("limit", OpenApiTypes.INT, description="1–200，默认 50"),
    ],
    "request": None,
    "responses": {
        (200, "application/json"): OpenApiResponse(
            {
                "type": "object",
                "properties": {
                    "results": {"type": "array", "items": RECORD},
                    "next": {"type": "string", "nullable": True},
                },
            },
            "一页记录",
        ),
        **_problems(_400="筛选条件不对", **_DOOR),
    },
}
DETAIL: dict[str, Any] = {
    "operation_id": "get_settlement_record",
    "tags": TAGS,
    "summary": "一条记录的状态和原因",
    "parameters": [_RECORD_ID],
    "request": None,
    "responses": {
        (200, "application/json"): OpenApiResponse(RECORD, "记录"),
        **_problems(_404="没有这个编号，或者它不属于您的机构", **_DOOR),
    },
}
RESEND: dict[str, Any] = {
    "operation_id": "resend_settlement_record",
    "auth": [{"oauth2": ["settlements:write"]}],
    "tags": TAGS,
    "summary": "重新评估一条记录，或发送更正后的这一条",
    "description": "正文为空：按原文重新评估。正文是一条记录：用它代替原来那条。",
    "parameters": [_RECORD_ID],
    "request": {"application/json": SETTLEMENT_SCHEMA},
    "responses": {
        (200, "application/json"): OpenApiResponse(RESULT, "新的结果；没有变化时是原来的结果"),
        **_problems(
            _400="正文读不懂，或不止一条",
            **_DOOR,
            _404="没有这个编号，或者它不属于您的机构",
            _409="不是“不收”或“待核对”的记录，或已经更正过",
            _413="太大",
            _415="不是 application/json",
        ),
    },
}

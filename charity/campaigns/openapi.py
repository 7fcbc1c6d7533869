"""What the OpenAPI document says of the campaign API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

TAGS = ["求助项目 campaigns"]
STATES = ("accepted", "duplicate", "refused")
_TEXT: dict[str, Any] = {"type": "string"}
_YUAN: dict[str, Any] = {"type": "string", "description": "元，最多两位小数", "example": "12000.00"}
CAMPAIGN: dict[str, Any] = {
    "type": "object",
    "required": ["external_id", "status", "target", "raised", "paid_out"],
    "properties": {
        "external_id": {**_TEXT, "maxLength": 64, "description": "您平台上的项目编号，不变"},
        "status": {"type": "string", "enum": ["active", "ended", "withdrawn"]},
        "target": _YUAN,
        "raised": {**_YUAN, "description": "累计筹到，元"},
        "paid_out": {**_YUAN, "description": "累计已拨付，不多于 raised，元"},
        "currency": {"type": "string", "enum": ["CNY"], "default": "CNY"},
        "disease_code": {**_TEXT, "description": "ICD-10，知道才写"},
        "started_at": {"type": "string", "format": "date"},
        "appeal": {
            "type": "object",
            "description": "求助文字。beneficiary 里没写的，从这里读；写了的，以 beneficiary 为准",
            "properties": {
                "title": {**_TEXT, "maxLength": 200},
                "story": {**_TEXT, "maxLength": 20000, "description": "可以分段"},
            },
        },
        "beneficiary": {
            "type": "object",
            "description": "没有 appeal 时必填，其中 name 必填",
            "properties": {
                "name": {**_TEXT, "description": "可以遮掩，如 张*三"},
                "age": {"type": "integer", "minimum": 0, "maximum": 130},
                "sex": {"type": "string", "enum": ["male", "female"]},
                "birth_date": {"type": "string", "format": "date"},
                "id_number": _TEXT,
                "phone": _TEXT,
                "area": {**_TEXT, "description": "行政区划代码或名称"},
                "hospital": _TEXT,
                "disease": {**_TEXT, "description": "病名，原文"},
            },
        },
    },
}
RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["position", "state", "external_id", "reasons", "unknown_fields"],
    "properties": {
        "position": {"type": "integer", "description": "在请求里的位置，从 0 开始"},
        "state": {"type": "string", "enum": list(STATES)},
        "external_id": _TEXT,
        "id": {"type": "integer", "nullable": True},
        "version": {"type": "integer", "nullable": True},
        "reasons": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"code": _TEXT, "field": _TEXT, "message": _TEXT},
            },
        },
        "unknown_fields": {"type": "array", "items": _TEXT},
    },
}
OWN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "version": {"type": "integer"},
        **{name: CAMPAIGN["properties"][name] for name in ("external_id", "status", "target")},
        **{name: CAMPAIGN["properties"][name] for name in ("raised", "paid_out", "currency")},
        "received_at": {"type": "string", "format": "date-time"},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}
EXAMPLE = {
    "external_id": "P-2026-0001",
    "status": "active",
    "target": "200000.00",
    "raised": "18600.00",
    "paid_out": "10000.00",
    "currency": "CNY",
    "started_at": "2026-08-02",
    "beneficiary": {"name": "陈*涵", "age": 9, "sex": "female", "area": "430100", "disease": "白血病"},
    "appeal": {
        "title": "九岁女儿患白血病，求您帮一把",
        "story": "我女儿今年9岁，8月查出急性淋巴细胞白血病，现在在示例市儿童医院化疗。",
    },
}

PUSH: dict[str, Any] = {
    "tags": TAGS,
    "operation_id": "push_campaigns",
    "summary": "推送一个或一批求助项目",
    "request": {"application/json": {"oneOf": [CAMPAIGN, {"type": "array", "items": CAMPAIGN}]}},
    "responses": {
        200: OpenApiResponse(
            {
                "type": "object",
                "properties": {
                    "counts": {
                        "type": "object",
                        "properties": {state: {"type": "integer"} for state in STATES},
                    },
                    "results": {"type": "array", "items": RESULT},
                },
            },
            description="每条记录一个答复；同样的内容再推一次不改变什么",
        )
    },
    "examples": [OpenApiExample("一个项目", value=EXAMPLE, request_only=True)],
}
LIST: dict[str, Any] = {
    "tags": TAGS,
    "operation_id": "list_campaigns",
    "summary": "本平台推送过的项目",
    "parameters": [OpenApiParameter("external_id", str), OpenApiParameter("cursor", str)],
    "responses": {
        200: {
            "type": "object",
            "properties": {
                "results": {"type": "array", "items": OWN},
                "next": {"type": "string", "nullable": True},
            },
        }
    },
}
DETAIL: dict[str, Any] = {
    "tags": TAGS,
    "operation_id": "read_campaign",
    "summary": "本平台推送过的一个项目",
    "responses": {200: OWN},
}

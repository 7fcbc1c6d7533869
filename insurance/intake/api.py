"""The push API: parse, call one service, answer. Every fault of a request is problem+json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api import authenticate, problem
from insurance.formats import RequestFault
from scope import permission
from scope.permissions import Permission

from . import openapi, reading, services
from .models import Record

SENDERS = ("statutory_insurer", "hospital")
WRITE = Permission("client", frozenset({"settlements:write"}), frozenset(SENDERS))
DRAINED = 64 * 1024 * 1024
_json = msgspec.json.Encoder()


class BodyError(Exception):
    """The body cannot be taken before it is even read; `answer` is the problem to send."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


def _answer(value: Any, **headers: str) -> HttpResponse:
    return HttpResponse(_json.encode(value), content_type="application/json", headers=headers)


def has_body(request: Any) -> bool:
    """Whether a body is announced, by its length or as coming in chunks."""
    length = request.META.get("CONTENT_LENGTH") or ""
    return length != "0" if length else request.headers.get("Transfer-Encoding", "").lower() == "chunked"


def read_body(request: Any, limit: int) -> bytes:
    """At most `limit` bytes of the request; a longer body is refused by its announced length and never kept."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BodyError(
            problem(415, "content-encoding", _("正文不能压缩"), _("请不带 Content-Encoding 发送。"))
        )
    if not has_body(request):
        return b""
    media_type = request.content_type or ""
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BodyError(
            problem(
                415, "unsupported-media-type", _("正文类型不对"), _("请用 Content-Type: application/json。")
            )
        )
    announced = request.META.get("CONTENT_LENGTH") or ""
    stream = request
    if not announced and request.META.get("wsgi.input_terminated"):
        stream = request.META["wsgi.input"]  # sent in chunks: the server ends the stream
    if announced.isdigit() and int(announced) > limit:
        if int(announced) <= DRAINED:
            _drain(stream)
        raise BodyError(_too_large(limit))
    parts, size = [], 0
    while size <= limit and (part := stream.read(min(1 << 20, limit + 1 - size))):
        parts.append(part)
        size += len(part)
    if size > limit:
        _drain(stream)
        raise BodyError(_too_large(limit))
    return b"".join(parts)


def _drain(stream: Any) -> None:
    """Throw away what still comes, up to a bound: many clients read the answer only once they have sent all."""
    left = DRAINED
    while left > 0 and (part := stream.read(1 << 16)):
        left -= len(part)


def _too_large(limit: int) -> HttpResponse:
    return problem(
        413,
        "too-large",
        _("一次推送太大"),
        _("一次最多 %(limit)s 字节。请分成几次推送。") % {"limit": limit},
        max_bytes=limit,
    )


def fault_answer(fault: RequestFault) -> HttpResponse:
    """A body that cannot be read, as problem+json in the caller's language: 400, or 413 where it is too large."""
    return problem(
        fault.status,
        fault.code.replace("_", "-"),
        _("读不懂请求正文") if fault.status == 400 else _("一次推送太大"),
        fault.text(get_language() or "zh-hans"),
        **fault.params,
    )


def _row(record: Record) -> dict[str, Any]:
    row = asdict(services.result_of(record))
    return {
        **row,
        "batch": record.batch_id,
        "progress": record.progress,
        "dialect": record.dialect,
        "issuing_centre": record.centre,
        "resent_as": record.resent_as_id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


@permission(client=["settlements:write", "settlements:read"], org=SENDERS)
class Settlements(APIView):
    """`/api/v1/settlements`: push (settlements:write), list one's own pushes (either scope)."""

    @extend_schema(**openapi.PUSH)
    def post(self, request: Request) -> HttpResponse:
        plain: Any = request._request
        refused = authenticate(plain, WRITE)
        if refused is not None:
            return refused
        key = plain.headers.get("Idempotency-Key", "").strip()
        if len(key) > 80 or not (key.isascii() and key.isprintable()):
            return problem(
                400, "idempotency-key", _("Idempotency-Key 不对"), _("请用 1 到 80 个可见的 ASCII 字符。")
            )
        try:
            receipt = services.receive(
                plain.actor,
                plain.organisation,
                read_body(plain, settings.JIELI_PUSH_MAX_BYTES),
                key=key,
                max_bytes=settings.JIELI_PUSH_MAX_BYTES,
                max_records=settings.JIELI_PUSH_MAX_RECORDS,
            )
        except BodyError as error:
            return error.answer
        except RequestFault as fault:
            return fault_answer(fault)
        except services.IdempotencyError:
            return problem(
                422,
                "idempotency-conflict",
                _("这个 Idempotency-Key 用过了"),
                _("它和另一份正文一起用过。原样重发请用原来的正文；新的推送请换一个新的 Idempotency-Key。"),
            )
        headers = {"Idempotency-Replayed": "true"} if receipt.replayed else {}
        body = {"batch": receipt.batch, "counts": receipt.counts, "results": receipt.results}
        return _answer(body, **headers)

    @extend_schema(**openapi.LIST)
    def get(self, request: Request) -> HttpResponse:
        plain: Any = request._request
        query = plain.GET.dict()
        try:
            rows, after = reading.page(plain.organisation.pk, reading.Filter.read(query), query)
        except reading.FilterError as error:
            return problem(
                400,
                "invalid-filter",
                _("筛选条件不对"),
                _("请按接口说明改一改参数 %(name)s。") % {"name": error.args[0]},
                parameter=error.args[0],
            )
        reading.seen(plain.organisation.pk, rows)
        following = None
        if after is not None:
            again = plain.GET.copy()
            again["cursor"] = str(after)
            following = f"{reverse('intake:settlements')}?{again.urlencode()}"
        return _answer({"results": [_row(row) for row in rows], "next": following})


@permission(client=["settlements:write", "settlements:read"], org=SENDERS)
class SettlementRecord(APIView):
    """`/api/v1/settlements/{record}`: one of one's own pushes; another's is as absent as one that never was."""

    @extend_schema(**openapi.DETAIL)
    def get(self, request: Request, record: int) -> HttpResponse:
        plain: Any = request._request
        row = reading.records(plain.organisation.pk, reading.Filter()).filter(pk=record).first()
        if row is None:
            raise NotFound
        reading.seen(plain.organisation.pk, [row], "record.viewed")
        return _answer(_row(row))


@permission(client=["settlements:write"], org=SENDERS)
class Resend(APIView):
    """`/api/v1/settlements/{record}/resend`: judge again, or send the corrected record."""

    @extend_schema(**openapi.RESEND)
    def post(self, request: Request, record: int) -> HttpResponse:
        plain: Any = request._request
        limit = min(settings.JIELI_PUSH_MAX_BYTES, 1 << 20)
        try:
            body = read_body(plain, limit) if has_body(plain) else None
            result = services.resend(plain.actor, plain.organisation, record, body, max_bytes=limit)
        except Record.DoesNotExist:
            raise NotFound from None
        except BodyError as error:
            return error.answer
        except RequestFault as fault:
            return fault_answer(fault)
        except services.NotResendableError:
            return problem(
                409,
                "not-resendable",
                _("这条记录不用重发"),
                _("只有“不收”或“待核对”、还没有更正过的记录可以重发。"),
            )
        except services.OneRecordError:
            return problem(400, "one-record", _("一次只能更正一条"), _("请只发送更正后的这一条记录。"))
        return _answer(result)


@permission("public")
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API's document as a page; everything on it comes from this server."""
    return render(request, "intake/docs.html")

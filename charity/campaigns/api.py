"""The campaign API of designated platforms: parse, call one service, answer. Faults of a request are problem+json."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api import authenticate, problem
from insurance.formats.decode import RequestFault, decode_body
from insurance.intake.api import BodyError, fault_answer, read_body
from scope import permission
from scope.permissions import Permission
from web.query import whole_number

from . import openapi, services

SENDERS = ("crowdfunding",)
WRITE = Permission("client", frozenset({"campaigns:write"}), frozenset(SENDERS))
MAX_BYTES = 4 * 1024 * 1024
MAX_RECORDS = 1000
PER_PAGE = 100


@permission(client=["campaigns:write", "campaigns:read"], org=SENDERS)
class Campaigns(APIView):
    """`/api/v1/campaigns`: push one or a list (campaigns:write), list one's own (either scope)."""

    @extend_schema(**openapi.PUSH)
    def post(self, request: Request) -> HttpResponse:
        plain: Any = request._request
        refused = authenticate(plain, WRITE)
        if refused is not None:
            return refused
        try:
            body = decode_body(read_body(plain, MAX_BYTES), max_bytes=MAX_BYTES, max_records=MAX_RECORDS)
        except BodyError as error:
            return error.answer
        except RequestFault as fault:
            return fault_answer(fault)
        results = [
            services.receive(plain.actor, position, None if item.fault else item.value)
            for position, item in enumerate(body.records)
        ]
        counts = Counter(result.state for result in results)
        return JsonResponse(
            {
                "counts": {state: counts.get(state, 0) for state in openapi.STATES},
                "results": [result.body() for result in results],
            }
        )

    @extend_schema(**openapi.LIST)
    def get(self, request: Request) -> HttpResponse:
        plain: Any = request._request
        rows = services.own(plain.actor)
        if named := plain.GET.get("external_id"):
            rows = rows.filter(external_id=named[:64].replace("\x00", ""))
        if cursor := plain.GET.get("cursor", ""):
            before = whole_number(cursor, digits=18)
            if before is None:
                return problem(
                    400, "invalid-filter", _("筛选条件不对"), _("请用上一页给的 cursor。"), parameter="cursor"
                )
            rows = rows.filter(pk__lt=before)
        found = list(rows[: PER_PAGE + 1])
        following = None
        if len(found) > PER_PAGE:
            again = plain.GET.copy()
            again["cursor"] = str(found[PER_PAGE - 1].pk)
            following = f"{reverse('campaigns:campaigns')}?{again.urlencode()}"
        services.seen(plain.actor, found[:PER_PAGE])
        return JsonResponse({"results": [services.body(row) for row in found[:PER_PAGE]], "next": following})


@permission(client=["campaigns:write", "campaigns:read"], org=SENDERS)
class CampaignDetail(APIView):
    """`/api/v1/campaigns/{id}`: one of one's own; another's is as absent as one that never was."""

    @extend_schema(**openapi.DETAIL)
    def get(self, request: Request, campaign: int) -> HttpResponse:
        plain: Any = request._request
        row = services.own(plain.actor).filter(pk=campaign).first() if campaign < 2**63 else None
        if row is None:
            raise NotFound
        services.seen(plain.actor, [row], "campaign.viewed")
        return JsonResponse(services.body(row))

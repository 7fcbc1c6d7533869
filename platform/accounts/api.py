"""The API's door: bearer tokens of organisations, declared permissions, problem+json (RFC 9457).

The middleware calls authenticate() before it opens the scope; Django REST framework's classes below only read
what it found.
"""

from __future__ import annotations

import hashlib
import logging
import traceback
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from oauth2_provider.models import get_access_token_model
from oauth2_provider.settings import oauth2_settings
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from scope import Actor
from scope.permissions import Permission, declared_for, walk

from . import sign_in_audit
from .models import ApiClient

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "urn:jieli:problem:"
REALM = 'Bearer realm="jieli"'


def problem(status: int, code: str, title: str, detail: str = "", **extra: Any) -> HttpResponse:
    """A problem+json answer. code: short kebab-case word, becomes `type` urn:jieli:problem:<code>.

    extra: further members (RFC 9457 3.2), never a personal value.
    """
    return JsonResponse(
        problem_body(status, code, title, detail, **extra),
        status=status,
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
    )


def problem_body(status: int, code: str, title: str, detail: str = "", **extra: Any) -> dict[str, Any]:
    body = {"type": TYPE_BASE + code, "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return {**body, **extra}


@dataclass(frozen=True)
class ApiUser:
    """What Django REST framework sees as request.user: the client's organisation."""

    actor: Actor
    is_authenticated: bool = True

    @property
    def pk(self) -> int | None:
        return self.actor.client_id


def authenticate(request: Any, declared: Permission) -> HttpResponse | None:
    """Find the client of the bearer token, set request.actor and request.organisation, check the declaration.

    None when all is well, else the problem: 401 without a live token, 403 with a token that may not.
    The scopes that count are those that both the token and, now, the client have.
    """
    instance = request.path
    words = request.headers.get("Authorization", "").split()
    if len(words) != 2 or words[0].lower() != "bearer":
        return _unauthorised(
            instance,
            REALM,
            "token-missing",
            _("没有访问令牌"),
            _("请先在 /o/token/ 用客户端编号和密钥换取令牌，再放进 Authorization: Bearer 请求头。"),
        )
    token = (
        get_access_token_model()
        .objects.select_related("application__organisation")
        .filter(token_checksum=hashlib.sha256(words[1].encode()).hexdigest())
        .first()
    )
    if token is None or token.application is None or token.is_expired():
        sign_in_audit.token_refused(token.application if token else None, "expired" if token else "unknown")
        return _unauthorised(
            instance,
            REALM + ', error="invalid_token"',
            "token-invalid",
            _("访问令牌无效或已过期"),
            _("请到 /o/token/ 换一个新令牌。"),
        )
    client: ApiClient = token.application
    organisation = client.organisation
    if not client.is_usable(request) or organisation is None:
        sign_in_audit.token_refused(client, "suspended")
        return problem(
            403,
            "client-suspended",
            _("接口密钥或所属机构已停用"),
            _("请联系本机构的管理员或平台运营方。"),
            instance=instance,
        )
    scopes = frozenset(token.scope.split()) & frozenset(client.scopes)
    request.organisation = organisation
    request.client = client
    request.access_token = token
    request.actor = Actor("client", org_id=organisation.pk, client_id=client.pk, roles=scopes)
    if declared.org and organisation.kind not in declared.org:
        return problem(
            403,
            "organisation-kind",
            _("这个接口不是给您这类机构用的"),
            _("请核对接口地址；可用的接口见 /api/v1/ 的接口说明。"),
            instance=instance,
        )
    if declared.roles and not declared.roles & scopes:
        needed = sorted(declared.roles)
        answer = problem(
            403,
            "scope-missing",
            _("令牌缺少权限"),
            _("需要权限 %(scopes)s。请让管理员给这个接口密钥开通，再换一个新令牌。")
            % {"scopes": " / ".join(needed)},
            required_scopes=needed,
            instance=instance,
        )
        answer["WWW-Authenticate"] = f'{REALM}, error="insufficient_scope", scope="{" ".join(needed)}"'
        return answer
    now = timezone.now()
    if client.last_used_at is None or now - client.last_used_at > timedelta(minutes=5):
        ApiClient.objects.filter(pk=client.pk).update(last_used_at=now)
    return None


def _unauthorised(instance: str, challenge: str, code: str, title: str, detail: str) -> HttpResponse:
    answer = problem(401, code, title, detail, instance=instance)
    answer["WWW-Authenticate"] = challenge
    return answer


def server_problem(request: Any, error: Exception) -> HttpResponse:
    """A 500 for an API view. Logged with its frames but without its text, which may quote a personal value."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s at %s\n%s", type(error).__name__, request.path, frames)
    return problem(
        500,
        "server-error",
        _("系统出错了"),
        _("这次请求没有留下任何改动。请过一会儿原样再发一次。"),
        instance=request.path,
    )


class ClientAuthentication(BaseAuthentication):
    """Reads what the middleware found; opens no session and no token itself."""

    def authenticate(self, request: Any) -> tuple[ApiUser, Any] | None:
        actor = getattr(request._request, "actor", None)
        if actor is None or actor.kind != "client":
            return None
        return ApiUser(actor), request._request.access_token

    def authenticate_header(self, request: Any) -> str:
        return REALM


class DeclaredPermission(BasePermission):
    """The second check of the view's own declaration (the first is the middleware's)."""

    def has_permission(self, request: Any, view: Any) -> bool:
        declared = declared_for(view)
        if declared is None and request._request.resolver_match is not None:
            declared = declared_for(request._request.resolver_match.func)
        if declared is None:
            return False
        organisation = getattr(request._request, "organisation", None)
        return declared.allows(request._request.actor, organisation.kind if organisation else None)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error of an API view as problem+json; its transaction is rolled back. None for what is a 500.

    Field errors name the field and what is wanted, never the value that came in.
    """
    request = context.get("request")
    described = _describe(error)
    if described is None:
        return None
    code_number, code, title, detail, extra = described
    plain = getattr(request, "_request", request)
    if plain is not None:
        plain.jieli_rollback = True  # the middleware rolls the scope back and sends this answer
        plain.jieli_refused = code_number == 403
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
    instance = getattr(plain, "path", "")
    response = Response(
        problem_body(code_number, code, title, detail, instance=instance, **extra),
        status=code_number,
        headers=headers,
        content_type=MEDIA_TYPE,
    )
    return response


def _describe(error: Exception) -> tuple[int, str, str, str, dict[str, Any]] | None:
    if isinstance(error, exceptions.ParseError):
        detail = _("请求正文不是完整的 JSON（UTF-8）。请检查引号、括号和逗号，改好再发一次。")
        return 400, "malformed", _("读不懂请求正文"), detail, {}
    if isinstance(error, exceptions.ValidationError):
        detail = _("请按 errors 里的提示改好再发一次。")
        return 400, "invalid", _("有内容要改"), detail, {"errors": _messages(error.detail)}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return 401, "token-missing", _("没有访问令牌"), _("请先在 /o/token/ 换取令牌。"), {}
    if isinstance(error, exceptions.PermissionDenied | PermissionDenied):
        return 403, "forbidden", _("没有权限"), _("这个接口密钥不能做这件事。请联系本机构的管理员。"), {}
    if isinstance(error, exceptions.NotFound | Http404):
        return 404, "not-found", _("找不到"), _("没有这个编号，或者它不属于您的机构。"), {}
    if isinstance(error, exceptions.MethodNotAllowed):
        return 405, "method-not-allowed", _("不支持这种请求方法"), _("请看接口说明里的方法。"), {}
    if isinstance(error, exceptions.NotAcceptable):
        return 406, "not-acceptable", _("给不了这种格式"), _("请接受 application/json。"), {}
    if isinstance(error, RequestDataTooBig):
        return 413, "too-large", _("一次推送太大"), _("请分成几次推送。"), {}
    if isinstance(error, exceptions.UnsupportedMediaType):
        detail = _("请用 Content-Type: application/json。")
        return 415, "unsupported-media-type", _("正文类型不对"), detail, {}
    if isinstance(error, exceptions.Throttled):
        return 429, "too-many-requests", _("请求太频繁"), _("请按 Retry-After 等一会儿再试。"), {}
    if isinstance(error, exceptions.APIException):
        return error.status_code, "refused", _("请求没有成功"), "", {}
    return None


def _messages(detail: Any, depth: int = 0) -> Any:
    """Field → list of error codes; messages of validators may quote the value, their codes cannot."""
    if isinstance(detail, dict):
        return {str(key)[:64]: _messages(value, depth + 1) for key, value in detail.items()}
    if isinstance(detail, list):
        return [_messages(value, depth + 1) for value in detail]
    code = getattr(detail, "code", "invalid")
    return str(code or "invalid")


class ClientScheme(OpenApiAuthenticationExtension):
    """OAuth2 client credentials in the OpenAPI document."""

    target_class = "accounts.api.ClientAuthentication"
    name = "oauth2"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        scopes = {name: str(label) for name, label in oauth2_settings.SCOPES.items()}
        return {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/o/token/", "scopes": scopes}}}

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        declared = declared_for(auto_schema.view)
        if declared is None:  # @permission stands above @api_view: on the callback, not on the class
            cls = type(auto_schema.view)
            callbacks = (pattern.callback for _route, pattern in walk())
            declared = next((declared_for(c) for c in callbacks if getattr(c, "cls", None) is cls), None)
        return {self.name: sorted(declared.roles) if declared else []}

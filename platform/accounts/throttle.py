"""How often the token endpoint answers: by network address, by client, and after wrong secrets.

Counted in the cache in fixed windows (settings.JIELI_TOKEN_LIMITS: name → (how many, seconds)), which all web
processes share where JIELI_CACHE_URL names one. A cache that is down lets requests through: the secrets hold by
themselves (random, hashed), and an insurer's push must not fail for want of a counter.
"""

from __future__ import annotations

import base64
import logging
from time import time as clock
from typing import Any
from urllib.parse import unquote_plus

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from vault.index import blind

from .api import problem_body

logger = logging.getLogger(__name__)
PURPOSE = "accounts.token_limit"
Key = tuple[str, str]


def client_named(request: Any) -> str:
    """The client id that the request names (Basic or body), '' when it names none. Nothing is checked here."""
    kind, _space, rest = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            return unquote_plus(base64.b64decode(rest).decode().partition(":")[0])[:255]
        except ValueError:
            return ""
    return request.POST.get("client_id", "")[:255]


class Gate:
    """One request at the endpoint: wait() before it is answered, done() after."""

    def __init__(self, request: Any) -> None:
        address = get_adapter().get_client_ip(request) or ""
        client = client_named(request)
        self.address: Key = ("address", address)
        self.failed: Key = ("failed", f"{client}|{address}")
        self.client: Key = ("client", client)

    def wait(self) -> int:
        """0, or the seconds after which to try again. Counts the request to its address."""
        over = [_over(self.address, count=True), _over(self.failed), _over(self.client)]
        return max(over)

    def done(self, status: int) -> None:
        """Wrong secrets count for this client from this address alone: no stranger can shut a client out."""
        _over(self.client if status == 200 else self.failed, count=True)


def _over(key: Key, count: bool = False) -> int:
    name, value = key
    limit, seconds = settings.JIELI_TOKEN_LIMITS.get(name, (0, 0))
    if not limit or not value:
        return 0
    now = clock()
    place = f"token:{name}:{blind(PURPOSE, value).hex()}:{int(now // seconds)}"
    try:
        if count:
            cache.add(place, 0, timeout=seconds)
            used = cache.incr(place)
            return int(seconds - now % seconds) + 1 if used > limit else 0
        return int(seconds - now % seconds) + 1 if cache.get(place, 0) >= limit else 0
    except Exception as error:  # the cache's own errors have no common base
        logger.error("the cache cannot count token requests (%s)", type(error).__name__)
        return 0


def too_many(seconds: int, instance: str) -> HttpResponse:
    """429 that OAuth clients understand (RFC 6749 5.2; the word is RFC 8628's), with the members of a problem."""
    detail = _("请按 Retry-After 等一会儿再试。一个令牌一小时有效，不用每次推送都换。")
    answer = JsonResponse(
        {
            "error": "slow_down",
            "error_description": "too many token requests; wait for Retry-After, a token lives one hour",
            **problem_body(429, "too-many-requests", _("请求太频繁"), detail, instance=instance),
        },
        status=429,
        json_dumps_params={"ensure_ascii": False},
    )
    answer["Retry-After"] = str(seconds)
    answer["Cache-Control"] = "no-store"
    return answer

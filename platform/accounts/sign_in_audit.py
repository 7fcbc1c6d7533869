"""Failed ways in, in the log: a wrong password or second factor of staff, a refused API secret or token.

Never what was typed: the entry names the account or client that was meant where there is one. At most LIMIT entries
an hour about one of them, and about all unknown ones together, so that nobody can flood the log; the last of them
says that there may be more ("throttled").
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.utils import timezone

from audit import record
from audit.models import Entry
from scope import Actor, NoActorError, actor_scope, current_actor

from .models import ApiClient, User

LIMIT = 10
UNKNOWN_STAFF, UNKNOWN_CLIENT = "sign_in:unknown_staff", "sign_in:unknown_client"


@receiver(user_login_failed, dispatch_uid="accounts.password_failed")
def password_failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    typed = credentials.get("email") or credentials.get("username")
    known = isinstance(typed, str) and typed and "\x00" not in typed
    meant = User.objects.filter(email__iexact=typed).first() if known else None
    _note("staff.sign_in_failed", f"user:{meant.pk}" if meant else UNKNOWN_STAFF, factor="password")


@receiver(authentication_failed, dispatch_uid="accounts.code_failed")
def code_failed(sender: Any, user: User, reauthentication: bool = False, **kwargs: Any) -> None:
    _note("staff.sign_in_failed", f"user:{user.pk}", factor="code", again=reauthentication)


def token_refused(client: ApiClient | None, why: str) -> None:
    """A bearer token that opened nothing. why: unknown | expired | suspended."""
    _note("api.token_refused", f"api_client:{client.pk}" if client else UNKNOWN_CLIENT, why=why)


def secret_refused(request: Any) -> None:
    """No token for this id and secret (/o/token/)."""
    name = client_id(request)
    meant = ApiClient.objects.filter(client_id=name).first() if name and "\x00" not in name else None
    _note("api.secret_refused", f"api_client:{meant.pk}" if meant else UNKNOWN_CLIENT)


def client_id(request: Any) -> str:
    """The id that a request to /o/token/ names, '' where it cannot be read."""
    kind, _space, rest = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0]
        except ValueError:
            return ""
    return str(request.POST.get("client_id", ""))


def _note(action: str, subject: str, **payload: str | bool) -> None:
    hour = timezone.now() - timedelta(hours=1)
    latest = Entry.objects.filter(subject=subject, action=action).order_by("-id")
    recent = sum(at > hour for at in latest.values_list("at", flat=True)[:LIMIT])
    if recent >= LIMIT:
        return
    if recent == LIMIT - 1:
        payload["throttled"] = True
    try:
        actor = current_actor()
    except NoActorError:
        actor = Actor("public")
    with actor_scope(actor):
        record(action, subject, payload=payload)

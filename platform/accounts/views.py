"""Staff's way in: home, switching organisation, the first password, API tokens, health."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import PasswordResetConfirmView
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.views.base import RevokeTokenView, TokenView

from audit import record
from audit import services as audit_services
from outbox.models import Event
from scope import Actor, actor_scope, permission
from scope.actor import SYSTEM

from . import navigation, sessions, sign_in_audit, throttle
from .forms import FirstPasswordForm
from .health import panels
from .middleware import ORGANISATION_KEY, without_scope
from .models import User


@permission("public")
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Wherever the visitor's work begins."""
    return redirect(navigation.home_of(request))


@permission("signed_in")
@require_POST
def switch(request: Any) -> HttpResponse:
    """Act for another of one's own organisations."""
    chosen = next(
        (m for m in request.memberships if str(m.organisation_id) == request.POST.get("organisation")), None
    )
    if chosen is None:
        raise PermissionDenied
    request.session[ORGANISATION_KEY] = chosen.organisation_id
    record("organisation.switched", f"organisation:{chosen.organisation_id}")
    return redirect("home")


@permission("public")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class SetPassword(PasswordResetConfirmView):
    """The page behind an invitation's link; Django moves the token from the address into the session."""

    template_name = "accounts/set_password.html"
    form_class = FirstPasswordForm
    success_url = reverse_lazy("account_login")
    reset_url_token = "set"  # noqa: S105
    title = ""

    def get_user(self, uidb64: str) -> Any:
        user = super().get_user(uidb64)
        return user if isinstance(user, User) and user.is_active else None

    def form_valid(self, form: Any) -> HttpResponse:
        with actor_scope(SYSTEM):  # the link was the one that an administrator gave
            response = super().form_valid(form)
        sessions.end_of_user(form.user.pk)
        return response


class ClientValidator(OAuth2Validator):
    """A client gets the scopes that its administrator chose, and all of them when it asks for none."""

    def validate_scopes(
        self, client_id: str, scopes: Any, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return set(scopes) <= set(client.scopes)

    def _save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As the client whose secret was right: the database takes a token from nobody else (migration 0007)."""
        client = request.client
        with actor_scope(Actor("client", org_id=client.organisation_id, client_id=client.pk)):
            return super()._save_bearer_token(token, request, *args, **kwargs)

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return list(request.client.scopes)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        return grant_type == "client_credentials" and super().validate_grant_type(
            client_id, grant_type, client, request, *args, **kwargs
        )


class Gated:
    """Counted by address, client and wrong secrets (accounts.throttle) before the secret is looked at."""

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        gate = throttle.Gate(request)
        seconds = gate.wait()
        if seconds:
            return throttle.too_many(seconds, request.path)
        if request.headers.get("Authorization", "").isascii():
            response = super().post(request, *args, **kwargs)  # type: ignore[misc]
        else:
            response = JsonResponse({"error": "invalid_client"}, status=401)
        gate.done(response.status_code)
        return response


@permission("public")
@method_decorator(csrf_exempt, name="dispatch")
class Token(Gated, TokenView):
    """POST grant_type=client_credentials with the client's id and secret (Basic or body)."""

    validator_class = ClientValidator

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        named = sign_in_audit.client_id(request) + request.POST.get("client_id", "")
        if "\x00" in named:  # the database has no text with it
            response: HttpResponse = JsonResponse({"error": "invalid_client"}, status=401)
        else:
            response = super().post(request, *args, **kwargs)
        if response.status_code == 401:
            sign_in_audit.secret_refused(request)
        return response


@permission("public")
@method_decorator(csrf_exempt, name="dispatch")
class Revoke(Gated, RevokeTokenView):
    validator_class = ClientValidator


@permission(staff=["administrator", "auditor", "linkage_reviewer"], org=["operator"])
def health(request: HttpRequest) -> HttpResponse:
    """For the operator: queues and log, no person."""
    counts = {row["state"]: row["n"] for row in Event.objects.values("state").annotate(n=Count("id"))}
    dead = (
        Event.objects.filter(state=Event.State.DEAD)
        .values("topic", "error")
        .annotate(n=Count("id"))
        .order_by("topic")[:50]
    )
    context = {
        "pending": counts.get(Event.State.PENDING, 0),
        "dead": counts.get(Event.State.DEAD, 0),
        "dead_rows": list(dead),
        "oldest": Event.objects.filter(state=Event.State.PENDING).order_by("created_at").first(),
        "log": audit_services.status(),
        "panels": panels(),
    }
    return render(request, "accounts/health.html", context)


@without_scope
@permission("public")
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """For load balancers: 200 when the database answers, else 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"database": "down"}, status=503)
    return JsonResponse({"database": "ok"})

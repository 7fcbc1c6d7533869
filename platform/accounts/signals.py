"""Signing in: nothing of a patient's session stays in a member's, and the log knows of each way in."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import password_changed
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from oauth2_provider.signals import app_authorized

from audit import record
from scope import Actor, actor_scope

from .middleware import ORGANISATION_KEY
from .models import Membership, User
from .sessions import DEVICE_KEY, PATIENT_KEY, PENDING_KEY, WAITING_KEY, end_of_user, mark


@receiver(user_logged_in, dispatch_uid="accounts.staff_signed_in")
def staff_signed_in(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    if request is not None and hasattr(request, "session"):
        for key in (PATIENT_KEY, DEVICE_KEY, WAITING_KEY, PENDING_KEY, ORGANISATION_KEY):
            request.session.pop(key, None)
    membership = (
        Membership.objects.filter(user=user, is_active=True, organisation__is_active=True)
        .order_by("id")
        .first()
    )
    if membership is not None:
        with actor_scope(Actor("staff", org_id=membership.organisation_id, user_id=user.pk)):
            record("staff.signed_in", f"user:{user.pk}")


@receiver(password_changed, dispatch_uid="accounts.password_changed")
def other_sessions_end(sender: Any, request: Any, user: User, **kwargs: Any) -> None:
    """Whoever changes his password is signed in here alone from now on."""
    ended = end_of_user(user.pk, but=mark(request.session.session_key))
    record("staff.password_changed", f"user:{user.pk}", payload={"sessions_ended": ended})


@receiver(app_authorized, dispatch_uid="accounts.token_issued")
def token_issued(sender: Any, token: Any, **kwargs: Any) -> None:
    client = token.application
    with actor_scope(Actor("client", org_id=client.organisation_id, client_id=client.pk)):
        record("token.issued", f"api_client:{client.pk}", payload={"scopes": sorted(token.scope.split())})

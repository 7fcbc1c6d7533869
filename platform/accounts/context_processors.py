from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from . import navigation
from .models import Role


def signed_in(request: HttpRequest) -> dict[str, Any]:
    """actor, organisation, memberships, patient; nav and who for web/staff.html.

    Reads only what the middleware found: it works in error pages, outside any transaction.
    """
    actor = getattr(request, "actor", None)
    context: dict[str, Any] = {
        "actor": actor,
        "organisation": getattr(request, "organisation", None),
        "memberships": getattr(request, "memberships", []),
        "patient_signed_in": getattr(request, "patient", None) is not None,
        "nav": [],
        "who": None,
        "home_url": reverse("home"),
        "demo_code": demo_code(request),
    }
    if actor is None or actor.kind != "staff":
        return context
    membership = request.membership  # type: ignore[attr-defined]
    labels = dict(Role.choices)
    context["nav"] = navigation.items(request)
    context["who"] = {
        "name": request.user.display_name,  # type: ignore[union-attr]
        "role": _("、").join(str(labels[role]) for role in membership.roles if role in actor.roles),
        "organisation": str(membership.organisation),
        "organisations": [
            {"id": m.organisation_id, "name": str(m.organisation), "current": m.pk == membership.pk}
            for m in context["memberships"]
        ],
        "switch_url": reverse("accounts:switch"),
        "sign_out_url": reverse("account_logout"),
        "account_url": reverse("mfa_index"),
    }
    return context


def demo_code(request: HttpRequest) -> str:
    """On the code page of a demonstration, what the invented member's authenticator shows now; else ''."""
    stage = getattr(request, "_login_stage", None)
    if stage is None or not settings.JIELI_DEMO or settings.PRODUCTION:
        return ""
    from devstack.demo import cast

    email = stage.login.user.email
    return cast.totp_now(email) if cast.is_member(email) else ""

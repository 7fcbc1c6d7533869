"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _


def site(request: HttpRequest) -> dict[str, Any]:
    """site_name, demo (is this the demonstration?), help_phone and its tel: form."""
    phone = getattr(settings, "JIELI_HELP_PHONE", "400-000-0000")
    return {
        "site_name": _("接力"),
        "demo": bool(getattr(settings, "JIELI_DEMO", False)),
        "help_phone": phone,
        "help_phone_tel": "".join(c for c in phone if c.isdigit() or c == "+"),
    }

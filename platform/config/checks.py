"""What a production process refuses to start with, each named so that it can be mended."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning


@register(Tags.security)
def production_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.PRODUCTION:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY_IS_DEMO:
        found.append(Error("DJANGO_SECRET_KEY is missing or the demo's: set a random one.", id="config.E001"))
    if settings.KEYS.demo:
        found.append(
            Error(
                "JIELI_KEYS_FILE is missing or holds demo keys: make keys with manage.py make_keys.",
                id="config.E002",
            )
        )
    if settings.DEBUG:
        found.append(Error("DJANGO_DEBUG must be off in production.", id="config.E003"))
    if settings.JIELI_DEMO:
        found.append(Error("JIELI_DEMO must be off in production.", id="config.E004"))
    if not settings.ALLOWED_HOSTS:
        found.append(Error("JIELI_ALLOWED_HOSTS is missing.", id="config.E005"))
    if not settings.DATABASES["default"]["PASSWORD"]:
        role = settings.JIELI_ROLE.upper()
        found.append(Error(f"JIELI_DB_{role}_PASSWORD or DATABASE_URL_{role} is missing.", id="config.E006"))
    if not settings.JIELI_CACHE_URL:
        found.append(
            CheckWarning(
                "JIELI_CACHE_URL is missing: sign-in limits count per process only. Name a Redis or Valkey.",
                id="config.W001",
            )
        )
    if settings.JIELI_SMS_BACKEND.endswith("ConsoleBackend"):
        found.append(Error("JIELI_SMS_BACKEND must be a real one in production.", id="config.E007"))
    return found

"""The log's signing key, from settings.KEYS.audit_seed; its name is settings.JIELI_AUDIT_ORIGIN."""

from __future__ import annotations

from django.conf import settings

from .note import Signer, Verifier


def signer() -> Signer:
    return Signer.from_seed(settings.JIELI_AUDIT_ORIGIN, settings.KEYS.audit_seed)


def verifier() -> Verifier:
    """The public half; str() of it is what auditors keep."""
    return signer().verifier

"""Staff: roles in an organisation, second factor."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from .models import ROLES_BY_KIND, Membership, User


def effective_roles(membership: Membership) -> frozenset[str]:
    """The roles that count: those that the organisation's kind knows."""
    return frozenset(membership.roles) & frozenset(ROLES_BY_KIND.get(membership.organisation.kind, ()))


def has_totp(user: User) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def enrol_totp(user: User, secret: str | None = None) -> str:
    """Give the user an authenticator and recovery codes (demo, tests); returns the base32 TOTP secret."""
    secret = secret or generate_totp_secret()
    if not has_totp(user):
        TOTP.activate(user, secret)
        RecoveryCodes.activate(user)
    return secret

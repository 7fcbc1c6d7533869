"""The process refuses to start when its database role could step around the promises."""

from __future__ import annotations

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connection


def too_much_power() -> list[str]:
    """What makes this session's role too powerful (empty when it is fine)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole,"
            " pg_has_role(session_user, 'jieli_owner', 'MEMBER')"
            " FROM pg_roles WHERE rolname = session_user"
        )
        name, superuser, bypass, create_role, owner = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind = 'r' AND pg_get_userbyid(c.relowner) = session_user"
        )
        owned = cursor.fetchone()[0]
    found = []
    if superuser:
        found.append(f"{name} is a superuser")
    if bypass:
        found.append(f"{name} has BYPASSRLS")
    if create_role:
        found.append(f"{name} has CREATEROLE")
    if owner and not superuser:
        found.append(f"{name} may act as jieli_owner")
    if owned:
        found.append(f"{name} owns {owned} tables")
    return found


def refuse_too_much_power() -> None:
    """Raises ImproperlyConfigured that names every power too many."""
    found = too_much_power()
    if found:
        raise ImproperlyConfigured(
            "The database role is too powerful: "
            + "; ".join(found)
            + ". Use jieli_app for web and jieli_engine for workers (manage.py db_roles makes them)."
        )


def refuse_bad_settings() -> None:
    if settings.PRODUCTION:
        errors = [
            check for check in checks.run_checks(tags=[checks.Tags.security]) if check.level >= checks.ERROR
        ]
        if errors:
            raise ImproperlyConfigured("\n".join(str(error) for error in errors))

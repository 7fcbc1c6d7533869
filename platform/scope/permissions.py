"""Every view declares to whom it discloses; a view without a declaration stops the start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver, get_resolver

from .actor import Actor

ATTRIBUTE = "jieli_permission"
# Views of third parties, by module: what they may disclose is settled here, not in their code.
THIRD_PARTY = {
    "allauth.": "public",  # sign-in; each page guards itself by allauth's own decorators
    "oauth2_provider.views.base": "public",  # token and revocation endpoints: they authenticate the client
    "drf_spectacular.views": "public",
    "django.contrib.staticfiles": "public",
    "django.views.static": "public",
    "django.views.i18n": "public",
}


@dataclass(frozen=True)
class Permission:
    """Who may call a view.

    name: public | patient | signed_in | staff | client. roles: for staff any of these roles; for clients
    any of these OAuth scopes. org: kinds of organisation, empty for any.
    """

    name: str
    roles: frozenset[str] = frozenset()
    org: frozenset[str] = frozenset()

    def allows(self, actor: Actor, org_kind: str | None) -> bool:
        if self.name == "public":
            return True
        if actor.kind == "public":
            return False
        if self.name == "signed_in":
            return True
        if self.name != actor.kind:
            return False
        if self.org and org_kind not in self.org:
            return False
        return not self.roles or bool(self.roles & actor.roles)


View = TypeVar("View", bound=Callable[..., Any])


def permission(
    name: str | None = None,
    *,
    staff: Iterable[str] | None = None,
    client: Iterable[str] | None = None,
    org: Iterable[str] = (),
) -> Callable[[View], View]:
    """Declare a view's permission: @permission("public"), ("patient"), ("signed_in"),
    (staff=["approver"], org=["charity"]) or (client=["settlements:write"], org=["statutory_insurer"]).
    staff=[] means any staff member of such an organisation.
    """
    if staff is not None:
        declared = Permission("staff", frozenset(staff), frozenset(org))
    elif client is not None:
        declared = Permission("client", frozenset(client), frozenset(org))
    elif name in {"public", "patient", "signed_in"}:
        declared = Permission(name, frozenset(), frozenset(org))
    else:
        raise ImproperlyConfigured(f"unknown permission {name!r}")

    def mark(view: View) -> View:
        setattr(view, ATTRIBUTE, declared)
        return view

    return mark


def declared_for(callback: Any) -> Permission | None:
    """The declaration of a URL callback: on the function, its class, or its module for third parties."""
    for holder in (callback, getattr(callback, "view_class", None), getattr(callback, "cls", None)):
        declared = getattr(holder, ATTRIBUTE, None)
        if declared is not None:
            return declared
    module = getattr(getattr(callback, "view_class", callback), "__module__", "")
    for prefix, name in THIRD_PARTY.items():
        if module.startswith(prefix):
            return Permission(name)
    return None


def walk(patterns: Iterable[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every URL pattern of the project with its route as text."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def undeclared_views() -> list[str]:
    return [
        f"{route} ({getattr(pattern.callback, '__module__', '?')})"
        for route, pattern in walk()
        if declared_for(pattern.callback) is None
    ]


def refuse_undeclared_views() -> None:
    missing = undeclared_views()
    if missing:
        raise ImproperlyConfigured("views without a declared permission: " + ", ".join(missing))

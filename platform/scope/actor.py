from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["staff", "client", "patient", "engine", "public", "system"]


class NoActorError(RuntimeError):
    """Work on data was tried outside an actor_scope()."""


@dataclass(frozen=True)
class Actor:
    """Who is acting, on whose behalf.

    staff: user_id acting for org_id with `roles`; client: API client client_id of org_id with OAuth
    scopes in `roles`; patient: account_id; engine: a worker; public: nobody signed in;
    system: start-up commands run by the owner.
    """

    kind: Kind
    org_id: int | None = None
    user_id: int | None = None
    account_id: int | None = None
    client_id: int | None = None
    roles: frozenset[str] = frozenset()
    session: str | None = None

    @property
    def label(self) -> str:
        """The form in which the audit names the actor: 'staff:12@3', 'client:4@2', 'patient:77', 'engine'."""
        if self.kind == "staff":
            return f"staff:{self.user_id}@{self.org_id}"
        if self.kind == "client":
            return f"client:{self.client_id}@{self.org_id}"
        if self.kind == "patient":
            return f"patient:{self.account_id}"
        return self.kind

    def has(self, *roles: str) -> bool:
        return bool(self.roles.intersection(roles))


PUBLIC = Actor("public")
ENGINE = Actor("engine")
SYSTEM = Actor("system")

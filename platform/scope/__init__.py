"""Who acts, in which transaction: the one scope of every request and task.

A scope is a database transaction with a signed, transaction-local context that row-level security reads.
Nothing personal can be read outside one.
"""

from .actor import Actor, NoActorError
from .permissions import permission
from .scope import actor_scope, current_actor, engine_scope

__all__ = ["Actor", "NoActorError", "actor_scope", "current_actor", "engine_scope", "permission"]

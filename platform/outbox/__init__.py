"""Events in the transaction: a change and the wake-up it causes are committed together or not at all."""

from .authority import asked_by
from .registry import emit, emit_many, on

__all__ = ["asked_by", "emit", "emit_many", "on"]

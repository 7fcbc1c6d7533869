"""Events in the transaction: a change and the wake-up it causes are committed together or not at all."""

from .registry import emit, emit_many, on

__all__ = ["emit", "emit_many", "on"]

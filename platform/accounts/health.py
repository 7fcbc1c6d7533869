"""What the rooms above tell on the operator's health page: figures in a sentence each, no person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    title: str
    lines: tuple[str, ...]


_makers: list[Callable[[], Panel]] = []


def tells(make: Callable[[], Panel]) -> Callable[[], Panel]:
    """Register a room's panel (AppConfig.ready); made anew for every visit, in the visitor's scope."""
    if make not in _makers:
        _makers.append(make)
    return make


def panels() -> list[Panel]:
    return [make() for make in _makers]

"""The bar under an amount, where one bound alone is named: the one that the server's refusal names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django import template

from web import charts
from web.templatetags import jieli

register = template.Library()


@register.inclusion_tag("web/charts/limit.html")
def bounds(limits: Iterable[charts.Limit], amount: Any = None, field_id: str = "") -> dict[str, Any]:
    """`limit_bar` with a tie marked once, at its first line; arguments as there."""
    found = jieli.limit_bar(limits, amount, field_id)
    bar = found["bar"]
    lines = tuple(replace(line, binds=line.binds and at == 0) for at, line in enumerate(bar.lines))
    return {**found, "bar": replace(bar, lines=lines)}

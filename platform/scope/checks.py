from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from .permissions import undeclared_views


@register(Tags.urls)
def views_declare_permission(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"{view} declares no permission; add @permission(…).", id="scope.E001")
        for view in undeclared_views()
    ]

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from . import (
            api,  # noqa: F401  (registers the OpenAPI description of our tokens)
            signals,  # noqa: F401
        )

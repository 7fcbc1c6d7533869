from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "insurance.linking"
    label = "linking"

    def ready(self) -> None:
        from accounts import health

        from . import handlers, quality  # noqa: F401 - registers them

        health.tells(quality.panel)

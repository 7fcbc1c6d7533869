from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "charity.findings"
    label = "findings"

    def ready(self) -> None:
        from outbox import on

        from . import handlers

        on("finding.recorded")(handlers.finding_recorded)

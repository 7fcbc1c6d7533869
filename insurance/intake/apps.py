from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "insurance.intake"
    label = "intake"

    def ready(self) -> None:
        from outbox import on

        from . import processing

        on("intake.received")(processing.process)
        on("linking.linked")(processing.person_found)
        on("linking.bill_decided")(processing.twin_decided)

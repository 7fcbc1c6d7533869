from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "insurance.desk"
    label = "desk"

    def ready(self) -> None:
        from outbox import on

        from . import letters

        on("invitation.requested")(letters.prepare)
        on("need.changed")(letters.prepare_waiting)

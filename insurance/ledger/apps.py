from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "insurance.ledger"
    label = "ledger"

    def ready(self) -> None:
        from outbox import on

        from . import recovery

        on("need.changed")(recovery.settle)

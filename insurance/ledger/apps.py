from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "insurance.ledger"
    label = "ledger"

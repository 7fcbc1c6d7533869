from django.apps import AppConfig


class FundsConfig(AppConfig):
    name = "charity.funds"
    label = "funds"

from django.apps import AppConfig


class AwardsConfig(AppConfig):
    name = "charity.awards"
    label = "awards"

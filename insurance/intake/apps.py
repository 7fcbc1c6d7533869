from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "insurance.intake"
    label = "intake"

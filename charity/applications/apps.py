from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    name = "charity.applications"
    label = "applications"

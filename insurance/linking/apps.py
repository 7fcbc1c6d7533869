from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "insurance.linking"
    label = "linking"

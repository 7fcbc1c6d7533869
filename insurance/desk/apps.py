from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "insurance.desk"
    label = "desk"

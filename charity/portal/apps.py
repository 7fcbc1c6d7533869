from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "charity.portal"
    label = "portal"

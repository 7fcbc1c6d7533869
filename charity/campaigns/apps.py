from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "charity.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        from . import handlers  # noqa: F401 - registers them

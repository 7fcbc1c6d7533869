from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "charity.campaigns"
    label = "campaigns"

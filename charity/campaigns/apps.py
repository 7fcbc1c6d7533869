from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "charity.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        from insurance.linking.followers import Follower, follow

        from .models import CampaignLink

        follow(
            Follower(
                "campaign", CampaignLink, "identity_id", causes=lambda ids: [f"campaign:{pk}" for pk in ids]
            )
        )
        from . import handlers  # noqa: F401 - registers them

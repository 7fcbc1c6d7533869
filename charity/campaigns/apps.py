from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "charity.campaigns"
    label = "campaigns"

    def ready(self) -> None:
        from insurance.linking.followers import Follower, follow
        from insurance.linking.passages import read_by

        from . import appeals
        from .models import CampaignLink

        follow(
            Follower(
                "campaign", CampaignLink, "identity_id", causes=lambda ids: [f"campaign:{pk}" for pk in ids]
            )
        )
        read_by("campaign", appeals.passages_of)
        from . import handlers  # noqa: F401 - registers them

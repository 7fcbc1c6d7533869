"""A platform sees its own campaigns, never to whom they were linked."""

from django.db import migrations

from consent.rls import live, represents
from scope import rls
from scope.rls import Policy

OWN = "(SELECT app_kind()) IN ('client', 'staff') AND platform_id = (SELECT app_org())"
BY_LINK = "EXISTS (SELECT 1 FROM campaign_link l WHERE l.campaign_id = campaign.id)"


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial"), ("consent", "0002_access")]
    operations = [
        *rls.grant("campaign_link", app="SELECT", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "campaign_link",
            [
                rls.engine_all("campaign_link"),
                Policy(
                    "consented",
                    "app",
                    "SELECT",
                    live("campaign_link", "need_id", "other_aid", match="need_id"),
                ),
                Policy("represented", "app", "SELECT", represents("campaign_link")),
            ],
        ),
        *rls.grant("campaign", app="SELECT, INSERT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "campaign",
            [
                rls.engine_all("campaign"),
                Policy("own", "app", "ALL", OWN, OWN),
                # whoever may see the link (its own policy decides) may see the amounts
                Policy("linked", "app", "SELECT", BY_LINK),
            ],
        ),
    ]

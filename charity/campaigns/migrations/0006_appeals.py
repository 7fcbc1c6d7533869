"""The words of appeals are their platform's and the engine's; what was read of them is the reviewer's, of what he is asked."""

import django.db.models.deletion
from django.db import migrations, models

import vault.fields
from scope import rls
from scope.rls import Policy

PUSHED = (
    "(SELECT app_kind()) = 'client'"
    " AND (SELECT o.kind FROM organisation o WHERE o.id = (SELECT app_org())) = 'crowdfunding'"
    " AND EXISTS (SELECT 1 FROM campaign c WHERE c.id = campaign_appeal.campaign_id"
    " AND c.platform_id = (SELECT app_org()))"
)
REVIEWER = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM membership m JOIN organisation o ON o.id = m.organisation_id"
    " WHERE m.user_id = (SELECT app_user()) AND m.organisation_id = (SELECT app_org()) AND m.is_active"
    " AND o.kind = 'operator' AND 'linkage_reviewer' = ANY (m.roles))"
)
ASKED = (
    "EXISTS (SELECT 1 FROM link_review v"
    " WHERE campaign_reading.identity_id IN (v.identity_id, v.candidate_identity_id))"
)


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_push_log"),
        ("linking", "0002_access"),
        ("consent", "0002_access"),
    ]

    operations = [
        migrations.CreateModel(
            name="CampaignAppeal",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="appeal",
                        serialize=False,
                        to="campaigns.campaign",
                    ),
                ),
                ("title", vault.fields.SealedText("campaigns.title", null=True)),
                ("story", vault.fields.SealedText("campaigns.story", null=True)),
            ],
            options={
                "db_table": "campaign_appeal",
            },
        ),
        migrations.CreateModel(
            name="CampaignReading",
            fields=[
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="reading",
                        serialize=False,
                        to="campaigns.campaign",
                    ),
                ),
                ("identity_id", models.BigIntegerField(db_index=True)),
                ("version", models.PositiveIntegerField(help_text="of the campaign that was read")),
                ("extractor", models.CharField(help_text="version of the rules that read it", max_length=40)),
                (
                    "found",
                    vault.fields.SealedJSON(
                        "campaigns.reading",
                        help_text="[{field, value, where, start, end, used, contradicts}]; spans of title or story",
                    ),
                ),
                (
                    "passages",
                    vault.fields.SealedJSON(
                        "campaigns.passages", help_text="the same as the reviewer sees them, masked"
                    ),
                ),
                ("read_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "db_table": "campaign_reading",
            },
        ),
        *rls.grant("campaign_appeal", app="SELECT, INSERT, UPDATE", engine="SELECT"),
        *rls.enable(
            "campaign_appeal",
            [
                rls.engine_all("campaign_appeal"),
                Policy("pushed", "app", "ALL", PUSHED, PUSHED),
            ],
        ),
        *rls.grant("campaign_reading", app="SELECT", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "campaign_reading",
            [
                rls.engine_all("campaign_reading"),
                Policy("reviewer_reads", "app", "SELECT", f"{REVIEWER} AND {ASKED}"),
            ],
        ),
    ]

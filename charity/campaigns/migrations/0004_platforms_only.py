"""Campaigns come from crowdfunding platforms alone, whatever the web is made to insert in another house's name."""

from django.db import migrations

PLATFORM = "(SELECT o.kind FROM organisation o WHERE o.id = (SELECT app_org())) = 'crowdfunding'"


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_postings"), ("accounts", "0003_membership_guard")]
    operations = [
        migrations.RunSQL(
            f"""
            CREATE POLICY platforms_insert ON campaign AS RESTRICTIVE FOR INSERT TO jieli_app
              WITH CHECK ({PLATFORM});
            CREATE POLICY platforms_update ON campaign AS RESTRICTIVE FOR UPDATE TO jieli_app
              WITH CHECK ({PLATFORM});
            """,
            "DROP POLICY platforms_update ON campaign; DROP POLICY platforms_insert ON campaign;",
        )
    ]

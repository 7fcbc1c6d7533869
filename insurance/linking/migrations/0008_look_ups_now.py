"""A look-up counts in the hour in which it is asked: its time is not written into the past."""

from django.db import migrations

REVIEWER = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM membership m JOIN organisation o ON o.id = m.organisation_id"
    " WHERE m.user_id = (SELECT app_user()) AND m.organisation_id = (SELECT app_org()) AND m.is_active"
    " AND o.kind = 'operator' AND 'linkage_reviewer' = ANY (m.roles))"
)
OWN = f"asked_by = (SELECT app_user()) AND state = 'waiting' AND reviews = '{{}}' AND {REVIEWER}"
NOW = "asked_at BETWEEN now() - interval '5 minutes' AND now() + interval '5 minutes'"


class Migration(migrations.Migration):
    dependencies = [("linking", "0007_two_people")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY reviewer_asks ON link_lookup WITH CHECK ({OWN} AND {NOW});",
            f"ALTER POLICY reviewer_asks ON link_lookup WITH CHECK ({OWN});",
        )
    ]

"""A check is recorded now, by those whom the page lets: held here too, for a member of staff with SQL of his own."""

from django.db import migrations

BY_ROLE = (
    "recorded_at BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'"
    " AND EXISTS (SELECT 1 FROM membership m WHERE m.user_id = (SELECT app_user())"
    " AND m.organisation_id = (SELECT app_org()) AND m.is_active AND m.roles::text[] &&"
    " CASE fact WHEN 'committee' THEN '{case_worker,fund_manager}'::text[]"
    " WHEN 'subject_bill' THEN '{case_worker}'::text[] ELSE '{case_worker,approver}'::text[] END)"
)


class Migration(migrations.Migration):
    dependencies = [("findings", "0005_family_copy"), ("accounts", "0003_membership_guard")]
    operations = [
        migrations.RunSQL(
            f"CREATE POLICY by_role ON finding AS RESTRICTIVE FOR INSERT TO jieli_app WITH CHECK ({BY_ROLE});",
            "DROP POLICY by_role ON finding;",
        )
    ]

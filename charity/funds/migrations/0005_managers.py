"""Funds, their rules and the trials of drafts are written by the house's fund managers: held here too, for a member of
staff with SQL of his own. User 0 is the command line's: no page signs a context with it.
"""

from django.db import migrations

MANAGER = (
    "(SELECT app_user()) = 0 OR EXISTS (SELECT 1 FROM membership m WHERE m.user_id = (SELECT app_user())"
    " AND m.organisation_id = (SELECT app_org()) AND m.is_active AND 'fund_manager' = ANY (m.roles))"
)
TABLES = ("fund", "rule_version", "rule_trial")
FORWARD = [
    f"CREATE POLICY managers ON {table} AS RESTRICTIVE FOR INSERT TO jieli_app WITH CHECK ({MANAGER});"
    for table in TABLES
]
BACK = [f"DROP POLICY managers ON {table};" for table in TABLES]


class Migration(migrations.Migration):
    dependencies = [("funds", "0004_rule_trial"), ("accounts", "0003_membership_guard")]
    operations = [
        migrations.RunSQL("\n".join(FORWARD), "\n".join(BACK)),
        migrations.RunSQL(
            f"CREATE POLICY managers_change ON fund AS RESTRICTIVE FOR UPDATE TO jieli_app USING ({MANAGER});",
            "DROP POLICY managers_change ON fund;",
        ),
    ]

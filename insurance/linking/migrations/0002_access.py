"""The operator's linkage reviewer sees the pairs under review, nobody else does."""

from django.db import migrations

from scope import rls
from scope.rls import Policy

REVIEWER = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM membership m JOIN organisation o ON o.id = m.organisation_id"
    " WHERE m.user_id = (SELECT app_user()) AND m.organisation_id = (SELECT app_org()) AND m.is_active"
    " AND o.kind = 'operator' AND 'linkage_reviewer' = ANY (m.roles))"
)


class Migration(migrations.Migration):
    dependencies = [("linking", "0001_initial"), ("consent", "0002_access"), ("accounts", "0002_access")]
    operations = [
        *rls.grant("link_review", app="SELECT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "link_review",
            [
                rls.engine_all("link_review"),
                Policy("reviewer_reads", "app", "SELECT", REVIEWER),
                Policy("reviewer_decides", "app", "UPDATE", REVIEWER, REVIEWER),
            ],
        ),
        *rls.grant("not_same", app="", engine="SELECT, INSERT, DELETE"),
        migrations.RunSQL(
            f"CREATE POLICY reviewer ON identity FOR SELECT TO jieli_app USING ({REVIEWER} AND EXISTS"
            " (SELECT 1 FROM link_review v WHERE identity.id IN (v.identity_id, v.candidate_identity_id)));",
            "DROP POLICY reviewer ON identity;",
        ),
    ]

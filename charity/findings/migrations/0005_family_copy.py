"""The family reads what was checked about it (PIPL 45), once its identity is proven; not the fund's own deliberation."""

from django.db import migrations

from scope.rls import Policy

MINE = (
    "(SELECT app_kind()) = 'patient' AND fact NOT IN ('committee', 'subject_bill')"
    " AND EXISTS (SELECT 1 FROM application a WHERE a.id = finding.application_id"
    " AND a.account_id = (SELECT app_account()) AND a.proof = 'proven')"
)


class Migration(migrations.Migration):
    dependencies = [("findings", "0004_no_own_ids"), ("applications", "0006_papers_guard")]
    operations = [
        migrations.RunSQL(
            Policy("family", "app", "SELECT", MINE).sql("finding"), "DROP POLICY family ON finding;"
        )
    ]

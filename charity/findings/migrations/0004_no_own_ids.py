"""The newest check is the one with the highest id: nobody online chooses an id."""

from django.db import migrations

COLUMNS = (
    "case_id, organisation_id, application_id, consent_id, fact, key, category, outcome, value, means,"
    " document_id, source, checked_on, valid_until, recorded_by_id, recorded_at"
)


class Migration(migrations.Migration):
    dependencies = [("findings", "0003_kept_with_the_case")]
    operations = [
        migrations.RunSQL(
            f"REVOKE INSERT ON finding FROM jieli_app; GRANT INSERT ({COLUMNS}) ON finding TO jieli_app;",
            f"REVOKE INSERT ({COLUMNS}) ON finding FROM jieli_app; GRANT INSERT ON finding TO jieli_app;",
        )
    ]

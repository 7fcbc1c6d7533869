"""An application begins as a claim: the web cannot insert one that is already somebody's. And a review is asked
only of a case of the family's own application, from the organisation that decided it.
"""

from django.db import migrations

OWN = (
    "(SELECT app_kind()) = 'patient' AND EXISTS (SELECT 1 FROM application a"
    " WHERE a.id = review_request.application_id AND a.account_id = (SELECT app_account()))"
)


class Migration(migrations.Migration):
    dependencies = [("applications", "0004_look_up"), ("awards", "0002_access")]
    operations = [
        migrations.RunSQL(
            "CREATE POLICY claimed_only ON application AS RESTRICTIVE FOR INSERT TO jieli_app"
            " WITH CHECK (proof = 'claimed' AND person_id IS NULL AND need_id IS NULL"
            " AND identity_id IS NULL AND identity_checked_at IS NULL);",
            "DROP POLICY claimed_only ON application;",
        ),
        migrations.RunSQL(
            f"""
            DROP POLICY own_ask ON review_request;
            CREATE POLICY own_ask ON review_request FOR INSERT TO jieli_app
              WITH CHECK ({OWN} AND EXISTS (SELECT 1 FROM aid_case k
                WHERE k.id = review_request.case_id AND k.application_id = review_request.application_id
                AND k.organisation_id = review_request.organisation_id)
                AND answer IS NULL AND answered_by IS NULL AND answered_at IS NULL);
            """,
            f"""
            DROP POLICY own_ask ON review_request;
            CREATE POLICY own_ask ON review_request FOR INSERT TO jieli_app WITH CHECK ({OWN});
            """,
        ),
    ]

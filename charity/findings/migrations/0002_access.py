"""A check is made in one's own name, on one's own house's open case, under the consent in force; never changed.

Read by that house alone, as long as that very consent lives and names the category. Nobody of another house, no
family page, and after a withdrawal nobody at all but the engine, which does not use it either.
"""

from django.db import migrations

from scope import rls
from scope.rls import Policy

LIVE = (
    "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
    " AND EXISTS (SELECT 1 FROM consent c WHERE c.id = finding.consent_id"
    " AND c.application_id = finding.application_id AND c.organisation_id = (SELECT app_org())"
    " AND c.decision AND c.withdrawn_at IS NULL AND c.valid_until > now()"
    " AND finding.category = ANY (c.categories))"
)
OWN_CASE = (
    "recorded_by_id = (SELECT app_user())"
    " AND EXISTS (SELECT 1 FROM aid_case k WHERE k.id = finding.case_id"
    " AND k.organisation_id = finding.organisation_id AND k.consent_id = finding.consent_id"
    " AND k.application_id = finding.application_id"
    " AND k.state IN ('new', 'waiting_family', 'proposed', 'approved'))"
    " AND (document_id IS NULL OR EXISTS (SELECT 1 FROM document d WHERE d.id = finding.document_id"
    " AND d.application_id = finding.application_id AND d.state = 'accepted'))"
)


class Migration(migrations.Migration):
    dependencies = [
        ("findings", "0001_initial"),
        ("consent", "0002_access"),
        ("applications", "0006_papers_guard"),
        ("awards", "0004_guards"),
    ]
    operations = [
        *rls.grant("finding", app="SELECT, INSERT", engine="SELECT"),
        *rls.append_only("finding"),
        *rls.enable(
            "finding",
            [
                rls.engine_all("finding"),
                Policy("consented", "app", "SELECT", LIVE),
                Policy("own_case", "app", "INSERT", check=f"{LIVE} AND {OWN_CASE}"),
            ],
        ),
    ]

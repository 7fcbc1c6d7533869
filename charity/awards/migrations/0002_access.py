"""Cases and awards are their organisation's, with or without consent (number, decision, amounts stay);
the family reads its own."""

from django.db import migrations

from scope import rls
from scope.rls import Policy

OWN = "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
FAMILY_CASE = (
    "(SELECT app_kind()) = 'patient' AND EXISTS (SELECT 1 FROM application a"
    " WHERE a.id = aid_case.application_id AND a.account_id = (SELECT app_account()))"
)


def by_case(table: str) -> str:
    return (
        f"(SELECT app_kind()) = 'patient' AND EXISTS (SELECT 1 FROM aid_case k WHERE k.id = {table}.case_id)"
    )


class Migration(migrations.Migration):
    dependencies = [("awards", "0001_initial"), ("applications", "0002_access")]
    operations = [
        *rls.grant("aid_case", app="SELECT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "aid_case",
            [
                rls.engine_all("aid_case"),
                Policy("own", "app", "SELECT", OWN),
                Policy("own_change", "app", "UPDATE", OWN, OWN),
                Policy("family", "app", "SELECT", FAMILY_CASE),
            ],
        ),
        *rls.grant("award", app="SELECT, INSERT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "award",
            [
                rls.engine_all("award"),
                Policy("own", "app", "ALL", OWN, OWN),
                Policy("family", "app", "SELECT", by_case("award")),
            ],
        ),
        *rls.grant("case_event", app="SELECT, INSERT", engine="SELECT, INSERT"),
        *rls.append_only("case_event"),
        *rls.enable(
            "case_event",
            [
                rls.engine_all("case_event"),
                Policy("own", "app", "ALL", OWN, OWN),
                Policy("family", "app", "SELECT", "visible_to_family AND " + by_case("case_event")),
            ],
        ),
    ]

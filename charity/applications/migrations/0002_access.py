"""An application is its account's; a charity that it was opened to reads what the consent names."""

from django.db import migrations

from consent.rls import live
from scope import rls
from scope.rls import Policy

OWN = "(SELECT app_kind()) = 'patient' AND account_id = (SELECT app_account())"


def of_own(table: str) -> str:
    return (
        "(SELECT app_kind()) = 'patient' AND EXISTS (SELECT 1 FROM application a"
        f" WHERE a.id = {table}.application_id AND a.account_id = (SELECT app_account()))"
    )


ASKING = "organisation_id = (SELECT app_org()) AND " + live("document_request", "application_id", "identity")


class Migration(migrations.Migration):
    dependencies = [("applications", "0001_initial"), ("consent", "0002_access")]
    operations = [
        *rls.grant("application", app="SELECT, INSERT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "application",
            [
                rls.engine_all("application"),
                Policy("own", "app", "ALL", OWN, OWN),
                Policy("consented", "app", "SELECT", live("application", "id", "identity")),
            ],
        ),
        *rls.grant("document", app="SELECT, INSERT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "document",
            [
                rls.engine_all("document"),
                Policy("own", "app", "ALL", of_own("document"), of_own("document")),
                Policy("consented", "app", "SELECT", live("document", "application_id", "documents")),
                Policy("checked", "app", "UPDATE", live("document", "application_id", "documents")),
            ],
        ),
        *rls.grant("document_request", app="SELECT, INSERT, UPDATE", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "document_request",
            [
                rls.engine_all("document_request"),
                Policy("own", "app", "SELECT", of_own("document_request")),
                Policy("own_answer", "app", "UPDATE", of_own("document_request")),
                Policy("asking", "app", "ALL", ASKING, ASKING),
            ],
        ),
        # A yes is worth something only from the account whose application it is.
        # SECURITY DEFINER, because the policies of `application` look at `consent` in turn.
        migrations.RunSQL(
            """
            CREATE FUNCTION owns_application(wanted bigint) RETURNS boolean
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
              SELECT EXISTS (SELECT 1 FROM application WHERE id = wanted AND account_id = app_account())
            $$;
            CREATE POLICY own_application ON consent AS RESTRICTIVE FOR INSERT TO jieli_app
              WITH CHECK (owns_application(application_id));
            """,
            "DROP POLICY own_application ON consent; DROP FUNCTION owns_application(bigint);",
        ),
    ]

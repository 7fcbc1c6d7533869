"""A patient gives and withdraws; a recipient sees the yes that concerns it and acknowledges deletion."""

from django.db import migrations

from consent.rls import live
from scope import rls
from scope.rls import Policy

GUARD = """
CREATE FUNCTION consent_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  kept consent := NEW;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF app_kind() = 'patient' THEN
    IF OLD.withdrawn_at IS NOT NULL THEN
      RAISE EXCEPTION 'a withdrawn consent is not changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    kept.withdrawn_at := OLD.withdrawn_at;
  ELSIF app_kind() = 'staff' THEN
    kept.deletion_acknowledged_at := OLD.deletion_acknowledged_at;
    kept.deletion_acknowledged_by := OLD.deletion_acknowledged_by;
  END IF;
  IF kept IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a consent is given or withdrawn, never changed' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER consent_guard BEFORE UPDATE ON consent FOR EACH ROW EXECUTE FUNCTION consent_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0001_initial"), ("people", "0002_access")]
    operations = [
        *rls.grant("notice", app="SELECT, INSERT", engine="SELECT"),
        *rls.append_only("notice"),
        *rls.grant("consent", app="SELECT, INSERT, UPDATE", engine="SELECT, UPDATE"),
        migrations.RunSQL(GUARD, "DROP TRIGGER consent_guard ON consent; DROP FUNCTION consent_guard();"),
        *rls.enable(
            "consent",
            [
                rls.engine_all("consent"),
                Policy(
                    "own",
                    "app",
                    "ALL",
                    "(SELECT app_kind()) = 'patient' AND account_id = (SELECT app_account())",
                    "(SELECT app_kind()) = 'patient' AND account_id = (SELECT app_account())",
                ),
                Policy(
                    "recipient_reads",
                    "app",
                    "SELECT",
                    "decision AND (SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())",
                ),
                Policy(
                    "recipient_acknowledges",
                    "app",
                    "UPDATE",
                    "decision AND withdrawn_at IS NOT NULL AND (SELECT app_kind()) = 'staff'"
                    " AND organisation_id = (SELECT app_org())",
                ),
            ],
        ),
        migrations.RunSQL(
            f"CREATE POLICY consented ON hardship FOR SELECT TO jieli_app"
            f" USING ({live('hardship', 'person_id', 'household', match='person_id')});",
            "DROP POLICY consented ON hardship;",
        ),
    ]

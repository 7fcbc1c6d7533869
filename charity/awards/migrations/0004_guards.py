"""What a member of staff may write with SQL of his own is what the services write, in his own name, on his own case.

A case is never turned to another person, need, fund or consent; an award and a line of history hang on a case of the
same organisation (and fund); whoever proposes, approves or pays is the one who is signed in.
"""

from django.db import migrations

OWN = "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
OF_THE_CASE = (
    OWN + " AND EXISTS (SELECT 1 FROM aid_case k WHERE k.id = {table}.case_id"
    " AND k.organisation_id = {table}.organisation_id{more})"
)

COLUMNS = """
REVOKE UPDATE ON aid_case FROM jieli_app;
GRANT UPDATE (state, assignee_id, closed_at) ON aid_case TO jieli_app;
"""
COLUMNS_BACK = """
REVOKE UPDATE (state, assignee_id, closed_at) ON aid_case FROM jieli_app;
GRANT UPDATE ON aid_case TO jieli_app;
"""

IN_OWN_NAME = """
CREATE FUNCTION award_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := app_user();
  IF TG_OP = 'INSERT' THEN
    IF NEW.proposed_by_id IS DISTINCT FROM me
      OR (NEW.approved_by_id IS NOT NULL AND NEW.approved_by_id IS DISTINCT FROM me)
      OR (NEW.paid_by_id IS NOT NULL AND NEW.paid_by_id IS DISTINCT FROM me) THEN
      RAISE EXCEPTION 'an award is written in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.proposed_by_id IS DISTINCT FROM OLD.proposed_by_id AND NEW.proposed_by_id IS DISTINCT FROM me)
    OR (NEW.approved_by_id IS DISTINCT FROM OLD.approved_by_id AND NEW.approved_by_id IS DISTINCT FROM me)
    OR (NEW.paid_by_id IS DISTINCT FROM OLD.paid_by_id AND NEW.paid_by_id IS DISTINCT FROM me) THEN
    RAISE EXCEPTION 'an award is written in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER award_guard BEFORE INSERT OR UPDATE ON award FOR EACH ROW EXECUTE FUNCTION award_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("awards", "0003_search")]
    operations = [
        migrations.RunSQL(COLUMNS, COLUMNS_BACK),
        migrations.RunSQL(
            "ALTER POLICY own ON award WITH CHECK ("
            + OF_THE_CASE.format(table="award", more=" AND k.fund_id = award.fund_id")
            + ");",
            f"ALTER POLICY own ON award WITH CHECK ({OWN});",
        ),
        migrations.RunSQL(
            f"ALTER POLICY own ON case_event WITH CHECK ({OF_THE_CASE.format(table='case_event', more='')});",
            f"ALTER POLICY own ON case_event WITH CHECK ({OWN});",
        ),
        migrations.RunSQL(IN_OWN_NAME, "DROP TRIGGER award_guard ON award; DROP FUNCTION award_guard();"),
    ]

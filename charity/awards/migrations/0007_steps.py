"""An award changes by its steps alone, each in the columns that are its own; a line of history carries the name of
whoever is signed in and the time at which it was written.
"""

from django.db import migrations

OF_THE_CASE = (
    "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
    " AND EXISTS (SELECT 1 FROM aid_case k WHERE k.id = case_event.case_id"
    " AND k.organisation_id = case_event.organisation_id)"
)
IN_OWN_NAME = (
    OF_THE_CASE + " AND user_id = (SELECT app_user())"
    " AND created_at BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'"
)

STEPS = """
CREATE OR REPLACE FUNCTION award_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
  kept public.award := NEW;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := public.app_user();
  IF TG_OP = 'INSERT' THEN
    IF NEW.proposed_by_id IS DISTINCT FROM me OR NEW.state <> 'proposed' OR NEW.returned <> 0
       OR NEW.proposed_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
       OR NEW.approved_by_id IS NOT NULL OR NEW.approved_at IS NOT NULL OR NEW.paid_by_id IS NOT NULL
       OR NEW.paid_at IS NOT NULL OR NEW.payment_reference IS NOT NULL THEN
      RAISE EXCEPTION 'an award begins as one''s own proposal' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  kept.state := OLD.state;
  CASE OLD.state || '>' || NEW.state
    WHEN 'proposed>proposed' THEN
      IF OLD.proposed_by_id IS DISTINCT FROM me THEN
        RAISE EXCEPTION 'an award is written in one''s own name' USING ERRCODE = 'insufficient_privilege';
      END IF;
      kept.amount := OLD.amount;
      kept.bases := OLD.bases;
    WHEN 'proposed>sent_back', 'proposed>refused', 'approved>cancelled' THEN
      NULL;
    WHEN 'proposed>approved' THEN
      IF NEW.approved_by_id IS DISTINCT FROM me OR NEW.approved_at IS NULL OR NEW.hold_until IS NOT NULL THEN
        RAISE EXCEPTION 'an award is written in one''s own name' USING ERRCODE = 'insufficient_privilege';
      END IF;
      kept.approved_by_id := OLD.approved_by_id;
      kept.approved_at := OLD.approved_at;
      kept.hold_until := OLD.hold_until;
    WHEN 'approved>paid' THEN
      IF NEW.paid_by_id IS DISTINCT FROM me OR NEW.paid_at IS NULL THEN
        RAISE EXCEPTION 'an award is written in one''s own name' USING ERRCODE = 'insufficient_privilege';
      END IF;
      kept.paid_by_id := OLD.paid_by_id;
      kept.paid_at := OLD.paid_at;
      kept.payment_reference := OLD.payment_reference;
    WHEN 'paid>paid', 'paid>returned' THEN
      IF NEW.returned NOT BETWEEN OLD.returned AND NEW.amount
         OR (NEW.state = 'returned') <> (NEW.returned = NEW.amount) THEN
        RAISE EXCEPTION 'no more comes back than went out' USING ERRCODE = 'insufficient_privilege';
      END IF;
      kept.returned := OLD.returned;
    ELSE
      RAISE EXCEPTION 'an award does not go from % to %', OLD.state, NEW.state
        USING ERRCODE = 'insufficient_privilege';
  END CASE;
  IF kept IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a step changes what is its own' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("awards", "0006_words")]
    operations = [
        migrations.RunSQL(STEPS, migrations.RunSQL.noop),
        migrations.RunSQL(
            f"ALTER POLICY own ON case_event WITH CHECK ({IN_OWN_NAME});",
            f"ALTER POLICY own ON case_event WITH CHECK ({OF_THE_CASE});",
        ),
    ]

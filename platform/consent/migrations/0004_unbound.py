"""A yes is bound to a person and a need by the engine alone.

Found by attack: a patient's session could insert a yes that already named another person's need, and the
charity it named then read that person's bills and hardship.
"""

from django.db import migrations

SQL = """
CREATE POLICY bound_by_the_engine ON consent AS RESTRICTIVE FOR INSERT TO jieli_app
  WITH CHECK (person_id IS NULL AND need_id IS NULL AND deletion_acknowledged_at IS NULL
    AND deletion_acknowledged_by IS NULL AND decided_at <= now() + interval '5 minutes'
    AND valid_until <= now() + interval '3 years');
CREATE OR REPLACE FUNCTION consent_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kept public.consent := NEW;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF public.app_kind() = 'patient' THEN
    IF OLD.withdrawn_at IS NOT NULL THEN
      RAISE EXCEPTION 'a withdrawn consent is not changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- at once or not at all: a withdrawal is never written into the future
    IF NEW.withdrawn_at > now() + interval '5 minutes' THEN
      RAISE EXCEPTION 'a consent is withdrawn now' USING ERRCODE = 'insufficient_privilege';
    END IF;
    kept.withdrawn_at := OLD.withdrawn_at;
  ELSIF public.app_kind() = 'staff' THEN
    IF OLD.deletion_acknowledged_at IS NOT NULL OR NEW.deletion_acknowledged_by IS DISTINCT FROM public.app_user() THEN
      RAISE EXCEPTION 'a deletion is acknowledged once, by oneself' USING ERRCODE = 'insufficient_privilege';
    END IF;
    kept.deletion_acknowledged_at := OLD.deletion_acknowledged_at;
    kept.deletion_acknowledged_by := OLD.deletion_acknowledged_by;
  END IF;
  IF kept IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a consent is given or withdrawn, never changed' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("consent", "0003_first_notice")]
    operations = [migrations.RunSQL(SQL, "DROP POLICY bound_by_the_engine ON consent;")]

"""Each step of an award asks for the role that the page asks for, and a case goes the ways that its steps give: held
here too, for a member of staff with SQL of his own.
"""

from django.db import migrations

STEPS = """
CREATE OR REPLACE FUNCTION award_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
  kept public.award := NEW;
  needed text[];
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := public.app_user();
  needed := CASE WHEN TG_OP = 'INSERT' THEN '{case_worker}'::text[] ELSE CASE OLD.state || '>' || NEW.state
    WHEN 'proposed>proposed' THEN '{case_worker}'::text[]
    WHEN 'approved>cancelled' THEN '{approver,fund_manager}'::text[]
    WHEN 'approved>paid' THEN '{payer}'::text[]
    WHEN 'paid>paid' THEN '{payer}'::text[]
    WHEN 'paid>returned' THEN '{payer}'::text[]
    ELSE '{approver}'::text[] END END;
  IF NOT EXISTS (SELECT 1 FROM public.membership m WHERE m.user_id = me
    AND m.organisation_id = public.app_org() AND m.is_active AND m.roles::text[] && needed) THEN
    RAISE EXCEPTION 'this step is not for this role' USING ERRCODE = 'insufficient_privilege';
  END IF;
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

CREATE FUNCTION aid_case_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' OR NEW.state = OLD.state THEN RETURN NEW; END IF;
  IF (OLD.state || '>' || NEW.state) <> ALL (ARRAY[
    'new>waiting_family', 'waiting_family>new', 'new>proposed', 'waiting_family>proposed',
    'proposed>new', 'proposed>approved', 'new>refused', 'waiting_family>refused', 'proposed>refused',
    'approved>new', 'approved>paid', 'paid>closed', 'refused>new']) THEN
    RAISE EXCEPTION 'a case does not go from % to %', OLD.state, NEW.state
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER aid_case_guard BEFORE UPDATE ON aid_case FOR EACH ROW EXECUTE FUNCTION aid_case_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("awards", "0008_cheap_policies")]
    operations = [
        migrations.RunSQL(STEPS, "DROP TRIGGER aid_case_guard ON aid_case; DROP FUNCTION aid_case_guard();")
    ]

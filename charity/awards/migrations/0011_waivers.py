"""A house leaves to the family no more than it has paid, however often; the guard of awards sees all that is asked back.

Found by attack: each waiver was held against the whole payment anew, so that a house that gave 1,000 yuan could waive in
six steps what another had given. And see ledger 0007: a guard that refuses for what it finds must see every row.
"""

from django.db import migrations

ACTIONS = """
CREATE OR REPLACE FUNCTION recovery_action_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
  kept public.recovery_action := NEW;
  needed text[];
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := public.app_user();
  needed := CASE WHEN TG_OP = 'INSERT' THEN '{payer,case_worker,fund_manager}'::text[]
    WHEN NEW.state = 'declined' AND OLD.proposed_by_id = me THEN '{payer,case_worker,fund_manager,approver}'::text[]
    ELSE '{approver,fund_manager}'::text[] END;
  IF NOT EXISTS (SELECT 1 FROM public.membership m WHERE m.user_id = me
    AND m.organisation_id = public.app_org() AND m.is_active AND m.roles::text[] && needed) THEN
    RAISE EXCEPTION 'this step is not for this role' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.proposed_by_id IS DISTINCT FROM me OR NEW.state <> 'proposed' OR NEW.decided_by_id IS NOT NULL
       OR NEW.decided_at IS NOT NULL OR NEW.done_at IS NOT NULL
       OR NEW.proposed_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
       OR NOT EXISTS (SELECT 1 FROM public.award a JOIN public.aid_case k ON k.id = a.case_id
         JOIN public.recovery_case r ON r.need_id = k.need_id
         WHERE a.id = NEW.award_id AND k.id = NEW.case_id AND a.organisation_id = NEW.organisation_id
           AND a.state = 'paid' AND r.id = NEW.recovery_id AND r.state = 'open'
           AND NEW.amount <= a.amount - a.returned AND (NEW.kind = 'returned' OR NEW.amount <= least(r.amount, a.amount - a.returned - (
             SELECT coalesce(sum(least(w.written_off, x.amount)), 0) FROM public.recovery_case w JOIN (
               SELECT o.recovery_id, sum(o.amount) AS amount FROM public.recovery_action o
               WHERE o.award_id = a.id AND o.kind = 'written_off' AND o.state = 'done' GROUP BY o.recovery_id
             ) x ON x.recovery_id = w.id))))
       OR NOT EXISTS (SELECT 1 FROM public.case_event e WHERE e.id = NEW.event_id AND e.case_id = NEW.case_id
         AND e.user_id = me AND e.amount = NEW.amount) THEN
      RAISE EXCEPTION 'what came back is said of one''s own award, in one''s own name, as long as it is asked back'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  kept.state := OLD.state;
  kept.decided_by_id := OLD.decided_by_id;
  kept.decided_at := OLD.decided_at;
  IF OLD.state <> 'proposed' OR NEW.state NOT IN ('confirmed', 'declined') OR kept IS DISTINCT FROM OLD
     OR NEW.decided_by_id IS DISTINCT FROM me
     OR NEW.decided_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes' THEN
    RAISE EXCEPTION 'a proposal is answered once, in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""
AWARDS = """
DROP TRIGGER award_recovery_guard ON award;
CREATE OR REPLACE FUNCTION award_recovery_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.aid_case k JOIN public.recovery_case r ON r.need_id = k.need_id
    WHERE k.id = OLD.case_id AND r.state = 'open') THEN
    RAISE EXCEPTION 'what is asked back takes two people' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION award_recovery_guard() FROM PUBLIC;
CREATE TRIGGER award_recovery_guard BEFORE UPDATE OF returned ON award FOR EACH ROW
  WHEN (NEW.returned IS DISTINCT FROM OLD.returned AND current_user = 'jieli_app')
  EXECUTE FUNCTION award_recovery_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("awards", "0010_recovery_actions"), ("ledger", "0007_guard_sees_all")]
    operations = [
        migrations.RunSQL(ACTIONS, migrations.RunSQL.noop),
        migrations.RunSQL(AWARDS, migrations.RunSQL.noop),
    ]

"""A house leaves to the family its own share of what is asked back jointly, not what others could still get back.

What several houses paid too much is one claim of joint creditors; who waives it waives his own share (Civil Code 520
para. 2; shares by what each has paid and not got back, 521). Before, a house that gave 1,000 yuan could end a claim of
1,000 yuan though another had given 9,000 of the 10,000. `recovery_waivable` is asked by the guard and by the pages alike.
"""

from django.db import migrations

WAIVABLE = """
CREATE FUNCTION recovery_waivable(asked bigint, of_award bigint) RETURNS numeric
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT greatest(0, least(
    r.amount,
    a.amount - a.returned - given.yuan,
    ceil(joint.yuan * (a.amount - a.returned) / paid.yuan * 100) / 100 - given.yuan
  ))::numeric(14, 2)
  FROM public.award a
  JOIN public.aid_case k ON k.id = a.case_id
  JOIN public.recovery_case r ON r.need_id = k.need_id
  CROSS JOIN LATERAL (
    SELECT sum(x.amount - x.returned) AS yuan FROM public.award x JOIN public.aid_case c ON c.id = x.case_id
    WHERE c.need_id = r.need_id AND x.state = 'paid'
  ) paid
  -- what is asked back of the need and what of it was waived; a wrong person's payments are a claim of their own
  CROSS JOIN LATERAL (
    SELECT sum(CASE WHEN w.state = 'open' THEN w.amount ELSE 0 END + w.written_off) AS yuan
    FROM public.recovery_case w WHERE w.need_id = r.need_id
      AND w.reference LIKE 'undo:%' = (r.reference LIKE 'undo:%')
  ) joint
  -- what this award's house has waived and no later bill has covered; a waiver goes along when needs are merged
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(least(o.yuan, (
      SELECT sum(w.written_off) FROM public.recovery_case w
      WHERE w.id = o.recovery_id OR w.reference = 'waived:' || o.recovery_id
    ))), 0) AS yuan FROM (
      SELECT recovery_id, sum(amount) AS yuan FROM public.recovery_action
      WHERE award_id = a.id AND kind = 'written_off' AND state = 'done' GROUP BY recovery_id
    ) o
  ) given
  WHERE r.id = asked AND a.id = of_award AND a.state = 'paid' AND a.amount > a.returned AND r.state = 'open'
    AND public.app_kind() = 'staff' AND a.organisation_id = public.app_org()
$$;
REVOKE ALL ON FUNCTION recovery_waivable(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION recovery_waivable(bigint, bigint) TO jieli_app, jieli_engine;
"""
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
           AND NEW.amount <= a.amount - a.returned
           AND (NEW.kind = 'returned' OR NEW.amount <= coalesce(public.recovery_waivable(r.id, a.id), 0)))
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


class Migration(migrations.Migration):
    dependencies = [("awards", "0011_waivers"), ("ledger", "0007_guard_sees_all")]
    operations = [
        migrations.RunSQL(WAIVABLE, migrations.RunSQL.noop),
        migrations.RunSQL(ACTIONS, migrations.RunSQL.noop),
    ]

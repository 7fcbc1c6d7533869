"""What an award holds, it holds on one need, one bill and in one fund; amounts are numbers.

Found by attack: a charity could reserve against a need it may see and release against another's, whose
promises then shrank; 'NaN' passed as a budget without end; a reference written ahead blocked another fund's posting.
The own-amounts check now comes before any total is touched, so that its refusal says nothing of the need named.
A merge takes an award along to the person it was merged into.
"""

from django.db import migrations, models

LIVE = (
    "EXISTS (SELECT 1 FROM consent c WHERE c.need_id = entry.need_id AND c.fund_id = entry.fund_id"
    " AND c.organisation_id = (SELECT app_org()) AND c.decision AND c.withdrawn_at IS NULL"
    " AND c.valid_until > now() AND 'bills' = ANY (c.categories))"
)
SAME_FUND = f"kind NOT IN ('reserve', 'commit') OR {LIVE}"

SHAPE = """
ALTER TABLE entry ADD CONSTRAINT entry_finite CHECK (
  d_residual <> 'NaN' AND d_reserved <> 'NaN' AND d_committed <> 'NaN' AND d_paid <> 'NaN');
ALTER TABLE entry ADD CONSTRAINT entry_reference CHECK (
  CASE WHEN award_id IS NOT NULL THEN starts_with(reference, 'award:' || award_id || ':')
       WHEN fund_id IS NOT NULL THEN starts_with(reference, 'fund:' || fund_id || ':')
       ELSE true END);
"""

ROOT = """
-- The need into which this one was merged (itself if it was not). A bill that was taken back is no merge.
CREATE FUNCTION ledger_need_root(start bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  here bigint := start;
  since bigint := 0;
  step record;
BEGIN
  LOOP
    SELECT f.id, t.need_id INTO step FROM public.entry f
      JOIN public.entry t ON t.kind = f.kind AND t.reference = left(f.reference, -5) || ':to'
      WHERE f.need_id = here AND f.id > since AND f.kind IN ('merge', 'unmerge') AND f.fund_id IS NULL
        AND f.settlement_id IS NULL AND f.reference LIKE '%:from' AND NOT starts_with(f.reference, 'undo:')
      ORDER BY f.id LIMIT 1;
    EXIT WHEN NOT FOUND;
    here := step.need_id;
    since := step.id;
  END LOOP;
  RETURN here;
END $$;
REVOKE ALL ON FUNCTION ledger_need_root(bigint) FROM PUBLIC;
"""

APPLY = """
CREATE OR REPLACE FUNCTION entry_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  change record;
  before record;
  promised numeric;
  new_excess numeric;
BEGIN
  PERFORM 1 FROM public.need_account WHERE id IN (SELECT need_id FROM new_rows) ORDER BY id FOR UPDATE;

  -- An award never commits, pays or gives back what another award, need, bill or fund holds. First of all:
  -- whoever names a need that is not his learns nothing from the refusal.
  IF EXISTS (
    SELECT 1 FROM new_rows r WHERE r.award_id IS NOT NULL AND r.settlement_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM public.settlement_balance b
        WHERE b.settlement_id = r.settlement_id AND b.need_id = r.need_id)
  ) OR EXISTS (
    SELECT 1 FROM public.entry e
    WHERE (e.award_id, e.fund_id) IN (SELECT award_id, fund_id FROM new_rows WHERE award_id IS NOT NULL)
    GROUP BY e.award_id, e.fund_id, e.need_id, e.settlement_id
    HAVING sum(e.d_reserved) < 0 OR sum(e.d_committed) < 0 OR sum(e.d_paid) < 0
  ) AND (EXISTS (
    SELECT 1 FROM new_rows r WHERE r.award_id IS NOT NULL AND public.ledger_need_root(r.need_id) <> r.need_id
  ) OR EXISTS (
    SELECT 1 FROM public.entry e
    WHERE (e.award_id, e.fund_id) IN (SELECT award_id, fund_id FROM new_rows WHERE award_id IS NOT NULL)
    GROUP BY e.award_id, e.fund_id, public.ledger_need_root(e.need_id), e.settlement_id
    HAVING sum(e.d_reserved) < 0 OR sum(e.d_committed) < 0 OR sum(e.d_paid) < 0
  )) THEN
    RAISE EXCEPTION 'award out of its own amounts' USING ERRCODE = 'check_violation', CONSTRAINT = 'award_own_amounts';
  END IF;

  FOR change IN
    SELECT need_id, sum(d_residual) AS residual, sum(d_reserved) AS reserved, sum(d_committed) AS committed,
           sum(d_paid) AS paid, min(kind) AS kind, min(reference) AS reference,
           bool_or(kind IN ('open', 'correct', 'external', 'merge', 'unmerge')) AS outside
    FROM new_rows WHERE need_id IS NOT NULL GROUP BY need_id ORDER BY need_id
  LOOP
    SELECT * INTO before FROM public.need_account WHERE id = change.need_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'need % does not exist', change.need_id; END IF;
    promised := before.reserved + change.reserved + before.committed + change.committed + before.paid + change.paid
      - (before.residual + change.residual);
    new_excess := greatest(0, promised);
    IF NOT change.outside THEN new_excess := least(before.excess, new_excess); END IF;
    UPDATE public.need_account SET residual = residual + change.residual, reserved = reserved + change.reserved,
      committed = committed + change.committed, paid = paid + change.paid, excess = new_excess
      WHERE id = change.need_id;
    IF new_excess > before.excess THEN
      INSERT INTO public.recovery_case (need_id, amount, cause, reference, state, opened_at)
        VALUES (change.need_id, new_excess - before.excess, change.kind, change.reference, 'open', now())
        ON CONFLICT DO NOTHING;
    END IF;
  END LOOP;

  PERFORM 1 FROM public.settlement_balance WHERE settlement_id IN (SELECT settlement_id FROM new_rows)
    ORDER BY settlement_id FOR UPDATE;
  FOR change IN
    SELECT settlement_id, sum(d_residual) AS residual, sum(d_reserved) AS reserved, sum(d_committed) AS committed,
           sum(d_paid) AS paid, bool_or(kind IN ('open', 'correct', 'external', 'merge', 'unmerge')) AS outside
    FROM new_rows WHERE settlement_id IS NOT NULL GROUP BY settlement_id ORDER BY settlement_id
  LOOP
    SELECT * INTO before FROM public.settlement_balance WHERE settlement_id = change.settlement_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'balance of settlement % does not exist', change.settlement_id; END IF;
    promised := before.reserved + change.reserved + before.committed + change.committed + before.paid + change.paid
      - (before.residual + change.residual);
    new_excess := greatest(0, promised);
    IF NOT change.outside THEN new_excess := least(before.excess, new_excess); END IF;
    UPDATE public.settlement_balance SET residual = residual + change.residual,
      reserved = reserved + change.reserved, committed = committed + change.committed,
      paid = paid + change.paid, excess = new_excess
      WHERE settlement_id = change.settlement_id;
  END LOOP;

  -- The funds last: they are the hot rows.
  PERFORM 1 FROM public.fund_account WHERE fund_id IN (SELECT fund_id FROM new_rows) ORDER BY fund_id FOR UPDATE;
  FOR change IN
    SELECT fund_id, sum(d_residual) AS residual, sum(d_reserved) AS reserved, sum(d_committed) AS committed,
           sum(d_paid) AS paid
    FROM new_rows WHERE fund_id IS NOT NULL GROUP BY fund_id ORDER BY fund_id
  LOOP
    UPDATE public.fund_account SET residual = residual + change.residual, reserved = reserved + change.reserved,
      committed = committed + change.committed, paid = paid + change.paid
      WHERE fund_id = change.fund_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'account of fund % does not exist', change.fund_id; END IF;
  END LOOP;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION entry_apply() FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_invariant")]
    operations = [
        migrations.RunSQL(
            SHAPE,
            "ALTER TABLE entry DROP CONSTRAINT entry_reference; ALTER TABLE entry DROP CONSTRAINT entry_finite;",
        ),
        migrations.RemoveConstraint("entry", "entry_once"),
        migrations.AddConstraint(
            "entry",
            models.UniqueConstraint(
                fields=["reference", "kind", "fund"], name="entry_once", nulls_distinct=False
            ),
        ),
        migrations.RunSQL(ROOT, migrations.RunSQL.noop),
        migrations.RunSQL(APPLY, migrations.RunSQL.noop),
        # A promise needs the yes for the very fund that makes it.
        migrations.RunSQL(
            f"CREATE POLICY for_this_fund ON entry AS RESTRICTIVE FOR INSERT TO jieli_app WITH CHECK ({SAME_FUND});",
            "DROP POLICY for_this_fund ON entry;",
        ),
        # The engine locks a need before it reads what it will post (a row lock asks for some right to update).
        migrations.RunSQL(
            "GRANT UPDATE (created_at) ON need_account TO jieli_engine;",
            "REVOKE UPDATE (created_at) ON need_account FROM jieli_engine;",
        ),
    ]

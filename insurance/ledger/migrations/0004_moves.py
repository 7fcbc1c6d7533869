"""A merge moves every award, campaign and bill by entries of its own, so that each one's yuan can be told apart on
either side and go back exactly; the way of a need through merges need not be followed any more.
"""

from django.db import migrations, models

SHAPE = """
ALTER TABLE entry DROP CONSTRAINT entry_shape;
ALTER TABLE entry ADD CONSTRAINT entry_shape CHECK (
  CASE kind
    WHEN 'open'    THEN need_id IS NOT NULL AND fund_id IS NULL AND d_residual >= 0
                        AND d_reserved = 0 AND d_committed = 0 AND d_paid = 0
    WHEN 'correct' THEN need_id IS NOT NULL AND fund_id IS NULL
                        AND d_reserved = 0 AND d_committed = 0 AND d_paid = 0
    WHEN 'budget'  THEN need_id IS NULL AND settlement_id IS NULL AND fund_id IS NOT NULL
                        AND d_reserved = 0 AND d_committed = 0 AND d_paid = 0
    WHEN 'external' THEN need_id IS NOT NULL AND fund_id IS NULL AND layer IN ('commercial', 'crowdfunding')
                        AND d_residual = 0 AND d_committed = 0
    WHEN 'merge'   THEN need_id IS NOT NULL AND (fund_id IS NULL) = (award_id IS NULL)
    WHEN 'unmerge' THEN need_id IS NOT NULL AND (fund_id IS NULL) = (award_id IS NULL)
    ELSE need_id IS NOT NULL AND fund_id IS NOT NULL AND award_id IS NOT NULL AND layer = 'charity' AND d_residual = 0
      AND CASE kind
        WHEN 'reserve' THEN d_reserved > 0 AND d_committed = 0 AND d_paid = 0
        WHEN 'release' THEN d_reserved < 0 AND d_committed = 0 AND d_paid = 0
        WHEN 'commit'  THEN d_reserved <= 0 AND d_committed = -d_reserved AND d_committed > 0 AND d_paid = 0
        WHEN 'cancel'  THEN d_reserved = 0 AND d_committed < 0 AND d_paid = 0
        WHEN 'pay'     THEN d_reserved = 0 AND d_committed < 0 AND d_paid = -d_committed
        WHEN 'return'  THEN d_reserved = 0 AND d_committed = 0 AND d_paid < 0
        ELSE false END
  END);
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
      AND r.kind NOT IN ('merge', 'unmerge')
      AND NOT EXISTS (SELECT 1 FROM public.settlement_balance b
        WHERE b.settlement_id = r.settlement_id AND b.need_id = r.need_id)
  ) OR EXISTS (
    SELECT 1 FROM public.entry e
    WHERE (e.award_id, e.fund_id) IN (SELECT award_id, fund_id FROM new_rows WHERE award_id IS NOT NULL)
    GROUP BY e.award_id, e.fund_id, e.need_id, e.settlement_id
    HAVING sum(e.d_reserved) < 0 OR sum(e.d_committed) < 0 OR sum(e.d_paid) < 0
  ) THEN
    RAISE EXCEPTION 'award out of its own amounts' USING ERRCODE = 'check_violation', CONSTRAINT = 'award_own_amounts';
  END IF;

  -- A move makes no yuan and loses none: what leaves one need for an award, a bill or a fund arrives in another.
  IF EXISTS (
    SELECT 1 FROM new_rows WHERE kind IN ('merge', 'unmerge')
    GROUP BY award_id, fund_id, settlement_id, layer
    HAVING sum(d_residual) <> 0 OR sum(d_reserved) <> 0 OR sum(d_committed) <> 0 OR sum(d_paid) <> 0
  ) THEN
    RAISE EXCEPTION 'a move makes no yuan' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_move';
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
    dependencies = [("ledger", "0003_own_amounts")]
    operations = [
        migrations.RunSQL(SHAPE, migrations.RunSQL.noop),
        migrations.RunSQL(APPLY, migrations.RunSQL.noop),
        migrations.RunSQL("DROP FUNCTION ledger_need_root(bigint);", migrations.RunSQL.noop),
        migrations.AlterField(
            "recoverycase",
            "cause",
            models.CharField(
                help_text="kind of the entry: correct | external | merge | unmerge", max_length=20
            ),
        ),
        migrations.AlterField(
            "recoverycase",
            "state",
            models.CharField(default="open", help_text="open | moved | resolved", max_length=10),
        ),
    ]

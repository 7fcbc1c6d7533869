"""The invariant, held by the database: entries are append-only, and one statement trigger applies them to the totals.

Lock order in every transaction: needs, settlements, funds, each by id. Facts from outside (correction, campaign,
merge) always record and raise `excess` where needed, which opens a recovery case; Jieli's own promises never do,
so the CHECK refuses them. Runs as the owner, whose policy admits every row under FORCE; it raises unless each
totals row it meant was changed.
"""

from django.db import migrations

from consent.rls import live, represents
from scope import rls
from scope.rls import Policy

SHAPE = """
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
    WHEN 'merge'   THEN need_id IS NOT NULL AND fund_id IS NULL
    WHEN 'unmerge' THEN need_id IS NOT NULL AND fund_id IS NULL
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
CREATE FUNCTION entry_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  change record;
  before record;
  promised numeric;
  new_excess numeric;
BEGIN
  PERFORM 1 FROM need_account WHERE id IN (SELECT need_id FROM new_rows) ORDER BY id FOR UPDATE;
  FOR change IN
    SELECT need_id, sum(d_residual) AS residual, sum(d_reserved) AS reserved, sum(d_committed) AS committed,
           sum(d_paid) AS paid, min(kind) AS kind, min(reference) AS reference,
           bool_or(kind IN ('open', 'correct', 'external', 'merge', 'unmerge')) AS outside
    FROM new_rows WHERE need_id IS NOT NULL GROUP BY need_id ORDER BY need_id
  LOOP
    SELECT * INTO before FROM need_account WHERE id = change.need_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'need % does not exist', change.need_id; END IF;
    promised := before.reserved + change.reserved + before.committed + change.committed + before.paid + change.paid
      - (before.residual + change.residual);
    new_excess := greatest(0, promised);
    IF NOT change.outside THEN new_excess := least(before.excess, new_excess); END IF;
    UPDATE need_account SET residual = residual + change.residual, reserved = reserved + change.reserved,
      committed = committed + change.committed, paid = paid + change.paid, excess = new_excess
      WHERE id = change.need_id;
    IF new_excess > before.excess THEN
      INSERT INTO recovery_case (need_id, amount, cause, reference, state, opened_at)
        VALUES (change.need_id, new_excess - before.excess, change.kind, change.reference, 'open', now())
        ON CONFLICT DO NOTHING;
    END IF;
  END LOOP;

  PERFORM 1 FROM settlement_balance WHERE settlement_id IN (SELECT settlement_id FROM new_rows)
    ORDER BY settlement_id FOR UPDATE;
  FOR change IN
    SELECT settlement_id, sum(d_residual) AS residual, sum(d_reserved) AS reserved, sum(d_committed) AS committed,
           sum(d_paid) AS paid, bool_or(kind IN ('open', 'correct', 'external', 'merge', 'unmerge')) AS outside
    FROM new_rows WHERE settlement_id IS NOT NULL GROUP BY settlement_id ORDER BY settlement_id
  LOOP
    SELECT * INTO before FROM settlement_balance WHERE settlement_id = change.settlement_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'balance of settlement % does not exist', change.settlement_id; END IF;
    promised := before.reserved + change.reserved + before.committed + change.committed + before.paid + change.paid
      - (before.residual + change.residual);
    new_excess := greatest(0, promised);
    IF NOT change.outside THEN new_excess := least(before.excess, new_excess); END IF;
    UPDATE settlement_balance SET residual = residual + change.residual, reserved = reserved + change.reserved,
      committed = committed + change.committed, paid = paid + change.paid, excess = new_excess
      WHERE settlement_id = change.settlement_id;
  END LOOP;

  -- An award never commits or pays what another award reserved.
  IF EXISTS (
    SELECT 1 FROM entry e WHERE e.award_id IN (SELECT award_id FROM new_rows)
    GROUP BY e.award_id
    HAVING sum(e.d_reserved) < 0 OR sum(e.d_committed) < 0 OR sum(e.d_paid) < 0 OR count(DISTINCT e.fund_id) > 1
  ) THEN
    RAISE EXCEPTION 'award out of its own amounts' USING ERRCODE = 'check_violation', CONSTRAINT = 'award_own_amounts';
  END IF;

  -- The funds last: they are the hot rows.
  PERFORM 1 FROM fund_account WHERE fund_id IN (SELECT fund_id FROM new_rows) ORDER BY fund_id FOR UPDATE;
  FOR change IN
    SELECT fund_id, sum(d_residual) AS residual, sum(d_reserved) AS reserved, sum(d_committed) AS committed,
           sum(d_paid) AS paid
    FROM new_rows WHERE fund_id IS NOT NULL GROUP BY fund_id ORDER BY fund_id
  LOOP
    UPDATE fund_account SET residual = residual + change.residual, reserved = reserved + change.reserved,
      committed = committed + change.committed, paid = paid + change.paid
      WHERE fund_id = change.fund_id;
    IF NOT FOUND THEN RAISE EXCEPTION 'account of fund % does not exist', change.fund_id; END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER entry_apply AFTER INSERT ON entry REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION entry_apply();
"""

OWN_FUND = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM fund_account f"
    " WHERE f.fund_id = entry.fund_id AND f.organisation_id = (SELECT app_org()))"
)
# New promises need a live consent; undoing one, paying what was committed and budgets do not.
MAY_POST = (
    f"{OWN_FUND} AND kind IN ('reserve', 'release', 'commit', 'cancel', 'pay', 'return', 'budget')"
    f" AND (kind NOT IN ('reserve', 'commit') OR ({live('entry', 'need_id', 'bills', match='need_id')}))"
)
BY_NEED = "EXISTS (SELECT 1 FROM need_account n WHERE n.id = {table}.need_id)"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("consent", "0002_access")]
    operations = [
        migrations.RunSQL(SHAPE, "ALTER TABLE entry DROP CONSTRAINT entry_shape;"),
        migrations.RunSQL(APPLY, "DROP TRIGGER entry_apply ON entry; DROP FUNCTION entry_apply();"),
        *rls.append_only("entry"),
        *rls.grant("need_account", app="SELECT", engine="SELECT, INSERT"),
        *rls.enable(
            "need_account",
            [
                rls.engine_all("need_account"),
                Policy("consented", "app", "SELECT", live("need_account", "id", "bills", match="need_id")),
                Policy("represented", "app", "SELECT", represents("need_account")),
            ],
        ),
        *rls.grant("settlement_balance", app="SELECT", engine="SELECT, INSERT, UPDATE (need_id)"),
        *rls.enable(
            "settlement_balance",
            [
                rls.engine_all("settlement_balance"),
                Policy("by_need", "app", "SELECT", BY_NEED.format(table="settlement_balance")),
            ],
        ),
        *rls.grant("fund_account", app="SELECT, INSERT", engine="SELECT"),
        *rls.enable(
            "fund_account",
            [
                rls.engine_all("fund_account"),
                Policy("own", "app", "SELECT", "organisation_id = (SELECT app_org())"),
                Policy(
                    "own_new",
                    "app",
                    "INSERT",
                    check="(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
                    " AND residual = 0 AND reserved = 0 AND committed = 0 AND paid = 0 AND excess = 0",
                ),
            ],
        ),
        *rls.grant("entry", app="SELECT, INSERT", engine="SELECT, INSERT"),
        *rls.enable(
            "entry",
            [
                rls.engine_all("entry"),
                Policy("own_fund", "app", "SELECT", OWN_FUND),
                Policy("own_fund_post", "app", "INSERT", check=MAY_POST),
                Policy("consented", "app", "SELECT", live("entry", "need_id", "other_aid", match="need_id")),
                Policy(
                    "represented",
                    "app",
                    "SELECT",
                    f"(SELECT app_kind()) = 'patient' AND {BY_NEED.format(table='entry')}",
                ),
            ],
        ),
        *rls.grant("recovery_case", app="SELECT", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "recovery_case",
            [
                rls.engine_all("recovery_case"),
                Policy(
                    "concerned",
                    "app",
                    "SELECT",
                    "EXISTS (SELECT 1 FROM entry e JOIN fund_account f ON f.fund_id = e.fund_id"
                    " WHERE e.need_id = recovery_case.need_id AND f.organisation_id = (SELECT app_org()))",
                ),
            ],
        ),
    ]

"""Merges, look-ups and questions about twin bills are the reviewer's to see; what he may write he writes in his own
name, and a second answer is never the first one's own.
"""

from django.db import migrations

from scope import rls
from scope.rls import Policy

REVIEWER = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM membership m JOIN organisation o ON o.id = m.organisation_id"
    " WHERE m.user_id = (SELECT app_user()) AND m.organisation_id = (SELECT app_org()) AND m.is_active"
    " AND o.kind = 'operator' AND 'linkage_reviewer' = ANY (m.roles))"
)
OPERATOR = (
    "(SELECT app_kind()) = 'staff' AND EXISTS (SELECT 1 FROM organisation o"
    " WHERE o.id = (SELECT app_org()) AND o.kind = 'operator')"
)
COLUMNS = "seconded_at, seconded_by, seconded_yes, undo_seconded_at, undo_seconded_by, undo_seconded_yes"

GUARD = """
CREATE OR REPLACE FUNCTION link_review_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := public.app_user();
  IF NEW.state <> OLD.state THEN
    IF OLD.state <> 'open' OR NEW.state NOT IN ('same', 'different') THEN
      RAISE EXCEPTION 'a review is decided once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.decided_by IS DISTINCT FROM me OR NEW.decided_at IS NULL THEN
      RAISE EXCEPTION 'a decision carries its own reviewer' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF (NEW.decided_by, NEW.decided_at) IS DISTINCT FROM (OLD.decided_by, OLD.decided_at) THEN
    RAISE EXCEPTION 'who decided stays' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.seconded_by, NEW.seconded_at, NEW.seconded_yes)
     IS DISTINCT FROM (OLD.seconded_by, OLD.seconded_at, OLD.seconded_yes)
     AND (OLD.state <> 'second' OR OLD.seconded_by IS NOT NULL OR NEW.seconded_by IS DISTINCT FROM me
      OR NEW.seconded_by IS NOT DISTINCT FROM OLD.decided_by OR NEW.seconded_at IS NULL
      OR NEW.seconded_yes IS NULL) THEN
    RAISE EXCEPTION 'a second answer is another person''s, once' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.undo_asked_at, NEW.undo_asked_by) IS DISTINCT FROM (OLD.undo_asked_at, OLD.undo_asked_by) AND
     (OLD.undo_asked_at IS NOT NULL OR OLD.state NOT IN ('same', 'different') OR NEW.undo_asked_at IS NULL
      OR NEW.undo_asked_by IS DISTINCT FROM me) THEN
    RAISE EXCEPTION 'only a decision is undone' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.undo_seconded_by, NEW.undo_seconded_at, NEW.undo_seconded_yes)
     IS DISTINCT FROM (OLD.undo_seconded_by, OLD.undo_seconded_at, OLD.undo_seconded_yes)
     AND (NOT OLD.undo_second OR OLD.undo_seconded_by IS NOT NULL OR NEW.undo_seconded_by IS DISTINCT FROM me
      OR NEW.undo_seconded_by IS NOT DISTINCT FROM OLD.undo_asked_by OR NEW.undo_seconded_at IS NULL
      OR NEW.undo_seconded_yes IS NULL) THEN
    RAISE EXCEPTION 'a second answer is another person''s, once' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION bill_question_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF OLD.state <> 'open' OR NEW.state NOT IN ('same', 'other') OR NEW.decided_at IS NULL
     OR NEW.decided_by IS DISTINCT FROM public.app_user() THEN
    RAISE EXCEPTION 'a question is decided once, in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bill_question_guard BEFORE UPDATE ON bill_question
  FOR EACH ROW EXECUTE FUNCTION bill_question_guard();

-- Whoever is named in a merge is named in its question: the engine cannot be talked into another pair of people.
CREATE FUNCTION person_merge_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM public.link_review v WHERE v.id = NEW.review_id AND v.kind = 'merge'
      AND (TG_OP <> 'INSERT' OR (v.decided_by = NEW.asked_by AND v.state = 'same'
        AND v.seconded_by IS NOT DISTINCT FROM NEW.seconded_by))
      AND (NEW.unmerged_at IS NULL OR (v.undo_asked_by = NEW.unmerge_asked_by
        AND v.undo_seconded_by IS NOT DISTINCT FROM NEW.unmerge_seconded_by))
  ) THEN
    RAISE EXCEPTION 'a merge is what its reviewers decided' USING ERRCODE = 'check_violation',
      CONSTRAINT = 'merge_as_decided';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER person_merge_guard BEFORE INSERT OR UPDATE ON person_merge
  FOR EACH ROW EXECUTE FUNCTION person_merge_guard();
"""
UNGUARD = """
DROP TRIGGER person_merge_guard ON person_merge; DROP FUNCTION person_merge_guard();
DROP TRIGGER bill_question_guard ON bill_question; DROP FUNCTION bill_question_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("linking", "0006_second"), ("scope", "0002_sharper")]
    operations = [
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(f"GRANT UPDATE ({COLUMNS}) ON link_review TO jieli_app;", migrations.RunSQL.noop),
        *rls.grant(
            "person_merge",
            app="SELECT",
            engine="SELECT, INSERT, UPDATE (moved, unmerged_at, unmerge_asked_by, unmerge_why_second, unmerge_seconded_by)",
        ),
        *rls.enable(
            "person_merge",
            [rls.engine_all("person_merge"), Policy("reviewer_reads", "app", "SELECT", REVIEWER)],
        ),
        *rls.grant("link_lookup", app="SELECT, INSERT", engine="SELECT, UPDATE (state, reviews)"),
        *rls.enable(
            "link_lookup",
            [
                rls.engine_all("link_lookup"),
                Policy("reviewer_reads", "app", "SELECT", REVIEWER),
                Policy(
                    "reviewer_asks",
                    "app",
                    "INSERT",
                    check=f"asked_by = (SELECT app_user()) AND state = 'waiting' AND reviews = '{{}}' AND {REVIEWER}",
                ),
            ],
        ),
        *rls.grant(
            "bill_question",
            app="SELECT, UPDATE (state, decided_at, decided_by)",
            engine="SELECT, INSERT, UPDATE",
        ),
        *rls.enable(
            "bill_question",
            [
                rls.engine_all("bill_question"),
                Policy("reviewer_reads", "app", "SELECT", REVIEWER),
                Policy("reviewer_decides", "app", "UPDATE", REVIEWER, REVIEWER),
            ],
        ),
        *rls.grant("link_quality", app="SELECT", engine="SELECT, INSERT, UPDATE"),
        *rls.enable(
            "link_quality",
            [rls.engine_all("link_quality"), Policy("operator_reads", "app", "SELECT", OPERATOR)],
        ),
    ]

"""The reviewer answers an open question and asks for an undo; everything else of a review is the engine's."""

from django.db import migrations

COLUMNS = "state, decided_at, decided_by, note, postponed_at, undo_asked_at, undo_asked_by, undo_reason, undo_refused"
GUARD = """
CREATE FUNCTION link_review_guard() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF NEW.state <> OLD.state THEN
    IF OLD.state <> 'open' OR NEW.state NOT IN ('same', 'different') THEN
      RAISE EXCEPTION 'a review is decided once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.decided_by IS DISTINCT FROM app_user() OR NEW.decided_at IS NULL THEN
      RAISE EXCEPTION 'a decision carries its own reviewer' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF (NEW.decided_by, NEW.decided_at) IS DISTINCT FROM (OLD.decided_by, OLD.decided_at) THEN
    RAISE EXCEPTION 'who decided stays' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.undo_asked_at IS DISTINCT FROM OLD.undo_asked_at AND
     (OLD.undo_asked_at IS NOT NULL OR OLD.state NOT IN ('same', 'different')
      OR NEW.undo_asked_by IS DISTINCT FROM app_user()) THEN
    RAISE EXCEPTION 'only a decision is undone' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER link_review_guard BEFORE UPDATE ON link_review FOR EACH ROW EXECUTE FUNCTION link_review_guard();
REVOKE UPDATE ON link_review FROM jieli_app;
"""
UNGUARD = "DROP TRIGGER link_review_guard ON link_review; DROP FUNCTION link_review_guard(); GRANT UPDATE ON link_review TO jieli_app;"


class Migration(migrations.Migration):
    dependencies = [("linking", "0003_desk"), ("scope", "0001_context")]
    operations = [
        migrations.RunSQL(GUARD, UNGUARD),
        migrations.RunSQL(f"GRANT UPDATE ({COLUMNS}) ON link_review TO jieli_app;", migrations.RunSQL.noop),
    ]

"""What waits for a second person: what it moves, what he wrote, who did not agree; the first may take it back before.
A yes that should be looked at once more, and who did.

Found by attack: a reviewer's SQL could write another note under a colleague's decision, another reason under his wish
to undo, and a time of day under his own. Words now go with the step that they explain, and steps are of now.
"""

from django.db import migrations, models

import vault.fields

GUARD = """
CREATE OR REPLACE FUNCTION link_review_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
  answers boolean;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := public.app_user();
  answers := (NEW.seconded_by, NEW.seconded_at, NEW.seconded_yes, NEW.undo_seconded_by, NEW.undo_seconded_at,
      NEW.undo_seconded_yes)
    IS DISTINCT FROM (OLD.seconded_by, OLD.seconded_at, OLD.seconded_yes, OLD.undo_seconded_by,
      OLD.undo_seconded_at, OLD.undo_seconded_yes);
  IF OLD.state = 'second' AND NEW.state = 'open' THEN
    IF OLD.decided_by IS DISTINCT FROM me OR OLD.seconded_by IS NOT NULL OR answers
       OR NEW.decided_by IS NOT NULL OR NEW.decided_at IS NOT NULL THEN
      RAISE EXCEPTION 'who decided may take it back, before anybody has answered'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.why_second := '{}';
  ELSIF NEW.state <> OLD.state THEN
    IF OLD.state <> 'open' OR NEW.state NOT IN ('same', 'different') THEN
      RAISE EXCEPTION 'a review is decided once' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.decided_by IS DISTINCT FROM me OR NEW.decided_at IS NULL
       OR NEW.decided_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes' THEN
      RAISE EXCEPTION 'a decision carries its own reviewer, and is of now' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF (NEW.decided_by, NEW.decided_at) IS DISTINCT FROM (OLD.decided_by, OLD.decided_at) THEN
    RAISE EXCEPTION 'who decided stays' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.note, NEW.postponed_at) IS DISTINCT FROM (OLD.note, OLD.postponed_at) AND OLD.state <> 'open' THEN
    RAISE EXCEPTION 'what was noted stays' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.seconded_by, NEW.seconded_at, NEW.seconded_yes)
     IS DISTINCT FROM (OLD.seconded_by, OLD.seconded_at, OLD.seconded_yes)
     AND (OLD.state <> 'second' OR OLD.seconded_by IS NOT NULL OR NEW.seconded_by IS DISTINCT FROM me
      OR NEW.seconded_by IS NOT DISTINCT FROM OLD.decided_by OR NEW.seconded_at IS NULL
      OR NEW.seconded_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
      OR NEW.seconded_yes IS NULL) THEN
    RAISE EXCEPTION 'a second answer is another person''s, once' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.second_note IS DISTINCT FROM OLD.second_note AND NOT answers THEN
    RAISE EXCEPTION 'the second''s words come with his answer' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF OLD.undo_asked_at IS NOT NULL AND NEW.undo_asked_at IS NULL THEN
    IF NOT OLD.undo_second OR OLD.undo_asked_by IS DISTINCT FROM me OR OLD.undo_seconded_by IS NOT NULL
       OR answers OR NEW.undo_asked_by IS NOT NULL OR NEW.undo_reason IS NOT NULL THEN
      RAISE EXCEPTION 'who asked for an undo may take it back, before anybody has answered'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.undo_second := false;
    NEW.why_second := '{}';
  ELSIF (NEW.undo_asked_at, NEW.undo_asked_by) IS DISTINCT FROM (OLD.undo_asked_at, OLD.undo_asked_by) THEN
    IF OLD.undo_asked_at IS NOT NULL OR OLD.state NOT IN ('same', 'different') OR NEW.undo_asked_at IS NULL
       OR NEW.undo_asked_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
       OR NEW.undo_asked_by IS DISTINCT FROM me THEN
      RAISE EXCEPTION 'only a decision is undone' USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF (NEW.undo_reason, NEW.undo_refused) IS DISTINCT FROM (OLD.undo_reason, OLD.undo_refused) THEN
    RAISE EXCEPTION 'why it is undone is said once' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.again_seen_at, NEW.again_seen_by) IS DISTINCT FROM (OLD.again_seen_at, OLD.again_seen_by)
     AND (OLD.again_at IS NULL OR NEW.again_seen_by IS DISTINCT FROM me OR NEW.again_seen_at IS NULL
      OR NEW.again_seen_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes') THEN
    RAISE EXCEPTION 'who looked again says so in his own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.undo_seconded_by, NEW.undo_seconded_at, NEW.undo_seconded_yes)
     IS DISTINCT FROM (OLD.undo_seconded_by, OLD.undo_seconded_at, OLD.undo_seconded_yes)
     AND (NOT OLD.undo_second OR OLD.undo_seconded_by IS NOT NULL OR NEW.undo_seconded_by IS DISTINCT FROM me
      OR NEW.undo_seconded_by IS NOT DISTINCT FROM OLD.undo_asked_by OR NEW.undo_seconded_at IS NULL
      OR NEW.undo_seconded_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
      OR NEW.undo_seconded_yes IS NULL) THEN
    RAISE EXCEPTION 'a second answer is another person''s, once' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("linking", "0010_quality_seen"), ("scope", "0002_sharper")]
    operations = [
        migrations.AddField(
            "review", "second_note", vault.fields.SealedText("linking.second_note", null=True)
        ),
        migrations.AddField(
            "review",
            "moves",
            models.JSONField(
                default=dict, help_text="what a yes, or the undo, moves: counts and yuan (moves.py)"
            ),
        ),
        migrations.AddField(
            "review",
            "declined_at",
            models.DateTimeField(null=True, help_text="when a second person did not agree, last"),
        ),
        migrations.AddField("review", "declined_by", models.BigIntegerField(null=True)),
        migrations.AddField(
            "review",
            "declined_first",
            models.BigIntegerField(null=True, help_text="whose decision, or wish to undo, it was"),
        ),
        migrations.AddField(
            "review",
            "declined_what",
            models.CharField(max_length=8, blank=True, default="", help_text="decision | undo"),
        ),
        migrations.AddField(
            "review",
            "again_at",
            models.DateTimeField(null=True, help_text="since when this yes should be looked at once more"),
        ),
        migrations.AddField(
            "review",
            "again_seen_at",
            models.DateTimeField(null=True, help_text="looked at, and left as it is"),
        ),
        migrations.AddField("review", "again_seen_by", models.BigIntegerField(null=True)),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
        migrations.RunSQL(
            "GRANT UPDATE (second_note, again_seen_at, again_seen_by) ON link_review TO jieli_app;",
            migrations.RunSQL.noop,
        ),
    ]

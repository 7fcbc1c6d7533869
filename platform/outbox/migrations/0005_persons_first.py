"""What a person waits for goes before what machines sent: a push of ten thousand records delays no reviewer's answer."""

from django.db import migrations, models

BEFORE = """  IF current_user = 'jieli_app' THEN
    NEW.state := 'pending';"""
AFTER = """  -- The engine passes on what the event that it delivers was.
  IF current_user <> 'jieli_engine' THEN
    NEW.for_person := coalesce(NEW.asked_by ->> 'kind' IN ('staff', 'patient'), false);
  END IF;
  IF current_user = 'jieli_app' THEN
    NEW.state := 'pending';"""


def _replace(old: str, new: str) -> str:
    return f"""
DO $do$
DECLARE
  before text := pg_get_functiondef('public.outbox_asked_by()'::regprocedure);
  after text := replace(before, $a${old}$a$, $b${new}$b$);
BEGIN
  IF after = before THEN
    RAISE EXCEPTION 'outbox_asked_by() is not as migration 0003 made it';
  END IF;
  EXECUTE after;
END $do$;
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0004_no_ids")]
    operations = [
        migrations.AddField(
            "event",
            "for_person",
            models.BooleanField(
                default=False,
                db_default=False,
                editable=False,
                help_text="a member of staff or a family waits for it; written by the database",
            ),
        ),
        migrations.RunSQL(_replace(BEFORE, AFTER), _replace(AFTER, BEFORE)),
        migrations.RunSQL("GRANT SELECT (for_person) ON outbox_event TO jieli_app;", migrations.RunSQL.noop),
        migrations.RemoveIndex("event", "outbox_due"),
        migrations.AddIndex(
            "event",
            models.Index(
                models.OrderBy(models.F("for_person"), descending=True),
                "due_at",
                "id",
                name="outbox_due",
                condition=models.Q(state="pending"),
            ),
        ),
    ]

"""An event carries who asked, from the signed context, and starts at the beginning: the writer chooses neither."""

from django.db import migrations, models

SQL = """
CREATE FUNCTION outbox_asked_by() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  context text[] := public.app_context();
BEGIN
  IF jsonb_typeof(NEW.ids) IS DISTINCT FROM 'object' THEN
    RAISE EXCEPTION 'an event carries ids by name' USING ERRCODE = 'check_violation';
  END IF;
  NEW.asked_by := CASE
    WHEN current_user = 'jieli_engine' THEN jsonb_build_object('kind', 'engine')
    WHEN current_user <> 'jieli_app' THEN jsonb_build_object('kind', 'system')
    WHEN context IS NULL OR context[1] IN ('engine', 'system') THEN jsonb_build_object('kind', 'public')
    ELSE jsonb_build_object('kind', context[1], 'org', nullif(context[2], '')::bigint,
      'user', nullif(context[3], '')::bigint, 'account', nullif(context[4], '')::bigint,
      'client', nullif(context[5], '')::bigint) END;
  IF current_user = 'jieli_app' THEN
    NEW.state := 'pending';
    NEW.tries := 0;
    NEW.error := '';
    NEW.done_at := NULL;
    NEW.created_at := now();
    NEW.due_at := greatest(NEW.due_at, now());
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER outbox_asked_by BEFORE INSERT ON outbox_event FOR EACH ROW EXECUTE FUNCTION outbox_asked_by();
-- What waited before this migration was inserted by the application itself.
UPDATE outbox_event SET asked_by = '{"kind": "system"}' WHERE state = 'pending';
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_access"), ("scope", "0001_context")]
    operations = [
        migrations.AddField(
            "event",
            "asked_by",
            models.JSONField(
                editable=False,
                help_text="{kind, org, user, account, client} of the signed context; written by the database",
                null=True,
            ),
        ),
        migrations.RunSQL(
            SQL, "DROP TRIGGER outbox_asked_by ON outbox_event; DROP FUNCTION outbox_asked_by();"
        ),
    ]

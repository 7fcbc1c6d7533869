"""While money of a need is asked back, the web posts no return by itself: two people say so, and the engine posts it."""

from django.db import migrations

GUARD = """
CREATE FUNCTION entry_return_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND EXISTS (
    SELECT 1 FROM public.recovery_case r WHERE r.need_id = NEW.need_id AND r.state = 'open') THEN
    RAISE EXCEPTION 'what is asked back takes two people' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER entry_return_guard BEFORE INSERT ON entry FOR EACH ROW WHEN (NEW.kind = 'return')
  EXECUTE FUNCTION entry_return_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_written_off")]
    operations = [
        migrations.RunSQL(
            GUARD, "DROP TRIGGER entry_return_guard ON entry; DROP FUNCTION entry_return_guard();"
        )
    ]

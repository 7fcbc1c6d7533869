"""The guard of returns sees every amount that is asked back, whatever its caller sees.

Found by attack: policies read the caller's context once a statement, a trigger once a row. A statement of two rows that
put its context away before the second hid what is asked back from the guard and still passed the policies.
"""

from django.db import migrations

GUARD = """
DROP TRIGGER entry_return_guard ON entry;
CREATE OR REPLACE FUNCTION entry_return_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM public.recovery_case r WHERE r.need_id = NEW.need_id AND r.state = 'open') THEN
    RAISE EXCEPTION 'what is asked back takes two people' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION entry_return_guard() FROM PUBLIC;
CREATE TRIGGER entry_return_guard BEFORE INSERT ON entry FOR EACH ROW
  WHEN (NEW.kind = 'return' AND current_user = 'jieli_app') EXECUTE FUNCTION entry_return_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_returns_asked_back")]
    operations = [migrations.RunSQL(GUARD, migrations.RunSQL.noop)]

"""That a held bill is another one's twin can be asked anew: a slip would keep a family's bill out of everything for ever."""

from django.db import migrations

GUARD = """
CREATE OR REPLACE FUNCTION bill_question_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF OLD.state = 'same' AND NEW.state = 'open' AND NEW.decided_at IS NULL AND NEW.decided_by IS NULL THEN
    RETURN NEW;
  END IF;
  IF OLD.state <> 'open' OR NEW.state NOT IN ('same', 'other') OR NEW.decided_at IS NULL
     OR NEW.decided_by IS DISTINCT FROM public.app_user() THEN
    RAISE EXCEPTION 'a question is decided once, in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("linking", "0013_precision_for_regulators")]
    operations = [migrations.RunSQL(GUARD, migrations.RunSQL.noop)]

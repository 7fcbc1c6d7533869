"""A code is a way in like a password: nobody counts its tries back, lengthens it, uses it twice or copies it to get
more tries, whatever SQL a broken-into web process sends. A token that a client gets lives a day at most.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION one_time_code_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kept public.one_time_code := NEW;
BEGIN
  IF current_user <> 'jieli_app' OR public.app_kind() = 'system' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  ELSIF TG_OP = 'DELETE' THEN
    -- Until then the limits of its phone count it.
    IF OLD.created_at > now() - interval '1 day' THEN
      RAISE EXCEPTION 'a code stays for a day' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
  ELSIF TG_OP = 'INSERT' THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('code ' || encode(NEW.phone_blind, 'hex'), 0));
    IF (SELECT count(*) FROM public.one_time_code c
        WHERE c.phone_blind = NEW.phone_blind AND c.created_at > now() - interval '1 day') >= 10 THEN
      RAISE EXCEPTION 'a phone gets ten codes a day' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.created_at := now();
    NEW.expires_at := least(NEW.expires_at, now() + interval '10 minutes');
    NEW.tries := 0;
    NEW.used_at := NULL;
    RETURN NEW;
  END IF;
  kept.tries := OLD.tries;
  kept.used_at := OLD.used_at;
  IF kept IS DISTINCT FROM OLD OR NEW.tries < OLD.tries
     OR (OLD.used_at IS NOT NULL AND NEW.used_at IS DISTINCT FROM OLD.used_at) THEN
    RAISE EXCEPTION 'a code is tried and used up, nothing else' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER one_time_code_guard BEFORE INSERT OR UPDATE OR DELETE ON one_time_code
  FOR EACH ROW EXECUTE FUNCTION one_time_code_guard();
"""
BACK = """
DROP TRIGGER one_time_code_guard ON one_time_code;
DROP FUNCTION one_time_code_guard();
"""
GUARD = """
CREATE OR REPLACE FUNCTION access_token_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND public.app_kind() IS DISTINCT FROM 'system'
     AND (TG_OP = 'UPDATE' OR public.app_kind() IS DISTINCT FROM 'client'
          OR public.app_client() IS DISTINCT FROM NEW.application_id{day}) THEN
    RAISE EXCEPTION 'a token is given to the client whose secret was right'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_own_keys")]
    operations = [
        migrations.RunSQL(SQL, BACK),
        migrations.RunSQL(
            GUARD.format(day="\n          OR NEW.expires > now() + interval '1 day'"), GUARD.format(day="")
        ),
    ]

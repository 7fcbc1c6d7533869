"""Passwords, addresses and phones are not written by SQL that reached the web role.

The pages that change them (a first password, one's own, a stronger hash at sign-in) sign a `system` context after they
have checked what they ask for; an administrator may take a password away, never set one.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION staff_user_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' OR public.app_kind() = 'system' THEN RETURN NEW; END IF;
  IF (NEW.id, NEW.email, NEW.is_active) IS DISTINCT FROM (OLD.id, OLD.email, OLD.is_active)
     OR (NEW.password IS DISTINCT FROM OLD.password AND NOT coalesce(
       NEW.password LIKE '!%' AND public.administers(public.app_org()) AND EXISTS (
         SELECT 1 FROM public.membership m WHERE m.user_id = OLD.id AND m.organisation_id = public.app_org())
       AND NOT EXISTS (
         SELECT 1 FROM public.membership m WHERE m.user_id = OLD.id AND m.organisation_id <> public.app_org()),
       false)) THEN
    RAISE EXCEPTION 'a way in is changed by its own page alone' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER staff_user_guard BEFORE UPDATE ON staff_user FOR EACH ROW EXECUTE FUNCTION staff_user_guard();

CREATE FUNCTION patient_account_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND public.app_kind() IS DISTINCT FROM 'system'
     AND (NEW.id, NEW.phone, NEW.phone_blind, NEW.is_active)
       IS DISTINCT FROM (OLD.id, OLD.phone, OLD.phone_blind, OLD.is_active) THEN
    RAISE EXCEPTION 'an account keeps its phone' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER patient_account_guard BEFORE UPDATE ON patient_account
  FOR EACH ROW EXECUTE FUNCTION patient_account_guard();

REVOKE DELETE ON organisation, staff_user, patient_account FROM jieli_app;
"""
BACK = """
GRANT DELETE ON organisation, staff_user, patient_account TO jieli_app;
DROP TRIGGER patient_account_guard ON patient_account;
DROP TRIGGER staff_user_guard ON staff_user;
DROP FUNCTION patient_account_guard(), staff_user_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_who_may_push")]
    operations = [migrations.RunSQL(SQL, BACK)]

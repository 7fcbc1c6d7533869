"""Who belongs to an organisation is said by its own administrators; what kind of house it is, by nobody online.

Start-up commands (`system`, signed like every context) make the first of both.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION membership_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  house bigint := public.app_org();
BEGIN
  IF current_user <> 'jieli_app' OR public.app_kind() = 'system' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  IF public.app_kind() IS DISTINCT FROM 'staff' OR house IS NULL
     OR (TG_OP <> 'INSERT' AND OLD.organisation_id IS DISTINCT FROM house)
     OR (TG_OP <> 'DELETE' AND NEW.organisation_id IS DISTINCT FROM house)
     OR (TG_OP = 'UPDATE' AND (NEW.id, NEW.user_id) IS DISTINCT FROM (OLD.id, OLD.user_id))
     OR NOT EXISTS (
       SELECT 1 FROM public.membership m
         JOIN public.staff_user u ON u.id = m.user_id
         JOIN public.organisation o ON o.id = m.organisation_id
       WHERE m.user_id = public.app_user() AND m.organisation_id = house AND m.is_active
         AND 'administrator' = ANY (m.roles) AND u.is_active AND o.is_active) THEN
    RAISE EXCEPTION 'only an administrator of the organisation changes its members'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER membership_guard BEFORE INSERT OR UPDATE OR DELETE ON membership
  FOR EACH ROW EXECUTE FUNCTION membership_guard();

CREATE FUNCTION organisation_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND public.app_kind() IS DISTINCT FROM 'system'
     AND (NEW.id, NEW.kind, NEW.code) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.code) THEN
    RAISE EXCEPTION 'an organisation keeps its kind and code' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER organisation_guard BEFORE UPDATE ON organisation
  FOR EACH ROW EXECUTE FUNCTION organisation_guard();
"""
BACK = """
DROP TRIGGER organisation_guard ON organisation;
DROP FUNCTION organisation_guard();
DROP TRIGGER membership_guard ON membership;
DROP FUNCTION membership_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_access"), ("scope", "0002_sharper")]
    operations = [migrations.RunSQL(GUARD, BACK)]

"""Who may push for whom is said by people who may say it, whatever SQL a broken-into web process sends.

Keys of an organisation: its own administrator. Centres, area and suspension: the operator's. A token: the client
whose secret was right (the token endpoint signs a context of that client after it has checked).
"""

from django.db import migrations

SQL = """
CREATE FUNCTION administers(house bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT public.app_kind() = 'staff' AND public.app_org() = house AND EXISTS (
    SELECT 1 FROM public.membership m
      JOIN public.staff_user u ON u.id = m.user_id
      JOIN public.organisation o ON o.id = m.organisation_id
    WHERE m.user_id = public.app_user() AND m.organisation_id = house AND m.is_active
      AND 'administrator' = ANY (m.roles) AND u.is_active AND o.is_active)
$$;
REVOKE ALL ON FUNCTION administers(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION administers(bigint) TO jieli_app;

CREATE FUNCTION api_client_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND public.app_kind() IS DISTINCT FROM 'system'
     AND NOT (TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'last_used_at' = to_jsonb(OLD) - 'last_used_at')
     AND NOT coalesce(
       (TG_OP = 'INSERT' OR public.administers(OLD.organisation_id))
       AND (TG_OP = 'DELETE' OR public.administers(NEW.organisation_id)), false) THEN
    RAISE EXCEPTION 'only an administrator of the organisation changes its keys'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER api_client_guard BEFORE INSERT OR UPDATE OR DELETE ON api_client
  FOR EACH ROW EXECUTE FUNCTION api_client_guard();

CREATE OR REPLACE FUNCTION organisation_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' OR public.app_kind() = 'system' THEN RETURN NEW; END IF;
  IF (NEW.id, NEW.kind, NEW.code) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.code) THEN
    RAISE EXCEPTION 'an organisation keeps its kind and code' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.centres, NEW.area, NEW.is_active) IS DISTINCT FROM (OLD.centres, OLD.area, OLD.is_active)
     AND NOT coalesce(public.administers(public.app_org()) AND EXISTS (
       SELECT 1 FROM public.organisation o WHERE o.id = public.app_org() AND o.kind = 'operator'), false) THEN
    RAISE EXCEPTION 'only the operator says for whom an organisation acts'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION access_token_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND public.app_kind() IS DISTINCT FROM 'system'
     AND (TG_OP = 'UPDATE' OR public.app_kind() IS DISTINCT FROM 'client'
          OR public.app_client() IS DISTINCT FROM NEW.application_id) THEN
    RAISE EXCEPTION 'a token is given to the client whose secret was right'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER access_token_guard BEFORE INSERT OR UPDATE ON oauth2_provider_accesstoken
  FOR EACH ROW EXECUTE FUNCTION access_token_guard();
"""
BACK = """
DROP TRIGGER access_token_guard ON oauth2_provider_accesstoken;
DROP TRIGGER api_client_guard ON api_client;
DROP FUNCTION access_token_guard(), api_client_guard(), administers(bigint);
CREATE OR REPLACE FUNCTION organisation_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND public.app_kind() IS DISTINCT FROM 'system'
     AND (NEW.id, NEW.kind, NEW.code) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.code) THEN
    RAISE EXCEPTION 'an organisation keeps its kind and code' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0006_nobody_yet"), ("oauth2_provider", "0001_initial")]
    operations = [migrations.RunSQL(SQL, BACK)]

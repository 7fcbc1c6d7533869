"""A proof token is redeemed by whoever knows it, never by looking: the web has no right on the table itself."""

from django.db import migrations

REDEEM = """
DROP POLICY redeem ON proof_token;
DROP POLICY redeemable ON proof_token;
REVOKE ALL ON proof_token FROM jieli_app;

-- The token's id once it is used up by the patient who is signed in; NULL when there is none to use.
CREATE FUNCTION redeem_token(wanted bytea) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found_id bigint;
BEGIN
  IF public.app_kind() IS DISTINCT FROM 'patient' OR public.app_account() IS NULL THEN RETURN NULL; END IF;
  UPDATE public.proof_token SET used_at = now(), used_by_id = public.app_account()
    WHERE token_hash = wanted AND used_at IS NULL AND expires_at > now()
    RETURNING id INTO found_id;
  RETURN found_id;
END $$;
REVOKE ALL ON FUNCTION redeem_token(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION redeem_token(bytea) TO jieli_app;
"""
BACK = """
DROP FUNCTION redeem_token(bytea);
GRANT SELECT, UPDATE ON proof_token TO jieli_app;
CREATE POLICY redeemable ON proof_token FOR SELECT TO jieli_app
  USING ((SELECT app_kind()) = 'patient' AND ((used_at IS NULL AND expires_at > now())
    OR used_by_id = (SELECT app_account())));
CREATE POLICY redeem ON proof_token FOR UPDATE TO jieli_app
  USING ((SELECT app_kind()) = 'patient' AND used_at IS NULL AND expires_at > now())
  WITH CHECK (used_by_id = (SELECT app_account()) AND used_at IS NOT NULL);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0002_access"), ("scope", "0002_sharper")]
    operations = [migrations.RunSQL(REDEEM, BACK)]

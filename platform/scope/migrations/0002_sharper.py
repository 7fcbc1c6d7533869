"""The context names its hour, and a temporary table never stands in for the key.

pg_temp is searched first unless it is named: where a database grants TEMPORARY to PUBLIC (a managed server, a
forgotten REVOKE), a temporary table `scope_key` would have signed any context. A context that was kept from an
earlier request is worth nothing ten minutes later.
"""

from django.db import migrations

SQL = r"""
CREATE OR REPLACE FUNCTION app_context() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  raw text := current_setting('app.actor', true);
  cut integer;
  plain text;
  parts text[];
BEGIN
  IF raw IS NULL OR raw = '' THEN RETURN NULL; END IF;
  cut := length(raw) - 65;
  IF cut < 1 OR substr(raw, cut + 1, 1) <> '|' THEN RETURN NULL; END IF;
  plain := substr(raw, 1, cut);
  IF encode(public.scope_hmac((SELECT key FROM public.scope_key WHERE id = 1), convert_to(plain, 'UTF8')), 'hex')
     IS DISTINCT FROM substr(raw, cut + 2) THEN RETURN NULL; END IF;
  parts := string_to_array(plain, '|');
  IF parts[6]::integer IS DISTINCT FROM pg_backend_pid() THEN RETURN NULL; END IF;
  -- now() is when this transaction began: a long transaction keeps its context, a later one does not get it.
  IF parts[7] IS NULL OR parts[7]::bigint < extract(epoch FROM now()) - 600
     OR parts[7]::bigint > extract(epoch FROM clock_timestamp()) + 600 THEN RETURN NULL; END IF;
  RETURN parts;
END $$;
ALTER FUNCTION scope_hmac(bytea, bytea) SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION app_context() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_context() TO jieli_app, jieli_engine;
"""


class Migration(migrations.Migration):
    dependencies = [("scope", "0001_context")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]

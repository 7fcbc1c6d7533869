"""The signed transaction context and its readers.

app_context() is the only reader of the key: SECURITY DEFINER, owned by jieli_owner, with a fixed search path.
HMAC-SHA256 is written out with the built-in sha256(), because pgcrypto is not everywhere.
"""

from django.db import migrations

SQL = r"""
CREATE TABLE scope_key (id integer PRIMARY KEY CHECK (id = 1), key bytea NOT NULL CHECK (length(key) = 32));
REVOKE ALL ON scope_key FROM PUBLIC;

CREATE FUNCTION scope_hmac(key bytea, message bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog AS $$
DECLARE
  inner_pad bytea := decode(repeat('36', 64), 'hex');
  outer_pad bytea := decode(repeat('5c', 64), 'hex');
  i integer;
BEGIN
  FOR i IN 0..length(key) - 1 LOOP
    inner_pad := set_byte(inner_pad, i, get_byte(inner_pad, i) # get_byte(key, i));
    outer_pad := set_byte(outer_pad, i, get_byte(outer_pad, i) # get_byte(key, i));
  END LOOP;
  RETURN sha256(outer_pad || sha256(inner_pad || message));
END $$;

-- kind, org, user, account, client of the verified context; NULL without one or with a forged one.
CREATE FUNCTION app_context() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
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
  IF encode(scope_hmac((SELECT key FROM scope_key WHERE id = 1), convert_to(plain, 'UTF8')), 'hex')
     IS DISTINCT FROM substr(raw, cut + 2) THEN RETURN NULL; END IF;
  parts := string_to_array(plain, '|');
  IF parts[6]::integer <> pg_backend_pid() THEN RETURN NULL; END IF;
  RETURN parts;
END $$;

CREATE FUNCTION app_kind() RETURNS text LANGUAGE sql STABLE AS $$ SELECT (public.app_context())[1] $$;
CREATE FUNCTION app_org() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT nullif((public.app_context())[2], '')::bigint $$;
CREATE FUNCTION app_user() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT nullif((public.app_context())[3], '')::bigint $$;
CREATE FUNCTION app_account() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT nullif((public.app_context())[4], '')::bigint $$;
CREATE FUNCTION app_client() RETURNS bigint LANGUAGE sql STABLE AS
  $$ SELECT nullif((public.app_context())[5], '')::bigint $$;

REVOKE ALL ON FUNCTION scope_hmac(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION app_context(), app_kind(), app_org(), app_user(), app_account(), app_client()
  TO jieli_app, jieli_engine;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the table is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
"""

REVERSE = """
DROP FUNCTION IF EXISTS refuse_change(), app_client(), app_account(), app_user(), app_org(), app_kind(), app_context(),
  scope_hmac(bytea, bytea);
DROP TABLE IF EXISTS scope_key;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(SQL, REVERSE)]

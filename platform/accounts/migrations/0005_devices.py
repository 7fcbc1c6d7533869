"""A new device is asked for something (decision 7): devices, what they must know, and wrong answers.

The web role reads no answer and counts no try: the functions do, for the account of the signed context. Between
the right code and the right answer that context is `public` with an account: it opens no row of any table.
"""

import django.db.models.deletion
from django.db import migrations, models

from scope import rls
from scope.rls import Policy

OWN = "(SELECT app_kind()) = 'patient' AND account_id = (SELECT app_account())"
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp"

FUNCTIONS = f"""
-- Wrong answers that count: of an account in a day, of a network address in an hour.
CREATE FUNCTION device_tries(who bigint) RETURNS integer
LANGUAGE sql VOLATILE {DEFINER} AS $$
  SELECT count(*)::integer FROM public.device_try
    WHERE account_id = who AND at > clock_timestamp() - interval '24 hours'
$$;
CREATE FUNCTION device_source_spent(source bytea) RETURNS boolean
LANGUAGE sql VOLATILE {DEFINER} AS $$
  SELECT count(*) >= 30 FROM public.device_try
    WHERE source_hash = source AND at > clock_timestamp() - interval '1 hour'
$$;

-- known: it was here before; first: nothing is known that could be asked; ask; locked.
CREATE FUNCTION device_state(wanted bytea) RETURNS text
LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
  who bigint := public.app_account();
BEGIN
  IF public.app_kind() IS DISTINCT FROM 'public' OR who IS NULL THEN RETURN NULL; END IF;
  UPDATE public.patient_device SET last_seen_at = clock_timestamp()
    WHERE account_id = who AND token_hash = wanted AND last_seen_at > now() - interval '400 days';
  IF FOUND THEN RETURN 'known'; END IF;
  IF NOT EXISTS (SELECT 1 FROM public.sign_in_answer WHERE account_id = who) THEN RETURN 'first'; END IF;
  IF public.device_tries(who) >= 5 THEN RETURN 'locked'; END IF;
  RETURN 'ask';
END $$;

-- -1: right; else how many tries are left. The row lock makes simultaneous tries count one after another.
CREATE FUNCTION device_answer(given bytea, source bytea) RETURNS integer
LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
  who bigint := public.app_account();
  tries integer;
BEGIN
  IF public.app_kind() IS DISTINCT FROM 'public' OR who IS NULL THEN RETURN NULL; END IF;
  PERFORM 1 FROM public.patient_account WHERE id = who FOR UPDATE;
  tries := public.device_tries(who);
  IF tries >= 5 OR public.device_source_spent(source) THEN RETURN 0; END IF;
  IF EXISTS (SELECT 1 FROM public.sign_in_answer WHERE account_id = who AND answer_hash = given) THEN
    DELETE FROM public.device_try WHERE account_id = who;
    RETURN -1;
  END IF;
  INSERT INTO public.device_try (account_id, source_hash, at) VALUES (who, source, clock_timestamp());
  RETURN 4 - tries;
END $$;

-- The insurer's letter to somebody for whom the account speaks; it opens a locked account too (77 random bits).
CREATE FUNCTION device_letter(token bytea, source bytea) RETURNS integer
LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
  who bigint := public.app_account();
BEGIN
  IF public.app_kind() IS DISTINCT FROM 'public' OR who IS NULL THEN RETURN NULL; END IF;
  PERFORM 1 FROM public.patient_account WHERE id = who FOR UPDATE;
  IF public.device_source_spent(source) THEN RETURN 0; END IF;
  UPDATE public.proof_token t SET used_at = now(), used_by_id = who
    WHERE t.token_hash = token AND t.used_at IS NULL AND t.expires_at > now()
      AND EXISTS (
        WITH RECURSIVE up(id) AS (
          SELECT t.person_id
          UNION SELECT p.merged_into_id FROM public.person p JOIN up ON p.id = up.id
                  WHERE p.merged_into_id IS NOT NULL)
        SELECT 1 FROM public.representation r JOIN up ON up.id = r.person_id
          WHERE r.account_id = who AND r.revoked_at IS NULL);
  IF FOUND THEN
    DELETE FROM public.device_try WHERE account_id = who;
    RETURN -1;
  END IF;
  INSERT INTO public.device_try (account_id, source_hash, at) VALUES (who, source, clock_timestamp());
  RETURN greatest(5 - public.device_tries(who), 0);
END $$;

CREATE FUNCTION device_remember(wanted bytea, named text) RETURNS void
LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
  who bigint := public.app_account();
BEGIN
  IF public.app_kind() IS DISTINCT FROM 'patient' OR who IS NULL THEN
    RAISE EXCEPTION 'a device belongs to the patient who is signed in' USING ERRCODE = 'insufficient_privilege';
  END IF;
  INSERT INTO public.patient_device (account_id, token_hash, label, created_at, last_seen_at)
    VALUES (who, wanted, named, clock_timestamp(), clock_timestamp())
    ON CONFLICT (account_id, token_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at, label = excluded.label;
  DELETE FROM public.patient_device WHERE id IN (
    SELECT id FROM public.patient_device WHERE account_id = who ORDER BY last_seen_at DESC, id DESC OFFSET 20);
END $$;

-- For every request of a signed-in patient: is the device that the session names still his?
CREATE FUNCTION device_live(who bigint, wanted bytea) RETURNS boolean
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT 1 FROM public.patient_device WHERE account_id = who AND token_hash = wanted)
$$;

CREATE FUNCTION answer_remember(source bigint, given bytea[]) RETURNS void
LANGUAGE plpgsql VOLATILE {DEFINER} AS $$
DECLARE
  who bigint := public.app_account();
BEGIN
  IF public.app_kind() IS DISTINCT FROM 'patient' OR who IS NULL OR cardinality(given) > 4 THEN
    RAISE EXCEPTION 'an answer belongs to the patient who is signed in' USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM public.sign_in_answer WHERE account_id = who AND source_id = source;
  INSERT INTO public.sign_in_answer (account_id, source_id, answer_hash)
    SELECT DISTINCT who, source, g.hash FROM unnest(given) AS g(hash);
END $$;

REVOKE ALL ON FUNCTION device_tries(bigint), device_source_spent(bytea), device_state(bytea),
  device_answer(bytea, bytea), device_letter(bytea, bytea), device_remember(bytea, text),
  device_live(bigint, bytea), answer_remember(bigint, bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION device_state(bytea), device_answer(bytea, bytea), device_letter(bytea, bytea),
  device_remember(bytea, text), device_live(bigint, bytea), answer_remember(bigint, bytea[]) TO jieli_app;
"""
BACK = """
DROP FUNCTION answer_remember(bigint, bytea[]), device_live(bigint, bytea), device_remember(bytea, text),
  device_letter(bytea, bytea), device_answer(bytea, bytea), device_state(bytea), device_source_spent(bytea),
  device_tries(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_sessions"),
        ("people", "0003_redeem_token"),
        ("scope", "0002_sharper"),
    ]

    operations = [
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_hash", models.BinaryField(max_length=32)),
                (
                    "label",
                    models.CharField(
                        blank=True, help_text="android-wechat; no version, no model", max_length=20
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("last_seen_at", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="devices",
                        to="accounts.patientaccount",
                    ),
                ),
            ],
            options={
                "db_table": "patient_device",
                "constraints": [
                    models.UniqueConstraint(fields=("account", "token_hash"), name="patient_device_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="DeviceTry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source_hash",
                    models.BinaryField(help_text="blind index of the network address", max_length=16),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="device_tries",
                        to="accounts.patientaccount",
                    ),
                ),
            ],
            options={
                "db_table": "device_try",
                "indexes": [
                    models.Index(fields=["account", "-at"], name="device_try_account"),
                    models.Index(fields=["source_hash", "-at"], name="device_try_source"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source_id", models.BigIntegerField(help_text="the application that described the person")),
                ("answer_hash", models.BinaryField(max_length=32)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="accounts.patientaccount",
                    ),
                ),
            ],
            options={
                "db_table": "sign_in_answer",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "source_id", "answer_hash"), name="sign_in_answer_once"
                    )
                ],
            },
        ),
        *rls.grant("patient_device", app="SELECT, DELETE", engine="SELECT, DELETE"),
        *rls.enable(
            "patient_device",
            [
                rls.engine_all("patient_device"),
                Policy("own", "app", "SELECT", OWN),
                Policy("own_removed", "app", "DELETE", OWN),
            ],
        ),
        *rls.grant("sign_in_answer", engine="SELECT, DELETE"),
        *rls.enable("sign_in_answer", [rls.engine_all("sign_in_answer")]),
        *rls.grant("device_try", engine="SELECT, DELETE"),
        *rls.enable("device_try", [rls.engine_all("device_try")]),
        migrations.RunSQL(FUNCTIONS, BACK),
    ]

"""One entry may name several subjects; and audit_write() becomes the only way into the log.

The subjects stand in the payload ("subjects"), so the commitment covers them and the leaf does not change. The
table audit_subject is an index over it, filled by audit_write() alone: nobody can add an old entry to
somebody's trail, give an erased entry a payload again, or write a commitment that its payload does not keep.
"""

from django.db import migrations, models
from django.db.models import PROTECT

SQL = r"""
GRANT SELECT ON audit_subject TO jieli_app, jieli_engine;
REVOKE INSERT ON audit_entry, audit_entry_payload FROM jieli_app, jieli_engine;
REVOKE INSERT (actor, action, subject, commitment) ON audit_entry FROM jieli_app, jieli_engine;

-- As before, but for a caller inside audit_write(), where current_user is the function's owner.
CREATE OR REPLACE FUNCTION audit_check_actor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  context text[] := public.app_context();
  caller text := CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END;
  label text;
BEGIN
  IF context IS NULL THEN
    label := CASE caller WHEN 'jieli_engine' THEN 'engine' WHEN 'jieli_app' THEN 'public' ELSE 'system' END;
  ELSE
    label := CASE context[1]
      WHEN 'staff' THEN 'staff:' || context[3] || '@' || context[2]
      WHEN 'client' THEN 'client:' || context[5] || '@' || context[2]
      WHEN 'patient' THEN 'patient:' || context[4]
      ELSE context[1]
    END;
  END IF;
  IF NEW.actor IS DISTINCT FROM label THEN
    RAISE EXCEPTION 'an audit entry by % cannot be written as %', coalesce(label, 'nobody'), NEW.actor
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

-- RFC 8785 of what leaf.py lets into a payload; keys are our own words (ASCII).
CREATE FUNCTION audit_canonical(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kind text := jsonb_typeof(value);
BEGIN
  IF kind = 'object' THEN
    RETURN '{' || coalesce((
      SELECT string_agg(to_json(item.key)::text || ':' ||
               CASE WHEN jsonb_typeof(item.value) IN ('string', 'boolean', 'null') THEN item.value::text
                    ELSE public.audit_canonical(item.value) END, ',' ORDER BY item.key COLLATE "C")
      FROM jsonb_each(audit_canonical.value) AS item), '') || '}';
  ELSIF kind = 'array' THEN
    RETURN '[' || coalesce((
      SELECT string_agg(CASE WHEN jsonb_typeof(item.value) IN ('string', 'boolean', 'null') THEN item.value::text
                             ELSE public.audit_canonical(item.value) END, ',' ORDER BY item.place)
      FROM jsonb_array_elements(audit_canonical.value) WITH ORDINALITY AS item(value, place)), '') || ']';
  ELSIF kind = 'number' AND value::text !~ '^-?[0-9]{1,16}$' THEN
    RAISE EXCEPTION 'an audit payload has whole numbers only' USING ERRCODE = 'check_violation';
  END IF;
  RETURN value::text;
END $$;
REVOKE ALL ON FUNCTION audit_canonical(jsonb) FROM PUBLIC;

DROP FUNCTION audit_write(text, text, text, bytea, bytea, jsonb);
-- Entry, payload and index in one round trip; payload is canonical JSON (RFC 8785), the commitment is made here.
CREATE FUNCTION audit_write(actor text, action text, subject text, salt bytea, payload text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  number bigint;
  content jsonb := payload::jsonb;
BEGIN
  -- Otherwise verify, which writes the payload anew, would find a change where there is none.
  IF jsonb_typeof(content) <> 'object' OR public.audit_canonical(content) <> payload THEN
    RAISE EXCEPTION 'an audit payload is one object in canonical JSON' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO public.audit_entry (actor, action, subject, commitment)
    VALUES (audit_write.actor, audit_write.action, audit_write.subject,
            sha256(audit_write.salt || convert_to(audit_write.payload, 'UTF8')))
    RETURNING id INTO number;
  INSERT INTO public.audit_entry_payload (entry_id, salt, payload)
    VALUES (number, audit_write.salt, content);
  IF content ? 'subjects' THEN
    INSERT INTO public.audit_subject (entry_id, subject)
      SELECT number, named.subject FROM jsonb_array_elements_text(content -> 'subjects') AS named(subject);
  END IF;
  RETURN number;
END $$;
REVOKE ALL ON FUNCTION audit_write(text, text, text, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_write(text, text, text, bytea, text) TO jieli_app, jieli_engine;

ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_words
  CHECK (action ~ '^[a-z][a-z0-9_]*([.][a-z0-9_]+)+$'
         AND subject ~ '^[a-z][a-z0-9_.]*:[A-Za-z0-9][A-Za-z0-9_.:/@-]*$');
ALTER TABLE audit_subject ADD CONSTRAINT audit_subject_words
  CHECK (subject ~ '^[a-z][a-z0-9_.]*:[A-Za-z0-9][A-Za-z0-9_.:/@-]*$');

-- What the index should hold and does not (missing), or holds and should not (extra). Empty when it is right.
CREATE FUNCTION audit_subject_drift() RETURNS TABLE (entry_id bigint, subject text, problem text)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  WITH wanted AS (
    SELECT DISTINCT p.entry_id, named.subject
    FROM public.audit_entry_payload p,
         jsonb_array_elements_text(p.payload -> 'subjects') AS named(subject)
    WHERE p.payload ? 'subjects'
  )
  SELECT coalesce(w.entry_id, s.entry_id), coalesce(w.subject, s.subject)::text,
         CASE WHEN s.id IS NULL THEN 'missing' ELSE 'extra' END
  FROM wanted w FULL JOIN public.audit_subject s ON s.entry_id = w.entry_id AND s.subject = w.subject
  WHERE w.entry_id IS NULL OR s.id IS NULL
$$;
REVOKE ALL ON FUNCTION audit_subject_drift() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_subject_drift() TO jieli_app, jieli_engine;

-- The owner's: make the index what the payloads say; gives the rows that were wrong.
CREATE FUNCTION audit_reindex() RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  one record;
  wrong bigint := 0;
BEGIN
  PERFORM set_config('app.audit_erasing', 'on', true);
  FOR one IN SELECT * FROM public.audit_subject_drift() LOOP
    wrong := wrong + 1;
    IF one.problem = 'extra' THEN
      DELETE FROM public.audit_subject s WHERE s.entry_id = one.entry_id AND s.subject = one.subject;
    ELSE
      INSERT INTO public.audit_subject (entry_id, subject) VALUES (one.entry_id, one.subject);
    END IF;
  END LOOP;
  PERFORM set_config('app.audit_erasing', '', true);
  RETURN wrong;
END $$;
REVOKE ALL ON FUNCTION audit_reindex() FROM PUBLIC;

CREATE TRIGGER audit_subject_append_only BEFORE UPDATE OR DELETE ON audit_subject
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_erasure();
CREATE TRIGGER audit_subject_no_truncate BEFORE TRUNCATE ON audit_subject
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_erasure();

-- Who else an entry named goes with its payload.
CREATE OR REPLACE FUNCTION audit_erase(entries bigint[]) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  erased bigint;
BEGIN
  PERFORM set_config('app.audit_erasing', 'on', true);
  DELETE FROM public.audit_subject s USING public.audit_entry_payload p,
         jsonb_array_elements_text(p.payload -> 'subjects') AS named(subject)
    WHERE p.entry_id = ANY(entries) AND p.payload ? 'subjects'
      AND s.subject = named.subject AND s.entry_id = p.entry_id;
  DELETE FROM public.audit_entry_payload WHERE entry_id = ANY(entries);
  GET DIAGNOSTICS erased = ROW_COUNT;
  PERFORM set_config('app.audit_erasing', '', true);
  RETURN erased;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [
        migrations.CreateModel(
            name="EntrySubject",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subject", models.CharField(max_length=120)),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=PROTECT,
                        related_name="others",
                        to="audit.entry",
                    ),
                ),
            ],
            options={
                "db_table": "audit_subject",
                "constraints": [
                    models.UniqueConstraint(fields=["subject", "entry"], name="audit_subject_once")
                ],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]

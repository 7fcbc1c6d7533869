"""Nothing comes into the log that its checkers could not read back: for SQL that calls audit_write() itself.

verify.py stands in other people's hands. It orders keys by UTF-16 (the database by code points: the two differ from
U+E000 on), opens nested values with a stack of its own, and reads whole numbers as other programs do, exactly up to
2^53 - 1. An entry outside of that would look like a change for ever, in a log that forgets nothing.
"""

from django.db import migrations

LIMITS = r"""
CREATE FUNCTION audit_checkable(value jsonb, depth integer DEFAULT 0) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kind text := jsonb_typeof(value);
BEGIN
  IF kind = 'number' THEN
    RETURN value::text ~ '^-?[0-9]{1,16}$' AND abs(value::numeric) <= 9007199254740991;
  ELSIF kind NOT IN ('object', 'array') THEN
    RETURN true;
  ELSIF depth >= 32 THEN
    RETURN false;
  ELSIF kind = 'array' THEN
    RETURN NOT EXISTS (SELECT 1 FROM jsonb_array_elements(audit_checkable.value) AS item(value)
      WHERE jsonb_typeof(item.value) IN ('object', 'array', 'number')
        AND NOT public.audit_checkable(item.value, depth + 1));
  END IF;
  RETURN NOT EXISTS (SELECT 1 FROM jsonb_each(audit_checkable.value) AS item
    WHERE item.key ~ '[\uE000-\U0010FFFF]'
      OR (jsonb_typeof(item.value) IN ('object', 'array', 'number')
        AND NOT public.audit_checkable(item.value, depth + 1)));
END $$;
REVOKE ALL ON FUNCTION audit_checkable(jsonb, integer) FROM PUBLIC;
"""
WRITE = """
CREATE OR REPLACE FUNCTION audit_write(actor text, action text, subject text, salt bytea, payload text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  number bigint;
  content jsonb;
BEGIN
  {size}content := payload::jsonb;
  -- Otherwise verify, which writes the payload anew, would find a change where there is none.
  IF jsonb_typeof(content) <> 'object' {checkable}OR public.audit_canonical(content) <> payload THEN
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
"""
SIZE = """IF octet_length(payload) > 65536 THEN
    RAISE EXCEPTION 'an audit payload has at most 64 KiB' USING ERRCODE = 'check_violation';
  END IF;
  """


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_witnesses")]
    operations = [
        migrations.RunSQL(
            LIMITS + WRITE.format(size=SIZE, checkable="OR NOT public.audit_checkable(content) "),
            WRITE.format(size="", checkable="") + "DROP FUNCTION audit_checkable(jsonb, integer);",
        )
    ]

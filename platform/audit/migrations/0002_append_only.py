"""Grants, the append-only triggers, the actor check, the queue and the erasure function."""

from django.db import migrations

from scope.rls import append_only

SQL = r"""
-- Number and time of an entry are the database's: nobody may back-date or choose.
GRANT SELECT, INSERT (actor, action, subject, commitment) ON audit_entry TO jieli_app, jieli_engine;
GRANT SELECT, INSERT ON audit_entry_payload TO jieli_app, jieli_engine;
GRANT SELECT ON audit_pending TO jieli_app, jieli_engine;
GRANT DELETE ON audit_pending TO jieli_engine;
GRANT SELECT ON audit_leaf, audit_tree_node, audit_checkpoint TO jieli_app, jieli_engine;
GRANT INSERT ON audit_leaf, audit_tree_node, audit_checkpoint TO jieli_engine;

ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_commitment CHECK (length(commitment) = 32);
ALTER TABLE audit_entry_payload ADD CONSTRAINT audit_entry_payload_salt CHECK (length(salt) = 32);
ALTER TABLE audit_leaf ADD CONSTRAINT audit_leaf_hash CHECK (length(leaf_hash) = 32 AND leaf_index >= 0);
ALTER TABLE audit_tree_node ADD CONSTRAINT audit_tree_node_hash
  CHECK (length(hash) = 32 AND level > 0 AND "index" >= 0);
ALTER TABLE audit_checkpoint ADD CONSTRAINT audit_checkpoint_root CHECK (length(root) = 32 AND size > 0);

-- Entries come in order of time: a few pages of index for any number of them.
CREATE INDEX audit_entry_at ON audit_entry USING brin (at) WITH (pages_per_range = 32);

-- Nobody records in another's name: the actor must be the one of the signed context.
CREATE FUNCTION audit_check_actor() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  context text[] := public.app_context();
  label text;
BEGIN
  IF context IS NULL THEN
    label := CASE current_user WHEN 'jieli_engine' THEN 'engine' WHEN 'jieli_app' THEN 'public' ELSE 'system' END;
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
CREATE TRIGGER audit_entry_actor BEFORE INSERT ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_check_actor();

-- Every entry waits for its leaf; the writers need no right on the queue.
CREATE FUNCTION audit_enqueue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
  INSERT INTO public.audit_pending (entry_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION audit_enqueue() FROM PUBLIC;
CREATE TRIGGER audit_entry_enqueue AFTER INSERT ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_enqueue();

-- Entry and payload in one round trip, with plans kept by the session. Runs with its caller's rights.
CREATE FUNCTION audit_write(actor text, action text, subject text, commitment bytea, salt bytea, payload jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  INSERT INTO public.audit_entry (actor, action, subject, commitment)
    VALUES (audit_write.actor, audit_write.action, audit_write.subject, audit_write.commitment)
    RETURNING id INTO number;
  INSERT INTO public.audit_entry_payload (entry_id, salt, payload)
    VALUES (number, audit_write.salt, audit_write.payload);
  RETURN number;
END $$;

-- A payload leaves only through audit_erase(), which the owner alone may call.
CREATE FUNCTION audit_refuse_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('app.audit_erasing', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% on % is refused: payloads are erased by audit_erase() alone', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_entry_payload_append_only BEFORE UPDATE OR DELETE ON audit_entry_payload
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_erasure();
CREATE TRIGGER audit_entry_payload_no_truncate BEFORE TRUNCATE ON audit_entry_payload
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_erasure();
CREATE FUNCTION audit_erase(entries bigint[]) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, public AS $$
DECLARE
  erased bigint;
BEGIN
  PERFORM set_config('app.audit_erasing', 'on', true);
  DELETE FROM public.audit_entry_payload WHERE entry_id = ANY(entries);
  GET DIAGNOSTICS erased = ROW_COUNT;
  PERFORM set_config('app.audit_erasing', '', true);
  RETURN erased;
END $$;
REVOKE ALL ON FUNCTION audit_erase(bigint[]) FROM PUBLIC;
"""

REVERSE = """
DROP TRIGGER IF EXISTS audit_entry_actor ON audit_entry;
DROP TRIGGER IF EXISTS audit_entry_enqueue ON audit_entry;
DROP TRIGGER IF EXISTS audit_entry_payload_append_only ON audit_entry_payload;
DROP TRIGGER IF EXISTS audit_entry_payload_no_truncate ON audit_entry_payload;
DROP INDEX IF EXISTS audit_entry_at;
DROP FUNCTION IF EXISTS audit_check_actor(), audit_enqueue(), audit_refuse_erasure(), audit_erase(bigint[]),
  audit_write(text, text, text, bytea, bytea, jsonb);
ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_commitment;
ALTER TABLE audit_entry_payload DROP CONSTRAINT audit_entry_payload_salt;
ALTER TABLE audit_leaf DROP CONSTRAINT audit_leaf_hash;
ALTER TABLE audit_tree_node DROP CONSTRAINT audit_tree_node_hash;
ALTER TABLE audit_checkpoint DROP CONSTRAINT audit_checkpoint_root;
REVOKE ALL ON audit_entry, audit_entry_payload, audit_pending, audit_leaf, audit_tree_node, audit_checkpoint
  FROM jieli_app, jieli_engine;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("scope", "0001_context")]
    operations = [
        migrations.RunSQL(SQL, REVERSE),
        *append_only("audit_entry"),
        *append_only("audit_leaf"),
        *append_only("audit_tree_node"),
        *append_only("audit_checkpoint"),
    ]

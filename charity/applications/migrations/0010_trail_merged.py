"""A person that two merges made holds the trail of all who were merged into it, however long ago."""

from django.db import migrations

SQL = """
CREATE OR REPLACE FUNCTION application_trail(wanted bigint) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH RECURSIVE mine AS (
    SELECT a.person_id AS id FROM public.application a
    JOIN public.representation r ON r.person_id = a.person_id AND r.account_id = a.account_id
    WHERE a.id = wanted AND a.proof = 'proven' AND r.revoked_at IS NULL
      AND public.app_kind() = 'patient' AND a.account_id = public.app_account()
    UNION SELECT p.id FROM public.person p JOIN mine ON p.merged_into_id = mine.id
  ), described AS (
    SELECT i.id, i.source, i.source_id FROM public.identity i WHERE i.person_id IN (SELECT id FROM mine)
  ), bill AS (
    SELECT s.id FROM public.settlement s WHERE s.person_id IN (SELECT id FROM mine)
  ), pushed AS (
    SELECT c.record_id AS id FROM public.settlement_source c WHERE c.settlement_id IN (SELECT id FROM bill)
  ), sent AS (
    SELECT id FROM pushed
    UNION SELECT d.id FROM public.intake_record d WHERE d.duplicate_of_id IN (SELECT id FROM pushed)
    UNION SELECT d.id FROM public.intake_record d WHERE d.resent_as_id IN (SELECT id FROM pushed)
  )
  SELECT 'person:' || id FROM mine
  UNION SELECT 'identity:' || id FROM described
  UNION SELECT 'campaign:' || source_id FROM described WHERE source = 'campaign' AND source_id IS NOT NULL
  UNION SELECT 'settlement:' || id FROM bill
  UNION SELECT 'record:' || id FROM sent
  UNION SELECT 'invitation:' || v.id FROM public.invitation v WHERE v.record_id IN (SELECT id FROM sent)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("applications", "0009_handed_in")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]

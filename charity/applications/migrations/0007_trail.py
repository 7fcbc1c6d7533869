"""What belongs to a proven person, as the log names it: for the family's page "who saw my data".

The bills are sealed and the registry is the engine's; so a function answers, with ids alone, and only to the
account of an application whose person is proven and whom it represents. Before the proof it answers as if
there were nothing.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION application_trail(wanted bigint) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH mine AS (
    SELECT p.id FROM public.application a
    JOIN public.representation r ON r.person_id = a.person_id AND r.account_id = a.account_id
    JOIN public.person p ON p.id = a.person_id OR p.merged_into_id = a.person_id
    WHERE a.id = wanted AND a.proof = 'proven' AND r.revoked_at IS NULL
      AND public.app_kind() = 'patient' AND a.account_id = public.app_account()
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
REVOKE ALL ON FUNCTION application_trail(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION application_trail(bigint) TO jieli_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0006_papers_guard"),
        ("intake", "0006_senders_only"),
        ("desk", "0001_initial"),
        ("people", "0003_redeem_token"),
    ]
    operations = [migrations.RunSQL(SQL, "DROP FUNCTION application_trail(bigint)")]

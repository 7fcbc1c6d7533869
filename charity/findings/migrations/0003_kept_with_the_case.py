"""Checks stay as long as the case is open to its house, through a renewed consent too, and go when it is sealed.

Nobody changes one; the engine alone erases them, and only those of a sealed case.
"""

from django.db import migrations

OPEN = (
    "EXISTS (SELECT 1 FROM aid_case k JOIN consent c ON c.id = k.consent_id WHERE k.id = finding.case_id"
    " AND k.organisation_id = (SELECT app_org()) AND k.application_id = finding.application_id"
    " AND k.sealed_at IS NULL AND c.organisation_id = (SELECT app_org()) AND c.decision"
    " AND c.withdrawn_at IS NULL AND c.valid_until > now() AND finding.category = ANY (c.categories))"
)
READ = f"(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org()) AND {OPEN}"
FORMER = (
    "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"
    " AND EXISTS (SELECT 1 FROM consent c WHERE c.id = finding.consent_id"
    " AND c.application_id = finding.application_id AND c.organisation_id = (SELECT app_org())"
    " AND c.decision AND c.withdrawn_at IS NULL AND c.valid_until > now()"
    " AND finding.category = ANY (c.categories))"
)
KEPT = """
CREATE FUNCTION finding_kept() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'jieli_engine' AND EXISTS (
    SELECT 1 FROM public.aid_case k WHERE k.id = OLD.case_id AND k.sealed_at IS NOT NULL
  ) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'a check is never changed, and erased only with its sealed case'
    USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER finding_append_only ON finding;
CREATE TRIGGER finding_kept BEFORE UPDATE OR DELETE ON finding
  FOR EACH ROW EXECUTE FUNCTION finding_kept();
GRANT DELETE ON finding TO jieli_engine;
"""
KEPT_BACK = """
REVOKE DELETE ON finding FROM jieli_engine;
DROP TRIGGER finding_kept ON finding;
DROP FUNCTION finding_kept();
CREATE TRIGGER finding_append_only BEFORE UPDATE OR DELETE ON finding
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("findings", "0002_access"), ("awards", "0006_words")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY consented ON finding USING ({READ});",
            f"ALTER POLICY consented ON finding USING ({FORMER});",
        ),
        migrations.RunSQL(KEPT, KEPT_BACK),
    ]

"""Whether a paper counts is the charity's word, what it shows is the family's: neither writes the other's.

And owns_application() never looks at a temporary table.
"""

from django.db import migrations

GUARD = """
ALTER FUNCTION owns_application(bigint) SET search_path = pg_catalog, public, pg_temp;

CREATE FUNCTION document_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'new' OR NEW.reason <> '' OR NEW.checked_by IS NOT NULL
       OR NEW.checked_by_org IS NOT NULL OR NEW.checked_at IS NOT NULL THEN
      RAISE EXCEPTION 'a paper begins unchecked' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.application_id, NEW.kind, NEW.media_type, NEW.pages, NEW.sha256_blind, NEW.uploaded_at)
     IS DISTINCT FROM
     (OLD.id, OLD.application_id, OLD.kind, OLD.media_type, OLD.pages, OLD.sha256_blind, OLD.uploaded_at) THEN
    RAISE EXCEPTION 'a paper stays what it was' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF public.app_kind() = 'staff' THEN
    IF (NEW.content, NEW.size) IS DISTINCT FROM (OLD.content, OLD.size)
       OR NEW.state NOT IN ('accepted', 'rejected') OR OLD.state = 'removed'
       OR NEW.checked_by IS DISTINCT FROM public.app_user()
       OR NEW.checked_by_org IS DISTINCT FROM public.app_org() THEN
      RAISE EXCEPTION 'staff check a paper in their own name and change nothing of it'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
  ELSIF OLD.state <> 'new' OR NEW.state <> 'removed'
     OR (NEW.reason, NEW.checked_by, NEW.checked_by_org, NEW.checked_at)
     IS DISTINCT FROM (OLD.reason, OLD.checked_by, OLD.checked_by_org, OLD.checked_at) THEN
    RAISE EXCEPTION 'a family only takes back a paper that nobody checked'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER document_guard BEFORE INSERT OR UPDATE ON document
  FOR EACH ROW EXECUTE FUNCTION document_guard();

CREATE FUNCTION review_request_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF OLD.answered_at IS NOT NULL
     OR (NEW.id, NEW.application_id, NEW.case_id, NEW.organisation_id, NEW.text, NEW.created_at)
     IS DISTINCT FROM
     (OLD.id, OLD.application_id, OLD.case_id, OLD.organisation_id, OLD.text, OLD.created_at)
     OR NEW.answered_by IS DISTINCT FROM public.app_user() THEN
    RAISE EXCEPTION 'a review is answered once, in one''s own name, and keeps the family''s words'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER review_request_guard BEFORE UPDATE ON review_request
  FOR EACH ROW EXECUTE FUNCTION review_request_guard();
"""
BACK = """
DROP TRIGGER review_request_guard ON review_request;
DROP FUNCTION review_request_guard();
DROP TRIGGER document_guard ON document;
DROP FUNCTION document_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("applications", "0005_claimed_only"), ("scope", "0002_sharper")]
    operations = [migrations.RunSQL(GUARD, BACK)]

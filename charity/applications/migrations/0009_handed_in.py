"""The moment of handing in opens a consent to its recipient, whatever path led there. The words by which a paper was
refused are sealed, its seal and kind are codes. A request for a paper is changed by those it concerns, in the columns
that are theirs.
"""

from django.db import migrations, models

import vault.fields

SEALS = ("", "hospital", "medical_affairs", "department", "office")

# SECURITY DEFINER: the recipient's policy on `consent` must not look at `application`, whose policies look back.
OPENED = """
CREATE FUNCTION consent_opened() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  NEW.opened_at := NULL;
  IF NEW.decision AND EXISTS (
    SELECT 1 FROM public.application WHERE id = NEW.application_id AND state <> 'draft') THEN
    NEW.opened_at := now();
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION consent_opened() FROM PUBLIC;
CREATE TRIGGER consent_opened BEFORE INSERT ON consent FOR EACH ROW EXECUTE FUNCTION consent_opened();

CREATE FUNCTION application_opens_consents() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE public.consent SET opened_at = now()
    WHERE application_id = NEW.id AND decision AND withdrawn_at IS NULL AND opened_at IS NULL;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION application_opens_consents() FROM PUBLIC;
CREATE TRIGGER application_opens_consents AFTER UPDATE OF state ON application
  FOR EACH ROW WHEN (OLD.state = 'draft' AND NEW.state <> 'draft')
  EXECUTE FUNCTION application_opens_consents();

UPDATE consent c SET opened_at = greatest(c.decided_at, a.submitted_at) FROM application a
  WHERE a.id = c.application_id AND a.state <> 'draft' AND c.decision
  AND (c.withdrawn_at IS NULL OR c.withdrawn_at >= a.submitted_at);
"""
OPENED_BACK = """
DROP TRIGGER application_opens_consents ON application;
DROP FUNCTION application_opens_consents();
DROP TRIGGER consent_opened ON consent;
DROP FUNCTION consent_opened();
"""

PAPERS = """
CREATE OR REPLACE FUNCTION document_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'new' OR NEW.reason IS NOT NULL OR NEW.seal <> '' OR NEW.counts_as <> ''
       OR NEW.checked_by IS NOT NULL OR NEW.checked_by_org IS NOT NULL OR NEW.checked_at IS NOT NULL THEN
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
     OR (NEW.reason, NEW.seal, NEW.counts_as, NEW.checked_by, NEW.checked_by_org, NEW.checked_at)
     IS DISTINCT FROM (OLD.reason, OLD.seal, OLD.counts_as, OLD.checked_by, OLD.checked_by_org, OLD.checked_at) THEN
    RAISE EXCEPTION 'a family only takes back a paper that nobody checked'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""

REQUESTS = """
CREATE FUNCTION document_request_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kept public.document_request := NEW;
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF NEW.answered_by_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM public.document d WHERE d.id = NEW.answered_by_id AND d.application_id = NEW.application_id) THEN
    RAISE EXCEPTION 'a paper of the same application answers' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.created_by IS DISTINCT FROM public.app_user() OR NEW.answered_by_id IS NOT NULL
       OR NEW.closed_at IS NOT NULL OR NEW.reminded_at IS NOT NULL THEN
      RAISE EXCEPTION 'a paper is asked for in one''s own name' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  kept.answered_by_id := OLD.answered_by_id;
  IF public.app_kind() = 'staff' THEN
    kept.note := OLD.note;
    kept.closed_at := OLD.closed_at;
    kept.reminded_at := OLD.reminded_at;
  ELSIF OLD.answered_by_id IS NOT NULL OR OLD.closed_at IS NOT NULL THEN
    RAISE EXCEPTION 'what was answered stays' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF kept IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a request stays what it was' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER document_request_guard BEFORE INSERT OR UPDATE ON document_request
  FOR EACH ROW EXECUTE FUNCTION document_request_guard();
CREATE POLICY of_the_case ON document_request AS RESTRICTIVE FOR INSERT TO jieli_app
  WITH CHECK (EXISTS (SELECT 1 FROM aid_case k WHERE k.id = document_request.case_id
    AND k.application_id = document_request.application_id
    AND k.organisation_id = document_request.organisation_id));
"""
REQUESTS_BACK = """
DROP POLICY of_the_case ON document_request;
DROP TRIGGER document_request_guard ON document_request;
DROP FUNCTION document_request_guard();
"""


def part(apps, schema_editor):
    """`seal/kind` of an accepted paper becomes two codes, the reason of a rejected one is sealed; none stays clear."""
    documents = apps.get_model("applications", "Document").objects
    for row in documents.exclude(reason="").only("state", "reason").iterator():
        seal, _slash, kind = row.reason.partition("/")
        accepted = row.state == "accepted"
        documents.filter(pk=row.pk).update(
            seal=seal if accepted and seal in SEALS else "",
            counts_as=kind if accepted and kind.isidentifier() and kind.isascii() else "",
            sealed_reason=None if accepted else row.reason,
            reason="",
        )


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0008_door"),
        ("awards", "0002_access"),
        ("consent", "0005_opened"),
    ]
    operations = [
        migrations.RunSQL(OPENED, OPENED_BACK),
        migrations.AddField(
            "document",
            "seal",
            models.CharField(
                blank=True,
                default="",
                help_text="on an accepted paper: a code of SEALS",
                max_length=20,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "document",
            "counts_as",
            models.CharField(
                blank=True,
                default="",
                help_text="the rule's kind that an accepted paper counts as, by its code",
                max_length=40,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "document",
            "sealed_reason",
            vault.fields.SealedText(
                "applications.document_reason",
                help_text="why it was rejected, for the family",
                null=True,
            ),
        ),
        migrations.RunPython(part, migrations.RunPython.noop),
        migrations.RemoveField("document", "reason"),
        migrations.RenameField("document", "sealed_reason", "reason"),
        migrations.AddConstraint(
            "document",
            models.CheckConstraint(condition=models.Q(("seal__in", list(SEALS))), name="document_seal"),
        ),
        migrations.AddConstraint(
            "document",
            models.CheckConstraint(
                condition=models.Q(("counts_as__regex", "^[a-z0-9_]{0,40}$")), name="document_counts_as"
            ),
        ),
        migrations.RunSQL(PAPERS, migrations.RunSQL.noop),
        migrations.RunSQL(REQUESTS, REQUESTS_BACK),
    ]

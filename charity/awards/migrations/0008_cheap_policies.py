"""What the policies of a case's words and results ask stands in the row, held to the case by trigger: a policy that
looks at tables with policies of their own is planned anew with each statement (16 ms for one page's words), a
trigger's look is planned once. For the same reason what an award and a line of history must agree with is asked by
their triggers.
"""

from django.db import migrations, models

STAFF = "(SELECT app_kind()) = 'staff'"
OWN = STAFF + " AND organisation_id = (SELECT app_org())"
CONSENTED = (
    OWN + " AND EXISTS (SELECT 1 FROM consent c WHERE c.application_id = {table}.application_id"
    " AND c.fund_id = {table}.fund_id AND c.organisation_id = (SELECT app_org())"
    " AND c.decision AND c.withdrawn_at IS NULL AND c.valid_until > now())"
)
PATIENT = "(SELECT app_kind()) = 'patient'"
FAMILY = PATIENT + " AND owns_application(application_id)"
PROMISED = (
    OWN + " AND kind = 'payee' AND payee_promised(award_id)"
    " AND EXISTS (SELECT 1 FROM membership m WHERE m.user_id = (SELECT app_user())"
    " AND m.organisation_id = (SELECT app_org()) AND m.is_active AND 'payer' = ANY (m.roles))"
)

FILL = """
UPDATE case_evaluation e SET organisation_id = k.organisation_id, application_id = k.application_id,
  fund_id = k.fund_id FROM aid_case k WHERE k.id = e.case_id;
UPDATE case_text t SET organisation_id = k.organisation_id, application_id = k.application_id,
  fund_id = k.fund_id, to_family = coalesce((SELECT v.visible_to_family FROM case_event v WHERE v.id = t.event_id), false)
  FROM aid_case k WHERE k.id = t.case_id;
"""

# SECURITY DEFINER: it looks at the case, the line or the award behind the words without their policies, and says
# no to whatever is not the writer's own. Only the web writes words, under the policy `written`.
GUARDS = """
CREATE FUNCTION case_text_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public.aid_case k WHERE k.id = NEW.case_id
      AND k.organisation_id = NEW.organisation_id AND k.application_id = NEW.application_id
      AND k.fund_id = NEW.fund_id)
    OR (NEW.kind = 'note' AND NOT EXISTS (SELECT 1 FROM public.case_event e WHERE e.id = NEW.event_id
      AND e.case_id = NEW.case_id AND e.visible_to_family = NEW.to_family
      AND e.user_id = public.app_user()))
    OR (NEW.kind <> 'note' AND (NEW.to_family OR NOT EXISTS (SELECT 1 FROM public.award a
      WHERE a.id = NEW.award_id AND a.case_id = NEW.case_id AND a.state = 'proposed'
      AND a.proposed_by_id = public.app_user()))) THEN
    RAISE EXCEPTION 'words are written on one''s own line or proposal' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION case_text_guard() FROM PUBLIC;
CREATE TRIGGER case_text_guard BEFORE INSERT ON case_text FOR EACH ROW EXECUTE FUNCTION case_text_guard();

CREATE FUNCTION payee_promised(wanted bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM public.award a WHERE a.id = wanted AND a.state = 'approved'
    AND a.organisation_id = public.app_org());
END $$;
REVOKE ALL ON FUNCTION payee_promised(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payee_promised(bigint) TO jieli_app;

CREATE FUNCTION owns_case(wanted bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT 1 FROM public.aid_case k JOIN public.application a ON a.id = k.application_id
    WHERE k.id = wanted AND a.account_id = public.app_account());
END $$;
REVOKE ALL ON FUNCTION owns_case(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION owns_case(bigint) TO jieli_app;

CREATE FUNCTION case_event_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF NEW.user_id IS DISTINCT FROM public.app_user()
    OR NEW.created_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
    OR NOT EXISTS (SELECT 1 FROM public.aid_case k WHERE k.id = NEW.case_id
      AND k.organisation_id = NEW.organisation_id) THEN
    RAISE EXCEPTION 'a line of history is written on one''s own case, in one''s own name, now'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER case_event_guard BEFORE INSERT ON case_event FOR EACH ROW EXECUTE FUNCTION case_event_guard();

CREATE FUNCTION award_of_the_case() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF NOT EXISTS (SELECT 1 FROM public.aid_case k WHERE k.id = NEW.case_id
    AND k.organisation_id = NEW.organisation_id AND k.fund_id = NEW.fund_id) THEN
    RAISE EXCEPTION 'an award hangs on a case of its own organisation and fund'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER award_of_the_case BEFORE INSERT OR UPDATE OF case_id, organisation_id, fund_id ON award
  FOR EACH ROW EXECUTE FUNCTION award_of_the_case();
"""
GUARDS_BACK = """
DROP TRIGGER award_of_the_case ON award;
DROP FUNCTION award_of_the_case();
DROP TRIGGER case_event_guard ON case_event;
DROP FUNCTION case_event_guard();
DROP FUNCTION owns_case(bigint);
DROP FUNCTION payee_promised(bigint);
DROP TRIGGER case_text_guard ON case_text;
DROP FUNCTION case_text_guard();
"""

POLICIES = f"""
ALTER POLICY own ON award WITH CHECK ({OWN});
ALTER POLICY own ON case_event WITH CHECK ({OWN});
ALTER POLICY consented ON case_evaluation USING ({CONSENTED.format(table="case_evaluation")});
ALTER POLICY family ON case_evaluation USING ({FAMILY});
ALTER POLICY family ON aid_case USING ({FAMILY});
ALTER POLICY family ON award USING ({PATIENT} AND owns_case(case_id));
ALTER POLICY family ON case_event USING (visible_to_family AND {PATIENT} AND owns_case(case_id));
ALTER POLICY consented ON case_text USING ({CONSENTED.format(table="case_text")});
ALTER POLICY family ON case_text USING (to_family AND {FAMILY});
ALTER POLICY promised ON case_text USING ({PROMISED});
ALTER POLICY written ON case_text WITH CHECK ({OWN});
"""

BY_APPLICATION = (
    PATIENT + " AND EXISTS (SELECT 1 FROM application a"
    " WHERE a.id = aid_case.application_id AND a.account_id = (SELECT app_account()))"
)
BY_CASE = PATIENT + " AND EXISTS (SELECT 1 FROM aid_case k WHERE k.id = {table}.case_id)"
POLICIES_BACK = f"""
ALTER POLICY promised ON case_text USING (false);
ALTER POLICY written ON case_text WITH CHECK (false);
ALTER POLICY family ON case_text USING (false);
ALTER POLICY consented ON case_text USING (false);
ALTER POLICY consented ON case_evaluation USING (false);
ALTER POLICY family ON case_evaluation USING (false);
ALTER POLICY family ON aid_case USING ({BY_APPLICATION});
ALTER POLICY family ON award USING ({BY_CASE.format(table="award")});
ALTER POLICY family ON case_event USING (visible_to_family AND {BY_CASE.format(table="case_event")});
"""


def _id(name: str) -> list[migrations.AddField]:
    return [
        migrations.AddField(model, name, models.BigIntegerField(default=0), preserve_default=False)
        for model in ("evaluation", "casetext")
    ]


class Migration(migrations.Migration):
    dependencies = [("awards", "0007_steps")]
    operations = [
        *_id("organisation_id"),
        *_id("application_id"),
        *_id("fund_id"),
        migrations.AddField("casetext", "to_family", models.BooleanField(default=False)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, GUARDS_BACK),
        migrations.RunSQL(POLICIES, POLICIES_BACK),
    ]

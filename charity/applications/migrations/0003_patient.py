"""What the patient's pages need: numbers, kinds of papers, review requests; drafts are nobody else's.

The web may never prove a person or point an application at one: the trigger holds that, not the views.
"""

import django.db.models.deletion
from django.db import migrations, models

import vault.fields
from consent.rls import live
from scope import rls
from scope.rls import Policy

KINDS = [
    ("id_card", "身份证"),
    ("household", "户口本"),
    ("guardian_id", "监护人的身份证"),
    ("diagnosis", "诊断证明"),
    ("front_page", "病案首页"),
    ("marrow", "骨髓检查报告"),
    ("match", "移植配型报告"),
    ("echo", "心脏超声报告"),
    ("settlement", "住院结算单"),
    ("income", "家庭收入证明"),
    ("hardship", "困难证明"),
    ("capacity", "监护或委托证明"),
    ("other", "其他材料"),
]
PATIENT = "(SELECT app_kind()) = 'patient'"
OWN = (
    PATIENT + " AND EXISTS (SELECT 1 FROM application a WHERE a.id = review_request.application_id"
    " AND a.account_id = (SELECT app_account()))"
)
ASKED = "organisation_id = (SELECT app_org()) AND " + live("review_request", "application_id", "identity")
SENT = "EXISTS (SELECT 1 FROM application a WHERE a.id = document.application_id AND a.state <> 'draft') AND "

GUARD = """
CREATE FUNCTION application_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  IF (NEW.account_id, NEW.proof, NEW.person_id, NEW.need_id, NEW.identity_id, NEW.identity_checked_at,
      NEW.proof_note, NEW.created_at)
     IS DISTINCT FROM
     (OLD.account_id, OLD.proof, OLD.person_id, OLD.need_id, OLD.identity_id, OLD.identity_checked_at,
      OLD.proof_note, OLD.created_at) THEN
    RAISE EXCEPTION 'only the engine says who a person is' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF OLD.state <> 'draft' AND (
       (NEW.number, NEW.answers, NEW.capacity, NEW.submitted_at)
       IS DISTINCT FROM (OLD.number, OLD.answers, OLD.capacity, OLD.submitted_at)
       OR NEW.state NOT IN (OLD.state, 'withdrawn')) THEN
    RAISE EXCEPTION 'what was handed in is not changed' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER application_guard BEFORE UPDATE ON application
  FOR EACH ROW EXECUTE FUNCTION application_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("applications", "0002_access")]
    operations = [
        migrations.AlterField("document", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.AlterField("documentrequest", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.AddField(
            "application",
            "identity_checked_at",
            models.DateTimeField(
                null=True, help_text="staff of a charity compared the papers with the person"
            ),
        ),
        migrations.AddField(
            "application",
            "proof_note",
            models.CharField(
                blank=True,
                default="",
                help_text="'' | mismatch: the token was somebody else's",
                max_length=10,
            ),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="ReviewRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("case_id", models.BigIntegerField()),
                ("organisation_id", models.BigIntegerField()),
                ("text", vault.fields.SealedText("applications.review_request")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("answer", vault.fields.SealedText("applications.review_answer", null=True)),
                ("answered_by", models.BigIntegerField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="review_requests",
                        to="applications.application",
                    ),
                ),
            ],
            options={
                "db_table": "review_request",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("answered_at", None)),
                        fields=("case_id",),
                        name="review_request_one_open",
                    )
                ],
            },
        ),
        *rls.grant("review_request", app="SELECT, INSERT, UPDATE", engine="SELECT"),
        *rls.enable(
            "review_request",
            [
                rls.engine_all("review_request"),
                Policy("own", "app", "SELECT", OWN),
                Policy("own_ask", "app", "INSERT", check=OWN),
                Policy("asked", "app", "SELECT", ASKED),
                Policy("asked_answer", "app", "UPDATE", ASKED, ASKED),
            ],
        ),
        migrations.RunSQL(
            "CREATE SEQUENCE application_number; GRANT USAGE ON SEQUENCE application_number TO jieli_app;",
            "DROP SEQUENCE application_number;",
        ),
        migrations.RunSQL(
            GUARD, "DROP TRIGGER application_guard ON application; DROP FUNCTION application_guard();"
        ),
        # A draft is nobody's but the family's, even where a yes was already given in it; and only a draft
        # can be deleted.
        migrations.RunSQL(
            f"""
            DROP POLICY consented ON application;
            CREATE POLICY consented ON application FOR SELECT TO jieli_app
              USING (state <> 'draft' AND {live("application", "id", "identity")});
            DROP POLICY consented ON document;
            CREATE POLICY consented ON document FOR SELECT TO jieli_app
              USING ({SENT}{live("document", "application_id", "documents")});
            DROP POLICY checked ON document;
            CREATE POLICY checked ON document FOR UPDATE TO jieli_app
              USING ({SENT}{live("document", "application_id", "documents")});
            GRANT DELETE ON application, document TO jieli_app;
            CREATE POLICY drafts_only ON application AS RESTRICTIVE FOR DELETE TO jieli_app
              USING (state = 'draft');
            CREATE POLICY drafts_only ON document AS RESTRICTIVE FOR DELETE TO jieli_app
              USING (EXISTS (SELECT 1 FROM application a
                WHERE a.id = document.application_id AND a.state = 'draft'));
            """,
            f"""
            DROP POLICY drafts_only ON document;
            DROP POLICY drafts_only ON application;
            REVOKE DELETE ON application, document FROM jieli_app;
            DROP POLICY consented ON application;
            CREATE POLICY consented ON application FOR SELECT TO jieli_app
              USING ({live("application", "id", "identity")});
            DROP POLICY consented ON document;
            CREATE POLICY consented ON document FOR SELECT TO jieli_app
              USING ({live("document", "application_id", "documents")});
            DROP POLICY checked ON document;
            CREATE POLICY checked ON document FOR UPDATE TO jieli_app
              USING ({live("document", "application_id", "documents")});
            """,
        ),
    ]

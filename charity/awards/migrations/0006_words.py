"""What tells of a person stands apart from the amounts: results of the evaluation, payee and free words open with a
live consent alone, in the database, and can be erased when it ends. A case whose consent ran out says so.
"""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import vault.fields
from scope import rls
from scope.rls import Policy

STAFF = "(SELECT app_kind()) = 'staff'"
CONSENTED = (
    STAFF + " AND EXISTS (SELECT 1 FROM aid_case k JOIN consent c"
    " ON c.application_id = k.application_id AND c.fund_id = k.fund_id AND c.organisation_id = k.organisation_id"
    " WHERE k.id = {table}.case_id AND k.organisation_id = (SELECT app_org())"
    " AND c.decision AND c.withdrawn_at IS NULL AND c.valid_until > now())"
)
FAMILY = "(SELECT app_kind()) = 'patient' AND EXISTS (SELECT 1 FROM aid_case k WHERE k.id = case_evaluation.case_id)"
TOLD_TO_FAMILY = (
    "(SELECT app_kind()) = 'patient' AND kind = 'note'"
    " AND EXISTS (SELECT 1 FROM case_event e WHERE e.id = case_text.event_id)"
)
# The promised money can be paid after the consent ended: whoever pays reads to whom, and nobody else.
PROMISED = (
    STAFF + " AND kind = 'payee' AND EXISTS (SELECT 1 FROM award a WHERE a.id = case_text.award_id"
    " AND a.state = 'approved' AND a.organisation_id = (SELECT app_org()))"
    " AND EXISTS (SELECT 1 FROM membership m WHERE m.user_id = (SELECT app_user())"
    " AND m.organisation_id = (SELECT app_org()) AND m.is_active AND 'payer' = ANY (m.roles))"
)
# In one's own name: the words of one's own line, payee and reason of one's own proposal.
WRITTEN = (
    STAFF + " AND ((kind = 'note' AND EXISTS (SELECT 1 FROM case_event e WHERE e.id = case_text.event_id"
    " AND e.case_id = case_text.case_id AND e.organisation_id = (SELECT app_org())"
    " AND e.user_id = (SELECT app_user())))"
    " OR (kind <> 'note' AND EXISTS (SELECT 1 FROM award a WHERE a.id = case_text.award_id"
    " AND a.case_id = case_text.case_id AND a.organisation_id = (SELECT app_org())"
    " AND a.state = 'proposed' AND a.proposed_by_id = (SELECT app_user()))))"
)


def move(apps, schema_editor):
    """Every sealed value is opened and sealed anew under its new purpose."""
    Case, Award = apps.get_model("awards", "Case"), apps.get_model("awards", "Award")
    Event, Text = apps.get_model("awards", "CaseEvent"), apps.get_model("awards", "CaseText")
    Evaluation = apps.get_model("awards", "Evaluation")
    for case in Case.objects.iterator():
        last = (
            Event.objects.filter(case=case, kind__startswith="consent_")
            .only("kind", "created_at")
            .order_by("-id")
        ).first()
        if last is not None and last.kind in {"consent_withdrawn", "consent_expired"}:
            case.sealed_at = last.created_at
            if case.state == "closed" and last.kind == "consent_expired":
                case.state = "expired"
            case.save(update_fields=["sealed_at", "state"])
        elif case.criteria is not None:
            Evaluation.objects.create(
                case=case, criteria=case.criteria, name_blind=case.name_blind, tail_blind=case.tail_blind
            )
    for award in Award.objects.iterator():
        for kind in ("payee", "reason"):
            text = getattr(award, f"old_{kind}")
            if text:
                Text.objects.create(case_id=award.case_id, award=award, kind=kind, text=text)
        if award.old_reference:
            Award.objects.filter(pk=award.pk).update(payment_reference=award.old_reference, old_reference="")
    for event in Event.objects.filter(old_note__isnull=False).iterator():
        if event.old_note:
            Text.objects.create(case_id=event.case_id, event=event, kind="note", text=event.old_note)


class Migration(migrations.Migration):
    dependencies = [
        ("awards", "0005_award_bill"),
        ("accounts", "0003_membership_guard"),
        ("consent", "0005_opened"),
    ]
    operations = [
        migrations.AlterField(
            "case",
            "state",
            models.CharField(
                choices=[
                    ("new", "待经办"),
                    ("waiting_family", "等家属补材料"),
                    ("proposed", "待审批"),
                    ("approved", "待付款"),
                    ("paid", "已付款"),
                    ("refused", "不予资助"),
                    ("closed", "已结束"),
                    ("withdrawn", "患者已收回同意"),
                    ("expired", "同意已到期"),
                ],
                default="new",
                max_length=16,
            ),
        ),
        migrations.AddField(
            "case",
            "sealed_at",
            models.DateTimeField(
                help_text="the consent ended, and the engine closed what it had opened", null=True
            ),
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="evaluation",
                        serialize=False,
                        to="awards.case",
                    ),
                ),
                (
                    "criteria",
                    vault.fields.SealedJSON("awards.criteria", help_text="results and bounds as shown"),
                ),
                ("name_blind", models.BinaryField(max_length=16, null=True)),
                ("tail_blind", models.BinaryField(max_length=16, null=True)),
            ],
            options={"db_table": "case_evaluation"},
        ),
        migrations.CreateModel(
            name="CaseText",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="texts", to="awards.case"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("payee", "付给谁"), ("reason", "理由"), ("note", "经过")], max_length=6
                    ),
                ),
                (
                    "award",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="texts",
                        to="awards.award",
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="words",
                        to="awards.caseevent",
                    ),
                ),
                ("text", vault.fields.SealedText("awards.text")),
            ],
            options={"db_table": "case_text"},
        ),
        migrations.RenameField("award", "payee", "old_payee"),
        migrations.RenameField("award", "reason", "old_reason"),
        migrations.RenameField("award", "payment_reference", "old_reference"),
        migrations.RenameField("caseevent", "note", "old_note"),
        migrations.AddField(
            "award", "payment_reference", vault.fields.SealedText("awards.payment_reference", null=True)
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.RemoveField("award", "old_payee"),
        migrations.RemoveField("award", "old_reason"),
        migrations.RemoveField("award", "old_reference"),
        migrations.RemoveField("caseevent", "old_note"),
        migrations.RemoveIndex("case", "case_by_name"),
        migrations.RemoveIndex("case", "case_by_tail"),
        migrations.RemoveField("case", "criteria"),
        migrations.RemoveField("case", "name_blind"),
        migrations.RemoveField("case", "tail_blind"),
        migrations.AddIndex(
            "case",
            models.Index(condition=Q(("sealed_at__isnull", False)), fields=["sealed_at"], name="case_sealed"),
        ),
        migrations.AddIndex("evaluation", models.Index(fields=["name_blind"], name="evaluation_by_name")),
        migrations.AddIndex("evaluation", models.Index(fields=["tail_blind"], name="evaluation_by_tail")),
        migrations.AddConstraint(
            "casetext", models.UniqueConstraint(fields=("award", "kind"), name="case_text_once")
        ),
        migrations.AddConstraint(
            "casetext",
            models.CheckConstraint(
                condition=Q(kind="note", event__isnull=False, award=None)
                | Q(kind__in=["payee", "reason"], event=None, award__isnull=False),
                name="case_text_of_one",
            ),
        ),
        *rls.grant("case_evaluation", app="SELECT", engine="SELECT, INSERT, UPDATE, DELETE"),
        *rls.enable(
            "case_evaluation",
            [
                rls.engine_all("case_evaluation"),
                Policy("consented", "app", "SELECT", CONSENTED.format(table="case_evaluation")),
                Policy("family", "app", "SELECT", FAMILY),
            ],
        ),
        *rls.grant("case_text", app="SELECT, INSERT", engine="SELECT, DELETE"),
        *rls.enable(
            "case_text",
            [
                rls.engine_all("case_text"),
                Policy("consented", "app", "SELECT", CONSENTED.format(table="case_text")),
                Policy("promised", "app", "SELECT", PROMISED),
                Policy("family", "app", "SELECT", TOLD_TO_FAMILY),
                Policy("written", "app", "INSERT", check=WRITTEN),
            ],
        ),
    ]

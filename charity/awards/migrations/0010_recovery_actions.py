"""Money that came back, or is no longer asked for, is said by one colleague and confirmed by another. The web writes
only these two steps, in its own name; the engine alone carries them out. While money is asked back for a need, the web
cannot write a return on an award by itself.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from scope import rls
from scope.rls import Policy

OWN = "(SELECT app_kind()) = 'staff' AND organisation_id = (SELECT app_org())"

GUARDS = """
CREATE FUNCTION recovery_action_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  me bigint;
  kept public.recovery_action := NEW;
  needed text[];
BEGIN
  IF current_user <> 'jieli_app' THEN RETURN NEW; END IF;
  me := public.app_user();
  needed := CASE WHEN TG_OP = 'INSERT' THEN '{payer,case_worker,fund_manager}'::text[]
    WHEN NEW.state = 'declined' AND OLD.proposed_by_id = me THEN '{payer,case_worker,fund_manager,approver}'::text[]
    ELSE '{approver,fund_manager}'::text[] END;
  IF NOT EXISTS (SELECT 1 FROM public.membership m WHERE m.user_id = me
    AND m.organisation_id = public.app_org() AND m.is_active AND m.roles::text[] && needed) THEN
    RAISE EXCEPTION 'this step is not for this role' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.proposed_by_id IS DISTINCT FROM me OR NEW.state <> 'proposed' OR NEW.decided_by_id IS NOT NULL
       OR NEW.decided_at IS NOT NULL OR NEW.done_at IS NOT NULL
       OR NEW.proposed_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes'
       OR NOT EXISTS (SELECT 1 FROM public.award a JOIN public.aid_case k ON k.id = a.case_id
         JOIN public.recovery_case r ON r.need_id = k.need_id
         WHERE a.id = NEW.award_id AND k.id = NEW.case_id AND a.organisation_id = NEW.organisation_id
           AND a.state = 'paid' AND r.id = NEW.recovery_id AND r.state = 'open'
           AND NEW.amount <= a.amount - a.returned AND (NEW.kind = 'returned' OR NEW.amount <= r.amount))
       OR NOT EXISTS (SELECT 1 FROM public.case_event e WHERE e.id = NEW.event_id AND e.case_id = NEW.case_id
         AND e.user_id = me AND e.amount = NEW.amount) THEN
      RAISE EXCEPTION 'what came back is said of one''s own award, in one''s own name, as long as it is asked back'
        USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
  END IF;
  kept.state := OLD.state;
  kept.decided_by_id := OLD.decided_by_id;
  kept.decided_at := OLD.decided_at;
  IF OLD.state <> 'proposed' OR NEW.state NOT IN ('confirmed', 'declined') OR kept IS DISTINCT FROM OLD
     OR NEW.decided_by_id IS DISTINCT FROM me
     OR NEW.decided_at NOT BETWEEN now() - interval '10 minutes' AND now() + interval '10 minutes' THEN
    RAISE EXCEPTION 'a proposal is answered once, in one''s own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER recovery_action_guard BEFORE INSERT OR UPDATE ON recovery_action
  FOR EACH ROW EXECUTE FUNCTION recovery_action_guard();

CREATE FUNCTION award_recovery_guard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_user = 'jieli_app' AND NEW.returned <> OLD.returned AND EXISTS (
    SELECT 1 FROM public.aid_case k JOIN public.recovery_case r ON r.need_id = k.need_id
    WHERE k.id = OLD.case_id AND r.state = 'open') THEN
    RAISE EXCEPTION 'what is asked back takes two people' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER award_recovery_guard BEFORE UPDATE OF returned ON award
  FOR EACH ROW EXECUTE FUNCTION award_recovery_guard();
"""
GUARDS_BACK = """
DROP TRIGGER award_recovery_guard ON award;
DROP FUNCTION award_recovery_guard();
DROP TRIGGER recovery_action_guard ON recovery_action;
DROP FUNCTION recovery_action_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_codes"),
        ("awards", "0009_roles"),
        ("ledger", "0005_written_off"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RecoveryAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("recovery_id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("returned", "已追回"), ("written_off", "不再追回")], max_length=12
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=2, max_digits=14)),
                ("received_on", models.DateField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "等另一个人确认"),
                            ("confirmed", "已确认，正在入账"),
                            ("done", "办好了"),
                            ("declined", "没有同意"),
                            ("void", "没有办成：已经不用追了"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "award",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recovery_actions",
                        to="awards.award",
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recovery_actions",
                        to="awards.case",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="awards.caseevent"
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="accounts.organisation"
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "recovery_action",
                "indexes": [models.Index(fields=["recovery_id", "id"], name="recovery_action_by_case")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="recovery_action_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("done_at", None), ("state__in", ["proposed", "declined"])),
                            models.Q(
                                ("decided_by__isnull", False),
                                models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="recovery_action_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "returned"), ("received_on__isnull", False)),
                            models.Q(("kind", "written_off"), ("received_on", None)),
                            _connector="OR",
                        ),
                        name="recovery_action_day",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["proposed", "confirmed"])),
                        fields=("award",),
                        name="recovery_action_one_open",
                    ),
                ],
            },
        ),
        *rls.grant(
            "recovery_action",
            app="SELECT, INSERT, UPDATE (state, decided_by_id, decided_at)",
            engine="SELECT, UPDATE",
        ),
        *rls.enable(
            "recovery_action",
            [
                rls.engine_all("recovery_action"),
                Policy("own", "app", "SELECT", OWN),
                Policy("own_new", "app", "INSERT", check=OWN),
                Policy("own_answer", "app", "UPDATE", OWN, OWN),
            ],
        ),
        migrations.RunSQL(GUARDS, GUARDS_BACK),
    ]

"""Cases (application × fund) and awards. Maker, checker and payer are three people: the database says so."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from charity.funds.models import Fund, RuleVersion
from insurance.ledger.models import money
from vault.fields import SealedJSON, SealedText


class Case(models.Model):
    class State(models.TextChoices):
        NEW = "new", _("待经办")
        WAITING_FAMILY = "waiting_family", _("等家属补材料")
        PROPOSED = "proposed", _("待审批")
        APPROVED = "approved", _("待付款")
        PAID = "paid", _("已付款")
        REFUSED = "refused", _("不予资助")
        CLOSED = "closed", _("已结束")
        WITHDRAWN = "withdrawn", _("患者已收回同意")
        EXPIRED = "expired", _("同意已到期")

    number = models.CharField(max_length=24, unique=True, help_text="JL-2026-004871-1")
    application_id = models.BigIntegerField()
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    fund = models.ForeignKey(Fund, models.PROTECT, related_name="cases")
    consent_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    need_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.NEW)
    assignee = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    rule = models.ForeignKey(RuleVersion, models.PROTECT, null=True)
    # the candidate, recomputed on every relevant event: verdict, amount, which bound binds, criteria results
    verdict = models.CharField(max_length=12, blank=True, help_text="eligible | ineligible | undetermined")
    offer = money(default=0)
    binding = models.CharField(max_length=20, blank=True)
    met = models.PositiveSmallIntegerField(default=0)
    failed = models.PositiveSmallIntegerField(default=0)
    unknown = models.PositiveSmallIntegerField(default=0)
    evaluated_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    due_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    sealed_at = models.DateTimeField(
        null=True, help_text="the consent ended, and the engine closed what it had opened"
    )

    class Meta:
        db_table = "aid_case"
        constraints = [models.UniqueConstraint(fields=["application_id", "fund"], name="case_once")]
        indexes = [
            models.Index(fields=["organisation", "state", "due_on"], name="case_queue"),
            models.Index(fields=["need_id"], name="case_by_need"),
            models.Index(fields=["sealed_at"], name="case_sealed", condition=Q(sealed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def criteria(self) -> list[dict[str, Any]] | None:
        """Results and bounds of the last evaluation; None before it, and from a withdrawal on."""
        evaluation = getattr(self, "evaluation", None)
        return None if evaluation is None else evaluation.criteria


class Evaluation(models.Model):
    """What the last evaluation says of the person: the engine writes it, a live consent alone opens it, and it goes
    when the consent ends. Ages and dates stand in `criteria`; the blind indexes are for search by exact name or the
    phone's last four.
    """

    case = models.OneToOneField(Case, models.PROTECT, primary_key=True, related_name="evaluation")
    # of the case, written once: the consent's policy asks for them without a look at the case
    organisation_id = models.BigIntegerField()
    application_id = models.BigIntegerField()
    fund_id = models.BigIntegerField()
    criteria = SealedJSON("awards.criteria", help_text="results and bounds as shown")
    name_blind = models.BinaryField(max_length=16, null=True)
    tail_blind = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "case_evaluation"
        indexes = [
            models.Index(fields=["name_blind"], name="evaluation_by_name"),
            models.Index(fields=["tail_blind"], name="evaluation_by_tail"),
        ]

    def __str__(self) -> str:
        return f"evaluation of {self.case_id}"


class Award(models.Model):
    """proposed (money reserved) → approved (committed) → paid → returned; or returned to the maker, refused, cancelled."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("待审批")
        SENT_BACK = "sent_back", _("退回经办")
        APPROVED = "approved", _("待付款")
        PAID = "paid", _("已付款")
        RETURNED = "returned", _("已退回")
        CANCELLED = "cancelled", _("已取消")
        REFUSED = "refused", _("不予资助")

    case = models.ForeignKey(Case, models.PROTECT, related_name="awards")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    fund = models.ForeignKey(Fund, models.PROTECT)
    amount = money()
    returned = money(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    bases = models.JSONField(default=dict, help_text="bounds at the time of the proposal, yuan as strings")
    proposed_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    paid_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    paid_at = models.DateTimeField(null=True)
    payment_reference = SealedText("awards.payment_reference", null=True)
    settlement_id = models.BigIntegerField(
        null=True, help_text="the bill it is bound to, where the fund's rule looks at single bills"
    )
    hold_until = models.DateField(null=True)

    class Meta:
        db_table = "award"
        constraints = [
            models.CheckConstraint(
                condition=(Q(approved_by=None) | ~Q(approved_by=F("proposed_by")))
                & (Q(paid_by=None) | (~Q(paid_by=F("proposed_by")) & ~Q(paid_by=F("approved_by")))),
                name="award_three_people",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="award_positive"),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "paid", "returned"]) | Q(approved_by__isnull=False),
                name="award_approved_by",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["paid", "returned"]) | Q(paid_by__isnull=False), name="award_paid_by"
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(state__in=["proposed", "approved"]), name="award_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"award {self.pk}"

    @property
    def payee(self) -> str:
        """Account holder and number, "" where the asker may not read it or it was erased."""
        return self._text(CaseText.Kind.PAYEE)

    @property
    def reason(self) -> str:
        """Why the case worker proposed it; "" as above."""
        return self._text(CaseText.Kind.REASON)

    def _text(self, kind: str) -> str:
        found = CaseText.objects.filter(award=self, kind=kind).first()
        return found.text if found else ""


class CaseEvent(models.Model):
    """The case's own history for staff and family: who did what, in words by code."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    kind = models.CharField(max_length=30)
    user_id = models.BigIntegerField(null=True)
    amount = money(null=True)
    visible_to_family = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "case_event"
        indexes = [models.Index(fields=["case", "id"], name="case_event_by_case")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id}"

    @property
    def note(self) -> str:
        """The words that go with it, "" where there are none or the asker may not read them."""
        words = getattr(self, "words", None)
        return words.text if words is not None else ""


class RecoveryAction(models.Model):
    """What came back of an award that was too much, or what is no longer asked back: one colleague says so, another
    confirms, the engine carries it out (recoveries.py). The words stand in the line of history, sealed.
    """

    class Kind(models.TextChoices):
        RETURNED = "returned", _("已追回")
        WRITTEN_OFF = "written_off", _("不再追回")

    class State(models.TextChoices):
        PROPOSED = "proposed", _("等另一个人确认")
        CONFIRMED = "confirmed", _("已确认，正在入账")
        DONE = "done", _("办好了")
        DECLINED = "declined", _("没有同意")
        VOID = "void", _("没有办成：已经不用追了")

    recovery_id = models.BigIntegerField()
    award = models.ForeignKey(Award, models.PROTECT, related_name="recovery_actions")
    case = models.ForeignKey(Case, models.PROTECT, related_name="recovery_actions")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = money()
    received_on = models.DateField(null=True)
    event = models.OneToOneField(CaseEvent, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recovery_action"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="recovery_action_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "declined"], done_at=None)
                | Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="recovery_action_two_people",
            ),
            models.CheckConstraint(
                condition=Q(kind="returned", received_on__isnull=False)
                | Q(kind="written_off", received_on=None),
                name="recovery_action_day",
            ),
            models.UniqueConstraint(
                fields=["award"],
                condition=Q(state__in=["proposed", "confirmed"]),
                name="recovery_action_one_open",
            ),
        ]
        indexes = [models.Index(fields=["recovery_id", "id"], name="recovery_action_by_case")]

    def __str__(self) -> str:
        return f"{self.kind} of recovery {self.recovery_id}"


class CaseText(models.Model):
    """Every free word on a case, and the payee: apart from the amounts, so that the database opens it with a live
    consent alone and the engine erases it when that ends (retention.py). Written once, never changed.
    """

    class Kind(models.TextChoices):
        PAYEE = "payee", _("付给谁")
        REASON = "reason", _("理由")
        NOTE = "note", _("经过")

    # made here, not by the database: what is written after a withdrawal cannot be read back by its writer
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, models.PROTECT, related_name="texts")
    # of the case and the line, held to them by trigger: the policies ask for them without a look there
    organisation_id = models.BigIntegerField()
    application_id = models.BigIntegerField()
    fund_id = models.BigIntegerField()
    to_family = models.BooleanField(default=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    award = models.ForeignKey(Award, models.PROTECT, null=True, related_name="texts")
    event = models.OneToOneField(CaseEvent, models.PROTECT, null=True, related_name="words")
    text = SealedText("awards.text")

    class Meta:
        db_table = "case_text"
        constraints = [
            models.UniqueConstraint(fields=["award", "kind"], name="case_text_once"),
            models.CheckConstraint(
                condition=Q(kind="note", event__isnull=False, award=None)
                | Q(kind__in=["payee", "reason"], event=None, award__isnull=False),
                name="case_text_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of case {self.case_id}"

    @classmethod
    def note(cls, case: Case, event: CaseEvent, text: str) -> CaseText:
        """The words of a line, to be saved."""
        return cls(
            kind=cls.Kind.NOTE, event=event, text=text, to_family=event.visible_to_family, **cls._of(case)
        )

    @classmethod
    def about(cls, award: Award, kind: str, text: str) -> CaseText:
        """Payee or reason of a proposal, to be saved."""
        return cls(kind=kind, award=award, text=text, **cls._of(award.case))

    @staticmethod
    def _of(case: Case) -> dict[str, Any]:
        return {
            "case": case,
            "organisation_id": case.organisation_id,
            "application_id": case.application_id,
            "fund_id": case.fund_id,
        }

"""Cases (application × fund) and awards. Maker, checker and payer are three people: the database says so."""

from __future__ import annotations

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
    criteria = SealedJSON(
        "awards.criteria", null=True, help_text="results and bounds as shown; holds ages and dates"
    )
    evaluated_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    due_on = models.DateField(null=True)
    closed_at = models.DateTimeField(null=True)
    # search by exact name or the phone's last four: keyed, written by the engine, empty after a withdrawal
    name_blind = models.BinaryField(max_length=16, null=True)
    tail_blind = models.BinaryField(max_length=16, null=True)

    class Meta:
        db_table = "aid_case"
        constraints = [models.UniqueConstraint(fields=["application_id", "fund"], name="case_once")]
        indexes = [
            models.Index(fields=["organisation", "state", "due_on"], name="case_queue"),
            models.Index(fields=["need_id"], name="case_by_need"),
            models.Index(fields=["organisation", "name_blind"], name="case_by_name"),
            models.Index(fields=["organisation", "tail_blind"], name="case_by_tail"),
        ]

    def __str__(self) -> str:
        return self.number


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
    reason = SealedText("awards.reason", null=True)
    payee = SealedText("awards.payee", null=True, help_text="account holder and number")
    proposed_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    approved_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    paid_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    paid_at = models.DateTimeField(null=True)
    payment_reference = models.CharField(max_length=60, blank=True)
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


class CaseEvent(models.Model):
    """The case's own history for staff and family: who did what, in words by code."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    kind = models.CharField(max_length=30)
    user_id = models.BigIntegerField(null=True)
    amount = money(null=True)
    note = SealedText("awards.note", null=True)
    visible_to_family = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "case_event"
        indexes = [models.Index(fields=["case", "id"], name="case_event_by_case")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.case_id}"

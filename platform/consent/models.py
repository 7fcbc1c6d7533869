"""Notices and consents. A consent is per recipient organisation × fund × application."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, PatientAccount


class Category(models.TextChoices):
    IDENTITY = "identity", _("姓名、身份证号、电话")
    BILLS = "bills", _("这次看病的病名和费用")
    HOUSEHOLD = "household", _("家里收入和困难证明")
    OTHER_AID = "other_aid", _("别处已经帮了多少")
    DOCUMENTS = "documents", _("您上传的材料")


class Notice(models.Model):
    """A version of the text that a patient reads before agreeing. Never changed: a new text is a new version."""

    version = models.PositiveIntegerField(unique=True)
    body = models.TextField(help_text="plain text with {organisation} {fund} {categories} {days}")
    sha256 = models.CharField(max_length=64)
    effective_from = models.DateTimeField()

    class Meta:
        db_table = "notice"

    def __str__(self) -> str:
        return f"notice {self.version}"


class Consent(models.Model):
    """One patient's yes to one organisation for one fund, until a date or withdrawal.

    A no leaves no row that any recipient could see (decision False is visible to the account alone).
    application_id, fund_id, need_id: ids of rooms above; need_id is filled once the person is proven and
    bounds which bills are shown (this illness, not others).
    """

    account = models.ForeignKey(PatientAccount, models.PROTECT, related_name="consents")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    application_id = models.BigIntegerField()
    fund_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True)
    need_id = models.BigIntegerField(null=True)
    notice = models.ForeignKey(Notice, models.PROTECT)
    text_sha256 = models.CharField(max_length=64, help_text="hash of the text as shown, names filled in")
    decision = models.BooleanField()
    categories = ArrayField(models.CharField(max_length=12, choices=Category.choices), default=list)
    capacity = models.CharField(max_length=10)
    decided_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    opened_at = models.DateTimeField(
        null=True,
        help_text="written by the database once the application is handed in: no recipient sees it before",
    )
    withdrawn_at = models.DateTimeField(null=True)
    deletion_acknowledged_at = models.DateTimeField(null=True)
    deletion_acknowledged_by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "consent"
        constraints = [
            models.UniqueConstraint(
                fields=["application_id", "fund_id"],
                condition=models.Q(withdrawn_at=None),
                name="consent_once",
            )
        ]
        indexes = [
            models.Index(fields=["organisation", "application_id"], name="consent_by_recipient"),
            models.Index(fields=["organisation", "need_id"], name="consent_by_need"),
            models.Index(fields=["account"], name="consent_by_account"),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"

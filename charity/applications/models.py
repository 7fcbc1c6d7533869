"""A patient's application: answers sealed as one document, coded facts beside it, documents encrypted."""

from __future__ import annotations

from accounts.models import PatientAccount
from django.db import models
from django.utils.translation import gettext_lazy as _
from vault.fields import SealedBytes, SealedJSON, SealedText


class Application(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", _("填写中")
        SUBMITTED = "submitted", _("已提交")
        WITHDRAWN = "withdrawn", _("已撤回")

    class Proof(models.TextChoices):
        CLAIMED = "claimed", _("待核对身份")
        PROVEN = "proven", _("身份已核对")

    account = models.ForeignKey(PatientAccount, models.PROTECT, related_name="applications")
    number = models.CharField(max_length=20, unique=True, help_text="JL-2026-004871")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    proof = models.CharField(max_length=8, choices=Proof.choices, default=Proof.CLAIMED)
    capacity = models.CharField(max_length=10, blank=True)
    # {"who":{…}, "identity":{name,id_number,birth_date,sex,phone,address}, "applicant":{…}, "illness":{…},
    #  "household":{members,income_yearly,hardship:[…],…}, "aid":{…}, "funds":[fund ids]}
    answers = SealedJSON("applications.answers")
    step = models.CharField(max_length=20, default="who")
    disease_code = models.CharField(max_length=20, blank=True)
    area = models.CharField(max_length=6, blank=True)
    identity_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    need_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "application"
        indexes = [models.Index(fields=["account", "-id"], name="application_by_account")]

    def __str__(self) -> str:
        return self.number


class DocumentKind(models.TextChoices):
    ID_CARD = "id_card", _("身份证")
    HOUSEHOLD_REGISTER = "household_register", _("户口簿")
    DIAGNOSIS = "diagnosis", _("诊断证明")
    BILL = "bill", _("费用结算单")
    HARDSHIP = "hardship", _("困难证明")
    INCOME = "income", _("收入证明")
    CAPACITY = "capacity", _("监护或委托证明")
    OTHER = "other", _("其他")


class Document(models.Model):
    """An uploaded paper, re-encoded where it is an image, encrypted whole; download only."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    content = SealedBytes("applications.document")
    media_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    pages = models.PositiveSmallIntegerField(default=1)
    sha256_blind = models.BinaryField(
        max_length=16, help_text="keyed hash, to find the same paper used twice"
    )
    state = models.CharField(max_length=10, default="new", help_text="new | accepted | rejected | removed")
    reason = models.CharField(max_length=200, blank=True)
    checked_by = models.BigIntegerField(null=True)
    checked_by_org = models.BigIntegerField(null=True)
    checked_at = models.DateTimeField(null=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "document"

    def __str__(self) -> str:
        return f"document {self.pk}"


class DocumentRequest(models.Model):
    """Staff of a charity ask the family for a paper."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="requests")
    organisation_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=DocumentKind.choices)
    note = SealedText("applications.request_note")
    due_on = models.DateField(null=True)
    answered_by = models.ForeignKey(Document, models.PROTECT, null=True)
    created_by = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "document_request"

    def __str__(self) -> str:
        return f"request {self.pk}"

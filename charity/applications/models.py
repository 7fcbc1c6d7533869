"""A patient's application: answers sealed as one document, coded facts beside it, documents encrypted."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import PatientAccount
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
    identity_checked_at = models.DateTimeField(
        null=True, help_text="staff of a charity compared the papers with the person"
    )
    proof_note = models.CharField(
        max_length=10, blank=True, help_text="'' | mismatch: the token was somebody else's"
    )
    person_id = models.BigIntegerField(null=True)
    need_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "application"
        indexes = [
            models.Index(fields=["account", "-id"], name="application_by_account"),
            models.Index(fields=["person_id"], name="application_by_person"),
            models.Index(fields=["identity_id"], name="application_by_identity"),
        ]

    def __str__(self) -> str:
        return self.number


class DocumentKind(models.TextChoices):
    """Kinds as the funds' rules name them (matching.eligibility, criterion `documents`)."""

    ID_CARD = "id_card", _("身份证")
    HOUSEHOLD = "household", _("户口本")
    GUARDIAN_ID = "guardian_id", _("监护人的身份证")
    DIAGNOSIS = "diagnosis", _("诊断证明")
    FRONT_PAGE = "front_page", _("病案首页")
    MARROW = "marrow", _("骨髓检查报告")
    MATCH = "match", _("移植配型报告")
    ECHO = "echo", _("心脏超声报告")
    SETTLEMENT = "settlement", _("住院结算单")
    INCOME = "income", _("家庭收入证明")
    HARDSHIP = "hardship", _("困难证明")
    CAPACITY = "capacity", _("监护或委托证明")
    OTHER = "other", _("其他材料")


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
    seal = models.CharField(max_length=20, blank=True, help_text="on an accepted paper: a code of SEALS")
    counts_as = models.CharField(
        max_length=40, blank=True, help_text="the rule's kind that an accepted paper counts as, by its code"
    )
    reason = SealedText(
        "applications.document_reason", null=True, help_text="why it was rejected, for the family"
    )
    checked_by = models.BigIntegerField(null=True)
    checked_by_org = models.BigIntegerField(null=True)
    checked_at = models.DateTimeField(null=True)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "document"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(seal__in=["", "hospital", "medical_affairs", "department", "office"]),
                name="document_seal",
            ),
            models.CheckConstraint(
                condition=models.Q(counts_as__regex=r"^[a-z0-9_]{0,40}$"), name="document_counts_as"
            ),
        ]

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


class ReviewRequest(models.Model):
    """The family does not agree with a decision: somebody of the charity who did not take it looks again."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="review_requests")
    case_id = models.BigIntegerField()
    organisation_id = models.BigIntegerField()
    text = SealedText("applications.review_request")
    created_at = models.DateTimeField(auto_now_add=True)
    answer = SealedText("applications.review_answer", null=True)
    answered_by = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "review_request"
        constraints = [
            models.UniqueConstraint(
                fields=["case_id"], condition=models.Q(answered_at=None), name="review_request_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"review request {self.pk}"

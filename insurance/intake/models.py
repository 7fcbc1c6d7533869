"""What senders pushed (Batch, Record: theirs to see) and the settlements that came of it (the engine's)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiClient, Organisation
from insurance.ledger.models import money
from vault.fields import SealedBytes, SealedJSON


class Batch(models.Model):
    """One request of a sender."""

    sender = models.ForeignKey(Organisation, models.PROTECT)
    client = models.ForeignKey(ApiClient, models.PROTECT, null=True)
    received_at = models.DateTimeField(auto_now_add=True)
    body_sha256 = models.BinaryField(max_length=32)
    idempotency_key = models.CharField(max_length=80, blank=True)
    records = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    duplicates = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "intake_batch"
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="batch_key_once",
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class RecordState(models.TextChoices):
    ACCEPTED = "accepted", _("已收下")
    REFUSED = "refused", _("不收")
    QUARANTINED = "quarantined", _("待核对")
    DUPLICATE = "duplicate", _("重复")


class Progress(models.TextChoices):
    WAITING = "waiting", _("排队处理")
    LINKING = "linking", _("处理中")
    OPEN = "open", _("已入账")
    AWAITING_ORIGINAL = "awaiting_original", _("等待原结算单")
    APPLIED = "applied", _("已冲销")
    HELD = "held", _("待核对")
    SUPERSEDED = "superseded", _("已被新版本代替")
    NONE = "none", _("不处理")


class Record(models.Model):
    """One pushed record with its answer. The sender sees state, reasons and progress, never a link."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    sender = models.ForeignKey(Organisation, models.PROTECT)
    state = models.CharField(max_length=12, choices=RecordState.choices)
    progress = models.CharField(max_length=18, choices=Progress.choices, default=Progress.WAITING)
    dialect = models.CharField(max_length=12, blank=True)
    kind = models.CharField(max_length=12, blank=True, help_text="settlement | reversal")
    centre = models.CharField(max_length=12, blank=True)
    setl_id = models.CharField(max_length=64, blank=True)
    msgid = models.CharField(max_length=40, blank=True, help_text="by which a reversal may name its original")
    original_ref = models.CharField(
        max_length=64, blank=True, help_text="of a reversal: its original's setl_id, else message id"
    )
    content_hash = models.BinaryField(max_length=32, null=True)
    version = models.PositiveIntegerField(default=1)
    reasons = models.JSONField(default=list, help_text="[{code, field, message, …}], no personal values")
    warnings = models.JSONField(default=list)
    unknown_fields = models.JSONField(default=list, help_text="names of fields the dialect does not know")
    raw = SealedBytes("intake.raw", null=True, help_text="the record's own bytes as sent, whatever they are")
    canonical = SealedJSON("intake.canonical", null=True)
    settlement_id = models.BigIntegerField(null=True)
    duplicate_of = models.ForeignKey("self", models.PROTECT, null=True)
    resent_as = models.ForeignKey("self", models.PROTECT, null=True, related_name="resent_from")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "intake_record"
        constraints = [
            models.UniqueConstraint(
                fields=["sender", "centre", "setl_id", "kind", "content_hash"],
                condition=models.Q(state="accepted"),
                name="record_once",
            ),
            models.UniqueConstraint(
                fields=["sender", "content_hash"],
                condition=models.Q(state__in=["refused", "quarantined"]),
                name="record_held_once",
            ),
        ]
        indexes = [
            models.Index(fields=["sender", "-id"], name="record_by_sender"),
            models.Index(fields=["sender", "state", "-id"], name="record_by_state"),
            models.Index(fields=["batch", "position"], name="record_by_batch"),
            models.Index(fields=["id"], name="record_waiting", condition=models.Q(progress="waiting")),
            models.Index(fields=["centre", "setl_id", "kind"], name="record_by_settlement"),
            models.Index(fields=["sender", "msgid"], name="record_by_msgid", condition=~models.Q(msgid="")),
            models.Index(
                fields=["sender", "original_ref"],
                name="record_by_original",
                condition=models.Q(progress="awaiting_original"),
            ),
        ]

    def __str__(self) -> str:
        return f"record {self.pk}"


class Settlement(models.Model):
    """One bill after statutory insurance, whoever sent it. Sealed until a consent opens it (row-level security)."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("有效")
        REVERSED = "reversed", _("已冲销")
        HELD = "held", _("待核对")
        TWIN = "twin", _("同一张")  # as one that stands under another id: opens nothing, ever

    issuing_centre = models.CharField(max_length=12)
    setl_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, default="settlement")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    version = models.PositiveIntegerField(default=1)
    content_hash = models.BinaryField(max_length=32)
    identity_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    need_id = models.BigIntegerField(null=True)
    insured_area = models.CharField(max_length=6, blank=True)
    insutype = models.CharField(max_length=8, blank=True)
    med_type = models.CharField(max_length=8, blank=True)
    hospital_code = models.CharField(max_length=30, blank=True)
    hospital_name = models.CharField(max_length=120, blank=True)
    medins_setl_id = models.CharField(max_length=64, blank=True)
    disease_code = models.CharField(max_length=20, blank=True)
    disease_name = models.CharField(max_length=120, blank=True)
    admitted_on = models.DateField(null=True)
    discharged_on = models.DateField(null=True)
    settled_at = models.DateTimeField(null=True)
    total_fee = money()
    fund_paid = money()
    hospital_borne = money(default=0)
    person_paid = money(help_text="residual `person`")
    cash_paid = money(default=0)
    in_scope_residual = money(default=0)
    out_of_scope_residual = money(default=0)
    pays = models.JSONField(default=dict, help_text="layer → yuan as string")
    reversal_of = models.ForeignKey("self", models.PROTECT, null=True, related_name="reversals")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "settlement"
        constraints = [
            models.UniqueConstraint(fields=["issuing_centre", "setl_id", "kind"], name="settlement_once"),
        ]
        indexes = [
            models.Index(fields=["person_id"], name="settlement_by_person"),
            models.Index(fields=["identity_id"], name="settlement_by_identity"),
            models.Index(fields=["need_id"], name="settlement_by_need"),
            models.Index(fields=["medins_setl_id"], name="settlement_by_medins"),
        ]

    def __str__(self) -> str:
        return f"settlement {self.pk}"


class SettlementSource(models.Model):
    """Who sent this settlement: a second sender's copy attaches here."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="sources")
    sender = models.ForeignKey(Organisation, models.PROTECT)
    record = models.ForeignKey(Record, models.PROTECT)

    class Meta:
        db_table = "settlement_source"
        constraints = [models.UniqueConstraint(fields=["settlement", "record"], name="source_once")]

    def __str__(self) -> str:
        return f"source of {self.settlement_id}"

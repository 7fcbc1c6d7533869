"""The person registry: who is who, as given by each source, and what is proven about whom."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, PatientAccount
from vault.fields import SealedBytes, SealedDate, SealedJSON, SealedText


class Person(models.Model):
    """One human being. Everything personal stands in the identities that sources gave of him."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged_from")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "person"

    def __str__(self) -> str:
        return f"person {self.pk}"


class Source(models.TextChoices):
    INSURER = "insurer", _("医保记录")
    APPLICATION = "application", _("本人申请")
    CAMPAIGN = "campaign", _("求助项目")


class LinkState(models.TextChoices):
    WAITING = "waiting", _("等待核对")
    LINKED = "linked", _("已确认")
    REVIEW = "review", _("人工核对中")


class Identity(models.Model):
    """A person as one source described him: one row per distinct description, all values sealed.

    source_id: settlement-independent; for applications and campaigns the id of the row that gave it.
    fingerprint: keyed hash of the whole description, so that the same description is one row per sender.
    """

    source = models.CharField(max_length=12, choices=Source.choices)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True)
    source_id = models.BigIntegerField(null=True)
    fingerprint = models.BinaryField(max_length=16)
    person = models.ForeignKey(Person, models.PROTECT, null=True, related_name="identities")
    state = models.CharField(max_length=8, choices=LinkState.choices, default=LinkState.WAITING)
    method = models.CharField(max_length=12, blank=True, help_text="exact_id | score | review | new | proof")
    weight = models.FloatField(null=True, help_text="match weight, log2")
    prior_weight = models.FloatField(null=True, help_text="what of it was known before comparing, log2")
    params = models.CharField(
        max_length=32, blank=True, help_text="version of the table that gave the weight"
    )
    score = models.JSONField(
        null=True, help_text="levels and rarity by which the weight came about; no values"
    )

    name = SealedText("people.name", null=True)
    id_number = SealedText("people.id_number", null=True)
    id_valid = models.BooleanField(default=False)
    cert_type = models.CharField(max_length=8, blank=True)
    birth_date = SealedDate("people.birth_date", null=True)
    phone = SealedText("people.phone", null=True)
    address = SealedText("people.address", null=True)
    extra = SealedJSON("people.extra", null=True, help_text="psn_no, hospital, disease, age as given")
    sex = models.CharField(max_length=1, blank=True)
    area = models.CharField(max_length=6, blank=True)
    id_blind = models.BinaryField(max_length=16, null=True)
    name_blind = models.BinaryField(max_length=16, null=True)
    phone_blind = models.BinaryField(max_length=16, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "identity"
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "fingerprint"],
                condition=models.Q(source="insurer"),
                name="identity_once_insurer",
            ),
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=models.Q(source_id__isnull=False),
                name="identity_once_source",
            ),
        ]
        indexes = [
            models.Index(fields=["id_blind"], name="identity_id_blind"),
            models.Index(fields=["person"], name="identity_person"),
        ]

    def __str__(self) -> str:
        return f"identity {self.pk}"


class BlockingKey(models.Model):
    """Keyed hash of a composite blocking value of an identity (never unkeyed, never surname alone)."""

    identity = models.ForeignKey(Identity, models.CASCADE, related_name="blocking_keys")
    key = models.BigIntegerField()

    class Meta:
        db_table = "blocking_key"
        constraints = [models.UniqueConstraint(fields=["key", "identity"], name="blocking_key_once")]

    def __str__(self) -> str:
        return f"key of {self.identity_id}"


class LinkageRecord(models.Model):
    """What is compared of an indexed identity, in one sealed value: one opening a candidate instead of six."""

    PURPOSE = "people.linkage_record"

    identity = models.OneToOneField(Identity, models.CASCADE, primary_key=True, related_name="+")
    body = SealedBytes(PURPOSE)
    keys_version = models.PositiveSmallIntegerField(
        db_default=1, help_text="by which version of the keys it is indexed (matching.linkage.blocking)"
    )

    class Meta:
        db_table = "linkage_record"
        indexes = [models.Index(fields=["keys_version", "identity"], name="linkage_record_version")]

    def __str__(self) -> str:
        return f"comparison record of {self.identity_id}"


class Hardship(models.Model):
    """A certified hardship status, imported with its source and expiry; never computed here."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="hardships")
    kind = models.CharField(max_length=20, help_text="key of matching.eligibility.HARDSHIP_NAMES")
    source = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "hardship"

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}"


class Capacity(models.TextChoices):
    SELF = "self", _("本人")
    PARENT = "parent", _("父母")
    GUARDIAN = "guardian", _("监护人")
    FAMILY = "family", _("家人受托")


class Representation(models.Model):
    """That an account speaks for a person, in which capacity, proven how. Revocable."""

    account = models.ForeignKey(PatientAccount, models.PROTECT, related_name="representations")
    person = models.ForeignKey(Person, models.PROTECT, related_name="representations")
    capacity = models.CharField(max_length=10, choices=Capacity.choices)
    method = models.CharField(max_length=12, help_text="token | document")
    proven_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "representation"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "person"], condition=models.Q(revoked_at=None), name="representation_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} for {self.person_id}"


class ProofToken(models.Model):
    """Single-use token issued through the insurer's own channel: who holds it is the person (or his family)."""

    person = models.ForeignKey(Person, models.PROTECT)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    token_hash = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(PatientAccount, models.PROTECT, null=True)

    class Meta:
        db_table = "proof_token"

    def __str__(self) -> str:
        return f"token {self.pk}"

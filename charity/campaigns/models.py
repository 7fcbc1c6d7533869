"""Campaigns as designated platforms push them. Jieli hosts no appeal and holds no money."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from insurance.ledger.models import money
from vault.fields import SealedJSON, SealedText


class Campaign(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", _("筹款中")
        ENDED = "ended", _("已结束")
        WITHDRAWN = "withdrawn", _("已撤销")

    platform = models.ForeignKey(Organisation, models.PROTECT)
    external_id = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    content_hash = models.BinaryField(max_length=32)
    status = models.CharField(max_length=10, choices=Status.choices)
    target = money()
    raised = money()
    paid_out = money()
    disease_code = models.CharField(max_length=20, blank=True)
    beneficiary = SealedJSON(
        "campaigns.beneficiary", null=True, help_text="name, age, area, hospital, disease text as pushed"
    )
    received_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "campaign"
        constraints = [models.UniqueConstraint(fields=["platform", "external_id"], name="campaign_once")]

    def __str__(self) -> str:
        return f"campaign {self.pk}"


class CampaignAppeal(models.Model):
    """The words of an appeal as its platform pushed them; kept apart, for who may see the sums needs no story."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="appeal")
    title = SealedText("campaigns.title", null=True)
    story = SealedText("campaigns.story", null=True)

    class Meta:
        db_table = "campaign_appeal"

    def __str__(self) -> str:
        return f"appeal of campaign {self.pk}"


class CampaignReading(models.Model):
    """What the engine read out of an appeal, with the passages; for the reviewer of the identity alone."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="reading")
    identity_id = models.BigIntegerField(db_index=True)
    version = models.PositiveIntegerField(help_text="of the campaign that was read")
    extractor = models.CharField(max_length=40, help_text="version of the rules that read it")
    found = SealedJSON(
        "campaigns.reading",
        help_text="[{field, value, where, start, end, used, contradicts}]; spans of title or story",
    )
    passages = SealedJSON("campaigns.passages", help_text="the same as the reviewer sees them, masked")
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "campaign_reading"
        indexes = [models.Index(fields=["extractor"], name="campaign_reading_by_rules")]

    def __str__(self) -> str:
        return f"reading of campaign {self.pk}"


class CampaignLink(models.Model):
    """To whom a campaign belongs and what of it counts: the engine's knowledge, never the platform's."""

    campaign = models.OneToOneField(Campaign, models.PROTECT, primary_key=True, related_name="link")
    identity_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    need_id = models.BigIntegerField(null=True)
    counted_version = models.PositiveIntegerField(default=0)
    counted_reserved = money(default=0, help_text="raised, not yet paid out, as counted in the ledger")
    counted_paid = money(default=0)
    postings = models.PositiveIntegerField(default=0, help_text="how often the ledger was told")

    class Meta:
        db_table = "campaign_link"
        indexes = [models.Index(fields=["need_id"], name="campaign_by_need")]

    def __str__(self) -> str:
        return f"link of campaign {self.pk}"


class CampaignPush(models.Model):
    """What became of one pushed record that said something new, for its sender: never what it said of a person."""

    class State(models.TextChoices):
        ACCEPTED = "accepted", _("已收下")
        REFUSED = "refused", _("没有收")

    platform = models.ForeignKey(Organisation, models.PROTECT)
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="pushes")
    external_id = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    version = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=10, blank=True)
    raised = money(null=True)
    paid_out = money(null=True)
    reasons = models.JSONField(default=list, help_text="code, field and what to do; never a value")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "campaign_push"
        indexes = [models.Index(fields=["platform", "external_id", "-id"], name="campaign_push_by_id")]

    def __str__(self) -> str:
        return f"push {self.pk}"

"""Funds and the versions of their rules. Budgets stand in the ledger (FundAccount), never here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation


class Fund(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", _("正在受理")
        PAUSED = "paused", _("暂停受理")
        CLOSED = "closed", _("已结束")

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="funds")
    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    summary = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    period_start = models.DateField()
    period_end = models.DateField()
    manager = models.ForeignKey("accounts.User", models.PROTECT, null=True)
    decision_days = models.PositiveSmallIntegerField(default=10, help_text=_("承诺几个工作日内答复"))
    hold_days = models.PositiveSmallIntegerField(default=15, help_text=_("预留几天内没有补齐就释放"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "fund"

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """A rule as data (matching.eligibility.rule). Never changed: a new rule is a new version."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="rules")
    version = models.PositiveIntegerField()
    rule = models.JSONField()
    sha256 = models.CharField(max_length=64)
    effective_from = models.DateField()
    source = models.CharField(max_length=200, help_text=_("依据，如理事会决议 2026-03"))
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "rule_version"
        constraints = [models.UniqueConstraint(fields=["fund", "version"], name="rule_version_once")]

    def __str__(self) -> str:
        return f"{self.fund_id} v{self.version}"


class RuleTrial(models.Model):
    """A draft rule tried on the house's own open cases before it is published. The engine counts; nobody is named."""

    fund = models.ForeignKey(Fund, models.PROTECT, related_name="trials")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    rule = models.JSONField()
    sha256 = models.CharField(max_length=64)
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    counts = models.JSONField(
        null=True, help_text="cases, same, moves {before>after: cases}, more, less; null until counted"
    )
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "rule_trial"

    def __str__(self) -> str:
        return f"trial {self.pk} of fund {self.fund_id}"

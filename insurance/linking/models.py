"""Doubtful pairs, what was decided about them, and what must never be asked again."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from insurance.ledger.models import money
from people.models import Identity, Person
from vault.fields import SealedText


class Review(models.Model):
    """One question to the linkage reviewer: is this identity that person?"""

    class State(models.TextChoices):
        OPEN = "open", _("待核对")
        SAME = "same", _("是同一人")
        DIFFERENT = "different", _("不是同一人")
        UNDONE = "undone", _("已撤回")
        OVERTAKEN = "overtaken", _("已由别的证据解决")

    identity = models.ForeignKey(Identity, models.PROTECT, related_name="reviews")
    candidate = models.ForeignKey(Person, models.PROTECT, related_name="reviews")
    candidate_identity = models.ForeignKey(Identity, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    weight = models.FloatField()
    probability = models.FloatField()
    prior_weight = models.FloatField()
    evidence = models.JSONField(help_text="[{field, level, weight, note}], no values")
    flags = ArrayField(models.CharField(max_length=40), default=list)
    stays = models.JSONField(default=dict, help_text="{identity|candidate: {hospital, disease}} of the bills")
    held = money(default=0, help_text="yuan of bills, or of a campaign, that wait for this answer")
    at_stake = money(default=0, help_text="held + what is open of the candidate's needs, yuan")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True, help_text="staff user id")
    note = SealedText("linking.note", null=True)
    postponed_at = models.DateTimeField(null=True)
    undo_asked_at = models.DateTimeField(null=True)
    undo_asked_by = models.BigIntegerField(null=True)
    undo_reason = SealedText("linking.undo_reason", null=True)
    undo_refused = ArrayField(
        models.CharField(max_length=40), default=list, help_text="why it was not undone"
    )

    class Meta:
        db_table = "link_review"
        constraints = [models.UniqueConstraint(fields=["identity", "candidate"], name="review_once")]
        indexes = [models.Index(fields=["state", "-at_stake"], name="review_queue")]

    def __str__(self) -> str:
        return f"review {self.pk}"


class NotSame(models.Model):
    """A sticky no: this identity is not that person, whatever a later score says."""

    identity = models.ForeignKey(Identity, models.PROTECT)
    person = models.ForeignKey(Person, models.PROTECT)
    decided_by = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "not_same"
        constraints = [models.UniqueConstraint(fields=["identity", "person"], name="not_same_once")]

    def __str__(self) -> str:
        return f"{self.identity_id} is not {self.person_id}"

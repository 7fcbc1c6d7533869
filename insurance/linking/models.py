"""Doubtful pairs, what was decided about them, and what must never be asked again."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from insurance.ledger.models import money
from people.models import Identity, Person
from vault.fields import SealedText


class Review(models.Model):
    """One question to the linkage reviewer: is this identity that person?

    merge: are `other` and `candidate` one person, by the best pair of their descriptions? auto: a link that was made
    without asking, shown so that it can be undone. sample: a decision of the engine, checked blind.
    """

    class Kind(models.TextChoices):
        LINK = "link", _("认定一条记录")
        MERGE = "merge", _("合并两个人")
        AUTO = "auto", _("自动认定")
        SAMPLE = "sample", _("抽查")

    class State(models.TextChoices):
        OPEN = "open", _("待核对")
        SAME = "same", _("是同一人")
        SECOND = "second", _("等第二人复核")
        REFUSED = "refused", _("没有办成")
        DIFFERENT = "different", _("不是同一人")
        UNDONE = "undone", _("已撤回")
        OVERTAKEN = "overtaken", _("已由别的证据解决")

    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.LINK)
    identity = models.ForeignKey(Identity, models.PROTECT, related_name="reviews")
    other = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    candidate = models.ForeignKey(Person, models.PROTECT, related_name="reviews")
    candidate_identity = models.ForeignKey(Identity, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    weight = models.FloatField()
    probability = models.FloatField()
    prior_weight = models.FloatField()
    params = models.CharField(
        max_length=32, blank=True, help_text="version of the parameter table (matching.linkage.online)"
    )
    evidence = models.JSONField(help_text="[{field, level, weight, note}], no values")
    score = models.JSONField(
        null=True, help_text="levels and rarity by which the weight comes again; no values"
    )
    flags = ArrayField(models.CharField(max_length=40), default=list)
    stays = models.JSONField(default=dict, help_text="{identity|candidate: {hospital, disease}} of the bills")
    held = money(default=0, help_text="yuan of bills, or of a campaign, that wait for this answer")
    at_stake = money(default=0, help_text="held + what is open of the candidate's needs, yuan")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True, help_text="staff user id")
    note = SealedText("linking.note", null=True)
    seconded_at = models.DateTimeField(null=True)
    seconded_by = models.BigIntegerField(null=True, help_text="staff user id, never who decided")
    seconded_yes = models.BooleanField(null=True)
    second_note = SealedText("linking.second_note", null=True)
    why_second = ArrayField(models.CharField(max_length=40), default=list)
    moves = models.JSONField(
        default=dict, help_text="what a yes, or the undo, moves: counts and yuan (moves.py)"
    )
    declined_at = models.DateTimeField(null=True, help_text="when a second person did not agree, last")
    declined_by = models.BigIntegerField(null=True)
    declined_first = models.BigIntegerField(null=True, help_text="whose decision, or wish to undo, it was")
    declined_what = models.CharField(max_length=8, blank=True, default="", help_text="decision | undo")
    refused = ArrayField(
        models.CharField(max_length=40), default=list, help_text="why it was not carried out"
    )
    postponed_at = models.DateTimeField(null=True)
    undo_asked_at = models.DateTimeField(null=True)
    undo_asked_by = models.BigIntegerField(null=True)
    undo_reason = SealedText("linking.undo_reason", null=True)
    undo_refused = ArrayField(
        models.CharField(max_length=40), default=list, help_text="why it was not undone"
    )
    undo_second = models.BooleanField(default=False, help_text="the undo waits for a second person")
    undo_seconded_at = models.DateTimeField(null=True)
    undo_seconded_by = models.BigIntegerField(null=True, help_text="staff user id, never who asked")
    undo_seconded_yes = models.BooleanField(null=True)
    again_at = models.DateTimeField(null=True, help_text="since when this yes should be looked at once more")
    again_seen_at = models.DateTimeField(null=True, help_text="looked at, and left as it is")
    again_seen_by = models.BigIntegerField(null=True)
    sampled = models.JSONField(default=dict, help_text="of a sample: {pair, band, outcome, month}")

    class Meta:
        db_table = "link_review"
        constraints = [
            models.UniqueConstraint(fields=["identity", "candidate", "kind"], name="review_once"),
            models.CheckConstraint(
                condition=models.Q(seconded_by=None) | ~models.Q(seconded_by=models.F("decided_by")),
                name="review_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(undo_seconded_by=None)
                | ~models.Q(undo_seconded_by=models.F("undo_asked_by")),
                name="review_undo_two_people",
            ),
        ]
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


class Merge(models.Model):
    """That two persons became one, who decided it, and the ids of everything that moved. Written by the engine."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="merges")
    survivor = models.ForeignKey(Person, models.PROTECT, related_name="+")
    absorbed = models.ForeignKey(Person, models.PROTECT, related_name="+")
    asked_by = models.BigIntegerField()
    why_second = ArrayField(models.CharField(max_length=40), default=list)
    seconded_by = models.BigIntegerField(null=True)
    moved = models.JSONField(default=dict, help_text="room → ids; needs: [[from, to]]; causes: of the ledger")
    merged_at = models.DateTimeField()
    unmerged_at = models.DateTimeField(null=True)
    unmerge_asked_by = models.BigIntegerField(null=True)
    unmerge_why_second = ArrayField(models.CharField(max_length=40), default=list)
    unmerge_seconded_by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "person_merge"
        constraints = [
            models.UniqueConstraint(
                fields=["absorbed"], condition=models.Q(unmerged_at=None), name="absorbed_once"
            ),
            models.CheckConstraint(condition=~models.Q(survivor=models.F("absorbed")), name="merge_of_two"),
            models.CheckConstraint(
                condition=models.Q(why_second=[])
                | (models.Q(seconded_by__isnull=False) & ~models.Q(seconded_by=models.F("asked_by"))),
                name="merge_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(unmerge_why_second=[])
                | (
                    models.Q(unmerge_seconded_by__isnull=False)
                    & ~models.Q(unmerge_seconded_by=models.F("unmerge_asked_by"))
                ),
                name="unmerge_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"


class LookUp(models.Model):
    """A reviewer asks for a link by a bill's or a person's number, or says that two persons are one.

    The numbers are of this system or of a bill, none of a person's own. `reviews` is what the engine found.
    """

    class Kind(models.TextChoices):
        BILL = "bill", _("结算单号")
        PERSON = "person", _("人员编号")
        TWO = "two", _("两个人员编号")

    class State(models.TextChoices):
        WAITING = "waiting", _("正在找")
        FOUND = "found", _("找到了")
        NONE = "none", _("没有找到")

    kind = models.CharField(max_length=6, choices=Kind.choices)
    first = models.CharField(max_length=64)
    second = models.CharField(max_length=64, blank=True)
    asked_by = models.BigIntegerField()
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reviews = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        db_table = "link_lookup"

    def __str__(self) -> str:
        return f"look-up {self.pk}"


class BillQuestion(models.Model):
    """Is a held bill the same as one that came under another number? (same hospital, its number, same total)"""

    class State(models.TextChoices):
        OPEN = "open", _("待核对")
        SAME = "same", _("同一张")
        OTHER = "other", _("另一张")
        OVERTAKEN = "overtaken", _("已由别的证据解决")

    held_id = models.BigIntegerField(unique=True, help_text="settlement that waits")
    twin_id = models.BigIntegerField(help_text="settlement that is open")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    shown = models.JSONField(default=dict, help_text="{held|twin: facts of the bill}, nothing of the person")
    at_stake = money(default=0, help_text="what the person paid of the held bill, yuan")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "bill_question"
        indexes = [models.Index(fields=["state", "-at_stake"], name="bill_question_queue")]

    def __str__(self) -> str:
        return f"bill question {self.pk}"


class Quality(models.Model):
    """How often a sampled decision was right, per month, pair of sources, band and outcome. Counts, no person."""

    month = models.CharField(max_length=7, help_text="2026-11, when it was drawn")
    pair = models.CharField(max_length=30, help_text="insurer–campaign")
    band = models.CharField(max_length=12, help_text="of the weight: '12–16'")
    outcome = models.CharField(max_length=8, help_text="accept | reject")
    seen = models.PositiveIntegerField(
        default=0, help_text="such decisions among those that the drawings came upon"
    )
    drawn = models.PositiveIntegerField(default=0)
    right = models.PositiveIntegerField(default=0)
    wrong = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "link_quality"
        constraints = [
            models.UniqueConstraint(fields=["month", "pair", "band", "outcome"], name="quality_once")
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.pair} {self.outcome}"

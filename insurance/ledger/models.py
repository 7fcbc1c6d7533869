"""The ledger: ids and amounts only. The database keeps the invariant (see migrations/0002).

reserved + committed + paid <= residual + excess, for every need, every bill with bill-bound aid and every fund.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


def money(**kwargs: object) -> models.DecimalField:
    return models.DecimalField(max_digits=14, decimal_places=2, **kwargs)  # type: ignore[arg-type]


class Totals(models.Model):
    """What is open and what stands against it, in yuan. Changed by the trigger on `entry` alone."""

    residual = money(default=0)
    reserved = money(default=0)
    committed = money(default=0)
    paid = money(default=0)
    excess = money(default=0)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(reserved__gte=0)
                & Q(committed__gte=0)
                & Q(paid__gte=0)
                & Q(residual__gte=0)
                & Q(excess__gte=0),
                name="%(class)s_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(residual__gte=F("reserved") + F("committed") + F("paid") - F("excess")),
                name="%(class)s_no_yuan_twice",
            ),
        ]


class NeedAccount(Totals):
    """A person's illness episode: the person residual of its bills and all aid of layers 2 and 3 against it."""

    person_id = models.BigIntegerField()
    episode = models.CharField(max_length=12, help_text="ICD-10 category, e.g. C91; 'none' if uncoded")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(Totals.Meta):
        db_table = "need_account"
        constraints = [
            *Totals.Meta.constraints,
            models.UniqueConstraint(fields=["person_id", "episode"], name="need_once"),
        ]

    def __str__(self) -> str:
        return f"need {self.pk}"


class SettlementBalance(Totals):
    """One bill's residual and the aid that is bound to this very bill."""

    settlement_id = models.BigIntegerField(primary_key=True)
    need = models.ForeignKey(NeedAccount, models.PROTECT, related_name="balances")

    class Meta(Totals.Meta):
        db_table = "settlement_balance"

    def __str__(self) -> str:
        return f"balance of settlement {self.settlement_id}"


class FundAccount(Totals):
    """A fund's budget (in `residual`) and what is promised from it."""

    fund_id = models.BigIntegerField(primary_key=True)
    organisation_id = models.BigIntegerField()

    class Meta(Totals.Meta):
        db_table = "fund_account"

    def __str__(self) -> str:
        return f"account of fund {self.fund_id}"


class Layer(models.TextChoices):
    STATUTORY = "statutory"
    COMMERCIAL = "commercial"
    CHARITY = "charity"
    CROWDFUNDING = "crowdfunding"


class EntryKind(models.TextChoices):
    OPEN = "open"  # a bill's residual becomes part of the need
    CORRECT = "correct"  # the insurer's correction or reversal changes it
    BUDGET = "budget"  # a fund's budget changes
    RESERVE = "reserve"
    RELEASE = "release"
    COMMIT = "commit"
    CANCEL = "cancel"
    PAY = "pay"
    RETURN = "return"
    EXTERNAL = "external"  # a campaign or a commercial insurer paid
    MERGE = "merge"
    UNMERGE = "unmerge"


class Entry(models.Model):
    """Append-only. The deltas are applied to the totals rows by trigger; nothing else may change them."""

    need = models.ForeignKey(NeedAccount, models.PROTECT, null=True, related_name="entries")
    settlement = models.ForeignKey(SettlementBalance, models.PROTECT, null=True, related_name="entries")
    fund = models.ForeignKey(FundAccount, models.PROTECT, null=True, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    layer = models.CharField(max_length=12, choices=Layer.choices)
    award_id = models.BigIntegerField(null=True)
    reference = models.CharField(
        max_length=80, help_text="what caused it: 'settlement:12:v2', 'campaign:5:v3', 'award:9:pay'"
    )
    d_residual = money(default=0)
    d_reserved = money(default=0)
    d_committed = money(default=0)
    d_paid = money(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "entry"
        constraints = [
            # per fund: nobody can write another fund's reference ahead of it
            models.UniqueConstraint(
                fields=["reference", "kind", "fund"], name="entry_once", nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(fields=["need", "id"], name="entry_by_need"),
            models.Index(fields=["fund", "id"], name="entry_by_fund"),
            models.Index(fields=["award_id"], name="entry_by_award"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class RecoveryCase(models.Model):
    """More was aided than the residual now allows: somebody has to ask money back or write it off."""

    need = models.ForeignKey(NeedAccount, models.PROTECT, related_name="recoveries")
    amount = money()
    cause = models.CharField(
        max_length=20, help_text="kind of the entry: correct | external | merge | unmerge"
    )
    reference = models.CharField(max_length=80)
    written_off = money(
        default=0, db_default=0, help_text="no longer asked back, though it is still too much"
    )
    state = models.CharField(max_length=12, default="open", help_text="open | moved | resolved | written_off")
    opened_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recovery_case"
        constraints = [models.UniqueConstraint(fields=["need", "reference"], name="recovery_once")]

    def __str__(self) -> str:
        return f"recovery {self.pk}"

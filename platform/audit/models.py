"""The log's tables. They hold ids and words of our own, never personal data; so they need no row policies.

Entries come in through record() alone, that is through the database's audit_write(): the working roles have no
right to insert, number, time and commitment are the database's, and triggers refuse a foreign actor and any change
(migrations 0002, 0003).
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Entry(models.Model):
    """What happened: append-only."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)
    commitment = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_entry"
        indexes = [models.Index(fields=["subject", "id"], name="audit_entry_subject")]

    def __str__(self) -> str:
        return f"{self.pk} {self.actor} {self.action} {self.subject}"


class EntryPayload(models.Model):
    """What the commitment commits to. The one part that can be erased, by the owner's audit_erase()."""

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, related_name="content")
    salt = models.BinaryField(max_length=32)
    payload = models.JSONField()

    class Meta:
        db_table = "audit_entry_payload"

    def __str__(self) -> str:
        return f"payload of {self.pk}"


class EntrySubject(models.Model):
    """Whom else an entry names: an index over "subjects" in its payload, written by audit_write() alone."""

    id = models.BigAutoField(primary_key=True)
    # No foreign key check: entries are never deleted.
    entry = models.ForeignKey(
        Entry, models.PROTECT, related_name="others", db_constraint=False, db_index=False
    )
    subject = models.CharField(max_length=120)

    class Meta:
        db_table = "audit_subject"
        constraints = [models.UniqueConstraint(fields=["subject", "entry"], name="audit_subject_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} also names {self.subject}"


class Pending(models.Model):
    """Entries that have no leaf yet. A trigger on Entry fills it, the sequencer drains it."""

    entry = models.OneToOneField(Entry, models.PROTECT, primary_key=True, db_constraint=False)

    class Meta:
        db_table = "audit_pending"

    def __str__(self) -> str:
        return f"pending {self.pk}"


class Leaf(models.Model):
    """An entry's place in the tree: contiguous from 0, append-only."""

    leaf_index = models.BigIntegerField(primary_key=True)
    # No foreign key check: entries are never deleted, and the check would write to every entry's row.
    entry = models.OneToOneField(Entry, models.PROTECT, db_constraint=False, related_name="leaf")
    leaf_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"leaf {self.pk}"


class TreeNode(models.Model):
    """Tile hashes above the leaves (tree.py): hash `index` of `level` is the root over 256^level leaves."""

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "audit_tree_node"
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="audit_tree_node_once")]

    def __str__(self) -> str:
        return f"node {self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed statement of the log's size and root (C2SP tlog-checkpoint), one for each size signed."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class Cosignature(models.Model):
    """A witness's signature line on a checkpoint (C2SP tlog-cosignature), as the witness gave it."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=100)
    line = models.CharField(max_length=300)
    at = models.DateTimeField(help_text="when the witness signed, by its own clock")

    class Meta:
        db_table = "audit_cosignature"
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "witness"], name="audit_cosignature_once")
        ]

    def __str__(self) -> str:
        return f"{self.witness} on {self.checkpoint_id}"

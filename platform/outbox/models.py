from __future__ import annotations

from django.db import models


class EventManager(models.Manager["Event"]):
    """Reads without the ids, which the web's role may not see (they say who was linked to whom)."""

    def get_queryset(self) -> models.QuerySet[Event]:
        return super().get_queryset().defer("ids", "asked_by")


class Event(models.Model):
    """A wake-up that waits for its handlers: ids only, never a personal value."""

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"

    topic = models.CharField(max_length=64)
    ids = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    asked_by = models.JSONField(
        null=True,
        editable=False,
        help_text="{kind, org, user, account, client} of the signed context; written by the database",
    )

    for_person = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="a member of staff or a family waits for it; written by the database",
    )

    objects = EventManager()

    class Meta:
        db_table = "outbox_event"
        indexes = [
            models.Index(
                models.OrderBy(models.F("for_person"), descending=True),
                "due_at",
                "id",
                name="outbox_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(fields=["state", "done_at"], name="outbox_state"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.ids}"

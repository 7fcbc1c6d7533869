"""Letters by which an insurer invites its own insured; the token in them is sealed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from insurance.intake.models import Record
from vault.fields import SealedText


class Invitation(models.Model):
    """One letter for the person of one of the organisation's own accepted records.

    Only the engine fills `token`. Whether the person ever used it is not shown here: an insurer never learns
    of an application, a refusal or silence.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("准备中")
        WAITING = "waiting", _("记录还没处理完")
        READY = "ready", _("可以打印")
        PRINTED = "printed", _("已打印")

    organisation = models.ForeignKey(Organisation, models.PROTECT)
    record = models.ForeignKey(Record, models.PROTECT, related_name="invitations")
    setl_id = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED)
    token = SealedText("desk.invitation_token", null=True)
    requested_by = models.ForeignKey(User, models.PROTECT, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ready_at = models.DateTimeField(null=True)
    printed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "invitation"
        indexes = [
            models.Index(fields=["organisation", "-id"], name="invitation_by_org"),
            models.Index(fields=["record"], name="invitation_by_record"),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"

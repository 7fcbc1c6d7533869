"""Inviting an insurer's own insured by a letter with a single-use token (decisions, 7).

The insurer picks one of its own accepted records; the engine finds whose it is and issues the token. The insurer
learns "ready" or "not yet processed", nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.db.models import QuerySet
from django.utils import timezone

from audit import record as audit
from insurance.formats import Settlement as Canonical
from insurance.intake.models import Record, RecordState, Settlement
from outbox import emit
from people import registry
from scope import Actor

from .models import Invitation

Status = Invitation.Status


class NoSuchRecordError(Exception):
    """This organisation has no accepted record with that bill number."""


class NotReadyError(Exception):
    """There is no letter yet: the record has not been processed."""


@dataclass(frozen=True)
class Letter:
    """What stands on the paper. `name` is the addressee as the organisation's own record gives it."""

    invitation: int
    name: str
    token: str
    issued_at: datetime
    valid_until: datetime


def _org(actor: Actor) -> int:
    if actor.org_id is None:
        raise ValueError("letters are an organisation's")
    return actor.org_id


def own(actor: Actor) -> QuerySet[Invitation]:
    """The organisation's letters, newest first, without the tokens."""
    return Invitation.objects.filter(organisation_id=_org(actor)).defer("token").order_by("-id")


def seen(actor: Actor, rows: list[Invitation]) -> None:
    """Record that these lines of the list of letters are being shown."""
    if rows:
        named = [f"record:{row.record_id}" for row in rows]
        audit("invitations.viewed", f"organisation:{_org(actor)}", also=named, payload={"letters": len(rows)})


def ask(actor: Actor, setl_id: str) -> Invitation:
    """Ask for a letter about one of the organisation's own accepted bills. Asked again, the living one returns.

    Raises NoSuchRecordError.
    """
    record = (
        Record.objects.filter(
            sender_id=_org(actor), setl_id=setl_id, state=RecordState.ACCEPTED, kind="settlement"
        )
        .defer("raw", "canonical")
        .order_by("-id")
        .first()
    )
    if record is None or not setl_id:
        raise NoSuchRecordError
    fresh = timezone.now() - timedelta(days=registry.TOKEN_DAYS)
    living = own(actor).filter(setl_id=setl_id, created_at__gt=fresh).first()
    if living is not None:
        return living
    invitation = Invitation.objects.create(
        organisation_id=_org(actor), record=record, setl_id=setl_id, requested_by_id=actor.user_id
    )
    audit("invitation.requested", f"invitation:{invitation.pk}", payload={"record": record.pk})
    emit("invitation.requested", invitation_id=invitation.pk)
    return invitation


def open_letter(actor: Actor, invitation_id: int) -> Letter:
    """The letter itself, recorded before it is shown. Raises Invitation.DoesNotExist, NotReadyError."""
    invitation = Invitation.objects.select_related("record").get(
        pk=invitation_id, organisation_id=_org(actor)
    )
    if invitation.token is None or invitation.ready_at is None:
        raise NotReadyError
    canonical = msgspec.convert(invitation.record.canonical, Canonical, strict=False)
    audit(
        "invitation.opened",
        f"invitation:{invitation.pk}",
        also=[f"record:{invitation.record_id}"],
        payload={"fields": ["name", "token"]},
    )
    return Letter(
        invitation.pk,
        "" if canonical.person.name_masked else canonical.person.name,
        invitation.token,
        invitation.ready_at,
        invitation.ready_at + timedelta(days=registry.TOKEN_DAYS),
    )


def printed(actor: Actor, invitation_id: int) -> None:
    """The letter was printed. Raises Invitation.DoesNotExist, NotReadyError."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id, organisation_id=_org(actor))
    if invitation.status == Status.PRINTED:
        return
    if invitation.status != Status.READY:
        raise NotReadyError
    Invitation.objects.filter(pk=invitation.pk).update(status=Status.PRINTED, printed_at=timezone.now())
    audit("invitation.printed", f"invitation:{invitation.pk}", also=[f"record:{invitation.record_id}"])


def prepare(invitation_id: int) -> None:
    """Handler of `invitation.requested` (engine): issue the token once the record has its person. Idempotent."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id)
    if invitation.status not in {Status.REQUESTED, Status.WAITING}:
        return
    record = Record.objects.only("sender_id", "settlement_id").get(pk=invitation.record_id)
    settlement = Settlement.objects.filter(pk=record.settlement_id or 0).first()
    if settlement is None or settlement.person_id is None or record.sender_id != invitation.organisation_id:
        invitation.status = Status.WAITING
        invitation.save(update_fields=["status"])
        return
    invitation.token = registry.issue_token(settlement.person_id, invitation.organisation_id)
    invitation.status, invitation.ready_at = Status.READY, timezone.now()
    invitation.save(update_fields=["token", "status", "ready_at"])


def prepare_waiting(need_id: int) -> None:
    """Handler of `need.changed` (engine): letters that waited for a bill to find its person."""
    bills = Settlement.objects.filter(need_id=need_id).values_list("pk", flat=True)
    for pk in Invitation.objects.filter(
        status=Status.WAITING, record__settlement_id__in=list(bills)
    ).values_list("pk", flat=True):
        prepare(pk)

"""Receiving campaigns from designated platforms: each record accepted, known already, or refused by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import record
from outbox import emit
from scope import Actor
from vault.index import code_hash

from .models import Campaign, CampaignAppeal, CampaignPush
from .reading import Pushed, Reason, read


@dataclass(frozen=True)
class Result:
    """Answer to one record. state: accepted | duplicate | refused; ids and version of what stands afterwards."""

    position: int
    state: str
    external_id: str = ""
    id: int | None = None
    version: int | None = None
    reasons: tuple[Reason, ...] = ()
    unknown_fields: tuple[str, ...] = field(default_factory=tuple)

    def body(self) -> dict[str, Any]:
        return {
            "position": self.position,
            "state": self.state,
            "external_id": self.external_id,
            "id": self.id,
            "version": self.version,
            "reasons": [reason.body() for reason in self.reasons],
            "unknown_fields": list(self.unknown_fields),
        }


def receive(actor: Actor, position: int, value: Any, today: date | None = None) -> Result:
    """Keep one pushed record: new, a new version, or the same again (which changes nothing).

    Emits `campaign.received` (campaign_id) for a new version. The actor is the platform's client.
    """
    pushed, reasons, unknown = read(value, today or timezone.localdate())
    if pushed is None:
        named = value.get("external_id") if isinstance(value, dict) else ""
        _keep_refusal(actor, named, reasons)
        return Result(
            position,
            "refused",
            named[:64] if isinstance(named, str) else "",
            reasons=tuple(reasons),
            unknown_fields=tuple(unknown),
        )
    try:
        with transaction.atomic():
            campaign, changed = _store(actor, pushed)
    except IntegrityError:  # the same new campaign in another request at this moment
        campaign, changed = _store(actor, pushed)
    if changed:
        record(
            "campaign.received",
            f"campaign:{campaign.pk}",
            payload={
                "version": campaign.version,
                "status": campaign.status,
                "raised": str(campaign.raised),
                "paid_out": str(campaign.paid_out),
            },
            actor=actor,
        )
        CampaignPush.objects.create(
            platform_id=campaign.platform_id,
            campaign=campaign,
            external_id=campaign.external_id,
            state=CampaignPush.State.ACCEPTED,
            version=campaign.version,
            status=campaign.status,
            raised=campaign.raised,
            paid_out=campaign.paid_out,
        )
        emit("campaign.received", campaign_id=campaign.pk)
    return Result(
        position,
        "accepted" if changed else "duplicate",
        campaign.external_id,
        campaign.pk,
        campaign.version,
        unknown_fields=tuple(unknown),
    )


def _keep_refusal(actor: Actor, named: Any, reasons: Sequence[Reason]) -> None:
    """For the sender's page. What stands in the place of the id is kept only when it can be one."""
    usable = isinstance(named, str) and not any(reason.field == "external_id" for reason in reasons)
    CampaignPush.objects.create(
        platform_id=actor.org_id or 0,
        external_id=named[:64] if usable else "",
        state=CampaignPush.State.REFUSED,
        reasons=[reason.body() for reason in reasons][:20],
    )


def _store(actor: Actor, pushed: Pushed) -> tuple[Campaign, bool]:
    digest = code_hash(
        "campaigns.content", json.dumps(pushed.canonical(), ensure_ascii=False, sort_keys=True)
    )
    values: dict[str, Any] = {
        "content_hash": digest,
        "status": pushed.status,
        "target": pushed.target,
        "raised": pushed.raised,
        "paid_out": pushed.paid_out,
        "disease_code": pushed.disease_code,
        "beneficiary": {
            **pushed.beneficiary,
            "started_on": pushed.started_on.isoformat() if pushed.started_on else None,
        },
    }
    campaign = (
        Campaign.objects.select_for_update()
        .filter(platform_id=actor.org_id, external_id=pushed.external_id)
        .first()
    )
    if campaign is None:
        campaign = Campaign.objects.create(  # type: ignore[misc]
            platform_id=actor.org_id, external_id=pushed.external_id, **values
        )
        _tell(campaign, pushed)
        return campaign, True
    if bytes(campaign.content_hash) == digest:
        return campaign, False
    for name, value in values.items():
        setattr(campaign, name, value)
    campaign.version += 1
    campaign.save()
    _tell(campaign, pushed)
    return campaign, True


def _tell(campaign: Campaign, pushed: Pushed) -> None:
    """Keep the appeal's words as they are now; words that are not pushed any more are not kept."""
    words = {"title": pushed.title or None, "story": pushed.story or None}
    if not CampaignAppeal.objects.filter(pk=campaign.pk).update(**words) and any(words.values()):
        CampaignAppeal.objects.create(campaign=campaign, **words)


def own(actor: Actor) -> QuerySet[Campaign]:
    """The platform's own campaigns, newest first; row-level security says the same."""
    return Campaign.objects.filter(platform_id=actor.org_id).order_by("-pk")


def seen(actor: Actor, campaigns: Sequence[Campaign], action: str = "campaigns.viewed") -> None:
    """Record, before they are told, which of its campaigns the platform asked for (campaigns.viewed, campaign.viewed)."""
    if campaigns:
        named = [f"campaign:{campaign.pk}" for campaign in campaigns]
        record(action, f"organisation:{actor.org_id}", also=named, payload={"campaigns": len(campaigns)})


def body(campaign: Campaign) -> dict[str, Any]:
    """What a platform is told of its campaign: what it pushed, and no more."""
    return {
        "id": campaign.pk,
        "external_id": campaign.external_id,
        "version": campaign.version,
        "status": campaign.status,
        "target": f"{campaign.target:.2f}",
        "raised": f"{campaign.raised:.2f}",
        "paid_out": f"{campaign.paid_out:.2f}",
        "currency": "CNY",
        "received_at": campaign.received_at.isoformat(),
        "updated_at": campaign.updated_at.isoformat(),
    }

"""Appeals are read anew when the rules that read them change (`extract.VERSION`), a few at a time.

Nobody said anything else: the platform pushed nothing, our reading is another one. So a description that belongs to
nobody is linked again by what it says now; one that is linked keeps its person and its money, and where the words now
contradict what was stated, or speak for somebody else, a reviewer is told. Only a person parts them.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.db.models import Q

from audit import record
from insurance.linking import services as linking
from matching.linkage.values import extract
from people import registry
from people.models import Identity
from scope import engine_scope

from . import appeals, counting
from .models import Campaign, CampaignReading

CHUNK = 20
log = logging.getLogger(__name__)


def renew(seconds: float, chunk: int = CHUNK) -> int:
    """Read anew what other rules have read, for so long at most, one transaction each. Returns how many were.

    Who is held by another transaction, or cannot be read, is left for the next time. Nothing older left: one look at
    an index.
    """
    done, after, until = 0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        with engine_scope("reread"):
            outdated = Q(extractor__lt=extract.VERSION) | Q(extractor__gt=extract.VERSION)
            found = CampaignReading.objects.filter(outdated, pk__gt=after).order_by("pk")
            ids = list(found.values_list("pk", flat=True)[:chunk])
        if not ids:
            break
        for after in ids:
            if time.monotonic() >= until:
                return done
            try:
                with engine_scope("reread"):
                    done += reread(after)
            except Exception:  # one appeal holds up no other
                log.exception("campaign %s could not be read anew", after)
    return done


def reread(campaign_id: int) -> bool:
    """Read one appeal by the rules in use (engine only). Idempotent; False where there is nothing to do, or somebody
    else is at it."""
    campaign = Campaign.objects.select_for_update(skip_locked=True).filter(pk=campaign_id).first()
    reading = CampaignReading.objects.filter(pk=campaign_id).first()
    if campaign is None or reading is None or reading.extractor == extract.VERSION:
        return False
    was, before = reading.extractor, _told(reading.found)
    found, texts = appeals.read(campaign)
    now = _told([vars(one) for one in found])
    identity = Identity.objects.select_for_update(no_key=True).get(source="campaign", source_id=campaign.pk)
    against = _against(now) - _against(before)
    if identity.person_id is None:
        counting.received(campaign.pk)
    else:
        changed = registry.describe_anew(identity, counting.describe(campaign, found))
        appeals.keep(campaign, identity.pk, found, texts)
        if changed or against:
            linking.read_anew(identity, contradicts=bool(against))
    record(
        "campaign.reread",
        f"campaign:{campaign.pk}",
        also=[f"identity:{identity.pk}"],
        payload={
            "was": was,
            "now": extract.VERSION,
            "fields": sorted(name for name in {*before, *now} if before.get(name) != now.get(name)),
            "contradicts": sorted(against),
        },
    )
    return True


def _told(found: Any) -> dict[str, tuple[str, bool, bool]]:
    """What a reading says, field by field: (value, used, contradicts). Places may shift without anything new."""
    return {one["field"]: (one["value"], one["used"], one["contradicts"]) for one in found}


def _against(told: dict[str, tuple[str, bool, bool]]) -> set[str]:
    return {name for name, (_value, _used, contradicts) in told.items() if contradicts}

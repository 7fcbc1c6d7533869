"""What the engine does with a campaign: whose it is, and what of it counts against which need.

Raised and not yet paid out stands as reserved, paid out as paid, both of the layer crowdfunding. Later versions post
differences; more than is open raises the need's excess and so a recovery case (the ledger's doing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F

from audit import record
from insurance.ledger import services as ledger
from insurance.ledger.models import NeedAccount
from insurance.linking import services as linking
from matching.linkage.values import diseases, hospitals
from outbox import emit
from people import registry
from people.models import Identity

from . import appeals
from .models import Campaign, CampaignLink

ZERO = Decimal("0.00")


def describe(campaign: Campaign, found: Sequence[appeals.Read] = ()) -> registry.Description:
    """The beneficiary as the link service compares him: as stated, else as the appeal's text tells (found).

    An age counts from the campaign's start. The illness's code counts where its name says less; a hospital that the text
    names beside the stated one is another stay.
    """
    plain = _described(campaign, found)
    extra = dict(plain.extra)
    illness = diseases.told(extra.get("disease", ""), campaign.disease_code)
    if illness:
        extra["disease"] = illness
    other = next((one.value for one in found if one.field == "hospital" and not one.used), "")
    if other and hospitals.parse(other) != hospitals.parse(extra.get("hospital")):
        extra["stays"] = [[other, illness]]
    return replace(plain, extra=extra)


def _described(campaign: Campaign, found: Sequence[appeals.Read]) -> registry.Description:
    """As it was described before codes and second hospitals counted."""
    said: Any = appeals.filled(campaign, found)
    extra = {name: said[name] for name in ("hospital", "disease", "age") if said.get(name) not in (None, "")}
    started = date.fromisoformat(said["started_on"]) if said.get("started_on") else None
    if "age" in extra and started:
        extra["birth_year"] = started.year - int(extra["age"])
    if said.get("birth_year") and not said.get("birth_date"):
        extra["birth_year"] = said["birth_year"]
    born = said.get("birth_date")
    return registry.Description(
        name=said.get("name", ""),
        id_number=said.get("id_number", ""),
        birth_date=date.fromisoformat(born) if born else None,
        sex=said.get("sex", ""),
        phone=said.get("phone", ""),
        area=said.get("area", ""),
        extra=extra,
    )


def received(campaign_id: int) -> None:
    """Handler of `campaign.received`: describe, link, count. Idempotent."""
    campaign, link = _locked(campaign_id)
    found, texts = appeals.read(campaign)
    described = describe(campaign, found)
    _told_more(campaign, _described(campaign, found), described)
    identity, changed = registry.source_identity("campaign", campaign.pk, campaign.platform_id, described)
    appeals.keep(campaign, identity.pk, found, texts)
    if changed:
        linking.described_anew(identity.pk)
    link.identity_id = identity.pk
    if link.person_id is not None and link.person_id != identity.person_id:
        _detach(campaign, link)  # described otherwise now: whose it is has to be asked again
    result = linking.link(identity.pk, amount=campaign.raised)
    link.person_id = result.person_id
    _attach(campaign, link)


def _told_more(campaign: Campaign, plain: registry.Description, described: registry.Description) -> None:
    """Whose description says nothing new, but is read as more than before, keeps its person."""
    linked = Identity.objects.filter(source="campaign", source_id=campaign.pk, person__isnull=False).first()
    if linked is not None and bytes(linked.fingerprint) == plain.fingerprint():
        registry.describe_anew(linked, described)


def person_found(identity_id: int, person_id: int) -> None:
    """Handler of `linking.linked`: a campaign's description got its person."""
    link = CampaignLink.objects.filter(identity_id=identity_id).first()
    if link is None:
        return
    campaign, link = _locked(link.pk)
    link.person_id = Identity.objects.values_list("person_id", flat=True).get(pk=identity_id)
    _attach(campaign, link)


def person_lost(identity_id: int, person_id: int) -> None:
    """Handler of `linking.unlinked`: what was counted is taken back."""
    link = CampaignLink.objects.filter(identity_id=identity_id, person_id=person_id).first()
    if link is None:
        return
    campaign, link = _locked(link.pk)
    current = Identity.objects.values_list("person_id", flat=True).get(pk=identity_id)
    if link.person_id == person_id and current != person_id:
        _detach(campaign, link)


def need_changed(need_id: int) -> None:
    """Handler of `need.changed`: a campaign that was linked before any bill came counts now."""
    person_id = NeedAccount.objects.values_list("person_id", flat=True).filter(pk=need_id).first()
    for pk in CampaignLink.objects.filter(person_id=person_id, need_id=None).values_list("pk", flat=True):
        campaign, link = _locked(pk)
        _attach(campaign, link)


def _locked(campaign_id: int) -> tuple[Campaign, CampaignLink]:
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    link, _new = CampaignLink.objects.get_or_create(campaign_id=campaign_id)
    return campaign, link


def _need_of(person_id: int, disease_code: str) -> int | None:
    """The illness episode that the campaign names, else the person's need with most still open, if there is one."""
    needs = NeedAccount.objects.filter(person_id=person_id, residual__gt=ZERO)
    if disease_code:
        needs = needs.filter(episode=disease_code[:3])
    still_open = F("residual") - F("reserved") - F("committed") - F("paid")
    return needs.order_by(-still_open, "pk").values_list("pk", flat=True).first()


def _attach(campaign: Campaign, link: CampaignLink) -> None:
    if link.person_id is not None and link.need_id is None:
        link.need_id = _need_of(link.person_id, campaign.disease_code)
    _count(campaign, link)
    link.save()


def _detach(campaign: Campaign, link: CampaignLink) -> None:
    _post(campaign, link, ZERO, ZERO)
    link.person_id = link.need_id = None
    link.counted_version = 0
    link.save()


def _count(campaign: Campaign, link: CampaignLink) -> None:
    if link.need_id is None:
        return
    reserved = ZERO if campaign.status == Campaign.Status.WITHDRAWN else campaign.raised - campaign.paid_out
    _post(campaign, link, reserved, campaign.paid_out)
    link.counted_version = campaign.version


def _post(campaign: Campaign, link: CampaignLink, reserved: Decimal, paid: Decimal) -> None:
    """Bring what is counted to these yuan by posting the differences; nothing when there are none."""
    more_reserved, more_paid = reserved - link.counted_reserved, paid - link.counted_paid
    if link.need_id is None or not (more_reserved or more_paid):
        return
    link.postings += 1
    # The running number keeps postings of one version apart: its person may change in between.
    reference = f"campaign:{campaign.pk}:v{campaign.version}:{link.postings}"
    ledger.external(link.need_id, "crowdfunding", reference, reserved=more_reserved, paid=more_paid)
    link.counted_reserved, link.counted_paid = reserved, paid
    record(
        "campaign.counted",
        f"campaign:{campaign.pk}",
        payload={
            "need": link.need_id,
            "version": campaign.version,
            "reserved": str(reserved),
            "paid": str(paid),
        },
    )
    emit("need.changed", need_id=link.need_id)

"""Giving, refusing and withdrawing consent. Each runs in the caller's scope, with its audit entry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from audit import record
from outbox import emit
from scope import Actor

from .models import Category, Consent, Notice

VALID_DAYS = 365
# so long before its end a yes may be given anew; before that, saying it again changes nothing
RENEW_DAYS = 30


def quoted(name: str) -> str:
    """`name` as it stands inside “”: its own quotation marks become 「」."""
    return name.translate(str.maketrans("“”", "「」"))


class ConsentError(Exception):
    """The decision cannot be taken; the text says why and what to do."""


@dataclass(frozen=True)
class Rendered:
    """A notice as the patient reads it, with the hash that the consent keeps."""

    notice: Notice
    text: str
    sha256: str
    until: str


def current_notice() -> Notice:
    notice = Notice.objects.filter(effective_from__lte=timezone.now()).order_by("-version").first()
    if notice is None:
        raise ConsentError(_("还没有告知书，请联系平台。"))
    return notice


def render(organisation_name: str, fund_name: str, categories: Sequence[str] | None = None) -> Rendered:
    """The current notice with recipient, fund, kinds of data and end date filled in."""
    notice = current_notice()
    until = timezone.localdate() + timedelta(days=VALID_DAYS)
    until_text = f"{until.year}年{until.month}月{until.day}日"
    kinds = "、".join(str(Category(name).label) for name in (categories or Category.values))
    text = (
        notice.body.replace("{organisation}", organisation_name)
        .replace("{fund}", quoted(fund_name))
        .replace("{categories}", kinds)
        .replace("{days}", str(VALID_DAYS))
        .replace("{until}", until_text)  # version 1
    )
    return Rendered(notice, text, hashlib.sha256(text.encode()).hexdigest(), until_text)


def decide(
    actor: Actor,
    *,
    application_id: int,
    organisation_id: int,
    fund_id: int,
    rendered: Rendered,
    decision: bool,
    capacity: str,
    categories: Sequence[str] | None = None,
) -> Consent:
    """Record yes or no. The same again changes nothing until RENEW_DAYS before its end: text and end stay.

    A yes anew (another text, or near or after its end) replaces the former one without a gap, so that what is
    reserved stays. A no after a yes is a withdrawal. Events: `consent.given` for a yes; a no is told to nobody.
    """
    if actor.kind != "patient" or actor.account_id is None:
        raise ConsentError(_("只有患者本人或代办人能决定。"))
    former = Consent.objects.filter(application_id=application_id, fund_id=fund_id, withdrawn_at=None).first()
    now = timezone.now()
    if former is not None:
        same = former.decision == decision and former.text_sha256 == rendered.sha256
        if same and not (decision and renewable(former)):
            return former
        if former.decision and not decision:
            withdraw(actor, former)
        else:
            former.withdrawn_at = now
            former.save(update_fields=["withdrawn_at"])
            if former.decision:
                record("consent.replaced", f"consent:{former.pk}", payload={"fund": fund_id})
    consent = Consent.objects.create(
        account_id=actor.account_id,
        organisation_id=organisation_id,
        application_id=application_id,
        fund_id=fund_id,
        notice=rendered.notice,
        text_sha256=rendered.sha256,
        decision=decision,
        categories=list(categories or Category.values) if decision else [],
        capacity=capacity,
        decided_at=now,
        valid_until=now + timedelta(days=VALID_DAYS),
    )
    record(
        "consent.given" if decision else "consent.refused",
        f"consent:{consent.pk}",
        payload={
            "application": application_id,
            "fund": fund_id,
            "organisation": organisation_id,
            "notice": rendered.notice.version,
            "text": rendered.sha256,
            "categories": consent.categories,
        },
    )
    if decision:
        emit("consent.given", consent_id=consent.pk)
    return consent


def renewable(consent: Consent) -> bool:
    """Near its end or past it: a yes anew then begins another year."""
    return consent.valid_until - timezone.now() <= timedelta(days=RENEW_DAYS)


def withdraw(actor: Actor, consent: Consent) -> None:
    """At once: from the next statement on the recipient sees nothing. Raises ConsentError if it is not his."""
    if actor.kind != "patient" or consent.account_id != actor.account_id:
        raise ConsentError(_("这份同意不是您给的。"))
    if consent.withdrawn_at is not None:
        return
    consent.withdrawn_at = timezone.now()
    consent.save(update_fields=["withdrawn_at"])
    record("consent.withdrawn", f"consent:{consent.pk}", payload={"fund": consent.fund_id})
    emit("consent.withdrawn", consent_id=consent.pk)


def acknowledge_deletion(actor: Actor, consent: Consent) -> None:
    """The recipient says that its own copies are deleted, after a withdrawal or the end of the time."""
    ended = consent.withdrawn_at is not None or consent.valid_until <= timezone.now()
    if actor.kind != "staff" or consent.organisation_id != actor.org_id or not ended:
        raise ConsentError(_("没有要确认的收回。"))
    if consent.deletion_acknowledged_at is None:
        consent.deletion_acknowledged_at = timezone.now()
        consent.deletion_acknowledged_by = actor.user_id
        consent.save(update_fields=["deletion_acknowledged_at", "deletion_acknowledged_by"])
        record("consent.deletion_acknowledged", f"consent:{consent.pk}")

"""Showing masked values in full: reason first, record second, value last. At most 20 times a day per person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from audit import record
from charity.awards.models import Award, Case, CaseEvent
from charity.awards.rules import consent_of, write_event
from scope import Actor

from .people import REVEALABLE, Person

MINUTES = 5
DAILY = 20
REASONS = {
    "call": lazy("打电话联系家属"),
    "papers": lazy("核对纸质材料"),
    "payee": lazy("核对收款账户户名"),
    "other": lazy("其他（下面写明，至少 10 个字）"),
}
PAYEE = "payee"


class RevealError(Exception):
    """Why nothing is shown, in plain words."""


@dataclass(frozen=True)
class Shown:
    label: str
    value: str
    masked: str


def used_today(actor: Actor) -> int:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return CaseEvent.objects.filter(kind="revealed", user_id=actor.user_id, created_at__gte=midnight).count()


def fields_of(person: Person | None, award: Award | None) -> dict[str, str]:
    """What there is to show. Without a person (the consent ended) at most the payee of a promised award, which the
    database gives to the payer alone."""
    full = person.full if person is not None else {}
    names = {name: str(label) for name, label in REVEALABLE.items() if full.get(name)}
    if award is not None and award.payee:
        names[PAYEE] = _("收款户名和账号")
    return names


def dialog(
    actor: Actor, case: Case, person: Person | None, award: Award | None, error: str = ""
) -> dict[str, Any]:
    """The context of web/parts/reveal.html."""
    from django.urls import reverse

    return {
        "url": reverse("portal:reveal", args=[case.pk]),
        "fields": [
            {"name": name, "label": label, "checked": False}
            for name, label in fields_of(person, award).items()
        ],
        "reasons": [{"value": value, "label": label} for value, label in REASONS.items()],
        "minutes": MINUTES,
        "left": max(0, DAILY - used_today(actor)),
        "error": error,
    }


def reveal(
    actor: Actor,
    case: Case,
    person: Person | None,
    award: Award | None,
    *,
    fields: list[str],
    reason: str,
    text: str,
) -> list[Shown]:
    """The values in full. They are recorded in the same transaction, before the page is rendered; the answer
    leaves only after the commit. Raises RevealError."""
    names = fields_of(person if consent_of(case) is not None else None, award)
    wanted = [name for name in names if name in fields]
    text = text.strip()
    if not names:
        raise RevealError(_("患者收回了同意，或同意已到期，不能再看。"))
    if not wanted:
        raise RevealError(_("请勾选要看哪几项。"))
    if reason not in REASONS:
        raise RevealError(_("请选一个理由。"))
    if reason == "other" and len(text) < 10:
        raise RevealError(_("选“其他”时请写明理由，至少 10 个字。"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7401, %s)", [(actor.user_id or 0) % 2**31])
    if used_today(actor) >= DAILY:
        raise RevealError(
            _("今天已经看了 %(count)d 人次，到上限了。请明天再看，或请同事看。") % {"count": DAILY}
        )
    event = write_event(case, "revealed", actor, note=f"{reason}：{text}" if text else reason)
    record(
        "field.revealed",
        f"case:{case.pk}",
        payload={
            "application": case.application_id,
            "consent": case.consent_id,
            "fields": wanted,
            "reason": reason,
            "event": event.pk,
        },
        actor=actor,
    )
    shown = []
    for name in wanted:
        if name == PAYEE and award is not None:
            shown.append(Shown(names[name], award.payee, "****"))
        elif person is not None:
            shown.append(Shown(names[name], person.full[name], person.masked[name]))
    return shown

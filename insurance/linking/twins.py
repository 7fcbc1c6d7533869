"""A bill that came under another number than one that stands (same hospital, its number, same total): ask, and show.

What the reviewer reads are facts of two bills, nothing of the person. What follows from the answer is intake's work.
"""

from __future__ import annotations

from typing import Any

from audit import record
from insurance.intake.models import Settlement, SettlementSource

from .models import BillQuestion


def facts(bill: Settlement) -> dict[str, Any]:
    """A bill as the desk shows it: dates as ISO text, yuan as strings."""
    senders = SettlementSource.objects.filter(settlement=bill).select_related("sender").order_by("pk")
    return {
        "number": bill.setl_id,
        "centre": bill.issuing_centre,
        "hospital": bill.hospital_name,
        "hospital_number": bill.medins_setl_id,
        "disease": bill.disease_name,
        "admitted_on": bill.admitted_on.isoformat() if bill.admitted_on else "",
        "discharged_on": bill.discharged_on.isoformat() if bill.discharged_on else "",
        "settled_on": bill.settled_at.date().isoformat() if bill.settled_at else "",
        "total": str(bill.total_fee),
        "fund": str(bill.fund_paid),
        "person": str(bill.person_paid),
        "senders": list(dict.fromkeys(source.sender.short_name for source in senders)),
        "same_description": bill.identity_id,
    }


def ask(held: Settlement, twin: Settlement) -> BillQuestion:
    """Ask whether they are one bill, or bring an open question up to date (engine only)."""
    told, other = facts(held), facts(twin)
    same = told.pop("same_description") == other.pop("same_description")
    values = {
        "twin_id": twin.pk,
        "shown": {"held": told, "twin": other, "same_description": same},
        "at_stake": max(held.person_paid, 0),
    }
    question, created = BillQuestion.objects.get_or_create(held_id=held.pk, defaults=values)
    if created:
        record("settlement.twin_asked", f"settlement:{held.pk}", payload={"twin": twin.pk})
    elif question.state == BillQuestion.State.OPEN:
        for name, value in values.items():
            setattr(question, name, value)
        question.save()
    return question


def overtaken(held_id: int) -> None:
    """The other bill was reversed: this one stands for itself, nobody has to say so."""
    BillQuestion.objects.filter(held_id=held_id, state=BillQuestion.State.OPEN).update(
        state=BillQuestion.State.OVERTAKEN
    )

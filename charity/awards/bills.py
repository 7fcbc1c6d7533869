"""The bills of a case as staff see them: what each left the patient, and how much of that nobody has taken on yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.ledger.models import SettlementBalance

from .facts import spread
from .models import Award, Case

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class OpenBill:
    """One settlement, in yuan: `borne` by the patient, `aid` of layers 2 and 3 on it, `open` the rest.

    What this case itself has proposed or been granted and not been paid is not counted as aid.
    """

    settlement_id: int
    hospital: str
    settled_on: date | None
    borne: Decimal
    aid: Decimal
    open: Decimal


def bills_of(case: Case) -> list[OpenBill]:
    """The case's active bills, oldest first, as far as the actor may see them.

    Aid that is bound to a bill stands on it; the rest fills the bills from the newest back, as in facts.spread().
    """
    if case.need_id is None:
        return []
    rows = list(Settlement.objects.filter(need_id=case.need_id, status="active").order_by("settled_at", "id"))
    bound = {
        row.settlement_id: row.reserved + row.committed + row.paid
        for row in SettlementBalance.objects.filter(settlement_id__in=[row.pk for row in rows])
    }
    loose = ledger.need_position(case.need_id).promised - sum(bound.values(), ZERO)
    own = Award.objects.filter(case=case, state__in=["proposed", "approved"])
    for settlement_id, amount in own.values_list("settlement_id", "amount"):
        if settlement_id in bound:
            bound[settlement_id] -= amount
        elif settlement_id is None:
            loose -= amount
    free = [max(ZERO, row.person_paid - bound.get(row.pk, ZERO)) for row in rows]
    spent = spread({"all": max(loose, ZERO)}, free)
    found = []
    for row, mine in zip(rows, spent, strict=True):
        aid = bound.get(row.pk, ZERO) + sum((amount for _layer, amount in mine), ZERO)
        settled = timezone.localdate(row.settled_at) if row.settled_at else None
        left = max(ZERO, row.person_paid - aid)
        found.append(OpenBill(row.pk, row.hospital_name, settled, row.person_paid, aid, left))
    return found

"""What the engine does when something was checked, and when a check runs out."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import TruncDate
from django.utils import timezone

from charity.awards.candidates import OPEN_STATES, evaluate_case, look_again
from charity.awards.models import Case
from outbox import asked_by

from .models import Finding

logger = logging.getLogger(__name__)


def finding_recorded(case_id: int) -> None:
    """Handler of finding.recorded: look at the case again. Only for the house whose case it is."""
    case = Case.objects.get(pk=case_id)
    if asked_by().org_id != case.organisation_id:
        logger.error("case %s was not checked by staff of its own house", case_id)
        return
    evaluate_case(case)


def sweep_expired() -> int:
    """Cases on which a check ran out since they were last looked at. Returns how many (engine; beat calls it)."""
    today = timezone.localdate()
    stale = (
        Finding.objects.filter(
            valid_until__lt=today,
            valid_until__gte=today - timedelta(days=90),
            case__state__in=OPEN_STATES,
        )
        .annotate(looked=TruncDate("case__evaluated_at", tzinfo=timezone.get_default_timezone()))
        .filter(looked__lte=F("valid_until"))
        .values_list("case_id", flat=True)
        .distinct()
    )
    return sum(look_again(case) for case in Case.objects.filter(pk__in=list(stale)).order_by("pk"))

"""What the engine does when awards and papers change."""

from __future__ import annotations

import json
import logging
from datetime import date

from outbox import asked_by
from people.models import Hardship

from .candidates import OPEN_STATES, evaluate_case
from .models import Case, CaseEvent

logger = logging.getLogger(__name__)


def hardship_certified(event_id: int) -> None:
    """Keep what staff certified (once), and look again at the person's open cases.

    Only for the charity whose case it is: who asked, the line of history and the case are of one organisation.
    """
    event = CaseEvent.objects.select_related("case").get(pk=event_id)
    case = event.case
    if event.kind != "hardship_certified" or not (
        asked_by().org_id == event.organisation_id == case.organisation_id
    ):
        logger.error("case event %s was not certified by staff of its own case", event.pk)
        return
    if case.person_id is None or not event.note:
        return
    told = json.loads(event.note)
    Hardship.objects.get_or_create(
        person_id=case.person_id,
        kind=told["kind"],
        source=told["source"],
        valid_from=date.fromisoformat(told["valid_from"]),
        defaults={"valid_to": date.fromisoformat(told["valid_to"]) if told["valid_to"] else None},
    )
    for one in Case.objects.filter(person_id=case.person_id, state__in=OPEN_STATES):
        evaluate_case(one)

from __future__ import annotations

import logging

from celery import shared_task

from scope import engine_scope

logger = logging.getLogger(__name__)


@shared_task(name="awards.sweep", ignore_result=True)
def sweep() -> int:
    """Each part in a transaction of its own: what one of them cannot do does not undo the others."""
    from charity.findings import handlers as findings

    from .candidates import sweep_consents, sweep_expired
    from .retention import sweep_words
    from .trials import sweep_rules

    done, failed = 0, None
    for part in (sweep_expired, sweep_consents, sweep_words, findings.sweep_expired, sweep_rules):
        try:
            with engine_scope("awards sweep"):
                done += part()
        except Exception as error:
            logger.error("%s.%s failed: %s", part.__module__, part.__name__, type(error).__name__)
            failed = error
    if failed is not None:
        raise failed
    return done

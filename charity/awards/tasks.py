from __future__ import annotations

from celery import shared_task

from scope import engine_scope


@shared_task(name="awards.sweep", ignore_result=True)
def sweep() -> int:
    from charity.findings import handlers as findings

    from .candidates import sweep_consents, sweep_expired
    from .retention import sweep_words
    from .trials import sweep_rules

    with engine_scope("awards sweep"):
        done = sweep_expired() + sweep_consents() + sweep_words()
        return done + findings.sweep_expired() + sweep_rules()

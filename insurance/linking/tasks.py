"""What beat asks of the link service."""

from __future__ import annotations

import random

from celery import shared_task

from scope import engine_scope

from . import sampling


@shared_task(name="linking.sample", ignore_result=True)
def sample() -> int:
    """A day's sample of the engine's own decisions, for the reviewers to judge. Returns how many were drawn."""
    with engine_scope("linking sample"):
        drawn = sampling.draw(random.SystemRandom())
    return drawn.accepted + drawn.rejected

"""A business transaction with and without its audit entry: what the log costs, and the sequencer's rate."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench.platform.harness import Row, scratch_database


def _median_us(work: Callable[[], None], seconds: float) -> tuple[float, float]:
    """(median microseconds, transactions/s) of `work`, repeated for `seconds`."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while (now := time.perf_counter()) < end:
        work()
        times.append(time.perf_counter() - now)
    return statistics.median(times) * 1e6, len(times) / sum(times)


def run(seconds: float = 3.0) -> list[Row]:
    with scratch_database():
        from django.db import connection

        from audit import record, sequencer
        from scope import Actor, actor_scope, engine_scope

        actor = Actor("staff", org_id=1, user_id=1)

        def business() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO outbox_event (topic, ids, state, tries, error, created_at, due_at)"
                    " VALUES ('bench', '{}', 'done', 0, '', now(), now())"
                )

        def plain() -> None:
            with actor_scope(actor):
                business()

        def audited() -> None:
            with actor_scope(actor):
                business()
                record("bench.change", "case:1", payload={"amount": "1.00"})

        for work in (plain, audited):  # warm the connection and the plans
            _median_us(work, 0.5)
        bare, rate = _median_us(plain, seconds)
        full, audited_rate = _median_us(audited, seconds)
        start = time.perf_counter()
        with engine_scope("bench"):
            leaves = sequencer.run().leaves
        drained = leaves / (time.perf_counter() - start)
        return [
            Row(
                "transaction, audited",
                f"{audited_rate:,.0f}/s",
                "unaudited",
                f"{rate:,.0f}/s",
                audited_rate / rate,
            ),
            Row(
                "transaction, audited, median", f"{full:,.0f} µs", "unaudited", f"{bare:,.0f} µs", full / bare
            ),
            Row(
                "sequencer",
                f"{drained:,.0f} entries/s",
                "audited transactions",
                f"{audited_rate:,.0f}/s",
                drained / audited_rate,
            ),
        ]


if __name__ == "__main__":
    from bench.platform.harness import show

    show(run())

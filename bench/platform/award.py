"""Awards on one hot fund from 16 connections: the whole proposal, beside a bare counter on one row.

The limit of any scheme that keeps a budget in one row is how often that row can be updated and committed; the
peer does only that, on as many connections, in the same database and run.
"""

from __future__ import annotations

import argparse
import statistics
import time
from decimal import Decimal
from typing import Any

from bench.platform.harness import Row, scratch_database

CONNECTIONS = 16


def run(each: int = 20) -> list[Row]:
    with scratch_database() as real:
        from django.db import connection, transaction

        import cases
        import factories as make
        from charity.awards import services
        from insurance.ledger import services as ledger
        from scope import actor_scope

        org = make.organisation()
        fund = cases.fund_with_rule(org, "100000000.00")
        stages = [cases.stage(org=org, fund=fund) for _ in range(CONNECTIONS * each)]
        with real.superuser() as admin:
            admin.execute("CREATE TABLE hot (id int PRIMARY KEY, amount numeric(14,2))")
            admin.execute("INSERT INTO hot VALUES (1, 0)")
            admin.execute("GRANT SELECT, UPDATE ON hot TO jieli_app")

        def propose(thread: int) -> list[float]:
            times = []
            for one in stages[thread * each : (thread + 1) * each]:
                start = time.perf_counter()
                with actor_scope(one.worker):
                    services.propose(
                        one.worker,
                        one.case.pk,
                        amount=Decimal("10000.00"),
                        reason="符合规则第五条，按档位资助。",
                        payee="示例市儿童医院",
                    )
                times.append(time.perf_counter() - start)
            return times

        def count(_thread: int) -> list[float]:
            times = []
            for _ in range(each):
                start = time.perf_counter()
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("UPDATE hot SET amount = amount + 10000 WHERE id = 1")
                times.append(time.perf_counter() - start)
            return times

        bare, bare_rate = _raced(real, count, each)
        full, rate = _raced(real, propose, each)
        with actor_scope(stages[0].worker):
            position = ledger.fund_position(fund.pk)
        expected = Decimal(10000 * CONNECTIONS * each)
        if position.reserved != expected:
            raise SystemExit(f"the fund holds {position.reserved}, not {expected}")
        return [
            Row(
                "award proposed, 16 connections",
                f"{rate:,.0f}/s",
                "one row counted",
                f"{bare_rate:,.0f}/s",
                rate / bare_rate,
            ),
            Row(
                "award proposed, p95",
                f"{full:,.1f} ms",
                "one row counted, p95",
                f"{bare:,.1f} ms",
                full / bare,
            ),
        ]


def _raced(real: Any, work: Any, each: int) -> tuple[float, float]:
    """(95th percentile in ms, transactions/s)."""
    start = time.perf_counter()
    times = [one for part in real.threads(CONNECTIONS, work) for one in part]
    elapsed = time.perf_counter() - start
    return statistics.quantiles(times, n=20)[-1] * 1000, len(times) / elapsed


if __name__ == "__main__":
    from bench.platform.harness import show

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20, help="proposals of each connection")
    show(run(parser.parse_args().each))

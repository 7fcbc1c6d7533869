"""The case page and the queue of a charity with 2,000 cases: 95th percentile of the whole answer, beside the
smallest page behind the same sign-in and scope (the limit that no page of this stack can pass)."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import Any

from bench.platform.harness import Row, scratch_database

HERE = 200


def run(count: int = 2000, rounds: int = HERE) -> list[Row]:
    with scratch_database():
        from django.conf import settings
        from django.test import Client

        import cases
        import factories as make
        from accounts.models import User
        from accounts.staff import enrol_totp

        settings.VAR_DIR = tempfile.mkdtemp()
        settings.ALLOWED_HOSTS = ["testserver"]
        org = make.organisation()
        fund = cases.fund_with_rule(org, "900000000.00", documents=[cases.DIAGNOSIS_PAPER])
        stages = [cases.stage(org=org, fund=fund) for _ in range(count)]
        worker = stages[0].worker
        user = User.objects.get(pk=worker.user_id)
        enrol_totp(user)
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])

        def get(path: str) -> None:
            answer = client.get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answered {answer.status_code}")

        def redirected() -> None:
            client.get("/staff/")

        floor = _p95(lambda _i: redirected(), rounds)
        rows = []
        for name, path in (
            ("case page", lambda i: f"/staff/cases/{stages[i * 7 % count].case.pk}/?tab=worker"),
            ("queue, 20 rows", lambda i: f"/staff/queue/?tab=worker&page={i % 20 + 1}"),
            ("queue, 100 rows", lambda i: "/staff/queue/?tab=worker&size=100"),
        ):
            took = _p95(lambda i, path=path: get(path(i)), rounds if "100" not in name else rounds // 4)  # type: ignore[misc]
            rows.append(
                Row(
                    f"{name}, {count:,} cases, p95",
                    f"{took:,.0f} ms",
                    "empty page, same sign-in",
                    f"{floor:,.0f} ms",
                    took / floor,
                )
            )
        return rows


def _p95(work: Any, rounds: int) -> float:
    for index in range(5):
        work(index)
    times = []
    for index in range(rounds):
        start = time.perf_counter()
        work(index)
        times.append(time.perf_counter() - start)
    return statistics.quantiles(times, n=20)[-1] * 1000


if __name__ == "__main__":
    from bench.platform.harness import show

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=HERE)
    given = parser.parse_args()
    show(run(given.cases, given.rounds))

"""Pushing settlements over HTTP to one worker: one a request, and 10,000 a request, beside the limit.

The limit is what PostgreSQL takes of the same records in the same run when nothing is read, sealed, judged or
audited: COPY into an unlogged table without an index. `--keep SECONDS` pushes for that long (for a profiler).
"""

from __future__ import annotations

import argparse
import copy
import http.client
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.platform.harness import ROOT, Row, scratch_database

MANY = 10_000


def bills(count: int, prefix: str) -> list[dict[str, Any]]:
    from insurance.formats.schema import EXAMPLE_SETTLEMENT

    made = []
    for number in range(count):
        bill = copy.copy(EXAMPLE_SETTLEMENT)
        bill["setl_id"] = f"{prefix}{number:07}"
        bill["person"] = {**EXAMPLE_SETTLEMENT["person"], "phone": f"139{number:08}"}
        made.append(bill)
    return made


def encoded(records: Any) -> bytes:
    return json.dumps(records, ensure_ascii=False, separators=(",", ":")).encode()


@contextmanager
def one_worker(real: Any) -> Iterator[tuple[int, int]]:
    """(port, process id) of gunicorn with a single synchronous worker on the scratch database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers=1", "--timeout=120"]
    server = subprocess.Popen(
        [*command, f"--bind=127.0.0.1:{port}", "--log-level=warning", "config.wsgi:application"],
        cwd=ROOT,
        env=real.environment("app"),
    )
    try:
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                break
            except OSError:
                time.sleep(0.1)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(20)


class Pusher:
    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def push(self, body: bytes, accepted: int) -> float:
        """Seconds until the whole answer is here; the answer must accept every record."""
        start = time.perf_counter()
        self.connection.request("POST", "/api/v1/settlements", body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        took = time.perf_counter() - start
        counts = json.loads(content).get("counts")
        if answer.status != 200 or counts["accepted"] != accepted:
            raise RuntimeError(f"{answer.status}: {counts}")
        return took


def _token(org: Any) -> str:
    import factories

    client = factories.api_client(org, "settlements:write")
    return factories.bearer(client, "bench-token", "settlements:write")


def copy_rate(real: Any, records: list[bytes], rounds: int = 3) -> float:
    """Records/s of a plain COPY of the same bytes, number and bill number beside them; the median round."""
    with real.superuser() as limit:
        limit.execute("CREATE UNLOGGED TABLE bench_limit (position int, setl_id text, raw bytea)")
        rates = []
        for _ in range(rounds):
            start = time.perf_counter()
            with (
                limit.cursor() as cursor,
                cursor.copy("COPY bench_limit FROM STDIN WITH (FORMAT binary)") as copying,
            ):
                copying.set_types(["int4", "text", "bytea"])
                for position, raw in enumerate(records):
                    copying.write_row((position, f"S{position}", raw))
            rates.append(len(records) / (time.perf_counter() - start))
            limit.execute("TRUNCATE bench_limit")
        limit.execute("DROP TABLE bench_limit")
    return statistics.median(rates)


def run(seconds: float = 3.0, rounds: int = 3, keep: float = 0.0) -> list[Row]:
    with scratch_database() as real:
        import factories

        org = factories.organisation("statutory_insurer", centres=["440100"])
        token = _token(org)
        with one_worker(real) as (port, pid):
            pusher = Pusher(port, token)
            for i, bill in enumerate(bills(20, "warm")):
                pusher.push(encoded(bill), 1) if i else pusher.push(encoded([bill]), 1)
            if keep:
                print(f"pushing to process {pid} and its worker for {keep:g} s", flush=True)
                end, batch = time.perf_counter() + keep, 0
                while time.perf_counter() < end:
                    batch += 1
                    pusher.push(encoded(bills(MANY, f"K{batch}-")), MANY)
            singles: list[float] = []
            end = time.perf_counter() + seconds
            waiting = iter(bills(20_000, "one"))
            while time.perf_counter() < end:
                singles.append(pusher.push(encoded(next(waiting)), 1))
            batches = []
            for i in range(rounds):
                body = encoded(bills(MANY, f"B{i}-"))
                batches.append(pusher.push(body, MANY))
            again = []
            for _ in range(rounds):
                start = time.perf_counter()
                pusher.connection.request("POST", "/api/v1/settlements", body, pusher.headers)
                counts = json.loads(pusher.connection.getresponse().read())["counts"]
                again.append(time.perf_counter() - start)
                if counts["duplicate"] != MANY:
                    raise RuntimeError(str(counts))
        limit = copy_rate(real, [encoded(bill) for bill in bills(MANY, "limit")])
    one, many, repeated = 1 / statistics.median(singles), MANY / min(batches), MANY / min(again)
    name = "COPY into an unlogged table"
    return [
        Row("push one a request, 1 worker", f"{one:,.0f}/s", name, f"{limit:,.0f}/s", one / limit),
        Row("push 10,000 a request, 1 worker", f"{many:,.0f}/s", name, f"{limit:,.0f}/s", many / limit),
        Row(
            "the same 10,000 again (duplicates)",
            f"{repeated:,.0f}/s",
            name,
            f"{limit:,.0f}/s",
            repeated / limit,
        ),
    ]


if __name__ == "__main__":
    from bench.platform.harness import show

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=float, default=0.0, help="seconds to push before measuring")
    show(run(keep=parser.parse_args().keep))

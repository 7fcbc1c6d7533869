"""Linking new people by several workers at once: locks on the blocking keys beside one lock for everybody, and what
one telephone number shared by all of them costs."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from typing import Any

from bench.platform.harness import Row, scratch_database

WORKERS = 4
EACH = 250
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏"
GIVEN = "建国雪梅志强秀英海波文静晓东丽娟宝莲子轩雨桐浩然思远"
#: One lock for every link decision: the simplest thing that is correct.
EVERYBODY = 7_244_101


def description(rnd: random.Random) -> Any:
    from matching.linkage.values.idnumber import check_character
    from people.registry import Description

    born = date(1940 + rnd.randrange(80), 1 + rnd.randrange(12), 1 + rnd.randrange(28))
    first = f"430102{born:%Y%m%d}{rnd.randrange(1000):03d}"
    return Description(
        name=rnd.choice(SURNAMES) + rnd.choice(GIVEN) + rnd.choice(GIVEN),
        id_number=first + check_character(first),
        id_valid=True,
        birth_date=born,
        sex="1" if int(first[-1]) % 2 else "2",
        phone=f"13{rnd.randrange(10**9):09d}",
        area="430102",
    )


def work(organisation_id: int, seed: int, count: int, one_lock: bool, phone: str = "") -> float:
    """Link `count` new descriptions, each in a transaction of its own; seconds."""
    from django.db import connection

    from insurance.linking import services
    from people import registry
    from scope import engine_scope

    rnd = random.Random(seed)
    start = time.perf_counter()
    for _ in range(count):
        told = description(rnd)
        with engine_scope("bench"):
            if one_lock:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [EVERYBODY])
            identity, _new = registry.insurer_identity(
                organisation_id, replace(told, phone=phone) if phone else told
            )
            services.link(identity.pk)
    return time.perf_counter() - start


def run(each: int = EACH) -> list[Row]:
    with scratch_database():
        from django.db import connections

        import factories as make

        organisation_id = make.organisation("statutory_insurer").pk
        work(organisation_id, 1, 20, one_lock=False)
        one = each / work(organisation_id, 2, each, one_lock=False)
        connections.close_all()

        def together(make_arguments: Callable[[int], tuple[Any, ...]]) -> float:
            start = time.perf_counter()
            with ProcessPoolExecutor(WORKERS, get_context("fork")) as pool:
                for done in [pool.submit(work, *make_arguments(n)) for n in range(WORKERS)]:
                    done.result()
            return WORKERS * each / (time.perf_counter() - start)

        by_key = together(lambda n: (organisation_id, 100 + n, each, False))
        by_one = together(lambda n: (organisation_id, 200 + n, each, True))
        first = work(organisation_id, 300, each, False, "13900001111")
        for n in range(3):
            last = work(organisation_id, 301 + n, each, False, "13900001111")
        cores = os.cpu_count() or 1
        return [
            Row(
                f"links, {WORKERS} workers, {cores} cores",
                f"{by_key:,.0f}/s",
                "one lock for everybody",
                f"{by_one:,.0f}/s",
                by_key / by_one,
            ),
            Row(
                f"links, {WORKERS} workers, {cores} cores",
                f"{by_key:,.0f}/s",
                "one worker",
                f"{one:,.0f}/s",
                by_key / one,
            ),
            Row(
                f"link, one phone: record {3 * each}–{4 * each}",
                f"{last / each * 1000:,.1f} ms",
                f"record 0–{each}",
                f"{first / each * 1000:,.1f} ms",
                last / first,
            ),
        ]


if __name__ == "__main__":
    from bench.platform.harness import show

    show(run(int(sys.argv[1]) if len(sys.argv) > 1 else EACH))

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from devstack.demo import load


class Command(BaseCommand):
    help = "Load the demonstration: invented organisations, people, bills and applications. Once; again does nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--small", action="store_true", help="only the people who apply, not all 5,000 bills"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if why := load.refuse_production():
            raise CommandError(why)
        done = load.load(lambda text: self.stdout.write(f"demo: {text}"), rest=not options["small"])
        if done.already:
            self.stdout.write("demo: loaded before, nothing to do")
            return
        self.stdout.write(
            f"demo: {done.records} bills, {done.applications} applications in {done.seconds:.1f} s; "
            f"{done.pending} events are left to the worker, which works them off in the background"
        )

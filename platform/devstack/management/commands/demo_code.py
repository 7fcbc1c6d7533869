from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from devstack.demo import cast


class Command(BaseCommand):
    help = "Print the current six-digit code of a demo member (see var/demo-signins.txt)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.JIELI_DEMO:
            raise CommandError("There is no demo here: JIELI_DEMO is off.")
        email = options["email"] if "@" in options["email"] else cast.email_of(options["email"])
        if not cast.is_member(email):
            raise CommandError(f"{email} is no member of the demo; see var/demo-signins.txt.")
        self.stdout.write(cast.totp_now(email))

"""A patient's account gets another number, or its number is set free. The numbers are typed, not given as arguments."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import moving


class Command(BaseCommand):
    help = "Ask for a family's old and new number and move the account; without a new one the old number is set free."

    def handle(self, *args: Any, **options: Any) -> None:
        old = input("Old number: ").strip()
        new = input("New number (empty: only set the old one free): ").strip()
        try:
            if new:
                moving.move(old, new)
            else:
                moving.release(old)
        except moving.Refused as refused:
            raise CommandError(str(refused)) from None
        except ValueError:
            raise CommandError("A mainland mobile number has 11 digits.") from None
        self.stdout.write("Moved. The family is asked as on a new device." if new else "The number is free.")

"""The first organisation and its administrator, without any demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email, validate_slug

from accounts.administration import password_link
from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from audit import record
from scope import actor_scope
from scope.actor import SYSTEM


class Command(BaseCommand):
    help = (
        "Make the first organisation and its administrator; print the link where he sets his password (once)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organisation", required=True, help="full name, e.g. 接力平台运营中心")
        parser.add_argument("--kind", required=True, choices=OrganisationKind.values)
        parser.add_argument("--code", required=True, help="short code, letters, digits and hyphens")
        parser.add_argument("--email", required=True, help="the administrator's address for signing in")
        parser.add_argument("--name", default="", help="the administrator's name")
        parser.add_argument("--area", default="", help="GB/T 2260 code")

    def handle(self, *args: Any, **options: Any) -> None:
        email = options["email"].strip().lower()
        try:
            validate_email(email)
            validate_slug(options["code"])
        except ValidationError:
            raise CommandError("--email or --code is not well-formed.") from None
        with actor_scope(SYSTEM):
            if Organisation.objects.filter(code=options["code"]).exists():
                raise CommandError(f"An organisation with the code {options['code']} exists already.")
            if User.objects.filter(email=email).exists():
                raise CommandError(
                    "Somebody with this address exists already: invite him on the members page."
                )
            organisation = Organisation.objects.create(
                kind=options["kind"],
                code=options["code"],
                name=options["organisation"],
                short_name=options["organisation"][:20],
                area=options["area"],
            )
            user = User.objects.create_user(
                email=email, display_name=options["name"] or email.split("@")[0][:40]
            )
            Membership.objects.create(user=user, organisation=organisation, roles=[Role.ADMINISTRATOR.value])
            record(
                "organisation.bootstrapped",
                f"organisation:{organisation.pk}",
                payload={"kind": organisation.kind, "administrator": user.pk},
            )
            link = settings.JIELI_BASE_URL.rstrip("/") + password_link(user)
        self.stdout.write(f"{organisation.name}: administrator {email}")
        self.stdout.write("Set the password here, once, within three days (shown only now):")
        self.stdout.write(link)

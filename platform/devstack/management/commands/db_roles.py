from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from devstack import roles


class Command(BaseCommand):
    help = (
        "Make or mend the database roles and grants (idempotent). Before the first migrate: with "
        "DATABASE_URL_ADMIN set to a superuser's URL and JIELI_DB_<ROLE>_PASSWORD for each role. After each "
        "migrate: as the owner, grants on the tables of Django and third-party apps."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--tables-only", action="store_true", help="only the grants, as the owner")
        parser.add_argument("--migrate", action="store_true", help="migrate first, in the same process")

    def handle(self, *args: Any, **options: Any) -> None:
        url = os.environ.get("DATABASE_URL_ADMIN", "")
        if url and not options["tables_only"]:
            self._roles(url)
        if settings.DATABASES["default"]["USER"] in {roles.APP, roles.ENGINE, roles.BACKUP}:
            raise CommandError("db_roles grants as the owner: set JIELI_ROLE=owner.")
        if options["migrate"]:
            call_command("migrate", interactive=False, skip_checks=True, verbosity=options["verbosity"])
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.django_migrations')")
            if cursor.fetchone()[0] is None:
                self.stdout.write("No tables yet: run migrate, then db_roles again.")
                return
            done = roles.grant_foreign_tables(cursor)
        self.stdout.write(f"Granted on {len(done)} tables of Django and third-party apps.")

    def _roles(self, url: str) -> None:
        passwords = {}
        for role in (roles.OWNER, roles.APP, roles.ENGINE, roles.BACKUP):
            name = f"JIELI_DB_{role.removeprefix('jieli_').upper()}_PASSWORD"
            if not os.environ.get(name):
                raise CommandError(f"{name} is not set.")
            passwords[role] = os.environ[name]
        if settings.JIELI_ENV != "production" and os.environ.get("JIELI_DB_DEMO_PASSWORD"):
            passwords[roles.DEMO] = os.environ["JIELI_DB_DEMO_PASSWORD"]
        database = settings.DATABASES["default"]["NAME"]
        if not urlsplit(url).path.strip("/"):
            url = url.rstrip("/") + "/postgres"
        with psycopg.connect(url, autocommit=True) as admin:
            roles.ensure_roles(admin, passwords)
            roles.ensure_database(admin, database)
        inside = urlsplit(url)._replace(path=f"/{database}").geturl()
        with psycopg.connect(inside, autocommit=True) as admin:
            roles.ensure_schema(admin)
        self.stdout.write(f"Roles and database {database} are in place.")

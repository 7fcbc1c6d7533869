"""manage.py load_programmes: the example funds that ship, for the charities that exist. Running it again changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation
from charity.funds import services
from scope import Actor, actor_scope

PROGRAMMES = Path(__file__).resolve().parents[2] / "programmes"


class Command(BaseCommand):
    help = "Make or update the example funds of chenxi, tongzhou and kangning from charity/funds/programmes."

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for path in sorted(PROGRAMMES.glob("*/rule.json")):
            data = json.loads(path.read_text(encoding="utf-8"))
            charity = Organisation.objects.filter(code=data["fund"]["charity"], kind="charity").first()
            if charity is None:
                continue
            found += 1
            # as its fund manager; 0 stands for the command line where there is none yet
            manager = Membership.objects.filter(
                organisation=charity, roles__contains=["fund_manager"]
            ).first()
            user_id = manager.user_id if manager else 0
            actor = Actor("staff", org_id=charity.pk, user_id=user_id, roles=frozenset({"fund_manager"}))
            try:
                with actor_scope(actor):
                    version = services.load_programme(actor, charity, data)
            except services.FundError as error:
                raise CommandError("\n".join((str(path), *error.faults))) from error
            state = _("新增第 %(n)d 版") if version.new else _("第 %(n)d 版，没有变化")
            self.stdout.write(f"{data['slug']}: {state % {'n': version.version}}")
        if not found:
            raise CommandError("none of the charities chenxi, tongzhou, kangning exists; make them first")

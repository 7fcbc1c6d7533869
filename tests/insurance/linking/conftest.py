"""Descriptions and bills of synthetic people, linked as the engine links them."""

from __future__ import annotations

import hashlib
import itertools
from datetime import date
from decimal import Decimal

import pytest

import factories as make
from insurance.intake import processing
from insurance.intake.models import Settlement
from insurance.linking import services
from matching.linkage.values.idnumber import check_character
from outbox import tasks
from people import registry
from people.models import Identity
from scope import engine_scope

_serial = itertools.count(1)


def number(area="430102", born=date(2017, 3, 8), serial=42):
    """A resident number that passes its check."""
    first = f"{area}{born:%Y%m%d}{serial:03d}"
    return first + check_character(first)


def describe(**fields):
    values = {
        "name": "陈雨涵",
        "id_number": number(),
        "id_valid": True,
        "birth_date": date(2017, 3, 8),
        "sex": "2",
        "phone": "13800005521",
        "area": "430102",
        **fields,
    }
    return registry.Description(**values)


class People:
    number = staticmethod(number)
    describe = staticmethod(describe)

    def insurer(self, org=None, **fields):
        """The id of an insurer's description."""
        org = org or make.organisation("statutory_insurer")
        with engine_scope("test"):
            return registry.insurer_identity(org.pk, describe(**fields))[0].pk

    def campaign(self, **fields):
        """The id of a campaign's description."""
        platform = make.organisation("crowdfunding")
        with engine_scope("test"):
            description = describe(**{"id_number": "", "id_valid": False, "phone": "", **fields})
            return registry.source_identity("campaign", 50_000 + next(_serial), platform.pk, description)[
                0
            ].pk

    def link(self, identity_id, **kwargs):
        with engine_scope("test"):
            return services.link(identity_id, **kwargs)

    def linked(self, org=None, **fields):
        """An insurer's description with its person: (identity id, person id)."""
        identity_id = self.insurer(org, **fields)
        result = self.link(identity_id)
        tasks.drain()
        return identity_id, result.person_id

    def person_of(self, identity_id):
        with engine_scope("test"):
            return Identity.objects.get(pk=identity_id).person_id

    def bill(self, identity_id, amount="1000.00", disease="C91.000", **fields):
        """A bill of this description; its residual is posted if the description has a person."""
        with engine_scope("test"):
            row = Settlement.objects.create(
                issuing_centre="430100",
                setl_id=f"S{next(_serial)}",
                content_hash=hashlib.sha256(str(next(_serial)).encode()).digest(),
                identity_id=identity_id,
                disease_code=disease,
                total_fee=Decimal(amount),
                fund_paid=Decimal("0.00"),
                person_paid=Decimal(amount),
                **fields,
            )
            person_id = Identity.objects.get(pk=identity_id).person_id
            if person_id:
                processing.post(row, person_id)
            row.refresh_from_db()
            return row


@pytest.fixture
def people():
    return People()

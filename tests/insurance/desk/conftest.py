"""Members of senders in their browsers, and records that became what a test needs."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

import factories
from accounts.models import Organisation
from accounts.staff import enrol_totp
from insurance.formats.schema import EXAMPLE_SETTLEMENT
from insurance.intake import services
from outbox import tasks
from scope import actor_scope

BILL = EXAMPLE_SETTLEMENT
BROKEN = EXAMPLE_SETTLEMENT | {"setl_id": "C9", "total_fee": "90000.00", "own_expense": None}


class Desk:
    bill = BILL
    broken = BROKEN

    @staticmethod
    def insurer(**fields: Any) -> Organisation:
        return factories.organisation("statutory_insurer", centres=["440100"], **fields)

    @staticmethod
    def browser(org: Organisation, *roles: str) -> Client:
        user = factories.user(org, *(roles or ("intake_clerk",)))
        enrol_totp(user)
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        return client

    @staticmethod
    def push(org: Organisation, *records: dict[str, Any]) -> list[services.Result]:
        import msgspec

        actor = factories.client_actor(org, "settlements:write")
        with actor_scope(actor):
            receipt = services.receive(
                actor, org, msgspec.json.encode(list(records)), max_bytes=1 << 20, max_records=1000
            )
        return receipt.results

    @staticmethod
    def deliver() -> None:
        while tasks.drain():
            pass


@pytest.fixture
def desk() -> type[Desk]:
    return Desk

"""The database itself keeps senders apart, whatever the code above it asks."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

import factories
from insurance.intake.models import Batch, Record, Settlement, SettlementSource
from scope import actor_scope
from scope.actor import PUBLIC

pytestmark = pytest.mark.django_db


def test_no_other_actor_reads_a_senders_records(sender, intake):
    sender.results(intake.bill("A"))
    intake.deliver()
    other = factories.organisation("statutory_insurer", centres=["440100"])
    actors = [
        factories.staff(other, "intake_clerk", "administrator"),
        factories.client_actor(other, "settlements:read", "settlements:write"),
        factories.staff(factories.organisation("charity"), "case_worker"),
        factories.staff(factories.organisation("operator"), "administrator"),
        factories.staff(factories.organisation("regulator"), "auditor"),
        factories.patient(),
        PUBLIC,
    ]
    for actor in actors:
        with actor_scope(actor):
            assert not Record.objects.exists()
            assert not Batch.objects.exists()
            assert not Settlement.objects.exists()


def test_not_even_the_sender_reads_the_settlement_or_its_sources(sender, intake):
    sender.results(intake.bill("A"))
    intake.deliver()
    with actor_scope(factories.staff(sender.org, "intake_clerk")):
        assert Record.objects.count() == 1
        assert not Settlement.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            SettlementSource.objects.exists()


def test_a_sender_cannot_push_in_anothers_name(sender, intake):
    other = factories.organisation("statutory_insurer", centres=["440100"])
    with (
        actor_scope(factories.client_actor(other, "settlements:write")),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO intake_batch (sender_id, received_at, body_sha256, idempotency_key, records, accepted,"
            " duplicates, refused, quarantined) VALUES (%s, now(), '', '', 0, 0, 0, 0, 0)",
            [sender.org.pk],
        )


@pytest.mark.parametrize("column", ["state", "reasons", "raw", "content_hash", "settlement_id", "sender_id"])
def test_a_sender_cannot_rewrite_what_it_was_answered(sender, intake, column):
    sender.results(intake.bill("A"))
    with (
        actor_scope(factories.client_actor(sender.org, "settlements:write")),
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"UPDATE intake_record SET {column} = {column}")

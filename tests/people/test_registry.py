from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, transaction

import factories as make
from audit.models import Entry
from outbox.models import Event
from people import index, registry
from people.models import BlockingKey, Identity, LinkageRecord, Person, ProofToken, Representation
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db
NAME = "陈雨涵"


def describe(**fields):
    return registry.Description(
        **{"name": NAME, "birth_date": date(2017, 3, 8), "sex": "2", "phone": "13800005521", **fields}
    )


@pytest.fixture
def insurer():
    return make.organisation("statutory_insurer")


def a_person():
    with engine_scope("test"):
        return Person.objects.create().pk


def test_the_same_description_is_one_row_for_a_sender(insurer):
    with engine_scope("test"):
        first, new = registry.insurer_identity(insurer.pk, describe())
        second, again = registry.insurer_identity(insurer.pk, describe())
    assert (first.pk, new, again) == (second.pk, True, False)


def test_two_senders_have_rows_of_their_own(insurer):
    other = make.organisation("statutory_insurer")
    with engine_scope("test"):
        rows = {registry.insurer_identity(org.pk, describe())[0].pk for org in (insurer, other)}
    assert len(rows) == 2


def test_personal_values_are_sealed_in_the_table(insurer):
    from django.db import connection

    with engine_scope("test"):
        registry.insurer_identity(insurer.pk, describe(address="清河县人民路1号", extra={"psn_no": "P77"}))
        with connection.cursor() as cursor:
            cursor.execute("SELECT identity::text FROM identity")
            raw = cursor.fetchone()[0]
        row = Identity.objects.get()
    assert row.name == NAME
    for secret in (NAME, "13800005521", "2017-03-08", "人民路", "P77"):
        assert secret not in raw
        assert secret.encode().hex() not in raw


def test_a_changed_description_waits_again_and_loses_its_keys(insurer):
    with engine_scope("test"):
        identity, _ = registry.source_identity("campaign", 7, insurer.pk, describe())
        index.enter(identity, [1, 2], b"x")
        registry.assign(identity, Person.objects.create(), "review")
        same, changed = registry.source_identity("campaign", 7, insurer.pk, describe())
        assert (changed, same.person_id) == (False, identity.person_id)
        other, changed = registry.source_identity("campaign", 7, insurer.pk, describe(name="陈*涵"))
        assert (changed, other.pk, other.person_id, other.state) == (True, identity.pk, None, "waiting")
        assert not BlockingKey.objects.exists()
        assert not LinkageRecord.objects.exists()


def test_linking_is_recorded_without_values(insurer):
    with engine_scope("test"):
        identity, _ = registry.insurer_identity(insurer.pk, describe())
        registry.assign(identity, Person.objects.create(), "new")
        entry = Entry.objects.get(action="person.linked")
        assert entry.content.payload == {"identity": identity.pk, "method": "new", "source": "insurer"}


def test_a_token_is_kept_hashed_and_read_as_people_type_it(insurer):
    person = a_person()
    with engine_scope("test"):
        token = registry.issue_token(person, insurer.pk)
        row = ProofToken.objects.get()
    assert len(token.replace("-", "")) == 16
    assert token.replace("-", "").encode() not in bytes(row.token_hash)
    typed = f" {token.lower().replace('-', ' ')} "
    assert registry.hash_token(typed) == bytes(row.token_hash)


def test_representing_twice_is_one_row(insurer):
    account, person = make.account(), a_person()
    with engine_scope("test"):
        first = registry.represent(account.pk, person, "parent", "token")
        second = registry.represent(account.pk, person, "parent", "token")
        assert Entry.objects.filter(action="person.represented").count() == 1
    assert first.pk == second.pk


@pytest.mark.parametrize("kind", ["charity", "statutory_insurer", "crowdfunding", "regulator", "operator"])
def test_no_member_of_staff_sees_the_registry(insurer, kind):
    account = make.account()
    with engine_scope("test"):
        identity, _ = registry.insurer_identity(insurer.pk, describe())
        registry.represent(account.pk, Person.objects.create().pk, "self", "token")
    organisation = insurer if kind == "statutory_insurer" else make.organisation(kind)
    with actor_scope(make.staff(organisation, "administrator", "case_worker", "auditor")):
        assert not Identity.objects.filter(pk=identity.pk).exists()
        assert not Representation.objects.exists()
        for table in (Person, BlockingKey, ProofToken):
            with pytest.raises(DatabaseError), transaction.atomic():
                table.objects.exists()


def test_the_application_cannot_make_people_or_links(insurer):
    with actor_scope(make.client_actor(insurer, "settlements:write")):
        with pytest.raises(DatabaseError), transaction.atomic():
            Person.objects.create()
        with pytest.raises(DatabaseError), transaction.atomic():
            registry.insurer_identity(insurer.pk, describe())


def test_a_patient_sees_only_his_own_representation(insurer):
    mine, other = make.account(), make.account()
    person = a_person()
    with engine_scope("test"):
        registry.represent(mine.pk, person, "parent", "token")
    with actor_scope(make.patient(mine)):
        assert Representation.objects.get().person_id == person
    with actor_scope(make.patient(other)):
        assert not Representation.objects.exists()


def test_a_used_or_expired_token_is_gone_for_everybody_else(insurer):
    person = a_person()
    with engine_scope("test"):
        used, expired, good = (registry.issue_token(person, insurer.pk) for _ in range(3))
        ProofToken.objects.filter(token_hash=registry.hash_token(expired)).update(
            expires_at="2020-01-01T00:00Z"
        )
    with actor_scope(make.patient()):
        assert registry.redeem_token(used) is not None
    with actor_scope(make.staff(insurer, "administrator")):
        assert registry.redeem_token(good) is None
    with actor_scope(make.patient()):
        assert registry.redeem_token(used) is None
        assert registry.redeem_token(expired) is None
        assert registry.redeem_token(good) is not None
        with pytest.raises(DatabaseError), transaction.atomic():
            ProofToken.objects.exists()


def test_no_event_carries_a_value(insurer):
    with engine_scope("test"):
        registry.insurer_identity(insurer.pk, describe())
        assert NAME not in str(list(Event.objects.values("ids")))

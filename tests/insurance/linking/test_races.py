from __future__ import annotations

import threading
from decimal import Decimal

import factories as make
from insurance.ledger import services as ledger
from insurance.linking import services, undo
from insurance.linking.merging import SecondError
from outbox import tasks
from people import registry
from people.models import Identity, Person
from scope import Actor, engine_scope


def test_copies_of_one_new_person_at_once_become_one_person(real_db, people):
    orgs = [make.organisation("statutory_insurer") for _ in range(8)]
    ids = [people.insurer(org) for org in orgs]

    def work(i):
        with engine_scope("race"):
            return services.link(ids[i]).person_id

    found = real_db.threads(8, work)
    assert len(set(found)) == 1
    with engine_scope("test"):
        assert Person.objects.count() == 1


def test_one_description_arriving_in_many_workers_is_one_row_and_one_person(real_db, people):
    org = make.organisation("statutory_insurer")
    description = people.describe()

    def work(i):
        with engine_scope("race"):
            identity, _ = registry.insurer_identity(org.pk, description)
            return identity.pk, services.link(identity.pk).person_id

    assert len(set(real_db.threads(8, work))) == 1
    with engine_scope("test"):
        assert Identity.objects.count() == 1
        assert Person.objects.count() == 1


def test_unrelated_people_do_not_wait_for_each_other(real_db, people):
    first = people.insurer()
    second = people.insurer(
        name="王建国", id_number=people.number(area="110101", serial=77), phone="13911112222", area="110101"
    )
    held, done = threading.Event(), threading.Event()

    def work(i):
        with engine_scope("race"):
            if i == 0:
                services.link(first)
                held.set()
                return done.wait(30)
            held.wait(30)
            services.link(second)
        done.set()
        return True

    assert real_db.threads(2, work) == [True, True]
    tasks.drain()


def test_an_undo_and_an_award_at_once_never_both_succeed(real_db, people):
    other, person = people.linked()
    first = people.bill(other, "100.00")
    wrong = people.insurer(phone="13700001111")
    people.bill(wrong, "50.00")
    people.link(wrong)
    tasks.drain()
    fund = make.fund(make.organisation())

    def work(i):
        with engine_scope("race"):
            if i == 0:
                try:
                    return undo.undo(Actor("staff", org_id=1, user_id=7), wrong, "看错了行").done
                except SecondError:
                    return False
            try:
                ledger.reserve(ledger.Promise(9800 + i, first.need_id, fund.pk, Decimal("150.00")))
            except ledger.ResidualExceededError:
                return False
            return True

    undone, aided = real_db.threads(2, work)
    with engine_scope("test"):
        residual = ledger.need_position(first.need_id).residual
    assert undone != aided
    assert residual == (Decimal("100.00") if undone else Decimal("150.00"))

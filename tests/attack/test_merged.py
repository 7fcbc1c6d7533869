"""Two records became one, and two families had each proven one of them: neither learns of the other's bills."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

import factories as make
from charity.applications.models import Application
from charity.awards.models import Case
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.ledger.models import NeedAccount
from insurance.linking import merging, suggesting
from insurance.linking.models import Review
from outbox import emit
from outbox.tasks import drain
from people import registry
from people.models import Person
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def families():
    """(account, application) of each of two families, whose proven records two reviewers then joined."""
    insurer = make.organisation("statutory_insurer")
    found, people = [], []
    for number, name in enumerate(("甲", "乙")):
        account = make.account()
        application = make.application(account)
        with engine_scope():
            person = Person.objects.create()
            described = registry.insurer_identity(insurer.pk, registry.Description(name=name))[0]
            registry.assign(described, person, "new")
            need = ledger.need_for(person.pk, "C91").pk
            ledger.post_settlement(7_700_000 + number, need, Decimal("500.00"), 1)
            registry.represent(account.pk, person.pk, "parent", "token")
            Application.objects.filter(pk=application.pk).update(
                person_id=person.pk,
                need_id=need,
                proof="proven",
                state="submitted",
                submitted_at=timezone.now(),
            )
        found.append((account, application))
        people.append(person.pk)
    with engine_scope():
        review = suggesting.ask(people[0], people[1], by_hand=True)
        Review.objects.filter(pk=review.pk).update(state="same", decided_by=7, seconded_by=8)
        merging.merge(Review.objects.get(pk=review.pk))
    return found


def colluding(application):
    """A yes to a house that sits at the attacker's side, and all that follows."""
    org = make.organisation()
    fund = make.fund(org)
    given = make.consent(org, fund.pk, application)
    with engine_scope():
        emit("consent.given", consent_id=given.pk)
        emit("document.changed", application_id=application.pk)
    drain()
    return make.staff(org, "case_worker")


@pytest.mark.parametrize("side", [0, 1])
def test_a_yes_to_one_more_house_opens_nothing_before_the_joint_record_is_proven(families, side):
    """Found by attack: a friend at a charity read the other family's bills."""
    account, application = families[side]
    with actor_scope(make.patient(account)):
        assert not NeedAccount.objects.exists()
    with actor_scope(colluding(application)):
        assert Case.objects.filter(application_id=application.pk, need_id=None).exists()
        assert not NeedAccount.objects.exists()
        assert not Settlement.objects.exists()


def test_once_proven_anew_the_yes_opens_what_it_says(families):
    account, application = families[0]
    worker = colluding(application)
    with engine_scope():
        joint = Application.objects.get(pk=application.pk).person_id
        registry.represent(account.pk, joint, "parent", "token")
        emit("application.proven", application_id=application.pk)
    drain()
    with actor_scope(worker):
        assert NeedAccount.objects.get().residual == Decimal("1000.00")
        assert Case.objects.get(application_id=application.pk).need_id

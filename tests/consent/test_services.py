"""Saying yes, saying it again, renewing, taking back; and what the notice says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import cases
import factories as make
from audit.models import Entry
from charity.awards.retention import PAYEE_DAYS
from consent import services
from consent.models import Consent, Notice
from outbox.models import Event
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    org = make.organisation()
    account = make.account()
    return org, make.fund(org), account, make.application(account)


def say(world, decision=True):
    org, fund, account, app = world
    actor = make.patient(account)
    with actor_scope(actor):
        return services.decide(
            actor,
            application_id=app.pk,
            organisation_id=org.pk,
            fund_id=fund.pk,
            rendered=services.render(org.name, fund.name),
            decision=decision,
            capacity="self",
        )


def shift(row, days):
    """Some days later, as far as this consent's end goes."""
    with engine_scope("test"):
        Consent.objects.filter(pk=row.pk).update(valid_until=row.valid_until - timedelta(days=days))


def topics(topic):
    with engine_scope("test"):
        return Event.objects.filter(topic=topic).count()


def test_the_same_yes_on_another_day_is_the_same_text_and_the_same_consent(world, monkeypatch):
    first = say(world)
    shift(first, 40)
    tomorrow = timezone.localdate() + timedelta(days=40)
    monkeypatch.setattr(services.timezone, "localdate", lambda *a: tomorrow)
    again = say(world)
    assert (again.pk, again.text_sha256) == (first.pk, first.text_sha256)
    assert (topics("consent.given"), topics("consent.withdrawn")) == (1, 0)


def test_near_its_end_a_yes_is_renewed_without_a_gap(world):
    first = say(world)
    shift(first, services.VALID_DAYS - services.RENEW_DAYS)
    again = say(world)
    assert again.pk != first.pk
    assert again.text_sha256 == first.text_sha256, "the same version, the same text"
    assert again.valid_until > timezone.now() + timedelta(days=services.VALID_DAYS - 1)
    assert topics("consent.withdrawn") == 0, "nothing was taken back"
    assert Entry.objects.filter(subject=f"consent:{first.pk}", action="consent.replaced").count() == 1


def test_after_its_end_a_yes_begins_anew(world):
    first = say(world)
    shift(first, services.VALID_DAYS + 1)
    assert say(world).pk != first.pk


def test_a_no_after_a_yes_is_a_withdrawal(world):
    first = say(world)
    assert say(world, decision=False).decision is False
    with actor_scope(make.patient(world[2])):
        assert Consent.objects.get(pk=first.pk).withdrawn_at is not None
    assert topics("consent.withdrawn") == 1


def test_the_notice_says_what_becomes_of_a_promise_and_names_no_date(world):
    text = services.render(world[0].name, world[1].name).text
    assert f"最多留 {PAYEE_DAYS} 天" in text
    assert f"{services.VALID_DAYS} 天" in text
    assert "{" not in text
    assert str(timezone.localdate().year + 1) not in text
    assert list(Notice.objects.order_by("version").values_list("version", flat=True)) == [1, 2]


def test_a_charity_confirms_the_deletion_of_what_ran_out_too():
    on = cases.stage()
    with actor_scope(on.worker), pytest.raises(services.ConsentError):
        services.acknowledge_deletion(on.worker, Consent.objects.get(pk=on.consent.pk))
    shift(on.consent, services.VALID_DAYS + 1)
    with actor_scope(on.worker):
        services.acknowledge_deletion(on.worker, Consent.objects.get(pk=on.consent.pk))
        assert Consent.objects.get(pk=on.consent.pk).deletion_acknowledged_by == on.worker.user_id

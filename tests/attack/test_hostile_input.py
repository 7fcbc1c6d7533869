"""What people and programs type that no form of ours sends: found by walking through all pages with it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

import cases
import factories as make
from accounts.models import User
from accounts.staff import enrol_totp
from charity.applications.services import fund_choices
from scope import actor_scope

pytestmark = pytest.mark.django_db

LONG = "9" * 5_000


def signed_in(actor):
    user = User.objects.get(pk=actor.user_id)
    enrol_totp(user)
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


@pytest.mark.parametrize(
    "typed", ["a\x00b", LONG, "9" * 19, "²", "٣", "NaN", "\ud83d".encode("utf-16", "surrogatepass")]
)
def test_the_queue_takes_anything(typed):
    on = cases.stage()
    client = signed_in(on.worker)
    for page in ("/staff/queue/", "/staff/queue/export.csv", f"/staff/cases/{on.case.pk}/"):
        for name in ("number", "fund", "assignee", "size", "tab", "page", "sort", "amount"):
            assert client.get(page, {name: typed}).status_code == 200, (page, name)
    for step in ("assign", "remind", "print"):
        answer = client.post("/staff/queue/bulk/", {"do": step, "case": [typed], "to": typed})
        assert answer.status_code == 302
        answer = client.post("/staff/queue/bulk/", {"do": step, "case": [on.case.pk], "to": typed})
        assert answer.status_code in {200, 302}


@pytest.mark.parametrize("typed", ["a\x00b", LONG, "9" * 19, "²", "٣"])
def test_a_family_s_numbers_may_be_anything(typed):
    account = make.account()
    client = Client()
    session = client.session
    session["patient_account_id"] = account.pk
    session.save()
    assert client.post("/sign-in/devices/", {"device": typed}).status_code == 302
    assert client.get("/sign-in/devices/").status_code == 200


@pytest.mark.parametrize(
    "rule", ["{}", "[]", "null", "1", '"x"', '{"schema": {"a": [[[]]]}, "criteria": {"1": 2}}']
)
def test_a_rule_that_came_past_the_services_keeps_no_family_from_choosing(inject, rule):
    """Found by attack: one house's rule that cannot be read broke the page of all families."""
    on = cases.stage()
    with actor_scope(on.manager):
        inject(
            "INSERT INTO rule_version (fund_id, version, rule, sha256, source, effective_from, created_at)"
            " VALUES (%s, 99, %s::jsonb, repeat('0', 64), '', current_date, now())",
            on.fund.pk,
            rule,
        )
    with actor_scope(make.patient()):
        (choice,) = [one for one in fund_choices({}) if one.fund.pk == on.fund.pk]
    assert choice.level == "maybe"


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x")', "\u00a0@SUM(1)", "\ufeff=1+1", "＝1+1"])
def test_a_fund_by_the_name_of_a_formula_is_text_in_every_file(name):
    from insurance.desk.exports import cell

    assert cell(name) == "'" + name
    assert cell("\u3000大病基金") == "\u3000大病基金"
    on = cases.stage()
    on.fund.name = name
    with actor_scope(on.manager):
        on.fund.save(update_fields=["name"])
    text = signed_in(on.worker).get("/staff/queue/export.csv").content.decode()
    assert "'" + name.replace('"', '""') in text

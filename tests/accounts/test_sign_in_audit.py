"""Failed ways in are in the log: whose door, why, how often at most; never what was typed."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import factories
from accounts import sign_in_audit
from accounts.models import ApiClient
from audit.models import Entry, EntryPayload
from scope import actor_scope
from scope.actor import SYSTEM

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
TYPED = "Tr0ub4dor-and-3"


@pytest.fixture(autouse=True)
def _no_limit_used_before():
    cache.clear()


@pytest.fixture
def worker(make):
    return make.member(make.organisation(), "case_worker", email="wang@example.cn")


@pytest.fixture
def program(make):
    house = make.organisation("statutory_insurer")
    with actor_scope(SYSTEM):
        return ApiClient.objects.create(
            organisation=house, name="x", client_type="confidential", client_secret="right",
            authorization_grant_type="client-credentials", scopes=["settlements:read"],
        )  # fmt: skip


def sign_in(email="wang@example.cn", password=TYPED):
    client = Client()
    return client, client.post(reverse("account_login"), {"login": email, "password": password})


def told(action):
    """(subject, payload) of every such entry, oldest first."""
    found = Entry.objects.filter(action=action).select_related("content").order_by("id")
    return [(entry.subject, entry.content.payload) for entry in found]


def test_a_wrong_password_is_noted_at_the_account_that_was_meant(worker):
    sign_in(" Wang@Example.cn ")
    assert told("staff.sign_in_failed") == [(f"user:{worker.user_id}", {"factor": "password"})]
    assert Entry.objects.get(action="staff.sign_in_failed").actor == "public"


def test_an_account_that_does_not_exist_is_noted_without_its_name(worker):
    sign_in("nobody-here@example.cn")
    assert told("staff.sign_in_failed") == [("sign_in:unknown_staff", {"factor": "password"})]


def test_a_wrong_code_is_noted(worker):
    client, answer = sign_in(password=PASSWORD)
    assert answer.status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert told("staff.sign_in_failed") == [(f"user:{worker.user_id}", {"factor": "code", "again": False})]


def test_the_right_way_in_notes_no_failure(worker):
    sign_in(password=PASSWORD)
    assert told("staff.sign_in_failed") == []


def test_nobody_floods_the_log(worker):
    for _ in range(sign_in_audit.LIMIT + 5):
        sign_in()
        sign_in(f"nobody{_}@example.cn")
    found = told("staff.sign_in_failed")
    assert len(found) == 2 * sign_in_audit.LIMIT
    assert [one for one in found if one[1].get("throttled")] == found[-2:]


def test_an_hour_later_it_is_noted_again(worker, monkeypatch):
    for _ in range(sign_in_audit.LIMIT + 1):
        sign_in()
    later = timezone.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr(sign_in_audit.timezone, "now", lambda: later)
    sign_in_audit.password_failed(None, {"email": "wang@example.cn"})
    assert len(told("staff.sign_in_failed")) == sign_in_audit.LIMIT + 1


def test_a_refused_token_is_noted_with_its_program_and_why(program):
    def ask(token):
        return Client().get("/api/v1/settlements", headers={"Authorization": f"Bearer {token}"}).status_code

    for name, hours in (("old", -1), ("live", 1)):
        factories.bearer(program, name, "settlements:read", expires=timedelta(hours=hours))
    assert ask(TYPED) == 401
    assert ask("old") == 401
    assert ask("live") == 200
    with actor_scope(SYSTEM):
        ApiClient.objects.filter(pk=program.pk).update(is_active=False)
    assert ask("live") == 403
    assert told("api.token_refused") == [
        ("sign_in:unknown_client", {"why": "unknown"}),
        (f"api_client:{program.pk}", {"why": "expired"}),
        (f"api_client:{program.pk}", {"why": "suspended"}),
    ]


def test_an_answer_without_any_token_is_no_entry(db):
    assert Client().get("/api/v1/settlements").status_code == 401
    assert told("api.token_refused") == []


@pytest.mark.parametrize("way", ["basic", "body"])
def test_a_wrong_secret_is_noted_with_its_program(program, way):
    form = {"grant_type": "client_credentials"}
    headers = {}
    if way == "basic":
        words = base64.b64encode(f"{program.client_id}:{TYPED}".encode()).decode()
        headers["Authorization"] = f"Basic {words}"
    else:
        form |= {"client_id": program.client_id, "client_secret": TYPED}
    assert Client().post(reverse("token"), form, headers=headers).status_code == 401
    assert told("api.secret_refused") == [(f"api_client:{program.pk}", {})]


@pytest.mark.parametrize(
    "header", ["Basic !!!", "Basic " + base64.b64encode(b"\xff:x").decode(), "Basic AAAA", ""]
)
def test_nonsense_at_the_token_endpoint_breaks_nothing(db, header):
    form = {"grant_type": "client_credentials", "client_id": "x\x00y", "client_secret": "z"}
    answer = Client().post(reverse("token"), form, headers={"Authorization": header} if header else {})
    assert answer.status_code in {400, 401}
    assert {subject for subject, _payload in told("api.secret_refused")} <= {"sign_in:unknown_client"}


def test_nothing_that_was_typed_is_in_the_log(worker, program):
    sign_in()
    sign_in("nobody-here@example.cn")
    Client().get("/api/v1/settlements", headers={"Authorization": f"Bearer {TYPED}"})
    form = {"grant_type": "client_credentials", "client_id": "somebody", "client_secret": TYPED}
    Client().post(reverse("token"), form)
    kept = str(list(EntryPayload.objects.values_list("payload", flat=True)))
    kept += str(list(Entry.objects.values_list("actor", "action", "subject")))
    for word in (TYPED, "nobody-here", "somebody", "wang@"):
        assert word not in kept

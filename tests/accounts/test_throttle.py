"""The token endpoint answers so often and no more: by address, by client, after wrong secrets."""

from __future__ import annotations

import base64

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

import factories
from accounts import throttle
from scope import actor_scope
from scope.actor import SYSTEM

SECRET = "s" * 60
HOUR, MINUTE = 3600, 60
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    cache.clear()
    monkeypatch.setattr("accounts.throttle.clock", lambda: 1_800_000_000.0)


@pytest.fixture
def limits(settings):
    settings.JIELI_TOKEN_LIMITS = {"address": (8, MINUTE), "failed": (3, 300), "client": (5, HOUR)}
    return settings.JIELI_TOKEN_LIMITS


@pytest.fixture
def app():
    app = factories.api_client(factories.organisation("statutory_insurer"), "settlements:write")
    app.client_secret = SECRET
    with actor_scope(SYSTEM):
        app.save()
    return app


def ask(app, secret=SECRET, address="203.0.113.9", basic=False):
    body = {"grant_type": "client_credentials"}
    headers = {}
    if basic:
        pair = base64.b64encode(f"{app.client_id}:{secret}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    else:
        body |= {"client_id": app.client_id, "client_secret": secret}
    return Client(REMOTE_ADDR=address).post(reverse("token"), body, headers=headers)


@pytest.mark.parametrize("basic", [False, True])
def test_wrong_secrets_end_soon_for_this_client_from_this_address(limits, app, basic):
    assert [ask(app, "wrong", basic=basic).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert ask(app, basic=basic).status_code == 429
    assert ask(app, address="203.0.113.10", basic=basic).status_code == 200
    other = factories.api_client(app.organisation)
    assert ask(other, "wrong", basic=basic).status_code == 401


def test_the_answer_is_an_oauth_error_that_says_how_long_to_wait(limits, app):
    for _ in range(3):
        ask(app, "wrong")
    answer = ask(app)
    body = answer.json()
    assert answer["Content-Type"] == "application/json"
    assert body["error"] == "slow_down"
    assert body["status"] == 429
    assert body["type"] == "urn:jieli:problem:too-many-requests"
    assert 0 < int(answer["Retry-After"]) <= 301
    assert SECRET not in answer.content.decode()


def test_the_window_ends(limits, app, monkeypatch):
    for _ in range(3):
        ask(app, "wrong")
    wait = int(ask(app)["Retry-After"])
    monkeypatch.setattr("accounts.throttle.clock", lambda: 1_800_000_000.0 + wait)
    assert ask(app).status_code == 200


def test_an_address_is_bounded_whatever_the_clients(limits, app):
    answers = [ask(factories.api_client(app.organisation), "wrong").status_code for _ in range(9)]
    assert answers == [401] * 8 + [429]
    assert ask(app, address="203.0.113.10").status_code == 200


def test_a_client_gets_so_many_tokens_an_hour_from_all_its_addresses(limits, app):
    answers = [ask(app, address=f"203.0.113.{i}").status_code for i in range(6)]
    assert answers == [200] * 5 + [429]


def test_strangers_with_wrong_secrets_shut_nobody_out(limits, app):
    for i in range(20):
        ask(app, "wrong", address=f"198.51.100.{i}")
    assert ask(app).status_code == 200


def test_revoking_is_bounded_too(limits, app):
    def revoke():
        return Client().post(
            reverse("revoke_token"),
            {"token": "x", "client_id": app.client_id, "client_secret": "wrong"},
        ).status_code  # fmt: skip

    assert [revoke() for _ in range(4)][-1] == 429


def test_without_limits_and_without_a_cache_tokens_are_given(app, settings, monkeypatch):
    settings.JIELI_TOKEN_LIMITS = {}
    assert ask(app).status_code == 200
    settings.JIELI_TOKEN_LIMITS = {"address": (1, MINUTE)}

    def broken(*args, **kwargs):
        raise ConnectionError("the cache is down")

    monkeypatch.setattr(throttle.cache, "incr", broken)
    assert [ask(app).status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize("header", ["Basic", "Basic ÿÿ", "Basic YQ==", "Basic " + "A" * 9000, "Digest x"])
def test_a_strange_header_is_no_error(limits, header):
    answer = Client().post(
        reverse("token"), {"grant_type": "client_credentials"}, headers={"Authorization": header}
    )
    assert answer.status_code in {400, 401}

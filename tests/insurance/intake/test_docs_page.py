"""The API's page in a real browser: offline, under the strict policy, for a visitor and for a member of staff."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

import browser
import factories

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.django_db


def test_the_page_holds_no_script_and_no_style_of_its_own(client):
    answer = client.get("/api/v1/docs/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "<style" not in text
    assert " style=" not in text
    assert "<script>" not in text
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]


def test_a_signed_in_member_sees_it_too():
    client = Client()
    user = factories.user(factories.organisation("hospital"), "intake_clerk")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    assert client.get("/api/v1/docs/").status_code == 200
    assert client.get("/api/v1/schema/").status_code == 200


@pytest.mark.e2e
@browser.needs_chromium
def test_the_operations_show_under_the_policy_without_another_host():
    hosts, said, served = set(), [], {}
    for path in ("/api/v1/docs/", "/api/v1/schema/"):
        served[path] = Client().get(path)

    def answer(route):
        address = urlsplit(route.request.url)
        hosts.add(address.hostname)
        found = served.get(address.path) or Client().get(address.path)
        body = b"".join(found.streaming_content) if found.streaming else found.content
        route.fulfill(status=found.status_code, headers=dict(found.headers), body=body)

    with playwright.sync_playwright() as engine:
        opened = browser.launch(engine)
        page = opened.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.route("**/*", answer)
        page.goto("http://localhost/api/v1/docs/")
        page.wait_for_selector("#operations-tag-结算单推送_settlements, .opblock-post", timeout=20_000)
        assert "/api/v1/settlements" in page.inner_text("#swagger-ui").replace("\u200b", "")
        opened.close()
    assert hosts == {"localhost"}
    assert said == []

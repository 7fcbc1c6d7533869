from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from web.context_processors import site
from web.middleware import SecurityHeadersMiddleware


def answer(response=None, signed_in=False):
    request = RequestFactory().get("/")
    if signed_in:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = "x"
    return SecurityHeadersMiddleware(lambda _: response or HttpResponse())(request)


def test_every_answer_carries_the_security_headers():
    headers = answer().headers
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_page_with_a_session_is_never_stored():
    headers = answer(signed_in=True).headers
    assert headers["Cache-Control"] == "no-store"
    assert "Cookie" in headers["Vary"]


def test_the_answer_that_starts_a_session_is_not_stored_either():
    response = HttpResponse()
    response.set_cookie(settings.SESSION_COOKIE_NAME, "x")
    assert answer(response).headers["Cache-Control"] == "no-store"


def test_a_weaker_rule_for_a_signed_in_page_is_overruled():
    response = HttpResponse(headers={"Cache-Control": "private, max-age=60"})
    assert answer(response, signed_in=True).headers["Cache-Control"] == "no-store"


def test_a_public_file_stays_cacheable():
    response = HttpResponse(headers={"Cache-Control": "public, max-age=60"})
    assert answer(response, signed_in=True).headers["Cache-Control"] == "public, max-age=60"
    assert "Cache-Control" not in answer().headers


def test_pages_know_the_help_phone_and_whether_they_are_the_demonstration(settings):
    settings.JIELI_DEMO, settings.JIELI_HELP_PHONE = True, "400-123-4567"
    known = site(RequestFactory().get("/"))
    assert known["demo"] is True
    assert known["help_phone_tel"] == "4001234567"

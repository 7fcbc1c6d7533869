"""Headers that neither Django nor django-csp sets."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

PERMISSIONS = ", ".join(
    f"{name}=()"
    for name in ("accelerometer", "camera", "geolocation", "gyroscope", "microphone", "payment", "usb")
)


class SecurityHeadersMiddleware:
    """Referrer-Policy, Permissions-Policy, COOP, and `no-store` wherever a session is involved.

    A page for somebody who is signed in, patient or staff, must not come back from a cache or by the back
    button on a shared computer. A response that says `no-store` or `public` itself keeps its Cache-Control.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        cookie = settings.SESSION_COOKIE_NAME
        if cookie in request.COOKIES or cookie in response.cookies:
            said = response.headers.get("Cache-Control", "")
            if "public" not in said and "no-store" not in said:
                response.headers["Cache-Control"] = "no-store"
                patch_vary_headers(response, ["Cookie"])
        return response

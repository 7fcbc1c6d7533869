"""Error pages and the style guide. Errors say what to do next, never what went wrong inside."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseServerError
from django.shortcuts import render
from django.template import loader
from django.views.decorators.csrf import requires_csrf_token

from scope import permission


@requires_csrf_token
def error(request: HttpRequest, status: int) -> HttpResponse:
    """The page of an error status: 400, 403, 404, 413, 429."""
    return render(request, f"{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Also where Django refuses a body that is too big, which deserves words of its own."""
    return error(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 404)


def too_large(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 413)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Without context: whatever broke must not break this page as well."""
    return HttpResponseServerError(loader.get_template("500.html").render({}))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For `CSRF_FAILURE_VIEW`: usually a form that lay open too long."""
    return render(request, "403_csrf.html", status=403)


@permission("public")
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for whoever builds pages. Only with DEBUG."""
    if not settings.DEBUG:
        raise Http404
    from .styleguide import context

    frame = "phone" if request.GET.get("frame") == "phone" else "staff"
    return render(request, f"web/styleguide_{frame}.html", context())

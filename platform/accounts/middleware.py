"""One scope for every request: find the actor, check the view's declared permission, run the view in it.

The view runs inside `process_view`, where Django knows it: an exception leaves the scope (and rolls it back)
before Django makes the error page of it, and a TemplateResponse is rendered while its rows can still be read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from allauth.account.middleware import AccountMiddleware
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from audit import record
from scope import Actor, actor_scope
from scope.actor import PUBLIC
from scope.permissions import Permission, declared_for

from . import api, staff
from .models import Membership, PatientAccount
from .sessions import DEVICE_KEY, PATIENT_KEY, mark

logger = logging.getLogger(__name__)
ORGANISATION_KEY = "organisation_id"
_allauth = AccountMiddleware(lambda request: HttpResponse())


def without_scope(view: Any) -> Any:
    """Mark a view that reads nothing personal and needs no transaction (health)."""
    view.jieli_without_scope = True
    return view


def may_stream(response: HttpResponseBase) -> HttpResponseBase:
    """Mark a streaming response whose body reads no row (the scope is closed when the body goes out)."""
    response.jieli_may_stream = True  # type: ignore[attr-defined]
    return response


class _RollbackError(Exception):
    """Leaves the scope without a commit; the answer is there already."""


class ActorMiddleware:
    """Sets request.actor, request.organisation, request.membership (None where there is none) and
    request.memberships, and opens actor_scope around the view.

    Not signed in: redirect to the sign-in page of the view's kind. Signed in and not allowed: 403, audited in
    a scope of its own. API views (permission(client=…)): problem+json, no session is read.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        request.actor = PUBLIC
        request.organisation = request.membership = request.patient = None
        request.memberships = []
        response = self.get_response(request)
        html = response.get("Content-Type", "").startswith("text/html")
        if html and request.path.startswith("/api/") and response.status_code in {400, 404}:
            missing = response.status_code == 404
            return api.problem(
                response.status_code,
                "not-found" if missing else "bad-request",
                _("没有这个接口") if missing else _("请求不对"),
                _("请看接口说明。"),
                instance=request.path,
            )
        return response

    def process_view(
        self, request: Any, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        declared = declared_for(view)
        if declared is None:
            raise PermissionDenied("the view declares no permission")
        if getattr(view, "jieli_without_scope", False):
            return None
        answer: HttpResponseBase | None
        if declared.name == "client":
            answer = api.authenticate(request, declared)
        else:
            identify(request)
            answer = self._enforce(request, declared)
        if answer is None:
            answer = self._run(request, view, args, kwargs)
        elif answer.status_code == 403:
            record_refusal(request)
        return answer

    def _enforce(self, request: Any, declared: Permission) -> HttpResponseBase | None:
        """None, or the redirect to where the visitor has to go first. Raises PermissionDenied (audited)."""
        actor: Actor = request.actor
        if declared.name == "public":
            return None
        if declared.name == "staff" and request.user.is_authenticated:
            if not staff.has_totp(request.user):
                return redirect(request, reverse("mfa_activate_totp"))
        elif declared.name in {"staff", "signed_in"} and actor.kind == "public":
            if request.user.is_authenticated:
                self._refuse(request)
            return self._sign_in(request, resolve_url("account_login"))
        elif declared.name == "staff" or (declared.name == "patient" and actor.kind != "patient"):
            # Signed in as the other kind: not signed in as this one.
            page = "account_login" if declared.name == "staff" else "patient_sign_in"
            return self._sign_in(request, reverse(page))
        kind = request.organisation.kind if request.organisation else None
        if not declared.allows(actor, kind):
            self._refuse(request)
        return None

    def _sign_in(self, request: Any, page: str) -> HttpResponseBase:
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(page)
        if request.method in {"GET", "HEAD"}:
            return redirect_to_login(request.get_full_path(), page)
        return redirect(request, page)

    def _refuse(self, request: Any) -> None:
        record_refusal(request)
        raise PermissionDenied

    def _run(
        self, request: Any, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase:
        try:
            with actor_scope(request.actor):
                try:
                    response = view(request, *args, **kwargs)
                except (ImmediateHttpResponse, ReauthenticationRequired) as answer:
                    response = _allauth.process_exception(request, answer)
                if getattr(response, "is_rendered", True) is False:
                    response = response.render()
                if getattr(response, "streaming", False) and not getattr(response, "jieli_may_stream", False):
                    raise RuntimeError("a streaming response leaves the scope: mark it with may_stream()")
                if getattr(request, "jieli_rollback", False):
                    raise _RollbackError
        except _RollbackError:
            pass
        except PermissionDenied:
            record_refusal(request)
            raise
        except Exception as error:
            if request.actor.kind != "client" or isinstance(error, Http404):
                raise
            got_request_exception.send(sender=type(self), request=request)
            return api.server_problem(request, error)
        if getattr(request, "jieli_refused", False):
            record_refusal(request)
        return response


def redirect(request: Any, url: str) -> HttpResponseBase:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url)


def identify(request: Any) -> None:
    """Set request.actor and its organisation from the session: staff first, then patient, else public."""
    user = request.user
    session_mark = mark(request.session.session_key)
    if user.is_authenticated:
        request.memberships = list(
            Membership.objects.filter(user=user, is_active=True, organisation__is_active=True)
            .select_related("organisation")
            .order_by("id")
        )
        if not request.memberships:
            return
        chosen = request.session.get(ORGANISATION_KEY)
        membership = next(
            (m for m in request.memberships if m.organisation_id == chosen), request.memberships[0]
        )
        request.membership, request.organisation = membership, membership.organisation
        request.actor = Actor(
            "staff",
            org_id=membership.organisation_id,
            user_id=user.pk,
            roles=staff.effective_roles(membership),
            session=session_mark,
        )
        return
    account_id = request.session.get(PATIENT_KEY)
    if account_id is not None:
        request.patient = _patient(account_id, request.session.get(DEVICE_KEY))
        if request.patient is not None:
            request.actor = Actor("patient", account_id=request.patient.pk, session=session_mark)


def _patient(account_id: int, device: str | None) -> PatientAccount | None:
    """The account, unless it was suspended or the device that the session began on was removed."""
    rows = PatientAccount.objects.filter(pk=account_id, is_active=True)
    if device:
        rows = rows.extra(where=["device_live(patient_account.id, %s)"], params=[bytes.fromhex(device)])
    return rows.first()


def record_refusal(request: Any) -> None:
    """Audit a refusal, after the rollback, in a scope of its own; visitors who are nobody leave no entry."""
    actor: Actor = request.actor
    if actor.kind == "public":
        return
    match = request.resolver_match
    name = (match.view_name or "unnamed") if match else "unnamed"
    ids = {key: value for key, value in (match.kwargs if match else {}).items() if isinstance(value, int)}
    try:
        with transaction.atomic(), actor_scope(actor):
            record("access.refused", f"view:{name}", payload={"method": request.method, "ids": ids})
    except ValueError:
        logger.error("a refusal at %s could not be recorded", name)

"""An administrator's pages: members, API clients."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from scope import permission

from . import administration
from .forms import ClientForm, InviteForm, RolesForm, ScopesForm
from .models import SCOPES_BY_KIND, ApiClient, Membership, Role

KINDS_WITH_CLIENTS = tuple(SCOPES_BY_KIND)


def _members(
    request: Any, form: InviteForm, *, link: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    labels = dict(Role.choices)
    rows = [
        {"member": member, "roles": [labels.get(role, role) for role in member.roles]}
        for member in Membership.objects.filter(organisation=request.organisation)
        .select_related("user")
        .order_by("-is_active", "id")
    ]
    context = {
        "rows": rows,
        "form": form,
        "link": request.build_absolute_uri(link) if link else "",
        "error": error,
    }
    return render(request, "accounts/members.html", context, status=status)


@permission(staff=["administrator"])
@never_cache
@require_http_methods(["GET", "POST"])
def members(request: Any) -> HttpResponse:
    """The list, and the invitation of a new member; its link is shown this once."""
    form = InviteForm(request.organisation, request.POST or None)
    if request.method == "GET":
        return _members(request, form)
    if form.is_valid():
        data = form.cleaned_data
        try:
            invitation = administration.invite(
                request.actor, data["email"], data["display_name"], data["roles"]
            )
        except administration.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _members(request, InviteForm(request.organisation), link=invitation.link)
    return _members(request, form, status=400)


@permission(staff=["administrator"])
@never_cache
@require_http_methods(["GET", "POST"])
def member(request: Any, membership_id: int) -> HttpResponse:
    """One member: roles, deactivate or activate again, new sign-in."""
    found = (
        Membership.objects.filter(pk=membership_id, organisation=request.organisation)
        .select_related("user")
        .first()
    )
    if found is None:
        raise Http404
    form = RolesForm(
        request.organisation, request.POST if "roles" in request.POST else {"roles": found.roles}
    )
    link = error = ""
    act = request.POST.get("act")
    if request.method == "POST":
        try:
            if act == "deactivate" or act == "activate":
                administration.set_member_active(request.actor, membership_id, act == "activate")
                return redirect("accounts:members")
            if act == "reset":
                link = request.build_absolute_uri(administration.reset_sign_in(request.actor, membership_id))
            elif form.is_valid():
                roles = form.cleaned_data["roles"] if "roles" in request.POST else []
                administration.change_roles(request.actor, membership_id, roles)
                return redirect("accounts:members")
        except administration.Refused as refused:
            error = str(refused)
    context = {"member": found, "form": form, "link": link, "error": error}
    return render(request, "accounts/member.html", context, status=400 if error else 200)


def _clients(request: Any, form: ClientForm, *, new: Any = None, status: int = 200) -> HttpResponse:
    rows = ApiClient.objects.filter(organisation=request.organisation).order_by("-is_active", "id")
    context = {"rows": rows, "form": form, "new": new}
    return render(request, "accounts/clients.html", context, status=status)


@permission(staff=["administrator"], org=KINDS_WITH_CLIENTS)
@never_cache
@require_http_methods(["GET", "POST"])
def clients(request: Any) -> HttpResponse:
    """The organisation's API clients; a new one's secret is shown this once."""
    form = ClientForm(request.organisation, request.POST or None)
    if request.method == "GET":
        return _clients(request, form)
    if form.is_valid():
        data = form.cleaned_data
        try:
            new = administration.create_client(request.actor, data["name"], data["scopes"])
        except administration.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return _clients(request, ClientForm(request.organisation), new=new)
    return _clients(request, form, status=400)


@permission(staff=["administrator"], org=KINDS_WITH_CLIENTS)
@never_cache
@require_http_methods(["GET", "POST"])
def client(request: Any, client_id: int) -> HttpResponse:
    """One client. act: scopes | rotate | deactivate | activate."""
    found = ApiClient.objects.filter(pk=client_id, organisation=request.organisation).first()
    if found is None:
        raise Http404
    act, new = request.POST.get("act"), None
    posted = request.POST if act == "scopes" else None
    form = ScopesForm(request.organisation, posted, initial={"scopes": found.scopes})
    if act == "rotate":
        new = administration.rotate_secret(request.actor, client_id)
    elif act in {"activate", "deactivate"}:
        administration.set_client_active(request.actor, client_id, act == "activate")
        return redirect("accounts:clients")
    elif act == "scopes" and form.is_valid():
        administration.change_scopes(request.actor, client_id, form.cleaned_data["scopes"])
        return redirect("accounts:clients")
    context = {"client": found, "form": form, "new": new}
    return render(request, "accounts/client.html", context, status=400 if form.errors else 200)

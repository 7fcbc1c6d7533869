"""What the family's pages share: whose application it is, where a step lies, the bar above it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from . import services, steps
from .models import Application


def mine_or_404(request: Any, application_id: int, *, lock: bool = False) -> Application:
    application = services.own(request.actor, application_id, lock=lock)
    if application is None:
        raise Http404
    return application


def handed_in(request: Any, pk: int, *, lock: bool = False) -> Application:
    """The own application when it was handed in; a draft has no such pages."""
    application = mine_or_404(request, pk, lock=lock)
    if application.state == Application.State.DRAFT:
        raise Http404
    return application


def draft_or_redirect(request: Any, application_id: int) -> tuple[Application, HttpResponse | None]:
    """The draft; of one that was handed in, the way to its status page."""
    application = mine_or_404(request, application_id, lock=request.method == "POST")
    if application.state != Application.State.DRAFT:
        messages.info(request, _("这份申请已经交了，不能再改。"))
        return application, redirect("applications:status", application.pk)
    return application, None


def step_url(application: Application, name: str) -> str:
    if name in {"documents", "funds", "check"}:
        return reverse(f"applications:{name}", args=[application.pk])
    return reverse("applications:step", args=[application.pk, name])


def bar(application: Application, name: str, **more: Any) -> dict[str, Any]:
    """What every step's page knows: back link, step bar, whom it speaks of."""
    before = steps.before(name)
    step = steps.BY_NAME[name]
    return {
        "application": application,
        "back_url": step_url(application, before) if before else reverse("applications:mine"),
        "step": step.number,
        "steps": steps.STEPS,
        "step_title": str(step.title),
        "step_name": name,
        "patient": steps.patient_word(application.answers or {}),
        **more,
    }


def skipped(application: Application, name: str) -> HttpResponse | None:
    """Nobody jumps ahead by address: the first page that is still open instead."""
    if steps.may_open(name, application.answers or {}):
        return None
    return redirect(step_url(application, steps.first_open(application.answers or {})))


# the papers a fund nearly always asks for
WANTED = ("id_card", "household", "diagnosis", "settlement")

"""The family's pages up to its papers: start, own applications, the steps that ask."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from scope import permission
from vault import masking

from . import services, steps
from .models import Application
from .pages import bar, draft_or_redirect, skipped, step_url


@permission("public")
@require_safe
def start(request: Any) -> HttpResponse:
    drafts = submitted = False
    signed_in = request.actor.kind == "patient"
    if signed_in:
        states = set(
            Application.objects.filter(account_id=request.actor.account_id).values_list("state", flat=True)
        )
        drafts, submitted = "draft" in states, bool(states - {"draft"})
    context = {"drafts": drafts, "submitted": submitted, "signed_in": signed_in}
    return render(request, "applications/start.html", context)


@permission("public")
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "applications/help.html", {"back_url": reverse("applications:start")})


@permission("patient")
@never_cache
@require_safe
def mine(request: Any) -> HttpResponse:
    rows = Application.objects.filter(account_id=request.actor.account_id).order_by("-pk")
    cards = [
        {
            "application": row,
            "who": _card_name(row),
            "step": steps.BY_NAME[row.step].title if row.step in steps.BY_NAME else "",
            "number": steps.BY_NAME[row.step].number if row.step in steps.BY_NAME else 1,
            "url": step_url(row, steps.first_open(row.answers or {}))
            if row.state == Application.State.DRAFT
            else reverse("applications:status", args=[row.pk]),
        }
        for row in rows
    ]
    return render(request, "applications/mine.html", {"cards": cards})


def _card_name(row: Application) -> str:
    name = ((row.answers or {}).get("identity") or {}).get("name", "")
    return masking.name(name) if name else _("还没填姓名")


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    """A POST makes the draft; a GET (after signing in) writes nothing: it goes to an empty draft or shows the button.

    An empty draft is taken up again instead of a second one.
    """
    empty = Application.objects.filter(
        account_id=request.actor.account_id, state=Application.State.DRAFT, step="who"
    )
    found = next((row for row in empty if not row.answers), None)
    if found is None and request.method == "GET":
        return render(request, "applications/new.html", {"back_url": reverse("applications:mine")})
    if found is None:
        try:
            found = services.start(request.actor)
        except services.ApplicationError as error:
            messages.warning(request, str(error))
            return redirect("applications:mine")
    return redirect(step_url(found, "who"))


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def delete(request: Any, pk: int) -> HttpResponse:
    application, away = draft_or_redirect(request, pk)
    if away:
        return away
    if request.method == "POST":
        services.delete_draft(request.actor, pk)
        messages.success(request, _("删掉了。"))
        return redirect("applications:mine")
    return render(
        request,
        "applications/delete.html",
        {
            "application": application,
            "who": _card_name(application),
            "back_url": reverse("applications:mine"),
        },
    )


TITLES = {
    "who": lambda a: _("生病的是谁？"),
    "identity": lambda a: _("%(who)s的身份证号") % {"who": steps.patient_word(a)},
    "applicant": lambda a: _("怎么联系您"),
    "illness": lambda a: _("得的什么病，在哪里看的"),
    "household": lambda a: _("家里的情况"),
    "aid": lambda a: _("别处帮过吗"),
}
LEADS = {
    "identity": lambda: _("医保和基金靠这个认人，请照着证件写。"),
    "illness": lambda: _("不确定的可以不填，工作人员会核对。"),
    "household": lambda: _("基金要看家里的难处。大概数就行。"),
    "aid": lambda: _("别处帮过也能申请。写明白，免得重复。"),
}


@permission("patient")
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def step(request: Any, pk: int, name: str) -> HttpResponse:
    """One plain page of the form: show, check, keep, go on (or back to the check page where 改 led here)."""
    found = steps.BY_NAME.get(name)
    if found is None or found.form is None:
        raise Http404
    application, away = draft_or_redirect(request, pk)
    away = away or skipped(application, name)
    if away:
        return away
    answers = application.answers or {}
    extra: dict[str, Any] = {}
    context: dict[str, Any] = {}
    if name == "identity":
        kept = answers.get("identity") or {}
        asked = request.POST.get("without") or request.GET.get("without")
        without = asked == "1" if asked is not None else bool(kept) and not kept.get("id_number")
        extra["without_number"] = context["without_number"] = without
        context["who"] = (answers.get("who") or {}).get("who")
    if name == "applicant":
        kept = answers.get("applicant") or {}
        extra["initial"] = {**kept, "phone": kept.get("phone") or request.patient.phone}
    form = found.form(request.POST if request.method == "POST" else None, answers=answers, **extra)
    checking = (request.POST.get("return") or request.GET.get("return")) == "check"
    if request.method == "POST" and form.is_valid():
        application = services.save_section(request.actor, pk, name, form.answer())
        following = steps.first_open(application.answers) if checking else steps.after(name)
        return redirect(step_url(application, following))
    title = TITLES[name](answers)
    if name == "identity" and extra["without_number"]:
        title = _("%(who)s是谁") % {"who": steps.patient_word(answers)}
    context |= bar(
        application,
        name,
        form=form,
        title=title,
        lead=LEADS[name]() if name in LEADS else "",
        checking=checking,
    )
    if checking:
        context["back_url"] = step_url(application, "check")
    return render(request, "applications/step.html", context, status=400 if form.errors else 200)

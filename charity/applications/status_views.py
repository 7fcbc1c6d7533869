"""The family's pages after handing in: status, papers asked for, proof, review, taking back, one's own data."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from audit import record
from charity.awards.models import Case
from charity.findings.words import copy_for_family
from charity.funds.models import Fund
from consent.models import Consent
from scope import permission
from vault import masking

from . import access, forms, services, status
from .documents import UploadRefusedError
from .models import Application, DocumentRequest
from .pages import handed_in, mine_or_404, step_url
from .paper_views import keep_uploads, note_too_big, uploaded
from .uploads import in_memory


@permission("patient")
@never_cache
@require_safe
def show(request: Any, pk: int) -> HttpResponse:
    application = mine_or_404(request, pk)
    if application.state == Application.State.DRAFT:
        return redirect(step_url(application, application.step))
    access.note_own_look(request.actor, application)
    now = status.of(application)
    name = masking.name(((application.answers or {}).get("identity") or {}).get("name"))
    context = {
        "application": application,
        "name": name,
        "now": now,
        "requests": [(row, row.get_kind_display(), status.due_text(row)) for row in now.requests],
        "papers": services.papers(application),
        "fresh": status.submitted_recently(application),
        "back_url": reverse("applications:mine"),
    }
    return render(request, "applications/status.html", context)


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
@in_memory
def answer(request: Any, pk: int, request_id: int) -> HttpResponse:
    """Hand in the paper that a charity asked for."""
    application = handed_in(request, pk)
    asked = DocumentRequest.objects.filter(application=application, pk=request_id).first()
    if asked is None:
        raise Http404
    posted = request.method == "POST"
    form = forms.UploadForm(
        request.POST if posted else None, request.FILES if posted else None, kind=asked.kind
    )
    if posted:
        note_too_big(request, form)
        if form.is_valid():
            kept = 0
            for data in uploaded(request):
                try:
                    if kept:
                        services.add_document(request.actor, application, asked.kind, data)
                    else:
                        services.answer_request(request.actor, application, asked.pk, data)
                    kept += 1
                except (UploadRefusedError, services.ApplicationError) as error:
                    form.add_error("files", str(error))
            if kept:
                messages.success(request, _("收到了，基金会接着看。"))
            if not form.errors:
                return redirect("applications:status", pk)
    context = {
        "application": application,
        "asked": asked,
        "due": status.due_text(asked),
        "form": form,
        "back_url": reverse("applications:status", args=[pk]),
    }
    return render(request, "applications/answer.html", context, status=400 if form.errors else 200)


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
@in_memory
def more(request: Any, pk: int) -> HttpResponse:
    """Hand in another paper after the application, unasked."""
    application = handed_in(request, pk)
    if application.state != Application.State.SUBMITTED:
        return redirect("applications:status", pk)
    posted = request.method == "POST"
    form = forms.UploadForm(request.POST if posted else None, request.FILES if posted else None)
    if posted:
        note_too_big(request, form)
        if form.is_valid():
            kept = keep_uploads(request, application, form, form.cleaned_data["kind"])
            if kept:
                messages.success(request, _("收到 %(count)d 个。") % {"count": kept})
            if not form.errors:
                return redirect("applications:status", pk)
    context = {
        "application": application,
        "form": form,
        "papers": services.papers(application),
        "back_url": reverse("applications:status", args=[pk]),
    }
    return render(request, "applications/answer.html", context, status=400 if form.errors else 200)


@permission("patient")
@never_cache
@sensitive_post_parameters("token")
@require_http_methods(["GET", "POST"])
def token(request: Any) -> HttpResponse:
    """The 16 characters of the insurer's letter. The answer is the same whatever the letter's person has."""
    handed = Application.objects.filter(
        account_id=request.actor.account_id, state=Application.State.SUBMITTED
    ).order_by("-pk")
    rows = [row for row in handed if row.proof == Application.Proof.CLAIMED or services.must_prove_anew(row)]
    choices = [
        (
            str(row.pk),
            f"{masking.name(((row.answers or {}).get('identity') or {}).get('name'))} · {row.number}",
        )
        for row in rows
    ]
    context: dict[str, Any] = {"back_url": reverse("applications:mine")}
    if not choices:
        return render(request, "applications/token.html", context)
    form = forms.TokenForm(request.POST if request.method == "POST" else None, choices=choices)
    if request.method == "POST" and form.is_valid():
        chosen = int(form.cleaned_data["application"])
        try:
            services.redeem(request.actor, chosen, form.cleaned_data["token"])
        except services.ApplicationError as error:
            form.add_error("token", str(error))
        else:
            messages.success(request, _("口令收到了，正在核对。一般几分钟就好。"))
            return redirect("applications:status", chosen)
    context["form"] = form
    return render(request, "applications/token.html", context, status=400 if form.errors else 200)


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def withdraw(request: Any, pk: int) -> HttpResponse:
    application = handed_in(request, pk)
    if application.state != Application.State.SUBMITTED:
        return redirect("applications:status", pk)
    if request.method == "POST":
        services.withdraw(request.actor, pk)
        messages.success(request, _("收回了。所有基金现在都看不到了。"))
        return redirect("applications:status", pk)
    context = {"application": application, "back_url": reverse("applications:status", args=[pk])}
    return render(request, "applications/withdraw.html", context)


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def review(request: Any, pk: int, case_id: int) -> HttpResponse:
    """Ask that somebody else looks at a decision again."""
    application = handed_in(request, pk)
    case = (
        Case.objects.filter(application_id=application.pk, pk=case_id)
        .select_related("fund", "organisation")
        .first()
    )
    if case is None:
        raise Http404
    form = forms.ReviewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = services.ask_review(
            request.actor, application, case.pk, case.organisation_id, form.cleaned_data["text"]
        )
        text = _("交上去了，会换一个人再看一遍。") if made else _("您已经提过了，正在复核。")
        messages.success(request, text)
        return redirect("applications:status", pk)
    context = {
        "application": application,
        "case": case,
        "form": form,
        "back_url": reverse("applications:status", args=[pk]),
    }
    return render(request, "applications/review.html", context, status=400 if form.errors else 200)


@permission("patient")
@never_cache
@require_safe
def download(request: Any, pk: int) -> HttpResponse:
    """All that the family told and decided and what was checked about it, as JSON. Papers come one by one from the status page."""
    application = mine_or_404(request, pk)
    record("application.downloaded", f"application:{application.pk}")
    funds = {fund.pk: fund.name for fund in Fund.objects.all()}
    data = {
        "number": application.number if application.state != Application.State.DRAFT else None,
        "state": application.state,
        "proof": application.proof,
        "created_at": application.created_at.isoformat(),
        "submitted_at": application.submitted_at.isoformat() if application.submitted_at else None,
        "withdrawn_at": application.withdrawn_at.isoformat() if application.withdrawn_at else None,
        "answers": application.answers,
        "documents": [
            {
                "id": row.pk,
                "kind": row.kind,
                "media_type": row.media_type,
                "size": row.size,
                "state": row.state,
                "uploaded_at": row.uploaded_at.isoformat(),
            }
            for row in services.papers(application)
        ],
        "consents": [
            {
                "fund": funds.get(row.fund_id),
                "decision": row.decision,
                "categories": row.categories,
                "notice": row.notice_id,
                "text_sha256": row.text_sha256,
                "decided_at": row.decided_at.isoformat(),
                "valid_until": row.valid_until.isoformat(),
                "withdrawn_at": row.withdrawn_at.isoformat() if row.withdrawn_at else None,
            }
            for row in Consent.objects.filter(application_id=application.pk).order_by("pk")
        ],
        "checks": copy_for_family(application.pk),
        "access": [
            {
                "entry": entry.number,
                "at": entry.at.isoformat(),
                "who": entry.who,
                "what": entry.what,
                "why": entry.why,
            }
            for entry in access.entries(application)
        ],
    }
    response = HttpResponse(
        json.dumps(data, ensure_ascii=False, indent=2), content_type="application/json; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="jieli.json"'
    response["X-Content-Type-Options"] = "nosniff"
    return response

"""The family's papers: the step that takes them, one's own paper back, taking one away."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import record
from scope import permission

from . import forms, services, steps
from .documents import UploadRefusedError, too_big
from .models import Application, Document, DocumentKind
from .pages import WANTED, bar, draft_or_redirect, mine_or_404, skipped, step_url
from .uploads import in_memory


def uploaded(request: Any) -> list[bytes]:
    return [file.read() for file in request.FILES.getlist("files")]


def keep_uploads(request: Any, application: Application, form: forms.UploadForm, kind: str) -> int:
    """Keep the files of a valid form; each that is refused is named on the form. Returns how many were kept."""
    kept = 0
    for at, data in enumerate(uploaded(request), start=1):
        try:
            services.add_document(request.actor, application, kind, data)
            kept += 1
        except UploadRefusedError as error:
            several = len(request.FILES.getlist("files")) > 1
            form.add_error(
                "files", _("第 %(at)d 个：%(why)s") % {"at": at, "why": error} if several else str(error)
            )
    return kept


def note_too_big(request: Any, form: forms.UploadForm) -> None:
    if getattr(request, "upload_too_big", False):
        form.is_valid()
        form.errors.pop("files", None)
        form.add_error("files", too_big(settings.JIELI_UPLOAD_MAX_BYTES))


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
@in_memory
def documents(request: Any, pk: int) -> HttpResponse:
    application, away = draft_or_redirect(request, pk)
    away = away or skipped(application, "documents")
    if away:
        return away
    checking = (request.POST.get("return") or request.GET.get("return")) == "check"
    uploading = request.method == "POST" and "next" not in request.POST
    form = forms.UploadForm(request.POST if uploading else None, request.FILES if uploading else None)
    if request.method == "POST" and not uploading:
        application = services.save_section(request.actor, pk, "documents", {"seen": True})
        return redirect(step_url(application, steps.first_open(application.answers) if checking else "funds"))
    if uploading:
        note_too_big(request, form)
        if form.is_valid():
            kept = keep_uploads(request, application, form, form.cleaned_data["kind"])
            if kept:
                messages.success(request, _("收到 %(count)d 个。还有就接着传。") % {"count": kept})
            if not form.errors:
                return redirect(step_url(application, "documents") + ("?return=check" if checking else ""))
    papers = services.papers(application)
    present = {paper.kind for paper in papers}
    context = bar(
        application,
        "documents",
        form=form,
        papers=papers,
        wanted=[(str(DocumentKind(kind).label), kind in present) for kind in WANTED],
        checking=checking,
    )
    return render(request, "applications/documents.html", context, status=400 if form.errors else 200)


@permission("patient")
@never_cache
@require_safe
def document(request: Any, pk: int, document_id: int) -> HttpResponse:
    """One's own paper back, as a download only."""
    application = mine_or_404(request, pk)
    row = Document.objects.filter(application=application, pk=document_id).exclude(state="removed").first()
    if row is None:
        raise Http404
    record("document.downloaded", f"document:{row.pk}", payload={"application": application.pk})
    ending = "pdf" if row.media_type == "application/pdf" else "jpg"
    response = HttpResponse(row.content, content_type=row.media_type)
    response["Content-Disposition"] = f'attachment; filename="jieli-{row.pk}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@permission("patient")
@require_POST
def remove_document(request: Any, pk: int, document_id: int) -> HttpResponse:
    application = mine_or_404(request, pk, lock=True)
    if services.remove_document(request.actor, application, document_id):
        messages.success(request, _("删掉了。"))
    else:
        messages.info(request, _("这份材料已经在核对，不能删了。"))
    name = "documents" if application.state == Application.State.DRAFT else "status"
    return redirect(f"applications:{name}", application.pk)

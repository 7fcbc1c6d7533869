"""The review desk's pages: the queue, one pair, decided questions. For the operator's linkage reviewers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from scope import permission

from . import desk
from .models import Review

PER_PAGE = 25
reviewer = permission(staff=["linkage_reviewer"], org=["operator"])


@reviewer
@never_cache
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, most money first. Nothing personal stands here."""
    page = Paginator(desk.open_reviews(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": desk.rows(list(page)), "waiting": desk.waiting(), "tab": "open"}
    return TemplateResponse(request, "linking/queue.html", {**context, "tabs": _tabs("open")})


@reviewer
@never_cache
@require_GET
def decided(request: HttpRequest) -> HttpResponse:
    """What was answered, newest first, with the way back."""
    page = Paginator(desk.decided_reviews(), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "rows": desk.rows(list(page)), "tabs": _tabs("decided")}
    return TemplateResponse(request, "linking/decided.html", context)


@reviewer
@never_cache
@require_GET
def review(request: Any, review_id: int) -> HttpResponse:
    """One pair, masked, field by field."""
    try:
        found = desk.page(request.actor, review_id)
    except Review.DoesNotExist:
        raise Http404 from None
    return TemplateResponse(request, "linking/review.html", {"page": found})


@reviewer
@require_POST
def decide(request: Any, review_id: int) -> HttpResponse:
    """same | different | later; on to the next question."""
    answer = request.POST.get("answer", "")
    note = request.POST.get("note", "").strip()
    if answer not in {"same", "different", "later"}:
        messages.error(request, _("请选“是同一人”“不是同一人”或“现在定不了”。"))
        return redirect("linking:review", review_id=review_id)
    try:
        if answer == "later":
            desk.postpone(request.actor, review_id, note)
        else:
            desk.decide(request.actor, review_id, answer, note)
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。下面是下一件。"))
    else:
        messages.success(
            request,
            {
                "same": _("记下了：是同一人。"),
                "different": _("记下了：不是同一人，以后不再问。"),
                "later": _("先放一放，排到最后。"),
            }[answer],
        )
    following = desk.open_reviews().exclude(pk=review_id).filter(postponed_at=None).first()
    if following is None:
        return redirect("linking:queue")
    return redirect("linking:review", review_id=following.pk)


@reviewer
@require_POST
def undo(request: Any, review_id: int) -> HttpResponse:
    """Ask for a decision to be taken back."""
    reason = request.POST.get("reason", "").strip()
    if len(reason) < 4:
        messages.error(request, _("请写一句为什么撤回。"))
        return redirect("linking:review", review_id=review_id)
    try:
        desk.ask_undo(request.actor, review_id, reason)
    except desk.UndoError:
        messages.info(request, _("这一件已由同事处理。"))
    else:
        messages.success(request, _("正在撤回，结果会写在下面的列表里。"))
    return redirect("linking:decided")


def _tabs(current: str) -> list[dict[str, Any]]:
    return [
        {
            "label": _("待核对"),
            "url": reverse("linking:queue"),
            "count": desk.waiting().count,
            "current": current == "open",
        },
        {"label": _("已决定"), "url": reverse("linking:decided"), "current": current == "decided"},
    ]

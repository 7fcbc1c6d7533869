"""The review desk's pages: the queue, one pair, decided questions. For the operator's linkage reviewers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from scope import permission

from . import bill_desk, desk, quality
from .forms import FindForm
from .models import BillQuestion, LookUp, Review

PER_PAGE = 25
reviewer = permission(staff=["linkage_reviewer"], org=["operator"])


def _list(request: Any, found: Any, tab: str, template: str = "linking/queue.html") -> HttpResponse:
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": desk.rows(list(page)),
        "waiting": desk.waiting(),
        "today": desk.done_today(request.actor),
        "tab": tab,
        "tabs": _tabs(tab),
    }
    return TemplateResponse(request, template, context)


@reviewer
@never_cache
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, most money first. Nothing personal stands here."""
    return _list(request, desk.open_reviews(), "open")


@reviewer
@never_cache
@require_GET
def seconds(request: HttpRequest) -> HttpResponse:
    """What a colleague decided and a second person has to agree to."""
    return _list(request, desk.for_a_second(), "second")


@reviewer
@never_cache
@require_GET
def samples(request: HttpRequest) -> HttpResponse:
    """Decisions of the engine, to be judged without its score."""
    return _list(request, desk.open_samples(), "samples")


@reviewer
@never_cache
@require_GET
def decided(request: HttpRequest) -> HttpResponse:
    """What was answered, newest first, with the way back."""
    return _list(request, desk.decided_reviews(), "decided", "linking/decided.html")


@reviewer
@never_cache
@require_GET
def review(request: Any, review_id: int) -> HttpResponse:
    """One pair, masked, field by field."""
    try:
        found = desk.page(request.actor, review_id)
    except Review.DoesNotExist:
        raise Http404 from None
    mine = found.row.waits and found.row.first_by == request.actor.user_id
    context = {"page": found, "mine": mine, "today": desk.done_today(request.actor)}
    return TemplateResponse(request, "linking/review.html", context)


@reviewer
@require_POST
def decide(request: Any, review_id: int) -> HttpResponse:
    """same | different | later; on to the next question."""
    answer = request.POST.get("answer", "")
    note = request.POST.get("note", "").strip()
    if answer not in {"same", "different", "later"}:
        messages.error(request, _("请选“是同一人”“不是同一人”或“现在定不了”。"))
        return redirect("linking:review", review_id=review_id)
    following = desk.next_after(review_id)
    try:
        if answer == "later":
            desk.postpone(request.actor, review_id, note)
        else:
            desk.decide(request.actor, review_id, answer, note)
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。下面是下一件。"))
    else:
        messages.success(request, _answered(review_id, answer))
    return redirect("linking:review", review_id=following) if following else redirect("linking:queue")


def _answered(review_id: int, answer: str) -> SafeString:
    """What was written down, with the way back: another look at it, where it can be taken back."""
    said = {
        "same": _("记下了：是同一人。"),
        "different": _("记下了：不是同一人，以后不再问。"),
        "later": _("先放一放，排到最后。"),
    }[answer]
    again = _("再看这一件") if answer == "later" else _("按错了？去撤回")
    url = reverse("linking:review", args=[review_id])
    return format_html('{} <a href="{}" data-key="Z">{} <kbd>Z</kbd></a>', said, url, again)


@reviewer
@require_POST
def second(request: Any, review_id: int) -> HttpResponse:
    """yes | no of a second person, to a decision or to an undo."""
    answer = request.POST.get("answer", "")
    found = desk.for_a_second().filter(pk=review_id).first()
    if answer not in {"yes", "no"} or found is None:
        messages.info(request, _("这一件已由同事处理。"))
        return redirect("linking:seconds")
    step = desk.second if found.state == Review.State.SECOND else desk.second_undo
    try:
        step(request.actor, review_id, answer == "yes")
    except desk.OwnDecisionError:
        messages.error(request, _("这是您自己提的，要另一位同事来复核。"))
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。"))
    else:
        messages.success(request, _("复核记下了。") if answer == "yes" else _("记下了：您不同意。"))
    return redirect("linking:seconds")


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


@reviewer
@never_cache
@require_http_methods(["GET", "POST"])
def find(request: Any) -> HttpResponse:
    """A link by a bill's or a person's number; or two persons who are one."""
    form = FindForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            asked = desk.look_up(request.actor, given["kind"], given["first"], given["second"])
        except desk.TooManyError:
            form.add_error(None, _("这一小时查得太多了，请过一会儿再查。"))
        else:
            return redirect("linking:found", lookup_id=asked.pk)
    status = 400 if form.is_bound else 200
    return TemplateResponse(
        request, "linking/find.html", {"form": form, "tabs": _tabs("find")}, status=status
    )


@reviewer
@never_cache
@require_GET
def found(request: Any, lookup_id: int) -> HttpResponse:
    """What the engine found for a look-up."""
    asked = LookUp.objects.filter(pk=lookup_id).first()
    if asked is None:
        raise Http404
    rows = desk.rows(
        list(Review.objects.filter(pk__in=asked.reviews).select_related("identity", "candidate_identity"))
    )
    if len(rows) == 1:
        return redirect("linking:review", review_id=rows[0].id)
    numbers = " · ".join(filter(None, (asked.first, asked.second)))
    context = {
        "asked": asked,
        "sought": f"{asked.get_kind_display()} {numbers}",
        "rows": rows,
        "tabs": _tabs("find"),
    }
    return TemplateResponse(request, "linking/found.html", context)


@reviewer
@never_cache
@require_GET
def bills(request: Any) -> HttpResponse:
    """Bills that are held because one like them stands under another number."""
    page = Paginator(bill_desk.open_questions(), PER_PAGE).get_page(request.GET.get("page"))
    bill_desk.seen(request.actor, list(page))
    return TemplateResponse(request, "linking/bills.html", {"page": page, "tabs": _tabs("bills")})


@reviewer
@never_cache
@require_GET
def bill(request: Any, question_id: int) -> HttpResponse:
    """A held bill beside the one that stands."""
    try:
        shown = bill_desk.page(request.actor, question_id)
    except BillQuestion.DoesNotExist:
        raise Http404 from None
    return TemplateResponse(request, "linking/bill.html", {"page": shown})


@reviewer
@require_POST
def bill_decide(request: Any, question_id: int) -> HttpResponse:
    """same | other; on to the next one."""
    answer = request.POST.get("answer", "")
    if answer not in {BillQuestion.State.SAME, BillQuestion.State.OTHER}:
        messages.error(request, _("请选“同一张”或“另一张”。"))
        return redirect("linking:bill", question_id=question_id)
    try:
        bill_desk.decide(request.actor, question_id, answer)
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。"))
    else:
        messages.success(
            request, _("记下了：同一张，不再入账。") if answer == "same" else _("记下了：另一张，正在入账。")
        )
    following = bill_desk.open_questions().exclude(pk=question_id).values_list("pk", flat=True).first()
    return redirect("linking:bill", question_id=following) if following else redirect("linking:bills")


@reviewer
@never_cache
@require_GET
def precision(request: HttpRequest) -> HttpResponse:
    """Measured precision of the engine's own decisions."""
    context = {
        "rows": quality.measured(),
        "accepted": quality.overall(),
        "rejected": quality.overall(accepted=False),
        "tabs": _tabs("precision"),
    }
    return TemplateResponse(request, "linking/precision.html", context)


def _tabs(current: str) -> list[dict[str, Any]]:
    counted = (
        ("open", _("待核对"), "linking:queue", desk.waiting().count),
        ("second", _("等第二人复核"), "linking:seconds", desk.for_a_second().count()),
        ("bills", _("重复的结算单"), "linking:bills", bill_desk.open_questions().count()),
        ("samples", _("抽查"), "linking:samples", desk.open_samples().count()),
        ("decided", _("已决定"), "linking:decided", None),
        ("find", _("查一条认定"), "linking:find", None),
        ("precision", _("准确率"), "linking:precision", None),
    )
    return [
        {"label": label, "url": reverse(name), "current": tab == current}
        | ({"count": number} if number is not None else {})
        for tab, label, name, number in counted
    ]

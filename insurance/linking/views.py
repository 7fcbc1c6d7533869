"""The review desk's pages: the queue, one pair, decided questions. For the operator's linkage reviewers.

One question is answered at a time: there is no answer to several at once, on the pages or behind them.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit import record
from scope import permission
from web.charts import Week

from . import bill_desk, desk, quality, queues
from .forms import FindForm
from .models import BillQuestion, LookUp, Review

PER_PAGE = 25
WHY = 4  # the fewest letters of a reason
reviewer = permission(staff=["linkage_reviewer"], org=["operator"])
#: Whoever answers for how good the engine is, and who looks after him: counts alone.
counting = permission(staff=["linkage_reviewer", "auditor", "administrator"], org=["operator", "regulator"])


def _list(
    request: Any, found: Any, tab: str, template: str = "linking/queue.html", **more: Any
) -> HttpResponse:
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": desk.rows(request.actor, list(page)),
        "waiting": queues.waiting(),
        "today": desk.done_today(request.actor),
        "tab": tab,
        "tabs": _tabs(tab),
    }
    return TemplateResponse(request, template, context | more)


def _with(url: str, wanted: queues.Wanted) -> str:
    return f"{url}?{wanted.query}" if wanted.narrowed else url


def _question(review_id: int, wanted: queues.Wanted = queues.ALL) -> HttpResponse:
    return redirect(_with(reverse("linking:review", args=[review_id]), wanted))


@reviewer
@never_cache
@require_GET
def queue(request: Any) -> HttpResponse:
    """What waits for an answer, most money first. Nothing personal stands here."""
    wanted = queues.read(request.GET)
    return _list(
        request,
        queues.open_reviews(wanted),
        "open",
        wanted=wanted,
        filters=queues.fields(wanted),
        declined=list(queues.declined(request.actor).values_list("pk", flat=True)[:10]),
        again=queues.decided_reviews(again=True).count(),
    )


@reviewer
@never_cache
@require_GET
def seconds(request: HttpRequest) -> HttpResponse:
    """What a colleague decided and a second person has to agree to."""
    return _list(request, queues.for_a_second(), "second")


@reviewer
@never_cache
@require_GET
def samples(request: HttpRequest) -> HttpResponse:
    """Decisions of the engine, to be judged without its score."""
    return _list(request, queues.open_samples(), "samples")


@reviewer
@never_cache
@require_GET
def decided(request: HttpRequest) -> HttpResponse:
    """What was answered, newest first, with the way back. ?again=1: those that should be looked at once more."""
    again = request.GET.get("again") == "1"
    return _list(request, queues.decided_reviews(again), "decided", "linking/decided.html", only_again=again)


@reviewer
@never_cache
@require_GET
def review(request: Any, review_id: int) -> HttpResponse:
    """One pair, masked, field by field."""
    wanted = queues.read(request.GET)
    try:
        found = desk.page(request.actor, review_id, wanted)
    except Review.DoesNotExist:
        raise Http404 from None
    context = {
        "page": found,
        "query": f"?{wanted.query}" if wanted.narrowed else "",
        "narrowed": wanted.narrowed,
        "today": desk.done_today(request.actor),
    }
    return TemplateResponse(request, "linking/review.html", context)


@reviewer
@require_POST
def decide(request: Any, review_id: int) -> HttpResponse:
    """same | different | later; on to the next question of the same filter."""
    wanted = queues.read(request.GET)
    answer = request.POST.get("answer", "")
    note = request.POST.get("note", "").strip()
    if answer not in {"same", "different", "later"}:
        messages.error(request, _("请选“是同一人”“不是同一人”或“现在定不了”。"))
        return _question(review_id, wanted)
    following = queues.next_after(review_id, wanted)
    written = desk.Answered()
    try:
        if answer == "later":
            desk.postpone(request.actor, review_id, note)
        else:
            written = desk.decide(request.actor, review_id, answer, note)
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。下面是下一件。"))
    else:
        say = messages.warning if written.waits else messages.success
        say(request, _waits(review_id, written) if written.waits else _answered(review_id, answer))
    if following:
        return _question(following, wanted)
    return redirect(_with(reverse("linking:queue"), wanted))


def _waits(review_id: int, written: desk.Answered) -> SafeString:
    """That the answer waits, why, for whom, where it stands and how it is taken back."""
    why = "；".join(written.waits) + (f"（{written.money_moved}）" if written.money_moved else "")
    said = _(
        "记下了，还没有办：%(why)s，要另一位身份核对员同意才办。它列在“等第二人复核”，复核前您可以收回。"
    ) % {"why": why}
    url = reverse("linking:review", args=[review_id])
    return format_html('{} <a href="{}" data-key="Z">{} <kbd>Z</kbd></a>', said, url, _("看看，或收回"))


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
    """yes | no of a second person, to a decision or to an undo. Who says no says why."""
    answer = request.POST.get("answer", "")
    note = request.POST.get("note", "").strip()
    found = queues.for_a_second().filter(pk=review_id).first()
    if answer not in {"yes", "no"} or found is None:
        messages.info(request, _("这一件已由同事处理。"))
        return redirect("linking:seconds")
    if answer == "no" and len(note) < WHY:
        messages.error(request, _("请写一句为什么不同意，提出的同事会看到。"))
        return _question(review_id)
    step = desk.second if found.state == Review.State.SECOND else desk.second_undo
    try:
        step(request.actor, review_id, answer == "yes", note)
    except desk.OwnDecisionError:
        messages.error(request, _("这是您自己提的，要另一位同事来复核。"))
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。"))
    else:
        said = (
            _("复核记下了，马上办。") if answer == "yes" else _("记下了：您不同意。提出的同事会看到为什么。")
        )
        messages.success(request, said)
    return redirect("linking:seconds")


@reviewer
@require_POST
def take_back(request: Any, review_id: int) -> HttpResponse:
    """Who decided takes it back before a second person has answered."""
    try:
        desk.take_back(request.actor, review_id)
    except desk.AlreadyDecidedError:
        messages.info(request, _("收不回了：同事刚刚答复过。"))
    else:
        messages.success(request, _("收回了，什么也没有动。"))
    return _question(review_id)


@reviewer
@require_POST
def look_again(request: Any, review_id: int) -> HttpResponse:
    """What came up against a yes was looked at; it stays."""
    try:
        desk.look_again(request.actor, review_id)
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。"))
    else:
        messages.success(request, _("记下了：看过了，还是同一人。"))
    return redirect("linking:queue")


@reviewer
@require_POST
def undo(request: Any, review_id: int) -> HttpResponse:
    """Ask for a decision to be taken back; within a minute of one's own no reason has to be given."""
    reason = request.POST.get("reason", "").strip()
    slip = request.POST.get("slip") == "1" and desk.slipped(request.actor, _decided(review_id))
    if slip:
        reason = ""
    elif len(reason) < WHY:
        messages.error(request, _("请写一句为什么撤回。"))
        return _question(review_id)
    try:
        desk.ask_undo(request.actor, review_id, reason)
    except desk.UndoError:
        messages.info(request, _("这一件已由同事处理。"))
        return redirect("linking:decided")
    if slip:
        messages.success(request, _("正在撤回，这一件会重新排到队列里。"))
    else:
        messages.success(
            request, _("正在撤回。动过救助款的要另一位身份核对员同意，会列在“等第二人复核”；结果写在这一页。")
        )
    return _question(review_id)


def _decided(review_id: int) -> Review:
    found = Review.objects.filter(pk=review_id).only("decided_by", "decided_at").first()
    if found is None:
        raise Http404
    return found


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
    found = Review.objects.filter(pk__in=asked.reviews).select_related("identity", "candidate_identity")
    rows = desk.rows(request.actor, list(found))
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
        messages.success(request, _bill_answered(question_id, answer))
    following = bill_desk.open_questions().exclude(pk=question_id).values_list("pk", flat=True).first()
    return redirect("linking:bill", question_id=following) if following else redirect("linking:bills")


def _bill_answered(question_id: int, answer: str) -> str | SafeString:
    if answer != BillQuestion.State.SAME:
        return _("记下了：另一张，正在入账。")
    url = reverse("linking:bill", args=[question_id])
    said, again = _("记下了：同一张，不再入账。"), _("按错了？重新核对")
    return format_html('{} <a href="{}" data-key="Z">{} <kbd>Z</kbd></a>', said, url, again)


@reviewer
@require_POST
def bill_again(request: Any, question_id: int) -> HttpResponse:
    """ "The same" is taken back: the question is asked again."""
    try:
        bill_desk.ask_again(request.actor, question_id)
    except desk.AlreadyDecidedError:
        messages.info(request, _("这一件已由同事处理。"))
    else:
        messages.success(request, _("撤回了，请重新核对。"))
    return redirect("linking:bill", question_id=question_id)


@counting
@never_cache
@require_GET
def precision(request: Any) -> HttpResponse:
    """Measured precision of the engine's own decisions. The weeks are the reviewers': they rest on single answers."""
    weeks = quality.weekly()
    context = {
        "rows": quality.measured(),
        "by_sources": quality.by_sources(),
        "accepted": quality.overall(),
        "rejected": quality.overall(accepted=False),
        "basis": quality.basis(),
        "weeks": list(reversed(weeks)) if any(week.judged for week in weeks) else [],
        "bars": [
            Week(f"{week.monday:%m-%d}", week.judged, week.accepted.right + week.rejected.right)
            for week in weeks
        ],
        "tabs": _tabs("precision") if "linkage_reviewer" in request.actor.roles else [],
    }
    return TemplateResponse(request, "linking/precision.html", context)


@counting
@never_cache
@require_GET
def precision_csv(request: Any) -> HttpResponse:
    """The measured precision as a file, with the counts that it rests on."""
    record("linking.quality_exported", f"organisation:{request.actor.org_id}", actor=request.actor)
    response = HttpResponse(quality.as_csv(), content_type="text/csv; charset=utf-8")
    name = f"jieli-precision-{timezone.localdate():%Y%m%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _tabs(current: str) -> list[dict[str, Any]]:
    counted = (
        ("open", _("待核对"), "linking:queue", queues.waiting().count),
        ("second", _("等第二人复核"), "linking:seconds", queues.for_a_second().count()),
        ("bills", _("重复的结算单"), "linking:bills", bill_desk.open_questions().count()),
        ("samples", _("抽查"), "linking:samples", queues.open_samples().count()),
        ("decided", _("已决定"), "linking:decided", None),
        ("find", _("查一条认定"), "linking:find", None),
        ("precision", _("准确率"), "linking:precision", None),
    )
    return [
        {"label": label, "url": reverse(name), "current": tab == current}
        | ({"count": number} if number is not None else {})
        for tab, label, name, number in counted
    ]

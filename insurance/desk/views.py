"""The senders' pages: what became of their pushes, and letters for their own insured."""

from __future__ import annotations

from typing import Any

import msgspec
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from insurance.formats import RequestFault
from insurance.formats import Settlement as Canonical
from insurance.intake import reading, services
from insurance.intake.models import Progress, Record, RecordState
from insurance.intake.words import advice, explain
from scope import permission

from . import exports, letters
from .forms import CorrectionForm, FilterForm, InvitationForm
from .models import Invitation

SENDERS = ("statutory_insurer", "hospital", "crowdfunding")
STATE_BADGES: dict[str, str] = {
    RecordState.ACCEPTED: "ok",
    RecordState.REFUSED: "bad",
    RecordState.QUARANTINED: "wait",
    RecordState.DUPLICATE: "plain",
}
PROGRESS_BADGES: dict[str, str] = {
    Progress.OPEN: "ok",
    Progress.APPLIED: "ok",
    Progress.HELD: "wait",
    Progress.AWAITING_ORIGINAL: "wait",
}
LETTER_BADGES: dict[str, str] = {
    Invitation.Status.READY: "ok",
    Invitation.Status.PRINTED: "plain",
    Invitation.Status.WAITING: "wait",
    Invitation.Status.REQUESTED: "info",
}


def _wanted(request: HttpRequest) -> tuple[FilterForm, reading.Filter]:
    """The form for the page, and the filter it asks for; what cannot be read is left out and said."""
    form = FilterForm(request.GET or None)
    if not form.is_bound or not form.is_valid():
        return form, reading.Filter()
    query = {
        name: value.isoformat() if hasattr(value, "isoformat") else value or ""
        for name, value in form.cleaned_data.items()
    }
    return form, reading.Filter.read(query)


def _decorate(row: Record) -> Record:
    row.badge = STATE_BADGES.get(row.state, "plain")  # type: ignore[attr-defined]
    row.progress_badge = PROGRESS_BADGES.get(row.progress, "info")  # type: ignore[attr-defined]
    said = explain(row.reasons)
    row.first_reason = said[0]["message"] if said else ""  # type: ignore[attr-defined]
    row.more_reasons = max(0, len(said) - 1)  # type: ignore[attr-defined]
    return row


@permission(staff=[], org=SENDERS)
@require_GET
def pushes(request: Any) -> HttpResponse:
    org_id = request.organisation.pk
    form, wanted = _wanted(request)
    counts = reading.counts(org_id)
    query = request.GET.copy()
    query.pop("page", None)

    def url(state: str) -> str:
        query["state"] = state
        return "?" + query.urlencode()

    tabs = [
        {"label": _("全部"), "url": url(""), "count": sum(counts.values()), "current": not wanted.state},
        *(
            {"label": label, "url": url(state), "count": counts[state], "current": wanted.state == state}
            for state, label in RecordState.choices
        ),
    ]
    paginator = Paginator(reading.records(org_id, wanted), 50)
    if wanted == reading.Filter(state=wanted.state):
        paginator.count = counts[wanted.state] if wanted.state else sum(counts.values())
    page = paginator.get_page(request.GET.get("page"))
    reading.seen(org_id, list(page))
    return render(
        request,
        "desk/pushes.html",
        {
            "form": form,
            "tabs": tabs,
            "page": page,
            "rows": [_decorate(row) for row in page],
            "counts": counts,
            "total": sum(counts.values()),
            "attention": reading.attention(org_id),
            "filtered": any((wanted.state, wanted.progress, wanted.setl_id, wanted.since)),
            "narrowed": sum(map(bool, (wanted.progress, wanted.setl_id, wanted.since))),
            "clear": f"?state={wanted.state}",
            "query": request.GET.urlencode(),
            "platform": request.organisation.kind == "crowdfunding",
        },
    )


def _row(request: Any, record: int) -> Record:
    row = Record.objects.filter(sender_id=request.organisation.pk, pk=record).defer("raw").first()
    if row is None:
        raise Http404
    return row


def _amounts(row: Record) -> list[dict[str, Any]]:
    """Amounts of the record as they were read, for comparing; nothing of the person."""
    if row.canonical is None:
        return []
    bill = msgspec.convert(row.canonical, Canonical, strict=False)
    shown = (
        ("total_fee", _("总费用")),
        ("fund_paid", _("基金支付")),
        ("person_paid", _("个人负担")),
        ("hospital_borne", _("医院负担")),
        ("account_paid", _("个人账户")),
        ("cash_paid", _("个人现金")),
    )
    return [
        {"label": label, "value": getattr(bill, name)} for name, label in shown if name not in bill.unread
    ]


@permission(staff=[], org=SENDERS)
@require_GET
def push(request: Any, record: int) -> HttpResponse:
    return _detail(request, record, CorrectionForm())


def _detail(request: Any, record: int, form: CorrectionForm, status: int = 200) -> HttpResponse:
    row = _row(request, record)
    reading.seen(request.organisation.pk, [row], "record.viewed")
    reasons = [{**said, "advice": advice(said["code"])} for said in explain(row.reasons)]
    open_to_correction = row.state in {RecordState.REFUSED, RecordState.QUARANTINED} and not row.resent_as_id
    return render(
        request,
        "desk/push.html",
        {
            "row": _decorate(row),
            "reasons": reasons,
            "sides": any("left" in reason for reason in reasons),
            "warnings": explain(row.warnings),
            "amounts": _amounts(row),
            "form": form,
            "may_resend": open_to_correction and "intake_clerk" in request.actor.roles,
            "needs_clerk": open_to_correction and "intake_clerk" not in request.actor.roles,
        },
        status=status,
    )


@permission(staff=["intake_clerk"], org=SENDERS)
@require_POST
def resend(request: Any, record: int) -> HttpResponse:
    body, form = None, CorrectionForm(request.POST, request.FILES)
    if request.POST.get("do") != "again":
        if not form.is_valid():
            return _detail(request, record, form, status=422)
        body = form.cleaned_data["body"]
    try:
        result = services.resend(
            request.actor,
            request.organisation,
            record,
            body,
            max_bytes=min(settings.JIELI_PUSH_MAX_BYTES, 1 << 20),
        )
    except Record.DoesNotExist:
        raise Http404 from None
    except RequestFault as fault:
        form.add_error(None, fault.text(get_language() or "zh-hans"))
        return _detail(request, record, form, status=422)
    except services.OneRecordError:
        form.add_error(None, _("请只放更正后的这一条记录。"))
        return _detail(request, record, form, status=422)
    except services.NotResendableError:
        messages.warning(request, _("这条记录不用重发。"))
        return redirect("desk:push", record)
    if result.record == record:
        messages.warning(request, _("按原文重新评估过了，结果没有变化。"))
    elif result.state == RecordState.ACCEPTED:
        messages.success(request, _("已收下。这是更正后的记录。"))
    else:
        messages.warning(request, _("更正后的记录还有问题，请看下面的原因。"))
    return redirect("desk:push", result.record)


@permission(staff=["intake_clerk", "auditor", "administrator"], org=SENDERS)
@require_GET
def export(request: Any) -> HttpResponse:
    _form, wanted = _wanted(request)
    rows = list(reading.records(request.organisation.pk, wanted)[: exports.LIMIT])
    reading.seen(request.organisation.pk, rows, "records.exported")
    name = f"jieli-{timezone.localdate():%Y%m%d}.csv"
    return HttpResponse(
        exports.reasons_csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@permission(staff=["intake_clerk"], org=["statutory_insurer"])
@require_http_methods(["GET", "POST"])
def invitations(request: Any) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            letters.ask(request.actor, form.cleaned_data["setl_id"])
        except letters.NoSuchRecordError:
            form.add_error("setl_id", _("本机构没有这个编号的已收下的结算单。请核对编号。"))
        else:
            messages.success(request, _("邀请函正在准备，通常几秒钟就好。刷新这一页就能看到。"))
            return redirect("desk:invitations")
    page = Paginator(letters.own(request.actor), 50).get_page(request.GET.get("page"))
    rows = list(page)
    letters.seen(request.actor, rows)
    for row in rows:
        row.badge = LETTER_BADGES[Invitation.Status(row.status)]  # type: ignore[attr-defined]
    return render(
        request,
        "desk/invitations.html",
        {"form": form, "page": page, "rows": rows},
        status=422 if form.errors else 200,
    )


@permission(staff=["intake_clerk"], org=["statutory_insurer"])
@require_GET
def letter(request: Any, invitation: int) -> HttpResponse:
    try:
        paper = letters.open_letter(request.actor, invitation)
    except Invitation.DoesNotExist:
        raise Http404 from None
    except letters.NotReadyError:
        messages.info(request, _("记录还没处理完，请过一会儿再来。"))
        return redirect("desk:invitations")
    address = settings.JIELI_BASE_URL.rstrip("/") + "/t/"
    response = render(
        request,
        "desk/letter.html",
        {"letter": paper, "address": address, "help_phone": settings.JIELI_HELP_PHONE},
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@permission(staff=["intake_clerk"], org=["statutory_insurer"])
@require_POST
def letter_printed(request: Any, invitation: int) -> HttpResponse:
    try:
        letters.printed(request.actor, invitation)
    except Invitation.DoesNotExist:
        raise Http404 from None
    except letters.NotReadyError:
        messages.info(request, _("记录还没处理完，请过一会儿再来。"))
    else:
        messages.success(request, _("已记下：这封信打印过了。"))
    return redirect("desk:invitations")

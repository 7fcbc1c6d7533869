"""The case page and every step that starts on it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from audit import record
from charity.applications.models import Document
from charity.awards import casework, recoveries, services
from charity.awards.models import Award, Case
from charity.awards.rules import AwardError, consent_of
from scope import permission

from . import case_page, forms, queue, reveal
from .people import people_of
from .queue_views import CASE_ROLES


def _case(request: Any, case_id: int) -> Case:
    case = (
        Case.objects.select_related("fund", "rule", "assignee")
        .filter(pk=case_id, organisation_id=request.actor.org_id)
        .first()
    )
    if case is None:
        raise Http404
    return case


def _page(
    request: Any,
    case: Case,
    *,
    bound: dict[str, Any] | None = None,
    error: str = "",
    shown: list[reveal.Shown] | None = None,
    reveal_error: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = request.actor
    params = request.GET if request.method == "GET" else request.POST
    wanted = queue.read(params, actor)
    query = wanted.query()
    context = case_page.gather(actor, case, query)
    before, after, position, count = queue.neighbours(actor, wanted, case.pk)
    label = str(dict(queue.TABS)[wanted.tab])
    record(
        "case.viewed",
        f"case:{case.pk}",
        payload={"application": case.application_id, "consent": case.consent_id},
    )
    offered = case_page.decision_forms(actor, context)
    offered.update({step: form for step, form in (bound or {}).items() if step in offered})
    if context["person"] is not None or context["payee_masked"]:
        context["reveal"] = reveal.dialog(actor, case, context["person"], context["award"], reveal_error)
    return render(
        request,
        "portal/case.html",
        {
            **context,
            "forms": offered,
            "error": error,
            "shown": shown,
            "query": query,
            "wanted": wanted,
            "back": f"{reverse('portal:queue')}?{query}",
            "back_label": label,
            "place": _("第 %(position)d 件，共 %(count)d 件") % {"position": position, "count": count}
            if position
            else "",
            "before": before,
            "after": after,
        },
        status=status,
    )


@permission(staff=CASE_ROLES, org=["charity"])
@never_cache
@require_GET
def show(request: Any, case_id: int) -> HttpResponse:
    return _page(request, _case(request, case_id))


@permission(staff=CASE_ROLES, org=["charity"])
@never_cache
@require_POST
def reveal_fields(request: Any, case_id: int) -> HttpResponse:
    """Recorded first; the values stand in this one answer and nowhere else."""
    case = _case(request, case_id)
    person = people_of([case.application_id]).get(case.application_id)
    award = Award.objects.filter(case=case).order_by("-pk").first()
    if not reveal.fields_of(person, award):
        raise Http404
    try:
        shown = reveal.reveal(
            request.actor,
            case,
            person,
            award,
            fields=request.POST.getlist("field"),
            reason=request.POST.get("reason", ""),
            text=request.POST.get("reason_text", "")[:300],
        )
    except reveal.RevealError as error:
        return _page(request, case, reveal_error=str(error), status=422)
    return _page(request, case, shown=shown)


def _form(request: Any, case: Case, step: str) -> Any:
    actor = request.actor
    context = case_page.gather(actor, case, "")
    offered = case_page.decision_forms(actor, context).get(step)
    if offered is None:
        raise AwardError("state", _("这一步现在不能做。可能同事刚办过，请看下面的经过。"))
    if isinstance(offered, forms.ProposeForm):
        return forms.ProposeForm(
            request.POST, limit=context["limit"], unknown=case_page.results_of(case, "unknown")
        )
    if isinstance(offered, forms.CorrectForm | forms.ReturnForm):
        limit = offered.fields["amount"].widget.attrs.get("data-limit")
        return type(offered)(request.POST, limit=None if limit is None else Decimal(str(limit)))
    if isinstance(offered, forms.DecideForm):
        return forms.DecideForm(request.POST, choices=offered.fields["verdict"].choices)  # type: ignore[attr-defined]
    return type(offered)(request.POST)


def _take(actor: Any, case: Case, step: str, values: dict[str, Any]) -> str:
    """Call the one service that the step names; gives the sentence to show."""
    if step == "propose":
        done = services.propose(actor, case.pk, **values)
        return _("已提交审批，并预留 %(amount)s。") % {"amount": case_page.yuan(done.amount)}
    if step == "correct":
        done = services.correct(actor, case.pk, **values)
        return _("金额已改为 %(amount)s。") % {"amount": case_page.yuan(done.amount)}
    if step == "decide":
        return _decide(actor, case, values)
    if step == "pay":
        done = services.pay(actor, case.pk, **values)
        return _("已记录付款 %(amount)s。") % {"amount": case_page.yuan(done.amount)}
    if step == "cancel":
        services.cancel(actor, case.pk, **values)
        return _("已取消，钱回到基金。")
    if step == "return":
        services.return_payment(actor, case.pk, **values)
        return _("已记录退回 %(amount)s。") % {"amount": case_page.yuan(values["amount"])}
    if step in {"repaid", "write_off"}:
        return _recover(actor, case, step, values)
    if step == "confirm":
        action = recoveries.decide(actor, case.pk, values["action_id"], yes=values["yes"])
        amount = case_page.yuan(action.amount)
        return (
            _("已确认 %(amount)s，正在入账。") if values["yes"] else _("已退回，%(amount)s 没有入账。")
        ) % {"amount": amount}
    if step == "request":
        casework.request_document(actor, case.pk, **values)
        return _("已请家属补材料。")
    casework.answer_review(actor, case.pk, **values)
    return _("已答复，家属能看到。")


def _recover(actor: Any, case: Case, step: str, values: dict[str, Any]) -> str:
    """Say what came back, or what is no longer asked for, of the one claim that is open now."""
    claim = recoveries.current(recoveries.of_case(actor, case))
    if claim is None:
        raise AwardError("state", _("这笔钱已经不用追了。请刷新再看。"))
    recoveries.propose(
        actor,
        case.pk,
        claim.recovery_id,
        kind="returned" if step == "repaid" else "written_off",
        amount=values["amount"],
        note=values["reason"],
        received_on=values.get("received_on"),
    )
    return _("已登记，等另一位同事确认。")


def _decide(actor: Any, case: Case, values: dict[str, Any]) -> str:
    if values["verdict"] == "approve":
        done = services.approve(
            actor,
            case.pk,
            reason=values["reason"],
            no_conflict=values["no_conflict"],
            amount=values["amount"],
        )
        return _("已批准 %(amount)s，交付款人办理。") % {"amount": case_page.yuan(done.amount)}
    if values["verdict"] == "send_back":
        services.send_back(actor, case.pk, reason=values["reason"])
        return _("已退回经办，预留的钱已释放。")
    services.refuse(actor, case.pk, reason=values["reason"], clause=values["clause"])
    return _("已记录不予资助，家属会看到理由和复核办法。")


@permission(staff=CASE_ROLES, org=["charity"])
@require_POST
def step(request: Any, case_id: int, name: str) -> HttpResponse:
    """One step; on a refusal the page comes back with what was typed and why."""
    case = _case(request, case_id)
    try:
        form = _form(request, case, name)
    except AwardError as error:
        return _page(request, case, error=str(error), status=409)
    if not form.is_valid():
        return _page(request, case, bound={name: form}, error=_("有地方要改，请看红色的字。"), status=422)
    try:
        text = _take(request.actor, case, name, form.values())
    except AwardError as error:
        return _page(request, _case(request, case_id), bound={name: form}, error=str(error), status=422)
    messages.success(request, text)
    return _back(request, case_id)


def _back(request: Any, case_id: int) -> HttpResponse:
    return redirect(
        f"{reverse('portal:case', args=[case_id])}?{queue.read(request.POST, request.actor).query()}"
    )


@permission(staff=["case_worker", "approver"], org=["charity"])
@require_POST
def check(request: Any, case_id: int, document_id: int, verdict: str) -> HttpResponse:
    """Accept, reject, or confirm the identity by a paper."""
    case = _case(request, case_id)
    actor = request.actor
    try:
        if verdict == "accept":
            casework.accept_document(
                actor,
                case.pk,
                document_id,
                seal=request.POST.get("seal", ""),
                counts_as=request.POST.get("counts_as", ""),
            )
            text = _("已核对，条件正在重新计算。")
        elif verdict == "reject":
            casework.reject_document(actor, case.pk, document_id, reason=request.POST.get("reason", ""))
            text = _("已退回，家属会看到怎么补。")
        else:
            casework.confirm_identity(actor, case.pk, document_id)
            text = _("身份已确认，正在找他的医保结算单。")
    except AwardError as error:
        return _page(request, case, error=str(error), status=422)
    messages.success(request, text)
    return _back(request, case_id)


@permission(staff=CASE_ROLES, org=["charity"])
@require_POST
def remind(request: Any, case_id: int) -> HttpResponse:
    case = _case(request, case_id)
    try:
        done = casework.remind(request.actor, [case.pk])
    except AwardError as error:
        return _page(request, case, error=str(error), status=422)
    messages.success(request, _("已再催一次。") if done.done else _("20 小时内催过了，或没有缺的材料。"))
    return _back(request, case_id)


@permission(staff=CASE_ROLES, org=["charity"])
@never_cache
@require_GET
def document(request: Any, case_id: int, document_id: int) -> HttpResponse:
    """The paper as a download, never shown in the page; recorded before the bytes leave."""
    case = _case(request, case_id)
    if consent_of(case) is None:
        raise Http404
    row = (
        Document.objects.filter(pk=document_id, application_id=case.application_id)
        .exclude(state="removed")
        .first()
    )
    if row is None:
        raise Http404
    record(
        "document.downloaded",
        f"case:{case.pk}",
        payload={"application": case.application_id, "document": row.pk, "consent": case.consent_id},
    )
    ending = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}.get(row.media_type, "bin")
    response = HttpResponse(bytes(row.content), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{case.number}-{row.pk}.{ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response

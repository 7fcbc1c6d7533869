"""Which funds, and fund by fund the question whether it may see; afterwards who may, and taking it back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from charity.funds.models import Fund
from consent import services as consents
from consent.models import Category, Consent
from scope import permission
from web.formats import date_patient

from . import services, steps
from .models import Application
from .pages import bar, draft_or_redirect, handed_in, mine_or_404, skipped, step_url

LEVEL_BADGES = {
    "likely": ("ok", lambda: _("很可能合适")),
    "maybe": ("unknown", lambda: _("也许合适")),
    "unlikely": ("plain", lambda: _("可能不合适")),
}


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def funds(request: Any, pk: int) -> HttpResponse:
    application, away = draft_or_redirect(request, pk)
    away = away or skipped(application, "funds")
    if away:
        return away
    answers = application.answers or {}
    choices = services.fund_choices(answers)
    known = {choice.fund.pk for choice in choices}
    error = ""
    checking = (request.POST.get("return") or request.GET.get("return")) == "check"
    kept = answers.get("funds")
    chosen = set(kept) if kept is not None else {c.fund.pk for c in choices if c.level == "likely"}
    if request.method == "POST":
        chosen = {pk for pk in known if str(pk) in request.POST.getlist("fund")}
        if chosen:
            application = services.choose_funds(
                request.actor, pk, [c.fund.pk for c in choices if c.fund.pk in chosen]
            )
            waiting = services.undecided(application)
            if waiting:
                return redirect("applications:consent", pk, waiting[0])
            return redirect(step_url(application, "check"))
        error = _("请至少选一个基金。选了以后还会一家一家问您同不同意。")
    cards = [
        {
            "choice": choice,
            "badge": LEVEL_BADGES[choice.level][0],
            "word": LEVEL_BADGES[choice.level][1](),
            "checked": choice.fund.pk in chosen,
        }
        for choice in choices
    ]
    context = bar(application, "funds", cards=cards, error=error, checking=checking)
    return render(request, "applications/funds.html", context, status=400 if error else 200)


def _consent_rows(fund: Fund, until: str) -> list[dict[str, Any]]:
    return [
        {
            "label": _("谁来看"),
            "text": _("%(organisation)s，只有办这件事的人") % {"organisation": fund.organisation.name},
        },
        {"label": _("用来做什么"), "text": _("判断能不能资助这次看病、资助多少，以及付款")},
        {"label": _("看什么"), "ticks": [str(category.label) for category in Category]},
        {"label": _("不看什么"), "crosses": [_("以前的病、别的住院"), _("银行卡、密码")]},
        {"label": _("看到什么时候"), "text": _("%(until)s为止，您可以提前收回") % {"until": until}},
        {
            "label": _("收回以后"),
            "text": _("它马上看不到。批准了还没付的钱照样付：付款的人只看收款户名和账号，付完就删掉"),
        },
    ]


def _until(application: Application, fund: Fund, rendered: consents.Rendered) -> str:
    """The end as it will be: that of the yes that stands, when saying it again changes nothing."""
    for row in services.live_consents(application.pk):
        if row.fund_id == fund.pk and row.text_sha256 == rendered.sha256 and not consents.renewable(row):
            return date_patient(row.valid_until)
    return rendered.until


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def consent(request: Any, pk: int, fund_id: int) -> HttpResponse:
    """One fund, one question, two answers of the same weight. In a draft as a step; afterwards from the status."""
    application = mine_or_404(request, pk, lock=request.method == "POST")
    answers = application.answers or {}
    draft = application.state == Application.State.DRAFT
    if application.state == Application.State.WITHDRAWN:
        return redirect("applications:status", pk)
    if draft and (not steps.may_open("funds", answers) or fund_id not in (answers.get("funds") or [])):
        return redirect(step_url(application, min(steps.first_open(answers), "funds", key=steps.NAMES.index)))
    fund = Fund.objects.select_related("organisation").filter(pk=fund_id, status=Fund.Status.OPEN).first()
    if fund is None:
        raise Http404
    rendered = consents.render(fund.organisation.name, fund.name)
    changed = False
    if request.method == "POST":
        changed = request.POST.get("text") != rendered.sha256
        if not changed and request.POST.get("decision") in {"yes", "no"}:
            consents.decide(
                request.actor,
                application_id=application.pk,
                organisation_id=fund.organisation_id,
                fund_id=fund.pk,
                rendered=rendered,
                decision=request.POST["decision"] == "yes",
                capacity=str(application.capacity or "self"),
            )
            if not draft:
                return redirect("applications:consents", pk)
            waiting = services.undecided(application)
            return (
                redirect("applications:consent", pk, waiting[0])
                if waiting
                else redirect("applications:check", pk)
            )
    chosen = answers.get("funds") or []
    title = steps.BY_NAME["funds"].title
    if draft and fund_id in chosen:
        title = _("给谁看 · 第 %(at)d 家，共 %(all)d 家") % {
            "at": chosen.index(fund_id) + 1,
            "all": len(chosen),
        }
    context = bar(
        application,
        "funds",
        fund=fund,
        fund_name=consents.quoted(fund.name),
        rows=_consent_rows(fund, _until(application, fund, rendered)),
        rendered=rendered,
        changed=changed,
    ) | {"step_title": title}
    if draft:
        at = chosen.index(fund_id)
        context["back_url"] = (
            reverse("applications:consent", args=[pk, chosen[at - 1]])
            if at
            else step_url(application, "funds")
        )
    else:
        context |= {"back_url": reverse("applications:consents", args=[pk]), "steps": 0}
    return render(request, "applications/consent.html", context)


# ---- after handing in ---------------------------------------------------------------------------------------


@permission("patient")
@never_cache
@require_safe
def consent_list(request: Any, pk: int) -> HttpResponse:
    """Who may see, until when; take back; let another fund see."""
    application = handed_in(request, pk)
    rows = list(
        Consent.objects.filter(application_id=application.pk).select_related("organisation").order_by("-pk")
    )
    funds = Fund.objects.in_bulk([row.fund_id for row in rows])
    now = timezone.now()
    given: list[dict[str, Any]] = [
        {
            "consent": row,
            "fund": funds[row.fund_id].name,
            "live": row.withdrawn_at is None and row.valid_until > now,
            "ran_out": row.withdrawn_at is None or row.withdrawn_at > row.valid_until,
            "renewable": consents.renewable(row) and application.state == Application.State.SUBMITTED,
            "until": date_patient(row.valid_until),
            "kinds": [str(Category(kind).label) for kind in row.categories],
        }
        for row in rows
        if row.decision
    ]
    live = {item["consent"].fund_id for item in given if item["live"]}
    others: list[dict[str, Any]] = []
    if application.state == Application.State.SUBMITTED:
        others = [
            {
                "choice": choice,
                "badge": LEVEL_BADGES[choice.level][0],
                "word": LEVEL_BADGES[choice.level][1](),
            }
            for choice in services.fund_choices(application.answers)
            if choice.fund.pk not in live
        ]
    context = {
        "application": application,
        "given": [item for item in given if item["live"]],
        "ended": [item for item in given if not item["live"]],
        "others": others,
        "back_url": reverse("applications:status", args=[pk]),
    }
    return render(request, "applications/consents.html", context)


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def withdraw_consent(request: Any, pk: int, consent_id: int) -> HttpResponse:
    """Taking back is as easy as giving: one page, one button."""
    application = handed_in(request, pk)
    row = (
        Consent.objects.filter(application_id=application.pk, pk=consent_id, decision=True)
        .select_related("organisation")
        .first()
    )
    if row is None:
        raise Http404
    fund = Fund.objects.get(pk=row.fund_id)
    if request.method == "POST":
        consents.withdraw(request.actor, row)
        messages.success(
            request, _("收回了。“%(fund)s”现在就看不到了。") % {"fund": consents.quoted(fund.name)}
        )
        return redirect("applications:consents", pk)
    context = {
        "application": application,
        "consent": row,
        "fund": fund,
        "fund_name": consents.quoted(fund.name),
        "back_url": reverse("applications:consents", args=[pk]),
    }
    return render(request, "applications/withdraw_consent.html", context)

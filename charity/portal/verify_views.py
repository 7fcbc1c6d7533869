"""Checking facts of a case: the list, and one page for each fact with its form and history."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit import record
from charity.applications.models import Application, Document
from charity.awards.bills import bills_of
from charity.awards.models import Case
from charity.awards.rules import AwardError, bound_bill, consent_of
from charity.findings import services, words
from charity.findings.models import CATEGORY, Fact
from scope import permission
from web.formats import date_staff, money
from web.forms import Choice

from . import verify, verify_forms
from .queue_views import CASE_ROLES


def _open(request: Any, case_id: int) -> tuple[Case, Any, Application]:
    """The case with its live consent and application, or 404: after a withdrawal there is nothing to check."""
    case = (
        Case.objects.select_related("fund", "rule")
        .filter(pk=case_id, organisation_id=request.actor.org_id)
        .first()
    )
    consent = consent_of(case) if case else None
    application = Application.objects.filter(pk=case.application_id).first() if case and consent else None
    if case is None or consent is None or application is None:
        raise Http404
    return case, consent, application


def _form(request: Any, case: Case, fact: str, rule: verify.Rule, posted: Any = None) -> Any:
    given = [] if posted is None else [posted]
    if fact == Fact.COMMITTEE:
        return verify_forms.CommitteeForm(*given)
    if fact == Fact.BILL:
        bills = [
            (
                bill.settlement_id,
                Choice(
                    _("还没着落 %(open)s") % {"open": money(bill.open)},
                    hint=_("%(hospital)s，%(day)s 结算，个人负担 %(borne)s，别处已付或已答应 %(aid)s")
                    % {
                        "hospital": bill.hospital,
                        "day": date_staff(bill.settled_on) if bill.settled_on else "—",
                        "borne": money(bill.borne),
                        "aid": money(bill.aid),
                    },
                ),
            )
            for bill in bills_of(case)
        ]
        return verify_forms.BillForm(*given, bills=bills, initial={"bill": bound_bill(case)})
    rows = Document.objects.filter(application_id=case.application_id, state="accepted").order_by(
        "kind", "id"
    )
    papers, serial = [], Counter[str]()
    for row in rows.defer("content"):
        serial[row.kind] += 1
        word = row.get_kind_display()
        papers.append((row.pk, f"{word} {serial[row.kind]}" if serial[row.kind] > 1 else word))
    return verify_forms.FindingForm(*given, fact=fact, procedures=rule.procedures, papers=papers)


def _page(
    request: Any,
    case: Case,
    consent: Any,
    application: Application,
    fact: str = "",
    *,
    form: Any = None,
    withdraw: Any = None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    rule = verify.rule_of(case)
    rows = services.findings_of(case)
    items = verify.menu(case, rule, rows, application.answers or {}, list(consent.categories))
    item = next((one for one in items if one["fact"] == fact), None)
    if fact and item is None:
        raise Http404
    may = bool(fact) and verify.may(request.actor, case, fact) and bool(item and item["agreed"])
    mine = [row for row in rows if row.fact == fact]
    current = {row.pk for row in words.newest(mine).values()}
    record(
        "case.viewed",
        f"case:{case.pk}",
        payload={"application": case.application_id, "consent": case.consent_id, "part": "findings"},
    )
    return render(
        request,
        "portal/verify.html",
        {
            "case": case,
            "items": items,
            "item": item,
            "open": sum(not (one["done"] or one["clear"] or one["fact"] == Fact.BILL) for one in items),
            "form": (form or _form(request, case, fact, rule)) if may else None,
            "withdraw": withdraw or verify_forms.WithdrawForm(),
            "places": verify_forms.places() if fact in {Fact.HOUSEHOLD_AREA, Fact.RESIDENCE, Fact.INSURED_AREA} else [],
            "history": [words.line_of(row, rule.procedures, row.pk in current) for row in reversed(mine)],
            "may": may,
            "error": error,
        },
        status=status,
    )  # fmt: skip


@permission(staff=CASE_ROLES, org=["charity"])
@never_cache
@require_GET
def index(request: Any, case_id: int) -> HttpResponse:
    return _page(request, *_open(request, case_id))


@permission(staff=CASE_ROLES, org=["charity"])
@never_cache
@require_http_methods(["GET", "POST"])
def fact(request: Any, case_id: int, fact: str) -> HttpResponse:
    """One fact: what the rule asks, what the family wrote, the form, the history."""
    case, consent, application = _open(request, case_id)
    if request.method == "GET":
        return _page(request, case, consent, application, fact)
    if fact not in CATEGORY:
        raise Http404
    form = _form(request, case, fact, verify.rule_of(case), request.POST)
    if not form.is_valid():
        return _page(
            request, case, consent, application, fact, form=form, error=_("有地方要改，请看红色的字。"), status=422
        )  # fmt: skip
    actor = request.actor
    try:
        if fact == Fact.COMMITTEE:
            services.record_committee(actor, case.pk, **form.values())
            text = _("评审会的决定已记下，条件正在重新核对。")
        elif fact == Fact.BILL:
            services.choose_bill(actor, case.pk, **form.values())
            text = _("账单已选定，金额正在重新计算。")
        else:
            done = services.record_finding(actor, case.pk, fact, **form.values())
            text = (
                _("已记下，条件正在重新核对。")
                if done.outcome == "found"
                else _("已记下“没能核实”；条件仍是“待核实”，不算不符。")
            )
    except AwardError as problem:
        return _page(request, case, consent, application, fact, form=form, error=str(problem), status=422)
    messages.success(request, text)
    return redirect(f"{reverse('portal:case', args=[case.pk])}#criteria")


@permission(staff=CASE_ROLES, org=["charity"])
@never_cache
@require_POST
def withdraw(request: Any, case_id: int, fact: str) -> HttpResponse:
    """Take the newest check of a fact back."""
    case, consent, application = _open(request, case_id)
    if fact not in CATEGORY:
        raise Http404
    form = verify_forms.WithdrawForm(request.POST)
    error = _("请写明为什么撤回。")
    if form.is_valid():
        try:
            services.withdraw(request.actor, case.pk, fact, **form.values())
        except AwardError as problem:
            error = str(problem)
        else:
            messages.success(request, _("已撤回，条件正在重新核对。"))
            return redirect("portal:verify_fact", case.pk, fact)
    return _page(request, case, consent, application, fact, withdraw=form, error=error, status=422)

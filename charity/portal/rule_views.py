"""Rule versions side by side in words, and a draft tried on one's own open cases before it is published."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from charity.funds import services
from charity.funds.models import Fund, RuleTrial, RuleVersion
from matching import eligibility
from scope import permission
from web.query import whole_number

from . import forms
from .fund_views import FUND_ROLES, fund_of, rule_text

KINDS = {"added": ("ok", lazy("新增")), "dropped": ("bad", lazy("去掉")), "changed": ("info", lazy("改了"))}
VERDICTS = {
    "eligible": lazy("符合"),
    "ineligible": lazy("不符合"),
    "undetermined": lazy("待核实"),
    "none": lazy("没有规则"),
}


def _words(text: str) -> str:
    return text.translated(_) if hasattr(text, "translated") else str(text)


def _changes(old: Any, new: Any) -> list[dict[str, Any]]:
    return [
        {
            "badge": KINDS[one.kind][0],
            "word": str(KINDS[one.kind][1]),
            "where": _words(one.where),
            "clause": one.clause,
            "before": _words(one.before),
            "after": _words(one.after),
        }
        for one in eligibility.compare(old, new)
    ]


def _number(text: str) -> int:
    number = whole_number(text, digits=6)
    if number is None:
        raise Http404
    return number


@permission(staff=FUND_ROLES, org=["charity"])
@require_GET
def compare(request: Any, fund_id: int) -> HttpResponse:
    """?old=1&new=2; without them the last two."""
    fund = fund_of(request, fund_id)
    versions = list(RuleVersion.objects.filter(fund=fund).order_by("-version")[:50])
    if not versions:
        raise Http404
    by_number = {row.version: row for row in versions}
    new = by_number.get(_number(request.GET["new"])) if request.GET.get("new") else versions[0]
    old = (
        by_number.get(_number(request.GET["old"]))
        if request.GET.get("old")
        else versions[min(1, len(versions) - 1)]
    )
    if new is None or old is None:
        raise Http404
    changes = _changes(eligibility.parse_rule(old.rule), eligibility.parse_rule(new.rule))
    return render(
        request,
        "portal/compare.html",
        {"fund": fund, "versions": versions, "old": old, "new": new, "changes": changes},
    )


def _moves(trial: RuleTrial) -> list[dict[str, Any]]:
    found = []
    for move, count in sorted((trial.counts or {}).get("moves", {}).items(), key=lambda item: -item[1]):
        before, _sep, after = move.partition(">")
        found.append(
            {"before": VERDICTS.get(before, before), "after": VERDICTS.get(after, after), "count": count}
        )
    return found


def _trial_page(
    request: Any, fund: Fund, trial: RuleTrial, *, form: Any = None, faults: Any = (), status: int = 200
) -> HttpResponse:
    current = RuleVersion.objects.filter(fund=fund).order_by("-version").first()
    draft = eligibility.parse_rule(trial.rule)
    return render(
        request,
        "portal/trial.html",
        {
            "fund": fund,
            "trial": trial,
            "current": current,
            "draft": draft,
            "published": current is not None and current.sha256 == trial.sha256,
            "earlier": current is not None and draft.effective_from < current.effective_from,
            "at_once": draft.effective_from <= timezone.localdate(),
            "changes": _changes(eligibility.parse_rule(current.rule), draft) if current else [],
            "counts": trial.counts,
            "changed": sum((trial.counts or {}).get("moves", {}).values()),
            "moves": _moves(trial),
            "form": form or forms.PublishForm(),
            "faults": faults,
            "wait": trial.done_at is None,
        },
        status=status,
    )


@permission(staff=["fund_manager"], org=["charity"])
@require_http_methods(["GET", "POST"])
def trial(request: Any, fund_id: int, trial_id: int) -> HttpResponse:
    """The draft against the version in force, what it would change; POST publishes it."""
    fund = fund_of(request, fund_id)
    row = RuleTrial.objects.filter(pk=trial_id, fund=fund, organisation_id=request.actor.org_id).first()
    if row is None:
        raise Http404
    if request.method == "GET":
        return _trial_page(request, fund, row)
    form = forms.PublishForm(request.POST)
    if not form.is_valid():
        return _trial_page(request, fund, row, form=form, status=422)
    try:
        rule = services.read_rule(json.dumps(row.rule))
        done = services.publish_rule(request.actor, fund.pk, rule, source=form.cleaned_data["source"])
    except services.FundError as error:
        return _trial_page(request, fund, row, form=form, faults=error.faults, status=422)
    messages.success(request, _("第 %(n)d 版已发布。") % {"n": done.version})
    return redirect("portal:fund", fund.pk)


@permission(staff=["fund_manager"], org=["charity"])
@require_http_methods(["POST"])
def try_out(request: Any, fund_id: int) -> HttpResponse:
    """Read the draft; with faults the fund page comes back and lists them all."""
    from .fund_views import page

    fund = fund_of(request, fund_id)
    form = forms.TrialForm(request.POST, request.FILES, auto_id="trial-%s")
    if not form.is_valid():
        return page(request, fund, bound=form, status=422)
    try:
        trial_id = services.request_trial(request.actor, fund.pk, services.read_rule(rule_text(form)))
    except services.FundError as error:
        return page(request, fund, bound=form, faults=error.faults, status=422)
    return redirect("portal:trial", fund.pk, trial_id)

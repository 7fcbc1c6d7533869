"""The last page before handing in: everything that was answered, and the button."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from scope import permission
from vault import masking
from web.formats import money

from . import forms, lookups, services
from .fields import shown
from .models import Application, DocumentKind
from .pages import WANTED, bar, mine_or_404, skipped, step_url


def summary(application: Application) -> list[tuple[str, list[dict[str, Any]]]]:
    """Everything that was answered, in groups, each row with the way back to it."""
    a = application.answers
    who, ill, home, aid = a["identity"], a["illness"], a["household"], a["aid"]
    applicant = a["applicant"]

    def url(name: str) -> str:
        return step_url(application, name) + "?return=check"

    birth = date.fromisoformat(who["birth_date"])
    sex = {"1": _("男"), "2": _("女")}.get(who["sex"], "")
    age = forms.age_on(birth, timezone.localdate())
    relation = forms.relation_name(applicant["relation"])
    days = [shown(date.fromisoformat(ill[key])) for key in ("admitted_on", "discharged_on") if ill[key]]
    if len(days) == 2 and days[0][:5] == days[1][:5]:
        days[1] = days[1][5:]  # 2026年6月18日至10月11日
    hardship = dict(forms.HouseholdForm.base_fields["hardship"].choices)  # type: ignore[attr-defined]
    papers = services.papers(application)
    missing = [str(DocumentKind(k).label) for k in WANTED if k not in {paper.kind for paper in papers}]
    papers_text = _("%(count)d 张已交") % {"count": len(papers)}
    if missing:
        papers_text += _("，还缺：%(missing)s。\n可以先提交，再补。") % {"missing": _("、").join(missing)}
    said = services.live_consents(application.pk, decided=None)
    yes = sum(row.decision for row in said)
    groups: list[tuple[str, list[dict[str, Any]]]] = [
        (
            _("病人和申请人"),
            [
                {
                    "label": _("病人"),
                    "value": _("%(name)s，%(sex)s，%(age)d 岁")
                    % {"name": masking.name(who["name"]), "sex": sex, "age": age},
                    "url": url("identity"),
                },
                {
                    "label": _("身份证号"),
                    "value": masking.id_number(who["id_number"]) if who["id_number"] else _("还没有"),
                    "masked": bool(who["id_number"]),
                    "url": url("identity"),
                },
                {
                    "label": _("户口"),
                    "value": who["household_place"] or lookups.place_name(who["household_area"]),
                    "url": url("identity"),
                },
                {
                    "label": _("申请人"),
                    "value": _("本人")
                    if applicant["relation"] == "self"
                    else f"{masking.name(applicant['name'])}{_('，')}{relation}",
                    "url": url("applicant"),
                },
                {
                    "label": _("电话"),
                    "value": masking.phone(applicant["phone"]),
                    "masked": True,
                    "url": url("applicant"),
                },
            ],
        ),
        (
            _("病和医院"),
            [
                {
                    "label": _("病"),
                    "value": _("，").join(filter(None, [ill["name"], ill["stage"]])),
                    "url": url("illness"),
                },
                {
                    "label": _("医院"),
                    "value": "\n".join(filter(None, [ill["hospital"], _("至").join(days)])),
                    "url": url("illness"),
                },
                {
                    "label": _("自己付的钱"),
                    "value": _yuan(ill["own_cost"], _("不清楚")),
                    "url": url("illness"),
                },
            ],
        ),
        (
            _("家里情况"),
            [
                {
                    "label": _("几口人"),
                    "value": _("%(members)d 口，%(earners)d 人有收入")
                    % {"members": home["members"], "earners": home["earners"]},
                    "url": url("household"),
                },
                {
                    "label": _("全家一年收入"),
                    "value": _yuan(home["income_yearly"], ""),
                    "url": url("household"),
                },
                {
                    "label": _("困难证明"),
                    "value": _("、").join(str(hardship.get(key, key)) for key in home["hardship"]),
                    "url": url("household"),
                },
            ],
        ),
        (
            _("别处的帮助"),
            [
                {"label": label, "value": _aid(aid[key]), "url": url("aid")}
                for key, label in (
                    ("campaign", _("众筹")),
                    ("commercial", _("商业保险")),
                    ("charity", _("别的基金、单位")),
                )
            ],
        ),
        (
            _("材料和同意"),
            [
                {"label": _("照片"), "value": papers_text, "url": url("documents")},
                {
                    "label": _("给谁看"),
                    "value": _("同意 %(yes)d 家，不同意 %(no)d 家") % {"yes": yes, "no": len(said) - yes},
                    "url": url("funds"),
                },
            ],
        ),
    ]
    return groups


def _yuan(text: str, unknown: str) -> str:
    return money(Decimal(text)) if text else unknown


def _aid(row: dict[str, Any]) -> str:
    if not row["has"]:
        return _("没有")
    amount = _yuan(row["amount"], "")
    return _("%(name)s，拿到 %(amount)s") % {"name": row["name"], "amount": amount} if amount else row["name"]


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def check(request: Any, pk: int) -> HttpResponse:
    """Check the answers; hand in. A second press of the button ends on the same status page."""
    application = mine_or_404(request, pk, lock=request.method == "POST")
    if application.state != Application.State.DRAFT:
        return redirect("applications:status", pk)
    away = skipped(application, "check")
    if away:
        return away
    waiting = services.undecided(application)
    if waiting:
        return redirect("applications:consent", pk, waiting[0])
    form = forms.SubmitForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        services.submit(request.actor, pk)
        return redirect("applications:status", pk)
    none = not services.live_consents(application.pk)
    context = bar(application, "check", form=form, groups=summary(application), nobody=none)
    chosen = (application.answers or {}).get("funds") or []
    if chosen:
        context["back_url"] = reverse("applications:consent", args=[pk, chosen[-1]])
    return render(request, "applications/check.html", context, status=400 if form.errors else 200)

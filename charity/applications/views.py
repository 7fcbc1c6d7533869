"""The family's pages up to handing in: start, own applications, the eight steps, consents, check, submit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import record
from charity.funds.models import Fund
from consent import services as consents
from consent.models import Category
from scope import permission
from vault import masking
from web.formats import date_patient, money

from . import forms, lookups, services, steps
from .documents import UploadRefusedError, too_big
from .fields import shown
from .models import Application, Document, DocumentKind
from .uploads import in_memory


def mine_or_404(request: Any, application_id: int, *, lock: bool = False) -> Application:
    application = services.own(request.actor, application_id, lock=lock)
    if application is None:
        raise Http404
    return application


def draft_or_redirect(request: Any, application_id: int) -> tuple[Application, HttpResponse | None]:
    """The draft; of one that was handed in, the way to its status page."""
    application = mine_or_404(request, application_id, lock=request.method == "POST")
    if application.state != Application.State.DRAFT:
        messages.info(request, _("这份申请已经交了，不能再改。"))
        return application, redirect("applications:status", application.pk)
    return application, None


def step_url(application: Application, name: str) -> str:
    if name in {"documents", "funds", "check"}:
        return reverse(f"applications:{name}", args=[application.pk])
    return reverse("applications:step", args=[application.pk, name])


def bar(application: Application, name: str, **more: Any) -> dict[str, Any]:
    """What every step's page knows: back link, step bar, whom it speaks of."""
    before = steps.before(name)
    step = steps.BY_NAME[name]
    return {
        "application": application,
        "back_url": step_url(application, before) if before else reverse("applications:mine"),
        "step": step.number,
        "steps": steps.STEPS,
        "step_title": str(step.title),
        "step_name": name,
        "patient": steps.patient_word(application.answers or {}),
        **more,
    }


def skipped(application: Application, name: str) -> HttpResponse | None:
    """Nobody jumps ahead by address: the first page that is still open instead."""
    if steps.may_open(name, application.answers or {}):
        return None
    return redirect(step_url(application, steps.first_open(application.answers or {})))


@permission("public")
@require_safe
def start(request: Any) -> HttpResponse:
    drafts = submitted = False
    signed_in = request.actor.kind == "patient"
    if signed_in:
        states = set(
            Application.objects.filter(account_id=request.actor.account_id).values_list("state", flat=True)
        )
        drafts, submitted = "draft" in states, bool(states - {"draft"})
    context = {"drafts": drafts, "submitted": submitted, "signed_in": signed_in}
    return render(request, "applications/start.html", context)


@permission("public")
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "applications/help.html", {"back_url": reverse("applications:start")})


@permission("patient")
@never_cache
@require_safe
def mine(request: Any) -> HttpResponse:
    rows = Application.objects.filter(account_id=request.actor.account_id).order_by("-pk")
    cards = [
        {
            "application": row,
            "who": _card_name(row),
            "step": steps.BY_NAME[row.step].title if row.step in steps.BY_NAME else "",
            "number": steps.BY_NAME[row.step].number if row.step in steps.BY_NAME else 1,
            "url": step_url(row, steps.first_open(row.answers or {}))
            if row.state == Application.State.DRAFT
            else reverse("applications:status", args=[row.pk]),
        }
        for row in rows
    ]
    return render(request, "applications/mine.html", {"cards": cards})


def _card_name(row: Application) -> str:
    name = ((row.answers or {}).get("identity") or {}).get("name", "")
    return masking.name(name) if name else _("还没填姓名")


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    """A POST makes the draft; a GET (after signing in) writes nothing: it goes to an empty draft or shows the button.

    An empty draft is taken up again instead of a second one.
    """
    empty = Application.objects.filter(
        account_id=request.actor.account_id, state=Application.State.DRAFT, step="who"
    )
    found = next((row for row in empty if not row.answers), None)
    if found is None and request.method == "GET":
        return render(request, "applications/new.html", {"back_url": reverse("applications:mine")})
    if found is None:
        try:
            found = services.start(request.actor)
        except services.ApplicationError as error:
            messages.warning(request, str(error))
            return redirect("applications:mine")
    return redirect(step_url(found, "who"))


@permission("patient")
@never_cache
@require_http_methods(["GET", "POST"])
def delete(request: Any, pk: int) -> HttpResponse:
    application, away = draft_or_redirect(request, pk)
    if away:
        return away
    if request.method == "POST":
        services.delete_draft(request.actor, pk)
        messages.success(request, _("删掉了。"))
        return redirect("applications:mine")
    return render(
        request,
        "applications/delete.html",
        {
            "application": application,
            "who": _card_name(application),
            "back_url": reverse("applications:mine"),
        },
    )


TITLES = {
    "who": lambda a: _("生病的是谁？"),
    "identity": lambda a: _("%(who)s的身份证号") % {"who": steps.patient_word(a)},
    "applicant": lambda a: _("怎么联系您"),
    "illness": lambda a: _("得的什么病，在哪里看的"),
    "household": lambda a: _("家里的情况"),
    "aid": lambda a: _("别处帮过吗"),
}
LEADS = {
    "identity": lambda: _("医保和基金靠这个认人，请照着证件写。"),
    "illness": lambda: _("不确定的可以不填，工作人员会核对。"),
    "household": lambda: _("基金要看家里的难处。大概数就行。"),
    "aid": lambda: _("别处帮过也能申请。写明白，免得重复。"),
}


@permission("patient")
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def step(request: Any, pk: int, name: str) -> HttpResponse:
    """One plain page of the form: show, check, keep, go on (or back to the check page where 改 led here)."""
    found = steps.BY_NAME.get(name)
    if found is None or found.form is None:
        raise Http404
    application, away = draft_or_redirect(request, pk)
    away = away or skipped(application, name)
    if away:
        return away
    answers = application.answers or {}
    extra: dict[str, Any] = {}
    context: dict[str, Any] = {}
    if name == "identity":
        kept = answers.get("identity") or {}
        asked = request.POST.get("without") or request.GET.get("without")
        without = asked == "1" if asked is not None else bool(kept) and not kept.get("id_number")
        extra["without_number"] = context["without_number"] = without
        context["who"] = (answers.get("who") or {}).get("who")
    if name == "applicant":
        kept = answers.get("applicant") or {}
        extra["initial"] = {**kept, "phone": kept.get("phone") or request.patient.phone}
    form = found.form(request.POST if request.method == "POST" else None, answers=answers, **extra)
    checking = (request.POST.get("return") or request.GET.get("return")) == "check"
    if request.method == "POST" and form.is_valid():
        application = services.save_section(request.actor, pk, name, form.answer())
        following = steps.first_open(application.answers) if checking else steps.after(name)
        return redirect(step_url(application, following))
    title = TITLES[name](answers)
    if name == "identity" and extra["without_number"]:
        title = _("%(who)s是谁") % {"who": steps.patient_word(answers)}
    context |= bar(
        application,
        name,
        form=form,
        title=title,
        lead=LEADS[name]() if name in LEADS else "",
        checking=checking,
    )
    if checking:
        context["back_url"] = step_url(application, "check")
    return render(request, "applications/step.html", context, status=400 if form.errors else 200)


# ---- papers ----------------------------------------------------------------------------------------------

WANTED = ("id_card", "household", "diagnosis", "settlement")


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


# ---- funds and consents ----------------------------------------------------------------------------------

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
        chosen = {int(v) for v in request.POST.getlist("fund") if v.isascii() and v.isdigit()} & known
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


# ---- check and hand in -----------------------------------------------------------------------------------


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

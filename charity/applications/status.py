"""What the family reads after handing in: what to do, where it stands, what each fund said, how the money adds up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.models import Entry as AuditEntry
from charity.awards.models import Award, Case, CaseEvent
from consent.models import Consent
from insurance.intake.models import Settlement
from insurance.ledger.models import Entry, Layer, NeedAccount
from web.charts import Part
from web.formats import date_patient, money

from . import services
from .models import Application, DocumentRequest, ReviewRequest

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class FundLine:
    """One fund as the family sees it. `reason`, `clause`: only where it said no."""

    fund: str
    organisation: str
    phone: str
    case_id: int
    badge: str
    word: str
    sentence: str
    reason: str = ""
    clause: str = ""
    may_ask_review: bool = False
    review_asked: bool = False
    review_answer: str = ""


@dataclass(frozen=True)
class Status:
    headline: str
    tasks: list[dict[str, Any]]
    funds: list[FundLine]
    requests: list[DocumentRequest]
    total: Decimal | None = None
    parts: list[Part] = field(default_factory=list)
    open_amount: Decimal | None = None
    waits_for_proof: bool = False
    prove_anew: bool = False
    checks_token: bool = False


OPEN = {Case.State.NEW, Case.State.WAITING_FAMILY, Case.State.PROPOSED, Case.State.APPROVED}


def _why(case: Case) -> tuple[str, str]:
    """The reason of a no and its clause, as staff wrote them (`clause：reason`)."""
    said = CaseEvent.objects.select_related("words").filter(case=case, kind="refused").order_by("-pk").first()
    if said is not None and said.note:
        clause, _sep, reason = said.note.partition("：")
        return (reason, clause) if reason else (clause, "")
    failed: dict[str, Any] = next((row for row in case.criteria or [] if row.get("status") == "failed"), {})
    return failed.get("text", ""), failed.get("clause", "")


def fund_line(case: Case, reviews: dict[int, ReviewRequest], waiting: bool) -> FundLine:
    awards = list(Award.objects.filter(case=case).order_by("pk"))
    paid = sum((a.amount - a.returned for a in awards if a.state == Award.State.PAID), ZERO)
    promised = sum((a.amount for a in awards if a.state == Award.State.APPROVED), ZERO)
    held = sum((a.amount for a in awards if a.state == Award.State.PROPOSED), ZERO)
    reason = clause = ""
    badge, word, sentence = "info", _("在看"), _("正在看您的申请。")
    if case.state == Case.State.PAID or (paid and case.state == Case.State.CLOSED):
        badge, word, sentence = "ok", _("已付款"), _("已资助 %(amount)s。") % {"amount": money(paid)}
    elif case.state == Case.State.APPROVED:
        badge, word = "ok", _("已批准")
        sentence = _("批准了 %(amount)s，正在办付款。") % {"amount": money(promised)}
    elif case.state == Case.State.REFUSED:
        badge, word, sentence = "plain", _("这次没能资助"), _("这个基金这次不能资助。")
        reason, clause = _why(case)
    elif case.state == Case.State.WITHDRAWN:
        badge, word, sentence = "plain", _("已收回"), _("您收回了同意，它看不到您的资料了。")
    elif case.state == Case.State.EXPIRED:
        badge, word = "plain", _("同意到期")
        sentence = _("同意到期了，它看不到您的资料了。想接着办，可以再同意一次。")
    elif case.state == Case.State.CLOSED:
        badge, word, sentence = "plain", _("已结束"), _("这件事已经办完。")
    elif waiting or case.state == Case.State.WAITING_FAMILY:
        badge, word, sentence = "wait", _("等您的材料"), _("等您补材料。")
    elif case.state == Case.State.PROPOSED:
        sentence = _("正在审批，先给您留着 %(amount)s。") % {"amount": money(held)}
    if case.state in OPEN and case.due_on and not waiting:
        sentence += _("%(day)s前答复您。") % {"day": date_patient(case.due_on)}
    request = reviews.get(case.pk)
    decided = case.state in {Case.State.REFUSED, Case.State.APPROVED, Case.State.PAID, Case.State.CLOSED}
    return FundLine(
        fund=case.fund.name,
        organisation=case.organisation.name,
        phone=case.organisation.phone,
        case_id=case.pk,
        badge=badge,
        word=word,
        sentence=sentence,
        reason=reason,
        clause=clause,
        may_ask_review=decided and (request is None or request.answered_at is not None),
        review_asked=request is not None and request.answered_at is None,
        review_answer=(request.answer or "") if request is not None else "",
    )


def of(application: Application) -> Status:
    """Everything the status page says, from the family's own rows (row-level security decides which)."""
    cases = list(
        Case.objects.filter(application_id=application.pk)
        .select_related("fund", "organisation")
        .order_by("pk")
    )
    requests = services.open_requests(application)
    asking = {row.case_id for row in requests}
    reviews = {
        row.case_id: row for row in ReviewRequest.objects.filter(application=application).order_by("pk")
    }
    lines = [fund_line(case, reviews, case.pk in asking) for case in cases]
    proven = application.proof == Application.Proof.PROVEN
    withdrawn = application.state == Application.State.WITHDRAWN
    total, parts, still = _money(application) if proven and not withdrawn else (None, [], None)
    return Status(
        headline=_headline(application, cases, requests),
        tasks=[] if withdrawn else _tasks(application, cases, lines),
        funds=lines,
        requests=requests,
        total=total,
        parts=parts,
        open_amount=still,
        waits_for_proof=not proven and not withdrawn,
        prove_anew=not withdrawn and services.must_prove_anew(application),
        checks_token=not proven and not withdrawn and _checks_token(application),
    )


def _agreed(application: Application) -> str:
    """What stands under the funds' step while no fund has the application on its list yet."""
    count = Consent.objects.filter(
        application_id=application.pk, decision=True, withdrawn_at=None, valid_until__gt=timezone.now()
    ).count()
    if count:
        return _("已同意给 %(count)d 家看，正在核对。") % {"count": count}
    return _("还没有让任何基金看。")


def _checks_token(application: Application) -> bool:
    """A token was typed within the last day and no answer came yet: nothing else is asked for meanwhile."""
    if application.proof_note:
        return False
    return AuditEntry.objects.filter(
        subject=f"application:{application.pk}",
        action="token.redeemed",
        at__gt=timezone.now() - timedelta(days=1),
    ).exists()


def _headline(application: Application, cases: list[Case], requests: list[DocumentRequest]) -> str:
    if application.state == Application.State.WITHDRAWN:
        return _("这份申请已经收回")
    if requests:
        return _("需要您补 %(count)d 张证明") % {"count": len(requests)}
    if application.proof != Application.Proof.PROVEN:
        return _("收到了，正在核对身份")
    if cases and not any(case.state in OPEN for case in cases):
        return _("有结果了")
    if any(case.state == Case.State.APPROVED for case in cases):
        return _("有基金批准了，等付款")
    return _("正在办，您不用做什么")


def _tasks(application: Application, cases: list[Case], lines: list[FundLine]) -> list[dict[str, Any]]:
    proven = application.proof == Application.Proof.PROVEN
    running = [case for case in cases if case.state in OPEN]
    settled = bool(cases) and not running
    paid = any(case.state == Case.State.PAID for case in cases)
    checking = [_("身份核对中。")]
    if proven:
        checking = [_("身份对上了。")]
    looking = [f"{line.fund}{_('：')}{line.sentence}" for line in lines]
    stages = [
        (_("收到申请"), [date_patient(application.submitted_at)], True),
        (_("核对身份和费用"), checking, proven),
        (_("基金审核"), looking or [_agreed(application)], settled),
        (_("告诉您结果"), [_("有结果就发短信，也写在这里。")], settled),
        (_("钱付出去"), [_("由基金直接付，一般付到医院账户，不收手续费。")], settled and paid),
    ]
    tasks, now_set = [], False
    for label, texts, done in stages:
        state = "done" if done else ("next" if now_set else "now")
        now_set = now_set or not done
        tasks.append({"state": state, "label": label, "lines": texts})
    return tasks


def _money(application: Application) -> tuple[Decimal | None, list[Part], Decimal | None]:
    """Who pays what of this illness, from the ledger. Rows of a person whom the account does not represent
    do not come back from the database."""
    need = NeedAccount.objects.filter(pk=application.need_id).first() if application.need_id else None
    if need is None:
        return None, [], None
    bills = Settlement.objects.filter(need_id=need.pk, status=Settlement.Status.ACTIVE)
    total = sum((bill.total_fee for bill in bills), ZERO)
    held: dict[str, Decimal] = {}
    kept: dict[str, Decimal] = {}
    for entry in Entry.objects.filter(need_id=need.pk).exclude(layer=Layer.STATUTORY):
        held[entry.layer] = held.get(entry.layer, ZERO) + entry.d_reserved + entry.d_committed + entry.d_paid
        kept[entry.layer] = kept.get(entry.layer, ZERO) + entry.d_reserved + entry.d_committed
    still = max(ZERO, need.residual - need.reserved - need.committed - need.paid)
    parts = []
    if total > need.residual:
        parts.append(Part(_("医保三项"), total - need.residual, "basic"))
    for layer, label in (
        (Layer.COMMERCIAL, _("商业保险")),
        (Layer.CHARITY, _("慈善")),
        (Layer.CROWDFUNDING, _("众筹")),
    ):
        amount = held.get(layer, ZERO)
        if amount > 0:
            reserve = kept.get(layer, ZERO)
            sub = _("（含已留 %(amount)s）") % {"amount": money(reserve)} if reserve > 0 else ""
            parts.append(Part(label, amount, str(layer), "paid", sub))
    parts.append(Part(_("还没着落"), still, "open", "open"))
    return total or need.residual, parts, still


def due_text(request: DocumentRequest) -> str:
    if request.due_on is None:
        return ""
    days = (request.due_on - timezone.localdate()).days
    if days < 0:
        return _("已经过了 %(day)s，交上来我们照样看。") % {"day": date_patient(request.due_on)}
    return _("请在%(day)s前补上。晚了也可以交。") % {"day": date_patient(request.due_on)}


def submitted_recently(application: Application) -> bool:
    moment = application.submitted_at
    return moment is not None and timezone.now() - moment < timedelta(minutes=5)

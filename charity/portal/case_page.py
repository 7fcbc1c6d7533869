"""Everything that the case page shows, gathered in a fixed number of queries."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import User
from charity.applications.models import Application, Document, DocumentRequest, ReviewRequest
from charity.awards import recoveries
from charity.awards.bills import bills_of
from charity.awards.casework import IDENTITY_PAPERS
from charity.awards.facts import SEALS
from charity.awards.models import Award, Case, CaseEvent
from charity.awards.rules import ROLES, bound_bill, consent_of, limits_of, results_of
from charity.findings import services as findings
from charity.findings import words
from charity.findings.models import Fact, Finding
from consent.models import Category, Consent
from scope import Actor
from vault import masking
from web.charts import Limit, waiting

from . import forms, queue, reveal, verify
from .people import Person, person_of
from .queue import WAITING, day_of
from .waterfall import Payers, payers_of

EVENTS = {
    "opened": lazy("家属提交申请，同意本基金查看"),
    "consent_renewed": lazy("家属重新同意本基金查看"),
    "consent_withdrawn": lazy("患者收回同意"),
    "consent_expired": lazy("同意到期"),
    "proposed": lazy("建议资助 %(amount)s，提交审批"),
    "corrected": lazy("把建议金额改为 %(amount)s"),
    "sent_back": lazy("退回经办，预留的 %(amount)s 已释放"),
    "approved": lazy("批准 %(amount)s"),
    "refused": lazy("不予资助"),
    "cancelled": lazy("取消已批准的 %(amount)s"),
    "paid": lazy("付款 %(amount)s"),
    "returned": lazy("收到退回的 %(amount)s"),
    "hold_expired": lazy("预留到期，%(amount)s 自动释放"),
    "document_requested": lazy("请家属补材料"),
    "reminded": lazy("又催了一次家属补材料"),
    "document_accepted": lazy("核对材料"),
    "document_rejected": lazy("退回材料"),
    "identity_checked": lazy("核对了身份证件"),
    "fact_found": lazy("核实了"),
    "fact_not_found": lazy("没能核实"),
    "fact_withdrawn": lazy("撤回了核实"),
    "returned_proposed": lazy("登记追回 %(amount)s，等另一个人确认"),
    "written_off_proposed": lazy("提出不再追回 %(amount)s，等另一个人确认"),
    "written_off": lazy("同意不再追回 %(amount)s"),
    "recovery_declined": lazy("没有同意登记的 %(amount)s"),
    "recovery_void": lazy("登记的 %(amount)s 没有办成：已经不用追了"),
    "assigned": lazy("转给同事经办"),
    "revealed": lazy("看了完整信息"),
    "reviewed": lazy("答复家属的复核"),
}
# what may happen several times in a row without meaning anything new
REPEATED = {
    "document_requested",
    "reminded",
    "document_accepted",
    "document_rejected",
    "fact_found",
    "fact_not_found",
    "assigned",
    "revealed",
}
SHOWN = 15  # lines of the history; the older ones are folded
# five digits or more, however they are grouped
NUMBER = re.compile(r"\d(?:[\s.·\-－—]{0,3}\d){4,}")
SEAL_WORDS = {
    "hospital": lazy("医院公章"),
    "medical_affairs": lazy("医务处章"),
    "department": lazy("科室章"),
    "office": lazy("出具单位公章"),
}


def yuan(amount: Decimal | None) -> str:
    return "" if amount is None else f"¥{amount:,.2f}"


def gather(actor: Actor, case: Case, query: str) -> dict[str, Any]:
    """The context of portal/case.html without forms."""
    consent = consent_of(case)
    application = Application.objects.filter(pk=case.application_id).first() if consent else None
    person = person_of(application) if application else None
    if person and consent and Category.HOUSEHOLD not in consent.categories:
        person = replace(person, household={})
    award = (
        Award.objects.filter(case=case)
        .select_related("proposed_by", "approved_by", "paid_by")
        .order_by("-pk")
        .first()
    )
    payers = payers_of(case, consent) if person else None
    papers = _papers(case, actor) if person else []
    asked = list(DocumentRequest.objects.filter(case_id=case.pk, closed_at=None)) if person else []
    limits = limits_of(case) if person else []
    rule = verify.rule_of(case)
    checks = findings.findings_of(case) if person else []
    review = ReviewRequest.objects.filter(case_id=case.pk, answered_at=None).first() if person else None
    events = list(CaseEvent.objects.select_related("words").filter(case=case).order_by("-id"))
    timeline = _timeline(events, consent is not None)
    claims = recoveries.of_case(actor, case)
    wait = waiting(day_of(case, case.fund.decision_days), case.fund.decision_days)
    context: dict[str, Any] = {
        "case": case,
        "person": person,
        "consent": consent,
        "award": award,
        "payers": payers,
        "papers": papers,
        "asked": asked,
        "review": review,
        "limits": [
            Limit(limit.label + (f"（{limit.clause}）" if limit.clause else ""), limit.amount)
            for limit in limits
        ],
        "limit": limits[0].amount if limits else None,
        "criteria": _criteria(actor, case, rule, checks, {one["row"].kind for one in papers})
        if person
        else [],
        "checks": words.lines(checks, rule.procedures),
        "checkable": verify.facts_of(case, rule),
        "committee": _committee(case, rule, checks) if person else None,
        "bills": _bills(actor, case) if person else None,
        "claims": claims,
        "claim": recoveries.current(claims),
        "timeline": timeline[:SHOWN],
        "earlier": timeline[SHOWN:],
        "events": len(events),
        "figures": _figures(case, person, payers),
        "alerts": _alerts(case, person, payers, consent, claims) if person else [],
        "waiting": wait,
        "waiting_text": wait.text.removeprefix("! "),
        "is_open": case.state in WAITING,
        "payee_masked": _payee(award, actor, consent is not None) if award else "",
        "ended": queue.ended([case]).get(case.pk, ""),
        "accepted_papers": sum(1 for paper in papers if paper["state"] == "accepted"),
        "may_check": bool(ROLES["check"] & actor.roles)
        and case.state in {"new", "waiting_family", "proposed", "approved"},
        "seals": [(key, SEAL_WORDS[key]) for key in SEAL_WORDS if key in SEALS],
        "counts_as": _other_kinds(case),
    }
    return context


def _payee(award: Award, actor: Actor, consented: bool) -> str:
    """Who approves or pays reads the account's name, or a changed payee would pass unseen; digits stay masked.
    After the consent the database still gives it to the payer of an approved award; then the name is masked too."""
    text = award.payee.strip()
    names = consented and bool({"approver", "payer"} & actor.roles)
    found = NUMBER.search(text)
    digits = "".join(character for character in found.group() if character.isdigit()) if found else ""
    if not text:
        return ""
    if not names:
        return masking.account(digits) if len(digits) >= 12 else masking.name(text.split(" ")[0])
    # any other number in the text (a bank's branch, a second account) is hidden as well
    rest = NUMBER.sub(" ", text).strip(" ,，:：;；、()（）")
    return " ".join(
        part for part in (" ".join(rest.split()), masking.account(digits) if digits else "") if part
    )


def _other_kinds(case: Case) -> list[tuple[str, str]]:
    documents = (case.rule.rule.get("documents") or []) if case.rule else []
    return [(one["kind"], one["name"]) for one in documents]


def _papers(case: Case, actor: Actor) -> list[dict[str, Any]]:
    rows = (
        Document.objects.filter(application_id=case.application_id)
        .exclude(state="removed")
        .defer("content")
        .order_by("kind", "id")
    )
    # only where the rule asks for a seal is one asked about: nobody stamps an ID card
    sealed = {
        one["kind"]
        for one in (case.rule.rule.get("documents") or [] if case.rule else [])
        if one.get("seals")
    }
    found = []
    for row in rows:
        seal = row.seal if row.state == "accepted" else ""
        badge = {
            "new": ("unknown", _("还没核对")),
            "accepted": ("ok", _("已核对") + (f" · {SEAL_WORDS[seal]}" if seal else "")),
            "rejected": ("bad", _("已退回")),
        }.get(row.state, ("plain", row.state))
        found.append(
            {
                "row": row,
                "state": row.state,
                "label": row.get_kind_display(),
                "badge": badge,
                "reason": row.reason if row.state == "rejected" else "",
                "identity": row.kind in IDENTITY_PAPERS
                and row.state == "accepted"
                and case.person_id is None,
                "other": row.kind == "other",
                "sealable": row.kind in sealed or (row.kind == "other" and bool(sealed)),
            }
        )
    return found


def _committee(case: Case, rule: verify.Rule, checks: list[Finding]) -> dict[str, Any] | None:
    """The committee's step, where the rule has one: its decision as it stands."""
    if Fact.COMMITTEE not in verify.facts_of(case, rule):
        return None
    line = next((one for one in words.lines(checks, rule.procedures) if one.fact == Fact.COMMITTEE), None)
    return {"line": line, "url": verify.url(case, Fact.COMMITTEE)}


def _bills(actor: Actor, case: Case) -> dict[str, Any] | None:
    """The single bills, where the rule looks at one: what is open on each, and which one is meant."""
    if not findings.bill_scope(case) or case.need_id is None:
        return None
    url = verify.url(case, Fact.BILL) if verify.may(actor, case, Fact.BILL) else ""
    return {"rows": bills_of(case), "chosen": bound_bill(case), "url": url}


def _criteria(
    actor: Actor, case: Case, rule: verify.Rule, checks: list[Finding], papers: set[str]
) -> list[dict[str, Any]]:
    words = {"unknown": 0, "failed": 1, "met": 2}
    rows = []
    for one in sorted(results_of(case), key=lambda entry: words.get(entry["status"], 3)):
        row = {
            "verdict": one["status"],
            "label": one["text"] or one["required"],
            "clause": one["clause"],
            "value": one["actual"],
        }
        if one["status"] == "unknown":
            missing = _("缺：%(missing)s。") % {"missing": one["missing"]} if one["missing"] else ""
            row["missing"] = missing + (f"{one['action']}。" if one["action"] else "")
            if link := verify.link_for(case, one["id"], rule, checks, actor, papers):
                row["action_url"], row["action"] = link
        elif one.get("source"):
            row["value"] = f"{one['actual']}（{one['source']}）" if one["actual"] else one["source"]
        rows.append(row)
    return rows


def _timeline(events: list[CaseEvent], with_notes: bool) -> list[dict[str, Any]]:
    """Newest first. What one person did several times on one day, with no decision in between, is one line."""
    users = dict(
        User.objects.filter(pk__in={event.user_id for event in events if event.user_id}).values_list(
            "pk", "display_name"
        )
    )
    runs: list[list[CaseEvent]] = []
    open_runs: dict[tuple[Any, ...], list[CaseEvent]] = {}
    for event in events:
        key = (event.kind, event.user_id, timezone.localdate(event.created_at))
        if event.kind not in REPEATED:
            open_runs.clear()
            runs.append([event])
        elif key in open_runs:
            open_runs[key].append(event)
        else:
            open_runs[key] = [event]
            runs.append(open_runs[key])
    items = []
    for run in runs:
        event = run[0]
        text = str(EVENTS.get(event.kind, event.kind))
        text = text % {"amount": yuan(event.amount)} if "%(amount)s" in text else text
        if len(run) > 1:
            text = _("%(what)s %(n)d 次") % {"what": text, "n": len(run)}
        if with_notes:
            notes = dict.fromkeys(_note(one).removeprefix("：") for one in reversed(run) if one.note)
            said = "；".join(note for note in notes if note)
            text += f"：{said}" if said else ""
        items.append(
            {
                "at": event.created_at,
                "who": users.get(event.user_id or 0, ""),  # a colleague: the history is the house's own
                "text": text,
            }
        )
    return items


def _note(event: CaseEvent) -> str:
    note = event.note or ""
    if event.kind == "revealed":
        reason, _dot, text = note.partition("：")
        label = str(reveal.REASONS.get(reason, "")).partition("（")[0]
        return f"：{label}" + (f"，{text}" if text else "")
    return f"：{note}"


def _figures(case: Case, person: Person | None, payers: Payers | None) -> list[dict[str, Any]]:
    if person is None:
        return []
    items: list[dict[str, Any]] = []
    if payers is None:
        items.append({"label": _("还没着落"), "value": "—", "sub": _("核对身份后才能看到医保结算")})
        items.append({"label": _("别人已付或已答应"), "value": "—", "sub": ""})
        items.append({"label": _("个人负担 ÷ 家庭年收入"), "value": "—", "sub": ""})
    else:
        position = payers.position
        share = payers.open / position.residual * 100 if position.residual else Decimal(0)
        items.append(
            {
                "label": _("还没着落"),
                "value": yuan(payers.open),
                "sub": _("个人负担 %(amount)s 的 %(share)d%%")
                % {"amount": yuan(position.residual), "share": int(share)},
                "open": payers.open > 0,
            }
        )
        words = {"commercial": _("商保"), "charity": _("慈善"), "crowdfunding": _("个人求助")}
        names = "、".join(
            _("%(kind)s %(count)d 笔") % {"kind": words[kind], "count": count}
            for kind, count in payers.kinds.items()
            if kind in words
        )
        items.append(
            {"label": _("别人已付或已答应"), "value": yuan(payers.others), "sub": names or _("还没有")}
        )
        income = _decimal(person.household.get("income_yearly"))
        if income and income > 0:
            value, sub = (
                f"{int(position.residual / income * 100)}%",
                _("收入是家属填的；40%% 以上属灾难性支出") % {},
            )
        else:
            value, sub = "—", _("家属没有填收入")
        items.append({"label": _("个人负担 ÷ 家庭年收入"), "value": value, "sub": sub})
    parts = [_("%(count)d 项符合") % {"count": case.met}]
    if case.unknown:
        parts.append(_("%(count)d 项待核实") % {"count": case.unknown})
    if case.failed:
        sub = _("%(count)d 项不符合") % {"count": case.failed}
    else:
        sub = _("没有不符合项")
    items.append({"label": _("本基金规则"), "value": " · ".join(parts), "sub": sub})
    return items


def _decimal(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text)) if text not in (None, "") else None
    except ArithmeticError:
        return None


def _alerts(
    case: Case,
    person: Person,
    payers: Payers | None,
    consent: Consent | None,
    claims: list[recoveries.Claim],
) -> list[tuple[str, str, str]]:
    """Kind of badge, its word, text. Hints only: none of them decides."""
    found = []
    if case.person_id is None:
        found.append(
            ("unknown", _("待核"), _("身份还没有核对。核对身份证或户口本，或等家属用医保发的核对码。"))
        )
    told = _decimal(person.told_cost)
    if (
        payers
        and told
        and abs(told - payers.position.residual) > max(payers.position.residual / 10, Decimal(1000))
    ):
        found.append(
            (
                "wait",
                _("中"),
                _("家属填的自付 %(told)s，与医保结算的个人负担 %(real)s 差得多，以医保为准。")
                % {"told": yuan(told), "real": yuan(payers.position.residual)},
            )
        )
    if payers and payers.position.excess > 0:
        text = _("各方资助合计已超过个人负担 %(amount)s，正在追回。")
        kind, weight = "alert", _("高")
        if claims and all(claim.state != "open" for claim in claims):
            text = _("各方资助合计已超过个人负担 %(amount)s，已决定不再追回。")
            kind, weight = "info", _("低")
        found.append((kind, weight, text % {"amount": yuan(payers.position.excess)}))
    if person.age is not None and person.age == 13:
        found.append(("info", _("低"), _("患者快满 14 岁，届时要重新授权。")))
    if consent and (consent.valid_until - timezone.now()).days < 30:
        found.append(("wait", _("中"), _("同意书 30 天内到期，需要家属续签。")))
    return found


def decision_forms(actor: Actor, context: dict[str, Any]) -> dict[str, Any]:
    """The forms that this actor may use on this case now, unbound."""
    case, award, limit = context["case"], context["award"], context["limit"]
    found: dict[str, Any] = _recovery_forms(actor, context["claim"])
    if context["person"] is None and case.state != Case.State.APPROVED:
        return found
    roles = actor.roles
    mine = award is not None and award.proposed_by_id == actor.user_id
    if (
        case.state in {"new", "waiting_family"}
        and "case_worker" in roles
        and limit is not None
        and not results_of(case, "failed")
    ):
        found["propose"] = forms.ProposeForm(
            limit=limit,
            unknown=results_of(case, "unknown"),
            initial={"amount": min(limit, case.offer) or None},
        )
    if case.state == "proposed" and mine and "case_worker" in roles:
        found["correct"] = forms.CorrectForm(limit=limit, initial={"amount": award.amount})
    if "approver" in roles and case.state == "proposed" and not mine:
        found["decide"] = forms.DecideForm(
            choices=[
                ("approve", _("批准 %(amount)s") % {"amount": yuan(award.amount)}),
                ("send_back", _("退回经办，先补材料")),
                ("refuse", _("不予资助")),
            ],
            initial={"amount": award.amount},
        )
    if "approver" in roles and case.state in {"new", "waiting_family"}:
        found["decide"] = forms.DecideForm(choices=[("refuse", _("不予资助"))], initial={"verdict": "refuse"})
    if case.state == "approved" and "payer" in roles:
        found["pay"] = forms.PayForm()
    if case.state == "approved" and roles & ROLES["cancel"]:
        found["cancel"] = forms.CancelForm()
    if case.state == "paid" and award is not None and "payer" in roles and context["claim"] is None:
        found["return"] = forms.ReturnForm(limit=award.amount - award.returned)
    if context["review"] is not None and "approver" in roles:
        found["review"] = forms.ReviewForm()
    if context["may_check"] and context["person"] is not None:
        found["request"] = forms.RequestForm()
    return found


def _recovery_forms(actor: Actor, claim: recoveries.Claim | None) -> dict[str, Any]:
    """What this actor may do about the money that is asked back now; numbers alone, so with or without a consent."""
    if claim is None:
        return {}
    if claim.pending is not None:
        mine = claim.pending.proposed_by_id == actor.user_id
        waits = claim.pending.state == "proposed"
        return (
            {"confirm": forms.ConfirmForm()}
            if waits and (mine or actor.roles & ROLES["recovery_confirm"])
            else {}
        )
    if not actor.roles & ROLES["recover"] or claim.left <= 0:
        return {}
    found: dict[str, Any] = {
        "repaid": forms.RepaidForm(limit=claim.left, initial={"amount": min(claim.amount, claim.left)})
    }
    if claim.most_off > 0:
        found["write_off"] = forms.WriteOffForm(limit=claim.most_off, initial={"amount": claim.most_off})
    return found

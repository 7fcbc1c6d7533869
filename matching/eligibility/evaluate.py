"""Does this person meet this fund's rule, why, and how much could it give?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from matching.allocation import Bound, Offer, bounded_offer, floor_fen

from .criteria import look, own_awards
from .facts import Facts, Known, PriorAward, Unknown
from .outcome import FAILED, MET, UNKNOWN, Outcome, judge, unknown
from .residual import Measured, describe, measure
from .rule import Case, Grant, RequiredDocument, Rule
from .text import join
from .text import mark as _

SEALS = {
    "hospital": _("医院公章"),
    "medical_affairs": _("医务处章"),
    "department": _("科室章"),
    "office": _("出具单位公章"),
}
CAP_NAMES = {"award": _("每次封顶"), "year": _("每年封顶"), "life": _("一生封顶")}


@dataclass(frozen=True)
class CriterionResult:
    """One criterion. `status` met | failed | unknown; `actual` against `required`; `clause` of the rule.

    For unknown: `missing` and the one `action` that helps, and `tentative`, what it would be (met | failed)
    if what was stated but not checked holds, or None. `actual` is personal data: show, never log.
    """

    id: str
    status: str
    actual: str
    required: str
    clause: str
    text: str
    missing: str = ""
    action: str = ""
    tentative: str | None = None
    source: str = ""


@dataclass(frozen=True)
class Evaluation:
    """`verdict` eligible | ineligible | undetermined. `offer` None when ineligible.

    `rule_digest` and `on` say which rule and day it stands for; the same input gives the same evaluation.
    """

    verdict: str
    results: tuple[CriterionResult, ...]
    offer: Offer | None
    rule_digest: str
    on: date

    def with_status(self, status: str) -> tuple[CriterionResult, ...]:
        """The results of one status."""
        return tuple(result for result in self.results if result.status == status)

    def to_data(self) -> dict[str, Any]:
        """JSON-ready. It holds personal data (`actual`): keep it in an encrypted field."""
        offer = self.offer
        return {
            "verdict": self.verdict,
            "on": self.on.isoformat(),
            "rule": self.rule_digest,
            "results": [{k: None if v is None else str(v) for k, v in vars(r).items()} for r in self.results],
            "offer": None
            if offer is None
            else {
                "amount": None if offer.amount is None else str(offer.amount),
                "ceiling": None if offer.ceiling is None else str(offer.ceiling),
                "binding": list(offer.binding),
                "unknown": list(offer.unknown),
                "bounds": [
                    {
                        "name": b.name,
                        "label": str(b.label),
                        "amount": None if b.amount is None else str(b.amount),
                        "clause": b.clause,
                    }
                    for b in offer.bounds
                ],
            },
        }


def evaluate(rule: Rule, facts: Facts, on: date) -> Evaluation:
    """Every criterion and document of the rule against the facts, and the bounded grant.

    `on`: the day of the evaluation, Asia/Shanghai. Ineligible needs one criterion that failed on verified
    facts; anything that could not be verified leaves the verdict undetermined.
    """
    results = [
        _result(criterion.id, criterion.clause, criterion.text, look(criterion, rule, facts, on))
        for criterion in rule.criteria
    ]
    for document in rule.documents:
        outcome = _document(document, rule, facts, on)
        results.append(_result(f"document.{document.kind}", document.clause, document.text, outcome))
    statuses = {result.status for result in results}
    verdict = "ineligible" if FAILED in statuses else "undetermined" if UNKNOWN in statuses else "eligible"
    offer = None if verdict == "ineligible" else offer_for(rule, facts, on)
    return Evaluation(verdict, tuple(results), offer, rule.digest, on)


def _result(id: str, clause: str, text: str, outcome: Outcome) -> CriterionResult:
    return CriterionResult(
        id=id,
        status=outcome.status,
        actual=outcome.actual,
        required=outcome.required,
        clause=clause,
        text=text,
        missing=outcome.missing if outcome.status == UNKNOWN else "",
        action=outcome.action if outcome.status == UNKNOWN else "",
        tentative=outcome.tentative,
        source=outcome.source,
    )


def _document(document: RequiredDocument, rule: Rule, facts: Facts, on: date) -> Outcome:
    """A document is met or still missing, never a reason to refuse."""
    required: str = document.name
    if document.seals:
        seals = join([SEALS[s] for s in document.seals], "或")
        required = _("%(name)s，盖%(seals)s", name=document.name, seals=seals)
    if document.when is not None:
        needed = look(document.when, rule, facts, on)
        if needed.status == FAILED:
            return Outcome(MET, MET, _("这次不需要"), required)
        if needed.status == UNKNOWN:
            missing = _(
                "先核实“%(what)s”（%(missing)s）。不是的话，这份不用交",
                what=needed.required,
                missing=needed.missing,
            )
            return replace(needed, required=required, actual="", tentative=None, missing=missing)
    ask = _("请患者补交%(name)s", name=document.name)
    fact = facts.documents
    if isinstance(fact, Unknown):
        return unknown(fact, required, _("还没有%(name)s", name=document.name), ask)
    handed = [d for d in fact.value if d.kind == document.kind]
    if not handed:
        return unknown(None, required, _("还没有%(name)s", name=document.name), ask)
    best = Outcome(UNKNOWN, None)
    for one in handed:
        actual = _("已交，盖%(seal)s", seal=SEALS[one.seal]) if one.seal in SEALS else _("已交")
        if document.seals and one.seal not in document.seals:
            missing = _("还缺%(seals)s", seals=join([SEALS[s] for s in document.seals], "或"))
            action = (
                _("请到医院医务处补盖，再拍照") if "hospital" in document.seals else _("请补盖章，再拍照")
            )
            best = unknown(None, required, missing, action, actual=actual)
            continue
        stale = _stale(document, facts, one.issued_on)
        if stale:
            best = unknown(None, required, stale, _("请换一份新开的"), actual=actual)
            continue
        if one.checked:
            return judge(True, actual, required, Known(True, fact.source, verified=True))
        best = unknown(
            None, required, _("已交，还没有核对"), _("请工作人员核对原件"), actual=actual, says=MET
        )
    return best


def _stale(document: RequiredDocument, facts: Facts, issued: date | None) -> str:
    if document.max_age_days is None:
        return ""
    if issued is None:
        return _("没有写开具日期")
    if isinstance(facts.applied_on, Unknown):
        return _("还不知道申请日期")
    if issued < facts.applied_on.value - timedelta(days=document.max_age_days):
        return _("开具已超过 %(days)s 天", days=document.max_age_days)
    return ""


def offer_for(rule: Rule, facts: Facts, on: date) -> Offer:
    """The least of grant, caps, residual, open remainder and budget, whatever the verdict is.

    `residual` is the rule's own base; `open` is what the ledger still holds open for the person.
    """
    prior = facts.prior_awards
    own = own_awards(rule, prior.value) if isinstance(prior, Known) else []
    told = isinstance(prior, Known) and prior.verified
    bounds = _grant_bounds(rule, facts, on, own, told)
    for cap in rule.caps:
        cap_label = CAP_NAMES[cap.per]
        counted = [
            a for a in own if cap.per == "life" or (cap.per == "year" and a.awarded_on.year == on.year)
        ]
        certain = told or cap.per == "award"
        bounds.append(Bound(f"cap_{cap.per}", cap_label, cap.amount - _total(counted), cap.clause, certain))
    measured = measure(rule.residual, facts)
    label: str = describe(rule.residual)
    if isinstance(measured, Measured):
        certain = measured.verified and measured.exact is not None
        bounds.append(Bound("residual", label, measured.most, rule.residual.clause, certain))
    else:
        bounds.append(Bound("residual", label, None, rule.residual.clause))
    for name, words, fact in (
        ("open", _("还没着落的余额"), facts.open_remainder),
        ("fund_available", _("基金可用"), facts.fund_available),
    ):
        if isinstance(fact, Known):
            bounds.append(Bound(name, words, fact.value, certain=fact.verified))
        else:
            bounds.append(Bound(name, words, None))
    return bounded_offer(bounds)


def _total(awards: list[PriorAward]) -> Decimal:
    return sum((award.amount for award in awards), Decimal("0.00"))


def _grant_bounds(rule: Rule, facts: Facts, on: date, own: list[PriorAward], told: bool) -> list[Bound]:
    grant = rule.grant
    gross, least = _gross(rule, facts, on)
    certain = gross is not None and least == gross
    label = {
        "flat": _("规则金额"),
        "cases": _("规则金额"),
        "brackets": _("规则档位"),
        "percent": _("规则比例"),
        "committee": _("评审会最高额"),
    }[grant.kind]
    bounds = [Bound("grant", label, gross, grant.clause, certain, least)]
    if grant.less_prior and gross is not None:
        left = gross - _total(own)
        least_left = None if least is None or not told else least - _total(own)
        words = _("扣除以前的资助")
        bounds.append(Bound("prior_grant", words, left, grant.clause, certain and told, least_left))
    decided = facts.committee
    if isinstance(decided, Known) and decided.value.amount is not None:
        amount = decided.value.amount
        bounds.append(Bound("committee", _("评审会金额"), amount, certain=decided.verified))
    elif grant.kind == "committee":
        bounds.append(Bound("committee", _("评审会金额"), None))
    return bounds


def _gross(rule: Rule, facts: Facts, on: date) -> tuple[Decimal | None, Decimal | None]:
    """The most and the least that the grant can be before deductions; equal when it is certain."""
    grant = rule.grant
    if grant.kind == "flat":
        return grant.amount, grant.amount
    if grant.kind == "committee":
        return grant.max, grant.max
    if grant.kind == "cases":
        possible = _possible_cases(grant.cases, rule, facts, on)
        return max(possible), min(possible)
    measured = measure(rule.residual, facts)
    if not isinstance(measured, Measured):
        return _largest(grant), None
    amount = _amount_at(grant, measured.most)
    return amount, amount if measured.verified and measured.exact is not None else None


def _possible_cases(cases: tuple[Case, ...], rule: Rule, facts: Facts, on: date) -> list[Decimal]:
    possible = []
    for case in cases:
        status = MET if case.when is None else look(case.when, rule, facts, on).status
        if status != FAILED:
            possible.append(case.amount)
        if status == MET:
            break
    return possible


def _share(
    percent: Decimal | None, amount: Decimal | None, limit: Decimal | None, residual: Decimal
) -> Decimal:
    if amount is not None:
        return amount
    part = floor_fen(residual * (percent or Decimal(0)))
    return part if limit is None else min(part, limit)


def _amount_at(grant: Grant, residual: Decimal) -> Decimal:
    """What the grant gives at this residual, in yuan; 0.00 outside every bracket."""
    if grant.kind == "percent":
        return _share(grant.percent, None, grant.max, residual)
    for bracket in grant.brackets:
        if bracket.holds(residual):
            return _share(bracket.percent, bracket.amount, bracket.max, residual)
    return Decimal("0.00")


def _largest(grant: Grant) -> Decimal | None:
    """The most the grant can give at any residual; None without a limit."""
    if grant.kind == "percent":
        return grant.max
    ends = [b.amount if b.amount is not None else b.max for b in grant.brackets]
    return None if any(end is None for end in ends) else max(end for end in ends if end is not None)

"""What the pages of checking show: which facts the fund's rule asks, what the family wrote, what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from charity.awards.models import Case
from charity.awards.rules import CASE_STEPS, ROLES, results_of
from charity.findings import services, words
from charity.findings.models import CATEGORY, Fact, Finding
from matching import eligibility
from scope import Actor

IDENTITY = {"birth_date", "sex"}


@dataclass(frozen=True)
class Rule:
    """What the case's rule asks: result id → facts; procedures by key."""

    asks: dict[str, tuple[str, ...]]
    procedures: dict[str, str]


def rule_of(case: Case) -> Rule:
    if case.rule is None:
        return Rule({}, {})
    rule = eligibility.parse_rule(case.rule.rule)
    return Rule(
        eligibility.asked_by_rule(rule), {k: str(v) for k, v in eligibility.procedures_asked(rule).items()}
    )


def step_of(fact: str) -> str:
    """The step in charity.awards.rules that recording this fact is."""
    return "committee" if fact == Fact.COMMITTEE else "bill" if fact == Fact.BILL else "check"


def may(actor: Actor, case: Case, fact: str) -> bool:
    """Whether this member may record this fact on the case as it stands."""
    step = step_of(fact)
    return bool(ROLES[step] & actor.roles) and case.state in CASE_STEPS[step][0]


def facts_of(case: Case, rule: Rule) -> list[str]:
    """The facts that the rule asks and that staff can check, in the order of Fact."""
    asked = {fact for facts in rule.asks.values() for fact in facts}
    if services.bill_scope(case):
        asked.add(Fact.BILL)
    return [str(fact) for fact in Fact if fact in asked]


def url(case: Case, fact: str) -> str:
    return reverse("portal:verify_fact", args=[case.pk, fact])


def link_for(
    case: Case, result_id: str, rule: Rule, rows: list[Finding], actor: Actor, papers: set[str]
) -> tuple[str, str] | None:
    """Where staff settle an unknown criterion: address and what to press; None where nobody here can.

    papers: kinds of paper that the family handed in.
    """
    asked = rule.asks.get(result_id, ())
    live = {line.fact for line in words.lines(rows, rule.procedures) if line.counts}
    for fact in asked:
        if fact in CATEGORY and fact not in live and may(actor, case, fact):
            label = _("记评审会的决定") if fact == Fact.COMMITTEE else _("去核实")
            return url(case, fact), label
    if set(asked) & IDENTITY and case.person_id is None:
        return "#papers", _("去核对身份")
    if "documents" in asked:
        handed_in = result_id.removeprefix("document.") in papers or "other" in papers
        return ("#papers", _("看材料")) if handed_in or not may(actor, case, "") else ("#ask", _("请家属补"))
    if "bills" in asked and services.bill_scope(case) and may(actor, case, Fact.BILL):
        return url(case, Fact.BILL), _("选账单")
    return None


def menu(
    case: Case, rule: Rule, rows: list[Finding], answers: dict[str, Any], agreed: list[str]
) -> list[dict[str, Any]]:
    """Every fact the rule asks: how it stands, which criteria ask it, what the family wrote."""
    found = words.lines(rows, rule.procedures)
    texts = {entry["id"]: entry for entry in results_of(case)}
    items = []
    for fact in facts_of(case, rule):
        mine = [line for line in found if line.fact == fact]
        asked_by = [texts[key] for key, facts in rule.asks.items() if fact in facts and key in texts]
        items.append(
            {
                "fact": fact,
                "label": str(Fact(fact).label),
                "lines": mine,
                "asked_by": asked_by,
                "claimed": words.claimed(fact, answers, agreed, rule.procedures),
                "agreed": CATEGORY[fact] in agreed,
                "url": url(case, fact),
                "done": any(line.counts for line in mine),
                "clear": bool(asked_by) and all(entry["status"] == "met" for entry in asked_by),
            }
        )
    return items

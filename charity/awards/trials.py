"""A draft rule is tried on open cases before it is published; a rule that came into force is taken up by them."""

from __future__ import annotations

import logging
from collections import Counter
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.utils import timezone

from audit import record
from charity.applications.models import Application
from charity.funds.models import Fund, RuleTrial, RuleVersion
from consent.models import Consent
from matching import eligibility
from outbox import asked_by

from .candidates import OPEN_STATES, look_again, rule_in_force
from .facts import facts_of, with_quota
from .models import Case

logger = logging.getLogger(__name__)
MOST_CASES = 500
AT_ONCE = 100
ZERO = Decimal("0.00")


def _open_cases() -> QuerySet[Case]:
    """Open cases whose consent lives."""
    live = Consent.objects.filter(
        pk=OuterRef("consent_id"), decision=True, withdrawn_at=None, valid_until__gt=timezone.now()
    )
    return Case.objects.filter(Exists(live), state__in=OPEN_STATES)


def _most(evaluation: eligibility.Evaluation) -> Decimal:
    offer = evaluation.offer
    return ZERO if offer is None else (offer.ceiling if offer.amount is None else offer.amount) or ZERO


def trial_requested(trial_id: int) -> None:
    """Handler of rule.trial_requested: count how many open, consented cases of the fund would change. Idempotent.

    Today's verdict is computed anew with the rule in force, so that only the rule makes the difference. Only counts
    are kept. At most the 500 newest cases.
    """
    trial = RuleTrial.objects.select_for_update().get(pk=trial_id)
    fund = Fund.objects.get(pk=trial.fund_id)
    if trial.done_at is not None:
        return
    if not (asked_by().org_id == trial.organisation_id == fund.organisation_id):
        logger.error("trial %s was not asked for by the fund's own house", trial_id)
        return
    try:
        draft = eligibility.parse_rule(trial.rule)
    except eligibility.RuleError:  # the web reads a draft before it keeps it; this one came another way
        logger.error("trial %s holds no readable rule", trial_id)
        return
    current, today = rule_in_force(fund.pk), timezone.localdate()
    old = eligibility.parse_rule(current.rule) if current else None
    moves: Counter[str] = Counter()
    more = less = same = 0
    cases = list(_open_cases().filter(fund=fund).select_related("fund").order_by("-pk")[:MOST_CASES])
    applications = {
        row.pk: row for row in Application.objects.filter(pk__in=[c.application_id for c in cases])
    }
    for case in cases:
        facts = facts_of(case, applications[case.application_id])
        after = eligibility.evaluate(draft, with_quota(facts, draft, case), today)
        before = eligibility.evaluate(old, with_quota(facts, old, case), today) if old else None
        was = before.verdict if before else "none"
        gives, gave = _most(after), _most(before) if before else ZERO
        if was != after.verdict:
            moves[f"{was}>{after.verdict}"] += 1
        elif gives == gave:
            same += 1
        more += gives > gave
        less += gives < gave
    trial.counts = {"cases": len(cases), "same": same, "moves": dict(moves), "more": more, "less": less}
    trial.done_at = timezone.now()
    trial.save(update_fields=["counts", "done_at"])
    record("rule.tried", f"fund:{fund.pk}", payload={"trial": trial.pk, "cases": len(cases)})


def sweep_rules() -> int:
    """Open cases that were looked at with a rule that is no longer the one in force. Returns how many (engine)."""
    newest = (
        RuleVersion.objects.filter(fund_id=OuterRef("fund_id"), effective_from__lte=timezone.localdate())
        .order_by("-version")
        .values("pk")[:1]
    )
    stale = (
        _open_cases()
        .annotate(in_force=Subquery(newest))
        .exclude(in_force=None)
        .exclude(rule_id=None)
        .exclude(rule_id=F("in_force"))
        .order_by(F("evaluated_at").asc(nulls_first=True), "pk")[:AT_ONCE]
    )
    return sum(look_again(case) for case in list(stale))

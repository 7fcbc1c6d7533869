"""Funds: made from a rule, new rule versions, pause and resume, budgets. Each step is audited.

Every function takes the actor first and runs in one transaction; FundError carries every fault in plain words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from audit import record
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry
from matching.eligibility import RuleError, parse_rule
from outbox import emit
from scope import Actor

from .models import Fund, RuleTrial, RuleVersion

STEPS = {"pause": ("open", "paused"), "resume": ("paused", "open")}
MAX_RULE_BYTES = 200_000


class FundError(Exception):
    """What is wrong, one line each; nothing was changed."""

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("；".join(faults))


@dataclass(frozen=True)
class Budget:
    """A fund's budget in yuan after a change."""

    fund_id: int
    budget: Decimal
    available: Decimal


@dataclass(frozen=True)
class Version:
    """A rule version; `new` False when the very same rule stood already."""

    fund_id: int
    version: int
    sha256: str
    new: bool


def _fund(actor: Actor, fund_id: int) -> Fund:
    if actor.kind != "staff" or "fund_manager" not in actor.roles:
        raise FundError(_("只有基金负责人能改。"))
    fund = Fund.objects.select_for_update().filter(pk=fund_id, organisation_id=actor.org_id or 0).first()
    if fund is None:
        raise FundError(_("没有这个基金。"))
    return fund


def _parsed(data: Any) -> Any:
    try:
        return parse_rule(data)
    except RuleError as error:
        raise FundError(*(str(fault) for fault in error.faults)) from error


def read_rule(text: str) -> Any:
    """Pasted or uploaded JSON as a rule. Raises FundError with every fault."""
    if len(text.encode()) > MAX_RULE_BYTES:
        raise FundError(_("规则文件太大，最多 200 KB。"))
    try:
        data = json.loads(text, parse_float=str)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        where = _("第 %(line)d 行") % {"line": line} if line else _("文件")
        raise FundError(_("%(where)s不是正确的 JSON。请检查逗号、引号和括号。") % {"where": where}) from error
    return _parsed(data)


def publish_rule(
    actor: Actor, fund_id: int, rule: Any, *, source: str, effective_from: date | None = None
) -> Version:
    """Add a new version; versions are never changed. The same rule again changes nothing."""
    source = source.strip()
    if len(source) < 4:
        raise FundError(_("请写明依据，比如“理事会决议 2026-03”。"))
    with transaction.atomic():
        fund = _fund(actor, fund_id)
        if rule.slug != fund.slug:
            raise FundError(_("这份规则是“%(slug)s”的，不是本基金的。") % {"slug": rule.slug})
        return _publish(actor, fund, rule, source[:200], effective_from or rule.effective_from)


def request_trial(actor: Actor, fund_id: int, rule: Any) -> int:
    """Have a draft tried on the open cases of this fund; the engine counts. Returns the trial's id.

    The same draft that still waits is not asked for twice.
    """
    with transaction.atomic():
        fund = _fund(actor, fund_id)
        if rule.slug != fund.slug:
            raise FundError(_("这份规则是“%(slug)s”的，不是本基金的。") % {"slug": rule.slug})
        waiting = RuleTrial.objects.filter(fund=fund, sha256=rule.digest, done_at=None).first()
        if waiting is not None:
            return waiting.pk
        trial = RuleTrial.objects.create(
            fund=fund,
            organisation_id=fund.organisation_id,
            rule=rule.to_data(),
            sha256=rule.digest,
            asked_by_id=actor.user_id or 0,
        )
        record(
            "rule.trial_requested",
            f"fund:{fund.pk}",
            payload={"trial": trial.pk, "sha256": trial.sha256},
            actor=actor,
        )
        emit("rule.trial_requested", trial_id=trial.pk)
        return trial.pk


def _publish(actor: Actor, fund: Fund, rule: Any, source: str, effective_from: date) -> Version:
    last = RuleVersion.objects.filter(fund=fund).order_by("-version").first()
    if last is not None and last.sha256 == rule.digest:
        return Version(fund.pk, last.version, last.sha256, new=False)
    version = RuleVersion.objects.create(
        fund=fund,
        version=(last.version if last else 0) + 1,
        rule=rule.to_data(),
        sha256=rule.digest,
        effective_from=effective_from,
        source=source,
        created_by=actor.user_id,
    )
    record(
        "rule.published",
        f"fund:{fund.pk}",
        payload={"version": version.version, "sha256": version.sha256, "from": effective_from.isoformat()},
        actor=actor,
    )
    return Version(fund.pk, version.version, version.sha256, new=True)


def pause(actor: Actor, fund_id: int) -> str:
    """No new applications; cases that are under way go on. Returns the status now."""
    return _turn(actor, fund_id, "pause")


def resume(actor: Actor, fund_id: int) -> str:
    return _turn(actor, fund_id, "resume")


def _turn(actor: Actor, fund_id: int, step: str) -> str:
    before, after = STEPS[step]
    with transaction.atomic():
        fund = _fund(actor, fund_id)
        if fund.status != before:
            raise FundError(_("这个基金现在是“%(status)s”。") % {"status": fund.get_status_display()})
        fund.status = after
        fund.save(update_fields=["status"])
        record(f"fund.{after}", f"fund:{fund.pk}", actor=actor)
        return after


def change_budget(actor: Actor, fund_id: int, *, budget: Decimal, reason: str) -> Budget:
    """Set the budget to `budget` yuan; never under what is promised already."""
    reason = reason.strip()
    if len(reason) < 4:
        raise FundError(_("请写明依据，比如“理事会决议 2026-03”。"))
    if budget < 0 or budget != budget.quantize(Decimal("0.01"), rounding=ROUND_DOWN):
        raise FundError(_("金额不能是负数，最多写到分。"))
    with transaction.atomic():
        fund = _fund(actor, fund_id)
        return _set_budget(actor, fund, budget, reason)


def _set_budget(actor: Actor, fund: Fund, budget: Decimal, reason: str) -> Budget:
    before = ledger.fund_position(fund.pk).residual
    if budget != before:
        number = Entry.objects.filter(fund_id=fund.pk, kind="budget").count() + 1
        try:
            ledger.change_budget(fund.pk, budget - before, f"fund:{fund.pk}:budget:{number}")
        except ledger.BudgetExceededError as error:
            promised = f"{ledger.fund_position(fund.pk).promised:,.2f}"
            raise FundError(
                _("预算不能低于已经付出和答应的 ¥%(promised)s。") % {"promised": promised}
            ) from error
        record(
            "fund.budget",
            f"fund:{fund.pk}",
            payload={"before": str(before), "after": str(budget), "reason": reason[:200]},
            actor=actor,
        )
    position = ledger.fund_position(fund.pk)
    return Budget(fund.pk, position.residual, position.open)


def load_programme(actor: Actor, organisation: Organisation, data: Mapping[str, Any]) -> Version:
    """Make or update one fund of the actor's organisation from its rule file. Running it again changes nothing."""
    rule = _parsed(data)
    told = data["fund"]
    with transaction.atomic():
        fund, made = Fund.objects.get_or_create(
            slug=rule.slug,
            defaults={
                "organisation": organisation,
                "name": told["name"],
                "summary": told.get("tagline", "")[:200],
                "period_start": date.fromisoformat(told["budget"]["from"]),
                "period_end": date.fromisoformat(told["budget"]["to"]),
                "decision_days": rule.process.promised_days or 10,
            },
        )
        if fund.organisation_id != organisation.pk:
            raise FundError(_("基金代码 %(slug)s 已经是别的机构的。") % {"slug": rule.slug})
        if made:
            ledger.open_fund(fund.pk, organisation.pk)
            _set_budget(actor, fund, Decimal(told["budget"]["amount"]), rule.resolution)
        elif (fund.name, fund.summary) != (told["name"], told.get("tagline", "")[:200]):
            fund.name, fund.summary = told["name"], told.get("tagline", "")[:200]
            fund.save(update_fields=["name", "summary"])
        known = RuleVersion.objects.filter(fund=fund, sha256=rule.digest).first()
        if (
            known is not None
        ):  # the fund manager may have published newer ones since: the file does not undo them
            return Version(fund.pk, known.version, known.sha256, new=False)
        return _publish(actor, fund, rule, rule.resolution, rule.effective_from)

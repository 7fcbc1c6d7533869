"""The residual that a fund's rule looks at, from the bills in scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .calendar import add_months
from .facts import Bill, Facts, Known, Unknown
from .outcome import Outcome, unknown
from .rule import Residual
from .text import mark as _
from .text import yuan

ZERO = Decimal("0.00")
BASE_NAMES = {
    "person": _("个人负担"),
    "cash": _("个人现金支付"),
    "in_scope": _("政策范围内自付"),
    "out_of_scope": _("目录外自费"),
}
SCOPE_NAMES = {"bill": _("这张账单"), "episode": _("这次治病"), "window": _("这段时间累计")}


@dataclass(frozen=True)
class Measured:
    """`least` and `most`: what the residual is at least and at most, in yuan. `verified`: all of it checked.

    They differ when it is not known what others have paid.
    """

    least: Decimal
    most: Decimal
    verified: bool
    source: str

    @property
    def exact(self) -> Decimal | None:
        """The residual when it is certain in amount."""
        return self.least if self.least == self.most else None


def describe(rule: Residual) -> str:
    """What is measured, in words."""
    return _(
        "%(scope)s的%(base)s",
        scope=SCOPE_NAMES[rule.scope],
        base=BASE_NAMES[rule.basis],
    )


def _in_scope(
    rule: Residual, facts: Facts, bills: tuple[Bill, ...], until: date | None
) -> list[Bill] | Outcome:
    if rule.scope == "bill":
        found = [b for b in bills if b.id == facts.subject_bill] if facts.subject_bill else list(bills)
        if len(found) == 1:
            return found
        return unknown(None, "", _("还没有说明是哪一张账单"), _("请选定这次申请的账单"))
    if rule.scope == "episode":
        wanted = facts.subject_episode or (bills[0].episode if len({b.episode for b in bills}) == 1 else "")
        if found := [b for b in bills if b.episode == wanted and wanted]:
            return found
        return unknown(None, "", _("还没有说明是哪一次治病"), _("请选定这次申请的治疗经过"))
    if rule.months is None:
        return [b for b in bills if rule.since is None or b.settled_on >= rule.since]
    if until is None:
        return unknown(None, "", _("还不知道申请日期"), _("请先提交申请"))
    start = add_months(until, -rule.months)
    return [b for b in bills if start <= b.settled_on <= until]


def measure(rule: Residual, facts: Facts) -> Measured | Outcome:
    """The residual, or an unknown Outcome that says what is missing (its `required` is empty)."""
    bills = facts.bills
    if isinstance(bills, Unknown):
        return unknown(bills, "", _("还没有医保结算单"), _("请等医保推送，或请患者交医院结算单"))
    until = facts.applied_on.value if isinstance(facts.applied_on, Known) else None
    if not bills.value:
        return unknown(None, "", _("还没有医保结算单"), _("请等医保推送，或请患者交医院结算单"))
    chosen = _in_scope(rule, facts, bills.value, until)
    if isinstance(chosen, Outcome):
        return chosen
    if not chosen:
        return unknown(None, "", _("这段时间里还没有结算单"), _("请等医保推送，或请患者交医院结算单"))
    verified = bills.verified
    if rule.scope == "window" and rule.months is not None:
        verified = verified and isinstance(facts.applied_on, Known) and facts.applied_on.verified
    least = most = ZERO
    for bill in chosen:
        base = getattr(bill, rule.basis)
        if base is None:
            name = BASE_NAMES[rule.basis]
            return unknown(None, "", _("结算单上没有%(name)s", name=name), _("请医保经办机构补推这一项"))
        most_here = max(ZERO, base)
        if isinstance(bill.aid, Known):
            paid = sum((amount for layer, amount in bill.aid.value if layer in rule.after), ZERO)
            most_here = max(ZERO, base - paid)
            verified = verified and bill.aid.verified
            least += most_here
        most += most_here
    return Measured(least, most, verified, bills.source)


def judge_residual(rule: Residual, facts: Facts, gt: Decimal | None, gte: Decimal | None) -> Outcome:
    """Is the residual over (gt) or not under (gte) the threshold?"""
    what = describe(rule)
    if gt is not None:
        required = _("%(what)s高于 %(amount)s", what=what, amount=yuan(gt))
    else:
        required = _("%(what)s不低于 %(amount)s", what=what, amount=yuan(gte))
    found = measure(rule, facts)
    if isinstance(found, Outcome):
        return Outcome("unknown", None, "", required, found.missing, found.action)

    def passes(amount: Decimal) -> bool:
        return amount > gt if gt is not None else amount >= (gte or ZERO)

    if passes(found.least) != passes(found.most):
        most = _("最多 %(amount)s", amount=yuan(found.most))
        return Outcome(
            "unknown",
            None,
            most,
            required,
            _("还不知道商业保险、慈善和求助已经付了多少"),
            _("请患者授权查看，或请付款方推送"),
        )
    amount = yuan(found.most) if found.exact is not None else _("最多 %(amount)s", amount=yuan(found.most))
    says = "met" if passes(found.least) else "failed"
    if found.verified:
        return Outcome(says, says, amount, required, source=found.source)
    return Outcome(
        "unknown",
        says,
        amount,
        required,
        _("金额还没有和医保结算核对"),
        _("请等医保推送，或请工作人员核对结算单"),
        found.source,
    )

"""One look at one condition, and three-valued and / or over several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .facts import Known, Unknown
from .text import Text, join
from .text import mark as _

MET, FAILED, UNKNOWN = "met", "failed", "unknown"


@dataclass(frozen=True)
class Outcome:
    """`status` rests on verified facts; `tentative` is what it would be if what was stated holds."""

    status: str
    tentative: str | None
    actual: str = ""
    required: str = ""
    missing: str = ""
    action: str = ""
    source: str = ""


def judge(ok: bool, actual: str, required: str, *facts: Known[Any]) -> Outcome:
    """Met or failed when every fact is verified, else unknown with that as its tentative answer."""
    says = MET if ok else FAILED
    source = join(dict.fromkeys(fact.source for fact in facts if fact.source))
    loose = [fact for fact in facts if not fact.verified]
    if not loose:
        return Outcome(says, says, actual, required, source=source)
    who = join(dict.fromkeys(fact.source for fact in loose if fact.source)) or _("申请里填写的内容")
    return Outcome(
        UNKNOWN,
        says,
        actual,
        required,
        missing=_("%(who)s，还没有核对", who=who),
        action=_("请工作人员对照证件、单据或登记系统核对"),
        source=source,
    )


def unknown(
    fact: Unknown | None,
    required: str,
    missing: str,
    action: str,
    *,
    actual: str = "",
    says: str | None = None,
) -> Outcome:
    """Not known yet. What the fact itself says is missing comes first."""
    if fact is not None and fact.missing:
        missing = fact.missing
    if fact is not None and fact.who:
        action = _("请%(who)s提供", who=fact.who)
    return Outcome(UNKNOWN, says, actual, required, missing=missing, action=action)


def _texts(parts: Sequence[Outcome], name: str, separator: str) -> Text:
    return join(dict.fromkeys(getattr(p, name) for p in parts if getattr(p, name)), separator)


def any_of(parts: Sequence[Outcome]) -> Outcome:
    """Kleene's or: met if one is met, failed if all failed."""
    required = _texts(parts, "required", " 或 ")
    if found := next((p for p in parts if p.status == MET), None):
        return replace(found, required=required)
    if all(p.status == FAILED for p in parts):
        return Outcome(FAILED, FAILED, _texts(parts, "actual", "；"), required)
    open_ = [p for p in parts if p.status == UNKNOWN]
    said = [p.tentative for p in parts]
    tentative = MET if MET in said else FAILED if all(s == FAILED for s in said) else None
    shown = next((p for p in open_ if p.tentative == MET), open_[0])
    return replace(shown, tentative=tentative, actual=_texts(parts, "actual", "；"), required=required)


def all_of(parts: Sequence[Outcome]) -> Outcome:
    """Kleene's and: failed if one failed, met if all are met."""
    required = _texts(parts, "required", "，并且 ")
    if found := next((p for p in parts if p.status == FAILED), None):
        return replace(found, required=required)
    actual = _texts(parts, "actual", "；")
    if all(p.status == MET for p in parts):
        return Outcome(MET, MET, actual, required, source=_texts(parts, "source", "、"))
    open_ = [p for p in parts if p.status == UNKNOWN]
    said = [p.tentative for p in parts]
    tentative = FAILED if FAILED in said else MET if all(s == MET for s in said) else None
    return Outcome(
        UNKNOWN,
        tentative,
        actual,
        required,
        missing=_texts(open_, "missing", "；"),
        action=_texts(open_, "action", "；"),
    )

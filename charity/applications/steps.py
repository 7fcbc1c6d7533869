"""The order of the form, and which page a draft still lacks: nobody gets further by typing an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import forms


@dataclass(frozen=True)
class Step:
    """`number` on the bar; `form` None for pages that are no plain form."""

    name: str
    number: int
    title: Any
    form: type[forms.StepForm] | None = None


ORDER = (
    Step("who", 1, gettext_lazy("谁生病"), forms.WhoForm),
    Step("identity", 2, gettext_lazy("病人是谁"), forms.IdentityForm),
    Step("applicant", 3, gettext_lazy("怎么联系您"), forms.ApplicantForm),
    Step("illness", 4, gettext_lazy("病和医院"), forms.IllnessForm),
    Step("household", 5, gettext_lazy("家里情况"), forms.HouseholdForm),
    Step("aid", 6, gettext_lazy("别处的帮助"), forms.AidForm),
    Step("documents", 7, gettext_lazy("材料")),
    Step("funds", 8, gettext_lazy("给谁看")),
    Step("check", 9, gettext_lazy("检查一遍")),
)
STEPS = len(ORDER)
BY_NAME = {step.name: step for step in ORDER}
NAMES = [step.name for step in ORDER]


def complete(name: str, answers: dict[str, Any]) -> bool:
    """Is the page answered (and still in line with what was said about who is ill)?"""
    kept = answers.get(name)
    if not kept:
        return False
    who = (answers.get("who") or {}).get("who")
    if name == "identity" and who == "child":
        birth = date.fromisoformat(kept["birth_date"])
        return forms.age_on(birth, timezone.localdate()) < forms.ADULT
    if name == "applicant":
        allowed = {"self"} if who == "self" else {key for key, _label in forms.RELATIONS.get(who or "", ())}
        return kept.get("relation") in allowed
    return True


def first_open(answers: dict[str, Any]) -> str:
    """The first page that still lacks its answers; "check" when none does."""
    for name in NAMES[:-1]:
        if not complete(name, answers):
            return name
    return "check"


def may_open(name: str, answers: dict[str, Any]) -> bool:
    return NAMES.index(name) <= NAMES.index(first_open(answers))


def before(name: str) -> str | None:
    at = NAMES.index(name)
    return NAMES[at - 1] if at else None


def after(name: str) -> str:
    return NAMES[min(NAMES.index(name) + 1, len(NAMES) - 1)]


def patient_word(answers: dict[str, Any]) -> str:
    """How a sentence speaks of the patient: 您, 孩子, 病人."""
    who = (answers.get("who") or {}).get("who")
    return {"self": _("您"), "child": _("孩子")}.get(who or "", _("病人"))

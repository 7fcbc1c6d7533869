"""Which funds may suit a patient, from the patient's own answers only."""

from __future__ import annotations

from dataclasses import dataclass

from .evaluate import CriterionResult, evaluate
from .facts import Answers
from .outcome import FAILED, UNKNOWN
from .rule import Rule
from .text import mark as _

# What a patient cannot know or hand in while still choosing a fund.
LATER = {"committee", "quota", "not_funded_before", "exclusive", "first_diagnosis", "procedure", "hospital"}


@dataclass(frozen=True)
class Suggestion:
    """`level` likely | maybe | unlikely, with one sentence for the patient. It never decides anything."""

    level: str
    sentence: str
    reasons: tuple[CriterionResult, ...] = ()


def suggest(rule: Rule, answers: Answers) -> Suggestion:
    """How likely the fund suits, from the answers alone: nothing that a record or register says is used."""
    results = evaluate(rule, answers.facts(), answers.on).results
    kinds = {
        criterion.id: {inner.kind for inner in criterion.walk()} - {"any_of", "all_of"}
        for criterion in rule.criteria
    }
    asked = [result for result in results if result.id in kinds]
    against = tuple(result for result in asked if result.tentative == FAILED)
    if against:
        sentence = _("可能不合适。这个基金的要求：%(text)s您仍然可以申请。", text=_sentence(against[0].text))
        return Suggestion("unlikely", sentence, against)
    open_ = tuple(
        result
        for result in asked
        if result.status == UNKNOWN and result.tentative is None and not kinds[result.id] <= LATER
    )
    if open_:
        return Suggestion(
            "maybe", _("也许合适，还要看这一条：%(text)s", text=_sentence(open_[0].text)), open_
        )
    return Suggestion("likely", _("按您填写的，很可能合适。工作人员核对后才能确定。"))


def _sentence(text: str) -> str:
    return text if text.endswith(("。", "！", "？")) else f"{text}。"

"""Does this person meet this fund's rule, and why? Pure: no ORM, no request, no clock of its own."""

from .compare import Change, compare
from .evaluate import CriterionResult, Evaluation, evaluate, offer_for
from .facts import (
    HARDSHIP_NAMES,
    UNKNOWN,
    Answers,
    Bill,
    CommitteeDecision,
    Diagnosis,
    Document,
    Facts,
    Hardship,
    Hospital,
    Known,
    PriorAward,
    Procedure,
    Residence,
    Unknown,
)
from .facts_data import facts_from
from .needs import asked_by_rule, facts_asked, procedures_asked
from .parse import RuleError, parse_rule
from .rule import Criterion, Rule
from .suggest import Suggestion, suggest

__all__ = [
    "HARDSHIP_NAMES",
    "UNKNOWN",
    "Answers",
    "Bill",
    "Change",
    "CommitteeDecision",
    "Criterion",
    "CriterionResult",
    "Diagnosis",
    "Document",
    "Evaluation",
    "Facts",
    "Hardship",
    "Hospital",
    "Known",
    "PriorAward",
    "Procedure",
    "Residence",
    "Rule",
    "RuleError",
    "Suggestion",
    "Unknown",
    "asked_by_rule",
    "compare",
    "evaluate",
    "facts_asked",
    "facts_from",
    "offer_for",
    "parse_rule",
    "procedures_asked",
    "suggest",
]

"""Which facts a rule asks for: so that staff know what to check, and a page can point there."""

from __future__ import annotations

from collections.abc import Iterator

from .criteria import EVENTS, PLACES
from .rule import Criterion, Rule

ASKS: dict[str, tuple[str, ...]] = {
    "sex": ("sex",),
    "diagnosis": ("diagnoses",),
    "first_diagnosis": ("first_diagnosis",),
    "procedure": ("procedures",),
    "hospital": ("hospital",),
    "insured": ("insutype",),
    "hardship": ("hardships",),
    "residual": ("bills",),
    "not_funded_before": ("prior_awards",),
    "exclusive": ("prior_awards",),
    "quota": ("quota_left",),
    "ratio": ("capacity_to_pay", "medical_spend"),  # what people spent is often known from bills already
    "committee": ("committee",),
}


def facts_asked(criterion: Criterion) -> tuple[str, ...]:
    """Names of the attributes of `Facts` that this criterion, with everything nested in it, looks at."""
    return tuple(dict.fromkeys(name for inner in criterion.walk() for name in _own(inner)))


def _own(criterion: Criterion) -> Iterator[str]:
    if criterion.kind == "age":
        yield from ("birth_date", EVENTS[criterion.params["event"]][0])
    elif criterion.kind == "area":
        yield from (PLACES[option["by"]][0] for option in criterion.params["options"])
    elif criterion.kind == "window":
        if any(window["areas"] for window in criterion.params["windows"]):
            yield "household_area"
    else:
        yield from ASKS.get(criterion.kind, ())


def asked_by_rule(rule: Rule) -> dict[str, tuple[str, ...]]:
    """Result id (`document.<kind>` for papers, `grant` for the amount) → facts it looks at."""
    asked = {criterion.id: facts_asked(criterion) for criterion in rule.criteria}
    for document in rule.documents:
        inside = facts_asked(document.when) if document.when else ()
        asked[f"document.{document.kind}"] = (*inside, "documents")
    inside = tuple(name for case in rule.grant.cases if case.when for name in facts_asked(case.when))
    if rule.grant.kind == "committee":
        inside += ("committee",)
    asked["grant"] = tuple(dict.fromkeys(inside))
    return asked


def procedures_asked(rule: Rule) -> dict[str, str]:
    """Key → name of every procedure that the rule mentions anywhere."""
    roots = [
        *rule.criteria,
        *(document.when for document in rule.documents if document.when),
        *(case.when for case in rule.grant.cases if case.when),
    ]
    return {
        inner.params["procedure"]: inner.params["name"]
        for root in roots
        for inner in root.walk()
        if inner.kind == "procedure"
    }

"""Checks and claims in words, for the pages of staff. Never for logs: they are personal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from charity.applications.lookups import place_name
from matching.eligibility import HARDSHIP_NAMES, parse_rule, procedures_asked
from matching.eligibility.criteria import INSUTYPES
from matching.linkage.values.areas import name_of

from .models import CATEGORY, Fact, Finding
from .reading import NONE, capacity, counts, newest, value_of

LEVELS = {"3": "三级", "2": "二级", "1": "一级"}


@dataclass(frozen=True)
class Line:
    """One fact as it stands: badge kind and word, what was found, how, by whom, until when; `counts` now or not."""

    fact: str
    key: str
    label: str
    badge: str
    word: str
    text: str
    how: str
    who: str
    on: date
    until: date | None
    source: str
    counts: bool
    document_id: int | None = None


def _yuan(text: Any) -> str:
    return f"¥{Decimal(str(text)):,.2f}"


def place(code: str) -> str:
    """湖南省长沙市岳麓区 for 430104, the code where no table knows it."""
    return name_of(code) or place_name(code)


def summary(fact: str, key: str, value: Mapping[str, Any], procedures: Mapping[str, str]) -> str:
    """What was found, in one line."""
    if fact == Fact.HOUSEHOLD_AREA:
        return place(value["area"])
    if fact == Fact.RESIDENCE:
        since = value.get("since")
        return place(value["area"]) + (_("，%(day)s 起") % {"day": since} if since else "")
    if fact == Fact.INSURED_AREA:
        return place(value["value"])
    if fact == Fact.INSUTYPE:
        return str(INSUTYPES.get(value["value"], value["value"]))
    if fact == Fact.HARDSHIPS:
        return _hardship(key, value)
    if fact == Fact.HOUSEHOLD:
        words = _("%(members)s 口人，年收入 %(income)s") % {
            "members": value.get("members", "—"),
            "income": _yuan(value["income"]),
        }
        if value.get("living"):
            words += _("，基本生活开支 %(living)s") % {"living": _yuan(value["living"])}
        return words + _("，支付能力 %(left)s") % {"left": _yuan(capacity(dict(value)))}
    if fact == Fact.MEDICAL_SPEND:
        return _yuan(value["amount"])
    if fact == Fact.DIAGNOSIS:
        return " ".join(part for part in (value.get("name"), value.get("icd10"), value.get("stage")) if part)
    if fact == Fact.FIRST_DIAGNOSIS:
        return _("初次确诊") if value["first"] else _("复发")
    if fact in {Fact.DIAGNOSED_ON, Fact.TREATED_ON}:
        return str(value["day"])
    if fact == Fact.PROCEDURES:
        name = procedures.get(key, key)
        if not value["done"]:
            return _("没有做%(name)s") % {"name": name}
        return _("已做%(name)s") % {"name": name} + (
            _("，%(day)s") % {"day": value["day"]} if value.get("day") else ""
        )
    if fact == Fact.HOSPITAL:
        return " ".join(part for part in (value.get("name"), LEVELS.get(str(value.get("level")))) if part)
    if fact == Fact.COMMITTEE:
        return _committee(value)
    return ""


def _hardship(key: str, value: Mapping[str, Any]) -> str:
    if key == NONE:
        return _("登记里没有任何困难认定（%(office)s）") % {"office": value.get("office", "")}
    words = f"{HARDSHIP_NAMES.get(key, key)}，{value.get('office', '')}"
    if value.get("since"):
        words += _("，%(day)s 起") % {"day": value["since"]}
    return words + (_("，%(day)s 到期") % {"day": value["until"]} if value.get("until") else "")


def _committee(value: Mapping[str, Any]) -> str:
    words = _("同意") if value["approved"] else _("不同意")
    if value.get("amount"):
        words += _("，最多 %(amount)s") % {"amount": _yuan(value["amount"])}
    words += _("；到会 %(present)s 人（要 %(quorum)s 人），%(yes)s 票同意、%(no)s 票不同意") % {
        "present": value["present"],
        "quorum": value["quorum"],
        "yes": value["for"],
        "no": value["against"],
    }
    if value.get("recused"):
        words += _("；回避：%(names)s") % {"names": value["recused"]}
    return words + _("；已声明没有利益关系")


def line_of(row: Finding, procedures: Mapping[str, str], current: bool = True) -> Line:
    """One check as a line; `current` False: a newer one took its place."""
    today = timezone.localdate()
    live = current and counts(row, today)
    if not current:
        badge, word = "plain", _("已被新的代替")
    elif live:
        badge, word = "ok", _("已核实")
    elif row.outcome == Finding.Outcome.FOUND:
        badge, word = "wait", _("核实已过期")
    elif row.outcome == Finding.Outcome.NOT_FOUND:
        badge, word = "unknown", _("缓议") if row.fact == Fact.COMMITTEE else _("没能核实")
    else:
        badge, word = "unknown", _("已撤回")
    return Line(
        row.fact,
        row.key,
        str(row.get_fact_display()),
        badge,
        word,
        summary(row.fact, row.key, value_of(row), procedures) if row.value else "",
        str(row.get_means_display()),
        row.recorded_by.display_name,
        row.checked_on,
        row.valid_until,
        row.source or "",
        live,
        row.document_id,
    )


def lines(rows: Collection[Finding], procedures: Mapping[str, str]) -> list[Line]:
    """The newest check of each fact, the last made first; the choice of a bill is shown elsewhere."""
    current = sorted(newest(rows).values(), key=lambda row: -row.pk)
    return [line_of(row, procedures) for row in current if row.fact != Fact.BILL]


def copy_for_family(application_id: int) -> list[dict[str, Any]]:
    """Every check of the application that the family may read, oldest first, for the copy it takes along.

    What exactly was seen and who checked stay with the house: that may name others.
    """
    rows = list(
        Finding.objects.filter(application_id=application_id)
        .select_related("organisation", "case__rule")
        .order_by("pk")
    )
    named = {
        row.case_id: procedures_asked(parse_rule(row.case.rule.rule)) if row.case.rule else {} for row in rows
    }
    return [
        {
            "fact": str(row.get_fact_display()),
            "outcome": str(row.get_outcome_display()),
            "found": summary(row.fact, row.key, value_of(row), named[row.case_id]) if row.value else None,
            "how": str(row.get_means_display()),
            "by": row.organisation.name,
            "checked_on": row.checked_on.isoformat(),
            "valid_until": row.valid_until.isoformat() if row.valid_until else None,
        }
        for row in rows
    ]


def claimed(
    fact: str, answers: Mapping[str, Any], agreed: Collection[str], procedures: Mapping[str, str]
) -> str:
    """What the family wrote of this fact, as far as it opened it to the fund; '' where it wrote nothing."""
    if CATEGORY.get(fact) not in agreed:
        return ""
    who, ill = answers.get("identity") or {}, answers.get("illness") or {}
    home = answers.get("household") or {}
    if fact == Fact.HOUSEHOLD_AREA:
        return place(who["household_area"]) if who.get("household_area") else ""
    if fact == Fact.RESIDENCE:
        value = {"area": who.get("residence_area"), "since": who.get("residence_since")}
        return summary(fact, "", value, procedures) if value["area"] else ""
    if fact == Fact.HARDSHIPS:
        kinds = [str(HARDSHIP_NAMES.get(kind, kind)) for kind in home.get("hardship") or [] if kind != NONE]
        return "、".join(kinds) or (_("都没有") if home.get("hardship") else "")
    if fact == Fact.HOUSEHOLD:
        parts = [_("%(n)s 口人") % {"n": home["members"]} if home.get("members") else ""]
        parts += [
            _("年收入 %(income)s") % {"income": _yuan(home["income_yearly"])}
            if home.get("income_yearly")
            else ""
        ]
        return "，".join(part for part in parts if part)
    if fact == Fact.MEDICAL_SPEND:
        return _yuan(ill["own_cost"]) if ill.get("own_cost") else ""
    if fact == Fact.DIAGNOSIS:
        return summary(fact, "", ill, procedures)
    if fact == Fact.PROCEDURES:
        if ill.get("procedures") is None:
            return ""
        named = [procedures.get(kind, kind) for kind in ill["procedures"]]
        return _("做过%(list)s") % {"list": "、".join(named)} if named else _("都没做过")
    if fact == Fact.HOSPITAL:
        return str(ill.get("hospital") or "")
    return ""

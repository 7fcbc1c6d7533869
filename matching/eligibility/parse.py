"""Reading a fund's rule: `parse_rule(data)` gives a Rule or raises RuleError with every fault."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .facts import HARDSHIP_NAMES
from .rule import (
    BASES,
    FEN,
    LAYERS,
    SCHEMA,
    Bracket,
    Cap,
    Case,
    Criterion,
    Grant,
    Process,
    RequiredDocument,
    Residual,
    Rule,
)
from .schema import (
    Fault,
    Faults,
    Reader,
    boolean,
    choice,
    day,
    integer,
    many,
    money,
    optional,
    pattern,
    ratio,
    record,
    text,
)
from .text import mark as _

AREA = pattern(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", '"43"、"4301" 或 "430102"')
KEY = pattern(r"[a-z][a-z0-9_]*", '"household_area"')
SLUG = pattern(r"[a-z][a-z0-9-]*", '"chenxi-leukaemia"')
ICD10 = pattern(r"[A-Z]\d{1,2}(\.[0-9A-Zx+*]+)?", '"C91" 或 "C91.0"')


class RuleError(ValueError):
    """The rule cannot be used. `faults` lists all of them."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


def _criterion(value: Any, path: str, faults: Faults) -> Criterion:
    head = record(
        {
            "id": KEY,
            "type": choice(*CRITERIA),
            "clause": text,
            "text": text,
            "params": optional(lambda v, p, f: v, {}),
        }
    )(value, path, faults)
    if head.get("type") is None or value["type"] != head["type"]:
        return Criterion("", "all_of", {"criteria": ()}, "", "")
    before = len(faults)
    params = CRITERIA[head["type"]](head["params"], f"{path}.params", faults)
    if len(faults) == before and (check := CHECKS.get(head["type"])):
        check(params, f"{path}.params", faults)
    return Criterion(head["id"], head["type"], params, head["clause"], head["text"])


DISEASE = record(
    {
        "icd10": optional(many(ICD10, least=0), ()),
        "names": optional(many(text, least=0), ()),
        "stages": optional(many(text), None),
    }
)
WINDOW = record({"from": day, "to": day, "areas": optional(many(AREA), None)})
_group = record({"criteria": many(_criterion)})

CRITERIA: Mapping[str, Reader] = {
    "all_of": _group,
    "any_of": _group,
    "age": record(
        {
            "event": choice("application", "entry", "diagnosis", "treatment"),
            "min_years": optional(integer(0, 150), 0),
            "max_years": optional(integer(0, 150)),
            "turns": optional(choice("day_after_birthday", "on_birthday"), "day_after_birthday"),
        }
    ),
    "sex": record({"value": choice("female", "male")}),
    "diagnosis": record(
        {
            "diseases": many(DISEASE),
            "exclude_icd10": optional(many(ICD10, least=0), ()),
            "exclude_names": optional(many(text, least=0), ()),
        }
    ),
    "first_diagnosis": record({}),
    "procedure": record(
        {
            "procedure": KEY,
            "name": text,
            "state": choice("done", "not_done"),
            "as_of": optional(choice("application", "now"), "now"),
        }
    ),
    "area": record(
        {
            "options": many(
                record(
                    {
                        "by": choice("household", "residence", "insured"),
                        "areas": many(AREA),
                        "name": text,
                        "min_months": optional(integer(1, 600)),
                    }
                )
            )
        }
    ),
    "hospital": record(
        {
            "codes": optional(many(text, least=0), ()),
            "names": optional(many(text, least=0), ()),
            "min_level": optional(integer(1, 3)),
        }
    ),
    "insured": record({"insutypes": many(pattern(r"\d{3,5}", '"390"')), "name": text}),
    "hardship": record(
        {
            "classes": many(choice(*HARDSHIP_NAMES)),
            "as_of": optional(day),
            "min_months": optional(integer(1, 600)),
        }
    ),
    "residual": record({"gt": optional(money), "gte": optional(money)}),
    "not_funded_before": record(
        {
            "within_years": optional(integer(1, 100)),
            "max_times": optional(integer(0, 100), 0),
            "total_below": optional(money),
        }
    ),
    "exclusive": record({"funds": many(SLUG), "name": text}),
    "window": record({"windows": many(WINDOW)}),
    "quota": record({"people": integer(1, 10_000_000), "per": choice("year", "period")}),
    "ratio": record({"min": ratio}),
    "committee": record({"name": text}),
}


def _check_age(params: dict[str, Any], path: str, faults: Faults) -> None:
    high = params["max_years"]
    if high is not None and high < params["min_years"]:
        faults.note(f"{path}.max_years", _("最大年龄小于最小年龄"), _("把两个数对调，或改正其中一个"))


def _check_diagnosis(params: dict[str, Any], path: str, faults: Faults) -> None:
    for i, disease in enumerate(params["diseases"]):
        if not disease["icd10"] and not disease["names"]:
            fix = _("至少写 icd10 或 names 中的一样")
            faults.note(f"{path}.diseases[{i}]", _("没有说是什么病"), fix)


def _check_hospital(params: dict[str, Any], path: str, faults: Faults) -> None:
    if not (params["codes"] or params["names"] or params["min_level"]):
        faults.note(path, _("没有说是哪些医院"), _("写 codes、names 或 min_level"))


def _check_residual(params: dict[str, Any], path: str, faults: Faults) -> None:
    if (params["gt"] is None) == (params["gte"] is None):
        fix = _("只写一个：gt 表示“高于”，gte 表示“不低于”")
        faults.note(path, _("门槛不明确"), fix)


def _check_window(params: dict[str, Any], path: str, faults: Faults) -> None:
    for i, window in enumerate(params["windows"]):
        if window["to"] < window["from"]:
            faults.note(f"{path}.windows[{i}].to", _("结束早于开始"), _("把两个日期对调，或改正其中一个"))


CHECKS = {
    "age": _check_age,
    "diagnosis": _check_diagnosis,
    "hospital": _check_hospital,
    "residual": _check_residual,
    "window": _check_window,
}

_bracket = record(
    {
        "gt": optional(money),
        "gte": optional(money),
        "lt": optional(money),
        "lte": optional(money),
        "amount": optional(money),
        "percent": optional(ratio),
        "max": optional(money),
    }
)
_case = record({"amount": money, "label": text, "when": optional(_criterion)})
_grant = record(
    {
        "kind": choice("flat", "cases", "brackets", "percent", "committee"),
        "clause": text,
        "text": text,
        "amount": optional(money),
        "percent": optional(ratio),
        "max": optional(money),
        "cases": optional(many(_case), ()),
        "brackets": optional(many(_bracket), ()),
        "less_prior": optional(boolean, False),
    }
)
_NEEDS = {
    "flat": {"amount"},
    "cases": {"cases"},
    "brackets": {"brackets"},
    "percent": {"percent"},
    "committee": {"max"},
}
_MAY = {"percent": {"max"}}


def _read_grant(value: Any, path: str, faults: Faults) -> Grant:
    before = len(faults)
    data = _grant(value, path, faults)
    if len(faults) > before or not data:
        return Grant("committee", "", "")
    kind = data["kind"]
    for key in ("amount", "percent", "max", "cases", "brackets"):
        given = data[key] not in (None, ())
        if key in _NEEDS[kind] and not given:
            faults.note(
                f"{path}.{key}", _("缺少这个字段"), _("%(kind)s 资助要写 %(key)s", kind=kind, key=key)
            )
        elif given and key not in _NEEDS[kind] | _MAY.get(kind, set()):
            faults.note(f"{path}.{key}", _("这种资助不用这个字段"), _("删掉它，或改 kind"))
    _check_share(data["percent"], f"{path}.percent", faults)
    for i, case in enumerate(data["cases"]):
        last = i == len(data["cases"]) - 1
        if last != (case["when"] is None):
            fix = _("只有最后一档不写 when，前面每档都要写")
            faults.note(f"{path}.cases[{i}].when", _("资助的情形没有排好"), fix)
    data["cases"] = tuple(Case(c["amount"], c["label"], c["when"]) for c in data["cases"])
    data["brackets"] = tuple(Bracket(**b) for b in data["brackets"])
    _check_brackets(data["brackets"], f"{path}.brackets", faults)
    return Grant(**data)


def _check_share(percent: Decimal | None, path: str, faults: Faults) -> None:
    if percent is not None and percent > 1:
        faults.note(path, _("比例超过百分之百"), _('写成不大于 1 的小数，例如 "0.85"'))


def _check_brackets(brackets: tuple[Bracket, ...], path: str, faults: Faults) -> None:
    expected: Decimal | None = None
    for i, bracket in enumerate(brackets):
        here = f"{path}[{i}]"
        _check_share(bracket.percent, f"{here}.percent", faults)
        if (bracket.gt is None) == (bracket.gte is None):
            faults.note(here, _("下限不明确"), _("只写一个：gt 表示“高于”，gte 表示“不低于”"))
            return
        if bracket.lt is not None and bracket.lte is not None:
            faults.note(here, _("上限写了两次"), _("只写一个：lt 表示“低于”，lte 表示“不高于”"))
            return
        if (bracket.amount is None) == (bracket.percent is None):
            faults.note(here, _("这一档给多少不明确"), _("写 amount 或 percent，只写一个"))
        if bracket.max is not None and bracket.percent is None:
            faults.note(f"{here}.max", _("固定金额不用封顶"), _("删掉 max，或改用 percent"))
        last = bracket.last
        if last is not None and last < bracket.first:
            faults.note(here, _("这一档是空的"), _("上限要高于下限"))
            return
        if i and bracket.first != expected:
            was = _("上一档没有上限") if expected is None else _("两档之间有空隙或重叠")
            fix = (
                _("给上一档写 lt 或 lte")
                if expected is None
                else _("这一档应从 %(first)s 元开始", first=expected)
            )
            faults.note(here, was, fix)
        expected = None if last is None else last + FEN


_residual = record(
    {
        "basis": choice(*BASES),
        "after": many(choice(*LAYERS)),
        "scope": choice("bill", "episode", "window"),
        "months": optional(integer(1, 600)),
        "since": optional(day),
        "clause": text,
    }
)


def _read_residual(value: Any, path: str, faults: Faults) -> Residual:
    data = _residual(value, path, faults)
    if not data:
        return Residual()
    ways = (data["months"] is not None) + (data["since"] is not None)
    if ways != (1 if data["scope"] == "window" else 0):
        fix = _("scope 为 window 时写 months 或 since 中的一个；否则都不写")
        faults.note(path, _("累计的时间段不明确"), fix)
    return Residual(**data)


_cap = record({"per": choice("award", "year", "life"), "amount": money, "clause": text})
_document = record(
    {
        "kind": KEY,
        "name": text,
        "clause": text,
        "text": text,
        "seals": optional(many(choice("hospital", "medical_affairs", "department", "office")), ()),
        "max_age_days": optional(integer(1, 3650)),
        "when": optional(_criterion),
    }
)
_process = record(
    {
        "committee": optional(boolean, False),
        "queue": optional(choice("first_come", "ranked"), ""),
        "promised_days": optional(integer(1, 365)),
    }
)
_fund = record(
    {
        "name": text,
        "charity": SLUG,
        "tagline": text,
        "modelled_on": optional(text),
        "budget": record({"amount": money, "from": day, "to": day}),
        "summary": many(record({"title": text, "text": text, "clause": text})),
    }
)
_rule = record(
    {
        "schema": integer(SCHEMA, SCHEMA),
        "slug": SLUG,
        "version": integer(1, 100_000),
        "effective_from": day,
        "resolution": text,
        "criteria": many(_criterion),
        "residual": _read_residual,
        "grant": _read_grant,
        "caps": optional(many(_cap, least=0), ()),
        "documents": optional(many(_document, least=0), ()),
        "process": optional(_process),
        "fund": optional(_fund),
    }
)


def parse_rule(data: Any) -> Rule:
    """The rule that this JSON object (already decoded) states.

    Raises RuleError with every fault found: JSON path, what is wrong, what to write instead.
    """
    faults = Faults()
    read = _rule(data, "$", faults)
    if not faults:
        _check_whole(read, faults)
    if faults:
        raise RuleError(faults)
    del read["schema"]
    read["caps"] = tuple(Cap(**c) for c in read["caps"])
    read["documents"] = tuple(RequiredDocument(**d) for d in read["documents"])
    read["process"] = Process(**(read["process"] or {}))
    read["fund"] = read["fund"] or {}
    return Rule(**read)


def _check_whole(read: dict[str, Any], faults: Faults) -> None:
    every = [inner for criterion in read["criteria"] for inner in criterion.walk()]
    seen: set[str] = set()
    for criterion in every:
        if criterion.id in seen:
            fix = _("每个条件用不同的 id")
            faults.note("$.criteria", _("id 重复：%(id)s", id=criterion.id), fix)
        seen.add(criterion.id)
    kinds = [document["kind"] for document in read["documents"]]
    for kind in sorted({k for k in kinds if kinds.count(k) > 1}):
        faults.note("$.documents", _("材料重复：%(kind)s", kind=kind), _("每种材料只写一次"))
    pers = [cap["per"] for cap in read["caps"]]
    for per in sorted({p for p in pers if pers.count(p) > 1}):
        faults.note("$.caps", _("封顶重复：%(per)s", per=per), _("每种封顶只写一次"))
    asks = any(criterion.kind == "committee" for criterion in every)
    if bool((read["process"] or {}).get("committee")) != asks:
        fix = _("有评审会就写 process.committee 为 true，并加一个 committee 条件；没有就都不写")
        faults.note("$.process.committee", _("评审会写得不一致"), fix)
    if read["grant"].kind == "committee" and not asks:
        faults.note("$.grant.kind", _("金额由评审会定，却没有评审会"), _("加一个 committee 条件"))

"""How each type of criterion looks at the facts. One function a type, listed in LOOK."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from matching.linkage.values.areas import name_of

from .calendar import add_months, age_on, age_starts
from .facts import HARDSHIP_NAMES, Diagnosis, Facts, Hardship, Known, PriorAward, Unknown
from .outcome import FAILED, MET, UNKNOWN, Outcome, all_of, any_of, judge, unknown
from .residual import judge_residual
from .rule import Criterion, Rule
from .text import Text, join, yuan
from .text import mark as _

Look = Callable[[Criterion, Rule, Facts, date], Outcome]

EVENTS = {
    "application": ("applied_on", _("申请当日")),
    "entry": ("entered_on", _("首次录入当日")),
    "diagnosis": ("diagnosed_on", _("确诊当日")),
    "treatment": ("treated_on", _("治疗当日")),
}
SEXES = {"female": _("女"), "male": _("男")}
INSUTYPES: Mapping[str, Text] = {
    "310": _("职工基本医疗保险"),
    "340": _("离休人员医疗保障"),
    "390": _("城乡居民基本医疗保险"),
    "392": _("城乡居民大病医疗保险"),
}
LEVELS = {1: _("一级"), 2: _("二级"), 3: _("三级")}
PLACES = {
    "household": ("household_area", _("户籍在%(name)s"), _("户口簿")),
    "residence": ("residence", _("常住%(name)s"), _("居住证或社区证明")),
    "insured": ("insured_area", _("在%(name)s参保"), _("参保凭证")),
}


def look(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    """What this criterion finds. `on` is the day of the evaluation (Asia/Shanghai)."""
    return LOOK[criterion.kind](criterion, rule, facts, on)


def _all(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    return all_of([look(inner, rule, facts, on) for inner in criterion.params["criteria"]])


def _any(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    return any_of([look(inner, rule, facts, on) for inner in criterion.params["criteria"]])


def _age(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    p = criterion.params
    attribute, name = EVENTS[p["event"]]
    low, high, turns = p["min_years"], p["max_years"], p["turns"]
    required = _("%(event)s满 %(low)s 周岁", event=name, low=low)
    if high is not None:
        until = _("次日") if turns == "day_after_birthday" else _("当日")
        required = _(
            "%(event)s %(low)s–%(high)s 周岁（%(next)s 周岁生日%(until)s起不再受理）",
            event=name,
            low=low,
            high=high,
            next=high + 1,
            until=until,
        )
    born, moment = facts.birth_date, getattr(facts, attribute)
    if isinstance(born, Unknown):
        return unknown(born, required, _("还不知道出生日期"), _("请患者交身份证或户口簿"))
    if isinstance(moment, Unknown):
        missing = _("还不知道%(event)s是哪一天", event=name)
        return unknown(moment, required, missing, _("请补上这个日期"))
    birth, day = born.value, moment.value
    ok = day >= age_starts(birth, low, turns)
    if high is not None:
        ok = ok and day < age_starts(birth, high + 1, turns)
    actual = _("%(age)s 周岁", age=max(0, age_on(birth, day, turns)))
    return judge(ok, actual, required, born, moment)


def _sex(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    wanted = criterion.params["value"]
    required = SEXES[wanted]
    if isinstance(facts.sex, Unknown):
        return unknown(facts.sex, required, _("还不知道性别"), _("请患者交身份证或户口簿"))
    said = facts.sex.value
    if said not in SEXES:
        return unknown(None, required, _("登记的性别不明"), _("请患者交身份证或户口簿"))
    return judge(said == wanted, SEXES[said], required, facts.sex)


def stage_key(stage: str) -> str:
    """ⅡB, IIB, 2b and "IIb期" are written alike."""
    key = unicodedata.normalize("NFKC", stage).upper().replace("期", "").replace(" ", "")
    for digit, roman in (("4", "IV"), ("3", "III"), ("2", "II"), ("1", "I")):
        if key.startswith(digit):
            return roman + key[1:]
    return key


def _one_diagnosis(diagnosis: Diagnosis, p: Any) -> tuple[str, Text | str]:
    """('yes' | 'no' | 'unsure' | 'unlisted' | 'stage' | 'claimed_yes' | 'claimed_no', why)."""
    code, name = diagnosis.icd10.strip().upper(), diagnosis.name.strip()
    if any(x in name for x in p["exclude_names"]) or (
        code and any(code.startswith(x) for x in p["exclude_icd10"])
    ):
        return "no", ""
    by_code = [d for d in p["diseases"] if code and any(code.startswith(x) for x in d["icd10"])]
    by_name = [d for d in p["diseases"] if any(x in name for x in d["names"])]
    if code and not by_code and any(d["icd10"] for d in p["diseases"]):
        if by_name:
            return "unsure", _("诊断名称和编码对不上")
        return "no", ""
    found = by_code or by_name
    if not found:
        return ("no" if code else "unlisted"), _("诊断没有编码，名称也不在清单里")
    if any(d["stages"] is None for d in found):
        return "yes", ""
    if not diagnosis.stage:
        return "stage", _("诊断证明上没有写分期")
    wanted = {stage_key(s) for d in found for s in d["stages"]}
    fits = stage_key(diagnosis.stage) in wanted
    if not diagnosis.stage_checked:
        return ("claimed_yes" if fits else "claimed_no"), _("分期是患者自己填写的，还没有核对")
    return ("yes" if fits else "no"), ""


def _diagnosis(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    p = criterion.params
    required = join(
        [
            (d["names"] or d["icd10"])[0] + (f"（{'、'.join(d['stages'])}期）" if d["stages"] else "")
            for d in p["diseases"]
        ],
        " 或 ",
    )
    if p["exclude_names"]:
        required = _("%(list)s，不含%(not)s", list=required, **{"not": join(p["exclude_names"])})
    ill = facts.diagnoses
    ask = _("请患者交最近的诊断证明，写明病名")
    if isinstance(ill, Unknown) or not ill.value:
        return unknown(ill if isinstance(ill, Unknown) else None, required, _("还没有诊断"), ask)
    shown = join([" ".join(x for x in (d.name or d.icd10, d.stage) if x) for d in ill.value])
    found = [_one_diagnosis(d, p) for d in ill.value]
    answers = [answer for answer, _why in found]
    if "yes" in answers:
        return judge(True, shown, required, ill)
    doubts = (
        ("claimed_yes", MET),
        ("claimed_no", FAILED),
        ("stage", None),
        ("unsure", None),
        ("unlisted", FAILED),
    )
    for doubt, says in doubts:
        if doubt in answers:
            why = found[answers.index(doubt)][1]
            action = _("请医院在诊断证明上写明分期") if doubt == "stage" else _("请工作人员对照诊断证明核对")
            return unknown(None, required, why, action, actual=shown, says=says)
    return judge(False, shown, required, ill)


def _first_diagnosis(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    required = _("初次确诊")
    first = facts.first_diagnosis
    if isinstance(first, Unknown):
        return unknown(first, required, _("还不知道是初诊还是复发"), _("请医院在诊断证明上写明"))
    return judge(first.value, _("初次确诊") if first.value else _("复发"), required, first)


def _procedure(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    p = criterion.params
    name = p["name"]
    wants = p["state"] == "done"
    required = _("已做%(name)s", name=name) if wants else _("还没有做%(name)s", name=name)
    done = facts.procedures
    if isinstance(done, Unknown):
        missing = _("还不知道有没有做过%(name)s", name=name)
        return unknown(done, required, missing, _("做过、没做过，请看病历或问医院后核实"))
    about = [x for x in done.value if x.kind == p["procedure"]]
    if checked := [x for x in about if x.checked]:
        about, done = checked, replace(done, verified=True)
    found = [x for x in about if x.done]
    used: list[Known[Any]] = [done]
    if found and p["as_of"] == "application":
        applied = facts.applied_on
        if isinstance(applied, Unknown):
            return unknown(applied, required, _("还不知道申请日期"), _("请先提交申请"))
        if any(x.done_on is None for x in found) and not any(
            x.done_on and x.done_on <= applied.value for x in found
        ):
            missing = _("还不知道%(name)s是哪一天做的", name=name)
            return unknown(None, required, missing, _("请医院出具手术记录"))
        found = [x for x in found if x.done_on and x.done_on <= applied.value]
        used.append(applied)
    actual = _("已做%(name)s", name=name) if found else _("没有做%(name)s的记录", name=name)
    return judge(bool(found) == wants, actual, required, *used)


def area_key(code: str) -> str:
    """The significant part of an area code: 430000 → 43, 430100 and 430199 (city level itself) → 4301."""
    code = code[:6] if len(code) > 6 and not code[6:].strip("0") else code
    while len(code) in (4, 6) and code[-2:] in ("00", "99"):
        code = code[:-2]
    return code


def in_areas(code: str, areas: tuple[str, ...]) -> bool | None:
    """Is it inside one of the areas? None: the code is too coarse to tell."""
    key = area_key(code)
    wanted = [area_key(area) for area in areas]
    if any(key.startswith(area) for area in wanted):
        return True
    return None if any(area.startswith(key) for area in wanted) else False


def _place(option: Any, facts: Facts) -> Outcome:
    attribute, sentence, proof = PLACES[option["by"]]
    required = Text(sentence.msgid, name=option["name"])
    months = option["min_months"]
    if months:
        required = _("%(place)s满 %(months)s 个月", place=required, months=months)
    fact = getattr(facts, attribute)
    ask = _("请患者交%(proof)s", proof=proof)
    if isinstance(fact, Unknown):
        return unknown(fact, required, _("还没有%(proof)s", proof=proof), ask)
    residence = fact.value if option["by"] == "residence" else None
    code = residence.area if residence else fact.value
    since = residence.since if residence else None
    inside = in_areas(code, option["areas"])
    actual: Text | str = name_of(code) or _("地区代码 %(code)s", code=code)
    if inside is None:
        return unknown(None, required, _("地区写得不够细"), ask, actual=actual)
    if not inside or not months:
        return judge(inside, actual, required, fact)
    if since is None:
        missing = _("还不知道从什么时候起")
        return unknown(None, required, missing, ask, actual=actual)
    applied = facts.applied_on
    if isinstance(applied, Unknown):
        return unknown(applied, required, _("还不知道申请日期"), _("请先提交申请"), actual=actual)
    actual = _("%(since)s 起", since=since.isoformat())
    return judge(add_months(since, months) <= applied.value, actual, required, fact, applied)


def _area(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    return any_of([_place(option, facts) for option in criterion.params["options"]])


def _hospital(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    p = criterion.params
    listed = bool(p["codes"] or p["names"])
    words = [_("定点医院（%(list)s）", list=join(p["names"] or p["codes"]))] if listed else []
    if p["min_level"]:
        words.append(_("%(level)s以上医院", level=LEVELS[p["min_level"]]))
    required = join(words, "，")
    fact = facts.hospital
    ask = _("请患者写明在哪家医院治疗，并交诊断证明")
    if isinstance(fact, Unknown):
        return unknown(fact, required, _("还不知道在哪家医院"), ask)
    hospital = fact.value
    actual = hospital.name or hospital.code
    parts = []
    if listed:
        by_code = bool(hospital.code) and hospital.code in p["codes"]
        by_name = bool(hospital.name) and hospital.name in p["names"]
        certain = (hospital.code and p["codes"]) or (hospital.name and p["names"])
        if by_code or by_name or certain:
            parts.append(judge(by_code or by_name, actual, required, fact))
        else:
            parts.append(unknown(None, required, _("医院没有代码，不能对照清单"), ask, actual=actual))
    if p["min_level"]:
        if hospital.level:
            parts.append(judge(hospital.level >= p["min_level"], actual, required, fact))
        else:
            missing = _("还不知道医院等级")
            parts.append(unknown(None, required, missing, _("请工作人员查医院等级"), actual=actual))
    merged = all_of(parts)
    return Outcome(
        merged.status, merged.tentative, actual, required, merged.missing, merged.action, merged.source
    )


def _insured(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    required = _("参加%(name)s", name=criterion.params["name"])
    fact = facts.insutype
    if isinstance(fact, Unknown):
        return unknown(fact, required, _("还不知道参加哪种医保"), _("请患者交参保凭证，或等医保推送"))
    actual = INSUTYPES.get(fact.value) or _("险种代码 %(code)s", code=fact.value)
    return judge(fact.value in criterion.params["insutypes"], actual, required, fact)


def _one_hardship(status: Hardship, day: date, months: int | None) -> bool | None:
    """Does it hold on `day`, with its tenure? None: not told."""
    if status.until is not None and status.until < day:
        return False
    if status.since is None:
        return None if months else True
    if status.since > day:
        return False
    return not months or add_months(status.since, months) <= day


def _hardship(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    p = criterion.params
    required = _("%(list)s任一项，有认定且未到期", list=join([HARDSHIP_NAMES[k] for k in p["classes"]]))
    if p["min_months"]:
        required = _("%(base)s，满 %(months)s 个月", base=required, months=p["min_months"])
    if p["as_of"]:
        required = _("%(base)s（截至 %(day)s）", base=required, day=p["as_of"].isoformat())
    ask = _("请患者交民政部门的认定证明，或由民政部门核对")
    fact, applied = facts.hardships, facts.applied_on
    if isinstance(fact, Unknown):
        return unknown(fact, required, _("还没有困难认定"), ask)
    if p["as_of"]:
        day, day_checked = p["as_of"], True
    elif isinstance(applied, Known):
        day, day_checked = applied.value, applied.verified
    else:
        return unknown(applied, required, _("还不知道申请日期"), _("请先提交申请"))
    wanted = [h for h in fact.value if h.kind in p["classes"]]
    held = [(h, _one_hardship(h, day, p["min_months"])) for h in wanted]
    shown = join(
        [
            _("%(name)s，%(until)s到期", name=HARDSHIP_NAMES[h.kind], until=h.until.isoformat())
            if h.until
            else HARDSHIP_NAMES[h.kind]
            for h in wanted
        ]
    )
    certified = next((h for h, holds in held if holds and h.certified), None)
    if certified and day_checked:
        source = certified.certified_by or fact.source
        return Outcome(MET, MET, shown, required, source=source)
    says: str | None
    if any(holds for _h, holds in held):
        says = MET
    elif any(holds is None for _h, holds in held):
        says = MET if not fact.verified else None
    else:
        says = FAILED
        if fact.verified and day_checked:
            return Outcome(FAILED, FAILED, shown or _("登记系统里没有"), required, source=fact.source)
    if not shown:
        return unknown(None, required, _("还没有困难认定"), ask, says=says)
    missing = _("%(shown)s：患者自己填写，或认定日期不全", shown=shown)
    return unknown(None, required, missing, ask, actual=shown, says=says)


def _residual(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    return judge_residual(rule.residual, facts, criterion.params["gt"], criterion.params["gte"])


def own_awards(rule: Rule, awards: tuple[PriorAward, ...]) -> list[PriorAward]:
    """The awards that this fund gave."""
    return [award for award in awards if award.fund == rule.slug and award.amount > 0]


def _not_funded_before(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    p = criterion.params
    years, times, below = p["within_years"], p["max_times"], p["total_below"]
    required = _("%(years)s年内没有得到过本基金资助", years=years) if years else _("没有得到过本基金资助")
    if times:
        required = _("得到本基金资助不超过 %(times)s 次", times=times)
    if below is not None:
        required = _("%(base)s，累计低于 %(below)s", base=required, below=yuan(below))
    fact = facts.prior_awards
    if isinstance(fact, Unknown):
        return unknown(fact, required, _("还没有查以前的资助记录"), _("请工作人员查本基金的资助记录"))
    given = own_awards(rule, fact.value)
    if years:
        start = add_months(on, -12 * years)
        given = [award for award in given if award.awarded_on > start]
    total = sum((award.amount for award in given), Decimal("0.00"))
    ok = len(given) <= times and (below is None or total < below)
    actual = _("查无记录")
    if given:
        actual = _("%(times)s 次，共 %(total)s", times=len(given), total=yuan(total))
    return judge(ok, actual, required, fact)


def _exclusive(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    required = _("没有得到%(name)s的资助", name=criterion.params["name"])
    fact = facts.prior_awards
    if isinstance(fact, Unknown):
        missing = _("还不知道有没有得到其他项目的资助")
        return unknown(fact, required, missing, _("请患者授权查看，或说明得到过哪些资助"))
    found = [award for award in fact.value if award.fund in criterion.params["funds"]]
    actual = _("%(day)s 得到过资助", day=found[0].awarded_on.isoformat()) if found else _("查无记录")
    return judge(not found, actual, required, fact)


def _window(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    windows = criterion.params["windows"]
    general = [w for w in windows if w["areas"] is None]
    local = [w for w in windows if w["areas"] is not None]

    def inside(some: list[Any], day: date) -> bool:
        return any(w["from"] <= day <= w["to"] for w in some)

    def words(some: list[Any]) -> Text:
        spans = [_("%(a)s 至 %(b)s", a=w["from"].isoformat(), b=w["to"].isoformat()) for w in some]
        return _("在受理期内申请（%(spans)s）", spans=join(spans))

    applied = facts.applied_on
    if isinstance(applied, Unknown):
        return unknown(applied, words(windows), _("还不知道申请日期"), _("请先提交申请"))
    actual = _("%(day)s 申请", day=applied.value.isoformat())
    if not local:
        return judge(inside(general, applied.value), actual, words(windows), applied)
    home = facts.household_area
    ask = _("请患者交户口簿")
    if isinstance(home, Known):
        placed = [(w, in_areas(home.value, w["areas"])) for w in local]
        mine = [w for w, fits in placed if fits]
        if mine or not any(fits is None for _w, fits in placed):
            chosen = mine or general
            if not chosen:
                return judge(False, _("户籍地没有受理期"), words(windows), applied, home)
            return judge(inside(chosen, applied.value), actual, words(chosen), applied, home)
    # The area is not known: only when every possible window agrees is the answer certain.
    agreed = {
        inside(some, applied.value) for some in [*([w] for w in local), *([general] if general else [])]
    }
    if agreed == {False}:
        return judge(False, actual, words(windows), applied)
    return unknown(
        home if isinstance(home, Unknown) else None,
        words(windows),
        _("各地受理期不同，还不知道户籍地"),
        ask,
        actual=actual,
    )


def _quota(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    people = criterion.params["people"]
    per = _("每年") if criterion.params["per"] == "year" else _("本期")
    required = _("%(per)s %(people)s 人，还有名额", per=per, people=people)
    left = facts.quota_left
    if isinstance(left, Unknown):
        return unknown(left, required, _("还没有统计剩余名额"), _("请基金负责人核对名额"))
    actual = _("还剩 %(left)s 个名额", left=max(0, left.value))
    if left.value <= 0 and rule.process.queue:
        return unknown(None, required, _("名额已满，正在排队"), _("有名额时按顺序处理"), actual=actual)
    return judge(left.value > 0, actual, required, left)


def _ratio(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    least = criterion.params["min"]
    required = _("一年看病自付 ÷ 家庭支付能力 ≥ %(least)s%%", least=_percent(least))
    spend, capacity = facts.medical_spend, facts.capacity_to_pay
    if isinstance(spend, Unknown):
        return unknown(spend, required, _("还不知道一年看病自付多少"), _("请患者交一年内的医疗票据"))
    if isinstance(capacity, Unknown):
        return unknown(capacity, required, _("还不知道家庭支付能力"), _("请患者交家庭收入证明"))
    if capacity.value <= 0:
        actual = _("家庭没有支付能力，自付 %(spend)s", spend=yuan(spend.value))
        return judge(spend.value > 0, actual, required, spend, capacity)
    ok = spend.value >= least * capacity.value
    return judge(ok, f"{_percent(spend.value / capacity.value)}%", required, spend, capacity)


def _percent(share: Decimal) -> str:
    whole = (share * 100).quantize(Decimal("0.1"), rounding="ROUND_DOWN")
    return str(whole.to_integral_value() if whole == whole.to_integral_value() else whole)


def _committee(criterion: Criterion, rule: Rule, facts: Facts, on: date) -> Outcome:
    name = criterion.params["name"]
    required = _("%(name)s同意", name=name)
    decided = facts.committee
    if isinstance(decided, Unknown):
        return unknown(decided, required, _("%(name)s还没有开", name=name), _("材料齐了就排进下一次会"))
    actual = _("%(name)s同意", name=name) if decided.value.approved else _("%(name)s没有同意", name=name)
    return judge(decided.value.approved, actual, required, decided)


LOOK: dict[str, Look] = {
    "all_of": _all,
    "any_of": _any,
    "age": _age,
    "sex": _sex,
    "diagnosis": _diagnosis,
    "first_diagnosis": _first_diagnosis,
    "procedure": _procedure,
    "area": _area,
    "hospital": _hospital,
    "insured": _insured,
    "hardship": _hardship,
    "residual": _residual,
    "not_funded_before": _not_funded_before,
    "exclusive": _exclusive,
    "window": _window,
    "quota": _quota,
    "ratio": _ratio,
    "committee": _committee,
}

__all__ = ["LOOK", "UNKNOWN", "area_key", "in_areas", "look", "own_awards", "stage_key"]

"""Two versions of a rule compared, in words: what was added, dropped or changed, clause by clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from matching.linkage.values.areas import name_of

from .criteria import LEVELS, SEXES
from .facts import HARDSHIP_NAMES
from .residual import BASE_NAMES, SCOPE_NAMES
from .rule import Criterion, Rule
from .schema import plain
from .text import Text, join, yuan
from .text import mark as _

ADDED, DROPPED, CHANGED = "added", "dropped", "changed"
PERS = {"award": _("每次封顶"), "year": _("每年封顶"), "life": _("一生封顶")}
LAYER_NAMES = {
    "basic": _("基本医保"),
    "supplement": _("补充医保"),
    "catastrophic": _("大病保险"),
    "assistance": _("医疗救助"),
    "commercial": _("商业保险"),
    "charity": _("其他慈善"),
    "crowdfunding": _("个人求助"),
}
KEYS = {
    "min_years": _("最小年龄"),
    "max_years": _("最大年龄"),
    "turns": _("生日怎么算"),
    "event": _("按哪一天算"),
    "value": _("性别"),
    "diseases": _("病种"),
    "exclude_icd10": _("不含的编码"),
    "exclude_names": _("不含的病名"),
    "procedure": _("手术"),
    "state": _("做过或没做过"),
    "as_of": _("截至"),
    "options": _("地区"),
    "codes": _("医院代码"),
    "names": _("医院"),
    "min_level": _("最低等级"),
    "insutypes": _("险种"),
    "classes": _("困难身份"),
    "min_months": _("至少几个月"),
    "gt": _("高于"),
    "gte": _("不低于"),
    "within_years": _("几年内"),
    "max_times": _("最多几次"),
    "total_below": _("累计低于"),
    "funds": _("哪些基金"),
    "windows": _("受理期"),
    "people": _("名额"),
    "per": _("名额按"),
    "min": _("最低比例"),
    "name": _("名称"),
    "criteria": _("其中的条件"),
}
WORDS: Mapping[str, Text] = {
    "day_after_birthday": _("生日次日起"),
    "on_birthday": _("生日当天起"),
    "application": _("申请当日"),
    "entry": _("首次录入当日"),
    "diagnosis": _("确诊当日"),
    "treatment": _("治疗当日"),
    "done": _("做过"),
    "not_done": _("没做过"),
    "now": _("现在"),
    "year": _("每年"),
    "period": _("本期"),
    "flat": _("固定金额"),
    "cases": _("按情形"),
    "brackets": _("按档位"),
    "percent": _("按比例"),
    "committee": _("评审会定"),
    "first_come": _("先到先办"),
    "ranked": _("按困难排序"),
    **SEXES,
    **HARDSHIP_NAMES,
}


@dataclass(frozen=True)
class Change:
    """One difference. `kind` added | dropped | changed; `before` and `after` in words, one of them may be ''."""

    kind: str
    where: str
    clause: str
    before: str
    after: str


def compare(old: Rule, new: Rule) -> tuple[Change, ...]:
    """Every difference that can change a verdict or an amount, in the rule's own order. () : the same rule."""
    return tuple(_differences(old, new))


def _differences(old: Rule, new: Rule) -> Iterator[Change]:
    if old.effective_from != new.effective_from:
        yield Change(
            CHANGED, _("生效日期"), "", old.effective_from.isoformat(), new.effective_from.isoformat()
        )
    yield from _criteria({c.id: c for c in old.criteria}, {c.id: c for c in new.criteria})
    yield from _whole(_("资助多少"), _grant(old), _grant(new), new.grant.clause)
    yield from _whole(_("按什么算剩余"), _residual(old), _residual(new), new.residual.clause)
    for per, name in PERS.items():
        before = next((cap for cap in old.caps if cap.per == per), None)
        after = next((cap for cap in new.caps if cap.per == per), None)
        clause = (after or before).clause if after or before else ""  # type: ignore[union-attr]
        yield from _whole(
            name, yuan(before.amount) if before else "", yuan(after.amount) if after else "", clause
        )
    papers = {d.kind: d for d in old.documents}, {d.kind: d for d in new.documents}
    for kind in dict.fromkeys([*papers[0], *papers[1]]):
        was, now = papers[0].get(kind), papers[1].get(kind)
        where = _("材料：%(name)s", name=(now or was).name)  # type: ignore[union-attr]
        yield from _whole(where, _paper(was), _paper(now), (now or was).clause)  # type: ignore[union-attr]
    yield from _whole(_("怎么办"), _process(old), _process(new), "")


def _whole(where: str, before: str, after: str, clause: str) -> Iterator[Change]:
    if before != after:
        kind = ADDED if not before else DROPPED if not after else CHANGED
        yield Change(kind, where, clause, before, after)


def _criteria(old: Mapping[str, Criterion], new: Mapping[str, Criterion]) -> Iterator[Change]:
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if was is None and now is not None:
            yield Change(ADDED, _("条件：%(text)s", text=now.text), now.clause, "", _params(now) or now.text)
        elif now is None and was is not None:
            yield Change(
                DROPPED, _("条件：%(text)s", text=was.text), was.clause, _params(was) or was.text, ""
            )
        elif was is not None and now is not None and plain(was) != plain(now):
            yield from _one(was, now)


def _one(was: Criterion, now: Criterion) -> Iterator[Change]:
    where = _("条件：%(text)s", text=now.text)
    if was.kind != now.kind:
        yield Change(CHANGED, where, now.clause, was.text, now.text)
        return
    told = False
    for key in dict.fromkeys([*was.params, *now.params]):
        before, after = was.params.get(key), now.params.get(key)
        if key == "criteria":
            yield from _criteria({c.id: c for c in before or ()}, {c.id: c for c in after or ()})
            told = True
        elif before != after:
            told = True
            label = _("%(where)s（%(key)s）", where=now.text.rstrip("。"), key=KEYS.get(key, key))
            yield Change(CHANGED, label, now.clause, value_words(before), value_words(after))
    if not told or was.text != now.text:
        yield from _whole(_("条文"), was.text, now.text, now.clause)
    if was.clause != now.clause:
        yield Change(CHANGED, where, now.clause, was.clause, now.clause)


def value_words(value: Any) -> str:
    """One parameter in words; '没有' where there is none."""
    if value is None or value == ():
        return _("没有")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Decimal):
        return f"{(value * 100).normalize():f}%" if value < 1 else yuan(value)
    if isinstance(value, tuple | list):
        return join([value_words(item) for item in value])
    if isinstance(value, Mapping):
        return _mapping(value)
    text = str(value)
    if text.isdigit() and len(text) in (4, 6) and name_of(text):
        return name_of(text)
    return WORDS.get(text, text)


def _mapping(value: Mapping[str, Any]) -> str:
    if "icd10" in value:
        name = join(value["names"] or value["icd10"])
        return (
            _("%(name)s（%(stages)s期）", name=name, stages=join(value["stages"]))
            if value["stages"]
            else name
        )
    if "from" in value:
        span = _("%(a)s 至 %(b)s", a=value["from"].isoformat(), b=value["to"].isoformat())
        return (
            _("%(areas)s %(span)s", areas=value_words(value["areas"]), span=span) if value["areas"] else span
        )
    if "by" in value:
        places = {"household": _("户籍"), "residence": _("常住"), "insured": _("参保")}
        where = _("%(by)s在%(areas)s", by=places[value["by"]], areas=value_words(value["areas"]))
        months = value.get("min_months")
        return _("%(place)s满 %(months)s 个月", place=where, months=months) if months else where
    return join([f"{KEYS.get(k, k)} {value_words(v)}" for k, v in value.items() if v is not None])


def _params(criterion: Criterion) -> str:
    if criterion.kind in {"all_of", "any_of"}:
        return join([inner.text for inner in criterion.params["criteria"]])
    words = [
        _("%(key)s：%(value)s", key=KEYS.get(key, key), value=_level(key, value))
        for key, value in criterion.params.items()
        if value not in (None, (), "")
    ]
    return join(words, "；")


def _level(key: str, value: Any) -> str:
    return LEVELS.get(value, str(value)) if key == "min_level" else value_words(value)


def _grant(rule: Rule) -> str:
    grant = rule.grant
    if grant.kind == "flat":
        words: str = yuan(grant.amount)
    elif grant.kind == "committee":
        words = _("评审会定，最多 %(max)s", max=yuan(grant.max))
    elif grant.kind == "percent":
        words = _share(grant.percent, None, grant.max)
    elif grant.kind == "cases":
        words = join(
            [_("%(label)s %(amount)s", label=c.label, amount=yuan(c.amount)) for c in grant.cases], "；"
        )
    else:
        words = join([_bracket(b) for b in grant.brackets], "；")
    return _("%(words)s，扣除以前的资助", words=words) if grant.less_prior else words


def _share(percent: Decimal | None, amount: Decimal | None, limit: Decimal | None) -> str:
    if amount is not None:
        return yuan(amount)
    part = f"{((percent or Decimal(0)) * 100).normalize():f}%"
    return _("%(part)s，最多 %(max)s", part=part, max=yuan(limit)) if limit is not None else part


def _bracket(bracket: Any) -> str:
    low = (
        _("高于 %(amount)s", amount=yuan(bracket.gt))
        if bracket.gt is not None
        else _("%(amount)s 起", amount=yuan(bracket.gte))
    )
    gives = _share(bracket.percent, bracket.amount, bracket.max)
    if bracket.lt is not None:
        high: str = _("不到 %(amount)s", amount=yuan(bracket.lt))
    elif bracket.lte is not None:
        high = _("到 %(amount)s", amount=yuan(bracket.lte))
    else:
        return _("%(low)s：%(gives)s", low=low, gives=gives)
    return _("%(low)s、%(high)s：%(gives)s", low=low, high=high, gives=gives)


def _residual(rule: Rule) -> str:
    residual = rule.residual
    words = _(
        "%(scope)s的%(base)s，扣掉%(layers)s之后",
        scope=SCOPE_NAMES[residual.scope],
        base=BASE_NAMES[residual.basis],
        layers=join([LAYER_NAMES[layer] for layer in residual.after]),
    )
    if residual.months:
        return _("%(words)s，往前 %(months)s 个月", words=words, months=residual.months)
    if residual.since:
        return _("%(words)s，从 %(day)s 起", words=words, day=residual.since.isoformat())
    return words


def _paper(document: Any) -> str:
    if document is None:
        return ""
    from .evaluate import SEALS

    words: str = document.name
    if document.seals:
        words = _("%(name)s，盖%(seals)s", name=words, seals=join([SEALS[s] for s in document.seals], "或"))
    if document.max_age_days:
        words = _("%(words)s，%(days)s 天内开的", words=words, days=document.max_age_days)
    return _("%(words)s（%(when)s才要）", words=words, when=document.when.text) if document.when else words


def _process(rule: Rule) -> str:
    process = rule.process
    words = [_("有评审会") if process.committee else _("没有评审会")]
    if process.queue:
        words.append(WORDS[process.queue])
    if process.promised_days:
        words.append(_("%(days)s 个工作日内答复", days=process.promised_days))
    return join(words, "，")

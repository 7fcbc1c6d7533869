"""What waits for a second person, in words: what it moves, who has said what. Roles, never names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from scope import Actor
from web.formats import money, yuan

from .models import Review

LAYERS = {
    "charity": lazy("慈善救助"),
    "crowdfunding": lazy("求助项目"),
    "commercial": lazy("商业保险"),
}
ROWS = {
    "application": lazy("申请"),
    "consent": lazy("同意"),
    "case": lazy("案件"),
    "campaign": lazy("求助项目"),
}


@dataclass(frozen=True)
class Line:
    """One thing that an answer moves: what, and how much of it."""

    label: str
    text: str


@dataclass(frozen=True)
class Step:
    """Who said what, by role."""

    at: datetime
    who: str
    text: str


def lines(moves: dict[str, Any], *, merge: bool) -> tuple[Line, ...]:
    """What `Review.moves` tells. merge: two persons become one; else something is taken back."""
    found = [*_aid(moves.get("aid", []), merge=merge)]
    bills, rows = moves.get("bills", 0), moves.get("rows", {})
    if bills or moves.get("residual"):
        whose = _("乙的结算单") if merge else _("结算单")
        text = _("%(n)d 张") % {"n": bills}
        if moves.get("residual"):
            text = _("%(bills)s，余额 %(sum)s") % {"bills": text, "sum": money(moves["residual"])}
        found.append(Line(whose, text))
    if rows:
        counted = [
            _("%(what)s %(n)d 件") % {"what": ROWS.get(name, name), "n": n} for name, n in rows.items()
        ]
        found.append(Line(_("乙的申请和案件") if merge else _("申请和案件"), "，".join(counted)))
    if yuan(moves.get("over")):
        found.append(
            Line(_("超出余额"), _("%(sum)s，会开追款") % {"sum": money(moves["over"])}),
        )
    return tuple(found)


def money_moved(moves: dict[str, Any]) -> str:
    """The aid that stands, in one sentence: 慈善救助已付 ¥9.00，求助项目已筹 ¥100.00; "" where there is none."""
    return "；".join(f"{line.label} {line.text}" for line in _aid(moves.get("aid", []), merge=True))


def _aid(aid: list[dict[str, str]], *, merge: bool) -> list[Line]:
    named = {"reserved": _("预留"), "committed": _("已批未付"), "paid": _("已付")}
    found = []
    for one in aid:
        layer = str(LAYERS.get(one["layer"], one["layer"]))
        side = {"left": _("甲"), "right": _("乙")}.get(one["side"], "") if merge else ""
        words = [f"{word} {money(one[name])}" for name, word in named.items() if yuan(one[name])]
        found.append(
            Line(_("%(side)s的%(what)s") % {"side": side, "what": layer} if side else layer, "，".join(words))
        )
    return found


def steps(actor: Actor, review: Review) -> tuple[Step, ...]:
    """Everything that people have said of this question, the newest first."""

    def step(at: datetime | None, by: int | None, said: str, words: str | None) -> None:
        if at is not None and by is not None:
            who = _("您") if by == actor.user_id else _("另一位身份核对员")
            found.append(Step(at, who, f"{said}：{words}" if words else said))

    found: list[Step] = []
    no = review.state == Review.State.DIFFERENT
    answered = _("认为不是同一人") if no else _("认为是同一人")
    step(review.decided_at, review.decided_by, answered, review.note)
    last = max(filter(None, (review.seconded_at, review.undo_seconded_at, review.declined_at)), default=None)

    def second(at: datetime | None, by: int | None, said: str) -> None:
        step(at, by, said, review.second_note if at == last else None)

    if review.seconded_yes:
        second(review.seconded_at, review.seconded_by, _("复核同意"))
    step(review.undo_asked_at, review.undo_asked_by, _("要撤回"), review.undo_reason)
    if review.undo_seconded_yes:
        second(review.undo_seconded_at, review.undo_seconded_by, _("复核同意撤回"))
    whose = _("您") if review.declined_first == actor.user_id else _("同事")
    wish = _("撤回") if review.declined_what == "undo" else _("“是同一人”")
    said = _("复核没有同意%(whose)s提的%(wish)s") % {"whose": whose, "wish": wish}
    second(review.declined_at, review.declined_by, said)
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))

"""The reviewer's part of "is this held bill the other one?": the list, one pair of bills, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import record
from outbox import emit
from scope import Actor

from .desk import AlreadyDecidedError
from .models import BillQuestion

#: Facts in the order of the page; (name, is it yuan).
FACTS = (
    ("number", False),
    ("centre", False),
    ("senders", False),
    ("hospital", False),
    ("hospital_number", False),
    ("disease", False),
    ("admitted_on", False),
    ("discharged_on", False),
    ("settled_on", False),
    ("total", True),
    ("fund", True),
    ("person", True),
)


@dataclass(frozen=True)
class Fact:
    """One fact of both bills; left: the one that is held."""

    label: str
    left: Any
    right: Any
    is_money: bool
    differs: bool


@dataclass(frozen=True)
class BillPage:
    question: BillQuestion
    facts: tuple[Fact, ...]
    same_description: bool
    next_id: int | None


def labels() -> dict[str, str]:
    return {
        "number": _("结算单号"),
        "centre": _("出具方"),
        "senders": _("推送方"),
        "hospital": _("医院"),
        "hospital_number": _("医院结算号"),
        "disease": _("疾病"),
        "admitted_on": _("入院"),
        "discharged_on": _("出院"),
        "settled_on": _("结算日期"),
        "total": _("总费用"),
        "fund": _("基金支付"),
        "person": _("个人负担"),
    }


def open_questions() -> QuerySet[BillQuestion]:
    """Most money first."""
    return BillQuestion.objects.filter(state=BillQuestion.State.OPEN).order_by("-at_stake", "pk")


def seen(actor: Actor, questions: Sequence[BillQuestion]) -> None:
    """Record, before they are shown, whose held bills stand on a page of the list."""
    if questions:
        named = [f"settlement:{question.held_id}" for question in questions]
        payload = {"questions": len(questions)}
        record("settlements.viewed", f"organisation:{actor.org_id}", also=named, payload=payload, actor=actor)


def page(actor: Actor, question_id: int) -> BillPage:
    """Both bills side by side; the view is recorded first. Raises BillQuestion.DoesNotExist."""
    question = BillQuestion.objects.get(pk=question_id)
    record(
        "settlement.twin_viewed",
        f"settlement:{question.held_id}",
        also=[f"settlement:{question.twin_id}"],
        payload={"question": question.pk},
        actor=actor,
    )
    named = labels()
    found = []
    for name, is_money in FACTS:
        left, right = (_shown(question.shown[side].get(name), is_money) for side in ("held", "twin"))
        found.append(Fact(named[name], left, right, is_money, left != right))
    following = open_questions().exclude(pk=question.pk).values_list("pk", flat=True).first()
    return BillPage(question, tuple(found), bool(question.shown.get("same_description")), following)


def _shown(value: Any, is_money: bool) -> Any:
    if is_money:
        return Decimal(value or "0")
    return "、".join(value) if isinstance(value, list) else value or "—"


def ask_again(actor: Actor, question_id: int) -> None:
    """ "The same" is taken back: the bill is held and asked about again, nothing was counted of it. Raises
    AlreadyDecidedError where that is not its answer. Emits `linking.bill_decided`."""
    changed = BillQuestion.objects.filter(pk=question_id, state=BillQuestion.State.SAME).update(
        state=BillQuestion.State.OPEN, decided_at=None, decided_by=None
    )
    if not changed:
        raise AlreadyDecidedError
    record("settlement.twin_taken_back", f"bill_question:{question_id}", actor=actor)
    emit("linking.bill_decided", question_id=question_id)


def decide(actor: Actor, question_id: int, answer: str) -> None:
    """answer: same | other. Once only: raises AlreadyDecidedError. Emits `linking.bill_decided`."""
    changed = BillQuestion.objects.filter(pk=question_id, state=BillQuestion.State.OPEN).update(
        state=BillQuestion.State(answer), decided_at=timezone.now(), decided_by=actor.user_id
    )
    if not changed:
        raise AlreadyDecidedError
    record("settlement.twin_decided", f"bill_question:{question_id}", payload={"answer": answer}, actor=actor)
    emit("linking.bill_decided", question_id=question_id)

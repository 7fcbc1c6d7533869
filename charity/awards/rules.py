"""What every step on a case shares: who may, from which state to which, up to which amount, and the refusals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, ProgrammingError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import record
from consent.models import Consent
from insurance.ledger import services as ledger
from scope import Actor

from .bills import bills_of
from .models import Award, Case, CaseEvent, CaseText

ZERO = Decimal("0.00")

# step → (states of the case it starts from, the state it leads to; None: it stays)
CASE_STEPS: dict[str, tuple[frozenset[str], str | None]] = {
    "propose": (frozenset({"new", "waiting_family"}), "proposed"),
    "correct": (frozenset({"proposed"}), None),
    "send_back": (frozenset({"proposed"}), "new"),
    "approve": (frozenset({"proposed"}), "approved"),
    "refuse": (frozenset({"new", "waiting_family", "proposed"}), "refused"),
    "cancel": (frozenset({"approved"}), "new"),
    "pay": (frozenset({"approved"}), "paid"),
    "return": (frozenset({"paid"}), None),
    "request": (frozenset({"new", "waiting_family", "proposed", "approved"}), None),
    "check": (frozenset({"new", "waiting_family", "proposed", "approved"}), None),
    "committee": (frozenset({"new", "waiting_family", "proposed"}), None),
    "bill": (frozenset({"new", "waiting_family"}), None),
    "review": (frozenset({"refused", "approved", "paid", "closed"}), None),
    "assign": (frozenset({"new", "waiting_family", "proposed", "approved"}), None),
}
# step → (states of the award, the state it leads to)
AWARD_STEPS: dict[str, tuple[frozenset[str], str]] = {
    "correct": (frozenset({"proposed"}), "proposed"),
    "send_back": (frozenset({"proposed"}), "sent_back"),
    "approve": (frozenset({"proposed"}), "approved"),
    "refuse": (frozenset({"proposed"}), "refused"),
    "cancel": (frozenset({"approved"}), "cancelled"),
    "pay": (frozenset({"approved"}), "paid"),
    "return": (frozenset({"paid"}), "paid"),
}
ROLES: dict[str, frozenset[str]] = {
    "propose": frozenset({"case_worker"}),
    "correct": frozenset({"case_worker"}),
    "send_back": frozenset({"approver"}),
    "approve": frozenset({"approver"}),
    "refuse": frozenset({"approver"}),
    "cancel": frozenset({"approver", "fund_manager"}),
    "pay": frozenset({"payer"}),
    "return": frozenset({"payer"}),
    "request": frozenset({"case_worker", "approver"}),
    "check": frozenset({"case_worker", "approver"}),
    "committee": frozenset({"case_worker", "fund_manager"}),
    "bill": frozenset({"case_worker"}),
    "review": frozenset({"approver"}),
    "recover": frozenset({"payer", "case_worker", "fund_manager"}),
    "recovery_confirm": frozenset({"approver", "fund_manager"}),
    "assign": frozenset({"case_worker", "approver", "fund_manager", "administrator"}),
}


class AwardError(Exception):
    """A step that is not possible; `code` for programs, the text for people. Nothing was changed."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True)
class Limit:
    """One upper bound of an award, in yuan."""

    name: str
    label: str
    amount: Decimal
    clause: str = ""


def must_have_role(actor: Actor, step: str) -> None:
    """Raises AwardError("role")."""
    if actor.kind != "staff" or not actor.user_id or not ROLES[step] & actor.roles:
        raise AwardError("role", _("您的岗位不能做这一步。请找机构管理员。"))


def lock_case(actor: Actor, case_id: int, step: str) -> Case:
    """The case, locked, if the actor's organisation owns it and it stands where the step may start."""
    must_have_role(actor, step)
    case = (
        Case.objects.select_for_update(of=("self",))
        .select_related("fund", "rule", "evaluation")
        .filter(pk=case_id, organisation_id=actor.org_id or 0)
        .first()
    )
    if case is None:
        raise AwardError("not_found", _("没有这个案件。"))
    if case.state == Case.State.WITHDRAWN:
        raise AwardError("withdrawn", _("患者已收回同意，不能再办。"))
    if case.state == Case.State.EXPIRED:
        raise AwardError("withdrawn", _("同意已到期，患者再同意一次才能办。"))
    if case.state not in CASE_STEPS[step][0]:
        raise AwardError(
            "state", _("这个案件现在是“%(state)s”，不能做这一步。") % {"state": case.get_state_display()}
        )
    return case


def lock_award(case: Case, step: str) -> Award:
    """The case's award that the step is about, locked."""
    award = (
        Award.objects.select_for_update(of=("self",))
        .filter(case=case, state__in=AWARD_STEPS[step][0])
        .order_by("-pk")
        .first()
    )
    if award is None:
        raise AwardError("state", _("没有可以做这一步的资助。可能同事刚办过，请刷新再看。"))
    award.case = case
    return award


def consent_of(case: Case) -> Consent | None:
    """The live consent to this fund on this application, as far as the actor sees it. There is one at most; a yes
    anew counts at once, before the engine wrote it on the case."""
    return Consent.objects.filter(
        application_id=case.application_id,
        fund_id=case.fund_id,
        organisation_id=case.organisation_id,
        decision=True,
        withdrawn_at=None,
        valid_until__gt=timezone.now(),
    ).first()


def must_consent(case: Case) -> Consent:
    consent = consent_of(case)
    if consent is None:
        raise AwardError("withdrawn", _("患者收回了同意，或同意已到期，不能再办。"))
    return consent


def held(case: Case) -> Decimal:
    """What the case itself holds against its need and fund now (yuan): proposed or approved, unpaid."""
    rows = Award.objects.filter(case=case, state__in=["proposed", "approved"]).values_list(
        "amount", flat=True
    )
    return sum(rows, ZERO)


def bound_bill(case: Case) -> int | None:
    """The bill (settlement) that the last evaluation looked at, where the rule looks at single bills."""
    return next((entry["bill"] for entry in case.criteria or [] if "bill" in entry), None)


def limits_of(case: Case) -> list[Limit]:
    """Every bound of an award on this case, least first; open residual and fund are read now, rule bounds
    from the last evaluation. Empty when nothing can be said yet."""
    if case.need_id is None or case.criteria is None:
        return []
    own = held(case)
    found = [
        Limit("open", _("还没着落的余额"), ledger.need_position(case.need_id).open + own),
        Limit("fund_available", _("基金可用"), ledger.fund_position(case.fund_id).open + own),
    ]
    if (bill := bound_bill(case)) is not None:
        left = next((one.open for one in bills_of(case) if one.settlement_id == bill), ZERO)
        found.append(Limit("bill", _("这张账单还没着落的"), left))
    for entry in case.criteria or []:
        if entry.get("bound") in (None, "open", "fund_available") or entry.get("amount") is None:
            continue
        found.append(
            Limit(entry["bound"], _(entry["label"]), Decimal(entry["amount"]), entry.get("clause", ""))
        )
    return sorted(found, key=lambda limit: limit.amount)


def results_of(case: Case, status: str | None = None) -> list[dict[str, Any]]:
    """Criteria results as kept on the case; of one status if given."""
    return [
        entry
        for entry in case.criteria or []
        if "id" in entry and (status is None or entry["status"] == status)
    ]


def write_event(
    case: Case,
    kind: str,
    actor: Actor,
    *,
    amount: Decimal | None = None,
    note: str | None = None,
    family: bool = False,
) -> CaseEvent:
    event = CaseEvent.objects.create(
        case=case,
        organisation_id=case.organisation_id,
        kind=kind,
        user_id=actor.user_id,
        amount=amount,
        visible_to_family=family,
    )
    if note:
        CaseText.note(case, event, note).save(force_insert=True)
    return event


def audited(action: str, case: Case, actor: Actor, award: Award | None = None, **payload: Any) -> int:
    subject = f"award:{award.pk}" if award is not None else f"case:{case.pk}"
    content = {"case": case.pk, "fund": case.fund_id, **payload}
    if award is not None:
        content.setdefault("amount", str(award.amount))
    return record(action, subject, payload=content, actor=actor)


def written(text: str, least: int, what: str) -> str:
    """The text without blanks at its ends. Raises AwardError("reason") when it is too short to mean anything."""
    text = (text or "").strip()
    if len(text) < least:
        raise AwardError(
            "reason", _("请写明%(what)s，至少 %(least)d 个字。") % {"what": what, "least": least}
        )
    return text


@contextmanager
def one_transaction() -> Iterator[None]:
    """Everything or nothing; what the database refuses gets the words that people understand."""
    try:
        with transaction.atomic():
            yield
    except ledger.ResidualExceededError as error:
        raise AwardError(
            "residual", _("还没着落的余额不够了：刚有别的资助进来。请刷新后再定金额。")
        ) from error
    except ledger.BudgetExceededError as error:
        raise AwardError("budget", _("基金可用的钱不够了。请换一个金额，或找基金负责人。")) from error
    except (ledger.AwardAmountsError, ledger.AlreadyPostedError) as error:
        raise AwardError("state", _("这一步刚刚有人办过。请刷新再看。")) from error
    except IntegrityError as error:
        name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
        if name == "award_three_people":
            raise AwardError("same_person", _("经办、审批、付款不能是同一个人。")) from error
        if name == "award_one_open":
            raise AwardError("state", _("这个案件已经有一笔在办的资助。")) from error
        raise
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") == "42501":
            raise AwardError("withdrawn", _("患者已收回同意，不能再办。")) from error
        raise


OPEN_CASES = Q(state__in=["new", "waiting_family", "proposed", "approved"])

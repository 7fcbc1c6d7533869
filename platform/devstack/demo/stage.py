"""The steps of the demonstration: push, apply, prove, decide. Everything through the rooms' own services.

A step that a service refuses is left out and counted; the demonstration goes on.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import PatientAccount
from audit import record
from charity.applications import services as applications
from charity.applications.models import Application, Document
from charity.awards import casework
from charity.awards import services as awards
from charity.awards.models import Case
from charity.campaigns import services as campaigns
from charity.findings import services as findings
from charity.funds import services as funds
from charity.funds.models import Fund
from consent import services as consents
from insurance.desk import letters
from insurance.intake import services as intake
from insurance.intake.models import Settlement
from matching import eligibility
from outbox import tasks
from people import registry
from people.models import Hardship
from scope import Actor, actor_scope, engine_scope
from vault.index import blind

from . import papers
from .cast import Cast
from .families import PAPERS, Family, answers_of

#: Seals that rules ask for, by kind of paper.
SEAL_OF = {"diagnosis": "hospital", "front_page": "hospital", "settlement": "hospital", "echo": "hospital",
           "income": "office"}  # fmt: skip
left_out: Counter[str] = Counter()


@contextmanager
def no_wake_ups() -> Any:
    """No message to a broker that is not there yet: this process delivers by itself."""
    before, tasks._last_wake = tasks._last_wake, float("inf")
    try:
        yield
    finally:
        tasks._last_wake = before


def drain() -> int:
    """Deliver every event that is due, in this process."""
    count = 0
    while done := tasks.drain():
        count += done
    return count


def spread(per_second: int) -> None:
    """Let what is pending come due little by little, so that a visitor's own steps never wait behind it."""
    with engine_scope("demo"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_event e SET due_at = now() + make_interval(secs => 20 + n.position / %s::float)"
            " FROM (SELECT id, row_number() OVER (ORDER BY id) AS position FROM outbox_event"
            "  WHERE state = 'pending') n WHERE n.id = e.id",
            [per_second],
        )


# pushes -------------------------------------------------------------------------------------------------


def push(cast: Cast, code: str, bodies: Iterable[bytes], key: str) -> Counter[str]:
    """Push JSON bodies as the organisation's API client; each body once, however often this runs."""
    total: Counter[str] = Counter()
    with actor_scope(cast.client(code)) as actor:
        pass
    for number, body in enumerate(bodies):
        with actor_scope(actor):
            receipt = intake.receive(
                actor,
                cast.houses[code],
                body,
                key=f"demo-{key}-{number}",
                max_bytes=settings.JIELI_PUSH_MAX_BYTES,
                max_records=settings.JIELI_PUSH_MAX_RECORDS,
            )
        if not receipt.replayed:
            total.update(receipt.counts)
    return total


def announce(cast: Cast, code: str, rows: Sequence[dict[str, Any]]) -> Counter[str]:
    """A platform pushes its campaigns; one that is known already changes nothing."""
    total: Counter[str] = Counter()
    with actor_scope(cast.client(code)) as actor:
        for position, row in enumerate(rows):
            total[campaigns.receive(actor, position, row).state] += 1
    return total


# applications -------------------------------------------------------------------------------------------


def account_of(phone: str) -> Actor:
    account, _ = PatientAccount.objects.get_or_create(
        phone_blind=blind("accounts.phone", phone), defaults={"phone": phone}
    )
    return Actor("patient", account_id=account.pk)


def apply(family: Family, funds: dict[str, Fund], serial: int) -> tuple[Actor, int]:
    """Fill in the form and hand it in (a draft stops after four pages). The patient's actor, the application."""
    patient = account_of(family.phone)
    with actor_scope(patient):
        before = Application.objects.filter(account_id=patient.account_id).order_by("pk").first()
        if before is not None:  # a run that was interrupted
            return patient, before.pk
        application = applications.start(patient)
        answers = answers_of(family)
        sections = list(answers.items())[:4] if family.goal == "draft" else list(answers.items())
        for name, answer in sections:
            applications.save_section(patient, application.pk, name, answer)
        if family.goal == "draft":
            return patient, application.pk
        wanted = family.papers or tuple(dict.fromkeys(k for slug in family.funds for k in PAPERS[slug]))
        if family.goal in {"waiting", "new", "claimed"}:
            wanted = wanted[: 1 + serial % 2]
        application.refresh_from_db()
        for at, kind in enumerate(wanted):
            data = papers.pdf(serial) if (serial + at) % 7 == 3 else papers.picture(kind, serial * 10 + at)
            applications.add_document(patient, application, kind, data)
        chosen = [funds[slug].pk for slug in family.funds]
        applications.choose_funds(patient, application.pk, chosen)
        application.refresh_from_db()
        for slug in family.funds:
            fund = funds[slug]
            consents.decide(
                patient,
                application_id=application.pk,
                organisation_id=fund.organisation_id,
                fund_id=fund.pk,
                rendered=consents.render(fund.organisation.name, fund.name),
                decision=True,
                capacity=application.capacity,
            )
        applications.submit(patient, application.pk)
        return patient, application.pk


def person_of(family: Family) -> int | None:
    """To whom the family's bills were linked (engine)."""
    with engine_scope("demo"):
        row = Settlement.objects.filter(
            setl_id__in=[bill.setl_id for bill in family.bills], person_id__isnull=False
        ).first()
        return row.person_id if row else None


def letter(person_id: int, organisation_id: int) -> str:
    """The token of a letter that the insurer sends."""
    with engine_scope("demo"):
        return registry.issue_token(person_id, organisation_id)


def invite(cast: Cast, setl_id: str, printed: bool = False) -> str:
    """A letter from the insurer's own desk about one of its bills. Its token, '' when it is not ready."""
    clerk = cast.staff("changsha.clerk")
    with actor_scope(clerk):
        asked = letters.ask(clerk, setl_id)
    drain()
    with actor_scope(clerk):
        paper = letters.open_letter(clerk, asked.pk)
        if printed:
            letters.printed(clerk, asked.pk)
    return paper.token


def certify(person_id: int, kind: str, today: date) -> None:
    """A certified hardship as the civil affairs office's list names it."""
    with engine_scope("demo"):
        row, made = Hardship.objects.get_or_create(
            person_id=person_id,
            kind=kind,
            source="民政部门认定名单",
            valid_from=today - timedelta(days=200),
            defaults={"valid_to": today + timedelta(days=165)},
        )
        if made:
            record("hardship.imported", f"person:{person_id}", payload={"hardship": row.pk})


def prove(patient: Actor, application_id: int, token: str) -> None:
    with actor_scope(patient):
        applications.redeem(patient, application_id, token)


# decisions ----------------------------------------------------------------------------------------------


def cases_of(application_id: int) -> list[Case]:
    with engine_scope("demo"):
        return list(
            Case.objects.filter(application_id=application_id)
            .select_related("organisation", "fund", "evaluation")
            .order_by("pk")
        )


def check_papers(worker: Actor, case: Case) -> None:
    """Staff compare every paper that has not been looked at."""
    with actor_scope(worker):
        new = list(
            Document.objects.filter(application_id=case.application_id, state="new").values_list("pk", "kind")
        )
        for pk, kind in new:
            casework.accept_document(worker, case.pk, pk, seal=SEAL_OF.get(kind, ""))


REASON = "材料齐全，与医保账单一致，按资助办法建议资助。"
ACCEPT = "已电话向医院和社区核实，材料稍后补齐。"


def look(actor: Actor, case: Case) -> None:
    """As in the portal: the list, then the case page, each in the log before it is shown."""
    record("queue.viewed", f"organisation:{actor.org_id}", also=[f"case:{case.pk}"])
    record("case.viewed", f"case:{case.pk}", payload={"application": case.application_id})


def carry(cast: Cast, case: Case, goal: str, serial: int) -> None:
    """Bring one case to its goal with the members of its charity, each in his own role."""
    code = case.organisation.code
    worker = cast.staff(f"{code}.worker", code)
    if code == "chenxi" and serial % 2:
        worker = cast.staff("chenxi.worker2")
    approver, payer = cast.staff(f"{code}.approver", code), cast.staff(f"{code}.payer", code)
    with actor_scope(worker):
        look(worker, case)
        casework.assign(worker, [case.pk], worker.user_id)
    if goal == "waiting":
        with actor_scope(worker):
            casework.request_document(
                worker, case.pk, kind="diagnosis", note="诊断证明要盖医院的章。请到医院医务处补盖，再拍照。"
            )
        return
    if goal == "refused":
        with actor_scope(approver):
            awards.refuse(
                approver, case.pk, reason="这个基金今年的名额已满，建议申请同舟大病救助。", clause="第十条"
            )
        return
    if goal in {"proposed", "approved", "paid", "checked"}:
        check_papers(worker, case)
        if goal != "checked":
            verify_facts(worker, case)
        drain()
    if goal not in {"proposed", "approved", "paid"}:
        return
    fresh = cases_of(case.application_id)
    now = next(one for one in fresh if one.pk == case.pk)
    amount = min(now.offer, Decimal("30000.00"))
    unknown = [entry["id"] for entry in now.criteria or [] if entry.get("status") == "unknown"]
    with actor_scope(worker):
        awards.propose(
            worker,
            case.pk,
            amount=amount,
            reason=REASON,
            payee="湘江大学附属第一医院 对公账户 4300 0000 0000 0000",
            accepted=dict.fromkeys(unknown, ACCEPT),
        )
    if goal == "proposed":
        return
    with actor_scope(approver):
        look(approver, case)
        awards.approve(approver, case.pk, reason="同意，金额在规则上限之内。", no_conflict=True)
    if goal == "paid":
        with actor_scope(payer):
            record("payments.viewed", f"organisation:{payer.org_id}", also=[f"case:{case.pk}"])
            look(payer, case)
            awards.pay(payer, case.pk, reference=f"DEMO-{serial:06d}")


def verify_facts(worker: Actor, case: Case) -> None:
    """The worker records what he checked of this case, as far as the fund's rule asks: homes, operations, income,
    the stage, and the committee's meeting."""
    with actor_scope(worker):
        now = Case.objects.select_related("rule", "fund").get(pk=case.pk)
        said: Any = Application.objects.get(pk=case.application_id).answers or {}
        if now.rule is None:
            return
        rule = eligibility.parse_rule(now.rule.rule)
        asks = eligibility.asked_by_rule(rule)
        asked = {
            fact
            for row in now.criteria or []
            if row.get("status") == "unknown" and row["tentative"] != "failed"
            for fact in asks.get(row["id"], ())
        }
        home, ill, family = said["identity"], said["illness"], said["household"]
        found: list[tuple[str, str, dict[str, Any]]] = [
            ("household_area", "", {"area": home["household_area"]}),
            ("capacity_to_pay", "", {"members": family["members"], "income": family["income_yearly"]}),
            *(
                ("procedures", key, {"done": key in ill["procedures"], "day": ""})
                for key in eligibility.procedures_asked(rule)
            ),
        ]
        if ill.get("stage"):
            found.append(
                ("diagnoses", "", {"name": ill["name"], "icd10": ill["icd10"], "stage": ill["stage"]})
            )
        for fact, key, value in found:
            if fact in asked:
                findings.record_finding(
                    worker, case.pk, fact, key=key, value=value, means="register" if not key else "phone",
                    source="户籍、民政窗口核对" if not key else "电话问了医院病案室",
                    checked_on=timezone.localdate(),
                )  # fmt: skip
        if "committee" in asked:
            findings.record_committee(
                worker, case.pk, met_on=timezone.localdate(), decision="approved", present=5, quorum=3,
                votes_for=5, votes_against=0, minutes="评审会纪要（演示）", no_conflict=True,
            )  # fmt: skip


def next_years_rule(cast: Cast) -> None:
    """The leukaemia fund's manager has published next year's version: there are two to compare."""
    manager = cast.staff("chenxi.manager", "chenxi")
    with actor_scope(manager):
        fund = Fund.objects.get(slug="chenxi-leukaemia")
        data: Any = copy.deepcopy(fund.rules.get(version=1).rule)
        data |= {"version": 2, "effective_from": f"{timezone.localdate().year + 1}-01-01"}
        data["resolution"] = "理事会决议 2026-11"
        data["grant"]["cases"][0]["amount"] = data["caps"][0]["amount"] = "60000.00"
        data["grant"]["text"] = "完成移植 6 万元，其他 3 万元，扣除以前所得。"
        funds.publish_rule(manager, fund.pk, eligibility.parse_rule(data), source="理事会决议 2026-11")


def attempt(name: str, step: Any, *arguments: Any) -> Any:
    """Run a step; what a service refuses is counted under its name and class, and left out."""
    try:
        return step(*arguments)
    except Exception as error:
        left_out[f"{name}: {type(error).__name__} {getattr(error, 'code', '')}"] += 1
        if settings.JIELI_ENV == "test":
            raise
        return None


def age(application_ids: Sequence[tuple[int, int]]) -> None:
    """Let applications lie some days back, so that the queue shows waiting. Only the dates on the rows: the audit
    log keeps the true times."""
    now = timezone.now()
    with engine_scope("demo"):
        for application_id, days in application_ids:
            then = now - timedelta(days=days, minutes=application_id % 600)
            Application.objects.filter(pk=application_id, submitted_at__isnull=False).update(
                submitted_at=then
            )
            for case in Case.objects.filter(application_id=application_id):
                case.opened_at = then
                case.due_on = case.due_on and case.due_on - timedelta(days=days)
                case.save(update_fields=["opened_at", "due_on"])
        record("demo.aged", "demo:1", payload={"applications": len(application_ids)})


def as_json(rows: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps(list(rows), ensure_ascii=False).encode()

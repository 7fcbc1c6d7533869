# ruff: noqa: S311
"""Load the demonstration once. What nobody needs at once is pushed last and left to the running worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from audit import record
from audit.models import Entry
from charity.funds.models import Fund
from devstack.synthetic import noise
from devstack.synthetic.people import SyntheticPerson
from devstack.synthetic.settlements import SyntheticSettlement
from outbox.models import Event
from scope import actor_scope, engine_scope
from scope.actor import SYSTEM

from . import bills as demo_bills
from . import cast as casting
from . import families as demo_families
from . import second_looks, signins, stage
from .cast import Cast

DONE = "demo.loaded"
PER_SECOND = 25
Say = Callable[[str], None]


@dataclass
class Loaded:
    """What the loader made; `pending` events are left to the worker."""

    already: bool = False
    records: int = 0
    applications: int = 0
    pending: int = 0
    seconds: float = 0.0


def is_loaded() -> bool:
    """Whether a whole run has ended here before: its entry stands in the log."""
    with engine_scope("demo"):
        return Entry.objects.filter(action=DONE).exists()


def load(say: Say = print, *, rest: bool = True) -> Loaded:
    """Make everything that is not there yet. `rest`: push the whole population too (False in small tests)."""
    began = time.monotonic()
    stage.left_out.clear()
    with stage.no_wake_ups():
        if is_loaded():
            return Loaded(already=True)
        with actor_scope(SYSTEM):
            cast = casting.engage()
        call_command("load_programmes", stdout=_Quiet())
        say(f"organisations, members, funds ({time.monotonic() - began:.1f} s)")
        return _load(cast, say, rest, began)


class _Quiet:
    def write(self, text: str) -> None:
        """Nothing."""


def _load(cast: Cast, say: Say, rest: bool, began: float) -> Loaded:
    today = timezone.localdate()
    people, rows = demo_bills.everybody(today - timedelta(days=2))
    child = demo_bills.child_of_the_case(people.people[0])
    case_bills = demo_bills.bills_of_the_case(child, today)
    planned = demo_families.families(people, rows, today)
    case = demo_families.family_of_the_case(child, case_bills, casting.MOTHER_PHONE)
    everyone = [case, *planned]
    newcomer = _newcomer(people.people, rows, planned, today)

    # First the bills of those who apply: the worker would reach them in any case, but not yet.
    first = {bill.setl_id for family in everyone for bill in family.bills} | {b.setl_id for b in newcomer}
    early = [*case_bills, *(bill for bill in rows if bill.setl_id in first)]
    records = _push(cast, early, "first")
    stage.drain()
    say(f"{records} bills of the families who apply ({time.monotonic() - began:.1f} s)")

    with engine_scope("demo"):
        funds = {fund.slug: fund for fund in Fund.objects.select_related("organisation")}
    made = _apply_all(cast, everyone, funds, today)
    say(f"{len(made)} applications ({time.monotonic() - began:.1f} s)")
    token = stage.attempt("letter", stage.invite, cast, newcomer[0].setl_id) or ""
    for family in [f for f in planned if f.goal == "new" and f.patient.city == "4301"][:3]:
        stage.attempt("letter", stage.invite, cast, family.bills[0].setl_id, True)

    for code in ("changsha-yb", "qinhuangdao-yb"):
        city = next(c for c, insurer in demo_bills.INSURER_OF.items() if insurer == code)
        stage.push(cast, code, [stage.as_json(demo_bills.troubled(rows, city))], "troubled")
    _doubtful(cast, rows, first)
    stage.attempt(
        "campaigns", stage.announce, cast, "anxin", demo_families.campaigns_of(case, planned, today)
    )
    stage.drain()
    stage.attempt("desk", _desk, cast)
    stage.drain()
    stage.attempt("two persons", second_looks.two_persons, cast)
    stage.attempt("twin", second_looks.twin, cast, early[::-1])
    stage.attempt("samples", second_looks.samples, cast)
    stage.attempt("rule", stage.next_years_rule, cast)
    _recovery(cast, made)
    stage.drain()
    if rest:
        records += _push(cast, [bill for bill in rows if bill.setl_id not in first], "rest")
        stage.spread(PER_SECOND)
    example = replace(case_bills[0], setl_id="4301007000999001", person=newcomer[0].person).as_canonical()
    example["msgid"] = ""
    person = newcomer[0].person
    signins.write(
        bill=example,
        token=token,
        left=f"{person.name}，{person.id_number}，{person.birth_date.isoformat()}",
        asked=f"{child.id_number[-4:]} / {child.birth_date:%Y%m%d}",
    )
    with engine_scope("demo"):
        record(DONE, "demo:1", payload={"records": records, "applications": len(made)})
        pending = Event.objects.filter(state=Event.State.PENDING).count()
    for what, count in sorted(stage.left_out.items()):
        say(f"left out: {what} ({count})")
    return Loaded(False, records, len(made), pending, time.monotonic() - began)


def _push(cast: Cast, rows: list[SyntheticSettlement], key: str) -> int:
    count = 0
    for city, code in demo_bills.INSURER_OF.items():
        mine = [
            demo_bills.dialect_of(at, bill)
            for at, bill in enumerate(bill for bill in rows if bill.person.city == city)
        ]
        count += sum(stage.push(cast, code, demo_bills.batches(mine), key).values())
    return count


def _apply_all(
    cast: Cast, everyone: list[demo_families.Family], funds: dict[str, Fund], today: date
) -> list[tuple[demo_families.Family, int]]:
    """Forms, letters, decisions. Events are delivered between the rounds, as workers would."""
    made = []
    for serial, family in enumerate(everyone, 1):
        handed = stage.attempt("apply", stage.apply, family, funds, serial)
        if handed is None:
            continue
        patient, application_id = handed
        made.append((family, application_id))
        person_id = stage.person_of(family)
        if family.goal in {"draft", "claimed"} or person_id is None:
            continue
        if family.hardship and serial % 4:
            stage.attempt("certify", stage.certify, person_id, family.hardship, today)
        insurer = cast.houses[demo_bills.INSURER_OF[family.patient.city]]
        token = stage.letter(person_id, insurer.pk)
        stage.attempt("prove", stage.prove, patient, application_id, token)
    stage.drain()
    stage.age([(application_id, family.days_ago) for family, application_id in made])
    for serial, (family, application_id) in enumerate(made, 1):
        cases = stage.cases_of(application_id)
        if family.goal == "withdrawn":
            stage.attempt("withdraw", _withdraw, family, application_id)
        elif family.goal == "checked":
            for one in cases[:1]:
                stage.attempt("check", stage.carry, cast, one, family.goal, serial)
        elif cases and family.goal not in {"draft", "claimed", "new"}:
            stage.attempt(family.goal, stage.carry, cast, cases[0], family.goal, serial)
    stage.drain()
    return made


def _withdraw(family: demo_families.Family, application_id: int) -> None:
    from charity.applications import services as applications

    patient = stage.account_of(family.phone)
    with actor_scope(patient):
        applications.withdraw(patient, application_id)


def _newcomer(
    people: list[SyntheticPerson],
    rows: list[SyntheticSettlement],
    planned: list[demo_families.Family],
    today: date,
) -> list[SyntheticSettlement]:
    """The bills of an adult of Changsha who has not applied: the walk-through applies for this one."""
    taken = {family.patient.index for family in planned}
    for person in people:
        mine = [bill for bill in rows if bill.person.index == person.index and bill.med_type == "2101"]
        recent = [bill for bill in mine if bill.settled_at.date() > today - timedelta(days=200)]
        if person.index in taken or person.city != "4301" or not 30 <= person.age_on(today) <= 58:
            continue
        if sum((bill.person_paid for bill in recent), Decimal(0)) > 20_000:
            return mine
    return rows[:1]


def _doubtful(cast: Cast, rows: list[SyntheticSettlement], first: set[str]) -> None:
    """Bills whose sender wrote the person down a little wrong: some of them come to the identity desk."""
    rng = Random("demo-doubtful")
    known = [bill for bill in rows if bill.setl_id in first and bill.person.city == "4301"]
    seen: set[int] = set()
    bodies: list[dict[str, object]] = []
    for bill in known:
        person = bill.person
        if person.index in seen or len(bodies) == 12:
            continue
        seen.add(person.index)
        # A bill of another stay, so that nobody takes it for the same bill sent twice.
        wrong = replace(
            bill,
            setl_id=f"{bill.setl_id}D",
            medins_setl_id="",
            person=replace(
                person,
                given_name=noise.homophone(person.name, rng)[len(person.surname) :],
                area=rng.choice(("430225", "430321", "430626", "430725")),
                id_number="",
                phone="",
                psn_no="",
            ),
        ).as_canonical()
        bodies.append({**wrong, "medins_setl_id": ""})
    stage.push(cast, "changsha-yb", [stage.as_json(bodies)], "doubtful")


def _desk(cast: Cast) -> None:
    """Some questions are answered; the measuring case's stays open for the walk-through."""
    from insurance.linking import desk
    from insurance.linking.models import Review

    reviewer = cast.staff("reviewer")
    with actor_scope(reviewer):
        waiting = list(Review.objects.filter(state="open").order_by("-at_stake").select_related("identity"))
    answers = {"campaign": ["same", "same", "same"], "insurer": ["same", "different"]}
    for review in waiting[1:]:
        left = answers.get(review.identity.source) or []
        if left and review.held != Decimal("153000.00"):
            with actor_scope(reviewer):
                desk.decide(reviewer, review.pk, left.pop(0), "演示：已电话核实。")


def _recovery(cast: Cast, made: list[tuple[demo_families.Family, int]]) -> None:
    """An insurer corrects a bill after a charity has paid: more was given than was left to pay."""
    for family, application_id in made:
        cases = stage.cases_of(application_id)
        if family.goal != "paid" or not cases or cases[0].state != "paid":
            continue
        corrected = []
        for bill in family.bills:
            left = min(bill.person_paid, Decimal("600.00"))
            extra = bill.person_paid - left
            corrected.append(
                replace(
                    bill,
                    person_paid=left,
                    cash_paid=left,
                    account_paid=Decimal("0.00"),
                    account_mutual_paid=Decimal("0.00"),
                    fund_paid=bill.fund_paid + extra,
                    pays=bill.pays | {"assistance": bill.pays["assistance"] + extra},
                ).as_canonical()
            )
        code = demo_bills.INSURER_OF[family.patient.city]
        stage.push(cast, code, [stage.as_json(corrected)], "recovery")
        return


def refuse_production() -> str:
    """Why the demonstration may not be loaded here, or ''."""
    if settings.PRODUCTION or not settings.JIELI_DEMO:
        return "The demo is not loaded in production or with JIELI_DEMO off."
    return ""

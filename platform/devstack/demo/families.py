# ruff: noqa: S311
"""Families who apply: whom they are about, what they type, which funds they ask, how far each case has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from devstack.synthetic import noise
from devstack.synthetic.people import Population, SyntheticPerson, draw_phone
from devstack.synthetic.settlements import SyntheticSettlement
from matching.linkage.values.areas import name_of

from . import bills as demo_bills

PAPERS = {
    "chenxi-leukaemia": ("diagnosis", "household", "guardian_id", "front_page", "marrow"),
    "chenxi-heart": ("household", "guardian_id", "echo"),
    "kangning-liangai": ("diagnosis", "household"),
    "kangning-metabolic": ("diagnosis", "household"),
    "tongzhou-serious": ("id_card", "settlement"),
    "tongzhou-burden": ("id_card", "income"),
}
HARDSHIP_OF = {"2303": "dibao", "2304": "tekun", "2305": "low_income"}
# How far the cases come, dealt out in turn.
GOALS = (
    "new", "paid", "waiting", "claimed", "proposed", "new", "approved", "draft", "refused", "proposed",
    "new", "paid", "waiting", "claimed", "new", "approved", "withdrawn", "proposed", "new", "claimed",
)  # fmt: skip


@dataclass
class Family:
    """One application to be: its patient, bills, funds by slug, and the state that it shall reach."""

    patient: SyntheticPerson
    bills: list[SyntheticSettlement]
    funds: tuple[str, ...]
    goal: str
    phone: str
    who: str
    applicant: str
    relation: str
    days_ago: int
    hardship: str = ""
    typed: noise.Application | None = None
    procedures: tuple[str, ...] = ()
    aid: dict[str, tuple[str, str]] = field(default_factory=dict)
    papers: tuple[str, ...] | None = None

    @property
    def own_cost(self) -> Decimal:
        return sum((bill.person_paid for bill in self.bills), Decimal("0.00"))


def _episode(code: str) -> str:
    return code[:3]


def _by_need(rows: Iterable[SyntheticSettlement]) -> dict[tuple[int, str], list[SyntheticSettlement]]:
    found: dict[tuple[int, str], list[SyntheticSettlement]] = defaultdict(list)
    for bill in rows:
        found[bill.person.index, _episode(bill.disease.code)].append(bill)
    return found


def _funds_for(patient: SyntheticPerson, code: str, age: int, cost: Decimal) -> tuple[str, ...]:
    if code in {"C91", "C92"} and age <= 17:
        return ("chenxi-leukaemia", "tongzhou-burden")
    if code == "Q21" and age <= 13:
        return ("chenxi-heart",)
    if code == "E75" and age <= 17:
        return ("kangning-metabolic",)
    if code in {"C50", "C53"} and patient.sex == "2" and age >= 18:
        return ("kangning-liangai", "tongzhou-serious")
    if age >= 18 and cost > 12_000:
        return ("tongzhou-serious",) if patient.index % 3 else ("tongzhou-serious", "tongzhou-burden")
    return ()


SHARES = {
    "chenxi-leukaemia": 14, "chenxi-heart": 8, "kangning-metabolic": 4, "kangning-liangai": 10, "tongzhou-serious": 30,
}  # fmt: skip


def families(people: Population, rows: Sequence[SyntheticSettlement], today: date) -> list[Family]:
    """About 60 families of the population, the same at every run for the same day."""
    rng = Random(f"families-{people.seed}")
    waiting: dict[str, list[tuple[SyntheticPerson, list[SyntheticSettlement], tuple[str, ...]]]] = (
        defaultdict(list)
    )
    taken: set[int] = set()
    for (index, code), mine in sorted(_by_need(rows).items()):
        patient = people.people[index]
        recent = [bill for bill in mine if bill.settled_at.date() > today - timedelta(days=360)]
        cost = sum((bill.person_paid for bill in recent), Decimal("0.00"))
        if index in taken or cost < 5100:
            continue
        funds = _funds_for(patient, code, patient.age_on(today), cost)
        if funds and (funds[0] != "kangning-liangai" or patient.city == "4301"):
            waiting[funds[0]].append((patient, mine, funds))
            taken.add(index)
    found: list[Family] = []
    for first, share in SHARES.items():
        rng.shuffle(waiting[first])
        for patient, mine, funds in waiting[first][:share]:
            found.append(_family(people, patient, mine, funds, rng, today))
    rng.shuffle(found)
    return [replace(family, goal=GOALS[at % len(GOALS)]) for at, family in enumerate(found)]


def _family(
    people: Population,
    patient: SyntheticPerson,
    mine: list[SyntheticSettlement],
    funds: tuple[str, ...],
    rng: Random,
    today: date,
) -> Family:
    age = patient.age_on(today)
    home = [p for p in people.household_of(patient) if p.age_on(today) >= 20 and p.index != patient.index]
    parents = [people.people[at] for at in patient.parents]
    if age < 18 and (parents or home):
        helper = (parents or home)[-1]
        who, relation = "child", "mother" if helper.sex == "2" else "father"
    elif age >= 60 and home:
        helper = home[-1]
        who, relation = "family", "spouse" if helper.index == patient.spouse else "child"
    else:
        helper, who, relation = patient, "self", "self"
    if age < 18 and who != "child":
        who, relation = "other", "guardian"
    hardship = HARDSHIP_OF.get(patient.hardship, "")
    if not hardship and funds[0] in {"kangning-liangai", "kangning-metabolic"}:
        hardship = rng.choice(("dibao", "low_income")) if funds[0] == "kangning-metabolic" else "dibao"
    rates = noise.NoiseRates(
        id_missing=0, name_dropped=0, birth_missing=0, sex_missing=0, lunar=0, year_only=0
    )
    return Family(
        patient=patient,
        bills=mine,
        funds=funds,
        goal="new",
        phone=draw_phone(rng),
        who=who,
        applicant=helper.name,
        relation=relation,
        days_ago=rng.randint(0, 13),
        hardship=hardship,
        typed=noise.noisy_application(patient, rng, rates),
        procedures=("hsct",) if funds[0] == "chenxi-leukaemia" and rng.random() < 0.3 else (),
        aid={"commercial": ("惠民保", "3200.00")} if rng.random() < 0.2 else {},
    )


def family_of_the_case(child: SyntheticPerson, mine: list[SyntheticSettlement], phone: str) -> Family:
    """The measuring case: 177,000.00 yuan left, 153,000 raised elsewhere, two charities asked."""
    return Family(
        patient=child,
        bills=mine,
        funds=("chenxi-leukaemia", "tongzhou-burden"),
        goal="checked",
        phone=phone,
        who="child",
        applicant=demo_bills.MOTHER,
        relation="mother",
        days_ago=4,
        procedures=("hsct",),
        aid={"campaign": ("安心筹", "150000.00")},
        papers=(
            "diagnosis",
            "household",
            "guardian_id",
            "front_page",
            "marrow",
            "match",
            "id_card",
            "income",
        ),
    )


def answers_of(family: Family) -> dict[str, Any]:
    """The sections of the form as the family fills them in (`charity.applications.forms`), without funds."""
    patient, typed = family.patient, family.typed
    name, birth, number = patient.name, patient.birth_date.isoformat(), patient.id_number
    if typed is not None and family.goal in {"claimed", "draft"}:
        name = typed.name or name
        number = typed.id_number if noise.has_valid_check_digit(typed.id_number) else number
        birth = typed.birth_date if len(typed.birth_date) == 10 else birth
    last = max(family.bills, key=lambda bill: bill.settled_at)
    income = Decimal(18_000 + (patient.index % 23) * 2_600)
    illness = {
        "name": last.disease.name,
        "icd10": last.disease.code,
        "stage": "ⅢB" if last.disease.code == "C53.9" else "",
        "hospital": last.hospital.name,
        "admitted_on": last.admitted_on.isoformat(),
        "discharged_on": last.discharged_on.isoformat(),
        "own_cost": str((family.own_cost / 1000).quantize(Decimal(1)) * 1000) + ".00",
        "procedures": list(family.procedures),
    }
    if last.disease.code == "C50.9":
        illness["name"] = "浸润性乳腺癌"
    aid = {}
    for key in ("campaign", "commercial", "charity"):
        told = family.aid.get(key)
        aid[key] = {"has": bool(told), "name": told[0] if told else "", "amount": told[1] if told else ""}
    return {
        "who": {"who": family.who},
        "identity": {
            "name": name,
            "id_number": number,
            "birth_date": birth,
            "sex": patient.sex,
            "address": patient.address,
            "phone": family.phone,
            "household_area": patient.area,
            "household_place": "",
            "residence_area": patient.area,
            "residence_place": "",
            "residence_since": "2014-12-31",
        },
        "applicant": {"name": family.applicant, "relation": family.relation, "phone": family.phone},
        "illness": illness,
        "household": {
            "members": 3 + patient.index % 3,
            "earners": 1 + patient.index % 2,
            "income_yearly": f"{income}.00",
            "hardship": [family.hardship] if family.hardship else ["none"],
        },
        "aid": aid,
        "documents": {"seen": True},
    }


def campaigns_of(case: Family, planned: Sequence[Family], today: date) -> list[dict[str, Any]]:
    """What the platform pushes: the measuring case's appeal and those of some other families, names masked."""
    rng = Random("campaigns")
    rows = [_campaign("AX-2019-0001", case, "200000.00", "153000.00", "153000.00", "ended", "middle", today)]
    _as_told(rows[0], case, today)
    chosen = [family for family in planned if family.goal in {"new", "proposed", "paid", "waiting"}][::4]
    for at, family in enumerate(chosen[:9], 1):
        target = Decimal(40_000 + 20_000 * (at % 4))
        raised = (target * Decimal(rng.randint(8, 60)) / 100).quantize(Decimal("0.01"))
        raised = min(raised, (family.own_cost / 2).quantize(Decimal("0.01")))
        paid = raised if at % 3 == 0 else Decimal("0.00")
        style = ("middle", "mou", "star", "stars")[at % 4]
        rows.append(
            _campaign(
                f"AX-{today.year}-{1000 + at}", family, str(target), str(raised), str(paid),
                "ended" if paid else "active", style, today,
            )
        )  # fmt: skip
    if len(chosen) > 1:
        _as_told(rows[2], chosen[1], today, contradicting=True)
    return rows


def _as_told(row: dict[str, Any], family: Family, today: date, *, contradicting: bool = False) -> None:
    """The platform states less, and pushes what the family wrote. contradicting: with a slip of the pen in the age."""
    stated = row["beneficiary"]
    age = int(stated["age"]) + (3 if contradicting else 0)
    parts = name_of(stated["area"])
    row["appeal"] = {
        "title": "一场大病压垮了我们家，求您帮一把",
        "story": (
            f"大家好！患者{stated['name']}，今年{age}岁，家住{parts}。\n"
            f"前些日子反复不舒服，先去了县医院，后来确诊为{stated['disease']}，目前在{stated['hospital']}住院治疗。\n"
            "家里的积蓄已经花光了，亲戚也都借遍了。谢谢每一位好心人！"
        ),
    }
    for name in ("hospital", "disease") if contradicting else ("age", "hospital", "disease"):
        del stated[name]


def _campaign(
    number: str, family: Family, target: str, raised: str, paid: str, status: str, style: str, today: date
) -> dict[str, Any]:
    patient, last = family.patient, max(family.bills, key=lambda bill: bill.settled_at)
    if style == "middle" and len(patient.given_name) < 2:
        style = "star"
    return {
        "external_id": number,
        "status": status,
        "target": target if "." in target else f"{target}.00",
        "raised": raised,
        "paid_out": paid,
        "disease_code": last.disease.code,
        "started_at": (today - timedelta(days=30)).isoformat(),
        "beneficiary": {
            "name": noise.mask_name(patient.surname, patient.given_name, style),
            "age": patient.age_on(today),
            "sex": patient.sex,
            "area": patient.area,
            "hospital": last.hospital.name,
            "disease": last.disease.name,
        },
    }

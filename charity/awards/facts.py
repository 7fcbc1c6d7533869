"""What is known of a case, for matching.eligibility: read by the engine, each value with source and proof.

Insurer's bills are verified; what the family typed is not, until a document was accepted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F
from django.utils import timezone

from charity.applications.lookups import illness_name
from charity.applications.models import Application, Document
from charity.findings import reading as findings
from consent.models import Category, Consent
from insurance.intake.models import Settlement
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, Layer
from matching import eligibility as rules
from matching.eligibility import Known, Unknown
from people.models import Hardship, Identity

from .models import Award, Case

INSURER = "医保推送"
FAMILY = "患者自己填写"
CHECKED = "证件已核对"
LEDGER = "接力账本"


def _date(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None


def _amount(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text)).quantize(Decimal("0.01")) if text not in (None, "") else None
    except InvalidOperation:
        return None


def _told(value: Any) -> Known[Any] | Unknown:
    return rules.UNKNOWN if value in (None, "", ()) else Known(value, FAMILY)


def own_hold(case: Case) -> Decimal:
    """What this very case has reserved or committed and not paid: it does not stand in its own way."""
    rows = Award.objects.filter(case=case, state__in=["proposed", "approved"]).values_list(
        "amount", flat=True
    )
    return sum(rows, Decimal("0.00"))


def _aid_entries(need_id: int, own: Collection[int]) -> list[Entry]:
    """What layers 2 and 3 hold against a need (reserved, committed and paid); `own`: awards left out."""
    others = Entry.objects.filter(need_id=need_id).exclude(layer=Layer.STATUTORY)
    return [
        entry
        for entry in others.exclude(kind__in=["open", "correct"])
        if entry.award_id is None or entry.award_id not in own
    ]


def _aid_on_bills(
    need_id: int, own: Collection[int]
) -> tuple[dict[str, Decimal], dict[int, dict[str, Decimal]]]:
    """Layer → yuan that is held by the episode as a whole, and bill → layer → yuan of what is bound to one bill."""
    loose: dict[str, Decimal] = {}
    bound: dict[int, dict[str, Decimal]] = {}
    for entry in _aid_entries(need_id, own):
        sums = loose if entry.settlement_id is None else bound.setdefault(entry.settlement_id, {})
        change = entry.d_reserved + entry.d_committed + entry.d_paid
        sums[entry.layer] = sums.get(entry.layer, Decimal("0.00")) + change
    return loose, bound


def bills(need_id: int, own: Collection[int] = ()) -> tuple[rules.Bill, ...]:
    rows = list(
        Settlement.objects.filter(need_id=need_id, status=Settlement.Status.ACTIVE).order_by(
            "settled_at", "id"
        )
    )
    loose, bound = _aid_on_bills(need_id, own)
    left = [row.person_paid - sum(bound.get(row.pk, {}).values(), Decimal("0.00")) for row in rows]
    aid = spread(loose, [max(amount, Decimal("0.00")) for amount in left])
    return tuple(
        rules.Bill(
            id=str(row.pk),
            settled_on=timezone.localdate(row.settled_at) if row.settled_at else row.created_at.date(),
            person=row.person_paid,
            cash=row.cash_paid,
            in_scope=row.in_scope_residual,
            out_of_scope=row.out_of_scope_residual,
            episode=f"need:{need_id}",
            aid=Known((*mine, *sorted(bound.get(row.pk, {}).items())), LEDGER, verified=True),
        )
        for row, mine in zip(rows, aid, strict=True)
    )


def spread(aid: dict[str, Decimal], borne: Sequence[Decimal]) -> list[tuple[tuple[str, Decimal], ...]]:
    """Aid is held by the episode, not by the bill: it fills the bills from the newest back, each up to what the
    person bore, so that no yuan of it is lost where it exceeds one bill. What is over stands on the newest.

    aid: layer → yuan; borne: yuan by bill, oldest first. Gives (layer, yuan) pairs by bill, in that order.
    """
    left = {layer: amount for layer, amount in sorted(aid.items()) if amount > 0}
    found: list[dict[str, Decimal]] = [{} for _ in borne]
    for mine, amount in zip(reversed(found), reversed(borne), strict=True):
        room = amount
        for layer in left:
            part = min(left[layer], room)
            if part > 0:
                mine[layer] = part
                left[layer] -= part
                room -= part
    for layer, over in left.items():
        if over > 0 and found:
            found[-1][layer] = found[-1].get(layer, Decimal("0.00")) + over
    return [tuple(sorted(mine.items())) for mine in found]


def facts_of(case: Case, application: Application) -> rules.Facts:
    """Everything a rule may ask about this case (engine only)."""
    answers: dict[str, Any] = application.answers or {}
    # what the recipient may not see is not used either: the results are shown to it
    agreed = set(Consent.objects.values_list("categories", flat=True).get(pk=case.consent_id))
    who, illness = answers.get("identity", {}), answers.get("illness", {})
    household = answers.get("household", {}) if Category.HOUSEHOLD in agreed else {}
    submitted = (
        timezone.localdate(application.submitted_at) if application.submitted_at else timezone.localdate()
    )
    proven = application.proof == Application.Proof.PROVEN
    insurer = (
        Identity.objects.filter(person_id=application.person_id, source="insurer").order_by("pk").first()
        if proven and application.person_id
        else None
    )
    known: dict[str, Any] = {
        "applied_on": Known(submitted, "接力", verified=True),
        "entered_on": Known(submitted, "接力", verified=True),
    }
    told_by = INSURER if insurer else CHECKED if proven else FAMILY
    birth = insurer.birth_date if insurer and insurer.birth_date else _date(who.get("birth_date"))
    if birth:
        known["birth_date"] = Known(birth, told_by, verified=proven)
    sex = (insurer.sex if insurer else "") or who.get("sex", "")
    if sex in {"1", "2"}:
        known["sex"] = Known("male" if sex == "1" else "female", told_by, verified=proven)
    name = illness.get("name", "")
    if name or illness.get("icd10"):
        known["diagnoses"] = Known(
            (rules.Diagnosis(icd10=illness.get("icd10", ""), name=name, stage=illness.get("stage", "")),),
            FAMILY,
        )
    if illness.get("procedures") is not None:
        known["procedures"] = Known(
            tuple(rules.Procedure(kind=str(kind)) for kind in illness["procedures"]), FAMILY
        )
    known["household_area"] = _told(who.get("household_area"))
    if who.get("residence_area"):
        known["residence"] = Known(
            rules.Residence(who["residence_area"], _date(who.get("residence_since"))), FAMILY
        )
    if illness.get("hospital"):
        known["hospital"] = Known(rules.Hospital(name=illness["hospital"]), FAMILY)
    if Category.HOUSEHOLD in agreed:
        known.update(_hardships(application, household))
    income, spend = _amount(household.get("income_yearly")), _amount(illness.get("own_cost"))
    if income is not None:
        known["capacity_to_pay"] = Known(income, FAMILY)
    if spend is not None:
        known["medical_spend"] = Known(spend, FAMILY)

    if proven and case.need_id and Category.BILLS in agreed:
        position = ledger.need_position(case.need_id)
        mine = set(
            Award.objects.filter(case=case, state__in=["proposed", "approved"]).values_list("pk", flat=True)
        )
        rows = bills(case.need_id, mine)
        known["bills"] = Known(rows, INSURER, verified=True)
        known["open_remainder"] = Known(position.open + own_hold(case), LEDGER, verified=True)
        known["medical_spend"] = Known(position.residual, INSURER, verified=True)
        coded = [
            s
            for s in Settlement.objects.filter(need_id=case.need_id).order_by("-settled_at")
            if s.disease_code
        ]
        if coded:
            known["diagnoses"] = Known(
                tuple(
                    rules.Diagnosis(
                        icd10=s.disease_code,
                        name=s.disease_name or illness_name(s.disease_code),
                        stage=illness.get("stage", ""),
                        stage_checked=False,
                    )
                    for s in coded[:1]
                ),
                INSURER,
                verified=True,
            )
            known["hospital"] = Known(
                rules.Hospital(code=coded[0].hospital_code, name=coded[0].hospital_name),
                INSURER,
                verified=True,
            )
            known["insutype"] = Known(coded[0].insutype, INSURER, verified=True)
            known["insured_area"] = Known(coded[0].insured_area, INSURER, verified=True)
    elif spend is not None:
        known["bills"] = Known(
            (rules.Bill(id="answers", settled_on=submitted, person=spend, cash=spend),), FAMILY
        )
    known["prior_awards"] = Known(
        prior_awards(case, everybody=Category.OTHER_AID in agreed),
        LEDGER,
        verified=proven and case.person_id is not None and Category.OTHER_AID in agreed,
    )
    if Category.DOCUMENTS in agreed:
        known["documents"] = Known(documents(application), "上传的材料", verified=True)
    known["fund_available"] = Known(
        ledger.fund_position(case.fund_id).open + own_hold(case), LEDGER, verified=True
    )
    known = findings.apply(case.pk, agreed, known, timezone.localdate())
    if "subject_bill" not in known and isinstance(known.get("bills"), Known):
        known["subject_bill"] = largest_open(known["bills"].value)
    return rules.Facts(**known, subject_episode=f"need:{case.need_id}" if case.need_id else "")


def with_quota(facts: rules.Facts, rule: rules.Rule, case: Case) -> rules.Facts:
    """The facts with the places that are left, where the rule has a quota: people who were promised or paid by this
    fund this year (Asia/Shanghai) or this budget period, this case left out."""
    quota = next((one for top in rule.criteria for one in top.walk() if one.kind == "quota"), None)
    if quota is None:
        return facts
    given = Award.objects.filter(fund_id=case.fund_id, state__in=["approved", "paid", "returned"]).exclude(
        case_id=case.pk
    )
    if quota.params["per"] == "year":
        given = given.filter(approved_at__year=timezone.localdate().year)
    else:
        given = given.filter(
            approved_at__date__gte=case.fund.period_start, approved_at__date__lte=case.fund.period_end
        )
    people = given.filter(amount__gt=F("returned")).values("case__person_id").distinct().count()
    return replace(facts, quota_left=Known(quota.params["people"] - people, LEDGER, verified=True))


def largest_open(found: Sequence[rules.Bill]) -> str:
    """The bill with most still open, the newest of several; '' without bills. What a rule of one bill looks at
    until staff choose another."""

    def still_open(bill: rules.Bill) -> Decimal:
        aid = bill.aid.value if isinstance(bill.aid, Known) else ()
        return (bill.person or Decimal("0.00")) - sum((amount for _layer, amount in aid), Decimal("0.00"))

    return max(found, key=lambda bill: (still_open(bill), bill.settled_on, bill.id)).id if found else ""


def _hardships(application: Application, household: dict[str, Any]) -> dict[str, Any]:
    today = timezone.localdate()
    certified = [
        rules.Hardship(row.kind, row.valid_from, row.valid_to, certified=True, certified_by=row.source)
        for row in (Hardship.objects.filter(person_id=application.person_id) if application.person_id else [])
        if row.valid_to is None or row.valid_to >= today
    ]
    claimed = [
        rules.Hardship(kind)
        for kind in household.get("hardship") or []
        if kind != "none" and kind not in {row.kind for row in certified}
    ]
    if certified:
        return {"hardships": Known((*certified, *claimed), "民政、乡村振兴部门认定", verified=True)}
    if household.get("hardship") is not None:
        return {"hardships": Known(tuple(claimed), FAMILY)}
    return {}


def prior_awards(case: Case, everybody: bool = True) -> tuple[rules.PriorAward, ...]:
    """Awards to this person that were committed or paid, less what came back; of all funds or the charity's own."""
    if case.person_id is None:
        return ()
    rows = Award.objects.filter(
        case__person_id=case.person_id, state__in=["approved", "paid", "returned"]
    ).select_related("fund")
    if not everybody:
        rows = rows.filter(organisation_id=case.organisation_id)
    return tuple(
        rules.PriorAward(
            row.fund.slug, timezone.localdate(row.approved_at or row.proposed_at), row.amount - row.returned
        )
        for row in rows
        if row.amount > row.returned and row.case_id != case.pk
    )


SEALS = {"hospital", "medical_affairs", "department", "office"}


def documents(application: Application) -> tuple[rules.Document, ...]:
    """Papers that were not rejected; `checked` once staff accepted them."""
    rows = (
        Document.objects.filter(application=application)
        .exclude(state__in=["rejected", "removed"])
        .defer("content", "reason")
    )
    return tuple(
        rules.Document(
            kind=row.counts_as or row.kind,
            seal=row.seal,
            issued_on=timezone.localdate(row.uploaded_at),
            checked=row.state == "accepted",
        )
        for row in rows
    )

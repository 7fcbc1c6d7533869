"""What staff see of a patient: masked, from the application that he opened to them; nothing after a withdrawal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from charity.applications.models import Application
from vault import masking

SEXES = {"1": lazy("男"), "2": lazy("女")}
REVEALABLE = {
    "name": lazy("姓名"),
    "id_number": lazy("证件号"),
    "birth_date": lazy("出生日期"),
    "phone": lazy("患者手机号"),
    "address": lazy("住址"),
    "applicant_name": lazy("申请人姓名"),
    "applicant_phone": lazy("申请人手机号"),
}


@dataclass(frozen=True)
class Person:
    """One patient as staff may see him: masked values, coded facts. `full` stays inside the process."""

    name: str
    sex: str
    age: int | None
    disease: str
    hospital: str
    proven: bool
    masked: dict[str, str]
    full: dict[str, str]
    applicant: str
    capacity: str
    household: dict[str, Any]
    told_cost: str

    @property
    def about(self) -> str:
        age = _("%(age)d岁") % {"age": self.age} if self.age is not None else ""
        return " · ".join(part for part in (self.sex, age, self.disease) if part)


def _age(text: Any) -> int | None:
    try:
        born = date.fromisoformat(str(text))
    except ValueError:
        return None
    today = timezone.localdate()
    return max(0, today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


def person_of(application: Application) -> Person:
    answers: dict[str, Any] = application.answers or {}
    who, applicant = answers.get("identity") or {}, answers.get("applicant") or {}
    illness, household = answers.get("illness") or {}, answers.get("household") or {}
    full = {
        "name": str(who.get("name") or ""),
        "id_number": str(who.get("id_number") or ""),
        "birth_date": str(who.get("birth_date") or ""),
        "phone": str(who.get("phone") or ""),
        "address": str(who.get("address") or ""),
        "applicant_name": str(applicant.get("name") or ""),
        "applicant_phone": str(applicant.get("phone") or ""),
    }
    if not full["applicant_name"]:  # who applies for himself gave his number as the applicant
        full["phone"] = full["phone"] or full["applicant_phone"]
        full["applicant_phone"] = ""
    masked = {
        "name": masking.name(full["name"]),
        "id_number": masking.id_number(full["id_number"]),
        "birth_date": full["birth_date"][:4] + "-**-**" if full["birth_date"] else "—",
        "phone": masking.phone(full["phone"]),
        "address": masking.address(full["address"]),
        "applicant_name": masking.name(full["applicant_name"]),
        "applicant_phone": masking.phone(full["applicant_phone"]),
    }
    return Person(
        name=masked["name"],
        sex=str(SEXES.get(str(who.get("sex")), "")),
        age=_age(who.get("birth_date")),
        disease=str(illness.get("name") or ""),
        hospital=str(illness.get("hospital") or ""),
        proven=application.proof == Application.Proof.PROVEN,
        masked=masked,
        full=full,
        applicant=masked["applicant_name"] if full["applicant_name"] else "",
        capacity=application.capacity or str((answers.get("who") or {}).get("capacity") or ""),
        household=household,
        told_cost=str(illness.get("own_cost") or ""),
    )


def people_of(application_ids: Iterable[int]) -> dict[int, Person]:
    """Those that the actor's organisation may see now (row-level security): one query, decrypted here."""
    rows = Application.objects.filter(pk__in=list(application_ids))
    return {row.pk: person_of(row) for row in rows}

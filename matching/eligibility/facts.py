"""What is known of a person when a fund's rule is looked at.

Every fact is Known (with its source and whether somebody checked it) or Unknown (with what is missing and
who can provide it). A verdict rests on verified facts alone: an unverified value leaves a criterion
``unknown``, so that "could not verify" is never shown as "not eligible". Amounts are Decimal yuan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Generic, TypeVar

from .text import Text
from .text import mark as _

T = TypeVar("T")


@dataclass(frozen=True)
class Known(Generic[T]):
    """`source`: who says so (register, insurer, applicant …). `verified`: checked by staff or a register."""

    value: T
    source: str = ""
    verified: bool = False
    as_of: date | None = None


@dataclass(frozen=True)
class Unknown:
    """`missing`: what is missing; `who`: who can provide it. Empty: the criterion has its own words."""

    missing: str = ""
    who: str = ""


Fact = Known[T] | Unknown
UNKNOWN = Unknown()


@dataclass(frozen=True)
class Diagnosis:
    """One coded or written diagnosis. `stage` as written: ⅡB, IIB, T2N1M0 …

    `stage_checked` False: the code is verified, the stage is only what the applicant says.
    """

    icd10: str = ""
    name: str = ""
    stage: str = ""
    stage_checked: bool = True


@dataclass(frozen=True)
class Procedure:
    """A procedure that was done (or, `done` False, was not). `kind` is a rule's key: hsct, chd_surgery …

    `checked`: this very procedure was verified, whatever the rest of the list is worth.
    """

    kind: str
    done_on: date | None = None
    done: bool = True
    checked: bool = False


@dataclass(frozen=True)
class Residence:
    """Where the person lives (area code prefix) and since when."""

    area: str
    since: date | None = None


@dataclass(frozen=True)
class Hospital:
    """`level` 3, 2, 1 (三级 …); 0 not known."""

    code: str = ""
    name: str = ""
    level: int = 0


@dataclass(frozen=True)
class Hardship:
    """One hardship status. `kind` of HARDSHIP_NAMES; `until` None: the register states no end.

    `certified` False is a claim of the applicant, which counts as unknown until an office confirms it.
    """

    kind: str
    since: date | None = None
    until: date | None = None
    certified: bool = False
    certified_by: str = ""


@dataclass(frozen=True)
class Bill:
    """One settlement after statutory insurance, in yuan; a base that the bill does not tell is None.

    `aid`: what layers 2 and 3 have paid or promised since, by layer (commercial, charity, crowdfunding).
    """

    id: str
    settled_on: date
    person: Decimal | None = None
    cash: Decimal | None = None
    in_scope: Decimal | None = None
    out_of_scope: Decimal | None = None
    episode: str = ""
    aid: Known[tuple[tuple[str, Decimal], ...]] | Unknown = UNKNOWN


@dataclass(frozen=True)
class PriorAward:
    """An award of this or another fund (slug) that was committed or paid, less what was returned."""

    fund: str
    awarded_on: date
    amount: Decimal


@dataclass(frozen=True)
class Document:
    """A document handed in. `seal`: hospital, medical_affairs, department, office, '' none.

    `checked`: staff compared it with the original or the register.
    """

    kind: str
    seal: str = ""
    issued_on: date | None = None
    checked: bool = False


@dataclass(frozen=True)
class CommitteeDecision:
    """What the fund's committee decided; `amount` in yuan when it set one."""

    approved: bool
    amount: Decimal | None = None


@dataclass(frozen=True)
class Facts:
    """Everything a rule may ask about one application; each fact may be Unknown.

    A list that is Known and verified is complete: an award, procedure or status not in it is not there.
    `subject_bill`, `subject_episode`: which bill or illness episode the application is about; may be left
    out when there is only one. `open_remainder`: what the ledger still holds open for this award.
    """

    applied_on: Known[date] | Unknown = UNKNOWN
    entered_on: Known[date] | Unknown = UNKNOWN
    diagnosed_on: Known[date] | Unknown = UNKNOWN
    treated_on: Known[date] | Unknown = UNKNOWN
    birth_date: Known[date] | Unknown = UNKNOWN
    sex: Known[str] | Unknown = UNKNOWN
    diagnoses: Known[tuple[Diagnosis, ...]] | Unknown = UNKNOWN
    first_diagnosis: Known[bool] | Unknown = UNKNOWN
    procedures: Known[tuple[Procedure, ...]] | Unknown = UNKNOWN
    household_area: Known[str] | Unknown = UNKNOWN
    residence: Known[Residence] | Unknown = UNKNOWN
    insured_area: Known[str] | Unknown = UNKNOWN
    insutype: Known[str] | Unknown = UNKNOWN
    hospital: Known[Hospital] | Unknown = UNKNOWN
    hardships: Known[tuple[Hardship, ...]] | Unknown = UNKNOWN
    bills: Known[tuple[Bill, ...]] | Unknown = UNKNOWN
    prior_awards: Known[tuple[PriorAward, ...]] | Unknown = UNKNOWN
    medical_spend: Known[Decimal] | Unknown = UNKNOWN
    capacity_to_pay: Known[Decimal] | Unknown = UNKNOWN
    documents: Known[tuple[Document, ...]] | Unknown = UNKNOWN
    quota_left: Known[int] | Unknown = UNKNOWN
    committee: Known[CommitteeDecision] | Unknown = UNKNOWN
    open_remainder: Known[Decimal] | Unknown = UNKNOWN
    fund_available: Known[Decimal] | Unknown = UNKNOWN
    subject_bill: str = ""
    subject_episode: str = ""


HARDSHIP_NAMES: Mapping[str, Text] = {
    "dibao": _("低保"),
    "tekun": _("特困"),
    "dibao_edge": _("低保边缘"),
    "low_income": _("低收入"),
    "illness_poverty": _("因病致贫"),
    "expenditure": _("支出型困难"),
    "return_risk": _("易返贫致贫"),
    "registered_poor": _("建档立卡"),
    "orphan": _("孤儿"),
    "unattended": _("事实无人抚养儿童"),
}


@dataclass(frozen=True)
class Answers:
    """What a patient told the form, nothing else. Amounts in yuan; `on` is the day of the answers.

    `hardship` None: not asked yet; an empty tuple: "none of these". `illness` is the patient's own word.
    """

    on: date
    birth_date: date | None = None
    sex: str = ""
    illness: str = ""
    icd10: str = ""
    stage: str = ""
    household_area: str = ""
    residence_area: str = ""
    residence_since: date | None = None
    insured_area: str = ""
    insutype: str = ""
    hospital_name: str = ""
    hardship: tuple[str, ...] | None = None
    own_cost: Decimal | None = None
    other_help: tuple[tuple[str, Decimal], ...] = ()
    procedures: tuple[str, ...] | None = None
    medical_spend: Decimal | None = None
    capacity_to_pay: Decimal | None = None

    def facts(self) -> Facts:
        """The same as facts, none of them verified except the day of application."""
        said = _("患者自己填写")

        def told(value: T | None) -> Known[T] | Unknown:
            return UNKNOWN if value in (None, "") else Known(value, said)  # type: ignore[arg-type]

        bill = Bill(
            id="answers",
            settled_on=self.on,
            person=self.own_cost,
            cash=self.own_cost,
            in_scope=self.own_cost,
            out_of_scope=self.own_cost,
            aid=Known(self.other_help, said),
        )
        ill = Diagnosis(icd10=self.icd10, name=self.illness, stage=self.stage)
        return Facts(
            applied_on=Known(self.on, said, verified=True),
            entered_on=Known(self.on, said, verified=True),
            birth_date=told(self.birth_date),
            sex=told(self.sex),
            diagnoses=Known((ill,), said) if self.illness or self.icd10 else UNKNOWN,
            procedures=(
                UNKNOWN
                if self.procedures is None
                else Known(tuple(Procedure(kind) for kind in self.procedures), said)
            ),
            household_area=told(self.household_area),
            residence=(
                Known(Residence(self.residence_area, self.residence_since), said)
                if self.residence_area
                else UNKNOWN
            ),
            insured_area=told(self.insured_area),
            insutype=told(self.insutype),
            hospital=Known(Hospital(name=self.hospital_name), said) if self.hospital_name else UNKNOWN,
            hardships=(
                UNKNOWN
                if self.hardship is None
                else Known(tuple(Hardship(kind) for kind in self.hardship), said)
            ),
            bills=UNKNOWN if self.own_cost is None else Known((bill,), said),
            medical_spend=told(self.medical_spend),
            capacity_to_pay=told(self.capacity_to_pay),
        )


__all__ = [
    "HARDSHIP_NAMES",
    "UNKNOWN",
    "Answers",
    "Bill",
    "CommitteeDecision",
    "Diagnosis",
    "Document",
    "Fact",
    "Facts",
    "Hardship",
    "Hospital",
    "Known",
    "PriorAward",
    "Procedure",
    "Residence",
    "Unknown",
]

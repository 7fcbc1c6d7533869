"""What the engine knows about one person in one source."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

Source = Literal["insurer", "application", "campaign"]
Sex = Literal["M", "F"]


class Stay(NamedTuple):
    """Where and for what somebody was treated; '' where it is not told."""

    hospital: str = ""
    disease: str = ""


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """One record as a source gave it; every field is optional and may be wrong.

    ``area`` is a six-digit GB/T 2260 code (insured or registered area), ``birth_year`` a year alone
    where the date is not known, ``age`` in completed years (it says nothing without ``birth_year``,
    which the caller derives from the day on which the age was written). ``further``: stays other than that of
    ``hospital`` and ``disease``, for a person has several bills.
    """

    name: str | None = None
    id_number: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None
    age: int | None = None
    sex: Sex | None = None
    phone: str | None = None
    area: str | None = None
    address: str | None = None
    hospital: str | None = None
    disease: str | None = None
    source: Source | None = None
    further: tuple[Stay, ...] = ()

    @property
    def stays(self) -> tuple[Stay, ...]:
        """Every stay, at least one."""
        return (Stay(self.hospital or "", self.disease or ""), *self.further)

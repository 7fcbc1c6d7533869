"""What a second insurer writes of people whom a basic medical insurance knows: a commercial one, or the company that
runs the major-illness insurance. Rates are judgement; docs/reference/corpus.md says of what."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bench.corpus import errors
from devstack.synthetic import noise
from devstack.synthetic.people import SyntheticPerson, draw_phone
from devstack.synthetic.places import AREA_NAMES, HOSPITALS
from devstack.synthetic.settlements import SyntheticSettlement

#: Shares of people who have one: among those with a large bill (yuan), and among the others.
LARGE, WITH_LARGE, OTHERS = 12_000, 0.5, 0.12
#: Companies that take over the basic insurer's record as it was, with a phone of its day.
TAKEN_OVER = 0.35


@dataclass(frozen=True)
class Rates:
    """Shares of records. A child's policy is his parent's: his phone, now and then his number or none yet."""

    name_typed: float = 0.012
    name_variant: float = 0.04
    number_missing: float = 0.02
    child_number_missing: float = 0.08
    child_number_of_parent: float = 0.006
    number_slip: float = 0.003
    birth_missing: float = 0.01
    birth_slip: float = 0.004
    sex_missing: float = 0.01
    sex_wrong: float = 0.002
    phone_missing: float = 0.06
    phone_of_holder: float = 0.2
    child_phone_of_holder: float = 0.8
    phone_changed: float = 0.35
    area_registered: float = 0.15
    area_elsewhere: float = 0.08
    address_missing: float = 0.2
    hospital_formal: float = 0.5
    disease_formal: float = 0.4
    other_hospital: float = 0.08
    no_stay: float = 0.25


RATES = Rates()


def has_one(bill: SyntheticSettlement | None, rng: Random) -> bool:
    """Whether such an insurer knows the person."""
    return rng.random() < (WITH_LARGE if bill is not None and bill.disease.yuan >= LARGE else OTHERS)


def written(
    person: SyntheticPerson,
    home: Sequence[SyntheticPerson],
    bill: SyntheticSettlement | None,
    age: int,
    rng: Random,
    rates: Rates = RATES,
) -> tuple[dict[str, str], list[str]]:
    """(columns, what was done): of the person, of whom ``home`` are the others at home, with the last bill if any."""
    done: list[str] = []
    if rng.random() < TAKEN_OVER:
        values = _taken_over(person, rng, done)
    else:
        values = _insured_anew(person, home, age, rng, rates, done)
    if bill is not None and rng.random() >= rates.no_stay:
        hospital = bill.hospital
        if rng.random() < rates.other_hospital:
            hospital = rng.choice(HOSPITALS[person.city])
            done.append("other_hospital")
        values |= {
            "hospital": errors.hospital_as_typed(hospital.name, hospital.aliases, rng, rates.hospital_formal),
            "disease": errors.disease_as_typed(
                bill.disease.code, bill.disease.name, rng, rates.disease_formal
            ),
        }
    return values, done


def _taken_over(person: SyntheticPerson, rng: Random, done: list[str]) -> dict[str, str]:
    phone = person.phone
    if rng.random() < 0.1:
        phone = ""
        done.append("phone_missing")
    elif rng.random() < 0.15:
        phone = draw_phone(rng)
        done.append("phone_changed")
    return {
        "name": person.name, "id_number": person.id_number, "birth_date": person.birth_date.isoformat(),
        "sex": person.sex, "phone": phone, "area": person.area, "address": person.address,
    }  # fmt: skip


def _insured_anew(
    person: SyntheticPerson,
    home: Sequence[SyntheticPerson],
    age: int,
    rng: Random,
    rates: Rates,
    done: list[str],
) -> dict[str, str]:
    child = age < 18
    name = person.name
    if rng.random() < rates.name_variant:
        name = noise.variant(name, rng)
    elif rng.random() < rates.name_typed:
        name = noise.homophone(name, rng)
    done += ["name"] if name != person.name else []
    holders = [p for p in home if p.index in person.parents or p.index == person.spouse] or list(home)
    number = person.id_number
    if rng.random() < (rates.child_number_missing if child else rates.number_missing):
        number = ""
        done.append("id_missing")
    elif child and holders and rng.random() < rates.child_number_of_parent:
        number = rng.choice(holders).id_number
        done.append("id_of_relative")
    elif rng.random() < rates.number_slip:
        number = noise.digit_slip(number, rng)
        done.append("id_slip")
    born = person.birth_date
    birth = born.isoformat()
    if rng.random() < rates.birth_missing:
        birth = ""
    elif rng.random() < rates.birth_slip:
        birth = noise.date_slip(born, rng).isoformat()
        done.append("birth_slip")
    sex = person.sex
    if rng.random() < rates.sex_missing:
        sex = ""
    elif rng.random() < rates.sex_wrong:
        sex = "2" if sex == "1" else "1"
    phone = person.phone
    if rng.random() < rates.phone_missing:
        phone = ""
    elif holders and rng.random() < (rates.child_phone_of_holder if child else rates.phone_of_holder):
        phone = rng.choice(holders).phone
        done.append("phone_of_holder")
    elif rng.random() < rates.phone_changed:
        phone = draw_phone(rng)
        done.append("phone_changed")
    area, address = person.area, noise.short_address(person.address, rng)
    if rng.random() < rates.area_registered:
        area = person.registered_area
    elif rng.random() < rates.area_elsewhere:
        area = rng.choice(sorted(AREA_NAMES))
    if area != person.area or rng.random() < rates.address_missing:
        address = ""
        done.append("address_missing")
    return {
        "name": name, "id_number": number, "birth_date": birth, "sex": sex, "phone": phone, "area": area,
        "address": address,
    }  # fmt: skip

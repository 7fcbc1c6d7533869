"""What the two insurers push: the generated population's bills, the measuring case's, and some that go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from devstack.synthetic.people import Population, SyntheticPerson
from devstack.synthetic.places import HOSPITALS
from devstack.synthetic.settlements import DISEASES, SyntheticSettlement, settlements

PERSONS, BILLS, SEED = 2000, 5000, 7
BATCH = 1000
INSURER_OF = {"4301": "changsha-yb", "1303": "qinhuangdao-yb"}
CHILD = "韩雨桐"
MOTHER = "苏婉"


def dialect_of(number: int, bill: SyntheticSettlement) -> dict[str, Any]:
    """One bill as its sender would write it; three dialects take turns."""
    if number % 3 == 0:
        return bill.as_canonical()
    return bill.as_setl_d() if number % 3 == 1 else bill.as_setlinfo()


def everybody(until: date) -> tuple[Population, list[SyntheticSettlement]]:
    """The seeded population and its bills, none settled after `until`."""
    people = Population(SEED, PERSONS, as_of=until)
    return people, list(settlements(people, BILLS, SEED, until=until))


def batches(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """JSON bodies of at most 1,000 records."""
    waiting: list[dict[str, Any]] = []
    for row in rows:
        waiting.append(row)
        if len(waiting) == BATCH:
            yield json.dumps(waiting, ensure_ascii=False).encode()
            waiting = []
    if waiting:
        yield json.dumps(waiting, ensure_ascii=False).encode()


# the measuring case -------------------------------------------------------------------------------------


def child_of_the_case(like: SyntheticPerson) -> SyntheticPerson:
    """The ill child, nine years old, living where `like` lives. Name and number are invented."""
    from devstack.synthetic.people import check_digit

    body = "43010420170315" + "902"
    return replace(
        like,
        index=900_001,
        surname=CHILD[0],
        given_name=CHILD[1:],
        sex="2",
        birth_date=date(2017, 3, 15),
        id_number=body + check_digit(body),
        registered_area="430104",
        city="4301",
        area="430104",
        address="湖南省长沙市岳麓区桐梓坡路88号学府苑6栋2单元1102室",
        phone="",
        insutype="390",
        psn_type="15",
        psn_no="43010000000000201900",
        hardship="",
        spouse=None,
        parents=(),
        twin=None,
    )


def bills_of_the_case(child: SyntheticPerson, until: date) -> list[SyntheticSettlement]:
    """Two stays, 177,000.00 yuan left to the family: 121,350.50 and 55,649.50."""
    hospital = HOSPITALS["4301"][0]
    disease = next(d for d in DISEASES if d.code == "C91.0")
    last = until - timedelta(days=18)
    first = last - timedelta(days=61)
    return [
        _bill(child, hospital, disease, first, 38, "901", "268900.00", "121350.50", "62400.00", "3500.00"),
        _bill(child, hospital, disease, last, 21, "902", "118240.00", "55649.50", "27810.00", "1250.00"),
    ]


def _bill(
    person: SyntheticPerson, hospital: Any, disease: Any, discharged: date, days: int, tail: str,
    total: str, left: str, excluded: str, over: str,
) -> SyntheticSettlement:  # fmt: skip
    whole, borne = Decimal(total), Decimal(left)
    own, limit, first = Decimal(excluded), Decimal(over), Decimal("4200.00")
    fund = whole - borne
    catastrophic = (fund * Decimal("0.16")).quantize(Decimal("0.01"))
    zero = Decimal("0.00")
    pays = dict.fromkeys(
        [
            "basic",
            "civil_servant",
            "enterprise",
            "catastrophic",
            "large_amount",
            "other_supplement",
            "assistance",
            "other",
        ],
        zero,
    )
    settled = datetime.combine(discharged, time(10, 20))
    number = f"{hospital.code}{settled:%Y%m%d%H%M%S}0{tail}"
    return SyntheticSettlement(
        person=person, setl_id=f"4301{SEED:03d}000{tail}019", mdtrt_id=f"4301{SEED:03d}500{tail}019",
        msgid=number[:30], medins_setl_id=number[:30], hospital=hospital, disease=disease, med_type="2101",
        insutype="390", issuing_centre="430199", insured_area=person.area,
        admitted_on=discharged - timedelta(days=days), discharged_on=discharged, settled_at=settled,
        total_fee=whole, fund_paid=fund, person_paid=borne, hospital_borne=zero, account_paid=zero,
        account_mutual_paid=zero, cash_paid=borne, own_expense=own, over_limit=limit, first_self_pay=first,
        in_scope=whole - own - limit - first, deductible=Decimal("1000.00"),
        pays=pays | {"basic": fund - catastrophic, "catastrophic": catastrophic},
    )  # fmt: skip


# what goes wrong ----------------------------------------------------------------------------------------


def reversal(number: int, original: SyntheticSettlement) -> dict[str, Any]:
    """A whole reversal (2305): negative amounts and an id of its own; the request names the original."""
    message = original.as_message()
    lines: dict[str, Any] = message["output"]["setlinfo"]  # type: ignore[index]
    for key, value in list(lines.items()):
        if isinstance(value, str) and key.endswith(
            ("_amt", "_pay", "_sumamt", "_dedc", "_selfpay", "ownpay")
        ):
            lines[key] = "0.00" if Decimal(value) == 0 else str(-Decimal(value))
    lines["setl_id"] = f"{original.setl_id[:-4]}{number:04d}"
    lines["medins_setl_id"] = ""
    message["infno"] = "2305" if message["infno"] == "2304" else "2208"
    message["input"] = {"data": {"setl_id": original.setl_id, "mdtrt_id": original.mdtrt_id}}
    return message


def troubled(bills: Sequence[SyntheticSettlement], city: str) -> list[dict[str, Any]]:
    """One bad morning at the hospitals' interfaces, for an insurer's clerk to look at: each record is wrong in a way
    that happens, and differently."""
    mine = [bill for bill in bills if bill.person.city == city and bill.med_type == "2101"][-12:]
    numbered = [
        replace(bill, setl_id=f"{bill.setl_id[:7]}{900_001 + at:09d}") for at, bill in enumerate(mine)
    ]
    deposit, digits, relief, late, lost, refund, elsewhere, early, spoken, gone = numbered[:10]
    swapped = str(digits.total_fee)
    at = next((i for i in range(len(swapped) - 4) if swapped[i] != swapped[i + 1]), 0)
    return [
        # the deposit at the window was counted as the family's share
        deposit.as_canonical() | {"person_paid": str(deposit.person_paid + 1000)},
        # two digits of the total changed places when it was typed in
        digits.as_canonical()
        | {"total_fee": swapped[:at] + swapped[at + 1] + swapped[at] + swapped[at + 2 :]},
        # the hospital let go of a part, and nobody bears it now
        relief.as_canonical()
        | {"person_paid": str(relief.person_paid - 300), "cash_paid": str(relief.cash_paid - 300)},
        # major-illness insurance was added afterwards, the funds' sum was not
        late.as_canonical()
        | {"pays": late.as_canonical()["pays"] | {"catastrophic": str(late.pays["catastrophic"] + 2160)}},  # type: ignore[operator]
        # the funds' sum left a small supplement out
        lost.as_setl_d() | {"fund_pay_sumamt": str(lost.fund_paid - Decimal("88.40"))},
        # a refund at the window, pushed as a bill and not as a reversal
        refund.as_canonical() | {"cash_paid": "-420.00"},
        # Beijing's bill, pushed by this office
        elsewhere.as_setlinfo() | {"clr_optins": "110199"},
        early.as_message() | {"infno": "2206"},
        spoken.as_canonical() | {"total_fee": "约三万元"},
        reversal(7777, gone),
    ]

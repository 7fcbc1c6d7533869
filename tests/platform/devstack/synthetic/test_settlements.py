"""Invented bills add up to the fen and speak both dialects."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from devstack.synthetic import Population, settlements
from devstack.synthetic.settlements import identities


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(7, 2000)


@pytest.fixture(scope="module")
def bills(population):
    return list(settlements(population, 800, 3))


@hypothesis_settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_bill_keeps_all_four_identities_exactly(seed):
    for bill in settlements(Population(seed, 60), 40, seed):
        assert identities(bill) == dict.fromkeys(("I1", "I2", "I3", "I4"), Decimal(0))
        amounts = [bill.total_fee, bill.person_paid, bill.cash_paid, bill.in_scope, *bill.pays.values()]
        assert all(a >= 0 and a.as_tuple().exponent == -2 for a in amounts)
        assert bill.account_mutual_paid <= bill.account_paid


def test_the_same_seed_gives_the_same_bills(population, bills):
    assert list(settlements(population, 800, 3)) == bills
    assert list(settlements(population, 800, 4)) != bills


def test_ids_are_unique(bills):
    for field in ("setl_id", "mdtrt_id", "msgid"):
        assert len({getattr(b, field) for b in bills}) == len(bills)
    assert {len(b.msgid) for b in bills} == {30}


def test_the_dialects_agree_with_the_canonical_form(bills):
    for bill in bills[:50]:
        canonical, hospital, centre = bill.as_canonical(), bill.as_setlinfo(), bill.as_setl_d()
        assert canonical["total_fee"] == hospital["medfee_sumamt"] == centre["medfee_sumamt"]
        assert canonical["person_paid"] == hospital["psn_part_amt"] == centre["psn_pay"]
        assert canonical["cash_paid"] == hospital["psn_cash_pay"] == centre["cash_payamt"]
        assert canonical["hospital_borne"] == hospital["hosp_part_amt"] == centre["ownpay_hosp_part"]
        assert canonical["in_scope"] == hospital["inscp_scp_amt"] == centre["inscp_amt"]
        assert canonical["pays"]["other"] == hospital["oth_pay"] == centre["othfund_pay"]
        assert canonical["insured_area"] == hospital["insuplc_admdvs"] == centre["insu_admdvs"]


def test_everything_is_json(bills):
    for form in (bills[0].as_canonical(), bills[0].as_setl_d(), bills[0].as_message()):
        assert json.loads(json.dumps(form)) == form


def test_all_layers_and_both_insurances_occur(bills):
    used = {name for b in bills for name, amount in b.pays.items() if amount}
    assert {"basic", "catastrophic", "assistance", "civil_servant"} <= used
    assert {b.insutype for b in bills} == {"310", "390"}
    assert {"2101", "14"} <= {b.med_type for b in bills}
    assert {"C91.0", "N18.6"} <= {b.disease.code for b in bills}


def test_diseases_fit_the_patient(bills):
    for bill in bills:
        assert bill.disease.sex in ("", bill.person.sex)
        assert bill.admitted_on >= bill.person.birth_date
        assert bill.admitted_on <= bill.discharged_on


def test_an_empty_population_is_refused_unless_nothing_is_asked():
    assert list(settlements(Population(1, 0), 0, 1)) == []
    with pytest.raises(ValueError, match="no people"):
        next(settlements(Population(1, 0), 1, 1))

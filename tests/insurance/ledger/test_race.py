"""16 real connections racing 1,000 awards on one residual and one fund: not one fen over, no deadlock."""

import random
from decimal import Decimal

import pytest

import factories as make
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, FundAccount, NeedAccount
from scope import actor_scope, engine_scope

D = Decimal


@pytest.mark.slow
@pytest.mark.parametrize(("residual", "budget"), [("10000.00", "9000.00"), ("9000.00", "10000.00")])
def test_a_thousand_awards_on_one_residual_and_one_fund(real_db, residual, budget):
    limit = min(D(residual), D(budget))
    charity = make.organisation("charity")
    staff = make.staff(charity, "case_worker")
    need = make.need(residual)
    fund = make.fund(charity, budget).pk
    make.consent(charity, fund, make.application(), need_id=need)

    def work(i: int) -> tuple[int, int]:
        rng = random.Random(i)
        taken = refused = 0
        for n in range(1000 // 16 + 1):
            award = i * 1000 + n + 1
            amount = D(rng.randrange(1, 5000)) / 100
            step = ledger.Promise(award, need, fund, amount)
            try:
                with actor_scope(staff):
                    ledger.reserve(step)
                    if n % 3 == 0:
                        ledger.commit(step)
                        ledger.pay(step)
                    elif n % 7 == 1:
                        ledger.release(step)
                taken += 1
            except (ledger.ResidualExceededError, ledger.BudgetExceededError):
                refused += 1
        return taken, refused

    results = real_db.threads(16, work)  # a deadlock or any other error is raised here
    assert sum(taken + refused for taken, refused in results) >= 1000
    assert sum(refused for _, refused in results) > 0
    with engine_scope():
        row = NeedAccount.objects.get(pk=need)
        account = FundAccount.objects.get(pk=fund)
        entries = Entry.objects.filter(need_id=need)
        for name in ("reserved", "committed", "paid"):
            total = sum((getattr(entry, f"d_{name}") for entry in entries), D(0))
            assert getattr(row, name) == getattr(account, name) == total
    promised = row.reserved + row.committed + row.paid
    assert promised <= limit
    assert limit - promised < D("50.00")  # the limit was really reached
    assert row.excess == 0


@pytest.mark.slow
def test_two_charities_cannot_both_take_the_last_yuan(real_db):
    charities = [make.organisation("charity") for _ in range(2)]
    staff = [make.staff(charity, "case_worker") for charity in charities]
    need = make.need("1.00")
    funds = [make.fund(charity).pk for charity in charities]
    for charity, fund in zip(charities, funds, strict=True):
        make.consent(charity, fund, make.application(), need_id=need)

    def work(i: int) -> bool:
        try:
            with actor_scope(staff[i % 2]):
                ledger.reserve(ledger.Promise(100 + i, need, funds[i % 2], D("1.00")))
            return True
        except ledger.ResidualExceededError:
            return False

    assert sum(real_db.threads(8, work)) == 1


@pytest.mark.slow
def test_batches_and_single_awards_over_many_needs_do_not_deadlock(real_db):
    charity = make.organisation("charity")
    staff = make.staff(charity, "case_worker")
    funds = [make.fund(charity).pk for _ in range(3)]
    needs = [make.need("1000.00") for _ in range(12)]
    for need in needs:
        for fund in funds:
            make.consent(charity, fund, make.application(), need_id=need)

    def work(i: int) -> None:
        rng = random.Random(i)
        for n in range(25):
            picked = rng.sample(needs, 5)
            with actor_scope(staff):
                ledger.reserve_many(
                    ledger.Promise(i * 10_000 + n * 10 + k, need, rng.choice(funds), D("0.10"))
                    for k, need in enumerate(picked)
                )

    real_db.threads(8, work)
    with engine_scope():
        assert sum(row.reserved for row in NeedAccount.objects.filter(pk__in=needs)) == D("100.00")

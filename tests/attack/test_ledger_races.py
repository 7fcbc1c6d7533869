"""The ledger under many hands at once: corrections, merges and promises on the same rows."""

import random
from decimal import Decimal

import pytest

import factories as make
from insurance.ledger import services as ledger
from insurance.ledger.models import Entry, FundAccount, NeedAccount, SettlementBalance
from scope import actor_scope, engine_scope

pytestmark = pytest.mark.slow
D = Decimal


def check(*needs):
    """Totals equal the sum of their entries, and what was promised is covered or on record as excess."""
    with engine_scope():
        for row in [*NeedAccount.objects.filter(pk__in=needs), *SettlementBalance.objects.all()]:
            mine = {"need_id": row.pk} if isinstance(row, NeedAccount) else {"settlement_id": row.pk}
            entries = list(Entry.objects.filter(**mine))
            for name in ("residual", "reserved", "committed", "paid"):
                assert getattr(row, name) == sum((getattr(e, f"d_{name}") for e in entries), D(0)), (
                    row,
                    name,
                )
            assert row.reserved + row.committed + row.paid <= row.residual + row.excess


def test_versions_of_a_bill_that_come_at_once_end_at_one_of_them(real_db):
    """Each computes its difference from what it read: read before the lock, two would both be added."""
    need = make.need("100.00")
    with engine_scope():
        bill = SettlementBalance.objects.get(need_id=need).pk

    def work(i):
        for version in range(4):
            with engine_scope():
                ledger.post_settlement(bill, need, D(20 + (i * 7 + version) % 60), 100 * i + version + 2)

    real_db.threads(16, work, role="engine")
    check(need)
    with engine_scope():
        assert D(20) <= NeedAccount.objects.get(pk=need).residual < D(80)


def test_corrections_and_promises_on_one_need_never_deadlock_or_lose_a_yuan(real_db):
    charity = make.organisation()
    staff = make.staff(charity, "case_worker")
    fund = make.fund(charity, "100000.00").pk
    need = make.need("1000.00")
    make.consent(charity, fund, make.application(), need_id=need)
    with engine_scope():
        bill = SettlementBalance.objects.get(need_id=need).pk

    def work(i):
        rng = random.Random(i)
        for n in range(8):
            if i % 4 == 0:
                with engine_scope():
                    ledger.post_settlement(bill, need, D(rng.randrange(300, 1000)), 100 * i + n + 2)
            else:
                step = ledger.Promise(
                    1000 * i + n + 1, need, fund, D(rng.randrange(1, 60)), rng.choice([bill, None])
                )
                try:
                    with actor_scope(staff):
                        ledger.reserve(step)
                        if n % 2:
                            ledger.release(step)
                except ledger.ResidualExceededError:
                    pass

    # a session of the tests may act as the application and, in engine_scope(), as the engine
    real_db.threads(16, work)
    check(need)
    with engine_scope():
        account = FundAccount.objects.get(pk=fund)
        assert account.reserved == NeedAccount.objects.get(pk=need).reserved


def test_a_merge_among_promises_leaves_nothing_behind(real_db):
    charity = make.organisation()
    staff = make.staff(charity, "case_worker")
    fund = make.fund(charity, "100000.00").pk
    source, target = make.need("500.00"), make.need("500.00")
    for need in (source, target):
        make.consent(charity, fund, make.application(), need_id=need)

    def work(i):
        for n in range(6):
            if i == 0 and n == 2:
                with engine_scope():
                    ledger.move_need(source, target, "merge:1")
            elif i == 1 and n == 4:
                with engine_scope():
                    ledger.move_need(target, source, "merge:2")
            elif i > 1:
                try:
                    with actor_scope(staff):
                        ledger.reserve(ledger.Promise(100 * i + n, (source, target)[n % 2], fund, D("10.00")))
                except ledger.ResidualExceededError:
                    pass

    real_db.threads(8, work)
    check(source, target)
    with engine_scope():
        rows = list(NeedAccount.objects.filter(pk__in=[source, target]))
        assert sum(row.residual for row in rows) == D("1000.00")
        assert sum(row.excess for row in rows) == 0
        assert sum(row.reserved for row in rows) == FundAccount.objects.get(pk=fund).reserved


def test_one_award_posted_by_sixteen_hands_stands_once(real_db):
    charity = make.organisation()
    staff = make.staff(charity, "case_worker")
    fund = make.fund(charity).pk
    need = make.need("1000.00")
    make.consent(charity, fund, make.application(), need_id=need)
    promise = ledger.Promise(1, need, fund, D("10.00"))

    def work(i):
        try:
            with actor_scope(staff):
                ledger.reserve(promise)
            return 1
        except ledger.AlreadyPostedError:
            return 0

    assert sum(real_db.threads(16, work)) == 1

    def commit_and_pay(i):
        done = 0
        for step in (ledger.commit, ledger.pay):
            try:
                with actor_scope(staff):
                    step(promise)
                done += 1
            except (ledger.AlreadyPostedError, ledger.AwardAmountsError):
                pass
        return done

    assert sum(real_db.threads(16, commit_and_pay)) == 2
    check(need)
